"""Deals: from the first talk to won or lost, every step with who, when and from which message."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, deal_facts, defaults, lookup, pipeline, pipelines
from scrm.access import Actor
from scrm.errors import Ambiguous, Candidate, Missing, Refused, UnknownName
from scrm.lookup import Ref
from scrm.models import Activity, Customer, Deal, Member, Stage, StageChange
from scrm.prepared import for_actor
from scrm.versions import Already, check, event_id, hold

MAX_NAME = 128
MAX_REASON = 255


class WhichDeal(Missing):
    """A deal was meant but none is known: asked with the speaker's open deals."""

    sentence = "要操作哪个商机？"

    def __init__(self, options: tuple[tuple[str, int], ...]) -> None:
        super().__init__("deal", self.sentence, options)


class SeveralDeals(Ambiguous):
    """The customer has several deals that fit."""

    sentence = "「{spoken}」有多个商机，您指的是哪一个？"


class NoDeal(Refused):
    """The customer has no deal that fits."""

    sentence = "「{customer}」没有进行中的商机，可以说：{customer} 新商机 名称 金额。"

    def __init__(self, company: Customer) -> None:
        super().__init__(customer=company.name)
        self.company = company


class NoDealAtAll(Refused):
    """A deal was meant, and the speaker has no open one."""

    sentence = "您还没有进行中的商机，可以说：客户名 新商机 名称 金额。"


class DealExists(Already):
    """The customer has an open deal of this name."""

    sentence = "「{deal}」已经有了，没有重复新建。"


# --- which one


def find(
    session: Session, actor: Actor, ref: Ref | None, customer: Ref | None, statuses: Sequence[str] = pipeline.LIVE
) -> Deal:
    """The deal meant: by id or name, else the customer's only one in `statuses`, else asked for.

    Raises NotFound, Ambiguous, UnknownName (with near misses) or WhichDeal.
    """
    if isinstance(ref, int):
        return lookup.by_id(session, actor, Deal, ref)
    company = lookup.customer(session, actor, customer) if customer is not None else None
    if ref:
        return _named(session, actor, ref, company, statuses)
    if company is not None:
        return _of_customer(session, actor, company, statuses)
    mine = session.scalars(_mine(actor, statuses).order_by(Deal.updated_at.desc()).limit(lookup.MAX_CANDIDATES)).all()
    if not mine:
        raise NoDealAtAll
    raise WhichDeal(tuple((deal.name, deal.id) for deal in mine))


def _named(session: Session, actor: Actor, name: str, company: Customer | None, statuses: Sequence[str]) -> Deal:
    try:
        return lookup.deal(session, actor, name, company)
    except Ambiguous as several:
        fit = [row for row in _load(session, several.candidates) if row.status in statuses]
        if len(fit) == 1:
            return fit[0]
        raise
    except UnknownName as unknown:
        if company is None and (named := _customer_named(session, actor, name)) is not None:
            return _of_customer(session, actor, named, statuses)
        raise UnknownName("deal", name, _near(session, actor, name, company)) from unknown


def _customer_named(session: Session, actor: Actor, name: str) -> Customer | None:
    try:
        return lookup.customer(session, actor, name)
    except UnknownName:
        return None


def _of_customer(session: Session, actor: Actor, company: Customer, statuses: Sequence[str]) -> Deal:
    query = sa.select(Deal).where(Deal.customer_id == company.id, access.deals(actor)).order_by(Deal.updated_at.desc())
    found = session.scalars(query.where(Deal.status.in_(statuses)).limit(lookup.MAX_CANDIDATES)).all()
    if not found:
        raise NoDeal(company)
    if len(found) == 1:
        return found[0]
    raise SeveralDeals("deal", company.name, tuple(Candidate(deal.id, deal.name) for deal in found))


def _load(session: Session, candidates: Iterable[Candidate]) -> Sequence[Deal]:
    return session.scalars(sa.select(Deal).where(Deal.id.in_([candidate.id for candidate in candidates]))).all()


def _near(session: Session, actor: Actor, name: str, company: Customer | None) -> tuple[Candidate, ...]:
    """Near misses among the actor's deals; for a known customer all of its live deals."""
    if company is not None:
        query = sa.select(Deal).where(
            Deal.customer_id == company.id, access.deals(actor), Deal.status.in_(pipeline.LIVE)
        )
        return tuple(Candidate(deal.id, deal.name) for deal in session.scalars(query.limit(5)))
    names = {deal.name: deal.id for deal in open_of(session, actor, limit=200)}
    return tuple(Candidate(names[close], close) for close in difflib.get_close_matches(name, names, 5, 0.5))


def open_of(session: Session, actor: Actor, *, limit: int, offset: int = 0, everybodys: bool = False) -> Sequence[Deal]:
    """The actor's own open and paused deals (or all in sight), the one changed last first."""
    found = _live(actor, everybodys=everybodys).order_by(Deal.updated_at.desc(), Deal.id.desc())
    return session.scalars(found.limit(limit).offset(offset)).all()


def totals(session: Session, actor: Actor, *, everybodys: bool = False) -> tuple[int, Decimal]:
    """How many open and paused deals the actor owns (or all in sight), and their amount in yuan."""
    mine = _live(actor, everybodys=everybodys).subquery()
    count, amount = session.execute(sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(mine.c.amount), 0))).one()
    return count, Decimal(amount)


def _live(actor: Actor, *, everybodys: bool) -> sa.Select[Any]:
    seen = sa.select(Deal).where(access.deals(actor), Deal.status.in_(pipeline.LIVE))
    return seen if everybodys else _mine(actor)


def _mine(actor: Actor, statuses: Sequence[str] = pipeline.LIVE) -> sa.Select[Any]:
    return sa.select(Deal).where(Deal.owner_id == actor.member_id, Deal.status.in_(statuses))


def last_closed(
    session: Session, actor: Actor, customer: Customer, statuses: Sequence[str] = pipeline.CLOSED
) -> Deal | None:
    """The customer's deal in sight that was closed last, if there is one."""
    query = sa.select(Deal).where(Deal.customer_id == customer.id, Deal.status.in_(statuses), access.deals(actor))
    return session.scalars(query.order_by(Deal.closed_at.desc(), Deal.id.desc()).limit(1)).first()


def all_open(session: Session, actor: Actor, customer: Customer) -> Sequence[Deal]:
    """The customer's open deals in sight, the one changed last first."""
    return _open_of(actor).records(session, {"customer": customer.id})


@for_actor
def _open_of(actor: Actor) -> sa.Select[Any]:
    query = sa.select(Deal).where(
        Deal.customer_id == sa.bindparam("customer"), Deal.status == "open", access.deals(actor)
    )
    return query.order_by(Deal.updated_at.desc(), Deal.id.desc()).limit(lookup.MAX_CANDIDATES)


# --- what it looks like


@dataclass(frozen=True, slots=True)
class Seen:
    """A deal with what its card shows beside it. `stages` is its whole pipeline in order."""

    deal: Deal
    customer: Customer
    stages: list[Stage]
    owner: str
    last: Activity | None
    known: deal_facts.Known

    @property
    def stage(self) -> Stage:
        """The stage it is in."""
        return next(stage for stage in self.stages if stage.id == self.deal.stage_id)

    @property
    def missing(self) -> tuple[str, ...]:
        """What its stage asks for and nobody has said; nothing for a deal that is over."""
        return deal_facts.missing(self.deal, self.known, self.stage.required) if self.deal.status == "open" else ()

    @property
    def next(self) -> Stage | None:
        """The stage after it; None on the last."""
        return pipeline.next_stage(self.stages, self.deal.stage_id)


def see(session: Session, deal: Deal) -> Seen:
    """The deal as its card shows it."""
    customer = session.get_one(Customer, deal.customer_id)
    owner = session.get(Member, deal.owner_id) if deal.owner_id is not None else None
    newest = (
        sa.select(Activity).where(Activity.deal_id == deal.id).order_by(Activity.happened_at.desc(), Activity.id.desc())
    )
    last = session.scalars(newest.limit(1)).first()
    return Seen(deal, customer, stages(session, deal), owner.name if owner else "", last, deal_facts.of(session, deal))


def stages(session: Session, deal: Deal) -> list[Stage]:
    """The stages of the deal's pipeline, in order; the one it is in also where it has been retired."""
    own = session.get_one(Stage, deal.stage_id)
    found = defaults.stages_of(session, own.pipeline)
    return found if own in found else [own, *found]


# --- changes


def create(
    session: Session,
    actor: Actor,
    customer: Customer,
    name: str,
    *,
    amount: Decimal | None,
    stage: Ref | None,
    now: datetime,
    kind: str = "",
    again: bool = False,
) -> Deal:
    """A new open deal of the actor, of the kind its name says when none is given. Raises DealExists when the customer has an open one of this name, unless `again`."""
    name = name.strip()[:MAX_NAME]
    hold(session, customer)  # two messages at once make one deal
    same = sa.select(Deal.id).where(Deal.customer_id == customer.id, Deal.name == name, Deal.status.in_(pipeline.LIVE))
    known = None if again else session.scalars(same).first()
    if known is not None:
        raise DealExists(f"deal:{known}", deal=name)
    kind = kind or pipelines.kind_of(session, name)
    first = _first_stage(session, pipelines.key_for(session, kind, customer), stage)
    deal = Deal(
        name=name, customer_id=customer.id, owner_id=actor.member_id, kind=kind, stage_id=first.id, status="open",
        amount=amount, stage_since=now, version=1,
    )  # fmt: skip
    session.add(deal)
    session.flush()
    begin_history(session, actor, deal, now)
    return deal


def begin_history(session: Session, actor: Actor, deal: Deal, now: datetime) -> None:
    """The first row of a new deal's history."""
    session.add(history(session, actor, deal, now, from_stage=None, from_status=""))


def _first_stage(session: Session, key: str, wanted: Ref | None) -> Stage:
    """The stage a new deal begins in; one of another pipeline stands for the one of its name, where there is one."""
    if isinstance(wanted, int):
        stage = lookup.stage(session, wanted, key)
        if stage.pipeline == key:
            return stage
        same = (one for one in defaults.stages_of(session, key) if one.name == stage.name)
        return next(same, defaults.stages_of(session, key)[0])
    return lookup.stage(session, wanted, key) if wanted else defaults.stages_of(session, key)[0]


def set_amount(session: Session, deal: Deal, amount: Decimal | None) -> None:
    """The deal's amount in yuan, if one was said."""
    if amount is not None and hold(session, deal).amount != amount:
        deal.amount = amount


def move(
    session: Session,
    actor: Actor,
    deal: Deal,
    stage: Stage,
    *,
    version: int | None,
    now: datetime,
    reason: str = "",
) -> None:
    """To any stage of its pipeline, forward or back; a paused deal goes on. Raises Already…, Outdated or NotReady."""
    hold(session, deal)
    pipeline.check_move(deal, stage)
    check(session, actor, deal, version, pipeline.view(deal))
    deal_facts.check_exit(session, deal, stage)
    change(session, actor, deal, now, stage_id=stage.id, status="open", reason=reason[:MAX_REASON])


def win(session: Session, actor: Actor, deal: Deal, *, version: int | None, now: datetime) -> None:
    """Won: the last stage, closed now. Raises WonAlready, ClosedDeal or Outdated."""
    hold(session, deal)
    if deal.status == "won":
        raise pipeline.WonAlready(pipeline.view(deal), deal=deal.name)
    pipeline.check_live(deal)
    check(session, actor, deal, version, pipeline.view(deal))
    change(session, actor, deal, now, stage_id=stages(session, deal)[-1].id, status="won")


def lose(session: Session, actor: Actor, deal: Deal, reason: str, *, version: int | None, now: datetime) -> None:
    """Lost, closed now; a reason said later is added to a lost deal. Raises LostAlready, ClosedDeal or Outdated."""
    hold(session, deal)
    if deal.status == "lost":
        if not reason or reason == deal.lost_reason:
            raise pipeline.LostAlready(pipeline.view(deal), deal=deal.name)
        last_change(session, deal).reason = deal.lost_reason = reason[:MAX_REASON]
        return
    pipeline.check_live(deal)
    check(session, actor, deal, version, pipeline.view(deal))
    change(session, actor, deal, now, stage_id=deal.stage_id, status="lost", reason=reason[:MAX_REASON])


def pause(
    session: Session, actor: Actor, deal: Deal, until: date, *, version: int | None, now: datetime, reason: str = ""
) -> None:
    """Paused until a local day, when it opens by itself. Raises PausedAlready, ClosedDeal or Outdated."""
    hold(session, deal)
    if deal.status == "paused" and deal.paused_until == until:
        raise pipeline.PausedAlready(pipeline.view(deal), deal=deal.name)
    pipeline.check_live(deal)
    check(session, actor, deal, version, pipeline.view(deal))
    change(session, actor, deal, now, stage_id=deal.stage_id, status="paused", reason=reason[:MAX_REASON], until=until)


def reopen(session: Session, actor: Actor, deal: Deal, *, version: int | None, now: datetime) -> None:
    """Open again, in the stage it was in. Raises OpenAlready or Outdated."""
    hold(session, deal)
    if deal.status == "open":
        raise pipeline.OpenAlready(pipeline.view(deal), deal=deal.name)
    check(session, actor, deal, version, pipeline.view(deal))
    change(session, actor, deal, now, stage_id=deal.stage_id, status="open")


def asleep(session: Session, today: date, limit: int) -> Sequence[Deal]:
    """Paused deals whose day has come, held for whoever wakes them."""
    query = (
        sa.select(Deal)
        .where(Deal.status == "paused", Deal.paused_until <= today)
        .order_by(Deal.paused_until, Deal.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def last_change(session: Session, deal: Deal) -> StageChange:
    """The row that tells how the deal came to where it stands."""
    newest = sa.select(StageChange).where(StageChange.deal_id == deal.id).order_by(StageChange.id.desc())
    return session.scalars(newest.limit(1)).one()


def change(
    session: Session,
    actor: Actor,
    deal: Deal,
    now: datetime,
    *,
    stage_id: int,
    status: str,
    reason: str = "",
    until: date | None = None,
) -> None:
    """The deal stands in this stage with this status from now on, and its history says so."""
    before = deal.stage_id, deal.status
    if deal.stage_id != stage_id:
        deal.stage_id, deal.stage_since = stage_id, now
    deal.status, deal.paused_until = status, until
    deal.lost_reason = reason if status in pipeline.CLOSED else ""
    deal.closed_at = now if status in pipeline.CLOSED else None
    deal.version += 1
    session.add(history(session, actor, deal, now, *before, reason))


def history(
    session: Session,
    actor: Actor,
    deal: Deal,
    now: datetime,
    from_stage: int | None,
    from_status: str,
    reason: str = "",
) -> StageChange:
    return StageChange(
        deal_id=deal.id, at=now, member_id=actor.member_id, event_id=event_id(session), from_stage_id=from_stage,
        to_stage_id=deal.stage_id, from_status=from_status, to_status=deal.status, reason=reason,
    )  # fmt: skip
