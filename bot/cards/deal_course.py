"""The card of a deal's course: its stages with the time it spent there, and every change with who and from which words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.cards.card import Button, Card
from bot.cards.clock import Clock
from bot.cards.words import STATUS_NAMES, clip
from bot.commands import ShowCourse, ShowDeal, pack
from scrm.deal_history import Stay, Step
from scrm.models import Deal
from scrm.pipeline import is_back

PAGE = 5
WORDS = 22
PROGRAM = "系统"


def course_card(deal: Deal, steps: Sequence[Step], stays: Sequence[Stay], page: int, clock: Clock) -> Card:
    """One page of the changes, the newest first; the stages with their times stand on the first page."""
    shown = steps[page * PAGE : (page + 1) * PAGE]
    times = [f"停留：{' → '.join(_stay(stay, deal) for stay in stays)}"] if not page else []
    earlier = (page + 1) * PAGE < len(steps)
    onwards = Button("更早的", pack(ShowCourse(deal=deal.id, page=page + 1))) if earlier else None
    return Card(
        title=f"历程 · {clip(deal.name, 20)}",
        text="\n".join([*times, *(f"· {_line(step, clock)}" for step in shown)]),
        buttons=tuple(button for button in (onwards, Button("看商机", pack(ShowDeal(deal=deal.id)))) if button),
        view=f"course:{deal.id}",
    )


def _stay(stay: Stay, deal: Deal) -> str:
    expected, here = stay.stage.expected_days, stay.stage.id == deal.stage_id and deal.status in ("open", "paused")
    over = f"，超 {stay.time.days - expected} 天" if expected is not None and stay.time.days > expected else ""
    paused = f"，暂停 {length(stay.paused)}" if stay.paused >= timedelta(days=1) else ""
    inside = "，".join(part for part in ("现在" if here else "", over[1:], paused[1:]) if part)
    return f"{stay.stage.name} {length(stay.time)}" + (f"（{inside}）" if inside else "")


def length(time: timedelta) -> str:
    """How long: 12天 · 5小时 · 不到1小时."""
    if time.days:
        return f"{time.days}天"
    hours = time.seconds // 3600
    return f"{hours}小时" if hours else "不到1小时"


def _line(step: Step, clock: Clock) -> str:
    head = f"{clock.when(step.at)} {step.who or PROGRAM} {_did(step)}"
    reason = f"，原因：{clip(step.reason, WORDS)}" if step.reason else ""
    return head + reason + (f"「{clip(step.words, WORDS)}」" if step.words else "")


def _did(step: Step) -> str:
    if step.before is None:
        return f"新建，{step.after.name}"
    if step.to_status != "open":
        return STATUS_NAMES[step.to_status].removeprefix("已")
    if step.before.pipeline != step.after.pipeline:
        return f"换了流程，{step.after.name}"
    if step.before.id != step.after.id:
        return f"{'退回到' if is_back(step.before, step.after) else '推进到'}{step.after.name}"
    return "恢复" if step.from_status == "paused" else "重新打开"
