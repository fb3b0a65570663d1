"""The card of a view ("deal:7") as it is now for one person."""

from __future__ import annotations

from bot.cards.card import Card
from bot.context import Context
from bot.handlers import VIEWS
from scrm.errors import DomainError


def view_card(context: Context, view: str) -> Card | None:
    """The card; None when what it shows does not exist (any more) for this person."""
    kind, _, ident = view.partition(":")
    builder = VIEWS.get(kind)
    if builder is None:
        return None
    try:
        return builder(context, ident)
    except DomainError:
        return None


def exists(context: Context, view: str) -> bool:
    """Whether there still is what the view shows, for this person; a list always is."""
    return view.partition(":")[0] not in VIEWS or view_card(context, view) is not None
