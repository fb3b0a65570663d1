"""Cards of what happened with a customer."""

from __future__ import annotations

from dataclasses import dataclass

from bot.cards import words
from bot.cards.card import Button, Card, Row, rows
from bot.cards.clock import Clock
from bot.cards.followups import is_moved, remainder, reminder_text
from bot.commands import (
    CompleteFollowUp,
    CreateDeal,
    LinkDeal,
    Reschedule,
    ScheduleFollowUp,
    Supplement,
    Undo,
    UseAmount,
    pack,
)
from scrm.activities import Seen
from scrm.followups import Seen as SeenFollowUp
from scrm.models import Activity, FollowUp

LAST_RECORDED = "最近一条记录"
WHAT_TO_AMEND = "要改哪里直接说，比如「金额改成60万」「改到后天下午」，或者点上面的按钮。"
SUPPLEMENTED, AMENDED, LINKED = "已补充", "已修改", "已归到商机"
WHICH_DEAL = "这次跟进是哪个商机的？"
ASK_MORE = "还想补充什么？"
ASK_WORDS = "说说这次跟进的情况"
NEXT_IS_PAST = "说到的下一步时间已经过了，没有安排提醒。"
MAX_SUMMARY, MAX_TOLD = 160, 600


@dataclass(frozen=True, slots=True)
class Effects:
    """What else a record brought about, beside being kept."""

    amount_set: bool = False  # the deal had no amount and took the one said
    unknown_deal: str = ""  # a deal was named that nobody knows
    next_is_past: bool = False
    completed: bool = False  # the follow-up it was written for is done
    tags: tuple[str, ...] = ()  # set by words in the record
    has_deals: bool = False  # the customer has open deals, and which was meant is not known
    due: SeenFollowUp | None = None  # another open follow-up of this customer that this may have settled


def logged_card(seen: Seen, effects: Effects, clock: Clock, turn: str) -> Card:
    """The answer to a record: every effect, and what may come next."""
    activity = seen.activity
    notes = (
        f"没有找到商机「{effects.unknown_deal}」，先记在客户下。" if effects.unknown_deal else "",
        NEXT_IS_PAST if effects.next_is_past else "",
        "对应的待办已完成。" if effects.completed else "",
        f"已打标签：{'、'.join(effects.tags)}" if effects.tags else "",
        f"还有一条待办：{remainder(effects.due, clock)}" if effects.due else "",
    )
    return Card(
        title=f"已记录 · {words.KIND_NAMES[activity.kind]}",
        rows=_rows(seen, clock, amount_set=effects.amount_set),
        text="\n".join(part for part in (_told(activity, MAX_SUMMARY), *notes) if part),
        buttons=_logged_buttons(seen, effects, clock, turn),
        view=f"activity:{activity.id}",
    )


def _logged_buttons(seen: Seen, effects: Effects, clock: Clock, turn: str) -> tuple[Button, ...]:
    activity = seen.activity
    made = []
    if effects.due is not None:
        row = effects.due.row
        made.append(Button("完成待办", pack(CompleteFollowUp(followup=row.id, version=row.version)), "primary"))
    if _differs(seen):
        made.append(Button("更新金额", pack(UseAmount(activity=activity.id)), "default" if made else "primary"))
    if effects.has_deals:
        made.append(Button("归到商机", pack(LinkDeal(activity=activity.id)), "default" if made else "primary"))
    elif activity.amount is not None and seen.deal is None:
        made.append(
            Button(
                "建商机",
                pack(CreateDeal(customer=activity.customer_id, amount=activity.amount)),
                "default" if made else "primary",
            )
        )
    if seen.next is None:
        step = ScheduleFollowUp(customer=activity.customer_id, deal=activity.deal_id)
        made.append(Button("安排下一步", pack(step), "default" if made else "primary"))
    made.append(Button("补充", pack(Supplement(activity=activity.id))))
    if seen.next is not None:
        made += next_step_buttons(seen.next, clock)
    return (*made[:5], Button("撤销", pack(Undo(turn=turn))))


def _differs(seen: Seen) -> bool:
    """Whether another amount was said than the deal has."""
    deal, said = seen.deal, seen.activity.amount
    return (
        deal is not None
        and deal.status in ("open", "paused")
        and None not in (said, deal.amount)
        and said != deal.amount
    )


def next_step_buttons(row: FollowUp, clock: Clock) -> list[Button]:
    """改时间, and 仍按原时间 where the reminder was moved."""
    made = [Button("改时间", pack(Reschedule(followup=row.id, version=row.version)))]
    if is_moved(row, clock):
        made.append(Button("仍按原时间", pack(Reschedule(followup=row.id, keep=True, version=row.version))))
    return made


def activity_card(seen: Seen, clock: Clock, title: str = "") -> Card:
    """One record as it is now."""
    activity = seen.activity
    more = Button("补充", pack(Supplement(activity=activity.id)))
    step = ScheduleFollowUp(customer=activity.customer_id, deal=activity.deal_id)
    amount = (Button("更新金额", pack(UseAmount(activity=activity.id)), "primary"),) if _differs(seen) else ()
    then = next_step_buttons(seen.next, clock) if seen.next is not None else [Button("安排下一步", pack(step))]
    return Card(
        title=title or f"{words.KIND_NAMES[activity.kind]}记录",
        rows=_rows(seen, clock),
        text=_told(activity, MAX_TOLD),
        buttons=(*amount, more, *then),
        view=f"activity:{activity.id}",
    )


def with_undo(card: Card, turn: str) -> Card:
    """The card with 撤销 as its last button."""
    return Card(
        title=card.title, rows=card.rows, text=card.text, note=card.note, view=card.view,
        buttons=(*card.buttons[:5], Button("撤销", pack(Undo(turn=turn)))),
    )  # fmt: skip


def _told(activity: Activity, length: int) -> str:
    """The spoken words, lines kept."""
    return activity.summary if len(activity.summary) <= length else activity.summary[: length - 1] + "…"


def _rows(seen: Seen, clock: Clock, *, amount_set: bool = False) -> tuple[Row, ...]:
    activity, deal = seen.activity, seen.deal
    people = "、".join(f"{one.name}（新联系人）" if one.id in seen.new else one.name for one in seen.contacts)
    amount = words.money(activity.amount) if activity.amount is not None else None
    dealing = deal.name if deal is not None else None
    if deal is not None and _differs(seen):
        dealing = f"{deal.name}（现为 {words.money(deal.amount)}）"
    return rows(
        ("客户", " · ".join(part for part in (seen.customer.name, people) if part)),
        ("时间", clock.when(activity.happened_at)),
        ("地点", activity.place),
        ("金额", None if amount_set else amount),
        ("商机", f"{dealing}（金额已记为 {amount}）" if amount_set else dealing),
        ("下一步", next_text(seen.next, clock) if seen.next is not None else None),
    )


def next_text(row: FollowUp, clock: Clock) -> str:
    """A next step in one line: what was agreed, what to do, when the reminder really comes."""
    agreed = clock.day_of(row.due_at) if row.all_day else clock.when(row.due_at)
    text = f"{agreed} {row.action}".strip()
    return f"{text}（{reminder_text(row, clock)}）" if is_moved(row, clock) else text
