"""What the clock does for deals: renewals opened ahead of a contract's end."""

from __future__ import annotations

from collections.abc import Callable

from bot.cards import contracts as cards
from bot.context import Context
from bot.handlers.clocks import clock_of, hours_of, push_later
from scrm import contracts, deals, leaders
from scrm.models import Member

RENEWAL_BATCH = 100


def renewals(context: Context) -> int:
    """Open the renewal deals of contracts that end soon, and tell their owners when they may be disturbed.

    Of somebody who has left, the direct managers hear. A renewal that was there already is only tied to its contract.
    """
    clock, hours = clock_of(context), hours_of(context.settings)
    ending = contracts.ending(context.session, context.today, context.settings.renew_ahead_days, RENEWAL_BATCH)
    for contract in ending:
        opened = contracts.open_renewal(context.session, contract, context.now)
        context.touch(f"customer:{contract.customer_id}")
        if opened is None or not opened.new or opened.deal.owner_id is None:
            continue
        card = cards.renewal_card(deals.see(context.session, opened.deal), contract, clock)
        for member_id in _hearers(context, opened.deal.owner_id):
            key = f"renewal:{opened.deal.id}:{member_id}"
            push_later(context, member_id, card, key, hours.disturbable(context.now), may_wait=True)
    return len(ending)


def _hearers(context: Context, owner_id: int) -> list[int]:
    owner = context.session.get_one(Member, owner_id)
    if owner.active:
        return [owner.id]
    return sorted(leaders.direct_leaders(context.session).get(owner.id, ()))


JOBS: dict[str, Callable[[Context], int]] = {"renewals": renewals}
