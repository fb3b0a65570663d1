"""The card that asks whether the assistant's reading was meant."""

from __future__ import annotations

from datetime import date

from bot.cards.card import Button, Card, Row
from bot.cards.reading import ACTS
from bot.cards.words import clip, day, money
from bot.commands import AnswerDraft, pack
from bot.nlu.frame import Frame, Mention, Moment

QUESTION = "您是想这样吗？"
YES = "是，就这样"
NO = "不是"


def confirm_card(frame: Frame, draft_id: int, today: date) -> Card:
    """What was read as what; nothing is written before 是."""
    facts = (
        ("客户", _name(frame.customer) or frame.name),
        ("联系人", "、".join(person.name for person in frame.contacts)),
        ("商机", _name(frame.deal)),
        ("阶段", _name(frame.stage)),
        ("金额", money(frame.amount)),
        ("时间", _moment(frame.occurred_at, today)),
        ("下一步", " ".join(filter(None, (_moment(frame.next_at, today), frame.next_action)))),
        ("标签", "、".join(frame.tags)),
    )
    return Card(
        title=QUESTION,
        subtitle=f"「{clip(frame.text, 40)}」",
        rows=(
            Row("要做的事", " · ".join(filter(None, (ACTS[frame.intent], frame.visit_kind)))),
            *(Row(label, clip(value, 60)) for label, value in facts if value),
        ),
        buttons=(
            Button(YES, pack(AnswerDraft(draft=draft_id, option=0)), "primary"),
            Button(NO, pack(AnswerDraft(draft=draft_id, option=-1))),
        ),
        note="确认后才会记录。",
    )


def _name(mention: Mention | None) -> str:
    return mention.name if mention is not None else ""


def _moment(moment: Moment | None, today: date) -> str:
    if moment is None:
        return ""
    return f"{day(moment.day, today)} {moment.time:%H:%M}" if moment.time else day(moment.day, today)
