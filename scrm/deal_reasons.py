"""Why a deal was lost, went back or was made void: in words with the change, or by one tap after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from scrm import deals, defaults, pipeline
from scrm.access import Actor
from scrm.errors import NotFound, Outdated
from scrm.models import Deal, Stage
from scrm.versions import check, hold


def void(session: Session, actor: Actor, deal: Deal, reason: str, *, version: int | None, now: datetime) -> None:
    """Void: it counts nowhere any more. A reason said later is added. Raises VoidAlready, ClosedDeal or Outdated."""
    hold(session, deal)
    if deal.status == "void":
        if not reason or reason == deal.lost_reason:
            raise pipeline.VoidAlready(pipeline.view(deal), deal=deal.name)
        _write(session, deal, reason)
        return
    pipeline.check_live(deal)
    check(session, actor, deal, version, pipeline.view(deal))
    deals.change(session, actor, deal, now, stage_id=deal.stage_id, status="void", reason=reason[: deals.MAX_REASON])


def explain_loss(session: Session, deal: Deal, reason: int) -> None:
    """The reason of a loss by its number in LOST_REASONS. Raises Outdated when the deal is not lost any more."""
    _explain(session, deal, "lost", defaults.LOST_REASONS, reason)


def explain_void(session: Session, deal: Deal, reason: int) -> None:
    """Why it is void, by its number in VOID_REASONS. Raises Outdated when it is not void any more."""
    _explain(session, deal, "void", defaults.VOID_REASONS, reason)


def explain_back(session: Session, deal: Deal, reason: int) -> Stage:
    """Why it went back, by its number in BACK_REASONS; the stage it came from. Raises Outdated when something came since."""
    text = _text(defaults.BACK_REASONS, reason)
    hold(session, deal)
    last = deals.last_change(session, deal)
    before = session.get(Stage, last.from_stage_id) if last.from_stage_id is not None else None
    if deal.status != "open" or before is None or not pipeline.is_back(before, session.get_one(Stage, deal.stage_id)):
        raise Outdated(pipeline.view(deal))
    last.reason = text
    return before


def _explain(session: Session, deal: Deal, status: str, reasons: Sequence[str], number: int) -> None:
    text = _text(reasons, number)
    hold(session, deal)
    if deal.status != status:
        raise Outdated(pipeline.view(deal))
    _write(session, deal, text)


def _text(reasons: Sequence[str], number: int) -> str:
    if not 0 <= number < len(reasons):
        raise NotFound
    return reasons[number]


def _write(session: Session, deal: Deal, reason: str) -> None:
    deal.lost_reason = deals.last_change(session, deal).reason = reason[: deals.MAX_REASON]
