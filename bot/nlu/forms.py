"""Commands in a fixed form (撤销, 新建客户 X, 新建渠道活码 …) read from the whole text, and amendments (改成60万)."""

from __future__ import annotations

import re
from typing import Any

from bot.nlu import dates
from bot.nlu.cues import forms as cue
from bot.nlu.cues.slots import TAG_SPLIT
from bot.nlu.frame import Frame, Mention, Scope, Span
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Lexicon
from bot.nlu.mentions import MARKS
from bot.nlu.reading import Reading
from bot.nlu.text import MASK, fold

_FORMS = [(intent, lazily(pattern, re.IGNORECASE)) for intent, pattern in cue.FORMS]
_AMEND = lazily(cue.AMEND)
_ONLY_WORDS = lazily(cue.AMEND_WORDS)
_VALUES = lazily(f"[\ue000-\ue00f]{MASK}*")
_TAG_SPLIT = lazily(TAG_SPLIT)
_NAMED = {"customer": "customer", "deal": "deal", "assignee": "member"}


def match(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """The frame of a text that is wholly one command form; None if it is none."""
    for intent, pattern in _FORMS:
        found = pattern.match(text)
        if found:
            slots = _slots(found, lexicon, scope)
            return Frame(intent, text, note=text.strip(), **slots)
    return None


def _slots(found: re.Match[str], lexicon: Lexicon, scope: Scope) -> dict[str, Any]:
    slots: dict[str, Any] = {}
    for slot, value in found.groupdict().items():
        if not value or not value.strip():
            continue
        value = value.strip()
        if slot in _NAMED:
            slots[slot] = named(_NAMED[slot], value, found.span(slot), lexicon, scope)
        elif slot == "tags":
            slots[slot] = tuple(piece for piece in _TAG_SPLIT.split(value) if piece)
        elif slot == "role":
            slots[slot] = cue.ROLES.get(value, value)  # of set_manager it is the manager's name
        else:
            slots[slot] = value
    return slots


def named(kind: str, spoken: str, span: Span, lexicon: Lexicon, scope: Scope) -> Mention:
    """The one visible name of the kind written so, else the words as spoken."""
    known = lexicon.exactly(kind, fold(spoken), scope)
    if len(known) == 1:
        return Mention(spoken, known[0].ref, known[0].text, span)
    return Mention(spoken, None, spoken, span)


def _meant(reading: Reading) -> Mention | None:
    """The customer an amendment means: of several the last (不是统一，是今麦郎)."""
    spots = [spot for spot in reading.found.spots if spot.kind == "customer" and len(spot.refs) == 1]
    name = reading.lexicon.name("customer", spots[-1].refs[0]) if len(spots) > 1 else None
    if name is None:
        return reading.found.customer
    return Mention(reading.words(*spots[-1].span), name.ref, name.text, spots[-1].span)


def amendment(reading: Reading) -> Frame | None:
    """不对，是60万 · 时间改到后天: the new value alone, nothing else said; None otherwise."""
    match = _AMEND.match(reading.folded)
    if not match or any(MARKS[kind] in reading.skeleton for kind in ("contact", "deal")):
        return None
    if not _ONLY_WORDS.fullmatch(_VALUES.sub("", reading.skeleton)):
        return None
    amount = reading.amounts[0].value if reading.amounts else None
    next_at = dates.moment(reading.times[0]) if reading.times else None
    customer = _meant(reading)
    if amount is None and next_at is None and customer is None:
        return None
    return Frame("amend", reading.text, customer=customer, amount=amount, next_at=next_at, note=reading.text.strip())
