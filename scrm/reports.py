"""What a manager's team did in a period: one formula per number, a handful of queries for all managers at once.

Sums are made by the database, one row per owner. Of the deals a card names it needs only the largest few of each team: they belong
to the owners whose largest deals are the largest, so that only those owners' deals are ranked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import calendar, followups, reminders
from scrm.access import Actor
from scrm.hours import Hours
from scrm.metrics.forecast import Forecast
from scrm.models import Activity, Customer, Deal, FollowUp, Member, Stage, StageChange

SILENT_AFTER = 3  # working days without a record
STUCK_AFTER = 14  # days in a stage that has no expected days of its own
PLANNED = 20  # follow-ups that a morning plan may name
LISTED = 5  # deals, or overdue follow-ups, that a digest names of each sort
Teams = Mapping[int, frozenset[int]]  # manager → members
Source = sa.Select[int, int | None, Decimal | None, str, int]  # deal, owner, amount, sort, the stage before


@dataclass(frozen=True, slots=True)
class DealLine:
    """A deal something happened to; `before` and `after` are stage names where it moved, `since` when it came into its stage."""

    id: int
    name: str
    customer_id: int
    customer: str
    owner: str
    amount: Decimal | None
    before: str
    after: str
    reason: str
    since: datetime


@dataclass(slots=True)
class Tally:
    """How many deals, their sum in yuan, and the largest of them."""

    count: int = 0
    amount: Decimal = Decimal(0)
    lines: list[DealLine] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass(slots=True)
class Digest:
    """A team's [since, until): counts are of what was recorded in it; stuck, overdue and silent are as of `until`."""

    since: datetime
    until: datetime
    visits: int = 0
    calls: int = 0
    others: int = 0  # records that are neither visits nor calls
    people: dict[str, dict[str, int]] = field(default_factory=dict)  # name → kind → records
    opened: Tally = field(default_factory=Tally)
    won: Tally = field(default_factory=Tally)
    lost: Tally = field(default_factory=Tally)
    moved: Tally = field(default_factory=Tally)
    stuck: Tally = field(default_factory=Tally)
    late: int = 0
    latest: tuple[int, str, int] | None = None  # who is late with most: id, name, how many
    overdue: list[followups.Seen] = field(default_factory=list)  # the oldest of them
    silent: list[str] = field(default_factory=list)  # reps without a record for three working days
    forecast: Forecast | None = None  # of the month, beside the target; for who asks for it

    @property
    def is_empty(self) -> bool:
        """Nothing happened and nothing is overdue: not worth a push, whoever is silent and whatever is stuck."""
        return not (self.people or self.opened or self.won or self.lost or self.moved or self.late)


def team_of(session: Session, actor: Actor) -> frozenset[int]:
    """Whom the actor's digest covers: everybody for an admin, else the team in sight."""
    return frozenset(session.scalars(sa.select(Member.id))) if actor.sees_all else actor.team


def digests(session: Session, hours: Hours, managed: Teams, since: datetime, until: datetime) -> dict[int, Digest]:
    """The digest of each manager in `managed` (manager → members); None of them is left out, empty or not."""
    everybody = frozenset().union(*managed.values())
    names = dict(session.execute(sa.select(Member.id, Member.name)).all())
    counts = record_counts(session, everybody, since, until)
    silent = _silent(session, everybody, hours, until)
    found = {manager: Digest(since, until) for manager in managed}
    for manager, digest in found.items():
        for member in sorted(managed[manager]):
            _add_counts(digest, names.get(member, ""), counts.get(member, {}))
            digest.silent += [names[member]] if member in silent else []
    for source in (_opened(since, until), _changed(since, until), _stuck(session, until)):
        _tally(session, managed, found, source)
    _late(session, managed, found, hours, names)
    return found


def _add_counts(digest: Digest, name: str, kinds: Mapping[str, int]) -> None:
    if not kinds:
        return
    digest.people[name] = dict(kinds)
    digest.visits += kinds.get("visit", 0)
    digest.calls += kinds.get("call", 0)
    digest.others += sum(count for kind, count in kinds.items() if kind not in ("visit", "call"))


def record_counts(
    session: Session, members: Collection[int], since: datetime, until: datetime
) -> dict[int, dict[str, int]]:
    """How many records of each kind each of these members made in [since, until); who made none is not in it."""
    # Everybody's of the period, by one index: to name hundreds of members sends a database through each one's whole past.
    query = (
        sa.select(Activity.member_id, Activity.kind, sa.func.count())
        .where(Activity.created_at >= since, Activity.created_at < until)
        .group_by(Activity.member_id, Activity.kind)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for member, kind, count in session.execute(query):
        if member in members:
            found[member][kind] = count
    return found


# --- deals


def _opened(since: datetime, until: datetime) -> Source:
    made = sa.and_(Deal.created_at >= since, Deal.created_at < until, Deal.status != "void")
    return sa.select(
        Deal.id,
        Deal.owner_id,
        Deal.amount,
        sa.literal_column("'opened'", sa.String).label("sort"),
        Deal.stage_id.label("before"),
    ).where(made)


def _changed(since: datetime, until: datetime) -> Source:
    """Deals won, lost or moved in the period that still are so, each once."""
    period = sa.and_(StageChange.at >= since, StageChange.at < until, StageChange.from_stage_id.is_not(None))
    firsts = sa.select(sa.func.min(StageChange.id).label("id")).where(period).group_by(StageChange.deal_id).subquery()
    sort = sa.case((Deal.status.in_(("won", "lost")), Deal.status), else_="moved").label("sort")
    gone = sa.and_(Deal.status == "open", StageChange.from_stage_id != Deal.stage_id)
    return (
        sa.select(Deal.id, Deal.owner_id, Deal.amount, sort, StageChange.from_stage_id.label("before"))
        .join(StageChange, StageChange.deal_id == Deal.id)
        .join(firsts, firsts.c.id == StageChange.id)
        .where(sa.or_(Deal.status.in_(("won", "lost")), gone))
    )


def is_stuck(session: Session, until: datetime) -> sa.ColumnElement[bool]:
    """停滞: an open deal that has been in its stage longer than expected there, 14 days where the company expects nothing."""
    by_days: dict[int, list[int]] = defaultdict(list)
    for ident, days in session.execute(sa.select(Stage.id, Stage.expected_days)):
        by_days[days or STUCK_AFTER].append(ident)
    limits = [
        sa.and_(Deal.stage_id.in_(stages), Deal.stage_since < until - timedelta(days=days))
        for days, stages in by_days.items()
    ]
    return sa.and_(Deal.status == "open", sa.or_(sa.false(), *limits))


def _stuck(session: Session, until: datetime) -> Source:
    columns = (
        Deal.id,
        Deal.owner_id,
        Deal.amount,
        sa.literal_column("'stuck'", sa.String).label("sort"),
        Deal.stage_id.label("before"),
    )
    return sa.select(*columns).where(is_stuck(session, until))


def _tally(session: Session, managed: Teams, found: Mapping[int, Digest], source: Source) -> None:
    """Add to each digest the counts, sums and largest deals of this source, by its sorts."""
    rows = source.subquery()
    amount = sa.func.coalesce(rows.c.amount, 0)
    totals = sa.select(rows.c.sort, rows.c.owner_id, sa.func.count(), sa.func.sum(amount), sa.func.max(amount))
    sums: dict[str, dict[int, Any]] = defaultdict(dict)
    for sort, owner, count, total, largest in session.execute(totals.group_by(rows.c.sort, rows.c.owner_id)):
        sums[sort][owner] = (count, Decimal(total or 0), Decimal(largest or 0))
    wanted: set[int] = set()
    for sort, by_owner in sums.items():
        for manager, members in managed.items():
            theirs = by_owner.keys() & members
            tally: Tally = getattr(found[manager], sort)
            tally.count = sum(by_owner[owner][0] for owner in theirs)
            tally.amount = sum((by_owner[owner][1] for owner in theirs), Decimal(0))
            wanted.update(sorted(theirs, key=lambda owner: (-by_owner[owner][2], owner))[:LISTED])
    lines = _largest(session, source.where(Deal.owner_id.in_(wanted))) if wanted else []
    for manager, members in managed.items():
        for sort in sums:
            tally = getattr(found[manager], sort)
            tally.lines = [line for owner, kind, line in lines if kind == sort and owner in members][:LISTED]


def _largest(session: Session, source: Source) -> list[tuple[int, str, DealLine]]:
    """The largest deals of each owner and sort: owner, sort, line; largest first."""
    rows = source.subquery()
    order = (sa.func.coalesce(rows.c.amount, 0).desc(), rows.c.id)
    place = sa.func.row_number().over(partition_by=(rows.c.owner_id, rows.c.sort), order_by=order).label("place")
    ranked = sa.select(rows, place).subquery()
    before, after = sa.orm.aliased(Stage), sa.orm.aliased(Stage)
    query = (
        sa.select(
            ranked.c.owner_id, ranked.c.sort, Deal.id, Deal.name, Customer.id, Customer.name, Member.name, Deal.amount,
            before.name, after.name, Deal.lost_reason, Deal.stage_since,
        )
        .join(Deal, Deal.id == ranked.c.id)
        .join(Customer, Customer.id == Deal.customer_id)
        .join(Member, Member.id == Deal.owner_id)
        .join(before, before.id == ranked.c.before)
        .join(after, after.id == Deal.stage_id)
        .where(ranked.c.place <= LISTED)
        .order_by(sa.func.coalesce(Deal.amount, 0).desc(), Deal.id)
    )  # fmt: skip
    return [(owner, sort, DealLine(*line)) for owner, sort, *line in session.execute(query)]


# --- people


def _late(
    session: Session, managed: Teams, found: Mapping[int, Digest], hours: Hours, names: Mapping[int, str]
) -> None:
    """How many follow-ups are overdue, who has most of them, and the oldest."""
    until = next(iter(found.values())).until if found else None
    if until is None:
        return
    late = reminders.is_overdue(hours, until)
    totals = sa.select(FollowUp.owner_id, sa.func.count(), sa.func.min(FollowUp.due_at)).where(late)
    counts = {owner: (count, oldest) for owner, count, oldest in session.execute(totals.group_by(FollowUp.owner_id))}
    wanted: set[int] = set()
    for manager, members in managed.items():
        theirs = sorted(counts.keys() & members)
        if not theirs:
            continue
        found[manager].late = sum(counts[owner][0] for owner in theirs)
        most = max(theirs, key=lambda owner: counts[owner][0])
        found[manager].latest = (most, names[most], counts[most][0])
        wanted.update(sorted(theirs, key=lambda owner: counts[owner][1])[:LISTED])
    oldest = _oldest(session, late, wanted) if wanted else []
    for manager, members in managed.items():
        found[manager].overdue = [seen for seen in oldest if seen.row.owner_id in members][:LISTED]


def _oldest(session: Session, late: sa.ColumnElement[bool], owners: Collection[int]) -> list[followups.Seen]:
    order = (FollowUp.due_at, FollowUp.id)
    place = sa.func.row_number().over(partition_by=FollowUp.owner_id, order_by=order).label("place")
    ranked = sa.select(FollowUp.id, place).where(late, FollowUp.owner_id.in_(owners)).subquery()
    first = sa.select(ranked.c.id).where(ranked.c.place <= LISTED)
    return followups.see_all(
        session, session.scalars(sa.select(FollowUp).where(FollowUp.id.in_(first)).order_by(*order))
    )


def _silent(session: Session, members: frozenset[int], hours: Hours, until: datetime) -> frozenset[int]:
    limit = hours.at(calendar.previous_workday(hours.day(until), SILENT_AFTER), time())
    spoke = sa.select(Activity.member_id).where(Activity.created_at >= limit, Activity.created_at < until)
    query = sa.select(Member.id).where(
        Member.active, Member.role == "rep", Member.created_at < limit, Member.id.not_in(spoke)
    )
    return members & frozenset(session.scalars(query))


@dataclass(slots=True)
class Plan:
    """A rep's day: follow-ups that are overdue and those of today, and the deals worth a push with why (stuck, or due to close)."""

    overdue: list[followups.Seen] = field(default_factory=list)
    today: list[followups.Seen] = field(default_factory=list)
    push: Tally = field(default_factory=Tally)


def plans(session: Session, hours: Hours, at: datetime, now: datetime) -> dict[int, Plan]:
    """The day of every active rep who had something to do or to push `at` the planned time, in a handful of queries.

    What is owed since then is left out: when the card comes late, who just said it need not hear it.
    """
    reps = frozenset(session.scalars(sa.select(Member.id).where(Member.active, Member.role == "rep")))
    found: dict[int, Plan] = defaultdict(Plan)
    tonight = hours.at(hours.day(now) + timedelta(days=1), time())
    due = sa.and_(
        FollowUp.status == "open", FollowUp.owner_id.in_(reps), FollowUp.due_at < tonight, FollowUp.created_at < at
    )
    order = (FollowUp.due_at, FollowUp.id)
    place = sa.func.row_number().over(partition_by=FollowUp.owner_id, order_by=order).label("place")
    ranked = sa.select(FollowUp.id, place).where(due).subquery()
    first = sa.select(ranked.c.id).where(ranked.c.place <= PLANNED)
    rows = session.scalars(sa.select(FollowUp).where(FollowUp.id.in_(first)).order_by(*order))
    for seen in followups.see_all(session, rows):
        late = followups.is_past(hours, seen.row.due_at, seen.row.all_day, now)
        (found[seen.row.owner_id].overdue if late else found[seen.row.owner_id].today).append(seen)
    own = {rep: frozenset({rep}) for rep in reps}
    digests = {rep: Digest(now, now) for rep in reps}
    _tally(session, own, digests, _stuck(session, now))
    for rep, digest in digests.items():
        if digest.stuck:
            found[rep].push = digest.stuck
    return dict(found)


def stuck_deals(session: Session, members: Collection[int], until: datetime, limit: int) -> tuple[int, list[DealLine]]:
    """How many deals of these members are stuck, and the largest of them."""
    source = _stuck(session, until).where(Deal.owner_id.in_(members))
    count = session.scalar(sa.select(sa.func.count()).select_from(source.subquery())) or 0
    lines = [line for _, _, line in _largest(session, source)]
    return count, lines[:limit]


def silent_members(
    session: Session, members: frozenset[int], hours: Hours, until: datetime
) -> list[tuple[Member, datetime | None]]:
    """Reps without a record for three working days, and when each made the last one; the longest silent first."""
    quiet = _silent(session, members, hours, until)
    last = sa.select(sa.func.max(Activity.created_at)).where(Activity.member_id == Member.id).scalar_subquery()
    query = sa.select(Member, last).where(Member.id.in_(quiet))
    found = [(member, at) for member, at in session.execute(query)]
    return sorted(found, key=lambda one: (one[1] is not None, one[1], one[0].id))
