"""What the clock does for leads: those that waited are given out, and each of those who got some hears of it on one card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from bot.context import Context
from bot.handlers.clocks import hours_of
from bot.handlers.leads import tell_owner
from scrm import leads
from scrm.models import Lead


def give_leads(context: Context) -> int:
    """Leads that an import brought, or that waited for working hours or room; the number is that of leads given out."""
    given = leads.give_out(context.session, hours_of(context.settings), context.now)
    theirs: dict[int, list[Lead]] = defaultdict(list)
    for lead in given:
        context.touch(f"lead:{lead.id}")
        if lead.owner_id is not None:
            theirs[lead.owner_id].append(lead)
    for found in theirs.values():
        tell_owner(context, found)
    return len(given)


JOBS: dict[str, Callable[[Context], int]] = {"give_leads": give_leads}
