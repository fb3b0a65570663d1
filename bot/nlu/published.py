"""Times, numbers and sums of money alone, in the form and by the conventions of the published recognizer sets.

A sentence of a rep has one meaning; a recognizer lists the readings of an expression: the coming and the past one, the exact
and the rounded one. At most two are given.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from bot.nlu import expressions, numbers, numerals, readings
from bot.nlu.cues import numerals as cue
from bot.nlu.frame import SHANGHAI
from bot.nlu.numerals import Quantity
from bot.nlu.text import MASK, MAX_TEXT, clean, fold, masked
from bot.nlu.when import Now


def plain(value: Decimal) -> int | float:
    """The number as JSON writes it."""
    whole = int(value)
    return whole if whole == value else float(value)


def found(row: dict[str, Any], only: str, *, explain: bool = False) -> dict[str, Any]:
    """The times, numbers or sums of money of one row, with the rule that read each if asked to explain. Raises ValueError for another `only`."""
    text = str(row["text"])[:MAX_TEXT]
    folded = fold(clean(cue.WIDE_COMMA.sub(",", text)))
    if only == "time":
        now = (
            datetime.fromisoformat(row["ref"]).replace(tzinfo=None)
            if row.get("ref")
            else datetime.now(SHANGHAI).replace(tzinfo=None)
        )
        return {"id": row["id"], "found": times(text, folded, now, explain=explain)}
    if only not in ("number", "money"):
        raise ValueError(only)
    quantities = _numbers(folded) if only == "number" else numbers.amounts(folded, every=True)
    return {"id": row["id"], "found": [_quantity_row(text, quantity, explain=explain) for quantity in quantities]}


def _numbers(text: str) -> list[Quantity]:
    """Every number; one that is a share of a hundred or an ordinal as that."""
    found = numbers.shares(text)
    if found:
        rest = masked(text, [(share.span, MASK) for share in found])
        found = sorted([*found, *numerals.numbers(rest)], key=lambda quantity: quantity.span)
    else:
        found = numerals.numbers(text)
    return list(map(partial(_ordinal, text), found)) if cue.ORDINAL in text else found


def _ordinal(text: str, found: Quantity) -> Quantity:
    start, end = found.span
    if not text[:start].endswith(cue.ORDINAL):
        return found
    return msgspec.structs.replace(found, span=(start - 1, end), rule="ordinal")


def _quantity_row(text: str, quantity: Quantity, *, explain: bool = False) -> dict[str, Any]:
    start, end = quantity.span
    answer: dict[str, Any] = {"text": text[start:end], "start": start, "end": end, "value": plain(quantity.value)}
    if quantity.high is not None:
        answer["value_to"] = plain(quantity.high)
    if quantity.unit:
        answer["unit"] = quantity.unit
    return answer | ({"rule": quantity.rule} if explain else {})


def times(text: str, folded: str, now: datetime, *, explain: bool = False) -> list[dict[str, Any]]:
    """Every time expression with its readings; `now` is naive local time."""
    at = Now(now, "future")
    found = expressions.find(folded, at)
    past = {when.span: when for when in expressions.find(folded, Now(now, "past"))} if at.leaned else {}
    rows = []
    for when in found:
        start, end = when.span
        norms = readings.of(folded[start:end], when, past.get(when.span, when), now)
        row = {"text": text[start:end], "start": start, "end": end, "norm": norms}
        rows.append(row | ({"rule": when.rule} if explain else {}))
    return rows
