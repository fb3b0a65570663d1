"""Customers that change hands because nobody made progress: stage, notes and tasks stay, nobody's deal is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.access import Actor
from scrm.errors import Refused
from scrm.idle_looks import Found
from scrm.models import Customer, Deal, FollowUp, Member
from scrm.pipeline import LIVE


class NotYours(Refused):
    """Only the owner, or whoever leads the owner, gives a customer away."""

    sentence = "「{customer}」不是您或您团队负责的客户。"


class HasItAlready(Refused):
    """Passed on to the one who has it."""

    sentence = "「{customer}」已经由{owner}负责。"


def take_back(session: Session, found: Sequence[Found]) -> None:
    """Each customer goes where its rule says, with its live deals and open tasks."""
    _move(session, [one.customer for one in found], {one.customer.id: one.rule.assign_to for one in found})


def pass_on(session: Session, actor: Actor, customer: Customer, to: Member | None) -> None:
    """The customer goes to a colleague, or (None) to the public pool. Raises NotYours or HasItAlready."""
    if customer.owner_id is None or not (actor.sees_all or customer.owner_id in actor.team):
        raise NotYours(customer=customer.name)
    if to is not None and to.id == customer.owner_id:
        raise HasItAlready(customer=customer.name, owner=to.name)
    _move(session, [customer], {customer.id: to.id if to is not None else None})


def _move(session: Session, customers: Sequence[Customer], to: Mapping[int, int | None]) -> None:
    """Three reads whatever their number. A task stays with whoever had it until somebody takes the customer."""
    before = {customer.id: customer.owner_id for customer in customers}
    for customer in customers:
        customer.owner_id = to[customer.id]
        customer.version += 1
    ids = list(before)
    for deal in session.scalars(sa.select(Deal).where(Deal.customer_id.in_(ids), Deal.status.in_(LIVE))):
        if deal.owner_id == before[deal.customer_id]:
            deal.owner_id = to[deal.customer_id]
            deal.version += 1
    for row in session.scalars(sa.select(FollowUp).where(FollowUp.customer_id.in_(ids), FollowUp.status == "open")):
        heir = to[row.customer_id]
        if heir is not None and row.owner_id == before[row.customer_id]:
            row.owner_id = heir
            row.version += 1
    session.flush()
