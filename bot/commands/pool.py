"""What is asked about the public pool 公海: look, claim, put back, give to somebody, and its rule."""

from __future__ import annotations

from typing import ClassVar

from bot.commands.base import ADMINS, MANAGERS, SALES, Command, Ref


class ShowPool(Command, frozen=True, tag="pool"):
    """公海, page by page."""

    roles: ClassVar[frozenset[str]] = SALES
    page: int = 0


class ShowPooled(Command, frozen=True, tag="pooled"):
    """A customer in the pool, with what can be done."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: int


class ClaimCustomer(Command, frozen=True, tag="claim"):
    """领取宏图精密."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: Ref


class ReleaseCustomer(Command, frozen=True, tag="release"):
    """宏图精密放回公海，预算没了."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: Ref | None = None
    reason: str = ""


class AssignPooled(Command, frozen=True, tag="assign_pooled"):
    """把公海里的宏图精密分配给王磊: without a colleague the card asks."""

    roles: ClassVar[frozenset[str]] = MANAGERS
    customer: Ref
    to: Ref | None = None


class ShowPoolRule(Command, frozen=True, tag="pool_rule"):
    """公海规则."""

    roles: ClassVar[frozenset[str]] = SALES


class DefinePoolRule(Command, frozen=True, tag="define_pool_rule"):
    """公海规则 每人每天最多领5个，最多持有100个，冷却7天; what is None stays, 0 = no limit."""

    roles: ClassVar[frozenset[str]] = ADMINS
    per_day: int | None = None
    holds: int | None = None
    cooldown: int | None = None
