"""A location a member sends: a check-in that becomes the place of the next visit."""

from __future__ import annotations

from bot.cards.card import Card
from bot.cards.checkins import checked_in_card
from bot.context import Context
from bot.events import Location
from bot.handlers.help import recent_customer
from scrm import checkins


def check_in(event: Location, context: Context) -> Card:
    """Keep the place for the member's next visit of the day."""
    if context.actor.member_id is None:
        raise LookupError("a check-in comes from a person")
    checkins.record(context.session, context.actor.member_id, context.now, event.latitude, event.longitude, event.label)
    return checked_in_card(event.label, context.local(context.now), recent_customer(context))
