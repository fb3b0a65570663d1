"""What is asked about deals and follow-ups."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from bot.commands.base import SALES, Command, Ref


class CreateDeal(Command, frozen=True, tag="new_deal"):
    """X 新商机 名称 80万."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: Ref | None = None
    deal: str = ""
    amount: Decimal | None = None
    stage: Ref | None = None
    kind: str = ""  # new, renewal, expansion; "" = by its name
    sure: bool = False  # made although the customer has one like it


class ShowDeal(Command, frozen=True, tag="deal"):
    """看一下商机 名称."""

    deal: Ref | None = None
    customer: Ref | None = None


class MyDeals(Command, frozen=True, tag="deals"):
    """我的商机."""

    page: int = 0


class MoveDeal(Command, frozen=True, tag="move_deal"):
    """推进到 a stage; without `deal` the one last spoken of (or the customer's only open one)."""

    roles: ClassVar[frozenset[str]] = SALES
    stage: Ref
    deal: Ref | None = None
    customer: Ref | None = None
    amount: Decimal | None = None
    reason: str = ""
    version: int | None = None


class BackReason(Command, frozen=True, tag="back_reason"):
    """Why a deal went back, by its number in `scrm.defaults.BACK_REASONS`."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: int
    reason: int


class WinDeal(Command, frozen=True, tag="win_deal"):
    """赢单了."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: Ref | None = None
    customer: Ref | None = None
    amount: Decimal | None = None
    version: int | None = None


class LoseDeal(Command, frozen=True, tag="lose_deal"):
    """丢单; without a reason the card asks for one by button, the loss is recorded at once."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: Ref | None = None
    customer: Ref | None = None
    reason: str = ""
    version: int | None = None


class LossReason(Command, frozen=True, tag="loss_reason"):
    """The reason of a loss, by its number in `scrm.defaults.LOST_REASONS`."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: int
    reason: int


class VoidDeal(Command, frozen=True, tag="void_deal"):
    """作废: entered twice or by mistake; without a reason the card asks for one by button."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: Ref | None = None
    customer: Ref | None = None
    reason: str = ""
    version: int | None = None


class VoidReason(Command, frozen=True, tag="void_reason"):
    """Why a deal is void, by its number in `scrm.defaults.VOID_REASONS`."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: int
    reason: int


class PauseDeal(Command, frozen=True, tag="pause_deal"):
    """暂停到 a day (local date of `until`)."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: Ref | None = None
    customer: Ref | None = None
    until: datetime | None = None
    version: int | None = None
    reason: str = ""


class ReopenDeal(Command, frozen=True, tag="reopen_deal"):
    """Back to open."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: Ref | None = None
    customer: Ref | None = None
    version: int | None = None


class ScheduleFollowUp(Command, frozen=True, tag="follow_up"):
    """明天下午3点跟进X; without a time the card asks with buttons."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: Ref | None = None
    contact: Ref | None = None
    deal: Ref | None = None
    action: str = ""
    due_at: datetime | None = None
    all_day: bool = False


class ShowTodo(Command, frozen=True, tag="todo"):
    """我的待办 · 今日待办; `all` shows later ones too. Pages count from 0."""

    all: bool = False
    page: int = 0


class ShowFollowUp(Command, frozen=True, tag="followup"):
    """The card of one follow-up."""

    followup: int


class CompleteFollowUp(Command, frozen=True, tag="done"):
    """完成, by button or by naming the customer."""

    roles: ClassVar[frozenset[str]] = SALES
    followup: int | None = None
    customer: Ref | None = None
    version: int | None = None


class CancelFollowUp(Command, frozen=True, tag="cancel_follow_up"):
    """不用跟了, by button or by naming the customer (取消明天跟六福的拜访)."""

    roles: ClassVar[frozenset[str]] = SALES
    followup: int | None = None
    customer: Ref | None = None
    version: int | None = None


class Reschedule(Command, frozen=True, tag="later"):
    """`to`: "tomorrow", "monday" (next), "hour" by button, or `due_at` by words; neither = asks for a time."""

    roles: ClassVar[frozenset[str]] = SALES
    followup: int | None = None
    customer: Ref | None = None
    to: str = ""
    due_at: datetime | None = None
    all_day: bool = False
    keep: bool = False  # 仍按原时间: alert at due_at even in quiet hours or on a day off
    version: int | None = None


class WriteFollowUp(Command, frozen=True, tag="write"):
    """写跟进: asks for words; the next sentence is the record of this follow-up."""

    roles: ClassVar[frozenset[str]] = SALES
    followup: int
    words: str = ""
