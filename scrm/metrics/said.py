"""What a sentence about figures names beside people and days: a department, a product; in sight of who asks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, defaults, members
from scrm.access import Actor
from scrm.errors import NotFound
from scrm.lookup import name_key
from scrm.models import Deal, DealProduct, Department

MOST = 2000  # product names compared with a sentence
SHORTEST = 2  # letters of a name that a sentence is searched for


def department(session: Session, words: str) -> Department | None:
    """The department a sentence names, with or without its 部; the longest name that fits. On both platforms it is the older row."""
    said = name_key(words)
    found = [
        (len(name), row)
        for row in session.scalars(sa.select(Department).order_by(Department.id))
        for name in _called(row)
        if len(name) >= SHORTEST and name in said
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _called(row: Department) -> tuple[str, ...]:
    name = name_key(row.name)
    bare = next((name.removesuffix(end) for end in defaults.UNIT_SUFFIXES if name.endswith(end)), name)
    return name, bare


def people_of(session: Session, actor: Actor, row: Department) -> frozenset[int]:
    """Everybody in the department and below, on either platform. Raises NotFound where the actor sees none of them."""
    namesakes = session.scalars(sa.select(Department.id).where(Department.name == row.name))
    people = frozenset().union(*(members.people_of(session, ident) for ident in namesakes))
    if not (actor.sees_all or people & actor.team):
        raise NotFound
    return people


def product(session: Session, actor: Actor, words: str) -> int | None:
    """A row that names the product of deals in sight that a sentence names; the longest name that fits."""
    said = name_key(words)
    query = (
        sa.select(sa.func.min(DealProduct.id), DealProduct.name)
        .join(Deal, Deal.id == DealProduct.deal_id)
        .where(access.deals(actor))
        .group_by(DealProduct.name)
        .order_by(sa.func.count().desc())
        .limit(MOST)
    )
    found = [
        (len(key), ident)
        for ident, name in session.execute(query)
        if len(key := name_key(name)) >= SHORTEST and key in said
    ]
    return max(found)[1] if found else None


def product_name(session: Session, actor: Actor, ident: int) -> str:
    """What that row names. Raises NotFound."""
    query = sa.select(DealProduct.name).join(Deal, Deal.id == DealProduct.deal_id)
    name = session.scalar(query.where(DealProduct.id == ident, access.deals(actor)))
    if name is None:
        raise NotFound
    return name
