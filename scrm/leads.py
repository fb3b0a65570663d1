"""Leads 线索: noted from any door, given out by rule, taken within the pool's limits, put back, or struck out with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, lead_rules, pool
from scrm.access import Actor
from scrm.company_names import phone as digits_of
from scrm.errors import AlreadySo, Ambiguous, Candidate, NotFound, Refused
from scrm.hours import Hours
from scrm.lookup import MAX_CANDIDATES, Ref
from scrm.models import Channel, Contact, Lead, Member, PoolClaim
from scrm.pool import NotInTeam
from scrm.versions import held

PAGE = 5
LAST_PAGE = 100_000
WAITING = 500  # given out in one transaction
MOST = Decimal("1e15")  # what fits into `Lead.amount`
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


class Yours(AlreadySo):
    """Taken already, by the one who takes it."""

    sentence = "这条线索已经由您跟进。"

    def __init__(self, lead: Lead) -> None:
        super().__init__(f"lead:{lead.id}", self.sentence)


class Gone(Refused):
    """Somebody was faster, who is in sight."""

    sentence = "这条线索已经有人跟进了。"


class TakeItFirst(Refused):
    """What nobody has is not a rep's to strike out for everybody."""

    sentence = "这条线索还没有人领。先领取，再标无效。"


class NotAnybodys(Refused):
    """Put back already."""

    sentence = "这条线索本来就没有人领，谁都可以领取。"


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
    amount: Decimal | None = None


def phone_key(phone: str) -> str | None:
    """A number as it is compared; None for none."""
    return digits_of(phone) or None


def create(session: Session, actor: Actor, said: Said, hours: Hours, now: datetime, *, mine: bool = True) -> Lead:
    """A new lead: the actor's own, or (not `mine`) of whose turn it is. Raises Known, KnownElsewhere, NoName."""
    lead = note(session, actor, said)
    if mine:
        lead.owner_id = actor.member_id
    else:
        lead.owner_id, lead.waits = lead_rules.whose_turn(lead_rules.roster(session, hours, now), lead, now)
    session.flush()
    return lead


def note(session: Session, actor: Actor, said: Said, *, owner_id: int | None = None, waits: bool = False) -> Lead:
    """A new lead of this owner; one that `waits` is seen to by the next run of the job. Raises as `create`."""
    values = {name: getattr(said, name).strip()[:size] for name, size in _SIZES.items()}
    values["name"] = values["name"] or values["company"] or values["phone"]
    if not values["name"]:
        raise NoName
    key = phone_key(values["phone"])
    amount = said.amount if said.amount is not None and 0 <= said.amount < MOST else None
    lead = Lead(**values, key=key, status="open", amount=amount, owner_id=owner_id, waits=waits)
    try:
        with session.begin_nested():
            session.add(lead)
            session.flush()
    except sa.exc.IntegrityError:
        _raise_known(session, actor, key)
    return lead


def _raise_known(session: Session, actor: Actor, key: str | None) -> None:
    query = sa.select(Lead.id).where(Lead.key == key, access.leads(actor))
    seen = session.scalar(query)
    if seen is not None:
        raise Known(f"lead:{seen}")
    raise KnownElsewhere


def from_channel(session: Session, contact: Contact) -> Lead | None:
    """Who came through a channel set so and is of no customer is a lead of the contact's owner, once; None for others."""
    ours = sa.select(Channel.id).where(Channel.name == contact.channel, Channel.makes_leads)
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


def take(session: Session, actor: Actor, ref: Ref, hours: Hours, now: datetime) -> Lead:
    """A lead that nobody has is the actor's. Raises Yours, Gone, CoolingDown, DayIsFull, and as `find`."""
    lead = find(session, actor, ref)
    me = actor.member_id
    if lead.owner_id is not None or me is None:
        raise Yours(lead) if lead.owner_id == me else Gone
    limits, local = pool.rule(session), now.astimezone(hours.zone)
    pool.cooled(limits, me, label(lead), lead.previous_owner_id, lead.released_at, local)
    pool.count(session, limits, PoolClaim(lead_id=lead.id, member_id=me, claimed_on=local.date()))
    lead.owner_id, lead.waits = me, False
    session.flush()
    return lead


def give(session: Session, actor: Actor, ref: Ref, to: Member) -> Lead:
    """To a colleague of the team, whatever the limits. Raises NotInTeam, and as `find`."""
    lead = find(session, actor, ref)
    if not (actor.sees_all or to.id in actor.team):
        raise NotInTeam(name=to.name)
    lead.owner_id, lead.waits, lead.contacted_at = to.id, False, None
    session.flush()
    return lead


def free(session: Session, actor: Actor, ref: Ref, now: datetime) -> Lead:
    """Back to where whoever sells may take it; whoever had it waits out the cooldown. Raises NotAnybodys, and as `find`."""
    lead = find(session, actor, ref)
    if lead.owner_id is None:
        raise NotAnybodys
    lead.previous_owner_id, lead.released_at = lead.owner_id, now
    lead.owner_id, lead.contacted_at = None, None
    session.flush()
    return lead


def contact(session: Session, actor: Actor, ref: Ref, now: datetime) -> Lead:
    """Its owner sets out to call: the first time is kept. Raises as `find`."""
    lead = find(session, actor, ref)
    if lead.owner_id == actor.member_id and lead.contacted_at is None:
        lead.contacted_at = now
        session.flush()
    return lead


def discard(session: Session, actor: Actor, ref: Ref, reason: str) -> Lead:
    """无效, with the reason. Raises TakeItFirst, and as `find`."""
    lead = find(session, actor, ref)
    if lead.owner_id is None and actor.role == "rep":
        raise TakeItFirst
    lead.status, lead.reason, lead.key, lead.waits = "invalid", reason.strip()[:255], None, False
    session.flush()
    return lead


def give_out(session: Session, hours: Hours, now: datetime) -> Sequence[Lead]:
    """Leads that waited and have an owner now, the oldest first; those that no rule is for wait no longer."""
    query = sa.select(Lead).where(Lead.waits, Lead.status == "open").order_by(Lead.id).limit(WAITING)
    waiting = session.scalars(held(query)).all()
    if not waiting:
        return ()
    roster = lead_rules.roster(session, hours, now)
    for lead in waiting:
        if lead.owner_id is None:
            lead.owner_id, lead.waits = lead_rules.whose_turn(roster, lead, now)
        else:
            lead.waits = False
    session.flush()
    return [lead for lead in waiting if lead.owner_id is not None]
