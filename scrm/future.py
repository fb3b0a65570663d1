"""Future opportunities: deals that sleep until a day, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access
from scrm.access import Actor
from scrm.models import Deal, Member, StageChange


@dataclass(frozen=True, slots=True)
class Sleeping:
    """A future opportunity: until which local day it sleeps, and why."""

    deal_id: int
    name: str
    until: date
    reason: str
    owner: str


def sleeping(session: Session, actor: Actor, limit: int) -> tuple[list[Sleeping], int]:
    """The paused deals in the actor's sight that wake first, and how many there are."""
    clause = sa.and_(Deal.status == "paused", Deal.paused_until.is_not(None), access.deals(actor))
    count = session.scalar(sa.select(sa.func.count()).select_from(Deal).where(clause)) or 0
    change = sa.orm.aliased(StageChange)
    last = sa.select(sa.func.max(change.id)).where(change.deal_id == Deal.id).correlate(Deal).scalar_subquery()
    query = (
        sa.select(Deal.id, Deal.name, Deal.paused_until, StageChange.reason, Member.name.label("owner"))
        .select_from(Deal)
        .outerjoin(StageChange, StageChange.id == last)
        .outerjoin(Member, Member.id == Deal.owner_id)
        .where(clause)
        .order_by(Deal.paused_until, Deal.id)
    )
    rows = session.execute(query.limit(limit))
    return [Sleeping(row.id, row.name, row.paused_until, row.reason or "", row.owner or "") for row in rows], count
