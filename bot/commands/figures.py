"""What is asked about figures: funnel, forecast, ranking, targets, and how likely a deal is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from bot.commands.base import ADMINS, MANAGERS, SALES, Asked, Command, Ref


class ShowFunnel(Asked, frozen=True, tag="funnel"):
    """看漏斗: conversion rate and days per stage of one pipeline, beside the standard."""

    roles: ClassVar[frozenset[str]] = SALES
    pipeline: int | None = None


class ShowStage(Asked, frozen=True, kw_only=True, tag="stage"):
    """The open deals that are in a stage, the oldest there first. Pages count from 0."""

    roles: ClassVar[frozenset[str]] = SALES
    stage: int
    page: int = 0


class ShowStagePeople(Asked, frozen=True, kw_only=True, tag="stage_people"):
    """A stage's conversion rate and days by person."""

    roles: ClassVar[frozenset[str]] = SALES
    stage: int


class SetStandard(Command, frozen=True, tag="set_standard"):
    """谈判的标准转化率60%，标准14天; of every pipeline that has a stage of this name, or of the one that is named."""

    roles: ClassVar[frozenset[str]] = ADMINS
    stage: str
    course: str = ""
    percent: int | None = None
    days: int | None = None


class ShowForecast(Asked, frozen=True, tag="forecast"):
    """本月能签多少, 我这个月还差多少: won, weighted, target and what is missing; 本月 when no days are named."""

    roles: ClassVar[frozenset[str]] = SALES


class ShowRanking(Asked, frozen=True, tag="ranking"):
    """本月排行 by `metric` (see `scrm.metrics.ranking.METRICS`), of people or of departments (`units`)."""

    roles: ClassVar[frozenset[str]] = SALES
    metric: str = "amount"
    units: bool = False


class SetTarget(Command, frozen=True, tag="set_target"):
    """李娜本月目标50万, 华东部本季度目标500万: `member`, or else the department that `unit` names."""

    roles: ClassVar[frozenset[str]] = MANAGERS
    amount: Decimal
    first: date
    last: date
    member: Ref | None = None
    unit: str = ""


class ShowChance(Command, frozen=True, tag="chance"):
    """宏图MES的赢率: how likely an open deal is to be won, and what that rests on."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: Ref | None = None
    customer: Ref | None = None


class CallTheRoll(Command, frozen=True, tag="call_roll"):
    """点名: everybody in the team is asked about this month's deals."""

    roles: ClassVar[frozenset[str]] = MANAGERS


class ShowRoll(Command, frozen=True, tag="roll"):
    """The speaker's own deals of the month, one to be answered at a time; `place` goes to one of them, counted from 0."""

    roles: ClassVar[frozenset[str]] = SALES
    place: int | None = None


class PromiseDeal(Command, frozen=True, tag="promise"):
    """稳, 争取 or 没戏 (`word`: sure, maybe, no) of a deal in the month that began on `month`."""

    roles: ClassVar[frozenset[str]] = SALES
    deal: int
    month: date
    word: str


class ShowPromises(Asked, frozen=True, tag="promises"):
    """承诺兑现: what was promised beside what came of it; of this month when none is named."""

    roles: ClassVar[frozenset[str]] = SALES
