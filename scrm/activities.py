"""What happened with a customer: visits, calls and the like, in the words they were told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from scrm import access, audit, contacts, deals, lookup
from scrm.access import Actor
from scrm.db import one_of, table_of
from scrm.errors import Ambiguous, Missing, NotFound, Refused, UnknownName
from scrm.lookup import Ref
from scrm.models import Activity, ActivityContact, CheckIn, Contact, Customer, Deal, FollowUp
from scrm.prepared import Prepared
from scrm.versions import event_id

MAX_PLACE = 255
RECENT = 8


class WhichCustomer(Missing):
    """Something happened or is to happen, but with whom was not said: asked with the customers last worked on."""

    sentence = "是哪个客户？"

    def __init__(self, options: tuple[tuple[str, int], ...]) -> None:
        super().__init__("customer", self.sentence, options)


@dataclass(frozen=True, slots=True)
class Told:
    """What was said about an activity; `summary` keeps the spoken words, `amount` is yuan."""

    summary: str
    kind: str
    happened_at: datetime
    amount: Decimal | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """An activity with what its card shows beside it. `new` are the contacts that were first heard of in it."""

    activity: Activity
    customer: Customer
    contacts: tuple[Contact, ...]
    deal: Deal | None
    next: FollowUp | None = None
    new: frozenset[int] = frozenset()


# --- with whom


def customer_of(
    session: Session, actor: Actor, customer: Ref | None, deal: Ref | None, people: Sequence[Ref]
) -> Customer:
    """The customer meant: named, else the deal's or a known contact's, else asked for. Raises lookup errors or WhichCustomer."""
    if customer is not None:
        return lookup.customer(session, actor, customer)
    named = deal_named(session, actor, deal, None)
    if named is not None:
        return session.get_one(Customer, named.customer_id)
    for ref in people:
        try:
            person = lookup.contact(session, actor, ref)
        except UnknownName:
            continue
        except Ambiguous as several:
            raise _of_contacts(several) from several
        if person.customer_id is not None:
            return lookup.customer(session, actor, person.customer_id)
    raise WhichCustomer(tuple((row.name, row.id) for row in recent_customers(session, actor)))


def deal_named(session: Session, actor: Actor, deal: Ref | None, customer: Customer | None) -> Deal | None:
    """The deal an activity names; an unknown name is no reason to lose the activity. Raises Ambiguous."""
    if deal is None:
        return None
    try:
        return deals.find(session, actor, deal, customer.id if customer else None)
    except (UnknownName, Refused):
        return None


def recent_customers(session: Session, actor: Actor) -> Sequence[Customer]:
    """Customers in sight that the actor worked on last; those owned, where nothing happened yet."""
    mine = sa.select(Activity.customer_id, sa.func.max(Activity.id).label("latest")).where(
        Activity.member_id == actor.member_id
    )
    latest = mine.group_by(Activity.customer_id).subquery()
    query = (
        sa.select(Customer)
        .outerjoin(latest, latest.c.customer_id == Customer.id)
        .where(access.customers(actor), sa.or_(latest.c.latest.is_not(None), Customer.owner_id == actor.member_id))
        .order_by(sa.func.coalesce(latest.c.latest, 0).desc(), Customer.updated_at.desc())
        .limit(RECENT)
    )
    return session.scalars(query).all()


def met_with(
    session: Session, actor: Actor, customer: Customer, refs: Sequence[Ref]
) -> tuple[list[Contact], frozenset[int]]:
    """The contacts met, and the ids of those first heard of now, who are written down on the way. Raises Ambiguous."""
    met: list[Contact] = []
    new: set[int] = set()
    for ref in dict.fromkeys(refs):
        if isinstance(ref, int):
            met.append(lookup.contact(session, actor, ref))
            continue
        try:
            person, is_new = contacts.put(session, actor, ref, customer)
        except Ambiguous as several:
            raise _of_contacts(several) from several
        met.append(person)
        new |= {person.id} if is_new else set()
    return list(dict.fromkeys(met)), frozenset(new)


def _of_contacts(several: Ambiguous) -> Ambiguous:
    return Ambiguous("contacts", several.spoken, several.candidates)


def recorded_now(session: Session, customer: Customer) -> bool:
    """Whether the event that is being handled has written an activity of this customer down."""
    event = event_id(session)
    query = sa.select(Activity.id).where(Activity.event_id == event, Activity.customer_id == customer.id).limit(1)
    return event is not None and session.scalars(query).first() is not None


# --- writing down


def log(
    session: Session,
    actor: Actor,
    customer: Customer,
    told: Told,
    *,
    people: Sequence[Ref] = (),
    deal: Deal | None = None,
    zone: ZoneInfo,
) -> Seen:
    """Write an activity down; a visit takes the place of the member's unused check-in of that day (local to `zone`)."""
    met, new = met_with(session, actor, customer, people)
    check_in = _check_in(session, actor, told, zone)
    activity = Activity(
        customer_id=customer.id, deal_id=deal.id if deal else None, member_id=actor.member_id, kind=told.kind,
        happened_at=told.happened_at, summary=told.summary, amount=told.amount,
        place=(told.place or _place(check_in))[:MAX_PLACE], event_id=event_id(session),
    )  # fmt: skip
    audit.add(session, activity)
    session.add_all(ActivityContact(activity_id=activity.id, contact_id=person.id) for person in met)
    if check_in is not None:
        check_in.used_by = activity.id
    session.flush()
    _note_contact(session, customer, told.happened_at)
    return Seen(activity, customer, tuple(met), deal, new=new)


def remark(session: Session, actor: Actor, deal: Deal, words: str, now: datetime) -> Activity:
    """Write down what a colleague says about a deal: among its records, but nothing that happened with the customer."""
    activity = Activity(
        customer_id=deal.customer_id, deal_id=deal.id, member_id=actor.member_id, kind="note", happened_at=now,
        summary=words, event_id=event_id(session),
    )  # fmt: skip
    session.add(activity)
    session.flush()
    return activity


def _check_in(session: Session, actor: Actor, told: Told, zone: ZoneInfo) -> CheckIn | None:
    if told.kind != "visit" or told.place:
        return None
    start = told.happened_at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    day = {"member": actor.member_id, "start": start, "end": start + timedelta(days=1)}
    return next(iter(_UNUSED_CHECK_IN.records(session, day)), None)


_UNUSED_CHECK_IN = Prepared(
    sa.select(CheckIn)
    .where(
        CheckIn.member_id == sa.bindparam("member"), CheckIn.used_by.is_(None),
        CheckIn.at >= sa.bindparam("start"), CheckIn.at < sa.bindparam("end"),
    )
    .order_by(CheckIn.at.desc())
    .limit(1)
)  # fmt: skip


def _place(check_in: CheckIn | None) -> str:
    if check_in is None:
        return ""
    return check_in.label or f"{check_in.latitude:.5f},{check_in.longitude:.5f}"


def _note_contact(session: Session, customer: Customer, at: datetime) -> None:
    # Derived from the activities, hence below the audit: otherwise each visit would keep the one before from being undone.
    if _LAST_CONTACT.run(session, {"customer": customer.id, "at": at}):
        set_committed_value(customer, "last_activity_at", at)


_LAST_CONTACT = Prepared(
    sa.update(table_of(Customer))
    .where(
        Customer.id == sa.bindparam("customer"),
        sa.or_(Customer.last_activity_at.is_(None), Customer.last_activity_at < sa.bindparam("at")),
    )
    .values(last_activity_at=sa.bindparam("at"))
)


def recount(session: Session, customer_ids: Collection[int], without: int | None = None) -> None:
    """Set `last_activity_at` of these customers from their activities, when one was moved, or (`without`) is about to go."""
    left = sa.select(sa.func.max(Activity.happened_at)).where(Activity.customer_id == Customer.id)
    latest = left.where(Activity.id != without) if without is not None else left
    change = sa.update(Customer).where(Customer.id.in_(customer_ids)).values(last_activity_at=latest.scalar_subquery())
    session.execute(change.execution_options(synchronize_session="fetch"))


def supplement(session: Session, activity: Activity, words: str) -> None:
    """Add words to what was said."""
    activity.summary = f"{activity.summary}\n{words.strip()}"
    session.flush()


def move_to(session: Session, activity: Activity, customer: Customer, keep: Collection[int] = ()) -> None:
    """The activity was with another customer: its deal and its people there (except `keep`) no longer fit and are let go."""
    old = activity.customer_id
    met = sa.select(ActivityContact).where(
        ActivityContact.activity_id == activity.id, ActivityContact.contact_id.not_in(keep)
    )
    for link in session.scalars(met):
        session.delete(link)
    activity.customer_id, activity.deal_id = customer.id, None
    session.flush()
    recount(session, (old, customer.id))


# --- reading


def link(session: Session, activity: Activity, deal: Deal) -> None:
    """The record belongs to this deal of its customer; a deal without an amount takes the one said. Raises NotFound."""
    if deal.customer_id != activity.customer_id:
        raise NotFound
    activity.deal_id = deal.id
    if deal.amount is None:
        deals.set_amount(session, deal, activity.amount)


def see(session: Session, actor: Actor, activity_id: int) -> Seen:
    """The activity as its card shows it. Raises NotFound."""
    activity = lookup.by_id(session, actor, Activity, activity_id)
    query = sa.select(Contact).join(ActivityContact, ActivityContact.contact_id == Contact.id)
    met = session.scalars(query.where(ActivityContact.activity_id == activity.id).order_by(Contact.id)).all()
    planned = (
        sa.select(FollowUp)
        .where(FollowUp.activity_id == activity.id, FollowUp.status == "open")
        .order_by(FollowUp.due_at)
    )
    return Seen(
        activity,
        session.get_one(Customer, activity.customer_id),
        tuple(met),
        session.get(Deal, activity.deal_id) if activity.deal_id is not None else None,
        session.scalars(planned.limit(1)).first(),
    )


def last(session: Session, actor: Actor, customer: Customer, limit: int = 3) -> Sequence[Activity]:
    """The customer's last activities in sight, newest first."""
    query = sa.select(Activity).where(Activity.customer_id == customer.id, access.activities(actor))
    return session.scalars(query.order_by(Activity.happened_at.desc(), Activity.id.desc()).limit(limit)).all()


def between(session: Session, actor: Actor, since: datetime, until: datetime, limit: int = 200) -> Sequence[Activity]:
    """The actor's own activities that happened in [since, until), in order."""
    query = sa.select(Activity).where(
        Activity.member_id == actor.member_id, Activity.happened_at >= since, Activity.happened_at < until
    )
    return session.scalars(query.order_by(Activity.happened_at, Activity.id).limit(limit)).all()


def latest_of(session: Session, customer_ids: Collection[int]) -> dict[int, Activity]:
    """Each customer's newest activity, by customer id."""
    found: list[Activity] = _LATEST.records(session, {"customers": customer_ids})
    return {activity.customer_id: activity for activity in found}


def _latest() -> sa.Select[Any]:
    """One look into the index for each customer, however many records there are."""
    theirs = sa.select(_EARLIER.id).where(_EARLIER.customer_id == Customer.id)
    newest = theirs.order_by(_EARLIER.happened_at.desc(), _EARLIER.id.desc()).limit(1).correlate(Customer)
    return sa.select(Activity).where(
        Activity.id.in_(sa.select(newest.scalar_subquery()).where(one_of(Customer.id, "customers")))
    )


_EARLIER = sa.orm.aliased(Activity)
_LATEST = Prepared(_latest())
