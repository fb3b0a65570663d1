"""What is asked about the course of deals: pipelines and tiers."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from bot.commands.base import ADMINS, SALES, Command, Ref


class PipelineStep(Struct, frozen=True, omit_defaults=True):
    """One stage as an admin writes it; a figure that is not said stays as it was."""

    name: str
    win_percent: int | None = None
    expected_days: int | None = None


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


class SetTier(Command, frozen=True, tag="set_tier"):
    """腾讯是大客户."""

    roles: ClassVar[frozenset[str]] = SALES
    tier: str
    customer: Ref | None = None
