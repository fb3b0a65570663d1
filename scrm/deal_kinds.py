"""The kind of a deal (new business, renewal, expansion, the company's own), and how a deal comes to another one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from scrm import deals, defaults, pipeline, pipelines
from scrm.access import Actor
from scrm.errors import Missing
from scrm.models import Customer, Deal, Stage
from scrm.versions import Already, hold


class KindAlready(Already):
    """The deal is of this kind."""

    sentence = "「{deal}」已经是这个类型了。"


class WhichKind(Missing):
    """A kind nobody knows was named: asked with those that exist."""

    sentence = "没有「{spoken}」这个商机类型，是哪一个？"

    def __init__(self, spoken: str, known: Sequence[str]) -> None:
        super().__init__("kind", self.sentence.format(spoken=spoken), tuple((kind, kind) for kind in known))


def set_kind(session: Session, actor: Actor, deal: Deal, kind: str, name: str, now: datetime) -> Stage:
    """The deal is of this kind from now on, in the nearest stage of that kind's pipeline; the stage it was in.

    `name` is what it is called from now on. What it went through stays in its history. Raises KindAlready or WhichKind.
    """
    known = pipelines.kinds(session)
    if kind not in known:
        raise WhichKind(kind, known)
    hold(session, deal)
    if deal.kind == kind:
        raise KindAlready(pipeline.view(deal), deal=deal.name)
    before = session.get_one(Stage, deal.stage_id)
    key = pipelines.key_for(session, kind, session.get_one(Customer, deal.customer_id))
    deal.kind, deal.name = kind, name
    if key != before.pipeline:
        after = nearest(deals.stages(session, deal), before, defaults.stages_of(session, key))
        deal.stage_id, deal.version = after.id, deal.version + 1
        session.add(deals.history(session, actor, deal, now, before.id, deal.status))
    return before


def nearest(old: Sequence[Stage], now_in: Stage, new: Sequence[Stage]) -> Stage:
    """The stage of the new pipeline of the same name, else of the last one gone through before it, else the first."""
    called = {stage.name: stage for stage in new}
    gone = list(old)[: list(old).index(now_in) + 1]
    return next((called[stage.name] for stage in reversed(gone) if stage.name in called), new[0])
