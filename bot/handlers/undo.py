"""撤销: every effect of one message is taken back, inside and, where that is possible, outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot import commands as c
from bot.cards import undo as cards
from bot.cards.card import Card
from bot.context import Context
from bot.handlers import activities, channels, handovers, marketing, tags
from bot.handlers.clocks import clock_of
from scrm import undoing
from scrm.models import Audit

# What must happen outside before a row is taken back: (context, audit row) → a sentence for the card, or "".
UNDOING: Mapping[str, Callable[[Context, Audit], str]] = {
    **activities.UNDOING,
    **channels.UNDOING,
    **handovers.UNDOING,
    **marketing.UNDOING,
    **tags.UNDOING,
}


def undo(command: c.Undo, context: Context) -> Card:
    """Take back the last effective message, or the one of the card clicked."""
    session = context.session
    rows = undoing.rows_to_take_back(session, context.actor, command.turn, context.now)
    notes = [note for row in rows if (hook := UNDOING.get(row.table_name)) and (note := hook(context, row))]
    changes, views = undoing.describe(session, rows), undoing.views_of(session, rows)
    undoing.take_back(session, context.actor, rows, context.now)
    context.touch(*views)
    if rows[0].command == c.ConfirmMerge.__struct_config__.tag:
        return cards.unmerged_card(rows[0].source, undoing.deleted_customer(rows))
    return cards.undone_card(rows[0].source, changes, notes, clock_of(context), command.then)


HANDLERS = {c.Undo: undo}
