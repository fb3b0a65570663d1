"""Who acts and what that person may see; every query of people's data carries one of these clauses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

import sqlalchemy as sa

from scrm.models import Activity, Campaign, Channel, Contact, Customer, CustomerShare, Deal, Follow, FollowUp, Lead

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Actor:
    """A member as the one who acts. `team` = ids whose records are in sight (self, and the subtree for a manager)."""

    member_id: int | None  # None: the program itself (jobs, platform events)
    name: str
    role: str  # rep | manager | marketer | admin | system
    team: frozenset[int] = frozenset()

    @property
    def sees_all(self) -> bool:
        """True for admins and for the program itself."""
        return self.role in ("admin", "system")

    def may(self, roles: frozenset[str]) -> bool:
        """Whether this actor's role allows a command."""
        return self.sees_all or self.role in roles


ACTORS_KEPT = 256  # some 10 KB for each query of each
_kept: list[Callable[[], None]] = []


def once_per_actor(build: Callable[P, T]) -> Callable[P, T]:
    """A clause or query that is built once for each actor: to put one together costs more than to run it."""
    remembered = lru_cache(ACTORS_KEPT)(build)
    _kept.append(remembered.cache_clear)
    return cast(Callable[P, T], remembered)


def forget_with(forget: Callable[[], None]) -> None:
    """`forget` is called too when queries are to be built anew."""
    _kept.append(forget)


def forget_queries() -> None:
    """Build them anew; what depends on the rules themselves being others, as a test's planted hole, needs that."""
    for forget in _kept:
        forget()


SYSTEM = Actor(None, "系统", "system")


@once_per_actor
def customers(actor: Actor) -> sa.ColumnElement[bool]:
    """Customers in sight: owned in the team, or shared with the actor."""
    if actor.sees_all:
        return sa.true()
    shared = sa.select(CustomerShare.customer_id).where(CustomerShare.member_id == actor.member_id)
    return sa.or_(Customer.owner_id.in_(actor.team), Customer.id.in_(shared))


SELLING = frozenset({"rep", "manager", "admin"})


def pool(actor: Actor) -> sa.ColumnElement[bool]:
    """Customers of the public pool: whoever sells may look at what nobody owns."""
    return Customer.owner_id.is_(None) if actor.may(SELLING) else sa.false()


def leads(actor: Actor) -> sa.ColumnElement[bool]:
    """Leads in sight: owned in the team; those nobody has, for whoever sells; marketing, who brings them in, sees all."""
    if actor.sees_all or actor.role == "marketer":
        return sa.true()
    free = Lead.owner_id.is_(None) if actor.may(SELLING) else sa.false()
    return sa.or_(Lead.owner_id.in_(actor.team), free)


@once_per_actor
def contacts(actor: Actor) -> sa.ColumnElement[bool]:
    """Contacts in sight: of customers in sight, owned or followed in the team; marketing sees the private domain."""
    if actor.sees_all:
        return sa.true()
    followed = sa.select(Follow.contact_id).where(Follow.member_id.in_(actor.team), Follow.ended_at.is_(None))
    reach = sa.or_(
        Contact.owner_id.in_(actor.team), Contact.id.in_(followed), Contact.customer_id.in_(_customer_ids(actor))
    )
    return sa.or_(reach, Contact.external_user_id.is_not(None)) if actor.role == "marketer" else reach


@once_per_actor
def deals(actor: Actor) -> sa.ColumnElement[bool]:
    """Deals in sight: owned in the team, or of customers in sight."""
    if actor.sees_all:
        return sa.true()
    return sa.or_(Deal.owner_id.in_(actor.team), Deal.customer_id.in_(_customer_ids(actor)))


@once_per_actor
def activities(actor: Actor) -> sa.ColumnElement[bool]:
    """Activities in sight: made in the team, or with customers in sight."""
    if actor.sees_all:
        return sa.true()
    return sa.or_(Activity.member_id.in_(actor.team), Activity.customer_id.in_(_customer_ids(actor)))


@once_per_actor
def followups(actor: Actor) -> sa.ColumnElement[bool]:
    """Follow-ups in sight: owned in the team, or of customers in sight."""
    if actor.sees_all:
        return sa.true()
    return sa.or_(FollowUp.owner_id.in_(actor.team), FollowUp.customer_id.in_(_customer_ids(actor)))


def campaigns(actor: Actor) -> sa.ColumnElement[bool]:
    """Campaigns in sight: marketing sees all of them, others none."""
    return sa.true() if actor.sees_all or actor.role == "marketer" else Campaign.maker_id.in_(actor.team)


def channels(actor: Actor) -> sa.ColumnElement[bool]:
    """Channels in sight: marketing sees all of them, others their own."""
    return sa.true() if actor.sees_all or actor.role == "marketer" else Channel.owner_id.in_(actor.team)


def _customer_ids(actor: Actor) -> sa.Select[int]:
    return sa.select(Customer.id).where(customers(actor))
