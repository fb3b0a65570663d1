"""Which intent a sentence without a cue is most like, by the pieces it shares with sentences whose intent is known.

The weights in `likeness.json` are learnt from `tests/understanding` by `python -m tests.understanding.learn`; nothing is learnt
while the bot runs, so the same sentence always has the same answer.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from bot.nlu.lazy import lazily

LONGEST_PIECE = 4
_MASK = lazily("([\ue000-\ue00f])\ue0ff*")
_BREAK = lazily(r"[,，。;；:：!！?？、~\s]+")
_FILE = Path(__file__).with_name("likeness.json")
_SCALE = 100.0


class _Weights(Struct, frozen=True):
    """`pieces`: what each piece adds for which intent (by its place in `intents`), in hundredths."""

    intents: list[str]
    bias: list[int]
    pieces: dict[str, list[tuple[int, int]]]


def pieces(skeleton: str) -> set[str]:
    """Every piece of one to four characters, a name or number counting as one, a pause as another."""
    plain = "^" + _BREAK.sub(" ", _MASK.sub(r"\1", skeleton)).strip() + "$"
    return {plain[at : at + length] for length in range(1, LONGEST_PIECE + 1) for at in range(len(plain) - length + 1)}


def most_like(skeleton: str) -> tuple[str, float]:
    """The intent the sentence is most like, and how sure that is (0 to 1)."""
    weights = _weights()
    sums = list(weights.bias)
    for piece in pieces(skeleton):
        for intent, added in weights.pieces.get(piece, ()):
            sums[intent] += added
    best = max(range(len(sums)), key=sums.__getitem__)
    return weights.intents[best], 1 / sum(math.exp((one - sums[best]) / _SCALE) for one in sums)


@cache
def _weights() -> _Weights:
    return msgspec.json.decode(_FILE.read_bytes(), type=_Weights)
