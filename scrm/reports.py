"""What a manager's team did in a period: one formula per number, a handful of queries for all managers at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import calendar, followups, reminders
from scrm.access import Actor
from scrm.hours import Hours
from scrm.models import Activity, Customer, Deal, Member, Stage, StageChange

SILENT_AFTER = 3  # working days without a record


@dataclass(frozen=True, slots=True)
class DealLine:
    """A deal something happened to; `before` and `after` are stage names where it moved."""

    id: int
    name: str
    customer: str
    owner: str
    amount: Decimal | None
    before: str = ""
    after: str = ""
    reason: str = ""


@dataclass(slots=True)
class Digest:
    """A team's [since, until): counts are of what was recorded in it, overdue and silent are as of `until`."""

    since: datetime
    until: datetime
    visits: int = 0
    calls: int = 0
    others: int = 0  # records that are neither visits nor calls
    people: dict[str, dict[str, int]] = field(default_factory=dict)  # name → kind → records
    opened: list[DealLine] = field(default_factory=list)
    won: list[DealLine] = field(default_factory=list)
    lost: list[DealLine] = field(default_factory=list)
    moved: list[DealLine] = field(default_factory=list)
    overdue: list[followups.Seen] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)  # reps without a record for three working days

    @property
    def is_empty(self) -> bool:
        """Nothing happened and nothing is overdue: not worth a push, whoever is silent."""
        return not (self.people or self.opened or self.won or self.lost or self.moved or self.overdue)


def amount_of(lines: Iterable[DealLine]) -> Decimal:
    """The sum of the amounts, in yuan."""
    return sum((line.amount or Decimal(0) for line in lines), Decimal(0))


def team_of(session: Session, actor: Actor) -> frozenset[int]:
    """Whom the actor's digest covers: everybody for an admin, else the team in sight."""
    return frozenset(session.scalars(sa.select(Member.id))) if actor.sees_all else actor.team


def digests(
    session: Session, hours: Hours, managed: Mapping[int, frozenset[int]], since: datetime, until: datetime
) -> dict[int, Digest]:
    """The digest of each manager in `managed` (manager → members); None of them is left out, empty or not."""
    everybody = frozenset().union(*managed.values())
    names = dict(session.execute(sa.select(Member.id, Member.name).where(Member.id.in_(everybody))).all())
    counts = _counts(session, everybody, since, until)
    opened = _opened(session, everybody, since, until)
    changed = _changed(session, everybody, since, until)
    late = _late(session, everybody, hours, until)
    silent = _silent(session, everybody, hours, until)
    found = {}
    for manager, members in managed.items():
        digest = found[manager] = Digest(since, until)
        for member in sorted(members):
            _add_counts(digest, names.get(member, ""), counts.get(member, {}))
            digest.opened += opened.get(member, [])
            for kind, line in changed.get(member, []):
                getattr(digest, kind).append(line)
            digest.overdue += late.get(member, [])
            digest.silent += [names[member]] if member in silent else []
        digest.overdue.sort(key=lambda seen: seen.row.due_at)
    return found


def _add_counts(digest: Digest, name: str, kinds: Mapping[str, int]) -> None:
    if not kinds:
        return
    digest.people[name] = dict(kinds)
    digest.visits += kinds.get("visit", 0)
    digest.calls += kinds.get("call", 0)
    digest.others += sum(count for kind, count in kinds.items() if kind not in ("visit", "call"))


def _counts(session: Session, members: Collection[int], since: datetime, until: datetime) -> dict[int, dict[str, int]]:
    query = (
        sa.select(Activity.member_id, Activity.kind, sa.func.count())
        .where(Activity.member_id.in_(members), Activity.created_at >= since, Activity.created_at < until)
        .group_by(Activity.member_id, Activity.kind)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for member, kind, count in session.execute(query):
        found[member][kind] = count
    return found


def _opened(session: Session, members: Collection[int], since: datetime, until: datetime) -> dict[int, list[DealLine]]:
    query = (
        sa.select(Deal, Customer.name, Member)
        .join(Member, Member.id == Deal.owner_id)
        .join(Customer, Customer.id == Deal.customer_id)
        .where(Deal.owner_id.in_(members), Deal.created_at >= since, Deal.created_at < until)
        .order_by(Deal.id)
    )
    found: dict[int, list[DealLine]] = defaultdict(list)
    for deal, customer, owner in session.execute(query):
        found[owner.id].append(DealLine(deal.id, deal.name, customer, owner.name, deal.amount))
    return found


def _changed(
    session: Session, members: Collection[int], since: datetime, until: datetime
) -> dict[int, list[tuple[str, DealLine]]]:
    """By owner: deals won, lost or moved in the period that still are so, each once."""
    query = (
        sa.select(StageChange, Deal, Customer.name, Member)
        .join(Deal, Deal.id == StageChange.deal_id)
        .join(Member, Member.id == Deal.owner_id)
        .join(Customer, Customer.id == Deal.customer_id)
        .where(
            Deal.owner_id.in_(members),
            StageChange.at >= since,
            StageChange.at < until,
            StageChange.from_stage_id.is_not(None),
        )
        .order_by(StageChange.id)
    )
    stages = dict(session.execute(sa.select(Stage.id, Stage.name)).all())
    firsts: dict[int, int] = {}
    found: dict[int, dict[int, tuple[str, DealLine]]] = defaultdict(dict)
    for change, deal, customer, owner in session.execute(query):
        start = firsts.setdefault(deal.id, change.from_stage_id or deal.stage_id)
        kind = deal.status if deal.status in ("won", "lost") else "moved"
        if kind == "moved" and (deal.status != "open" or start == deal.stage_id):
            continue
        line = DealLine(
            deal.id,
            deal.name,
            customer,
            owner.name,
            deal.amount,
            stages[start],
            stages[deal.stage_id],
            deal.lost_reason,
        )
        found[owner.id][deal.id] = (kind, line)
    return {owner: list(lines.values()) for owner, lines in found.items()}


def _late(session: Session, members: Collection[int], hours: Hours, until: datetime) -> dict[int, list[followups.Seen]]:
    found: dict[int, list[followups.Seen]] = defaultdict(list)
    for seen in followups.see_all(session, reminders.overdue_of(session, members, hours, until)):
        found[seen.row.owner_id].append(seen)
    return found


def _silent(session: Session, members: Collection[int], hours: Hours, until: datetime) -> frozenset[int]:
    limit = hours.at(calendar.previous_workday(hours.day(until), SILENT_AFTER), time())
    spoke = sa.select(Activity.member_id).where(Activity.created_at >= limit, Activity.created_at < until)
    query = sa.select(Member.id).where(
        Member.id.in_(members), Member.active, Member.role == "rep", Member.created_at < limit, Member.id.not_in(spoke)
    )
    return frozenset(session.scalars(query))
