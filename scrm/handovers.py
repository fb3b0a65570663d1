"""What one member has goes to another: customers, live deals with their stage and history, open follow-ups.

Everything moves by one UPDATE per table, and the audit rows that 撤销 reads are written in bulk. On WeCom the contacts are
transferred by the platform (客户继承); each of them has a row that says how far it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import audit
from scrm.access import Actor
from scrm.errors import AlreadySo, NotFound, Refused
from scrm.models import Contact, Customer, Deal, Follow, FollowUp, HandOver, Identity, Member, Stage, Transfer
from scrm.pipeline import LIVE

PLATFORM = "wecom"
PART = 100  # contacts per call (OD:92125)
LINES = 8  # customers that a brief names
ASK_EVERY, ASK_FOR = timedelta(minutes=30), timedelta(days=3)
STATUSES = {1: "done", 2: "waiting", 3: "refused", 4: "full", 5: "failed"}  # of transfer_result


class NotBothYours(Refused):
    """The giver or the taker is out of the asker's team."""

    sentence = "{name}不在您的团队里，请双方共同的主管或管理员来移交。"


class SamePerson(Refused):
    """From somebody to himself."""

    sentence = "转出和接手的是同一个人，不用移交。"


class NothingThere(Refused):
    """The giver has nothing to hand over."""

    sentence = "{name}名下没有可以移交的客户、商机和待办。"


class InPool(Refused):
    """The one customer has no owner."""

    sentence = "「{name}」在公海里，没有负责人可以移交。"


class Settled(AlreadySo):
    """Confirmed or cancelled before."""

    def __init__(self, row: HandOver) -> None:
        super().__init__(view(row.id), "这次移交已经处理过了。")


@dataclass(frozen=True, slots=True)
class Line:
    """One customer as the new owner reads of it: live deals and their sum in yuan, the largest one's stage, what is due first."""

    id: int
    name: str
    deals: int
    amount: Decimal | None
    stage: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Brief:
    """What somebody gets: the customers with the nearest date first, and how many follow-ups are due before `until`."""

    lines: Sequence[Line]
    due: int


@dataclass(frozen=True, slots=True)
class Route:
    """Both members' accounts on WeCom; `resigned`: the giver has left the company."""

    giver: str
    taker: str
    resigned: bool


def view(ident: int) -> str:
    """The view of a hand-over."""
    return f"handover:{ident}"


def plan(session: Session, actor: Actor, giver: Member, taker: Member, customer: Customer | None = None) -> HandOver:
    """A draft with the counts as they are; nothing moves. Raises NotBothYours, SamePerson, NothingThere."""
    _check(actor, giver, taker)
    row = HandOver(
        giver_id=giver.id, taker_id=taker.id, maker_id=actor.member_id, customer_id=customer.id if customer else None
    )
    _count(session, row)
    if not (row.customers or row.deals or row.followups or contacts(session, row)):
        raise NothingThere(name=giver.name)
    session.add(row)
    session.flush()
    return row


def giver_of(session: Session, customer: Customer) -> Member:
    """Who has this customer. Raises InPool."""
    if customer.owner_id is None:
        raise InPool(name=customer.name)
    return session.get_one(Member, customer.owner_id)


def load(session: Session, actor: Actor, ident: int, *, lock: bool = False) -> HandOver:
    """A hand-over, to whoever made it and to admins. Raises NotFound."""
    query = sa.select(HandOver).where(HandOver.id == ident)
    if not actor.sees_all:
        query = query.where(HandOver.maker_id == actor.member_id)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound
    return row


def confirm(session: Session, actor: Actor, ident: int, turn: str, now: datetime) -> tuple[HandOver, Brief]:
    """Move it all, as it is now; the brief is for the taker. Raises Settled, and what `plan` raises."""
    row = load(session, actor, ident, lock=True)
    if row.status != "draft" or row.turn:
        raise Settled(row)
    _check(actor, session.get_one(Member, row.giver_id), session.get_one(Member, row.taker_id))
    brief = _brief(session, row, now)
    row.customers, row.deals, row.followups = (_move(session, row, kind, now) for kind in (Customer, Deal, FollowUp))
    _move(session, row, Contact, now)
    row.status = "done"
    session.flush()
    # Below the journal: what is taken back keeps it, and so is no draft to confirm again.
    session.execute(sa.update(HandOver).where(HandOver.id == row.id).values(turn=turn))
    return row, brief


def cancel(session: Session, actor: Actor, ident: int) -> HandOver:
    """Not after all. Raises Settled."""
    row = load(session, actor, ident, lock=True)
    if row.status != "draft" or row.turn:
        raise Settled(row)
    row.status = "cancelled"
    return row


def _check(actor: Actor, giver: Member, taker: Member) -> None:
    if giver.id == taker.id:
        raise SamePerson
    for member in (giver, taker):
        if not (actor.sees_all or member.id in actor.team):
            raise NotBothYours(name=member.name)


def _theirs(row: HandOver, kind: Any) -> sa.ColumnElement[bool]:
    """What of this kind moves. A closed deal stays with who closed it; a followed contact is the platform's to move."""
    clauses = [kind.owner_id == row.giver_id]
    if kind is Deal:
        clauses.append(Deal.status.in_(LIVE))
    elif kind is FollowUp:
        clauses.append(FollowUp.status == "open")
    elif kind is Contact:
        clauses.append(Contact.external_user_id.is_(None))
    if row.customer_id is not None:
        clauses.append((Customer.id if kind is Customer else kind.customer_id) == row.customer_id)
    return sa.and_(*clauses)


def _count(session: Session, row: HandOver) -> None:
    row.customers, row.deals, row.followups = (
        session.scalar(sa.select(sa.func.count()).select_from(kind).where(_theirs(row, kind))) or 0
        for kind in (Customer, Deal, FollowUp)
    )


def _move(session: Session, row: HandOver, kind: Any, now: datetime) -> int:
    """One UPDATE, and its journal; how many moved."""
    values = {"owner_id": row.taker_id, "row_version": kind.row_version + 1, "updated_at": now}
    before, after = {"owner_id": row.giver_id}, {"owner_id": row.taker_id}
    if hasattr(kind, "version"):
        values["version"] = kind.version + 1
        before, after = {**before, "version": 0}, {**after, "version": 0}  # it never comes back: it goes on
    moving = sa.update(kind).where(_theirs(row, kind)).values(**values).returning(kind.id)
    ids = session.scalars(moving, execution_options={"synchronize_session": False}).all()
    audit.note_moved(session, kind.__tablename__, ids, before, after)
    for record in list(session.identity_map.values()):
        if isinstance(record, kind):
            session.expire(record)
    return len(ids)


def _brief(session: Session, row: HandOver, now: datetime) -> Brief:
    """What is about to move, read before it does."""
    due = (
        sa.select(FollowUp.customer_id, sa.func.min(FollowUp.due_at).label("due_at"))
        .where(_theirs(row, FollowUp))
        .group_by(FollowUp.customer_id)
        .subquery()
    )
    sums = (
        sa.select(Deal.customer_id, sa.func.count().label("deals"), sa.func.sum(Deal.amount).label("amount"))
        .where(_theirs(row, Deal))
        .group_by(Deal.customer_id)
        .subquery()
    )
    nearest = sa.nulls_last(due.c.due_at), sa.nulls_last(sums.c.amount.desc()), Customer.id
    query = (
        sa.select(Customer.id, Customer.name, sums.c.deals, sums.c.amount, due.c.due_at)
        .outerjoin(due, due.c.customer_id == Customer.id)
        .outerjoin(sums, sums.c.customer_id == Customer.id)
        .where(_theirs(row, Customer))
        .order_by(*nearest)
        .limit(LINES)
    )
    found = session.execute(query).all()
    stages = _stages(session, row, [customer.id for customer in found])
    lines = [Line(one.id, one.name, one.deals or 0, one.amount, stages.get(one.id, ""), one.due_at) for one in found]
    soon = sa.select(sa.func.count()).select_from(FollowUp)
    until = now + timedelta(days=1)
    return Brief(lines, session.scalar(soon.where(_theirs(row, FollowUp), FollowUp.due_at < until)) or 0)


def _stages(session: Session, row: HandOver, customers: Collection[int]) -> dict[int, str]:
    """The stage of each customer's largest deal."""
    query = (
        sa.select(Deal.customer_id, Stage.name)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(_theirs(row, Deal), Deal.customer_id.in_(customers))
        .order_by(sa.nulls_first(Deal.amount), Deal.id)
    )
    return dict(session.execute(query).all())


# --- 客户继承


def route(session: Session, row: HandOver) -> Route | None:
    """Where the platform takes contacts from and to; None when one of them has no account there."""
    query = sa.select(Identity).where(
        Identity.platform == PLATFORM, Identity.member_id.in_((row.giver_id, row.taker_id))
    )
    accounts = {identity.member_id: identity for identity in session.scalars(query.order_by(Identity.id))}
    giver, taker = accounts.get(row.giver_id), accounts.get(row.taker_id)
    if giver is None or taker is None:
        return None
    left = giver.left_at is not None or not session.get_one(Member, row.giver_id).active
    return Route(giver.user_id, taker.user_id, left)


def contacts(session: Session, row: HandOver) -> int:
    """How many contacts on WeCom follow the giver and would be transferred."""
    return session.scalar(sa.select(sa.func.count()).select_from(_followed(row).subquery())) or 0


def _followed(row: HandOver) -> sa.Select[int, str]:
    query = sa.select(Follow.contact_id, Follow.external_user_id).where(
        Follow.member_id == row.giver_id, Follow.ended_at.is_(None)
    )
    if row.customer_id is None:
        return query
    return query.join(Contact, Contact.id == Follow.contact_id).where(Contact.customer_id == row.customer_id)


def begin_transfers(session: Session, row: HandOver) -> list[list[str]]:
    """A row for each contact to transfer; their external ids in parts of one call each."""
    found = session.execute(_followed(row).order_by(Follow.id)).all()
    if not found:
        return []
    values = [
        {"handover_id": row.id, "contact_id": contact, "external_user_id": external, "status": "waiting", "code": ""}
        for contact, external in found
    ]
    session.execute(sa.insert(Transfer), values)
    ids = [one.external_user_id for one in found]
    return [ids[start : start + PART] for start in range(0, len(ids), PART)]


def failed(session: Session, ident: int, codes: Mapping[str, str]) -> None:
    """The platform would not take these contacts (external id → code)."""
    for code in sorted(set(codes.values())):
        _set(session, ident, [external for external, why in codes.items() if why == code], "failed", code)


def record(session: Session, ident: int, results: Mapping[str, int]) -> None:
    """What transfer_result says of each contact (external id → 1…5, see `STATUSES`)."""
    for number, status in STATUSES.items():
        if status != "waiting":
            _set(session, ident, [external for external, said in results.items() if said == number], status, "")


def _set(session: Session, ident: int, externals: Sequence[str], status: str, code: str) -> None:
    for start in range(0, len(externals), PART):
        session.execute(
            sa.update(Transfer)
            .where(
                Transfer.handover_id == ident, Transfer.status == "waiting",
                Transfer.external_user_id.in_(externals[start : start + PART]),
            )
            .values(status=status, code=code[:16])
        )  # fmt: skip


def progress(session: Session, row: HandOver) -> dict[tuple[str, str], int]:
    """How many contacts are how far: (status, code) → count; empty where nothing was transferred."""
    query = sa.select(Transfer.status, Transfer.code, sa.func.count()).where(Transfer.handover_id == row.id)
    return {
        (status, code): count for status, code, count in session.execute(query.group_by(Transfer.status, Transfer.code))
    }


def to_ask(session: Session, now: datetime, limit: int) -> Sequence[HandOver]:
    """Hand-overs with transfers that wait, last asked half an hour ago or more; given up three days after they began."""
    waiting = sa.select(Transfer.handover_id).where(Transfer.status == "waiting")
    rested = sa.or_(HandOver.checked_at.is_(None), HandOver.checked_at <= now - ASK_EVERY)
    query = sa.select(HandOver).where(HandOver.id.in_(waiting), rested, HandOver.updated_at > now - ASK_FOR)
    return session.scalars(query.order_by(HandOver.id).limit(limit)).all()


def asked(session: Session, ident: int, now: datetime) -> bool:
    """Note that the platform is asked now; whether nobody else has just done so."""
    free = sa.or_(HandOver.checked_at.is_(None), HandOver.checked_at < now)
    note = sa.update(HandOver).where(HandOver.id == ident, free).values(checked_at=now).returning(HandOver.id)
    return session.execute(note, execution_options={"synchronize_session": False}).first() is not None


def by_id(session: Session, ident: int) -> HandOver | None:
    """The row, for what comes back from the platform."""
    return session.get(HandOver, ident)
