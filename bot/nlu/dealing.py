"""What is said about the course of deals (流程, 级别 …), read from the whole text; what is meant must be known."""

from __future__ import annotations

import re
from typing import Any

from bot.nlu.cues import dealing as cue
from bot.nlu.frame import Frame, Mention, Name, Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.text import MAX_TEXT, fold

_FORMS = [(intent, re.compile(pattern, re.IGNORECASE)) for intent, pattern in cue.FORMS]
INTENTS = frozenset(intent for intent, _ in cue.FORMS)
_KINDS = {"set_tier": ("customer",)}  # of what the form may be said; else of a deal
_OF_A_CUSTOMER = re.compile(cue.OF_A_CUSTOMER)
_PARTED, _STEP = re.compile(cue.STAGES_PARTED), re.compile(cue.STEP)


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
    return {**slots, **meant} if meant else None


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


def steps(body: str) -> list[tuple[str, int | None, int | None]]:
    """The stages of a pipeline as written: name, win probability in percent, expected days."""
    made: list[tuple[str, int | None, int | None]] = []
    for piece in _PARTED.split(body):
        found = _STEP.match(fold(piece).strip(" 。.!"))
        if found and (name := found["name"].strip()):
            written = piece.strip()[: len(name)]
            percent, days = (int(found[part]) if found[part] else None for part in ("percent", "days"))
            made.append((written, percent, days))
    return made
