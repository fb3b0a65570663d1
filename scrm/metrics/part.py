"""Which deals and which days a figure is about, and how time is summed in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from scrm import access, pipelines
from scrm.access import Actor
from scrm.hours import Hours
from scrm.models import Customer, Deal, DealProduct


@dataclass(frozen=True, slots=True)
class Days:
    """From one local day to another, both included."""

    first: date
    last: date

    def since(self, hours: Hours) -> datetime:
        """The instant it begins."""
        return hours.at(self.first, time())

    def until(self, hours: Hours) -> datetime:
        """The instant after its end."""
        return hours.at(self.last + timedelta(days=1), time())


def month_of(day: date) -> Days:
    """The calendar month a day lies in."""
    first = day.replace(day=1)
    return Days(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Part:
    """Deals by what they are: of these owners, this kind, customers of this tier, about this product; None or "" = all."""

    owners: frozenset[int] | None = None
    kind: str = ""
    tier: str = ""
    product: str = ""

    def everybodys(self) -> Part:
        """The same deals, whoever owns them."""
        return replace(self, owners=None)


def deals_of(session: Session, actor: Actor, part: Part) -> list[sa.ColumnElement[bool]]:
    """What is true of the deals in sight that belong to the part; the query has to join `Customer`. Void deals never count."""
    clauses = [access.deals(actor), Deal.status != "void"]
    if part.owners is not None:
        clauses.append(Deal.owner_id.in_(part.owners))
    if part.kind:
        clauses.append(Deal.kind == part.kind)
    if part.tier:
        clauses.append(Customer.tier.in_(spellings(session, part.tier)))
    if part.product:
        clauses.append(Deal.id.in_(sa.select(DealProduct.deal_id).where(DealProduct.name == part.product)))
    return clauses


def spellings(session: Session, tier: str) -> Sequence[str]:
    """Everything that is written on customers and means this tier (KA, 大客户)."""
    written = session.scalars(sa.select(Customer.tier).distinct()).all()
    return [words for words in written if pipelines.tier_of(session, words) == tier]


class seconds_between(FunctionElement[float]):
    """The seconds from one instant to a later one; none when a clock was set back in between."""

    type = sa.Float()
    inherit_cache = True
    name = "seconds_between"


@compiles(seconds_between, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    start, end = element.clauses
    days = f"julianday({compiler.process(end, **how)}) - julianday({compiler.process(start, **how)})"
    return f"max(0.0, round(({days}) * 86400.0, 2))"  # a julianday is exact to some 40 µs: seven days are seven days


@compiles(seconds_between)
def _elsewhere(element: Any, compiler: Any, **how: Any) -> str:
    start, end = element.clauses
    time = f"{compiler.process(end, **how)} - {compiler.process(start, **how)}"
    return f"greatest(0.0, CAST(extract(epoch FROM {time}) AS float))"
