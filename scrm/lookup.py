"""From a name as spoken or an id to a record in sight: loading and permission are one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access
from scrm.access import Actor
from scrm.company_names import name_key as name_key
from scrm.errors import Ambiguous, Candidate, NotFound, UnknownName
from scrm.models import (
    Activity,
    Campaign,
    Contact,
    Customer,
    CustomerAlias,
    Deal,
    Department,
    FollowUp,
    Identity,
    Member,
    Membership,
    Stage,
)
from scrm.prepared import for_actor

R = TypeVar("R", Customer, Contact, Deal, Activity, FollowUp, Campaign)
N = TypeVar("N", Customer, Contact, Deal, Member, Stage)
Ref = int | str
MAX_CANDIDATES = 10
ACCOUNT_TAIL = 6  # letters of an account that tell namesakes apart
_CLAUSES: dict[type[Any], Any] = {
    Customer: access.customers, Contact: access.contacts, Deal: access.deals, Activity: access.activities,
    FollowUp: access.followups, Campaign: access.campaigns,
}  # fmt: skip


def by_id(session: Session, actor: Actor, kind: type[R], id: int, *, lock: bool = False) -> R:
    """The record if this actor may see it, else NotFound (also for a guessed id). `lock` holds it till the end."""
    if lock:
        query = sa.select(kind).where(kind.id == id, _CLAUSES[kind](actor)).with_for_update()
        found: Sequence[R] = session.scalars(query).all()
    else:
        found = _seen_by(actor, kind).records(session, {"id": id})
    if not found:
        raise NotFound
    return found[0]


@for_actor
def _seen_by(actor: Actor, kind: type[Any]) -> sa.Select[Any]:
    return sa.select(kind).where(kind.id == sa.bindparam("id"), _CLAUSES[kind](actor))


def is_seen(session: Session, actor: Actor, row: Customer) -> bool:
    """Whether this actor may look at the customer."""
    query = sa.select(Customer.id).where(Customer.id == row.id, access.customers(actor))
    return session.scalar(query) is not None


def owner_name(session: Session, customer: Customer) -> str:
    """Who owns it; "" in the public pool. For those who see the customer."""
    owner = session.get(Member, customer.owner_id) if customer.owner_id else None
    return owner.name if owner else ""


def customer(session: Session, actor: Actor, ref: Ref) -> Customer:
    """The customer meant. Raises NotFound (id), Ambiguous or UnknownName (name)."""
    if isinstance(ref, int):
        return by_id(session, actor, Customer, ref)
    key = name_key(ref)
    aliased = sa.select(CustomerAlias.customer_id).where(CustomerAlias.name == ref)
    for condition in (
        Customer.name_key == key,
        Customer.id.in_(aliased),
        Customer.name_key.contains(key, autoescape=True),
    ):
        found = _visible(session, actor, Customer, condition)
        if found and key:
            return _only("customer", ref, found, lambda row: row.name)
    raise UnknownName("customer", ref)


def customers_called(session: Session, actor: Actor, words: str) -> Sequence[Customer]:
    """The customers in sight whose names contain these words, the one changed last first; at most MAX_CANDIDATES."""
    key = name_key(words)
    return _visible(session, actor, Customer, Customer.name_key.contains(key, autoescape=True)) if key else []


def contact(session: Session, actor: Actor, ref: Ref, customer: Customer | None = None) -> Contact:
    """The contact meant, of this customer if given. Raises NotFound, Ambiguous or UnknownName."""
    if isinstance(ref, int):
        return by_id(session, actor, Contact, ref)
    within = Contact.customer_id == customer.id if customer else sa.true()
    surname, honorific = ref[:1], ref[1:] in HONORIFICS
    tries = [Contact.name == ref]
    if honorific:
        tries.append(
            sa.and_(Contact.name.startswith(surname, autoescape=True), Contact.title.contains(ref[1:], autoescape=True))
        )
        tries.append(Contact.name.startswith(surname, autoescape=True))
    for condition in tries:
        found = _visible(session, actor, Contact, sa.and_(condition, within))
        if found:
            return _only("contact", ref, found, lambda row: contact_label(session, row))
    raise UnknownName("contact", ref)


def deal(session: Session, actor: Actor, ref: Ref, customer: Customer | None = None) -> Deal:
    """The deal meant, of this customer if given. Raises NotFound, Ambiguous or UnknownName."""
    if isinstance(ref, int):
        return by_id(session, actor, Deal, ref)
    within = Deal.customer_id == customer.id if customer else sa.true()
    for condition in (Deal.name == ref, Deal.name.contains(ref, autoescape=True)):
        found = _visible(session, actor, Deal, sa.and_(condition, within))
        if found and ref:
            return _only("deal", ref, found, lambda row: row.name)
    raise UnknownName("deal", ref)


def member(session: Session, ref: Ref, *, left: bool = False) -> Member:
    """The living member meant, by id, name or account (everybody may name a colleague). Raises NotFound, Ambiguous, UnknownName.

    `left`: where nobody living is meant, also one who has left.
    """
    if isinstance(ref, int):
        row = session.get(Member, ref)
        if row is None or not (row.active or left):
            raise NotFound
        return row
    account = sa.select(Identity.member_id).where(Identity.user_id == ref)
    found: Sequence[Member] = ()
    for active in (True, False) if left else (True,):
        for named in (Member.name == ref, Member.id.in_(account)):
            query = sa.select(Member).where(named, Member.active.is_(active)).limit(MAX_CANDIDATES)
            found = found or session.scalars(query).all()
    if not found:
        raise UnknownName("member", ref)
    labels = _member_labels(session, found) if len(found) > 1 else {}
    return _only("member", ref, found, lambda row: labels[row.id])


def stage(session: Session, ref: Ref, pipeline: str = "default") -> Stage:
    """The stage meant, by id or (part of its) name within the pipeline. Raises NotFound, Ambiguous, UnknownName."""
    if isinstance(ref, int):
        row = session.get(Stage, ref)
        if row is None:
            raise NotFound
        return row
    for condition in (Stage.name == ref, Stage.name.contains(ref, autoescape=True)):
        query = sa.select(Stage).where(Stage.pipeline == pipeline, Stage.retired.is_(False), condition)
        found = session.scalars(query.order_by(Stage.position)).all()
        if found and ref:
            return _only("stage", ref, found, lambda row: row.name)
    raise UnknownName("stage", ref)


HONORIFICS = (
    "总",
    "经理",
    "主任",
    "工",
    "老师",
    "先生",
    "女士",
    "小姐",
    "局长",
    "处长",
    "科长",
    "部长",
    "院长",
    "校长",
    "总监",
    "主管",
    "处",
    "局",
    "董",
    "哥",
    "姐",
)


def contact_label(session: Session, row: Contact) -> str:
    """A contact as told apart in a question: name, title, customer."""
    company = session.get(Customer, row.customer_id) if row.customer_id else None
    return " ".join(part for part in (row.name, row.title, company.name if company else "") if part)


def _member_labels(session: Session, namesakes: Sequence[Member]) -> dict[int, str]:
    """How members of one name are told apart: by department, and by the end of the account where that is the same."""
    ids = [row.id for row in namesakes]
    units = sa.select(Membership.member_id, Department.name).join(Department, Department.id == Membership.department_id)
    accounts = sa.select(Identity.member_id, Identity.user_id).where(Identity.member_id.in_(ids))
    homes = dict(session.execute(units.where(Membership.member_id.in_(ids)).order_by(Department.id.desc())).all())
    tails = {member_id: user_id[-ACCOUNT_TAIL:] for member_id, user_id in session.execute(accounts)}
    every = [homes.get(ident, "") for ident in ids]
    labels = {}
    for row in namesakes:
        home = homes.get(row.id, "")
        parts = (home, tails.get(row.id, "") if not home or every.count(home) > 1 else "")
        told = " · ".join(part for part in parts if part)
        labels[row.id] = f"{row.name}（{told}）" if told else row.name
    return labels


def _visible(session: Session, actor: Actor, kind: type[R], condition: Any) -> Sequence[R]:
    query = (
        sa.select(kind).where(condition, _CLAUSES[kind](actor)).order_by(kind.updated_at.desc()).limit(MAX_CANDIDATES)
    )
    return session.scalars(query).all()


def _only(slot: str, spoken: str, found: Sequence[N], label: Callable[[N], str]) -> N:
    if len(found) == 1:
        return found[0]
    raise Ambiguous(slot, spoken, tuple(Candidate(row.id, label(row)) for row in found))
