"""The rules a deal moves by: pure functions of stages and statuses."""

from __future__ import annotations

from collections.abc import Sequence

from scrm.models import Deal, Stage
from scrm.versions import Already

LIVE = ("open", "paused")  # statuses in which a deal may move, be won or be lost
CLOSED = ("won", "lost", "void")
REOPENABLE = ("paused", *CLOSED)


class StageAlready(Already):
    """Moving to the stage the deal is in."""

    sentence = "「{deal}」已经在「{stage}」阶段了。"


class WonAlready(Already):
    """Winning a won deal."""

    sentence = "「{deal}」已经赢单了。"


class LostAlready(Already):
    """Losing a lost deal."""

    sentence = "「{deal}」已经记为丢单了。"


class VoidAlready(Already):
    """Voiding a void deal."""

    sentence = "「{deal}」已经作废了。"


class PausedAlready(Already):
    """Pausing a deal that is paused until that day."""

    sentence = "「{deal}」已经暂停到这一天了。"


class OpenAlready(Already):
    """Reopening an open deal."""

    sentence = "「{deal}」正在进行中。"


class ClosedDeal(Already):
    """Working on a deal that is over; its card offers to reopen it."""

    sentence = "「{deal}」已经结束，要继续请先重新打开。"


def next_stage(stages: Sequence[Stage], current_id: int) -> Stage | None:
    """The stage after the current one; None on the last."""
    ids = [stage.id for stage in stages]
    following = ids.index(current_id) + 1 if current_id in ids else len(ids)
    return stages[following] if following < len(stages) else None


def check_live(deal: Deal) -> None:
    """Raises ClosedDeal when the deal is over."""
    if deal.status not in LIVE:
        raise ClosedDeal(view(deal), deal=deal.name)


def check_move(deal: Deal, stage: Stage) -> None:
    """Raises StageAlready or ClosedDeal; any stage of its pipeline, forward or back, is allowed to a live deal."""
    if deal.status == "open" and deal.stage_id == stage.id:
        raise StageAlready(view(deal), deal=deal.name, stage=stage.name)
    check_live(deal)


def is_back(before: Stage, after: Stage) -> bool:
    """Whether the way from one stage to the other leads back; into another pipeline is neither way."""
    return after.pipeline == before.pipeline and after.position < before.position


def view(deal: Deal) -> str:
    """The name of the card that shows a deal."""
    return f"deal:{deal.id}"
