"""Learn `bot/nlu/likeness.json` anew: python -m tests.understanding.learn (half a minute, the same file every time).

From our own messages with their intents, those misread once, and from `intents.txt`: what is said to each intent, with tokens for names as in
`bot/nlu/cues/cue.py` and <X> for any other name. The published development set is left out: it is for measuring.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from bot.nlu import cli, intents, likeness
from bot.nlu.reading import STAGE, TOKENS, Reading

HERE = Path(__file__).parent
OWN, SIBLINGS = HERE / "rep_messages_own.jsonl", HERE / "rep_messages_siblings.jsonl"
SAID = HERE / "intents.txt"
MISREAD, COMPANIES = HERE / "misread.jsonl", HERE / "misread_companies.json"
INTO = Path(likeness.__file__).with_name("likeness.json")
ROUNDS, RATE, DECAY, LEAST_SEEN, LEAST_WEIGHT = 30, 0.25, 3e-4, 2, 8
UNKNOWN_NAME = "\ue00e"


def examples() -> list[tuple[str, str]]:
    """Skeletons with their intents."""
    return [*_messages(), *_said()]


def _messages() -> Iterator[tuple[str, str]]:
    read: list[Reading] = []
    decide = intents.decide

    def listening(reading: Reading) -> tuple[str, str]:
        read.append(reading)
        return decide(reading)

    for row in _rows():
        read.clear()
        with mock.patch.object(intents, "decide", listening):
            cli.framed(row)
        yield from ((reading.skeleton, row["gold"]["intent"]) for reading in read)


def _rows() -> Iterator[dict[str, Any]]:
    companies = json.loads(COMPANIES.read_text(encoding="utf-8"))
    for messages in (OWN, SIBLINGS):
        for line in messages.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
    for line in MISREAD.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield {**row, "id": "", "context": companies[row["company"]]}


def _said() -> Iterator[tuple[str, str]]:
    marks = {**TOKENS, "<S>": STAGE, "<X>": UNKNOWN_NAME}
    intent = ""
    for line in SAID.read_text(encoding="utf-8").splitlines():
        if re.fullmatch(r"[a-z_]+", line):
            intent = line
        elif line:
            for token, mark in marks.items():
                line = line.replace(token, mark)
            yield line, intent


def learn(known: list[tuple[str, str]]) -> dict[str, object]:
    """Softmax regression over the pieces, by gradient steps that shrink where a piece was seen often (AdaGrad)."""
    names = sorted({intent for _, intent in known})
    seen = Counter(piece for skeleton, _ in known for piece in likeness.pieces(skeleton))
    rows = [
        (sorted(piece for piece in likeness.pieces(skeleton) if seen[piece] >= LEAST_SEEN), names.index(intent))
        for skeleton, intent in known
    ]
    weights = {piece: [0.0] * len(names) for piece in seen if seen[piece] >= LEAST_SEEN}
    steps = dict.fromkeys(weights, 1e-06)
    bias = [0.0] * len(names)
    order = random.Random(1)
    for _ in range(ROUNDS):
        order.shuffle(rows)
        for row, intent in rows:
            held = [weights[piece] for piece in row]
            sums = [sum(column) for column in zip(bias, *held, strict=True)]
            top = max(sums)
            shares = [math.exp(one - top) for one in sums]
            whole = sum(shares)
            slope = [share / whole - (index == intent) for index, share in enumerate(shares)]
            size = sum(one * one for one in slope)
            for piece, kept in zip(row, held, strict=True):
                steps[piece] += size
                rate = RATE / math.sqrt(steps[piece]) * min(1.0, 8 / len(row))
                weights[piece] = [one * (1 - DECAY) - rate * down for one, down in zip(kept, slope, strict=True)]
            bias = [one - 0.005 * down for one, down in zip(bias, slope, strict=True)]
    kept_weights = {
        piece: [[index, round(100 * one)] for index, one in enumerate(row) if abs(round(100 * one)) >= LEAST_WEIGHT]
        for piece, row in sorted(weights.items())
    }
    return {
        "intents": names,
        "bias": [round(100 * one) for one in bias],
        "pieces": {piece: row for piece, row in kept_weights.items() if row},
    }


def main() -> None:
    """Learn and write the file, one piece a line so that a change can be read."""
    learnt = learn(examples())
    pieces = learnt.pop("pieces")
    assert isinstance(pieces, dict)
    lines = ",\n".join(
        f"{json.dumps(piece, ensure_ascii=True)}:{json.dumps(row, separators=(',', ':'))}"
        for piece, row in pieces.items()
    )
    head = json.dumps(learnt, separators=(",", ":"))[:-1]
    INTO.write_text(f'{head},"pieces":{{\n{lines}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
