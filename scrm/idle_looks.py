"""The daily look at every customer that somebody owns: what its rule asks for today, a batch at a time.

What the clock notes (how far a customer is on its way) goes below the audit log, by conditional UPDATE: a second tick or
replica finds nothing left to claim. The number of statements of a look does not depend on how many customers or reps it covers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scrm import idle, idle_rules, pipelines, progress
from scrm.hours import Hours
from scrm.models import Customer, Deal, Extension, Idle, IdleRule, Stage

BATCH = 200
ENROL = 2000
PAGE, MOST = 500, 20_000  # of a dry run


@dataclass(frozen=True, slots=True)
class Found:
    """A customer for which something is due today."""

    customer: Customer
    owner_id: int
    rule: IdleRule
    due: idle.Due
    since: datetime  # its last progress
    deals: tuple[str, ...]  # its open deals, each with its stage: 年度采购（谈判）


@dataclass(frozen=True, slots=True)
class _Seen:
    customer: Customer
    rule: IdleRule | None
    since: datetime
    deals: tuple[str, ...]
    watched: bool  # by a rule, of an owner, and not asleep until a later day


def enrol(session: Session, now: datetime) -> int:
    """Customers that have an owner and were never looked at get their place, to be looked at now; how many."""
    fresh = (
        sa.select(
            Customer.id, Customer.owner_id, Customer.created_at, Customer.created_at, sa.literal(idle.NONE),
            sa.literal(now, type_=Idle.look_at.type),
        )
        .where(Customer.owner_id.is_not(None), ~sa.exists().where(Idle.customer_id == Customer.id))
        .limit(ENROL)
    )  # fmt: skip
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    columns = ["customer_id", "owner_id", "owned_since", "since", "step", "look_at"]
    place = dialect.insert(Idle.__table__).from_select(columns, fresh).on_conflict_do_nothing()
    return len(session.execute(place.returning(Idle.customer_id)).all())


def look(session: Session, hours: Hours, now: datetime) -> tuple[int, list[Found]]:
    """How many customers were looked at (0: none is left today), and those for which something is due; each is given out once."""
    rules = idle_rules.every(session)
    claimed = _claim(session, _next_look(hours, now), now) if rules else []
    ids = [row.customer_id for row in claimed]
    seen, asked, found = _see(session, ids, rules), _asked(session, ids), []
    for row in claimed:
        one = _due(seen.get(row.customer_id), row, asked, hours, now)
        if one is not None:
            found.append(one)
            row.note(one.due, now)
    if claimed:
        session.execute(sa.update(Idle), [asdict(row) for row in claimed])
    return len(claimed), found


def foresee(session: Session, rules: Sequence[IdleRule], hours: Hours, now: datetime) -> tuple[int, list[Found]]:
    """What these rules would do today, as if it were a working day, with nothing written: how many customers, and which.

    At most the first 20,000 customers.
    """
    found: list[Found] = []
    last = looked = 0
    while looked < MOST:
        query = sa.select(Customer.id).where(Customer.id > last, Customer.owner_id.is_not(None)).order_by(Customer.id)
        ids = session.scalars(query.limit(PAGE)).all()
        if not ids:
            break
        last, looked = ids[-1], looked + len(ids)
        rows, asked = _known(session, ids), _asked(session, ids)
        for ident, one in _see(session, ids, rules).items():
            due = _due(one, rows.get(ident) or _begun(one, now), asked, hours, now)
            found += [due] if due is not None else []
    return looked, found


def standing(session: Session, customer: Customer, hours: Hours, now: datetime) -> Found | None:
    """Where one customer stands today, whether or not something is due; None when no rule watches it."""
    one = _see(session, [customer.id], idle_rules.every(session))[customer.id]
    row = _known(session, [customer.id]).get(customer.id) or _begun(one, now)
    row.catch_up(one, now)
    if one.rule is None or customer.owner_id is None or not one.watched:
        return None
    state, today = _state(row, hours, _asked(session, [customer.id])), hours.day(now)
    ends_on = idle.end(one.rule, state)
    due = idle.Due("remind", ends_on)
    if state.recycle_on is not None and ends_on is not None:
        due = idle.Due("count", ends_on, idle.working_days(today, ends_on))
    return Found(customer, customer.owner_id, one.rule, due, row.since, one.deals)


def _due(
    one: _Seen | None, row: _Row, asked: Mapping[int, Sequence[Extension]], hours: Hours, now: datetime
) -> Found | None:
    """What is due of a customer whose row is brought up to date."""
    row.catch_up(one, now)
    if one is None or one.rule is None or one.customer.owner_id is None or not one.watched:
        return None
    due = idle.due(one.rule, _state(row, hours, asked), hours.day(now))
    return Found(one.customer, one.customer.owner_id, one.rule, due, row.since, one.deals) if due is not None else None


@dataclass(slots=True)
class _Row:
    """A row of `Idle` outside the session, so that the clock's notes are no change of business."""

    customer_id: int
    rule_id: int | None
    owner_id: int | None
    owned_since: datetime
    since: datetime
    step: int
    told_at: datetime | None
    recycle_on: date | None
    look_at: datetime

    def catch_up(self, one: _Seen | None, now: datetime) -> None:
        """With another owner, with progress, or with nobody watching, it begins anew."""
        owner_id = one.customer.owner_id if one is not None else None
        if self.owner_id != owner_id:
            self.owner_id, self.owned_since = owner_id, now
        since = max(one.since, self.owned_since) if one is not None else now
        if since != self.since or one is None or not one.watched:
            self.since, self.step, self.recycle_on = since, idle.NONE, None
        self.rule_id = one.rule.id if one is not None and one.rule is not None else None

    def note(self, due: idle.Due, now: datetime) -> None:
        """What was due has been done."""
        self.told_at = now
        self.step = _REACHED[due.step]
        self.recycle_on = due.ends_on if due.step == "count" else None
        if due.step == "recycle":
            self.since = self.owned_since = now


_REACHED = {"remind": idle.REMINDED, "manager": idle.MANAGER_TOLD, "count": idle.COUNTING, "recycle": idle.NONE}


def _known(session: Session, ids: Sequence[int]) -> dict[int, _Row]:
    table = Idle.__table__
    rows = session.execute(sa.select(table).where(table.c.customer_id.in_(ids)))
    return {row.customer_id: _Row(**row._mapping) for row in rows}


def _begun(one: _Seen, now: datetime) -> _Row:
    """The place of a customer that was never looked at."""
    return _Row(one.customer.id, None, one.customer.owner_id, one.since, one.since, idle.NONE, None, None, now)


def _claim(session: Session, until: datetime, now: datetime) -> list[_Row]:
    """The next rows to look at; nobody else looks at them before `until`."""
    table: Any = Idle.__table__
    due = sa.select(table.c.customer_id).where(table.c.look_at <= now).order_by(table.c.look_at, table.c.customer_id)
    ids = session.scalars(due.limit(BATCH).with_for_update(skip_locked=True)).all()
    if not ids:
        return []
    won = sa.update(table).where(table.c.customer_id.in_(ids), table.c.look_at <= now).values(look_at=until)
    rows = [_Row(**row._mapping) for row in session.execute(won.returning(*table.c))]
    return sorted(rows, key=lambda row: row.customer_id)


def _next_look(hours: Hours, now: datetime) -> datetime:
    """The end of the quiet hours of the next day."""
    return hours.at(hours.day(now) + timedelta(days=1), hours.quiet_until if hours.quiet_until > time() else time(1))


def _state(row: _Row, hours: Hours, asked: Mapping[int, Sequence[Extension]]) -> idle.State:
    """Where the row is on its way. Extensions from before its last progress are history."""
    mine = [one for one in asked.get(row.customer_id, ()) if one.created_at >= row.since]
    return idle.State(
        hours.day(row.since), row.step, row.recycle_on,
        extended_to=max((one.until for one in mine if one.status == "approved"), default=None),
        pending=max((hours.day(one.created_at) for one in mine if one.status == "asked"), default=None),
    )  # fmt: skip


def _asked(session: Session, ids: Collection[int]) -> dict[int, list[Extension]]:
    """The extensions of these customers that were approved, or of which nobody has decided yet."""
    query = sa.select(Extension).where(
        Extension.customer_id.in_(list(ids)), Extension.status.in_(("asked", "approved"))
    )
    found: dict[int, list[Extension]] = {}
    for row in session.scalars(query):
        found.setdefault(row.customer_id, []).append(row)
    return found


def _see(session: Session, ids: Sequence[int], rules: Sequence[IdleRule]) -> dict[int, _Seen]:
    """The customers with the rule that fits each, their last progress and their deals."""
    if not ids:
        return {}
    customers = {row.id: row for row in session.scalars(sa.select(Customer).where(Customer.id.in_(ids)))}
    tiers = {tier: pipelines.tier_of(session, tier) for tier in {row.tier for row in customers.values()} if tier}
    live = (
        sa.select(Deal.customer_id, Deal.name, Deal.status, Stage.name.label("stage"))
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Deal.customer_id.in_(ids), Deal.status.in_(("open", "paused")))
        .order_by(Deal.id)
    )
    dealings: dict[int, list[Any]] = {}
    for row in session.execute(live):
        dealings.setdefault(row.customer_id, []).append(row)
    newest = progress.last(session, ids)
    found = {}
    for ident, customer in customers.items():
        mine = dealings.get(ident, [])
        stages = {row.stage for row in mine if row.status == "open"}
        rule = idle.rule_of(rules, tiers.get(customer.tier, ""), stages)
        names = tuple(f"{row.name}（{row.stage}）" for row in mine if row.status == "open")
        asleep = bool(mine) and not stages  # a future opportunity sleeps until its day
        watched = rule is not None and customer.owner_id is not None and not asleep
        found[ident] = _Seen(customer, rule, newest[ident], names, watched)
    return found
