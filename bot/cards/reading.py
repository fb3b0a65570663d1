"""What was read as what: the card that explains how a sentence was understood."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from bot.cards.card import Card, Row
from bot.cards.clock import Clock
from bot.cards.words import clip, money
from bot.nlu.frame import Fact, Frame

ACTS = {
    "log_visit": "记录跟进", "create_customer": "新建客户", "create_contact": "新建联系人", "create_deal": "新建商机", "move_deal": "推进商机",
    "win_deal": "赢单", "lose_deal": "丢单", "pause_deal": "暂停商机", "set_followup": "安排跟进", "reschedule_followup": "跟进改期",
    "complete_task": "完成待办", "tag_contact": "打标签", "untag_contact": "去标签", "query_customer": "查客户", "query_deal": "查商机",
    "query_todo": "看待办",
}  # fmt: skip
_SLOTS = {
    "customer": "客户", "contacts": "联系人", "deal": "商机", "stage": "阶段", "amount": "金额", "percent": "比例", "occurred_at": "发生时间",
    "visit_kind": "方式", "next_at": "下次时间", "next_action": "下一步", "tags": "标签", "assignee": "转给", "title": "职务", "phone": "电话",
    "place": "地点", "campaign": "活动", "lost_reason": "原因",
}  # fmt: skip
_BY_RULE = {"known name": "名单里的名字", "as written": "原话"}
NOTHING_SAID = "还没有记过什么，先说一句试试，比如「今天拜访了…」。"
WRONG = "读错了？直接说「不对，是…」就改，或说「撤销」。"


def reading_card(frame: Frame, said_at: datetime, clock: Clock) -> Card:
    """Each fact of the sentence beside the words it came from."""
    done = ACTS.get(frame.intent, "")
    rows = [Row(label, _line(fact, frame.text)) for fact in frame.facts if (label := _SLOTS.get(fact.slot))]
    return Card(
        title="这句话是这样读的",
        subtitle=f"{clock.when(said_at)}「{clip(frame.text, 60)}」",
        rows=(Row("要做的事", done), *rows) if done else tuple(rows),
        note=WRONG,
    )


def nothing_said_card() -> Card:
    """Nothing was written yet that could be explained."""
    return Card(title="还没有可以解释的话", text=NOTHING_SAID)


def _line(fact: Fact, text: str) -> str:
    words, value = text[slice(*fact.span)].strip(), _value(fact)
    if not words or words == value:
        return clip(value, 60)
    because = f"（{_BY_RULE[fact.rule]}）" if fact.rule in _BY_RULE else ""
    return clip(f"「{words}」→ {value}{because}", 60)


def _value(fact: Fact) -> str:
    if fact.slot == "amount":
        return money(Decimal(fact.value))
    if fact.slot == "percent":
        return f"{fact.value}%"
    return fact.value.replace("T", " ") if fact.slot in ("occurred_at", "next_at") else fact.value
