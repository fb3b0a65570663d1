"""Pipelines: which stages a deal goes through by its kind and its customer's tier, and how an admin defines them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import deal_facts, defaults
from scrm.deal_facts import UnknownFact
from scrm.errors import Missing, Refused
from scrm.lookup import name_key
from scrm.models import Customer, Deal, Pipeline, Stage, StageChange

MAX_STAGES = 12
MAX_KIND, MAX_TIER, MAX_STAGE = 8, 12, 32  # letters; a pipeline's key is both of the first


class TooShort(Refused):
    """A pipeline of fewer than two stages, or of too many."""

    sentence = "一个流程需要 2 到 12 个阶段，名称不能重复，每个不超过 32 个字。"


class StageInUse(Refused):
    """Open deals stand in a stage that would go."""

    sentence = "「{stage}」阶段里还有 {count} 个进行中的商机，先把它们推进到别的阶段，再去掉这个阶段。"


class BadFigure(Refused):
    """A win probability above 100 or an absurd number of days."""

    sentence = "「{stage}」的赢率要在 0% 到 100% 之间，停留天数要在 1 到 999 天之间。"


class NameTooLong(Refused):
    """The name of a kind or tier is too long to be one."""

    sentence = "「{name}」太长了：商机类型最多 8 个字，客户级别最多 12 个字。"


class WhichTier(Missing):
    """A tier nobody knows was named: asked with those that exist."""

    sentence = "没有「{spoken}」这个客户级别，是哪一个？"

    def __init__(self, spoken: str, known: Sequence[str]) -> None:
        super().__init__("tier", self.sentence.format(spoken=spoken), tuple((name, name) for name in known))


@dataclass(frozen=True, slots=True)
class Step:
    """One stage as an admin defines it; figures that are not said stay as they were."""

    name: str
    win_percent: int | None = None
    expected_days: int | None = None
    required: tuple[str, ...] | None = None  # facts asked for on arrival, see `deal_facts.FACTS`
    exit_facts: tuple[str, ...] | None = None  # facts without which there is no way on


# --- kinds and tiers


def kinds(session: Session) -> list[str]:
    """Every kind of deal: those everybody has, then those that pipelines were defined for."""
    defined = session.scalars(sa.select(Pipeline.kind).order_by(Pipeline.id))
    return list(dict.fromkeys([defaults.NEW, *defaults.KIND_WORDS, *defined]))


def tiers(session: Session) -> list[str]:
    """Every customer tier: those everybody has, then those that pipelines were defined for."""
    defined = session.scalars(sa.select(Pipeline.tier).where(Pipeline.tier != "").order_by(Pipeline.id))
    return list(dict.fromkeys([*defaults.TIER_WORDS, *defined]))


def kind_of(session: Session, name: str) -> str:
    """The kind of a deal by its name: renewal, expansion, one the company has defined, or new."""
    for kind, words in defaults.KIND_WORDS.items():
        if any(word in name for word in words):
            return kind
    return next((kind for kind in kinds(session) if not kind.isascii() and kind in name), defaults.NEW)


def tier_of(session: Session, words: str) -> str:
    """The tier that these words mean (KA 大客户, 央企); "" when there is none."""
    said = name_key(words)
    for tier in tiers(session):
        called = [name_key(word) for word in (tier, *defaults.TIER_WORDS.get(tier, ()))]
        if said and any(said in (word, f"{word}{defaults.CUSTOMER_SUFFIX}") for word in called):
            return tier
    return next((tier for tier in tiers(session) if name_key(tier) in said), "")


def tier_in(session: Session, words: str) -> str:
    """The tier that a sentence names by one of its names (KA的漏斗); "" when it names none."""
    said = name_key(words)
    for tier in tiers(session):
        if any(name_key(word) in said for word in (tier, *defaults.TIER_WORDS.get(tier, ()))):
            return tier
    return ""


def set_tier(session: Session, customer: Customer, words: str) -> None:
    """The customer is of this tier from now on; deals that are under way keep their pipeline. Raises WhichTier."""
    tier = tier_of(session, words)
    if not tier:
        raise WhichTier(words, tiers(session))
    customer.tier = tier


# --- which pipeline


def key_for(session: Session, kind: str, customer: Customer) -> str:
    """The pipeline of a new deal: see `key_of`."""
    return key_of(session, kind, tier_of(session, customer.tier))


def key_of(session: Session, kind: str, tier: str) -> str:
    """The pipeline of a kind and tier: their own, that of the kind, of new business in that tier, or of new business."""
    found = {(row.kind, row.tier): row.key for row in session.scalars(sa.select(Pipeline))}
    wanted = ((kind, tier), (kind, ""), (defaults.NEW, tier), (defaults.NEW, ""))
    return next(found[pair] for pair in wanted if pair in found)


def every(session: Session) -> list[tuple[Pipeline, list[Stage]]]:
    """All pipelines with their stages, the everyday ones first."""
    rows = session.scalars(sa.select(Pipeline).order_by(Pipeline.id)).all()
    return [(row, defaults.stages_of(session, row.key)) for row in rows]


# --- defining


def define(session: Session, kind: str, tier: str, steps: Sequence[Step]) -> tuple[Pipeline, list[Stage]]:
    """The pipeline of this kind and tier has exactly these stages, in this order; made when there was none.

    A stage keeps what it is by its name. One that is left out is retired. Raises TooShort, BadFigure, NameTooLong, UnknownFact, StageInUse.
    """
    _check(kind, tier, steps)
    row = session.scalars(sa.select(Pipeline).where(Pipeline.kind == kind, Pipeline.tier == tier)).one_or_none()
    if row is None:
        row = Pipeline(key=f"{kind}:{tier}", kind=kind, tier=tier)
        session.add(row)
    known = {stage.name: stage for stage in session.scalars(sa.select(Stage).where(Stage.pipeline == row.key))}
    wanted = {step.name for step in steps}
    for stage in known.values():
        if stage.name in wanted:
            stage.position = -stage.id  # out of the way of the new order
        elif not stage.retired:
            _retire(session, stage)
    session.flush()
    for position, step in enumerate(steps):
        _place(session, row.key, known.get(step.name), step, position)
    session.flush()
    return row, defaults.stages_of(session, row.key)


def _check(kind: str, tier: str, steps: Sequence[Step]) -> None:
    for name, most in ((kind, MAX_KIND if not kind.isascii() else 16), (tier, MAX_TIER)):
        if len(name) > most:
            raise NameTooLong(name=name)
    names = [step.name for step in steps]
    if not 2 <= len(names) <= MAX_STAGES or len(set(names)) < len(names) or max(map(len, names)) > MAX_STAGE:
        raise TooShort
    for step in steps:
        for fact in (*(step.required or ()), *(step.exit_facts or ())):
            if fact not in deal_facts.FACTS:
                raise UnknownFact(fact=fact)
        percent, days = step.win_percent, step.expected_days
        if (percent is not None and not 0 <= percent <= 100) or (days is not None and not 1 <= days <= 999):
            raise BadFigure(stage=step.name)


def _retire(session: Session, stage: Stage) -> None:
    live = sa.select(sa.func.count()).where(Deal.stage_id == stage.id, Deal.status.in_(("open", "paused")))
    count = session.scalar(live) or 0
    if count:
        raise StageInUse(stage=stage.name, count=count)
    used = sa.or_(
        sa.exists().where(Deal.stage_id == stage.id),
        sa.exists().where(sa.or_(StageChange.from_stage_id == stage.id, StageChange.to_stage_id == stage.id)),
    )
    if session.scalar(sa.select(used)):
        stage.position, stage.retired = -stage.id, True
    else:
        session.delete(stage)


def _place(session: Session, key: str, stage: Stage | None, step: Step, position: int) -> None:
    if stage is None:
        stage = Stage(pipeline=key, name=step.name, position=position)
        session.add(stage)
    stage.position, stage.retired = position, False
    stage.win_percent = step.win_percent if step.win_percent is not None else stage.win_percent
    stage.required = " ".join(step.required) if step.required is not None else stage.required or ""
    stage.exit_facts = " ".join(step.exit_facts) if step.exit_facts is not None else stage.exit_facts or ""
    stage.expected_days = step.expected_days if step.expected_days is not None else stage.expected_days
