"""How answers on the published sets are scored: the rules of the sets, the same for every reader.

A row of times has `expected` expressions with the acceptable readings (`norm`); at most two readings of an answer count.
A row of numbers has one `value` (and `value_to`), or `expected` values in any order, or only spans.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

Row = dict[str, Any]
MAX_READINGS = 2
DAY, HOUR = 86400.0, 3600.0


def score(row: Row, found: list[Row]) -> Counter[str]:
    """`span`, `value` and `case` right, each with how many there were (`span of`, `value of`, `case of`); empty for a row left out."""
    if row.get("convention_conflict"):
        return Counter()
    if row["task"] == "duration":
        row = {**row, "expected": [_whole(row)]}
    return _times(row, found) if is_time(row) else _numbers(row, found)


def is_time(row: Row) -> bool:
    """Whether the row asks for times."""
    return str(row["task"]).startswith(("datetime", "duration"))


def _whole(row: Row) -> Row:
    norm = [{"kind": "duration", "seconds": row["seconds"]}] if row["seconds"] is not None else []
    return {"start": 0, "end": len(row["text"]), "norm": norm}


def _spans(expected: list[Row], found: list[Row]) -> bool:
    return {(e["start"], e["end"]) for e in expected} == {(x["start"], x["end"]) for x in found}


def _times(row: Row, found: list[Row]) -> Counter[str]:
    spans = _spans(row["expected"], found)
    points = Counter({"span": spans, "span of": 1})
    valued = [
        (one, want)
        for one in row["expected"]
        if (want := [n for n in one.get("norm") or [] if n and n["kind"] != "set"])
    ]
    coarse = "coarse_ref" in (row.get("tags") or ())
    right = [
        any(same(w, g, row.get("ref"), coarse) for w in want for g in _readings(one, found)) for one, want in valued
    ]
    points += Counter({"value": sum(right), "value of": len(right)})
    if valued or not row["expected"] or row["task"] == "datetime_span":
        points += Counter({"case": all(right) and spans, "case of": 1})
    return points


def _readings(one: Row, found: list[Row]) -> list[Row]:
    span = (one["start"], one["end"])
    at = [x for x in found if (x["start"], x["end"]) == span]
    at = at or [x for x in found if x["start"] < span[1] and span[0] < x["end"]]
    return [reading for x in at for reading in (x.get("norm") or [])[:MAX_READINGS]]


def _numbers(row: Row, found: list[Row]) -> Counter[str]:
    if "expected" not in row:
        if row.get("value") is None:
            return Counter()
        to = row.get("value_to")
        right = len(found) == 1 and close(row["value"], found[0].get("value"))
        right = right and (to is None or close(to, found[0].get("value_to")))
        return Counter({"value": right, "value of": 1, "case": right, "case of": 1})
    spans = _spans(row["expected"], found)
    points = Counter({"span": spans, "span of": 1, "case": spans, "case of": 1})
    if row["task"] == "money_span":
        return points
    values = [str((one.get("values") or [{}])[0].get("value")).removesuffix("%") for one in row["expected"]]
    right = len(values) == len(found) and all(any(close(v, x.get("value")) for x in found) for v in values)
    return points + Counter({"value": right, "value of": 1}) - Counter({"case": spans and not right})


def close(want: Any, got: Any) -> bool:
    """Whether both are the same number."""
    try:
        a, b = float(want), float(got)
    except (TypeError, ValueError):
        return want is None and got is None
    return abs(a - b) <= 1e-9 * max(1.0, abs(a))


def same(want: Row, got: Row, ref: str | None, coarse: bool) -> bool:
    """Whether a reading is the one wanted."""
    kind = want["kind"]
    if kind == "duration":
        return bool(got["kind"] == "duration" and abs(want["seconds"] - got["seconds"]) < 1)
    if got["kind"] == "duration":
        return False
    if kind == "time":
        return bool(got.get("start")) and _clock(got["start"]) == want["start"]
    if kind == "timerange":
        return _same_hours(want, got)
    if got["kind"] not in ("point", "range"):
        return False
    return _same_point(want, got) if kind == "point" else _same_range(want, got, ref, coarse)


def _clock(moment: str) -> str:
    return moment[-8:]


def _same_hours(want: Row, got: Row) -> bool:
    if got["kind"] == "timerange":
        return bool(got["start"] == want["start"] and got["end"] == want["end"])
    if not (got.get("start") and got.get("end") and want["end"]) or _clock(got["start"]) != want["start"]:
        return False
    late = abs(_between("2000-01-01T" + _clock(got["end"]), "2000-01-01T" + want["end"]))
    return late <= (HOUR if got["kind"] == "range" else 0)


def _same_point(want: Row, got: Row) -> bool:
    if got.get("start") != want["start"]:
        return False
    open_or_same = None in (got.get("end"), want.get("end")) or got["end"] == want["end"]
    return open_or_same or want.get("grain") in ("hour", "minute", "second")


def _same_range(want: Row, got: Row, ref: str | None, coarse: bool) -> bool:
    """An open end may also be closed by the moment it was said; an end may be inclusive or exclusive."""
    start, end, first, last = want["start"], want["end"], got.get("start"), got.get("end")
    if start is None and end is not None:
        return got["kind"] == "range" and first in (None, ref) and last is not None and 0 <= _between(last, end) <= DAY
    if end is None and start is not None:
        closed = last is None or (ref is not None and abs(_between(last, ref)) <= 1)
        return got["kind"] == "range" and first is not None and 0 <= _between(first, start) <= DAY and closed
    if start is None or first != start or last is None:
        return False
    beyond = _between(last, end)
    return beyond == 0 or (coarse and abs(beyond) <= DAY) or 0 < beyond <= (DAY if end.endswith("00:00:00") else HOUR)


def _between(later: str, earlier: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
