"""The kind of a deal that a sentence makes, taken out of it: 新建续签商机 年度维保 is read as 新建商机 年度维保."""

from __future__ import annotations

from bot.nlu.cues import deal_kinds as cue
from bot.nlu.lazy import lazily

MAX_KIND_TEXT = 200  # who makes a deal says so shortly
_BEFORE, _BEHIND = lazily(cue.BEFORE), lazily(cue.BEHIND)
_CODES = {word: kind for kind, words in cue.KINDS.items() for word in words}


def apart(text: str) -> tuple[str, str]:
    """The kind said (new, renewal, expansion) and the text without it, as long as before; ("", text) when none is."""
    if len(text) > MAX_KIND_TEXT:
        return "", text
    found = _BEFORE.search(text)
    if found:
        said = found["kind"] + found["of"]
        plain = text[: found.start("kind")] + found["deal"] + " " * len(said) + text[found.end() :]
        return _CODES[found["kind"]], plain
    found = _BEHIND.match(text)
    if found:
        return _CODES[found["kind"]], found["lead"] + " " * (len(text) - found.end("lead"))
    return "", text


def code(word: str) -> str:
    """The kind that a word means; the word itself where it is none of ours: a company may have its own."""
    return _CODES.get(word, word)
