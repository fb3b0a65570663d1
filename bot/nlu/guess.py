"""What an assistant outside made of a sentence, held against the same structure as our own reading; pure.

Only what stands in the sentence counts: a name, a number of a telephone or a place that the sentence does not hold is dropped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from bot.nlu.frame import Frame, Mention, Moment
from bot.nlu.lazy import lazily
from bot.nlu.plan import ACTIVITY_KINDS
from bot.nlu.text import fold

INTENTS = (
    "log_visit", "create_customer", "create_contact", "create_deal", "move_deal", "win_deal", "lose_deal", "pause_deal", "set_followup",
    "reschedule_followup", "complete_task", "tag_contact", "untag_contact", "query_customer", "query_deal", "query_todo",
)  # fmt: skip
KINDS = tuple(ACTIVITY_KINDS)
MAX_AMOUNT = Decimal(10**12)
_DAY = lazily(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?")


class Guess(Struct, frozen=True):
    """The answer expected: every name as it stands in the sentence, days as YYYY-MM-DD or YYYY-MM-DDTHH:MM, yuan."""

    intent: str
    customer: str | None = None
    contacts: list[str] | None = None
    deal: str | None = None
    stage: str | None = None
    amount: float | None = None
    occurred_at: str | None = None
    next_at: str | None = None
    next_action: str | None = None
    visit_kind: str | None = None
    tags: list[str] | None = None
    title: str | None = None
    phone: str | None = None
    place: str | None = None
    lost_reason: str | None = None


def frame_of(raw: Mapping[str, Any], text: str) -> Frame | None:
    """The frame, or None when the answer is not of the shape expected or asks for nothing we do."""
    try:
        guess = msgspec.convert(raw, Guess)
    except msgspec.ValidationError:
        return None
    if guess.intent not in INTENTS:
        return None
    return Frame(
        guess.intent,
        text,
        customer=_named(guess.customer, text),
        contacts=tuple(found for name in guess.contacts or () if (found := _named(name, text)) is not None),
        deal=_named(guess.deal, text),
        stage=_named(guess.stage, text),
        amount=_amount(guess.amount),
        occurred_at=_moment(guess.occurred_at),
        next_at=_moment(guess.next_at),
        next_action=_said(guess.next_action, text),
        visit_kind=guess.visit_kind if guess.visit_kind in KINDS else "",
        tags=tuple(said for tag in guess.tags or () if (said := _said(tag, text))),
        title=_said(guess.title, text),
        phone=_said(guess.phone, text),
        place=_said(guess.place, text),
        lost_reason=_said(guess.lost_reason, text),
        note=text,
        name=_said(guess.customer, text) if guess.intent == "create_customer" else "",
    )


def _span(words: str | None, text: str) -> tuple[int, int] | None:
    at = fold(text).find(fold(words)) if words and words.strip() else -1
    return None if at < 0 or words is None else (at, at + len(words))


def _said(words: str | None, text: str) -> str:
    span = _span(words, text)
    return text[span[0] : span[1]] if span else ""


def _named(words: str | None, text: str) -> Mention | None:
    span = _span(words, text)
    if span is None:
        return None
    name = text[span[0] : span[1]]
    return Mention(name, None, name, span)


def _amount(value: float | None) -> Decimal | None:
    amount = None if value is None else Decimal(str(value))
    return amount if amount is not None and amount.is_finite() and 0 < amount <= MAX_AMOUNT else None


def _moment(value: str | None) -> Moment | None:
    if value is None or not _DAY.fullmatch(value):
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return Moment(moment.date(), moment.time() if "T" in value else None)
