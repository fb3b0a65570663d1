"""What the clock does about pushes that were held back: one card for each person."""

from __future__ import annotations

from collections.abc import Callable

from bot import pushes
from bot.cards.pushes import summary_card
from bot.context import PUSH, Context, Owed
from bot.handlers.clocks import hours_of


def sum_up(context: Context) -> int:
    """Sum up what is to be summed up by now, outside quiet hours; the number is that of pushes."""
    if hours_of(context.settings).is_quiet(context.now):
        return 0
    done = 0
    for member_id, held in pushes.claim_held(context.session, context.now).items():
        done += len(held)
        one_alone = held[0].card if len(held) == 1 else None
        card = one_alone or summary_card([(one.id, one.card.title) for one in held])
        # On no day's account: it comes however much has come.
        context.owe(
            Owed(key=f"summed:{held[0].id}", kind="card", payload={"card": card}, member_id=member_id, lane=PUSH)
        )
    return done


JOBS: dict[str, Callable[[Context], int]] = {"sum_up": sum_up}
