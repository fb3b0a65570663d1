"""Leads 线索: noted from any door, given out by rule, qualified into customer, contact and deal, or struck out with the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, contacts, customers, deal_facts, deals, lead_rules
from scrm.access import Actor
from scrm.customers import Exists
from scrm.errors import AlreadySo, Ambiguous, Candidate, NotFound, Refused
from scrm.lookup import MAX_CANDIDATES, Ref
from scrm.models import Channel, Contact, Customer, Deal, Lead, Member
from scrm.versions import Already, held

PAGE = 5
LAST_PAGE = 100_000
_DIGITS = re.compile(r"\D+")
_COUNTRY = "86"
_SIZES = {
    "name": 64,
    "company": 128,
    "title": 64,
    "phone": 32,
    "need": 255,
    "product": 64,
    "region": 32,
    "tier": 32,
    "source": 64,
}


class Known(AlreadySo):
    """An open lead in sight has this phone number."""

    sentence = "这个号码的线索已经有了，为您显示现有资料。"

    def __init__(self, view: str) -> None:
        super().__init__(view, self.sentence)


class KnownElsewhere(Refused):
    """An open lead out of sight has this phone number: its owner is not named."""

    sentence = "这个号码已经有同事在跟进，没有重复记线索。如需协作，请联系您的主管。"


class NoSuchLead(Refused):
    """No open lead in sight is called so."""

    sentence = "没有找到线索「{spoken}」。说「我的线索」看有哪些。"


class NotOpen(Refused):
    """Qualified or struck out already."""

    sentence = "这条线索已经处理过了。"


class NoName(Refused):
    """Neither a person nor a company nor a number."""

    sentence = "请说出线索的称呼或电话，例如：新线索 宏图精密 张总 13800000000 想了解MES"


@dataclass(frozen=True, slots=True)
class Said:
    """What is known of a lead, as text; "" = not said."""

    name: str = ""
    company: str = ""
    title: str = ""
    phone: str = ""
    need: str = ""
    product: str = ""
    region: str = ""
    tier: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Qualified:
    """What a lead became; `deal` is None where nothing was said that a deal could be about."""

    lead: Lead
    customer: Customer
    contact: Contact
    deal: Deal | None


def phone_key(phone: str) -> str | None:
    """A number as it is compared: digits without the country's; None for none."""
    digits = _DIGITS.sub("", phone)
    return (digits.removeprefix(_COUNTRY) if len(digits) > 11 else digits) or None


def create(session: Session, actor: Actor, said: Said, today: date, now: datetime, *, mine: bool = True) -> Lead:
    """A new lead: the actor's own, or (not `mine`) of whose turn it is. Raises Known, KnownElsewhere, NoName."""
    values = {name: getattr(said, name).strip()[:size] for name, size in _SIZES.items()}
    values["name"] = values["name"] or values["company"] or values["phone"]
    if not values["name"]:
        raise NoName
    key = phone_key(values["phone"])
    lead = Lead(**values, key=key, status="open", owner_id=actor.member_id if mine else None)
    try:
        with session.begin_nested():
            session.add(lead)
            session.flush()
    except sa.exc.IntegrityError:
        _raise_known(session, actor, key)
    if not mine:
        lead.owner_id = lead_rules.whose_turn(session, lead, today, now)
        session.flush()
    return lead


def _raise_known(session: Session, actor: Actor, key: str | None) -> None:
    query = sa.select(Lead.id).where(Lead.key == key, access.leads(actor))
    seen = session.scalar(query)
    if seen is not None:
        raise Known(f"lead:{seen}")
    raise KnownElsewhere


def from_channel(session: Session, contact: Contact) -> Lead | None:
    """Who came through a channel of ours and is of no customer is a lead of the contact's owner, once; None for others."""
    ours = sa.select(Channel.id).where(Channel.name == contact.channel)
    if contact.customer_id is not None or not contact.channel or session.scalar(ours) is None:
        return None
    lead = Lead(
        name=contact.name, phone=contact.phone, source=contact.channel, key=contact.external_user_id, status="open",
        owner_id=contact.owner_id, contact_id=contact.id,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(lead)
            session.flush()
    except sa.exc.IntegrityError:  # met through another colleague's code
        return None
    return lead


# --- looking


def page_of(session: Session, actor: Actor, page: int, *, free: bool) -> tuple[Sequence[Lead], int]:
    """One page of the open leads of the team, or (`free`) of those nobody has; the newest first, and how many there are."""
    page = min(max(page, 0), LAST_PAGE)
    owned = Lead.owner_id.is_(None) if free else Lead.owner_id.is_not(None)
    where = (access.leads(actor), Lead.status == "open", owned)
    total = session.scalar(sa.select(sa.func.count()).select_from(Lead).where(*where)) or 0
    query = sa.select(Lead).where(*where).order_by(Lead.id.desc()).limit(PAGE).offset(page * PAGE)
    return session.scalars(query).all(), total


def load(session: Session, actor: Actor, ident: int, *, lock: bool = False) -> Lead:
    """The lead if this actor may see it. Raises NotFound."""
    query = sa.select(Lead).where(Lead.id == ident, access.leads(actor))
    row = session.scalars(held(query) if lock else query).one_or_none()
    if row is None:
        raise NotFound
    return row


def find(session: Session, actor: Actor, ref: Ref) -> Lead:
    """The open lead meant, by id, name, company or number. Raises NotFound, NotOpen, NoSuchLead or Ambiguous."""
    if isinstance(ref, int):
        row = load(session, actor, ref, lock=True)
        if row.status != "open":
            raise NotOpen
        return row
    key = phone_key(ref)
    tries = [Lead.name == ref, Lead.company == ref, Lead.key == key] if key else [Lead.name == ref, Lead.company == ref]
    loose = [Lead.name.contains(ref, autoescape=True), Lead.company.contains(ref, autoescape=True)]
    both = sa.literal(ref) == Lead.company + Lead.name
    for condition in (*tries, both, *loose):
        query = sa.select(Lead).where(condition, Lead.status == "open", access.leads(actor)).limit(MAX_CANDIDATES)
        found = session.scalars(query.order_by(Lead.id.desc())).all() if ref else ()
        if len(found) > 1:
            raise Ambiguous("lead", ref, tuple(Candidate(row.id, label(row)) for row in found))
        if found:
            return find(session, actor, found[0].id)
    raise NoSuchLead(spoken=ref)


def label(lead: Lead) -> str:
    """A lead as told apart: company and name."""
    return " ".join(dict.fromkeys(part for part in (lead.company, lead.name) if part))


def owner_of(session: Session, lead: Lead) -> str:
    """The owner's name, "" for nobody."""
    owner = session.get(Member, lead.owner_id) if lead.owner_id is not None else None
    return owner.name if owner is not None else ""


# --- what becomes of it


def take(session: Session, actor: Actor, ref: Ref) -> Lead:
    """A lead that nobody has is the actor's. Raises NotOpen where somebody has it, and as `find`."""
    lead = find(session, actor, ref)
    if lead.owner_id is not None:
        raise NotOpen
    lead.owner_id = actor.member_id
    session.flush()
    return lead


def give(session: Session, actor: Actor, ref: Ref, to: Member | None) -> Lead:
    """To a colleague, or (None) back to where everybody may take it. Raises as `find`."""
    lead = find(session, actor, ref)
    lead.owner_id = to.id if to is not None else None
    session.flush()
    return lead


def discard(session: Session, actor: Actor, ref: Ref, reason: str) -> Lead:
    """无效, with the reason. Raises as `find`."""
    lead = find(session, actor, ref)
    lead.status, lead.reason, lead.key = "invalid", reason.strip()[:255], None
    session.flush()
    return lead


def qualify(session: Session, actor: Actor, ref: Ref, now: datetime) -> Qualified:
    """Customer, contact and, where there is something to sell, a deal; every fact of the lead is carried over.

    Raises as `find`, and what making a customer raises where it is out of sight or in the pool.
    """
    lead = find(session, actor, ref)
    customer = _customer(session, actor, lead, now)
    contact = _contact(session, actor, lead, customer)
    deal = _deal(session, actor, lead, customer, now)
    lead.status, lead.key, lead.owner_id = "qualified", None, lead.owner_id or actor.member_id
    lead.customer_id, lead.contact_id, lead.deal_id = customer.id, contact.id, deal.id if deal is not None else None
    session.flush()
    return Qualified(lead, customer, contact, deal)


def _customer(session: Session, actor: Actor, lead: Lead, now: datetime) -> Customer:
    try:
        customer = customers.create(session, actor, lead.company or lead.name, now)
    except Exists as known:
        customer = session.get_one(Customer, int(known.view.partition(":")[2]))
    customer.region, customer.tier = customer.region or lead.region, customer.tier or lead.tier
    customer.phone = customer.phone or ("" if lead.company else lead.phone)
    return customer


def _contact(session: Session, actor: Actor, lead: Lead, customer: Customer) -> Contact:
    known = session.get(Contact, lead.contact_id) if lead.contact_id is not None else None
    if known is not None:
        contacts.amend(session, known, customer=customer, title=lead.title, phone=lead.phone)
        return known
    person = lead.name if lead.name not in (lead.company, lead.phone) else lead.company or lead.name
    contact, _ = contacts.put(session, actor, person, customer, title=lead.title, phone=lead.phone)
    contact.channel = contact.channel or lead.source
    return contact


def _deal(session: Session, actor: Actor, lead: Lead, customer: Customer, now: datetime) -> Deal | None:
    name = lead.product or lead.need
    if not name:
        return None
    try:
        deal = deals.create(session, actor, customer, name, amount=None, stage=None, now=now)
    except Already as known:
        return session.get(Deal, int(known.view.partition(":")[2]))
    if lead.product:
        deal_facts.note(session, actor, deal, deal_facts.Said(products=(lead.product,)))
    return deal
