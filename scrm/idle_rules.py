"""The rules for customers without progress, as an admin sets them: one per tier and stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import idle, members, pipelines
from scrm.access import Actor
from scrm.errors import Refused
from scrm.models import IdleRule, Stage

MOST_DAYS = 999


class BadDays(Refused):
    """The days do not follow one another."""

    sentence = "天数要在 1 到 999 之间，回收要比第一次提醒晚至少 4 天，通知主管在两者之间。例如：大客户30天没跟进提醒，45天回收"


class WhichScope(Refused):
    """Neither a tier nor a stage."""

    sentence = "没有「{spoken}」这个客户级别或销售阶段。级别有：{tiers}；阶段有：{stages}。也可以说「所有客户」。"


class NoSuchRule(Refused):
    """Nothing to drop."""

    sentence = "没有这条规则，说「回收规则」看现在有哪些。"


@dataclass(frozen=True, slots=True)
class Said:
    """A rule as spoken: `scope` names a tier, a stage, both, or nothing for everybody; days that were not said are None."""

    scope: str
    remind_days: int
    manager_days: int | None = None
    recycle_days: int | None = None
    working: bool = False
    assign_to: int | None = None


def every(session: Session) -> Sequence[IdleRule]:
    """All rules, the general ones first."""
    return session.scalars(sa.select(IdleRule).order_by(IdleRule.stage, IdleRule.tier)).all()


def made_of(session: Session, said: Said) -> IdleRule:
    """The rule that was spoken of, not saved. Raises WhichScope or BadDays."""
    tier, stage = scope_of(session, said.scope)
    last = (
        said.recycle_days - idle.COUNTDOWN
        if said.recycle_days is not None
        else said.remind_days + 2 * idle.MANAGER_AFTER
    )
    manager = said.manager_days if said.manager_days is not None else (said.remind_days + last) // 2
    days = (said.remind_days, manager, said.recycle_days or manager)
    in_order = 1 <= said.remind_days <= manager <= last and max(days) <= MOST_DAYS
    if not in_order or last <= said.remind_days:
        raise BadDays
    return IdleRule(
        tier=tier, stage=stage, remind_days=said.remind_days, manager_days=manager, recycle_days=said.recycle_days,
        working=said.working, assign_to=said.assign_to,
    )  # fmt: skip


def define(session: Session, actor: Actor, said: Said) -> IdleRule:
    """The rule of this tier and stage is this one from now on. Raises WhichScope or BadDays."""
    rule = made_of(session, said)
    known = _of(session, rule.tier, rule.stage)
    if known is None:
        session.add(rule)
    else:
        for name in ("remind_days", "manager_days", "recycle_days", "working", "assign_to"):
            setattr(known, name, getattr(rule, name))
    kept = known or rule
    kept.set_by = actor.member_id
    session.flush()
    return kept


def drop(session: Session, ref: int | str) -> IdleRule:
    """The rule, by id or by what it is for, is no more. Raises NoSuchRule or WhichScope."""
    rule = session.get(IdleRule, ref) if isinstance(ref, int) else _of(session, *scope_of(session, ref))
    if rule is None:
        raise NoSuchRule
    session.delete(rule)
    session.flush()
    return rule


def _of(session: Session, tier: str, stage: str) -> IdleRule | None:
    query = sa.select(IdleRule).where(IdleRule.tier == tier, IdleRule.stage == stage)
    return session.scalars(query).one_or_none()


def scope_of(session: Session, words: str) -> tuple[str, str]:
    """The tier and the stage that the words name, "" for all. Raises WhichScope."""
    stages = list(
        session.scalars(sa.select(Stage.name).where(Stage.retired.is_(False)).distinct().order_by(Stage.name))
    )
    stage = next((name for name in sorted(stages, key=len, reverse=True) if name in words), "")
    rest = words.replace(stage, "", 1) if stage else words
    tier = pipelines.tier_of(session, rest) if rest else ""
    if rest and not tier:
        raise WhichScope(spoken=words, tiers="、".join(pipelines.tiers(session)), stages="、".join(stages))
    return tier, stage


def names(session: Session, rules: Sequence[IdleRule]) -> dict[int, str]:
    """The names of those who set these rules or get what is taken back, by id."""
    return members.names(
        session, {ident for rule in rules for ident in (rule.set_by, rule.assign_to) if ident is not None}
    )
