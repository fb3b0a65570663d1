"""The forecast of a period: what is won already, and what open deals are worth by their chance to be won.

Weighted forecast = amount × win probability, over open deals expected to close in the period. The probability is the learned win rate;
where too few past deals teach one, what the company set for the stage; a deal that has neither, or no amount, adds nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import pipeline, pipelines
from scrm.access import SYSTEM, Actor
from scrm.hours import Hours
from scrm.metrics import closing, stays, targets, win_rate
from scrm.metrics.closing import Closed
from scrm.metrics.part import Days, Part, deals_of
from scrm.metrics.win_rate import Chance
from scrm.models import Customer, Deal, Member, Stage
from scrm.pipeline import ClosedDeal


@dataclass(frozen=True, slots=True)
class Outlook:
    """An open deal and how likely it is to be won; `chance` is None where too few past deals teach it."""

    deal: Deal
    customer: str
    owner: str
    stage: Stage
    chance: Chance | None

    @property
    def probability(self) -> float | None:
        """0…1: as learned, else as set for its stage; None where neither is known."""
        if self.chance is not None:
            return self.chance.rate
        return self.stage.win_percent / 100 if self.stage.win_percent is not None else None

    @property
    def weighted(self) -> Decimal:
        """Amount × probability, yuan."""
        return (self.deal.amount or Decimal(0)) * Decimal(str(self.probability or 0))


@dataclass(slots=True)
class Forecast:
    """`ended` in the period, open deals due in it, and open deals that have no day or one that is over: those are not counted."""

    ended: Closed = field(default_factory=Closed)
    due: list[Outlook] = field(default_factory=list)  # worth most first
    undated: int = 0
    undated_amount: Decimal = Decimal(0)
    target: Decimal | None = None  # yuan; None where none is set

    @property
    def won(self) -> Decimal:
        """Won so far, yuan."""
        return self.ended.amount

    @property
    def weighted(self) -> Decimal:
        """What the deals that are due are worth by their chance, yuan."""
        return sum((one.weighted for one in self.due), Decimal(0))

    @property
    def expected(self) -> Decimal:
        """Won and weighted together, yuan."""
        return self.won + self.weighted

    @property
    def gap(self) -> Decimal | None:
        """Target less won, never below zero; None without a target."""
        return None if self.target is None else max(self.target - self.won, Decimal(0))


def outlooks(
    session: Session, actor: Actor, part: Part, now: datetime, *where: sa.ColumnElement[bool]
) -> list[Outlook]:
    """The open deals in sight that fit, each with its win rate, worth most first."""
    clauses = [*deals_of(session, actor, part), Deal.status == "open", *where]
    time_in = stays.per_stage(stays.changes(clauses, now))
    here = sa.and_(time_in.c.deal_id == Deal.id, time_in.c.stage_id == Deal.stage_id)
    query = (
        sa.select(Deal, Customer.name, Customer.tier, sa.func.coalesce(Member.name, ""), Stage, time_in.c.seconds)
        .join(Customer, Customer.id == Deal.customer_id)
        .join(Stage, Stage.id == Deal.stage_id)
        .outerjoin(Member, Member.id == Deal.owner_id)
        .outerjoin(time_in, here)
        .where(*clauses)
    )
    learned, tiers = win_rate.learn(session, now), dict[str, str]()
    found = []
    for deal, customer, written, owner, stage, seconds in session.execute(query):
        tier = tiers.setdefault(written, pipelines.tier_of(session, written))
        found.append(Outlook(deal, customer, owner, stage, learned.chance(stage.id, deal.kind, tier, seconds or 0.0)))
    return sorted(found, key=lambda one: (-one.weighted, one.deal.id))


def of_deals(session: Session, actor: Actor, ids: Collection[int], now: datetime) -> list[Outlook]:
    """The outlooks of those of these deals that are open and in sight."""
    return outlooks(session, actor, Part(), now, Deal.id.in_(ids)) if ids else []


def outlook(session: Session, actor: Actor, deal: Deal, now: datetime) -> Outlook:
    """The outlook of one open deal. Raises ClosedDeal for one that is over, or asleep."""
    found = of_deals(session, actor, [deal.id], now)
    if not found:
        raise ClosedDeal(pipeline.view(deal), deal=deal.name)
    return found[0]


def by_owner(
    session: Session, actor: Actor, part: Part, days: Days, hours: Hours, now: datetime
) -> dict[int | None, Forecast]:
    """The forecast of each owner (None: nobody's deals) in sight, without targets; who has no deals is not in it."""
    found: dict[int | None, Forecast] = defaultdict(Forecast)
    for owner, ended in closing.closed_by_owner(session, actor, part, days.since(hours), days.until(hours)).items():
        found[owner].ended = ended
    for one in outlooks(session, actor, part, now, Deal.expected_close_on.between(days.first, days.last)):
        found[one.deal.owner_id].due.append(one)
    for owner, count, amount in _undated(session, actor, part, min(days.first, hours.day(now))):
        found[owner].undated, found[owner].undated_amount = count, amount
    return dict(found)


def _undated(session: Session, actor: Actor, part: Part, today: date) -> list[tuple[int | None, int, Decimal]]:
    late = sa.or_(Deal.expected_close_on.is_(None), Deal.expected_close_on < today)
    query = (
        sa.select(Deal.owner_id, sa.func.count(), sa.func.coalesce(sa.func.sum(Deal.amount), 0))
        .join(Customer, Customer.id == Deal.customer_id)
        .where(*deals_of(session, actor, part), Deal.status == "open", late)
        .group_by(Deal.owner_id)
    )
    return [(owner, count, Decimal(amount or 0)) for owner, count, amount in session.execute(query)]


def forecast(session: Session, actor: Actor, part: Part, days: Days, hours: Hours, now: datetime) -> Forecast:
    """The forecast of all the deals in sight that belong to the part, without a target."""
    return _together(by_owner(session, actor, part, days, hours, now).values())


def of_teams(
    session: Session, managed: Mapping[int, Collection[int]], days: Days, hours: Hours, now: datetime
) -> dict[int, Forecast]:
    """The forecast of each manager's team beside its target (manager → members): a few queries for all of them together.

    For pushes: `managed` says who sees whom, nothing else limits what is counted.
    """
    everybody = frozenset(member for members in managed.values() for member in members)
    found = by_owner(session, SYSTEM, Part(owners=everybody), days, hours, now)
    set_for = targets.of_teams(session, managed, days)
    made = {}
    for manager, members in managed.items():
        made[manager] = _together([found[member] for member in members if member in found])
        made[manager].target = set_for.get(manager)
    return made


def _together(parts: Collection[Forecast]) -> Forecast:
    due = sorted((one for part in parts for one in part.due), key=lambda one: (-one.weighted, one.deal.id))
    return Forecast(
        closing.sum_up(part.ended for part in parts),
        due,
        sum(part.undated for part in parts),
        sum((part.undated_amount for part in parts), Decimal(0)),
    )
