"""Names that sound alike: one toneless pinyin syllable per character."""

from __future__ import annotations

from functools import cache

from bot.nlu.cues.syllables import READINGS

_BLUR = (
    ("zh", "z"),
    ("ch", "c"),
    ("sh", "s"),
    ("ng", "n"),
    ("v", "u"),
)  # what southern speakers and voice input mix up


@cache
def _table() -> dict[str, str]:
    return {char: _blurred(syllable) for syllable, chars in READINGS.items() for char in chars}


def _blurred(syllable: str) -> str:
    for written, merged in _BLUR:
        syllable = syllable.replace(written, merged)
    return syllable


def sound(text: str) -> tuple[str, ...]:
    """The syllable of each character, flat and rounded sounds merged; a character without a reading is its own."""
    table = _table()
    return tuple([table.get(char, char) for char in text])
