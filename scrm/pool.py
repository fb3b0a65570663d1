"""The public pool 公海: customers nobody owns. Put back, looked at, claimed within limits, given to somebody by a manager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access
from scrm.access import Actor
from scrm.errors import Ambiguous, Candidate, Refused
from scrm.lookup import MAX_CANDIDATES, Ref, name_key
from scrm.models import Customer, Deal, FollowUp, Member, PoolClaim, PoolEntry, PoolRule
from scrm.pipeline import LIVE
from scrm.versions import held

PAGE = 5  # each has a button, and one is left for the next page
LAST_PAGE = 100_000
MOST = 9_999
PER_DAY, HOLDS, COOLDOWN_DAYS = 10, 0, 7  # until an admin says otherwise


class NotYours(Refused):
    """Only the owner, or whoever leads the owner, gives a customer away."""

    sentence = "「{customer}」不是您或您团队负责的客户。"


class HasItAlready(Refused):
    """Passed on to the one who has it."""

    sentence = "「{customer}」已经由{owner}负责。"


class Taken(Refused):
    """Somebody was faster: neither who nor what it was is said, since any number may be on a button."""

    sentence = "这个客户已经不在公海了，可能刚被领走。"


class NotInPool(Refused):
    """No customer of this name is in the pool."""

    sentence = "公海里没有「{spoken}」。说「公海」看有哪些客户可以领。"


class CoolingDown(Refused):
    """Whoever had it cannot have it back at once."""

    sentence = "「{customer}」之前由您负责，{month}月{day}日之后才能再领。急的话，请主管分配给您。"


class DayIsFull(Refused):
    """The day's limit."""

    sentence = "今天已经领了 {many} 个，每人每天最多领 {many} 个。"


class HandsAreFull(Refused):
    """The limit of what one may own."""

    sentence = "您名下已有 {have} 个客户，满 {holds} 个就不能再领了。先把跟不动的放回公海。"


class NotInTeam(Refused):
    """A manager gives to the own team."""

    sentence = "{name}不在您的团队里，只能分配给自己团队的人。"


class BadRule(Refused):
    """Numbers out of range."""

    sentence = "公海规则的数字要在 0 到 9999 之间，0 表示不限。例如：公海规则 每人每天最多领5个，最多持有100个，冷却7天"


@dataclass(frozen=True, slots=True)
class Pooled:
    """A customer in the pool as one who may claim it sees it; `previous` is "" where nobody had it."""

    customer: Customer
    entry: PoolEntry | None
    previous: str
    deals: Sequence[Deal]


# --- the rule


def rule(session: Session) -> PoolRule:
    """The rule that holds; not saved where nobody has set one."""
    found = session.scalars(sa.select(PoolRule).where(PoolRule.scope == "")).one_or_none()
    return found or PoolRule(scope="", per_day=PER_DAY, holds=HOLDS, cooldown_days=COOLDOWN_DAYS)


def define(
    session: Session, actor: Actor, *, per_day: int | None, holds: int | None, cooldown_days: int | None
) -> PoolRule:
    """The rule from now on; what is None stays as it is. Raises BadRule."""
    kept = rule(session)
    for name, value in (("per_day", per_day), ("holds", holds), ("cooldown_days", cooldown_days)):
        if value is not None and not 0 <= value <= MOST:
            raise BadRule
        if value is not None:
            setattr(kept, name, value)
    kept.set_by = actor.member_id
    session.add(kept)
    session.flush()
    return kept


# --- looking


def page_of(session: Session, actor: Actor, page: int) -> tuple[Sequence[Customer], int]:
    """One page of the pool, what came last first, and how many there are."""
    page = min(max(page, 0), LAST_PAGE)
    total = session.scalar(sa.select(sa.func.count()).select_from(Customer).where(access.pool(actor))) or 0
    query = (
        sa.select(Customer)
        .outerjoin(PoolEntry, PoolEntry.customer_id == Customer.id)
        .where(access.pool(actor))
        .order_by(sa.nulls_last(PoolEntry.released_at.desc()), Customer.id.desc())
    )
    return session.scalars(query.limit(PAGE).offset(page * PAGE)).all(), total


def find(session: Session, actor: Actor, ref: Ref, *, lock: bool = False) -> Customer:
    """The customer in the pool, by id or name. Raises Taken, NotInPool or Ambiguous; `lock` holds it till the end."""
    if isinstance(ref, int):
        query = sa.select(Customer).where(Customer.id == ref, access.pool(actor))
        row = session.scalars(held(query) if lock else query).one_or_none()
        if row is None:
            raise Taken
        return row
    key = name_key(ref)
    for named in (Customer.name_key == key, Customer.name_key.contains(key, autoescape=True)):
        query = sa.select(Customer).where(named, access.pool(actor)).order_by(Customer.id).limit(MAX_CANDIDATES)
        found = session.scalars(query).all() if key else ()
        if len(found) > 1:
            raise Ambiguous("customer", ref, tuple(Candidate(row.id, row.name) for row in found))
        if found:
            return find(session, actor, found[0].id, lock=lock)
    raise NotInPool(spoken=ref)


def look(session: Session, actor: Actor, ref: Ref) -> Pooled:
    """What there is to know before claiming it. Raises as `find`."""
    customer = find(session, actor, ref)
    entry = _entry(session, customer.id)
    owner = session.get(Member, entry.previous_owner_id) if entry is not None and entry.previous_owner_id else None
    query = sa.select(Deal).where(Deal.customer_id == customer.id, Deal.status.in_(LIVE)).order_by(Deal.id).limit(3)
    return Pooled(customer, entry, owner.name if owner is not None else "", session.scalars(query).all())


def _entry(session: Session, customer_id: int) -> PoolEntry | None:
    return session.scalars(sa.select(PoolEntry).where(PoolEntry.customer_id == customer_id)).one_or_none()


# --- in and out


def release(session: Session, actor: Actor, customer: Customer, reason: str, now: datetime) -> None:
    """Into the pool, with deals, notes and tasks. Raises NotYours."""
    _give(actor, customer)
    change_hands(session, [customer], {customer.id: None}, now, reason)


def pass_on(session: Session, actor: Actor, customer: Customer, to: Member, now: datetime) -> None:
    """To a colleague. Raises NotYours or HasItAlready."""
    _give(actor, customer)
    if to.id == customer.owner_id:
        raise HasItAlready(customer=customer.name, owner=to.name)
    change_hands(session, [customer], {customer.id: to.id}, now)


def _give(actor: Actor, customer: Customer) -> None:
    if customer.owner_id is None or not (actor.sees_all or customer.owner_id in actor.team):
        raise NotYours(customer=customer.name)


def claim(session: Session, actor: Actor, ref: Ref, zone: ZoneInfo, now: datetime) -> Customer:
    """It is the actor's own from now on. Raises CoolingDown, DayIsFull, HandsAreFull, and as `find`; one of two at once gets it."""
    customer = find(session, actor, ref, lock=True)
    if actor.member_id is None:
        raise Taken
    limits, me, entry = rule(session), actor.member_id, _entry(session, customer.id)
    if entry is not None:
        cooled(limits, me, customer.name, entry.previous_owner_id, entry.released_at, now.astimezone(zone))
    mine = sa.select(sa.func.count()).select_from(Customer).where(Customer.owner_id == me)
    if limits.holds and (have := session.scalar(mine) or 0) >= limits.holds:
        raise HandsAreFull(have=have, holds=limits.holds)
    count(session, limits, PoolClaim(customer_id=customer.id, member_id=me, claimed_on=now.astimezone(zone).date()))
    change_hands(session, [customer], {customer.id: me}, now)
    return customer


def count(session: Session, limits: PoolRule, taken: PoolClaim) -> None:
    """What a member takes counts as one of the day. Raises DayIsFull; of one member's two at once the second waits."""
    session.execute(sa.select(Member.id).where(Member.id == taken.member_id).with_for_update())
    claims = sa.select(PoolClaim.nth).where(
        PoolClaim.member_id == taken.member_id, PoolClaim.claimed_on == taken.claimed_on
    )
    numbers = set(session.scalars(claims))
    if limits.per_day and len(numbers) >= limits.per_day:
        raise DayIsFull(many=limits.per_day)
    taken.nth = next(
        number for number in range(1, len(numbers) + 2) if number not in numbers
    )  # one undone leaves a gap
    session.add(taken)
    session.flush()


def cooled(
    limits: PoolRule, me: int, name: str, previous: int | None, released_at: datetime | None, now: datetime
) -> None:
    """Raises CoolingDown for whoever put it back less than the rule's days before `now`, a local moment."""
    if previous != me or released_at is None or not limits.cooldown_days:
        return
    free_on = released_at.astimezone(now.tzinfo).date() + timedelta(days=limits.cooldown_days)
    if now.date() < free_on:
        raise CoolingDown(customer=name, month=free_on.month, day=free_on.day)


def assign(session: Session, actor: Actor, ref: Ref, to: Member, now: datetime) -> Customer:
    """A manager gives it to somebody of the team, whatever the limits. Raises NotInTeam, and as `find`."""
    customer = find(session, actor, ref, lock=True)
    if not (actor.sees_all or to.id in actor.team):
        raise NotInTeam(name=to.name)
    change_hands(session, [customer], {customer.id: to.id}, now)
    return customer


def change_hands(
    session: Session, customers: Sequence[Customer], to: Mapping[int, int | None], now: datetime, reason: str = ""
) -> None:
    """Customers with their live deals and open tasks; None = into the pool. Four reads whatever their number.

    A task stays with whoever had it until somebody takes the customer.
    """
    ids = [customer.id for customer in customers]
    entries = {
        one.customer_id: one for one in session.scalars(sa.select(PoolEntry).where(PoolEntry.customer_id.in_(ids)))
    }
    before = {customer.id: customer.owner_id for customer in customers}
    had = {ident: owner or _previous(entries.get(ident)) for ident, owner in before.items()}
    for customer in customers:
        customer.owner_id = to[customer.id]
        customer.version += 1
        if customer.owner_id is None:
            entry = entries.get(customer.id) or PoolEntry(customer_id=customer.id)
            entry.previous_owner_id, entry.released_at, entry.reason = before[customer.id], now, reason[:255]
            session.add(entry)
    for deal in session.scalars(sa.select(Deal).where(Deal.customer_id.in_(ids), Deal.status.in_(LIVE))):
        if deal.owner_id == before[deal.customer_id]:
            deal.owner_id = to[deal.customer_id]
            deal.version += 1
    for row in session.scalars(sa.select(FollowUp).where(FollowUp.customer_id.in_(ids), FollowUp.status == "open")):
        heir = to[row.customer_id]
        if heir is not None and row.owner_id == had[row.customer_id]:
            row.owner_id = heir
            row.version += 1
    session.flush()


def _previous(entry: PoolEntry | None) -> int | None:
    return entry.previous_owner_id if entry is not None else None
