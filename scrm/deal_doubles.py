"""Whether a deal that is about to be made is there already: of the same customer, by name or product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, pipeline, pipelines
from scrm.access import Actor
from scrm.errors import Missing
from scrm.lookup import name_key
from scrm.models import Customer, Deal, DealProduct, Member, Stage
from scrm.versions import hold

MOST_SHOWN = 3
MOST_READ = 50


@dataclass(frozen=True, slots=True)
class Alike:
    """A live deal that may be the one meant; `product` is what both are about, "" where the name is the same."""

    id: int
    name: str
    stage: str
    amount: Decimal | None
    owner: str
    product: str = ""


class DealIsThere(Missing):
    """Asked before saving: use the deal that is there, or make another all the same.

    The options' values are {"use": id, "bare": whether it has no amount yet} and {"new": True}; see `bot.drafts`.
    """

    use, use_named, make = "用已有的", "用 {name}", "仍要新建"
    question_of = "「{name}」可能已经有了"

    def __init__(self, name: str, found: Sequence[Alike]) -> None:
        self.name, self.found = name, found
        label = self.use if len(found) == 1 else self.use_named
        options = [(label.format(name=one.name), {"use": one.id, "bare": one.amount is None}) for one in found]
        super().__init__("double", self.question_of.format(name=name), (*options, (self.make, {"new": True})))


def check(session: Session, actor: Actor, customer: Customer, name: str, kind: str) -> None:
    """Raises DealIsThere when the customer has a live deal of this kind with the same name or product; holds the customer."""
    hold(session, customer)  # two messages at once ask about one deal
    found = _find(session, actor, customer, name, kind or pipelines.kind_of(session, name))
    if found:
        raise DealIsThere(name, found)


def _find(session: Session, actor: Actor, customer: Customer, name: str, kind: str) -> list[Alike]:
    live = (Deal.customer_id == customer.id, Deal.kind == kind, Deal.status.in_(pipeline.LIVE), access.deals(actor))
    rows = session.execute(
        sa.select(Deal.id, Deal.name, Stage.name, Deal.amount, Member.name)
        .join(Stage, Stage.id == Deal.stage_id)
        .outerjoin(Member, Member.id == Deal.owner_id)
        .where(*live)
        .order_by(Deal.updated_at.desc(), Deal.id.desc())
        .limit(MOST_READ)
    ).all()
    key = name_key(name)
    products = {
        ident: product
        for ident, product in session.execute(
            sa.select(DealProduct.deal_id, DealProduct.name).join(Deal, Deal.id == DealProduct.deal_id).where(*live)
        )
        if name_key(product) and name_key(product) in key
    }
    found = [
        Alike(ident, called, stage, amount, owner or "", "" if name_key(called) == key else products[ident])
        for ident, called, stage, amount, owner in rows
        if name_key(called) == key or ident in products
    ]
    return sorted(found, key=lambda one: bool(one.product))[:MOST_SHOWN]
