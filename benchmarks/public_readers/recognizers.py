"""Microsoft Recognizers-Text as a reader; each model is built once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from protocol import Found, Row, day, norm, now_of, serve  # run by path: beside this file
from recognizers_date_time import DateTimeRecognizer
from recognizers_number import NumberRecognizer
from recognizers_number_with_unit import NumberWithUnitRecognizer
from recognizers_text import Culture

_TIME = DateTimeRecognizer(Culture.Chinese).get_datetime_model()
_NUMBERS = NumberRecognizer(Culture.Chinese)
_MODELS = {"PercentModel": _NUMBERS.get_percentage_model(), "OrdinalModel": _NUMBERS.get_ordinal_model()}
_NUMBER = _NUMBERS.get_number_model()
_MONEY = NumberWithUnitRecognizer(Culture.Chinese).get_currency_model()


def _time(row: Row) -> Found:
    return [
        {
            "start": one.start,
            "end": one.end + 1,
            "norm": [reading for value in one.resolution["values"] if (reading := _norm(value))],
        }
        for one in _TIME.parse(row["text"], now_of(row))
    ]


def _norm(value: dict[str, Any]) -> Row | None:
    kind = value["type"]
    if "not resolved" in value.values():
        return None
    if kind == "duration":
        return {"kind": "duration", "seconds": float(value["value"])}
    if kind == "date":
        return day(datetime.fromisoformat(value["value"]))
    if kind == "datetime":
        start = datetime.fromisoformat(value["value"])
        return norm("point", start, start + timedelta(seconds=1))
    if kind == "time":
        return {"kind": "time", "start": value["value"]}
    if kind == "timerange":
        return {"kind": "timerange", "start": value.get("start"), "end": value.get("end")}
    if kind in ("daterange", "datetimerange"):
        return norm(
            "range", *(datetime.fromisoformat(value[side]) if side in value else None for side in ("start", "end"))
        )
    return None


def _quantities(found: Any) -> Found:
    return [
        {"start": one.start, "end": one.end + 1, "value": (one.resolution or {}).get("value", "").removesuffix("%")}
        for one in found
    ]


def _number(row: Row) -> Found:
    return _quantities(_MODELS.get(row.get("model", ""), _NUMBER).parse(row["text"]))


def _money(row: Row) -> Found:
    return _quantities(_MONEY.parse(row["text"]))


if __name__ == "__main__":
    serve({"time": _time, "number": _number, "money": _money})
