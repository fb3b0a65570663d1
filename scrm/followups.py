"""Follow-ups: dated next steps with an owner, which remind at a time that suits people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, audit, lookup
from scrm.access import Actor
from scrm.activities import latest_of
from scrm.errors import Missing, Outdated, Refused
from scrm.hours import DAY_STARTS, Hours
from scrm.models import Activity, Contact, Customer, Deal, FollowUp, Member
from scrm.prepared import Prepared, for_actor
from scrm.versions import Already, check, event_id, hold

R = TypeVar("R", Customer, Contact, Deal, Member)
MAX_ACTION = 255
MANY = 200


class DoneAlready(Already):
    """Completing what is done."""

    sentence = "这条待办已经完成了。"


class CancelledAlready(Already):
    """Cancelling what is cancelled."""

    sentence = "这条待办已经取消了。"


class ClosedFollowUp(Already):
    """Working on a follow-up that is over."""

    sentence = "这条待办已经结束了。"


class SameTime(Already):
    """Rescheduling to the time it has."""

    sentence = "已经安排在这个时间了。"


class PlannedAlready(Already):
    """Scheduling what is planned at that moment already."""

    sentence = "这个时间已经安排了跟进，没有重复新建。"


class TooLate(Refused):
    """Keeping a time that has gone by."""

    sentence = "原定时间已经过了，请直接改时间。"


class NothingOpen(Refused):
    """The customer has no open follow-up."""

    sentence = "「{customer}」没有未完成的待办。"


class NothingToDo(Refused):
    """The speaker has no open follow-up."""

    sentence = "您没有未完成的待办。"


class WhichFollowUp(Missing):
    """Several open follow-ups fit; `choices` are what the question offers."""

    sentence = "是哪一条待办？"

    def __init__(self, choices: Sequence[FollowUp]) -> None:
        super().__init__("followup", self.sentence, tuple((row.action or str(row.id), row.id) for row in choices))
        self.choices = choices


# --- changes


def schedule(
    session: Session, actor: Actor, hours: Hours, customer: Customer, *, due_at: datetime, all_day: bool, now: datetime,
    contact: Contact | None = None, deal: Deal | None = None, activity: Activity | None = None, action: str = "",
) -> FollowUp:  # fmt: skip
    """A next step of the actor; one that is planned for the same customer and moment already is not doubled."""
    known = planned(session, actor, customer, due_at)
    if known is not None:
        return known
    row = FollowUp(
        customer_id=customer.id, contact_id=contact.id if contact else None, deal_id=deal.id if deal else None,
        activity_id=activity.id if activity else None, owner_id=actor.member_id, action=action[:MAX_ACTION], due_at=due_at,
        all_day=all_day, remind_at=hours.reminder(due_at, all_day, now), status="open", version=1, event_id=event_id(session),
    )  # fmt: skip
    audit.add(session, row)
    return row


def planned(session: Session, actor: Actor, customer: Customer, due_at: datetime) -> FollowUp | None:
    """The actor's open follow-up of this customer at this very moment, if there is one."""
    known = _PLANNED.records(session, {"customer": customer.id, "owner": actor.member_id, "due": due_at})
    return next(iter(known), None)


_PLANNED = Prepared(
    sa.select(FollowUp).where(
        FollowUp.customer_id == sa.bindparam("customer"),
        FollowUp.owner_id == sa.bindparam("owner"),
        FollowUp.due_at == sa.bindparam("due"),
        FollowUp.status == "open",
    )
)


def complete(session: Session, actor: Actor, row: FollowUp, *, version: int | None, now: datetime) -> None:
    """Done. Raises DoneAlready, ClosedFollowUp or Outdated."""
    _open_only(session, actor, row, version, DoneAlready if hold(session, row).status == "done" else ClosedFollowUp)
    row.status, row.done_at = "done", now
    row.version += 1


def cancel(session: Session, actor: Actor, row: FollowUp, *, version: int | None) -> None:
    """Not needed any more. Raises CancelledAlready, ClosedFollowUp or Outdated."""
    _open_only(
        session, actor, row, version, CancelledAlready if hold(session, row).status == "cancelled" else ClosedFollowUp
    )
    row.status = "cancelled"
    row.version += 1


def reschedule(
    session: Session,
    actor: Actor,
    hours: Hours,
    row: FollowUp,
    due_at: datetime,
    all_day: bool,
    *,
    version: int | None,
    now: datetime,
) -> None:
    """Agree on another time; it will alert again. Raises SameTime, ClosedFollowUp or Outdated."""
    _open_only(session, actor, hold(session, row), None, ClosedFollowUp)
    if row.due_at == due_at:
        raise SameTime(view(row))
    check(session, actor, row, version, view(row))
    row.due_at, row.all_day = due_at, all_day
    row.remind_at = hours.reminder(due_at, all_day, now)
    row.alerted_at = row.escalated_at = None
    row.version += 1


def keep(session: Session, actor: Actor, row: FollowUp, *, version: int | None, now: datetime) -> None:
    """Alert at the agreed time even in quiet hours or on a day off. Raises TooLate, SameTime, ClosedFollowUp or Outdated."""
    _open_only(session, actor, hold(session, row), version, ClosedFollowUp)
    if row.remind_at == row.due_at:
        raise SameTime(view(row))
    if row.due_at <= now:
        raise TooLate
    row.remind_at = row.due_at


def check_open(session: Session, actor: Actor, row: FollowUp, version: int | None) -> None:
    """Raises ClosedFollowUp or Outdated, for a question that comes before the change."""
    _open_only(session, actor, row, version, ClosedFollowUp)


def _open_only(session: Session, actor: Actor, row: FollowUp, version: int | None, otherwise: type[Already]) -> None:
    if row.status != "open":
        raise otherwise(view(row))
    check(session, actor, row, version, view(row))


def is_past(hours: Hours, due_at: datetime, all_day: bool, now: datetime) -> bool:
    """Whether a moment, or a whole day, lies behind."""
    return hours.day(due_at) < hours.day(now) if all_day else due_at <= now


def postponed(row: FollowUp, to: str, hours: Hours, now: datetime) -> datetime:
    """The moment a button means: "hour" from now or from the due time, "tomorrow" at the same clock, "monday" at nine.

    Raises Outdated for any other word.
    """
    if to == "hour":
        return max(row.due_at, now).replace(microsecond=0) + timedelta(hours=1)
    today = hours.day(now)
    if to == "tomorrow":
        clock = DAY_STARTS if row.all_day else row.due_at.astimezone(hours.zone).time()
        return hours.at(today + timedelta(days=1), clock)
    if to == "monday":
        return hours.at(today + timedelta(days=7 - today.weekday()), DAY_STARTS)
    raise Outdated(view(row))


def offers(hours: Hours, now: datetime) -> dict[str, datetime]:
    """Times worth offering when none was said: in two hours if that is still today, tomorrow, the day after, next Monday."""
    today = hours.day(now)
    later = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
    days = {
        "tomorrow": today + timedelta(days=1), "day_after": today + timedelta(days=2),
        "monday": today + timedelta(days=7 - today.weekday()),
    }  # fmt: skip
    found = {"hours": later} if hours.day(later) == today and not hours.is_quiet(later) else {}
    return found | {name: hours.at(day, DAY_STARTS) for name, day in days.items()}


# --- which one


def find(
    session: Session, actor: Actor, followup: int | None, customer: lookup.Ref | None, until: datetime
) -> FollowUp:
    """The follow-up meant: by id, else the customer's open one, else the actor's open one due before `until`.

    Raises NotFound, lookup errors, NothingOpen, NothingToDo or WhichFollowUp.
    """
    if followup is not None:
        return lookup.by_id(session, actor, FollowUp, followup)
    if customer is not None:
        company = lookup.customer(session, actor, customer)
        return _only(open_with(session, actor, company), NothingOpen(customer=company.name))
    mine = sa.select(FollowUp).where(FollowUp.owner_id == actor.member_id, FollowUp.status == "open")
    ordered = mine.order_by(FollowUp.due_at, FollowUp.id).limit(lookup.MAX_CANDIDATES)
    due = session.scalars(ordered.where(FollowUp.due_at < until)).all()
    return _only(due or session.scalars(ordered).all(), NothingToDo())


def _only(found: Sequence[FollowUp], nothing: Refused) -> FollowUp:
    if not found:
        raise nothing
    if len(found) > 1:
        raise WhichFollowUp(found)
    return found[0]


def open_with(session: Session, actor: Actor, customer: Customer) -> Sequence[FollowUp]:
    """The open follow-ups of a customer, soonest first: the actor's own, else those of others in sight."""
    found: list[FollowUp] = _open_of(actor).records(session, {"customer": customer.id})
    return [row for row in found if row.owner_id == actor.member_id] or found


def own_before(
    session: Session, actor: Actor, customer: Customer, until: datetime, *, but: FollowUp | None
) -> FollowUp | None:
    """The actor's first open follow-up of a customer that is due before `until`, other than `but`."""
    values = {"customer": customer.id, "owner": actor.member_id, "until": until, "but": but.id if but else 0}
    return next(iter(_OWN_BEFORE.records(session, values)), None)


_OWN_BEFORE = Prepared(
    sa.select(FollowUp)
    .where(
        FollowUp.customer_id == sa.bindparam("customer"), FollowUp.owner_id == sa.bindparam("owner"), FollowUp.status == "open",
        FollowUp.due_at < sa.bindparam("until"), FollowUp.id != sa.bindparam("but"),
    )
    .order_by(FollowUp.due_at, FollowUp.id)
    .limit(1)
)  # fmt: skip


@for_actor
def _open_of(actor: Actor) -> sa.Select[Any]:
    query = sa.select(FollowUp).where(
        FollowUp.customer_id == sa.bindparam("customer"), FollowUp.status == "open", access.followups(actor)
    )
    return query.order_by(FollowUp.due_at, FollowUp.id).limit(lookup.MAX_CANDIDATES)


# --- what they look like


@dataclass(frozen=True, slots=True)
class Seen:
    """A follow-up with what a card shows beside it; `last` is the customer's newest activity."""

    row: FollowUp
    customer: Customer
    contact: Contact | None
    deal: Deal | None
    owner: Member
    last: Activity | None = None


@dataclass(frozen=True, slots=True)
class Todo:
    """A member's open follow-ups by when they are due, each in order."""

    overdue: list[Seen]
    today: list[Seen]
    later: list[Seen]


def see_all(session: Session, found: Iterable[FollowUp]) -> list[Seen]:
    """Follow-ups as cards show them, in the order given, with a handful of queries for all of them."""
    many = list(found)
    customers = _by_id(session, Customer, (row.customer_id for row in many))
    contacts = _by_id(session, Contact, (row.contact_id for row in many))
    dealings = _by_id(session, Deal, (row.deal_id for row in many))
    owners = _by_id(session, Member, (row.owner_id for row in many))
    newest = latest_of(session, [customer.id for customer in customers.values()])
    return [
        Seen(
            row, customers[row.customer_id], contacts.get(row.contact_id), dealings.get(row.deal_id), owners[row.owner_id],
            newest.get(row.customer_id),
        )
        for row in many
    ]  # fmt: skip


def _by_id(session: Session, kind: type[R], ids: Iterable[int | None]) -> dict[int | None, R]:
    wanted = {ident for ident in ids if ident is not None}
    return {row.id: row for row in session.scalars(sa.select(kind).where(kind.id.in_(wanted)))} if wanted else {}


def see(session: Session, row: FollowUp) -> Seen:
    """One follow-up as its card shows it."""
    return see_all(session, [row])[0]


def todo(session: Session, actor: Actor, hours: Hours, now: datetime) -> Todo:
    """The actor's open follow-ups (the first 200): overdue, still today, later."""
    query = sa.select(FollowUp).where(FollowUp.owner_id == actor.member_id, FollowUp.status == "open")
    seen = see_all(session, session.scalars(query.order_by(FollowUp.due_at, FollowUp.id).limit(MANY)))
    tomorrow = hours.at(hours.day(now) + timedelta(days=1), time())
    return Todo(
        [one for one in seen if overdue_since(one.row, hours) < now],
        [one for one in seen if overdue_since(one.row, hours) >= now and one.row.due_at < tomorrow],
        [one for one in seen if overdue_since(one.row, hours) >= now and one.row.due_at >= tomorrow],
    )


def open_count(session: Session, owner_id: int) -> int:
    """How many follow-ups a member has open."""
    mine = sa.and_(FollowUp.owner_id == owner_id, FollowUp.status == "open")
    return session.scalar(sa.select(sa.func.count()).select_from(FollowUp).where(mine)) or 0


def overdue_since(row: FollowUp, hours: Hours) -> datetime:
    """When it becomes overdue: its due time, or the end of its day when only the day was said."""
    return hours.at(hours.day(row.due_at) + timedelta(days=1), time()) if row.all_day else row.due_at


def view(row: FollowUp) -> str:
    """The name of the card that shows a follow-up."""
    return f"followup:{row.id}"
