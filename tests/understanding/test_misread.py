"""Sentences that were misread once, of companies of their own: one line each in `misread.jsonl`, understood exactly so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.nlu.cli import framed

HERE = Path(__file__).parent
COMPANIES: dict[str, Any] = json.loads((HERE / "misread_companies.json").read_text(encoding="utf-8"))
LINES: list[dict[str, Any]] = [
    json.loads(line) for line in (HERE / "misread.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("line", LINES, ids=[line["text"] for line in LINES])
def test_what_was_misread_once(line: dict[str, Any]) -> None:
    row = {"id": "", "text": line["text"], "now": line["now"], "context": COMPANIES[line["company"]]}
    frame = framed(row)
    assert {slot: value for slot, value in frame.items() if slot != "id"} == line["gold"]
