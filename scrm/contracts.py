"""Contracts: until when a customer has signed, and the renewal deal that is opened ahead of that day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import deal_facts, deals, defaults, pipelines
from scrm.access import SYSTEM, Actor
from scrm.models import Contract, Customer, Deal, DealContact, DealProduct
from scrm.versions import hold

_YEARLY = re.compile(defaults.RENEWAL_TAIL)


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of a contract that is about to end: its renewal deal; `new` unless somebody had opened one."""

    contract: Contract
    deal: Deal
    new: bool


def note(
    session: Session, customer: Customer, deal: Deal | None, ends_on: date, *, amount: Decimal | None = None
) -> Contract:
    """The contract of this deal (or of the customer, without one) ends on this day; made when nothing was known of it.

    One that has been renewed is left alone: what is said now is of the next.
    """
    hold(session, customer)  # two messages at once make one contract
    same = Contract.deal_id == deal.id if deal is not None else Contract.deal_id.is_(None)
    known = session.scalars(
        sa.select(Contract)
        .where(Contract.customer_id == customer.id, same, Contract.renewal_id.is_(None))
        .order_by(Contract.id.desc())
        .limit(1)
    ).first()
    if known is None:
        known = Contract(
            name=deal.name if deal is not None else customer.name, customer_id=customer.id,
            deal_id=deal.id if deal is not None else None, amount=deal.amount if deal is not None else None, ends_on=ends_on,
        )  # fmt: skip
        session.add(known)
    known.ends_on = ends_on
    known.amount = amount if amount is not None else known.amount
    session.flush()
    return known


def last_won(session: Session, actor: Actor, customer: Customer) -> Deal | None:
    """The customer's deal in sight that was won last; None when none was."""
    return deals.last_closed(session, actor, customer, ("won",))


def ending(session: Session, today: date, ahead_days: int, limit: int) -> Sequence[Contract]:
    """Contracts that end within so many days and have no renewal deal.

    Those long over when the program first looks are left: nobody wants to hear of last year's.
    """
    until, since = today + timedelta(days=ahead_days), today - timedelta(days=ahead_days)
    query = (
        sa.select(Contract)
        .where(Contract.renewal_id.is_(None), Contract.ends_on <= until, Contract.ends_on >= since)
        .order_by(Contract.ends_on, Contract.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def open_renewal(session: Session, contract: Contract, now: datetime) -> Opened | None:
    """The renewal deal of a contract, with the amount, products and people of what it renews; a live one is taken as it is.

    None when another process has just opened it.
    """
    customer = hold(session, session.get_one(Customer, contract.customer_id))  # in the order of `note`: customer first
    session.refresh(contract, with_for_update=True)
    if contract.renewal_id is not None:
        return None
    known = _live_renewal(session, contract)
    if known is not None:
        contract.renewal_id = known.id
        return Opened(contract, known, new=False)
    before = session.get(Deal, contract.deal_id) if contract.deal_id is not None else None
    stage = defaults.stages_of(session, pipelines.key_for(session, "renewal", customer))[0]
    deal = Deal(
        name=_name(session, contract), customer_id=customer.id, owner_id=_owner(customer, before), kind="renewal",
        stage_id=stage.id, status="open", amount=contract.amount, expected_close_on=contract.ends_on, stage_since=now, version=1,
    )  # fmt: skip
    session.add(deal)
    session.flush()
    deals.begin_history(session, SYSTEM, deal, now)
    if before is not None:
        _carry_over(session, before, deal)
    contract.renewal_id = deal.id
    session.flush()
    return Opened(contract, deal, new=True)


def _owner(customer: Customer, before: Deal | None) -> int | None:
    return customer.owner_id if customer.owner_id is not None or before is None else before.owner_id


def _live_renewal(session: Session, contract: Contract) -> Deal | None:
    """A renewal somebody has opened by hand and that is no other contract's."""
    taken = sa.select(Contract.renewal_id).where(Contract.renewal_id.is_not(None))
    query = sa.select(Deal).where(
        Deal.customer_id == contract.customer_id, Deal.kind == "renewal", Deal.status.in_(("open", "paused")),
        Deal.id.not_in(taken),
    )  # fmt: skip
    if contract.deal_id is not None:
        query = query.where(Deal.id != contract.deal_id)
    return session.scalars(query.order_by(Deal.id).limit(1)).first()


def _name(session: Session, contract: Contract) -> str:
    """What it is called: the contract's name with the year it ends in; numbered where the customer has one of that name."""
    base = _YEARLY.sub("", contract.name)
    name = defaults.RENEWAL_NAME.format(name=base, year=contract.ends_on.year)[: deals.MAX_NAME - 3]
    same = sa.select(sa.func.count()).where(
        Deal.customer_id == contract.customer_id, Deal.name.startswith(name, autoescape=True)
    )
    count = session.scalar(same) or 0
    return f"{name}{count + 1}" if count else name


def _carry_over(session: Session, before: Deal, deal: Deal) -> None:
    known = deal_facts.of(session, before)
    session.add_all(DealProduct(deal_id=deal.id, name=name) for name in known.products)
    session.add_all(
        DealContact(
            deal_id=deal.id, contact_id=who.id, role=part.role, attitude=part.attitude, influence=part.influence
        )
        for who, part in known.people
    )
