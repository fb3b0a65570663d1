"""Every stay of a deal in a stage, as a query: when it came, when it left, and how far it has come since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scrm import pipeline
from scrm.db import Utc
from scrm.metrics.part import seconds_between
from scrm.models import Customer, Deal, Stage, StageChange

WON = 1_000_000  # the rank of a won deal: above every position


def changes(clauses: Sequence[sa.ColumnElement[bool]], now: datetime) -> sa.CTE:
    """One row per change of the deals that fit: deal, stage, at, whether it entered the stage, seconds until the next, `best`.

    `best` is the highest position the deal reached from this change on; WON for a deal that is won. Time in a closed deal is None.
    """
    won = sa.and_(StageChange.to_status == "won", Deal.status == "won")
    order = (StageChange.at, StageChange.id)
    following = sa.func.lead(StageChange.at).over(partition_by=StageChange.deal_id, order_by=order)
    best = sa.func.max(sa.case((won, WON), else_=Stage.position)).over(
        partition_by=StageChange.deal_id, order_by=[column.desc() for column in order], rows=(None, 0)
    )
    spent = seconds_between(StageChange.at, sa.func.coalesce(following, sa.literal(now, Utc())))
    return (
        sa.select(
            StageChange.deal_id,
            Deal.owner_id,
            StageChange.to_stage_id.label("stage_id"),
            Stage.position,
            StageChange.at,
            entered().label("entered"),
            sa.case((StageChange.to_status.in_(pipeline.LIVE), spent)).label("seconds"),
            best.label("best"),
        )
        .join(Deal, Deal.id == StageChange.deal_id)
        .join(Customer, Customer.id == Deal.customer_id)
        .join(Stage, Stage.id == StageChange.to_stage_id)
        .where(*clauses)
        .cte("changes")
    )


def entered() -> sa.ColumnElement[bool]:
    """Whether a change brought the deal into its stage, rather than changed its status there."""
    return sa.or_(StageChange.from_stage_id.is_(None), StageChange.from_stage_id != StageChange.to_stage_id)


def per_stage(moves: sa.CTE) -> sa.Subquery:
    """Deal and stage with the seconds it has spent there, over all its visits; only where it stayed at all."""
    total: Any = sa.func.sum(moves.c.seconds).label("seconds")
    return (
        sa.select(moves.c.deal_id, moves.c.stage_id, total)
        .where(moves.c.seconds.is_not(None))
        .group_by(moves.c.deal_id, moves.c.stage_id)
        .subquery("stays")
    )
