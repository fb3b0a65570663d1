"""What is said about the course of deals (流程, 级别 …), read from the whole text; what is meant must be known."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from bot.nlu.cues import deal_facts as facts_cue
from bot.nlu.cues import dealing as cue
from bot.nlu.cues import figures as figures_cue
from bot.nlu.frame import Frame, Mention, Name, Scope
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Lexicon
from bot.nlu.text import MAX_TEXT, fold

_FORMS = [(intent, lazily(pattern, re.IGNORECASE)) for intent, pattern in (*cue.FORMS, *figures_cue.FORMS)]
INTENTS = frozenset(intent for intent, _ in (*cue.FORMS, *figures_cue.FORMS))
_KINDS = {
    "set_tier": ("customer",),
    "set_target": ("member",),
    "ask_target": ("member",),
    "hand_over": ("member",),
    "chance": ("deal", "customer"),
}  # of what the form may be said; else of a deal
_OF_A_CUSTOMER = lazily(cue.OF_A_CUSTOMER)
_THIS_ONE = lazily(cue.THIS_ONE)
_PARTED, _STEP = lazily(cue.STAGES_PARTED), lazily(cue.STEP)
_REQUIRED, _EXIT, _NAMES = lazily(cue.REQUIRED), lazily(cue.EXIT), lazily(facts_cue.NAMES_PARTED)


def match(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """The frame of a text that is wholly one of these forms; None if it is none."""
    if len(text) > MAX_TEXT:
        return None
    for intent, pattern in _FORMS:
        found = pattern.match(text)
        slots = _slots(found, _kinds(intent, text), lexicon, scope) if found else None
        if slots is not None:
            return Frame(intent, text, note=text.strip(), **slots)
    return None


def _kinds(intent: str, text: str) -> tuple[str, ...]:
    """Of what the form is said: where the word deal is in it, the customer may stand for its deal."""
    return _KINDS.get(intent) or (("deal", "customer") if _OF_A_CUSTOMER.search(text) else ("deal",))


def _slots(found: re.Match[str], kinds: tuple[str, ...], lexicon: Lexicon, scope: Scope) -> dict[str, Any] | None:
    slots = {slot: value.strip() for slot, value in found.groupdict().items() if value and value.strip()}
    about = slots.pop("about", "")
    if not about:
        return slots
    meant = known(about, found.start("about"), kinds, lexicon, scope)
    if "member" in meant:
        meant = {"assignee": meant["member"]}
    if _THIS_ONE.search(found.string) and "customer" in meant:
        meant = _last_deal_of(meant["customer"], lexicon, scope) or meant
    return {**slots, **meant} if meant else None


def _last_deal_of(customer: Mention, lexicon: Lexicon, scope: Scope) -> dict[str, Mention]:
    """The deal last spoken of, where it is this customer's: 腾讯这单是续签."""
    last = lexicon.name("deal", scope.last_deal) if scope.last_deal is not None else None
    if last is None or last.customer != customer.ref or not scope.sees("deal", last.ref):
        return {}
    return {"deal": Mention(customer.text, last.ref, last.text, customer.span), "customer": customer}


def known(words: str, start: int, kinds: tuple[str, ...], lexicon: Lexicon, scope: Scope) -> dict[str, Mention]:
    """The one name of these kinds, the first that fits, which the words are as a whole: by kind; empty if there is none."""
    folded, span = fold(words), (start, start + len(words))
    hits = lexicon.hits(folded, scope)
    for kind in kinds:
        exact: list[Name] = lexicon.exactly(kind, folded, scope)
        refs = {name.ref for name in exact} or {hit.ref for hit in hits if hit.kind == kind and _whole(hit.span, words)}
        if len(refs) == 1:
            name = lexicon.name(kind, refs.pop())
            return {kind: Mention(words, name.ref, name.text, span)} if name is not None else {}
    return {}


def _whole(span: tuple[int, int], words: str) -> bool:
    return span == (0, len(words))


class StepSaid(Struct, frozen=True):
    """One stage of a pipeline as written; None where nothing was said of it."""

    name: str
    win_percent: int | None = None
    expected_days: int | None = None
    required: tuple[str, ...] | None = None
    exit_facts: tuple[str, ...] | None = None


def steps(body: str) -> list[StepSaid]:
    """The stages of a pipeline as written: 报价 45% 21天 要了解金额和决策人 必填产品."""
    made = []
    for piece in _PARTED.split(body):
        written = piece.strip(" 。.!")
        required, written = _asked(_REQUIRED, written)
        exit_facts, written = _asked(_EXIT, written)
        found = _STEP.match(fold(written).strip())
        if found and (name := found["name"].strip()):
            percent, days = (int(found[part]) if found[part] else None for part in ("percent", "days"))
            made.append(StepSaid(written.strip()[: len(name)], percent, days, required, exit_facts))
    return made


def _asked(pattern: re.Pattern[str], written: str) -> tuple[tuple[str, ...] | None, str]:
    """The facts behind the cue, by their codes (a word nobody knows as it is), and what is written without them."""
    found = pattern.search(written)
    if found is None:
        return None, written
    words = [word for word in map(str.strip, _NAMES.split(found["facts"])) if word]
    codes = tuple(facts_cue.FACT_WORDS.get(fold(word), word) for word in words)
    return codes, written[: found.start()] + written[found.end() :]
