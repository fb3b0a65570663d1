"""合并客户: all of one customer goes to the other, whose name stays; every change is in the log, so 撤销 takes it back exactly.

What points at the customer that goes is found in the tables themselves, so a new table is merged from its first day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import activities, audit, lookup
from scrm.access import Actor
from scrm.errors import Refused
from scrm.models import (
    Activity,
    Base,
    Contact,
    Contract,
    Customer,
    CustomerAlias,
    CustomerShare,
    CustomerTag,
    Deal,
    FollowUp,
)
from scrm.versions import Already, hold

COUNTED = (Contact, Deal, Activity, FollowUp, Contract, CustomerTag)
_FILLED = ("credit_code", "phone", "region", "tier")  # what the one that stays takes over where it has nothing


class SameCustomer(Refused):
    """A customer with itself."""

    sentence = "说的是同一家客户「{name}」，不用合并。"


class NotYours(Refused):
    """Somebody else's customer: its owner or a manager may merge it."""

    sentence = "「{name}」不归您负责，请它的负责人或主管来合并。"


class MergedAlready(Already):
    """The button was pressed before."""

    sentence = "已经合并过了。"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its owner, and how much hangs on it, in the order of `COUNTED`."""

    id: int
    name: str
    owner_id: int | None
    owner: str
    counts: tuple[int, ...]


def look(session: Session, actor: Actor, first: Customer, second: Customer) -> tuple[Side, Side]:
    """Both as the card shows them before anything moves. Raises SameCustomer or NotYours."""
    _check(actor, first, second)
    return _side(session, first), _side(session, second)


def merge(session: Session, actor: Actor, keep_id: int, gone_id: int, now: datetime) -> tuple[Side, str]:
    """What came over to the one that stays, and the name of the one that went. Raises NotFound, MergedAlready, NotYours."""
    keep = lookup.by_id(session, actor, Customer, keep_id)
    for ident in sorted((keep_id, gone_id)):  # two who merge them the other way round wait for each other in order
        if (row := session.get(Customer, ident)) is not None:
            hold(session, row)
    if session.get(Customer, gone_id) is None:
        raise MergedAlready(f"customer:{keep.id}")
    gone = lookup.by_id(session, actor, Customer, gone_id)
    _check(actor, keep, gone)
    moved = _side(session, gone)
    _fold_contacts(session, keep, gone, now)
    _point(session, Customer, gone.id, keep.id, now)
    _hand_on(session, keep, gone)
    activities.recount(session, [keep.id])
    return moved, gone.name


def _check(actor: Actor, first: Customer, second: Customer) -> None:
    if first.id == second.id:
        raise SameCustomer(name=first.name)
    for customer in (first, second):
        if not (actor.sees_all or customer.owner_id in actor.team):
            raise NotYours(name=customer.name)


def _side(session: Session, customer: Customer) -> Side:
    counts = [
        sa.select(sa.func.count()).select_from(kind).where(kind.customer_id == customer.id).scalar_subquery()
        for kind in COUNTED
    ]
    owner = lookup.owner_name(session, customer)
    return Side(customer.id, customer.name, customer.owner_id, owner, tuple(session.execute(sa.select(*counts)).one()))


def _hand_on(session: Session, keep: Customer, gone: Customer) -> None:
    """The one that stays takes over what it had not, answers to the old name, and stays in sight of the other's owner."""
    had = {field: getattr(gone, field) for field in _FILLED if getattr(gone, field) and not getattr(keep, field)}
    name, owner_id = gone.name, gone.owner_id
    session.delete(gone)
    session.flush()  # its credit code is free only now
    for field, value in had.items():
        setattr(keep, field, value)
    alias = sa.select(CustomerAlias.id).where(CustomerAlias.customer_id == keep.id, CustomerAlias.name == name)
    if session.scalar(alias) is None:
        session.add(CustomerAlias(customer_id=keep.id, name=name))
    shared = session.get(CustomerShare, (keep.id, owner_id)) if owner_id is not None else None
    if owner_id not in (None, keep.owner_id) and shared is None:
        session.add(CustomerShare(customer_id=keep.id, member_id=owner_id))
    session.flush()


# --- people who are on both sides


def _fold_contacts(session: Session, keep: Customer, gone: Customer, now: datetime) -> None:
    """A person of the same name and phone on both sides is one; who is followed on WeCom stays."""
    theirs = sa.orm.aliased(Contact)
    same = sa.and_(theirs.name == Contact.name, theirs.phone_key == Contact.phone_key)
    query = (
        sa.select(Contact, theirs)
        .join(theirs, same)
        .where(Contact.customer_id == gone.id, theirs.customer_id == keep.id, Contact.phone_key != "")
    )
    folded: set[int] = set()
    for goes, stays in session.execute(query.order_by(Contact.id, theirs.id)).all():
        if goes.external_user_id is not None:
            goes, stays = stays, goes
        if goes.external_user_id is not None or folded & {goes.id, stays.id}:
            continue  # two accounts on WeCom are two people to the platform
        folded |= {goes.id}
        _point(session, Contact, goes.id, stays.id, now)
        for field in ("title", "role", "channel"):
            if getattr(goes, field) and not getattr(stays, field):
                setattr(stays, field, getattr(goes, field))
        session.delete(goes)
        session.flush()


# --- what points at a record


def _point(session: Session, target: type[Base], old: int, new: int, now: datetime) -> None:
    """Everything that points at one record points at the other; what the other has already goes."""
    for kind, column in _references(target):
        primary = [one.name for one in sa.inspect(kind).primary_key]
        if column in primary:
            _replace(session, kind, column, old, new)
            continue
        for others in _unique_with(kind, column):
            _drop_twins(session, kind, column, others, old, new)
        _move(session, kind, column, old, new, now)


def _references(target: type[Base]) -> Iterator[tuple[Any, str]]:
    """The business tables with a column that points at the target, and that column."""
    for mapper in sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__):
        for column in mapper.local_table.columns:
            if mapper.class_.__module__.startswith("scrm.models.") and any(
                key.column.table is sa.inspect(target).local_table for key in column.foreign_keys
            ):
                yield mapper.class_, column.name


def _unique_with(kind: Any, column: str) -> Iterator[list[str]]:
    """The other columns of each unique key that the column is part of."""
    for key in sa.inspect(kind).local_table.constraints:
        if isinstance(key, sa.UniqueConstraint) and column in key.columns:
            yield [one.name for one in key.columns if one.name != column]
    for index in sa.inspect(kind).local_table.indexes:
        if index.unique and column in index.columns:
            yield [one.name for one in index.columns if one.name != column]


def _drop_twins(session: Session, kind: Any, column: str, others: Sequence[str], old: int, new: int) -> None:
    twin = sa.orm.aliased(kind)
    same = [getattr(twin, name).is_not_distinct_from(getattr(kind, name)) for name in others]
    query = sa.select(kind).where(getattr(kind, column) == old, sa.exists().where(getattr(twin, column) == new, *same))
    for row in session.scalars(query).all():
        session.delete(row)
    session.flush()


def _replace(session: Session, kind: Any, column: str, old: int, new: int) -> None:
    """Rows whose own key names the record: the old ones go, new ones come where there is none yet."""
    mapper = sa.inspect(kind)
    others = [one.name for one in mapper.primary_key if one.name != column]
    held = session.scalars(sa.select(kind).where(getattr(kind, column) == new)).all()
    taken = {tuple(getattr(row, name) for name in others) for row in held}
    for row in session.scalars(sa.select(kind).where(getattr(kind, column) == old)).all():
        values = {one.key: getattr(row, one.key) for one in mapper.column_attrs}
        session.delete(row)
        if tuple(values[name] for name in others) not in taken:
            session.add(kind(**{**values, column: new}))
    session.flush()


def _move(session: Session, kind: Any, column: str, old: int, new: int, now: datetime) -> None:
    """One UPDATE, and its journal."""
    values: dict[str, Any] = {column: new}
    if hasattr(kind, "row_version"):
        values |= {"row_version": kind.row_version + 1, "updated_at": now}
    moving = sa.update(kind).where(getattr(kind, column) == old).values(**values).returning(kind.id)
    ids = session.scalars(moving, execution_options={"synchronize_session": False}).all()
    audit.note_moved(session, kind.__tablename__, ids, {column: old}, {column: new})
    for record in list(session.identity_map.values()):
        if isinstance(record, kind):
            session.expire(record)
