"""Customers: made once, briefed on one screen, listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, company_names, lookup, shares
from scrm.access import Actor
from scrm.errors import AlreadySo, Refused
from scrm.lookup import name_key
from scrm.models import Activity, Contact, Customer, CustomerTag, Deal, FollowUp, Member, Stage, Tag
from scrm.versions import hold

LAST_ACTIVITIES = 3
MAX_PEOPLE = 8
MAX_DEALS = 8
PAGE = 5  # each has a button, and one is left for the next page
MIN_ALIKE = 2  # letters that say anything about who is meant
LAST_PAGE = 100_000  # a button may carry any number


class Exists(AlreadySo):
    """The customer is already there, and this person may see it."""

    sentence = "客户已经存在，为您显示现有资料。"

    def __init__(self, view: str) -> None:
        super().__init__(view, self.sentence)


class ExistsElsewhere(Refused):
    """The customer is there, out of this person's sight: its owner is not named."""

    sentence = "「{name}」已是公司客户，由其他同事负责。如需协作，请联系您的主管。"


class InPool(Refused):
    """The customer is there and nobody owns it."""

    sentence = "「{name}」在公海里，还没有负责人。回复「领取 {name}」就归您跟进。"


class CodeAlready(AlreadySo):
    """The customer has this credit code."""

    sentence = "信用代码已经是这个了。"

    def __init__(self, view: str) -> None:
        super().__init__(view, self.sentence)


class CodeTaken(Refused):
    """Another customer in sight has this credit code."""

    sentence = "这个信用代码已经登记在「{other}」名下。如果是同一家，可以说：合并客户 {other} 和 {name}"


class CodeTakenElsewhere(Refused):
    """A customer out of sight has this credit code."""

    sentence = "这个信用代码已经登记在公司另一家客户名下，已有同事在跟进，没有保存。请核对，或联系您的主管。"


class NoName(Refused):
    """Nothing is left of the name without its punctuation."""

    sentence = "请说出客户名称，例如：新建客户 宏图精密"


_WEIGHT = sa.case({"decision_maker": 0, "influencer": 1, "gatekeeper": 2, "user": 3}, value=Contact.role, else_=4)


@dataclass(frozen=True, slots=True)
class OpenDeal:
    """A deal as the brief lists it."""

    deal: Deal
    stage: str


@dataclass(frozen=True, slots=True)
class Brief:
    """What one knows of a customer before walking in."""

    customer: Customer
    owner: str
    people: Sequence[Contact]
    deals: Sequence[OpenDeal]
    activities: Sequence[tuple[Activity, str]]  # with the name of who made it
    next_step: FollowUp | None
    tags: Sequence[str]
    helpers: Sequence[str] = ()  # colleagues it is shared with


def alike(session: Session, actor: Actor, name: str) -> Sequence[Customer]:
    """Customers in sight whose name holds this one, or is held in it; not the one of exactly this name."""
    key = name_key(name)[:128]
    if len(key) < MIN_ALIKE:
        return ()
    held = sa.and_(sa.func.length(Customer.name_key) >= MIN_ALIKE, sa.literal(key).contains(Customer.name_key))
    query = sa.select(Customer).where(
        access.customers(actor),
        Customer.name_key != key,
        sa.or_(Customer.name_key.contains(key, autoescape=True), held),
    )
    return session.scalars(query.order_by(Customer.id).limit(10)).all()


def exists(session: Session, name: str) -> bool:
    """Whether the company has a customer of exactly this name, in whoever's sight."""
    return session.scalar(sa.select(Customer.id).where(Customer.name_key == name_key(name)[:128])) is not None


def create(session: Session, actor: Actor, name: str, now: datetime, *, code: str = "", phone: str = "") -> Customer:
    """A new customer of this actor. Raises Exists, ExistsElsewhere, InPool, NoName, BadCreditCode; two at once get one."""
    name, key = name.strip()[:128], name_key(name)[:128]
    if not key:
        raise NoName
    code = company_names.credit_code(code) if code else ""
    values = {
        "name": name, "name_key": key, "credit_code": code or None, "owner_id": actor.member_id, "phone": phone[:32], "region": "",
        "tier": "", "version": 1, "created_at": now, "updated_at": now, "row_version": 1,
    }  # fmt: skip
    existing = _same(session, key, code)
    if existing is None:
        try:
            with session.begin_nested():
                customer = Customer(**values)
                session.add(customer)
                session.flush()
            return customer
        except sa.exc.IntegrityError:
            existing = _same(session, key, code)
            if existing is None:
                raise
    if lookup.is_seen(session, actor, existing):
        raise Exists(f"customer:{existing.id}")
    raise InPool(name=name) if existing.owner_id is None else ExistsElsewhere(name=name)


def _same(session: Session, key: str, code: str) -> Customer | None:
    """The customer of this name or code, which no second one may have."""
    same = sa.or_(Customer.name_key == key, Customer.credit_code == code) if code else Customer.name_key == key
    return session.scalars(sa.select(Customer).where(same).order_by(Customer.id).limit(1)).first()


def set_code(session: Session, actor: Actor, customer: Customer, said: str) -> None:
    """The customer's 统一社会信用代码. Raises BadCreditCode, CodeAlready, CodeTaken or CodeTakenElsewhere."""
    code = company_names.credit_code(said)
    if hold(session, customer).credit_code == code:
        raise CodeAlready(f"customer:{customer.id}")
    try:
        with session.begin_nested():
            customer.credit_code = code
            session.flush()
    except sa.exc.IntegrityError as error:
        session.info.pop("audit", None)  # what was to be written of it
        other = session.scalars(sa.select(Customer).where(Customer.credit_code == code)).one()
        seen = lookup.is_seen(session, actor, other)
        raise (CodeTaken(other=other.name, name=customer.name) if seen else CodeTakenElsewhere()) from error


def brief(session: Session, actor: Actor, customer: Customer) -> Brief:
    """Everything worth knowing on one screen; the caller has loaded the customer with permission."""
    people = session.scalars(
        sa.select(Contact).where(Contact.customer_id == customer.id).order_by(_WEIGHT, Contact.id).limit(MAX_PEOPLE)
    ).all()
    deals = session.execute(
        sa.select(Deal, Stage.name)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Deal.customer_id == customer.id, Deal.status.in_(("open", "paused")), access.deals(actor))
        .order_by(Deal.updated_at.desc(), Deal.id.desc())
        .limit(MAX_DEALS)
    )
    activities = session.execute(
        sa.select(Activity, Member.name)
        .join(Member, Member.id == Activity.member_id)
        .where(Activity.customer_id == customer.id, access.activities(actor))
        .order_by(Activity.happened_at.desc(), Activity.id.desc())
        .limit(LAST_ACTIVITIES)
    )
    next_step = session.scalars(
        sa.select(FollowUp)
        .where(FollowUp.customer_id == customer.id, FollowUp.status == "open", access.followups(actor))
        .order_by(FollowUp.due_at)
        .limit(1)
    ).first()
    tags = session.scalars(
        sa.select(Tag.name)
        .join(CustomerTag, CustomerTag.tag_id == Tag.id)
        .where(CustomerTag.customer_id == customer.id)
        .order_by(Tag.name)
    ).all()
    return Brief(
        customer, lookup.owner_name(session, customer), people, [OpenDeal(deal, stage) for deal, stage in deals.all()],
        [(activity, name) for activity, name in activities.all()], next_step, tags, shares.collaborators(session, customer),
    )  # fmt: skip


def mine(session: Session, actor: Actor, page: int) -> tuple[Sequence[Customer], int]:
    """One page of the customers in sight, those with the latest activity first, and how many there are."""
    page = min(max(page, 0), LAST_PAGE)
    clause = access.customers(actor)
    total = session.scalar(sa.select(sa.func.count()).select_from(Customer).where(clause)) or 0
    rows = session.scalars(
        sa.select(Customer)
        .where(clause)
        .order_by(sa.nulls_last(Customer.last_activity_at.desc()), Customer.id.desc())
        .limit(PAGE)
        .offset(page * PAGE)
    ).all()
    return rows, total
