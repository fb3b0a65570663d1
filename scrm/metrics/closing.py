"""Deals that came to their end in a period: how many were won of those decided, and for how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.access import Actor
from scrm.metrics.part import Part, deals_of
from scrm.models import Customer, Deal


@dataclass(frozen=True, slots=True)
class Closed:
    """Deals that are won or lost and closed in the period; `amount` of the won ones, yuan."""

    won: int = 0
    lost: int = 0
    amount: Decimal = Decimal(0)

    @property
    def rate(self) -> float | None:
        """赢单率: won ÷ (won + lost); None where nothing was decided."""
        return self.won / (self.won + self.lost) if self.won + self.lost else None


def closed(session: Session, actor: Actor, part: Part, since: datetime, until: datetime) -> Closed:
    """What came of the deals in sight that ended in [since, until)."""
    return sum_up(closed_by_owner(session, actor, part, since, until).values())


def closed_by_owner(
    session: Session, actor: Actor, part: Part, since: datetime, until: datetime
) -> dict[int | None, Closed]:
    """The same by owner's id (None: nobody's); who closed nothing is not in it."""
    won = Deal.status == "won"
    query = (
        sa.select(
            Deal.owner_id,
            sa.func.sum(sa.case((won, 1), else_=0)),
            sa.func.sum(sa.case((won, 0), else_=1)),
            sa.func.sum(sa.case((won, sa.func.coalesce(Deal.amount, 0)), else_=0)),
        )
        .join(Customer, Customer.id == Deal.customer_id)
        .where(*deals_of(session, actor, part), Deal.status.in_(("won", "lost")))
        .where(Deal.closed_at >= since, Deal.closed_at < until)
        .group_by(Deal.owner_id)
    )
    return {owner: Closed(n_won, n_lost, Decimal(amount)) for owner, n_won, n_lost, amount in session.execute(query)}


def sum_up(parts: Iterable[Closed]) -> Closed:
    """Several together."""
    every = list(parts)
    return Closed(
        sum(one.won for one in every), sum(one.lost for one in every), sum((one.amount for one in every), Decimal(0))
    )
