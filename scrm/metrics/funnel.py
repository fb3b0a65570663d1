"""The funnel of a pipeline: conversion rate and conversion days per stage, beside the standard.

Conversion rate of a stage = deals that went on from it ÷ deals that entered it in the period. A deal goes on when it comes to a
later stage or is won, at any time since; one that skips a stage has gone on from the one it left. Conversion days = the time these
deals have spent in the stage, over all visits and with pauses, ÷ the number of deals that stayed there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import defaults
from scrm.access import SYSTEM, Actor
from scrm.metrics import stays
from scrm.metrics.part import Part, deals_of
from scrm.models import Customer, Deal, Member, Stage, StageChange, Standard

HISTORY = timedelta(days=365)  # the company's own past that is the standard
ENOUGH = 10  # deals: fewer are no standard
Measured = tuple[int, int, int, float]  # entered, passed, stayed, seconds


@dataclass(frozen=True, slots=True)
class Norm:
    """What is normal for a stage: rate 0…1 and days, None where nobody knows; `by_hand` if an admin set it."""

    rate: float | None = None
    days: float | None = None
    rate_by_hand: bool = False
    days_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a funnel: deals that entered it in the period, those of them that went on, their days in it, and who is there now."""

    stage: Stage
    entered: int = 0
    passed: int = 0
    stayed: int = 0  # deals of `entered` that spent time in it
    seconds: float = 0.0  # which they spent
    here: int = 0  # open deals that are in it now, whenever they came
    amount: Decimal = Decimal(0)  # of those, yuan
    norm: Norm = Norm()

    @property
    def rate(self) -> float | None:
        """The conversion rate, 0…1; None where no deal entered."""
        return self.passed / self.entered if self.entered else None

    @property
    def days(self) -> float | None:
        """The conversion days; None where no deal stayed."""
        return self.seconds / self.stayed / 86_400 if self.stayed else None


def funnel(
    session: Session, actor: Actor, key: str, part: Part, since: datetime, until: datetime, now: datetime
) -> list[Step]:
    """The stages of a pipeline (by its key) in order, with the figures of the deals in sight that entered them in [since, until)."""
    found = _measured(session, actor, key, part, since, until, now)
    present = _present(session, actor, key, part)
    norms = standards(session, key, part, since, now)
    nobody = (0, 0, 0, 0.0)
    return [
        Step(stage, *found.get(stage.id, nobody), *present.get(stage.id, (0, Decimal(0))), norms[stage.id])
        for stage in defaults.stages_of(session, key)
    ]


def standards(session: Session, key: str, part: Part, before: datetime, now: datetime) -> dict[int, Norm]:
    """What is normal for each stage (by id): as set by hand, else of all the company's deals of this kind and tier in the year before.

    It is the company's figure, the same for everybody who may ask; history of fewer than ENOUGH deals is none.
    """
    by_hand = {row.stage_id: row for row in session.scalars(sa.select(Standard))}
    past = _measured(session, SYSTEM, key, part.everybodys(), before - HISTORY, before, now)
    norms = {}
    for stage in defaults.stages_of(session, key):
        old, hand = Step(stage, *past.get(stage.id, ())), by_hand.get(stage.id)
        percent, days = (hand.percent, hand.days) if hand is not None else (None, None)
        learned = (old.rate if old.entered >= ENOUGH else None, old.days if old.stayed >= ENOUGH else None)
        norms[stage.id] = Norm(
            learned[0] if percent is None else percent / 100,
            learned[1] if days is None else float(days),
            percent is not None,
            days is not None,
        )
    return norms


def by_person(
    session: Session, actor: Actor, stage: Stage, part: Part, since: datetime, until: datetime, now: datetime
) -> list[tuple[Member | None, Step]]:
    """One stage's figures by owner of the deals in sight (None: nobody's), who had most deals first."""
    moves = stays.changes([*deals_of(session, actor, part), Stage.pipeline == stage.pipeline], now)
    found = _counted(session, moves, moves.c.owner_id, since, until, moves.c.stage_id == stage.id)
    people = {row.id: row for row in session.scalars(sa.select(Member).where(Member.id.in_(found)))}
    steps = [(people.get(owner or 0), Step(stage, *figures)) for owner, figures in found.items()]
    return sorted(steps, key=lambda pair: (-pair[1].entered, pair[0].id if pair[0] else 0))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open deal in a stage, since when."""

    deal: Deal
    customer: str
    owner: str


def waiting(session: Session, actor: Actor, stage: Stage, part: Part, *, limit: int, offset: int = 0) -> list[Waiting]:
    """The open deals in sight that are in a stage, the longest there first."""
    query = (
        sa.select(Deal, Customer.name, sa.func.coalesce(Member.name, ""))
        .join(Customer, Customer.id == Deal.customer_id)
        .outerjoin(Member, Member.id == Deal.owner_id)
        .where(*deals_of(session, actor, part), Deal.status == "open", Deal.stage_id == stage.id)
        .order_by(Deal.stage_since, Deal.id)
    )
    return [Waiting(*row) for row in session.execute(query.limit(limit).offset(offset))]


def busiest(session: Session, actor: Actor, part: Part, since: datetime, until: datetime) -> list[tuple[str, int]]:
    """The pipelines (by key) with how many deals in sight entered a stage of theirs in [since, until), the most first."""
    count = sa.func.count(sa.distinct(StageChange.deal_id))
    query = (
        sa.select(Stage.pipeline, count)
        .select_from(StageChange)
        .join(Deal, Deal.id == StageChange.deal_id)
        .join(Customer, Customer.id == Deal.customer_id)
        .join(Stage, Stage.id == StageChange.to_stage_id)
        .where(*deals_of(session, actor, part), StageChange.at >= since, StageChange.at < until)
        .group_by(Stage.pipeline)
        .order_by(count.desc(), Stage.pipeline)
    )
    return [(key, number) for key, number in session.execute(query)]


def set_standard(session: Session, stage: Stage, percent: int | None, days: int | None) -> Standard:
    """The standard of a stage is this from now on; a figure that is None stays as it was."""
    session.execute(sa.select(Stage.id).where(Stage.id == stage.id).with_for_update())
    row = session.scalars(sa.select(Standard).where(Standard.stage_id == stage.id)).one_or_none()
    if row is None:
        row = Standard(stage_id=stage.id)
        session.add(row)
    row.percent = percent if percent is not None else row.percent
    row.days = days if days is not None else row.days
    session.flush()
    return row


def _measured(
    session: Session, actor: Actor, key: str, part: Part, since: datetime, until: datetime, now: datetime
) -> dict[int, Measured]:
    """By stage: entered, passed, stayed, seconds."""
    moves = stays.changes([*deals_of(session, actor, part), Stage.pipeline == key], now)
    return _counted(session, moves, moves.c.stage_id, since, until)


def _counted(
    session: Session,
    moves: sa.CTE,
    by: sa.ColumnElement[Any],
    since: datetime,
    until: datetime,
    *where: sa.ColumnElement[bool],
) -> dict[Any, Measured]:
    """Entered, passed, stayed and seconds of the deals that entered a stage in [since, until), by a column of `moves`."""
    time_in = stays.per_stage(moves)
    came = (
        sa.select(
            moves.c.deal_id,
            moves.c.stage_id,
            sa.func.max(by).label("by"),
            sa.case((sa.func.max(moves.c.best) > sa.func.max(moves.c.position), 1), else_=0).label("passed"),
        )
        .where(moves.c.entered, moves.c.at >= since, moves.c.at < until, *where)
        .group_by(moves.c.deal_id, moves.c.stage_id)
        .subquery("came")
    )
    both = sa.and_(time_in.c.deal_id == came.c.deal_id, time_in.c.stage_id == came.c.stage_id)
    query = (
        sa.select(
            came.c.by,
            sa.func.count(),
            sa.func.sum(came.c.passed),
            sa.func.count(time_in.c.seconds),
            sa.func.coalesce(sa.func.sum(time_in.c.seconds), 0.0),
        )
        .select_from(came)
        .outerjoin(time_in, both)
        .group_by(came.c.by)
    )
    return {key: tuple(figures) for key, *figures in session.execute(query)}


def _present(session: Session, actor: Actor, key: str, part: Part) -> dict[int, tuple[int, Decimal]]:
    query = (
        sa.select(Deal.stage_id, sa.func.count(), sa.func.coalesce(sa.func.sum(Deal.amount), 0))
        .join(Customer, Customer.id == Deal.customer_id)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(*deals_of(session, actor, part), Deal.status == "open", Stage.pipeline == key)
        .group_by(Deal.stage_id)
    )
    return {stage: (count, Decimal(amount or 0)) for stage, count, amount in session.execute(query)}
