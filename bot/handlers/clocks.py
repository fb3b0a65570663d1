"""The company's hours and the reader's clock, as services and cards want them."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from bot.cards.card import Card
from bot.cards.clock import Clock
from bot.context import PUSH, Context, Owed, Settings
from scrm.hours import Hours


def hours_of(settings: Settings) -> Hours:
    """When people may be disturbed."""
    return Hours(settings.zone, time.fromisoformat(settings.quiet_from), time.fromisoformat(settings.quiet_until))


def clock_of(context: Context) -> Clock:
    """How times read now."""
    return Clock(context.settings.zone, context.now)


def push_later(context: Context, member_id: int, card: Card, key: str, at: datetime, *, may_wait: bool = False) -> None:
    """Push a card to a member at a moment that may disturb, and try for a day from then on; `may_wait`: see `Context.send`."""
    if at <= context.now:  # business time may be ahead of the clock that holds messages back
        context.send(member_id, card, key, may_wait=may_wait)
        return
    waits = at - context.now + timedelta(days=1)
    context.owe(
        Owed(
            key=key,
            kind="card",
            payload={"card": card},
            member_id=member_id,
            lane=PUSH,
            not_before=at,
            expires=waits,
            push_day=context.local(at).date().toordinal(),
            may_wait=may_wait,
        )
    )
