"""How likely an open deal is to be won, learned from the company's own won and lost deals, with how many of them it rests on.

Past deals that were in the same stage are narrowed step by step: to the same kind, the same tier, and those that stayed at least as
long. At each step the share of won deals is drawn towards that of the step before, as if it came with SHRINK deals of its own:
(won + SHRINK × before) ÷ (n + SHRINK). So a few deals move it little, and many speak for themselves.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import pipelines
from scrm.access import SYSTEM
from scrm.metrics import stays
from scrm.metrics.part import Part, deals_of
from scrm.models import Customer, Deal

ENOUGH = 10  # past deals that were in the stage: of fewer nothing is said
SHRINK = 10
AGES = (0, 7, 14, 30, 60, 90)  # days in the stage; a deal of 40 days is compared with those that stayed 30 or more
REMEMBERED = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Chance:
    """A win rate 0…1, the past deals of the stage it rests on, and how many of them were alike in kind, tier and age."""

    rate: float
    n: int
    alike: int


@dataclass(frozen=True, slots=True)
class Learned:
    """Won and decided deals: all of them, and by stage and ever more likeness: (stage,), (stage, kind) … (stage, kind, tier, age)."""

    won: Mapping[tuple[object, ...], int]
    decided: Mapping[tuple[object, ...], int]

    def chance(self, stage_id: int, kind: str, tier: str, seconds: float) -> Chance | None:
        """The win rate of a deal that has been in this stage so long; None where too few deals have been there."""
        alike = (stage_id, kind, tier, age_of(seconds))
        if self.decided.get(alike[:1], 0) < ENOUGH:
            return None
        rate = self.won[()] / self.decided[()]
        for length in range(1, len(alike) + 1):
            group = alike[:length]
            won, decided = self.won.get(group, 0), self.decided.get(group, 0)
            rate = (won + SHRINK * rate) / (decided + SHRINK)
        return Chance(rate, self.decided[alike[:1]], self.decided.get(alike, 0))


def age_of(seconds: float) -> int:
    """The index in AGES of the longest age that has been reached."""
    return max(index for index, days in enumerate(AGES) if seconds >= days * 86_400)


def learn(session: Session, now: datetime) -> Learned:
    """What the company's deals of the last two years teach; the same for everybody, and no deal can be told from it."""
    ended = (Deal.status.in_(("won", "lost")), Deal.closed_at >= now - REMEMBERED, Deal.closed_at <= now)
    all_deals = deals_of(session, SYSTEM, Part())
    time_in = stays.per_stage(stays.changes([*all_deals, *ended], now))
    age = sa.case(*[(time_in.c.seconds >= days * 86_400, index) for index, days in reversed(list(enumerate(AGES)))])
    won = sa.case((Deal.status == "won", 1), else_=0)
    each = (
        sa.select(time_in.c.stage_id, Deal.kind, Customer.tier, age.label("age"), won.label("won"))
        .select_from(time_in)
        .join(Deal, Deal.id == time_in.c.deal_id)
        .join(Customer, Customer.id == Deal.customer_id)
        .subquery()
    )
    alike = (each.c.stage_id, each.c.kind, each.c.tier, each.c.age)
    query = sa.select(*alike, sa.func.sum(each.c.won), sa.func.count()).group_by(*alike)
    every = sa.select(sa.func.coalesce(sa.func.sum(won), 0), sa.func.count()).join(
        Customer, Customer.id == Deal.customer_id
    )
    totals = session.execute(every.where(*all_deals, *ended)).one()
    return _grouped(session, session.execute(query), (int(totals[0]), totals[1]))


def _grouped(session: Session, rows: Iterable[Any], totals: tuple[int, int]) -> Learned:
    won: Counter[tuple[object, ...]] = Counter({(): totals[0]})
    decided: Counter[tuple[object, ...]] = Counter({(): totals[1]})
    tiers: dict[str, str] = {}
    for stage, kind, written, age, n_won, n in rows:
        tier = tiers.setdefault(written, pipelines.tier_of(session, written))
        groups = itertools.chain(
            [(stage,), (stage, kind), (stage, kind, tier)], ((stage, kind, tier, younger) for younger in range(age + 1))
        )
        for group in groups:
            won[group] += n_won
            decided[group] += n
    return Learned(won, decided)
