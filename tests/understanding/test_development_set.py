"""The published development messages and ours of other companies, scored by the published scorer."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.nlu.cli import run

HERE = Path(__file__).parent
MESSAGES = HERE / "rep_messages_dev.jsonl"
OWN = HERE / "rep_messages_own.jsonl"
SIBLINGS = HERE / "rep_messages_siblings.jsonl"  # other words for each of the development set, of its companies
# The rules were improved with these messages at hand, so the floors guard against loss; they say little about new messages.
# Read for the first time, 80.5 % of the first 318 of our own were wholly right, 74 % of the 73 written next, and 72 % of the
# first 109 of the 200 that others wrote after that; of the last 120 of our own 88 %, of the
# 120 siblings 87 %, of the last 120 by others 83 %.
FLOOR = "0.95"


def scored(messages: Path, predictions: Path, floor: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, HERE / "score.py", messages, predictions, "--min-frame", floor, "--min-intent", floor, "--fails", "20"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("messages", [MESSAGES, OWN, SIBLINGS], ids=["development set", "own set", "siblings"])
def test_the_messages_stay_understood(messages: Path, tmp_path: Path) -> None:
    predictions = tmp_path / "predictions.jsonl"
    out = io.StringIO()
    run(io.StringIO(messages.read_text(encoding="utf-8")), out)
    predictions.write_text(out.getvalue(), encoding="utf-8")
    result = scored(messages, predictions, FLOOR)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_scorer_can_fail(tmp_path: Path) -> None:
    nothing = tmp_path / "none.jsonl"
    rows = [json.loads(line) for line in MESSAGES.read_text(encoding="utf-8").splitlines()]
    nothing.write_text("\n".join(json.dumps({"id": row["id"], "intent": "none"}) for row in rows), encoding="utf-8")
    assert scored(MESSAGES, nothing, FLOOR).returncode == 1


def test_our_messages_are_of_other_companies() -> None:
    """No company and no sentence of the development set is in ours, and every gold value fits its context."""
    sys.path.insert(0, str(HERE))
    try:
        import score
    finally:
        sys.path.remove(str(HERE))
    assert score.check_file(str(OWN), [str(MESSAGES)]) == []
