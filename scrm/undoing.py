"""撤销 as people ask for it: which message, what each of its changes was called, and a refusal that says what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scrm import activities, audit
from scrm.access import Actor
from scrm.errors import NothingToUndo, Refused, UndoRefused
from scrm.models import (
    Activity,
    Audit,
    Campaign,
    Channel,
    Contact,
    Customer,
    Deal,
    FollowUp,
    HandOver,
    Member,
    Stage,
    Tag,
)

MOST_TOLD = 100  # a card has room for a few; of a hand-over of thousands the others are found by those who look
_RECORDS = {
    kind.__tablename__: kind
    for kind in (Activity, Campaign, Channel, Contact, Customer, Deal, FollowUp, HandOver, Member)
}
# Columns that hold an id, and the table whose name the id stands for.
_REFERS: dict[str, Any] = {
    "customer_id": Customer, "contact_id": Contact, "deal_id": Deal, "stage_id": Stage, "owner_id": Member, "manager_id": Member,
    "tag_id": Tag,
}  # fmt: skip
_NAMING = ("name", "action", "kind", "customer_id", "contact_id", "deal_id")


class TakenBackAlready(Refused):
    """The button was pressed twice."""

    sentence = "这一条已经撤销过了。"


class TooLate(Refused):
    """The message is older than a day."""

    sentence = "已经超过 24 小时，不能再撤销了。需要改的话，直接说一句就行。"


class InTheWay(Refused):
    """A later message of the speaker himself has to be taken back first: `later` is its turn, `turn` the one that was to go.

    `source`: its words, or its button in brackets; `command`: what it did.
    """

    def __init__(self, turn: str, later: Audit) -> None:
        super().__init__()
        self.turn, self.later, self.source, self.command = turn, later.turn, later.source, later.command


class ChangedByYouSince(InTheWay):
    """The speaker himself changed the record in a later message."""

    sentence = "这条记录您后来又改过，请先撤销后面那一条。"


class NeededByYou(InTheWay):
    """A later record of the speaker himself rests on one that would go."""

    sentence = "您之后又有别的记录用到了它，请先撤销后面那一条。"


class StillNeeded(Refused):
    """A later record of somebody else rests on one that would go."""

    sentence = "之后又有别的记录用到了它，不能直接撤销。请先撤销后来的记录。"


@dataclass(frozen=True, slots=True)
class Change:
    """One record that a message made, changed or deleted; ids are replaced by the names they stand for."""

    table: str
    op: str  # insert | update | delete
    values: Mapping[str, Any]  # what names the record: its columns after the message, before it when it was deleted
    before: Mapping[str, Any] = field(default_factory=dict)  # for an update: the columns that come back


def rows_to_take_back(session: Session, actor: Actor, turn: str, now: datetime) -> Sequence[Audit]:
    """What the message of this turn ("" = the actor's last effective one) changed, newest first.

    Raises NothingToUndo, TakenBackAlready, TooLate.
    """
    if actor.member_id is None:
        raise NothingToUndo
    if not turn:
        return audit.rows_of(session, actor.member_id, audit.last_turn(session, actor.member_id, now), now)
    try:
        return audit.rows_of(session, actor.member_id, turn, now)
    except NothingToUndo:
        _explain(session, actor.member_id, turn, now)
        raise


def _explain(session: Session, member_id: int, turn: str, now: datetime) -> None:
    row = session.scalars(sa.select(Audit).where(Audit.turn == turn, Audit.member_id == member_id).limit(1)).first()
    if row is not None and row.undone_at is not None:
        raise TakenBackAlready
    if row is not None and row.at < now - audit.UNDO_WINDOW:
        raise TooLate


def take_back(session: Session, actor: Actor, rows: Sequence[Audit], now: datetime) -> None:
    """Take the changes back. Raises UndoRefused (naming the colleague), ChangedByYouSince, NeededByYou or StillNeeded."""
    try:
        audit.undo(session, rows, now)
    except UndoRefused as refused:
        if isinstance(refused.__cause__, IntegrityError):
            later = _resting_on(session, actor, rows)
            raise (NeededByYou(rows[0].turn, later) if later is not None else StillNeeded()) from refused
        if refused.by is not None and refused.by.member_id == actor.member_id:
            raise ChangedByYouSince(rows[0].turn, refused.by) from refused
        raise
    activities.recount(session, _companies_of_activities(rows))


def _companies_of_activities(rows: Sequence[Audit]) -> set[int]:
    """The customers that activities came to or went from: when each was last in contact is counted anew."""
    moved = [values for row in rows if row.table_name == "activity" for values in (row.before, row.after) if values]
    return {values["customer_id"] for values in moved if "customer_id" in values}


def _resting_on(session: Session, actor: Actor, rows: Sequence[Audit]) -> Audit | None:
    """The actor's newest change that names one of the records these rows made."""
    made = {(f"{row.table_name}_id", row.record_id) for row in rows if row.op == "insert"}
    later = audit.latest_of(session, actor.member_id or 0, min(row.id for row in rows))
    return next((row for row in later if row.turn != rows[0].turn and made & _names_of(row)), None)


def _names_of(row: Audit) -> set[tuple[str, str]]:
    values = {**(row.before or {}), **(row.after or {})}
    return {(column, str(value)) for column, value in values.items() if column.endswith("_id")}


# --- saying what it was


def describe(session: Session, rows: Sequence[Audit]) -> list[Change]:
    """The changes in the order they were made, one per record (of many the first). To be called before they are taken back."""
    merged: dict[tuple[str, str], Change] = {}
    for row in list(reversed(rows))[:MOST_TOLD]:
        key = (row.table_name, row.record_id)
        merged[key] = _joined(merged.get(key), row, session)
    return [
        Change(one.table, one.op, _named(session, one.values), _named(session, one.before)) for one in merged.values()
    ]


def _joined(known: Change | None, row: Audit, session: Session) -> Change:
    before, after = row.before or {}, row.after or {}
    if row.op != "update":
        return Change(row.table_name, row.op, before if row.op == "delete" else after)
    if known is None:
        return Change(row.table_name, "update", {**_as_it_is(session, row), **after}, before)
    return Change(
        known.table, known.op, {**known.values, **after}, {**before, **known.before} if known.op == "update" else {}
    )


def _as_it_is(session: Session, row: Audit) -> dict[str, Any]:
    """What names a record that was only changed, and what it belongs to: its present columns."""
    kind = _RECORDS.get(row.table_name)
    record = session.get(kind, int(row.record_id)) if kind is not None else None
    return {name: getattr(record, name) for name in _NAMING if hasattr(record, name)}


def _named(session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    return {column: _name(session, column, value) for column, value in values.items()}


def _name(session: Session, column: str, value: Any) -> Any:
    if column not in _REFERS or value is None:
        return value
    record = session.get(_REFERS[column], value)
    return record.name if record is not None else ""


def deleted_customer(rows: Iterable[Audit]) -> str:
    """The name of the customer that these rows deleted; "" for none."""
    return next(
        (str((row.before or {})["name"]) for row in rows if (row.table_name, row.op) == ("customer", "delete")), ""
    )


def views_of(session: Session, rows: Iterable[Audit]) -> set[str]:
    """The views ("deal:7") that show what these rows changed, of many the last. To be called before they are taken back."""
    found: set[str] = set()
    for row in list(rows)[:MOST_TOLD]:
        if row.table_name in _RECORDS:
            found.add(f"{row.table_name}:{row.record_id}")
        values = {**_as_it_is(session, row), **(row.before or {}), **(row.after or {})}
        found |= {f"{kind}:{values[f'{kind}_id']}" for kind in _RECORDS if values.get(f"{kind}_id") is not None}
    return found
