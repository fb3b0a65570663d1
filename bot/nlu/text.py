"""One writing for comparing: half width, lower case, simplified, each character in its place so that spans stay true."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

from opencc import OpenCC

from bot.nlu.cues.names import CANTONESE, HESITATION, IN_GB2312
from bot.nlu.cues.numerals import ALWAYS_SIMPLE
from bot.nlu.frame import Span
from bot.nlu.lazy import lazily

_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_SAME = str.maketrans({**CANTONESE, **IN_GB2312, **dict.fromkeys(HESITATION, " ")})
_KEEP = {ord(mark): mark for mark in "，。；：！？（）"}  # Chinese punctuation parts clauses
_TABLE: dict[int, int | str] = {**_WIDTH, **_KEEP}
MAX_TEXT = 700  # what a message of WeCom holds (2048 bytes); what is longer is kept as words but read up to here
_BLANKS = lazily(r"\s{8,}")
MASK = "\ue0ff"
STRANGE = "\x00"


class _Quick(dict[int, str]):
    """Each character as it is compared, worked out when it is first met; STRANGE where its neighbours may matter."""

    def __missing__(self, code: int) -> str:
        char = ALWAYS_SIMPLE.get(chr(code), chr(code))
        try:
            char.encode("gb2312")
            self[code] = folded = _thorough(char)
        except UnicodeEncodeError:
            folded = STRANGE
        return folded


_QUICK = _Quick()


def fold(text: str) -> str:
    """The text as it is compared; same length as `text`, so that spans in one are spans in the other."""
    folded = text.translate(_QUICK)
    return _thorough(text) if STRANGE in folded else folded


def _thorough(text: str) -> str:
    folded = text.translate(_TABLE)
    lowered = folded.lower()
    if len(lowered) != len(folded):
        lowered = "".join(char.lower() if len(char.lower()) == 1 else char for char in folded)
    return _simplified(lowered)


def _simplified(text: str) -> str:
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        simple = _converted(text)
        text = simple if len(simple) == len(text) else "".join(_one(char) for char in text)
    return text.translate(_SAME)


@cache
def _converter() -> OpenCC:
    """Traditional to simplified; its tables are read when the first such text comes."""
    return OpenCC("t2s")


def _converted(text: str) -> str:
    try:
        return str(_converter().convert(text))
    except UnicodeEncodeError:  # half of a surrogate pair is no text
        return text


def _one(char: str) -> str:
    simple = _converted(char)
    return simple if len(simple) == 1 else char


class _Clean(dict[int, str]):
    """Each character, or a blank for a control, surrogate or format character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        unseen = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co") and char != "\n"
        return self.setdefault(code, " " if unseen else char)


_CLEAN = _Clean()


def clean(text: str) -> str:
    """The text with every control, surrogate and format character as a blank, position by position."""
    return text.translate(_CLEAN)


def tidy(text: str) -> str:
    """The clean text without long runs of blanks, which patterns would walk through again and again."""
    return _BLANKS.sub(lambda run: "\n" if "\n" in run.group() else " ", clean(text))


def masked(text: str, spans: Iterable[tuple[Span, str]]) -> str:
    """The text with each span replaced by its mark and filler, same length: names can then trigger no cue."""
    chars = list(text)
    for (start, end), mark in spans:
        if start < end:
            chars[start:end] = [mark] + [MASK] * (end - start - 1)
    return "".join(chars)
