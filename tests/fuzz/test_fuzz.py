"""A sample of `make fuzz`, and that it sees what it looks for: a 5xx, a leak and a hang, planted."""

from __future__ import annotations

import pytest

from tests.fuzz.callbacks import callback
from tests.fuzz.driver import fuzz


async def test_a_sample_of_mutated_callbacks_breaks_nothing() -> None:
    report = await fuzz(3000, seed=20261123)
    assert report.findings == []
    assert report.sent == 3000
    # Not all of it may be refused at the first gate: much gets through to the parser and into the inbox.
    assert min(report.statuses[200], report.statuses[400], report.statuses[403]) > 100


@pytest.mark.parametrize(
    ("plant", "seen"), [("error", "500: callback"), ("hang", "no answer: callback"), ("leak", "memory grew")]
)
async def test_it_sees_what_it_looks_for(plant: str, seen: str) -> None:
    report = await fuzz(1500, seed=1, plant=plant, answer_seconds=1.0 if plant == "hang" else 10.0)
    assert any(finding.startswith(seen) for finding in report.findings), report


def test_a_number_is_the_same_callback_every_time() -> None:
    forwards = [callback(5, number).wire() for number in range(2000)]
    assert forwards == [callback(5, number).wire() for number in reversed(range(2000))][::-1]
    assert len(set(forwards)) > 1900  # a wrong verb on the same recording is the same request
