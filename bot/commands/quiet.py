"""What is asked about customers nobody makes progress with, and about reminders: rules, extensions, cover, why."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from bot.commands.base import ADMINS, MANAGERS, SALES, Command, Ref


class DefineIdleRule(Command, frozen=True, tag="define_idle_rule"):
    """大客户30天没跟进提醒，45天回收; `scope` names a tier, a stage, both, or nothing. `dry`: only what it would do today."""

    roles: ClassVar[frozenset[str]] = ADMINS
    scope: str
    remind: int
    manager: int | None = None
    recycle: int | None = None
    working: bool = False
    to: Ref | None = None  # who gets what is taken back; None = the public pool
    dry: bool = False


class ShowIdleRules(Command, frozen=True, tag="idle_rules"):
    """回收规则."""

    roles: ClassVar[frozenset[str]] = SALES


class DropIdleRule(Command, frozen=True, tag="drop_idle_rule"):
    """删除回收规则 大客户."""

    roles: ClassVar[frozenset[str]] = ADMINS
    rule: Ref


class TryIdleRules(Command, frozen=True, tag="try_idle_rules"):
    """试跑回收规则: what the rules would do today, with nothing done."""

    roles: ClassVar[frozenset[str]] = MANAGERS


class ShowIdle(Command, frozen=True, tag="idle"):
    """A customer without progress, with what to do about it."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: int


class FollowToday(Command, frozen=True, tag="follow_today"):
    """今天跟进: a follow-up for today."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: int


class PassOn(Command, frozen=True, tag="pass_on"):
    """转给…: without a colleague the card asks."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: int
    to: Ref | None = None


class GiveUp(Command, frozen=True, tag="give_up"):
    """放弃: the customer goes to the public pool, with all there is."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: int


class AskExtension(Command, frozen=True, tag="ask_extension"):
    """申请延期: without days the card asks."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: Ref | None = None
    days: int | None = None
    reason: str = ""


class DecideExtension(Command, frozen=True, tag="extension"):
    """同意 or 不同意 on the manager's card."""

    roles: ClassVar[frozenset[str]] = SALES  # a rep may stand in for a manager who is away
    extension: int
    approve: bool


class WhyReminded(Command, frozen=True, tag="why"):
    """为什么提醒我: the rule, the dates and who set it; of what reminded last when nothing is named."""

    customer: int | None = None
    followup: int | None = None


class SetCover(Command, frozen=True, tag="set_cover"):
    """我下周休假，李娜代理; `member` None = the speaker, somebody else only by a manager of that person. Local days, both included."""

    cover: Ref
    member: Ref | None = None
    first: date | None = None
    last: date | None = None


class EndCover(Command, frozen=True, tag="end_cover"):
    """结束代理: of the speaker's own plans, the one that runs or comes next."""


class LimitPushes(Command, frozen=True, tag="limit_pushes"):
    """每天最多提醒我10条; 0 = any number, None = which number holds."""

    most: int | None = None


class ShowHeld(Command, frozen=True, tag="held"):
    """合并的提醒: pushes that were summed up, after the one with this id."""

    after: int = 0


class ShowHeldPush(Command, frozen=True, tag="held_push"):
    """One of these as it would have come."""

    push: int


class ShowCovers(Command, frozen=True, tag="covers"):
    """代理人: who stands in for the speaker, and for whom the speaker does."""


class ShowFuture(Command, frozen=True, tag="future"):
    """未来机会: deals that sleep until their day, with the reason."""

    roles: ClassVar[frozenset[str]] = SALES
