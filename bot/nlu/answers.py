"""Answers to a question of ours: a text counts only if the whole of it is an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from bot.nlu import dates
from bot.nlu.cues import answers as cue
from bot.nlu.frame import Moment
from bot.nlu.lazy import lazily
from bot.nlu.periods import number
from bot.nlu.text import clean, fold

_LAST, _ORDINAL = lazily(cue.LAST), lazily(cue.ORDINAL)
_TAIL, _HEAD = lazily(cue.TAIL), lazily(cue.HEAD)
_TAIL_WORDS, _NAME, _NO_NAME = lazily(cue.TAIL_WORDS), lazily(cue.NAME), lazily(cue.NO_NAME)
_MARKS = lazily(r"[\s。.!！,，~～?？]+$")
MAX_ANSWER = 60  # a longer text is a new sentence


def read_answer(text: str, options: Sequence[str]) -> int | Literal["yes", "no", "cancel"] | None:
    """The index of the option meant, or yes, no, cancel; None if the text is not wholly an answer.

    A name that fits several options is no answer.
    """
    if len(text) > MAX_ANSWER:
        return None
    said = _MARKS.sub("", fold(clean(text)).strip())
    named = _named(said, options)
    if named is not None:
        return named
    if said in cue.CANCEL:
        return "cancel"
    if said in cue.YES:
        return "yes"
    if said in cue.NO:
        return "no"
    return _ordinal(said, len(options))


def read_name(text: str) -> str | None:
    """The company's name, as written, if the whole text is one (就是宏图精密那家); None for a sentence or a command."""
    if len(text) > MAX_ANSWER:
        return None
    said = clean(text).strip()
    head = _HEAD.match(fold(said))
    said = _MARKS.sub("", said[head.end() :] if head else said)
    tail = _TAIL_WORDS.search(fold(said))
    said = said[: tail.start()] if tail else said
    folded = fold(said)
    return said if _NAME.fullmatch(folded) and not _NO_NAME.search(folded) else None


def _named(said: str, options: Sequence[str]) -> int | None:
    folded = [fold(option) for option in options]
    if folded.count(said) == 1:
        return folded.index(said)
    core = _HEAD.sub("", _TAIL.sub("", said))
    if len(core) < 2:
        return None
    exact = [index for index, option in enumerate(folded) if core == option]
    holding = exact or [index for index, option in enumerate(folded) if core in option]
    return holding[0] if len(holding) == 1 else None


def _ordinal(said: str, count: int) -> int | None:
    said = _TAIL.sub("", said) or said
    if _LAST.fullmatch(said) and count:
        return count - 1
    match = _ORDINAL.fullmatch(said)
    if not match:
        return None
    chosen = number(match["n"])
    return chosen - 1 if 1 <= chosen <= count else None


def read_moment(text: str, sent_at: datetime, zone: ZoneInfo) -> Moment | None:
    """The time, if the whole text is one (明天下午3点, 改到周五); None otherwise. `sent_at` is aware."""
    if len(text) > MAX_ANSWER:
        return None
    said = fold(clean(text)).strip()
    found = dates.find(said, sent_at.astimezone(zone).replace(tzinfo=None))
    if len(found) != 1:
        return None
    start, end = found[0].span
    around = cue_free(said[:start]) + cue_free(said[end:])
    return dates.moment(found[0]) if not around else None


def cue_free(text: str) -> str:
    """What is left of the words around a time when those that only lead to it are gone."""
    return re.sub(cue.TIME_WORDS, "", text)
