"""From a frame to the Commands of figures (whose, which days, which measure) and of doubles; pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from bot import commands as c
from bot.commands.base import Asked
from bot.nlu import dates, numbers
from bot.nlu.cues import figures as cue
from bot.nlu.frame import Frame, Mention, Ref, Scope
from bot.nlu.lazy import lazily
from bot.nlu.text import fold
from bot.nlu.when import Lean

A = TypeVar("A", bound=Asked)
_UNITS = [lazily(unit) for unit in cue.UNITS]
_BY_UNIT, _RECORDS, _OPENED = (lazily(shows) for shows in (cue.BY_UNIT, cue.RECORDS, cue.OPENED))


def _asked(kind: type[A], frame: Frame, scope: Scope, **fields: Any) -> list[c.Command]:
    """The question with what every question about figures says: whose figures, and which days."""
    query = frame.query or {}
    member = scope.me if query.get("owner") == "me" else query.get("owner")
    first, last = (date.fromisoformat(query[key]) if query.get(key) else None for key in ("start", "end"))
    return [kind(words=frame.text, member=member, first=first, last=last, **fields)]


def _funnel(frame: Frame, _: datetime, scope: Scope) -> list[c.Command]:
    return _asked(c.ShowFunnel, frame, scope)


def _forecast(frame: Frame, _: datetime, scope: Scope) -> list[c.Command]:
    return _asked(c.ShowForecast, frame, scope)


def _ranking(frame: Frame, _: datetime, scope: Scope) -> list[c.Command]:
    return _asked(c.ShowRanking, frame, scope, metric=_metric(frame), units=bool(_BY_UNIT.search(frame.text)))


def _metric(frame: Frame) -> str:
    metric: str = (frame.query or {}).get("metric", "amount")
    if metric == "visits":
        return "records" if _RECORDS.search(frame.text) else "visits"
    if metric == "deals_count":
        return "opened" if _OPENED.search(frame.text) else "won"
    return {"new_customers": "customers"}.get(metric, metric)


def _standard(frame: Frame, _: datetime, __: Scope) -> list[c.Command]:
    percent, days = (int(found[0]) if (found := unit.search(frame.body)) else None for unit in _UNITS)
    return [c.SetStandard(stage=frame.name, course=frame.title, percent=percent, days=days)]


def _target(frame: Frame, sent_at: datetime, scope: Scope) -> list[c.Command]:
    sums = numbers.amounts(fold(cue.SUM.format(frame.code)))
    days = _days(frame.body, sent_at.astimezone(scope.zone).replace(tzinfo=None))
    if not sums or days is None:
        return [c.SmallTalk(words=frame.text)]
    who = scope.me if frame.role else _ref(frame.assignee)
    return [c.SetTarget(amount=sums[0].value, first=days[0], last=days[1], member=who, unit=frame.name)]


def _standing(frame: Frame, sent_at: datetime, scope: Scope) -> list[c.Command]:
    days = _days(frame.body, sent_at.astimezone(scope.zone).replace(tzinfo=None), "near") if frame.body else None
    first, last = days or (None, None)
    member = scope.me if frame.role else _ref(frame.assignee)
    return [c.ShowForecast(words=frame.text, member=member, first=first, last=last)]


def _days(words: str, now: datetime, lean: Lean = "future") -> tuple[date, date] | None:
    found = next(iter(dates.find(fold(words), now, lean)), None)
    return dates.days(found) if found is not None else None


def _promises(frame: Frame, sent_at: datetime, scope: Scope) -> list[c.Command]:
    days = _days(frame.body, sent_at.astimezone(scope.zone).replace(tzinfo=None), "near") if frame.body else None
    first, last = days or (None, None)
    return [c.ShowPromises(words=frame.text, first=first, last=last)]


def _chance(frame: Frame, _: datetime, __: Scope) -> list[c.Command]:
    return [c.ShowChance(deal=_ref(frame.deal), customer=_ref(frame.customer))]


def _ref(mention: Mention | None) -> Ref | None:
    return None if mention is None else mention.ref if mention.ref is not None else mention.name


def _credit_code(frame: Frame, _: datetime, __: Scope) -> list[c.Command]:
    return [c.SetCreditCode(code=frame.code, customer=_ref(frame.customer))]


def _merge(frame: Frame, _: datetime, __: Scope) -> list[c.Command]:
    said = frame.details
    return [c.MergeCustomers(first=_ref(frame.customer), second=_ref(said["other"]), into=said["keeps"] is not None)]


BUILDERS: dict[str, Callable[[Frame, datetime, Scope], list[c.Command]]] = {
    "query_funnel": _funnel,
    "query_forecast": _forecast,
    "query_ranking": _ranking,
    "set_standard": _standard,
    "set_target": _target,
    "ask_target": _standing,
    "promises": _promises,
    "chance": _chance,
    "credit_code": _credit_code,
    "merge": _merge,
}
