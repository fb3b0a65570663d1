"""What a question asks for: period, owner, region, stage, status, sums, idle days, measure, rank, tag, keyword."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.nlu import dates, slots
from bot.nlu import reading as r
from bot.nlu.cues import numerals, times
from bot.nlu.cues import queries as cue
from bot.nlu.cues import slots as slot_cue
from bot.nlu.index import inside_latin
from bot.nlu.lazy import lazily
from bot.nlu.numerals import value_of
from bot.nlu.periods import number
from bot.nlu.reading import Reading
from bot.nlu.text import MASK
from bot.nlu.when import When, midnight

_METRICS = [(metric, r.pattern(shows)) for metric, shows in cue.METRICS]
_STATUS = [(status, r.pattern(shows)) for status, shows in cue.STATUS]
_MINE, _NOT_MINE = r.pattern(cue.MINE), r.pattern(cue.NOT_MINE)
_IDLE, _IDLE_SPAN, _IDLE_BEFORE = (lazily(shows) for shows in (cue.IDLE, cue.IDLE_SPAN, cue.IDLE_BEFORE))
_TOP, _FIRST, _TAG = lazily(cue.TOP), lazily(cue.FIRST), lazily(cue.TAG)
_ABOVE, _ABOVE_AFTER = lazily(cue.ABOVE), lazily(cue.ABOVE_AFTER)
_BELOW, _BELOW_AFTER = lazily(cue.BELOW), lazily(cue.BELOW_AFTER)
_LEVEL, _NOT_TIMES = lazily(cue.LEVEL), lazily(slot_cue.NOT_TIMES)
_KEYWORD_NOISE = lazily(cue.KEYWORD_NOISE)
_OWNED = frozenset({"query_todo", "query_deal", "query_customer", "query_forecast", "query_funnel", "query_ranking"})


def read(reading: Reading, intent: str) -> dict[str, Any] | None:
    """The keys the text gives; None if it gives none."""
    if intent == "search_knowledge":
        return {"keyword": keyword(reading)}
    query: dict[str, Any] = {}
    idle = idle_days(reading)
    if idle and intent in ("query_deal", "query_customer", "query_todo"):
        query["idle_days"] = idle
    else:
        query.update(period(reading))
    query.update(_who(reading, intent))
    if intent == "query_deal":
        query.update(_deal_facts(reading))
    if intent in ("query_deal", "query_customer"):
        query.update(_sums(reading))
    if intent in ("query_ranking", "query_forecast"):
        query.update(_measure(reading, intent))
    tag = _TAG.search(reading.skeleton)
    if tag and intent in ("query_customer", "query_deal"):
        query["tag"] = reading.text[slice(*tag.span(tag.lastgroup or 0))].removesuffix(cue.TAG_END)
    return query or None


def period(reading: Reading) -> dict[str, str]:
    """The days asked about, inclusive, as ISO strings."""
    dated = _NOT_TIMES.sub(lambda match: MASK * len(match.group()), reading.named)
    for when in dates.find(dated, reading.now, "near"):
        if inside_latin(reading.named, *when.span):
            continue
        days = dates.days(_asked(when, reading))
        if days and when.grain != "vague" and when.kind != "duration":
            return {"start": days[0].isoformat(), "end": days[1].isoformat()}
    return {}


def _asked(when: When, reading: Reading) -> When:
    if when.bound == "before" and when.end is not None and when.day is not None:
        return when.moved(start=midnight(reading.now.date()), end=midnight(when.day) + timedelta(days=1))
    return when


def idle_days(reading: Reading) -> int | None:
    """The days without contact or movement."""
    if not _IDLE.search(reading.named):
        return None
    match = _IDLE_SPAN.search(reading.named) or _IDLE_BEFORE.search(reading.named)
    if not match:
        return None
    unit = times.UNITS[match["unit"]]
    count = 0.5 if match["count"] == times.HALF else number(match["count"].translate(cue.SPOKEN_COUNTS))
    count += 0.5 if match["half"] or match["more"] else 0
    return int(count * {"day": 1, "week": 7, "month": 30, "quarter": 90, "year": 365}[unit])


def _who(reading: Reading, intent: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (reading.found.regions and intent != "query_customer") or (
        reading.found.regions and reading.found.customer is None
    ):
        found["region"] = reading.found.regions[0].name
    members = {member.name for member in reading.found.members}
    if intent in _OWNED and len(members) == 1:
        found["owner"] = reading.found.members[0].name
    elif not members and _MINE.search(_NOT_MINE.sub("", reading.skeleton)):
        found["owner"] = "me"
    return found


def _deal_facts(reading: Reading) -> dict[str, Any]:
    found: dict[str, Any] = {}
    stage = slots.queried_stage(reading)
    if stage is not None:
        found["stage"] = stage.name
    status = next((status for status, shows in _STATUS if shows.search(reading.skeleton)), None)
    level = _LEVEL.search(reading.named)
    if level:
        found["min_amount"] = int(value_of(level["n"]) or 0)
    # What has stood still for days is not paused, and a deal that is named has its own state.
    if status is not None and not idle_days(reading) and reading.found.deal is None:
        found["status"] = status
    return found


def _sums(reading: Reading) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for quantity in reading.amounts:
        before, after = reading.skeleton[: quantity.span[0]], reading.skeleton[quantity.span[1] :]
        if quantity.high is not None:
            found.update(min_amount=_plain(quantity.value), max_amount=_plain(quantity.high))
        elif (
            _BELOW.search(before)
            or _BELOW_AFTER.match(after)
            or reading.text[: quantity.span[1]].endswith(numerals.AT_MOST)
        ):
            found["max_amount"] = _plain(quantity.value)
        else:
            found["min_amount"] = _plain(quantity.value)
    return found


def _plain(value: Any) -> int | float:
    return int(value) if value == int(value) else float(value)


def _measure(reading: Reading, intent: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    metric = next((metric for metric, shows in _METRICS if shows.search(reading.skeleton)), None)
    if metric is not None and (intent == "query_ranking" or metric == "payment"):
        found["metric"] = metric
    elif intent == "query_ranking":
        found["metric"] = "amount"
    top = _TOP.search(reading.named)
    if top and intent == "query_ranking":
        found["top"] = int(value_of(top["n"]) or 0)
    return found


def keyword(reading: Reading) -> str:
    """What to search for: the question without its question words."""
    text, folded = reading.text.strip(), reading.folded.strip()
    previous = ""
    while folded != previous:
        previous = folded
        match = _KEYWORD_NOISE.search(folded)
        if match and match.end() - match.start() < len(folded):
            text = text[: match.start()] + text[match.end() :]
            folded = folded[: match.start()] + folded[match.end() :]
    return text.strip()
