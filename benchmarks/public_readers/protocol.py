"""What every reader does with its library: one pass to warm up and to answer, then passes against the clock."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]
Found = list[dict[str, Any]]
DEFAULT_NOW = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001 - the sets count in naive local time
PASSES = 3


def now_of(row: Row) -> datetime:
    """The moment a row is read at, naive local."""
    return datetime.fromisoformat(row["ref"]) if row.get("ref") else DEFAULT_NOW


def norm(kind: str, start: datetime | None, end: datetime | None) -> Row:
    """An interval in the form of the sets; None is an open end."""
    return {"kind": kind, "start": _iso(start), "end": _iso(end)}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def day(start: datetime) -> Row:
    """One day in the form of the sets."""
    return norm("point", start, start + timedelta(days=1))


def serve(readers: dict[str, Callable[[Row], Found] | None]) -> None:
    """Answer the rows on stdin with the reader of the task named first on the command line; the last line has the seconds a pass took."""
    read = readers[sys.argv[1]]
    if read is None:
        return
    rows = [json.loads(line) for line in sys.stdin]
    for row in rows:
        print(json.dumps({"id": row["id"], "found": _safe(read, row)}, ensure_ascii=False))
    print(json.dumps({"seconds": min(_timed(read, rows) for _ in range(PASSES))}), flush=True)


def _timed(read: Callable[[Row], Found], rows: list[Row]) -> float:
    began = time.process_time()
    for row in rows:
        _safe(read, row)
    return time.process_time() - began


def _safe(read: Callable[[Row], Found], row: Row) -> Found:
    """A library that raises has found nothing."""
    try:
        return read(row)
    except Exception:
        return []
