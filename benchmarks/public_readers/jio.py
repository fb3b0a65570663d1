"""JioNLP as a reader: what it extracts from the text; where it extracts no money, what it makes of the text as a whole."""

from __future__ import annotations

import contextlib
import logging
import sys
from datetime import datetime, timedelta
from typing import Any

with contextlib.redirect_stdout(sys.stderr):  # it greets on stdout
    import jionlp

from protocol import Found, Row, norm, now_of, serve  # run by path: beside this file

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "month": 2592000, "year": 31536000}
_SECOND = timedelta(seconds=1)


def _time(row: Row) -> Found:
    future = bool((row.get("kwargs") or {}).get("ret_future"))
    found = jionlp.ner.extract_time(row["text"], time_base=now_of(row).timestamp(), ret_future=future)
    return [
        {
            "start": one["offset"][0],
            "end": one["offset"][1],
            "norm": [reading] if (reading := _norm(one["detail"])) else [],
        }
        for one in found
    ]


def _norm(detail: dict[str, Any]) -> Row | None:
    value = detail["time"]
    if detail["type"] == "time_delta":
        length = value[0] if isinstance(value, list) else value
        return {"kind": "duration", "seconds": sum(_SECONDS[unit] * count for unit, count in length.items())}
    if detail["type"] not in ("time_point", "time_span"):
        return None
    start, end = (None if "inf" in side else datetime.fromisoformat(side) for side in value)
    return norm("point" if detail["type"] == "time_point" else "range", start, end and end + _SECOND)


def _money(row: Row) -> Found:
    text = row["text"]
    found = jionlp.ner.extract_money(text, with_parsing=True)
    if not found:
        found = [{"offset": [0, len(text)], "detail": jionlp.parse_money(text)}]
    return [_sum(one) for one in found]


def _sum(one: dict[str, Any]) -> Row:
    number = one["detail"]["num"]
    low, high = number if isinstance(number, list) else (number, None)
    return {"start": one["offset"][0], "end": one["offset"][1], "value": low, "value_to": high}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # it logs every failure with its traceback
    serve({"time": _time, "number": None, "money": _money})
