"""Every change of a business row is written down as it is flushed, and can be taken back from what was written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, UOWTransaction
from sqlalchemy.orm.attributes import set_committed_value

from scrm.db import Base, table_of
from scrm.errors import NothingToUndo, UndoRefused
from scrm.models import Audit, Member, Tracked
from scrm.prepared import Prepared

UNDO_WINDOW = timedelta(hours=24)
CHUNK = 500
_BOOKKEEPING = frozenset({"id", "created_at", "updated_at", "row_version", "seen_at"})
_COLUMNS = (
    "at",
    "member_id",
    "turn",
    "source",
    "command",
    "table_name",
    "record_id",
    "op",
    "before",
    "after",
    "row_version",
)
_INSERT = Prepared(
    sa.insert(table_of(Audit)).values(
        {name: sa.bindparam(name, type_=table_of(Audit).c[name].type) for name in _COLUMNS}
    )
)
_FINAL = ("undo", "bind")  # commands that 撤销 passes over: a taken-back message, two accounts that are one person now


@dataclass(frozen=True, slots=True)
class Turn:
    """On whose behalf a transaction changes rows: kept in `session.info["turn"]`."""

    key: str  # "e123" or "job:…"
    member_id: int | None
    command: str
    source: str  # the words said, or the button or job
    now: datetime


def begin(session: Session, turn: Turn) -> None:
    """From here on every change flushed in this session is written to the audit log under `turn`."""
    session.info["turn"] = turn


@event.listens_for(Session, "before_flush")
def _stamp(session: Session, _context: UOWTransaction, _instances: object) -> None:
    turn: Turn | None = session.info.get("turn")
    now = turn.now if turn else datetime.now(UTC)
    for row in session.new:
        if isinstance(row, Tracked):
            row.created_at = row.created_at or now
            row.updated_at = row.updated_at or now
    for row in session.dirty:
        if isinstance(row, Tracked) and session.is_modified(row):
            row.updated_at = now
    if turn:
        session.info.setdefault("audit", []).extend(_changes(session))


@event.listens_for(Session, "after_flush_postexec")
def _write(session: Session, _context: UOWTransaction) -> None:
    turn: Turn | None = session.info.get("turn")
    changes = session.info.pop("audit", None)
    if not turn or not changes:
        return
    _INSERT.run_many(session, [_audit_row(turn, *change) for change in changes])


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    """What could not be flushed is not written down with the next flush."""
    session.info.pop("audit", None)


def add(session: Session, row: Any) -> None:
    """Insert a tracked record and write it down at once, for a fraction of what a flush costs."""
    turn: Turn | None = session.info.get("turn")
    now = turn.now if turn else datetime.now(UTC)
    row.created_at, row.updated_at = row.created_at or now, row.updated_at or now
    insert, defaults = _insertion(row.__tablename__)
    for key, value in defaults.items():
        if getattr(row, key) is None:
            setattr(row, key, value)
    set_committed_value(row, "id", insert.scalars(session, row.__dict__)[0])
    session.add(row)
    session._register_persistent({sa.inspect(row)})  # what a flush does after its own INSERT
    if turn:
        _INSERT.run_many(session, [_audit_row(turn, row, "insert", None, None)])


@cache
def _insertion(table: str) -> tuple[Prepared, dict[str, Any]]:
    """The statement that inserts into it, and what each column is that was given no value."""
    mapper = _mapper(table)
    columns = {attribute.key: attribute.columns[0] for attribute in mapper.column_attrs if attribute.key != "id"}
    values = {column: sa.bindparam(key, type_=column.type) for key, column in columns.items()}
    defaults = {key: column.default.arg if column.default is not None else None for key, column in columns.items()}
    return Prepared(sa.insert(mapper.local_table).values(values).returning(mapper.local_table.c.id)), defaults


def note_moved(
    session: Session, table: str, ids: Sequence[int], before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Write down that these records were changed alike by one statement, so that 撤销 takes them back as any other."""
    turn: Turn | None = session.info.get("turn")
    if turn is None or not ids:
        return
    common = {
        "at": turn.now, "member_id": turn.member_id, "turn": turn.key, "source": turn.source, "command": turn.command,
        "table_name": table, "op": "update", "before": dict(before), "after": dict(after), "row_version": None,
    }  # fmt: skip
    session.execute(sa.insert(Audit), [{**common, "record_id": str(ident)} for ident in ids])


def _audit_row(
    turn: Turn, row: Base, op: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "at": turn.now, "member_id": turn.member_id, "turn": turn.key, "source": turn.source, "command": turn.command,
        "table_name": row.__tablename__, "record_id": _identity(row), "op": op, "before": before,
        "after": _values(row) if op == "insert" else after,
        "row_version": getattr(row, "row_version", None),
    }  # fmt: skip


def _changes(session: Session) -> Iterator[tuple[Base, str, dict[str, Any] | None, dict[str, Any] | None]]:
    for row in session.new:
        if _is_business(row):
            yield row, "insert", None, None
    for row in session.dirty:
        if _is_business(row) and session.is_modified(row):
            before, after = _difference(row)
            if before:
                yield row, "update", before, after
    for row in session.deleted:
        if _is_business(row):
            yield row, "delete", _values(row), None


def _is_business(row: object) -> bool:
    return isinstance(row, Base) and type(row).__module__.startswith("scrm.models.") and not isinstance(row, Audit)


def _difference(row: Base) -> tuple[dict[str, Any], dict[str, Any]]:
    state = sa.inspect(row)
    before, after = {}, {}
    for column in state.mapper.column_attrs:
        history = state.attrs[column.key].history
        if column.key not in _BOOKKEEPING and history.has_changes():
            before[column.key] = _json(history.deleted[0] if history.deleted else None)
            after[column.key] = _json(history.added[0] if history.added else None)
    return before, after


def _values(row: Base) -> dict[str, Any]:
    return {column.key: _json(getattr(row, column.key)) for column in sa.inspect(row).mapper.column_attrs}


def _identity(row: Base) -> str:
    mapper = sa.inspect(row).mapper
    return "/".join(str(getattr(row, mapper.get_property_by_column(column).key)) for column in mapper.primary_key)


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


# --- taking back


def last_turn(session: Session, member_id: int, now: datetime) -> str:
    """The key of this member's last effective message within 24 hours. Raises NothingToUndo."""
    key = session.scalar(
        sa.select(Audit.turn)
        .where(
            Audit.member_id == member_id,
            Audit.undone_at.is_(None),
            Audit.at >= now - UNDO_WINDOW,
            Audit.command.not_in(_FINAL),
        )
        .order_by(Audit.id.desc())
        .limit(1)
    )
    if key is None:
        raise NothingToUndo
    return key


def last_words(session: Session, member_id: int) -> tuple[str, datetime] | None:
    """The last sentence of this member that wrote something, and when it was said; None when there is none."""
    said = sa.and_(Audit.member_id == member_id, Audit.source != "", Audit.source.not_like("[%"))
    row = session.execute(sa.select(Audit.source, Audit.at).where(said).order_by(Audit.id.desc()).limit(1)).first()
    return (row.source, row.at) if row is not None else None


def rows_of(session: Session, member_id: int, turn: str, now: datetime) -> Sequence[Audit]:
    """What one message of this member changed, newest first. Raises NothingToUndo: not his, too old, or already undone."""
    rows = session.scalars(
        sa.select(Audit)
        .where(
            Audit.turn == turn,
            Audit.member_id == member_id,
            Audit.undone_at.is_(None),
            Audit.at >= now - UNDO_WINDOW,
            Audit.command.not_in(_FINAL),
        )
        .order_by(Audit.id.desc())
    ).all()
    if not rows:
        raise NothingToUndo
    return rows


def undo(session: Session, rows: Sequence[Audit], now: datetime) -> None:
    """Take these changes back, newest first. Raises UndoRefused when somebody built on one of them."""
    _refuse_if_built_on(session, rows)
    _held = loaded(session, rows)  # what is held is not read again one by one
    try:
        with session.begin_nested():
            for row in rows:
                _revert(session, row)
                if not _moves(row):  # what was moved by one statement comes back all at once
                    session.flush()
    except IntegrityError as error:
        raise UndoRefused(who="同事", what="相关记录") from error
    for row in rows:
        row.undone_at = now


def _moves(row: Audit) -> bool:
    return row.op == "update" and set(row.before or {}) <= {"owner_id", "version", "customer_id", "contact_id"}


def loaded(session: Session, rows: Iterable[Audit]) -> list[Any]:
    """The records that these rows are about and that still are there; whoever keeps the list has them at hand."""
    ids: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row.record_id.isdigit():
            ids[row.table_name].add(int(row.record_id))
    found: list[Any] = []
    for table, wanted in ids.items():
        kind, ordered = _mapper(table).class_, sorted(wanted)
        if not hasattr(kind, "id"):
            continue
        for start in range(0, len(ordered), CHUNK):
            found += session.scalars(sa.select(kind).where(kind.id.in_(ordered[start : start + CHUNK])))
    return found


def _refuse_if_built_on(session: Session, rows: Sequence[Audit]) -> None:
    """One query for all rows of the message: what its records went through later, by people."""
    if not rows:
        return
    mine, later = sa.orm.aliased(Audit), sa.orm.aliased(Audit)
    same = sa.and_(later.table_name == mine.table_name, later.record_id == mine.record_id, later.id > mine.id)
    query = (
        sa.select(mine.op, mine.after, later)
        .join(later, same)
        .where(
            mine.turn == rows[0].turn, mine.member_id == rows[0].member_id, mine.undone_at.is_(None), later.turn != mine.turn,
            later.undone_at.is_(None), later.command != "undo", later.member_id.is_not(None),
        )
        .order_by(later.id.desc())
    )  # fmt: skip
    for op, after, change in session.execute(query):
        if op != "update" or set(change.after or {}) & set(after or {}):
            who = session.get(Member, change.member_id)
            raise UndoRefused(who.name if who else "同事", "这条记录", change)


def latest_of(session: Session, member_id: int, after: int, limit: int = 500) -> Sequence[Audit]:
    """What this member changed after that row and has not taken back, the newest first."""
    query = sa.select(Audit).where(Audit.member_id == member_id, Audit.id > after, Audit.undone_at.is_(None))
    return session.scalars(query.where(Audit.command.not_in(_FINAL)).order_by(Audit.id.desc()).limit(limit)).all()


def _revert(session: Session, row: Audit) -> None:
    mapper = _mapper(row.table_name)
    key = tuple(
        _from_json(mapper.get_property_by_column(c).key, v, mapper)
        for c, v in zip(mapper.primary_key, row.record_id.split("/"), strict=True)
    )
    record = session.get(mapper.class_, key)
    if row.op == "insert":
        if record is not None:
            session.delete(record)
    elif row.op == "update" and record is not None:
        for name, value in (row.before or {}).items():
            # A version never comes back: a button made before the undone change must not fit again.
            setattr(record, name, record.version + 1 if name == "version" else _from_json(name, value, mapper))
    elif row.op == "delete" and record is None:
        values = {name: _from_json(name, value, mapper) for name, value in (row.before or {}).items()}
        session.add(mapper.class_(**values))


def _mapper(table: str) -> Any:
    return next(mapper for mapper in Base.registry.mappers if mapper.class_.__tablename__ == table)


def _from_json(name: str, value: Any, mapper: Any) -> Any:
    kind = mapper.columns[name].type.python_type
    if value is None or kind in (dict, list) or (isinstance(value, kind) and kind is not datetime):
        return value
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    return kind(value)
