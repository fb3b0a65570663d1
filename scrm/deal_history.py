"""How a deal came to where it stands: who did what when, from which words, and how long it stayed in each stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import pipeline
from scrm.access import Actor
from scrm.models import Audit, Deal, Member, Stage, StageChange


@dataclass(frozen=True, slots=True)
class Step:
    """One change. `before` is None for the first; `who` is "" where the program did it; `words` what was said, if that is in sight."""

    at: datetime
    who: str
    before: Stage | None
    after: Stage
    from_status: str
    to_status: str
    reason: str
    words: str


@dataclass(slots=True)
class Stay:
    """How long a deal was in a stage, over all its visits; of that how long it was paused. Time after its end does not count."""

    stage: Stage
    time: timedelta = field(default=timedelta())
    paused: timedelta = field(default=timedelta())


def steps(session: Session, actor: Actor, deal: Deal) -> list[Step]:
    """Every change of the deal, the newest first; the words only of those whose records the actor sees."""
    changes = _changes(session, deal)
    stages = _stages(session, changes)
    names = _names(session, changes)
    words = _words(session, [row for row in changes if _hears(actor, row)])
    return [
        Step(
            row.at, names.get(row.member_id or 0, ""), stages.get(row.from_stage_id or 0), stages[row.to_stage_id],
            row.from_status, row.to_status, row.reason, words.get(row.event_id or 0, ""),
        )
        for row in reversed(changes)
    ]  # fmt: skip


def stays(session: Session, deal: Deal, now: datetime) -> list[Stay]:
    """The time in each stage the deal has been in, in the order it first came there; the last one counts until `now`."""
    changes = _changes(session, deal)
    stages = _stages(session, changes)
    found: dict[int, Stay] = {}
    ends = [row.at for row in changes[1:]] + [now]
    for row, end in zip(changes, ends, strict=True):
        stay = found.setdefault(row.to_stage_id, Stay(stages[row.to_stage_id]))
        if row.to_status in pipeline.CLOSED:
            continue
        spent = max(end - row.at, timedelta())
        stay.time += spent
        if row.to_status == "paused":
            stay.paused += spent
    return list(found.values())


def _changes(session: Session, deal: Deal) -> Sequence[StageChange]:
    query = sa.select(StageChange).where(StageChange.deal_id == deal.id)
    return session.scalars(query.order_by(StageChange.at, StageChange.id)).all()


def _stages(session: Session, changes: Sequence[StageChange]) -> dict[int, Stage]:
    ids = {ident for row in changes for ident in (row.from_stage_id, row.to_stage_id) if ident is not None}
    return {stage.id: stage for stage in session.scalars(sa.select(Stage).where(Stage.id.in_(ids)))}


def _names(session: Session, changes: Sequence[StageChange]) -> dict[int, str]:
    ids = {row.member_id for row in changes if row.member_id is not None}
    rows = session.execute(sa.select(Member.id, Member.name).where(Member.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _hears(actor: Actor, row: StageChange) -> bool:
    """A sentence may be about more than this deal: only those who see the speaker's records read it."""
    return row.event_id is not None and (actor.sees_all or row.member_id in actor.team)


def _words(session: Session, changes: Sequence[StageChange]) -> dict[int, str]:
    """The sentence of each event; a button said nothing."""
    turns = {f"e{row.event_id}": row.event_id for row in changes if row.event_id is not None}
    query = sa.select(Audit.turn, Audit.source).where(Audit.turn.in_(list(turns))).distinct()
    return {turns[turn]: source for turn, source in session.execute(query) if not source.startswith("[")}
