"""This project as a reader: what `scrm-bot understand --only` answers."""

from __future__ import annotations

from benchmarks.public_readers.protocol import Found, Row, serve
from bot.nlu.published import found


def _time(row: Row) -> Found:
    return list(found(row, "time")["found"])


def _number(row: Row) -> Found:
    return list(found(row, "number")["found"])


def _money(row: Row) -> Found:
    return list(found(row, "money")["found"])


if __name__ == "__main__":
    serve({"time": _time, "number": _number, "money": _money})
