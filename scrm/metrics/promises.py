"""The roll-call (点名): what reps say of this month's deals (稳 sure · 争取 maybe · 没戏 no), and what came of what they said.

A deal is of a month when it is expected to close in it or before, or when nobody has said when and its stage is set to be won more
often than not. A promise is kept with the amount it was made at, one per deal and month; the last word counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import pipeline
from scrm.access import Actor
from scrm.errors import NotFound
from scrm.hours import Hours
from scrm.metrics.part import Days, Part, deals_of
from scrm.models import PROMISES, Customer, Deal, Member, Promise, Stage
from scrm.pipeline import ClosedDeal
from scrm.versions import hold

LIKELY = 50  # percent from which a stage's deals belong to the month without a day
MOST = 30  # deals one person is asked about


@dataclass(frozen=True, slots=True)
class Asked:
    """A deal of the month with what its owner said of it; "" as long as nothing."""

    deal: Deal
    customer: str
    stage: Stage
    word: str


def of_member(session: Session, member_id: int, month: Days) -> list[Asked]:
    """The open deals of a member that belong to the month, the largest first: at most MOST."""
    said = sa.and_(Promise.deal_id == Deal.id, Promise.month == month.first)
    query = (
        sa.select(Deal, Customer.name, Stage, sa.func.coalesce(Promise.word, ""))
        .join(Customer, Customer.id == Deal.customer_id)
        .join(Stage, Stage.id == Deal.stage_id)
        .outerjoin(Promise, said)
        .where(Deal.owner_id == member_id, Deal.status == "open", _of_month(month))
        .order_by(sa.func.coalesce(Deal.amount, 0).desc(), Deal.id)
    )
    return [Asked(*row) for row in session.execute(query.limit(MOST))]


def to_ask(session: Session, members: Collection[int], month: Days) -> list[tuple[Member, int]]:
    """Which of these members have deals of the month they have said nothing of, and how many."""
    said = sa.select(Promise.deal_id).where(Promise.month == month.first)
    query = (
        sa.select(Member, sa.func.count())
        .join(Deal, Deal.owner_id == Member.id)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Member.id.in_(members), Member.active, Deal.status == "open", _of_month(month), Deal.id.not_in(said))
        .group_by(Member.id)
        .order_by(Member.id)
    )
    return [(member, count) for member, count in session.execute(query)]


def _of_month(month: Days) -> sa.ColumnElement[bool]:
    likely = sa.and_(Deal.expected_close_on.is_(None), Stage.win_percent >= LIKELY)
    return sa.or_(Deal.expected_close_on <= month.last, likely)


def promise(session: Session, actor: Actor, deal: Deal, month: Days, word: str) -> Promise:
    """The owner's word on a deal in a month; said again, the last one counts. Raises NotFound (not the owner's) or ClosedDeal."""
    if word not in PROMISES or deal.owner_id != actor.member_id or actor.member_id is None:
        raise NotFound
    hold(session, deal)  # two clicks at once make one promise
    if deal.status != "open":
        raise ClosedDeal(pipeline.view(deal), deal=deal.name)
    row = session.scalars(
        sa.select(Promise).where(Promise.deal_id == deal.id, Promise.month == month.first)
    ).one_or_none()
    if row is None:
        row = Promise(deal_id=deal.id, member_id=actor.member_id, month=month.first, word=word)
        session.add(row)
    row.member_id, row.word, row.amount = actor.member_id, word, deal.amount
    session.flush()
    return row


@dataclass(slots=True)
class Count:
    """Promises of one word: how many deals, worth how much when promised, how many of them were won in the month, worth how much."""

    deals: int = 0
    amount: Decimal = Decimal(0)
    won: int = 0
    won_amount: Decimal = Decimal(0)

    @property
    def kept(self) -> float | None:
        """The share of the deals that was won, 0…1; None without any."""
        return self.won / self.deals if self.deals else None


@dataclass(slots=True)
class Record:
    """What one member said and what came of it, by word."""

    member: Member
    counts: dict[str, Count] = field(default_factory=lambda: {word: Count() for word in PROMISES})


def records(session: Session, actor: Actor, part: Part, month: Days, hours: Hours) -> list[Record]:
    """Promises of a month beside their results, of the deals in sight, by the member who promised; void deals never count."""
    since, until = month.since(hours), month.until(hours)
    won = sa.and_(Deal.status == "won", Deal.closed_at >= since, Deal.closed_at < until)
    query = (
        sa.select(
            Promise.member_id,
            Promise.word,
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(Promise.amount), 0),
            sa.func.sum(sa.case((won, 1), else_=0)),
            sa.func.sum(sa.case((won, sa.func.coalesce(Deal.amount, 0)), else_=0)),
        )
        .join(Deal, Deal.id == Promise.deal_id)
        .join(Customer, Customer.id == Deal.customer_id)
        .where(Promise.month == month.first, *deals_of(session, actor, part))
        .group_by(Promise.member_id, Promise.word)
    )
    found: defaultdict[int, dict[str, Count]] = defaultdict(dict)
    for member, word, deals, amount, n_won, won_amount in session.execute(query):
        found[member][word] = Count(deals, Decimal(amount or 0), n_won, Decimal(won_amount or 0))
    people = session.scalars(sa.select(Member).where(Member.id.in_(found)).order_by(Member.id))
    made = [Record(member) for member in people]
    for record in made:
        record.counts.update(found[record.member.id])
    return made


def together(found: Sequence[Record], word: str) -> Count:
    """One word of everybody."""
    counts = [record.counts[word] for record in found]
    return Count(
        sum(one.deals for one in counts),
        sum((one.amount for one in counts), Decimal(0)),
        sum(one.won for one in counts),
        sum((one.won_amount for one in counts), Decimal(0)),
    )
