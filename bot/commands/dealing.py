"""What is asked about the course of deals: pipelines and tiers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from msgspec import Struct

from bot.commands.base import ADMINS, SALES, Command, Ref


class PipelineStep(Struct, frozen=True, omit_defaults=True):
    """One stage as an admin writes it; a figure that is not said stays as it was."""

    name: str
    win_percent: int | None = None
    expected_days: int | None = None
    required: tuple[str, ...] | None = None
    exit_facts: tuple[str, ...] | None = None


class ShowPipelines(Command, frozen=True, tag="pipelines"):
    """销售流程: every pipeline with its stages."""

    roles: ClassVar[frozenset[str]] = SALES


class DefinePipeline(Command, frozen=True, tag="define_pipeline"):
    """设置流程 国企：初次洽谈 10% 14天、…; `course` names the kind of deal, the tier, or both."""

    roles: ClassVar[frozenset[str]] = ADMINS
    course: str
    steps: tuple[PipelineStep, ...] = ()


class ShowCourse(Command, frozen=True, tag="course"):
    """X的历程: every change of a deal, and its time in each stage. Pages count from 0."""

    deal: Ref | None = None
    customer: Ref | None = None
    page: int = 0


class DealPerson(Struct, frozen=True, omit_defaults=True):
    """A contact with the part played in a deal; what is "" was not said."""

    contact: Ref
    role: str = ""
    attitude: str = ""
    influence: str = ""


class NoteDeal(Command, frozen=True, tag="note_deal"):
    """What is known of a deal: 预计12月20日签约，决策人是张总，竞品是用友."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: Ref | None = None
    customer: Ref | None = None
    amount: Decimal | None = None
    close_on: date | None = None
    products: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    people: tuple[DealPerson, ...] = ()
    not_products: tuple[str, ...] = ()  # 产品去掉MES
    not_competitors: tuple[str, ...] = ()  # 竞品去掉用友


class ShowDealPeople(Command, frozen=True, tag="deal_people"):
    """X的决策链: who decides, and how each stands to us."""

    deal: Ref | None = None
    customer: Ref | None = None


class NoteContract(Command, frozen=True, tag="contract"):
    """腾讯的合同到明年3月1日到期; a renewal deal is opened ahead of that day."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: Ref | None = None
    customer: Ref | None = None
    until: datetime | None = None


class SetTier(Command, frozen=True, tag="set_tier"):
    """腾讯是大客户."""

    roles: ClassVar[frozenset[str]] = SALES
    tier: str
    customer: Ref | None = None


class SetKind(Command, frozen=True, tag="set_kind"):
    """这单是续签; `kind` is its code (new, renewal, expansion) or what the company calls one of its own."""

    roles: ClassVar[frozenset[str]] = SALES
    kind: str
    deal: Ref | None = None
    customer: Ref | None = None
