"""The scoring of published sets: which answers count."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks import public_scoring as scoring
from benchmarks import understanding_public

DAY = {"kind": "point", "grain": "day", "start": "2026-05-13T00:00:00", "end": "2026-05-14T00:00:00"}
RANGE = {"kind": "range", "start": "2026-05-01T00:00:00", "end": "2026-06-01T00:00:00"}
OPEN = {"kind": "range", "start": "2026-05-01T00:00:00", "end": None}


@pytest.mark.parametrize(
    ("want", "got", "right"),
    [
        (DAY, DAY, True),
        (DAY, {**DAY, "end": None}, True),
        (DAY, {**DAY, "start": "2026-05-12T00:00:00"}, False),
        (RANGE, {**RANGE, "end": "2026-06-02T00:00:00"}, True),  # an inclusive end
        (RANGE, {**RANGE, "end": "2026-05-31T00:00:00"}, False),
        (OPEN, {**OPEN, "end": "2026-05-13T10:00:00"}, True),  # closed by the moment it was said
        (OPEN, {**OPEN, "end": "2026-05-20T00:00:00"}, False),
        ({"kind": "duration", "seconds": 60}, {"kind": "duration", "seconds": 60.0}, True),
        ({"kind": "time", "start": "15:00:00"}, {"kind": "point", "start": "2026-05-13T15:00:00"}, True),
        ({"kind": "timerange", "start": "09:00:00", "end": "10:00:00"}, {"kind": "set"}, False),
    ],
)
def test_readings(want: dict[str, Any], got: dict[str, Any], right: bool) -> None:
    assert scoring.same(want, got, "2026-05-13T10:00:00", coarse=False) is right


def test_only_two_readings_count() -> None:
    row = {"task": "datetime", "ref": None, "expected": [{"start": 0, "end": 2, "norm": [DAY]}]}
    late = {"start": 0, "end": 2, "norm": [RANGE, OPEN, DAY]}
    assert scoring.score(row, [late])["value"] == 0
    assert scoring.score(row, [{**late, "norm": [RANGE, DAY]}])["case"] == 1


def test_numbers_are_right_together() -> None:
    row = {"task": "number", "expected": [{"start": 0, "end": 2, "values": [{"value": "50%"}]}]}
    assert scoring.score(row, [{"start": 0, "end": 2, "value": 50}])["case"] == 1
    assert scoring.score(row, [{"start": 0, "end": 1, "value": 50}])["case"] == 0
    assert scoring.score({"task": "money", "value": 1.0, "value_to": 2.0}, [{"value": 1, "value_to": 2}])["value"] == 1


def test_units_of_measure_are_left_out_and_models_are_sets_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "units.jsonl"
    file.write_text(
        '{"task": "number_with_unit", "model": "CurrencyModel"}\n{"task": "number_with_unit", "model": "AgeModel"}\n'
    )
    assert [name for name, _ in understanding_public._sets(file)] == ["units CurrencyModel"]


def test_the_table_shows_the_libraries_side_by_side() -> None:
    half = Counter({"value": 1, "value of": 2, "case": 1, "case of": 2})
    table = understanding_public.table({"time a": {"本项目": (half, 1000.0), "JioNLP": (half, 10.0)}})
    assert "| 时间 a | 2 | - / - / - | 50.0 / - / 50.0 | 50.0 / - / 50.0 | 1,000 / - / 10 |" in table
