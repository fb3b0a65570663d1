"""What a member last spoke of in a conversation, and the gaps in a command that it fills."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import commands as c
from bot.outbox import now_ms
from bot.tables import Talk
from scrm.models import Activity, Contact, Deal, FollowUp
from scrm.prepared import Prepared
from scrm.upsert import put

FORGET_MS = 24 * 3_600_000
_DEAL_COMMANDS = (
    c.MoveDeal,
    c.WinDeal,
    c.LoseDeal,
    c.PauseDeal,
    c.ReopenDeal,
    c.VoidDeal,
    c.ShowCourse,
    c.NoteDeal,
    c.NoteContract,
    c.SetKind,
    c.ShowDealPeople,
)
_CUSTOMER_COMMANDS = (c.LogActivity, c.ScheduleFollowUp, c.CreateDeal, c.SetTier, c.SetCreditCode)
_SUBJECTS: dict[str, type[Any]] = {
    "deal": Deal,
    "course": Deal,
    "people": Deal,
    "activity": Activity,
    "followup": FollowUp,
    "contact": Contact,
}


_LAST = Prepared(
    sa.select(Talk.customer_id, Talk.deal_id, Talk.contact_id).where(
        Talk.member_id == sa.bindparam("member_id"),
        Talk.conversation == sa.bindparam("conversation"),
        Talk.at_ms >= sa.bindparam("since"),
    )
)


def last(session: Session, member_id: int | None, conversation: str) -> dict[str, int | None]:
    """Ids of the customer, deal and contact last spoken of, where there are any."""
    if member_id is None:
        return {}
    about = {"member_id": member_id, "conversation": conversation, "since": now_ms() - FORGET_MS}
    row = _LAST.first(session, about)
    return {} if row is None else {"customer": row.customer_id, "deal": row.deal_id, "contact": row.contact_id}


def fill_gaps(command: c.Command, known: dict[str, int | None]) -> c.Command:
    """The command with what it left out taken from what was last spoken of."""
    if isinstance(command, _DEAL_COMMANDS) and command.deal is None and getattr(command, "customer", None) is None:
        return c.replace(command, deal=known.get("deal"))
    if isinstance(command, _CUSTOMER_COMMANDS) and command.customer is None and not getattr(command, "deal", None):
        return c.replace(command, customer=known.get("customer"))
    return command


def remember(session: Session, member_id: int | None, conversation: str, view: str) -> None:
    """Note what the card just shown is about."""
    kind, _, ident = view.partition(":")
    if member_id is None or not ident.isdigit():
        return
    found = _subjects(session, kind, int(ident))
    if not found:
        return
    values = {"member_id": member_id, "conversation": conversation, "at_ms": now_ms(), **found}
    put(session, Talk, values, ["member_id", "conversation"])


@cache
def _about(kind: str) -> Prepared:
    table = _SUBJECTS[kind]
    deal = getattr(table, "deal_id", sa.null().label("deal_id"))
    return Prepared(sa.select(table.customer_id, deal).where(table.id == sa.bindparam("id")))


def _subjects(session: Session, kind: str, ident: int) -> dict[str, int | None]:
    if kind == "customer":
        return {"customer_id": ident, "deal_id": None, "contact_id": None}
    row = _about(kind).first(session, {"id": ident}) if kind in _SUBJECTS else None
    if row is None:
        return {}
    found: dict[str, int | None] = {"customer_id": row.customer_id}
    if kind in ("deal", "course", "people"):
        return {**found, "deal_id": ident}
    if kind == "contact":
        return {**found, "contact_id": ident}
    return {**found, "deal_id": row.deal_id} if row.deal_id else found
