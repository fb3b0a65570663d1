"""A colleague named in a command: what is asked about the name is asked about the command's own slot."""

from __future__ import annotations

from bot import commands as c
from bot.context import Context
from scrm import lookup
from scrm.errors import Ambiguous, UnknownName
from scrm.models import Member


def colleague(context: Context, slot: str, ref: c.Ref, *, left: bool = False) -> Member:
    """The member meant; a question about the name is about this slot. Raises as `lookup.member`."""
    try:
        return lookup.member(context.session, ref, left=left)
    except Ambiguous as several:
        raise Ambiguous(slot, several.spoken, several.candidates) from several
    except UnknownName as unknown:
        raise UnknownName(slot, unknown.spoken, unknown.close) from unknown
