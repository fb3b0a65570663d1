"""When something happened and when it goes on: which of the times in a sentence is which."""

from __future__ import annotations

from typing import Any

from bot.nlu import actions, dates, intents, slots
from bot.nlu.cues import slots as slot_cue
from bot.nlu.cues import times as time_cue
from bot.nlu.frame import Fact, Moment
from bot.nlu.reading import Reading
from bot.nlu.when import When

_WITH_OCCURRED = frozenset(
    {"log_visit", "move_deal", "win_deal", "lose_deal", "record_payment", "checkin", "pause_deal"}
)
MOST_BETWEEN = 6  # letters between 不对 and the time that takes the other's place
_SPANS = ("month", "quarter", "year")
_WITH_NEXT = frozenset(
    {
        "log_visit",
        "set_followup",
        "reschedule_followup",
        "campaign_create",
        "pause_deal",
        "move_deal",
        "win_deal",
        "create_deal",
        "create_quote",
    }
)
_WITH_ACTION = frozenset({"log_visit", "set_followup", "move_deal", "win_deal"})


def told(
    reading: Reading, intent: str, happened: When | None, coming: When | None, facts: list[Fact]
) -> dict[str, Any]:
    """When it happened and when it is to go on. A bare day is past in what happened and future in what is planned."""
    values: dict[str, Any] = {}
    if happened is not None and intent in _WITH_OCCURRED:
        values["occurred_at"] = _told(happened, "occurred_at", facts)
    if coming is not None and intent == "reschedule_followup":
        coming = actions.moved(reading, coming)
    if coming is not None and intent in _WITH_NEXT:
        values["next_at"] = _on_that_day(reading, coming, _told(coming, "next_at", facts))
    if intent in _WITH_ACTION:
        values["next_action"] = (
            actions.next_action(reading, coming, intent) if coming or intent not in intents.DEAL_INTENTS else ""
        )
    return values


def split(reading: Reading, intent: str) -> tuple[When | None, When | None]:
    """The time it happened and the time it goes on."""
    happened = coming = around = None
    done = intent in ("record_payment", "checkin")
    report = intent in ("log_visit", *intents.DEAL_INTENTS, "record_payment", "checkin") and intent != "pause_deal"
    right = slots.corrected_at(reading)
    for future, past in zip(reading.times, reading.past_times, strict=True):
        if future.span[0] < right and any(right <= other.span[0] <= right + MOST_BETWEEN for other in reading.times):
            continue  # 三天后回访，不，五天后
        if intent == "log_visit" and future.grain in _SPANS and reading.folded.startswith(slot_cue.OF, future.span[1]):
            continue  # what they spoke of: 聊了下明年的量
        unfit = actions.refused(reading, future) or (intent == "log_visit" and actions.waited(reading, future))
        if future.kind == "duration" or unfit:
            continue
        if not (done and future.bare and not future.tense) and _lies_ahead(reading, future, report=report):
            later = (
                coming is None
                or (future.clock and not coming.clock)
                or intent == "reschedule_followup"
                or (actions.ours(reading, future) and not actions.ours(reading, coming))
            )
            coming = future if later or actions.reminded(reading, future) else coming
        elif actions.denied(reading, future) or (past.grain == "month" and not actions.reported(reading, future)):
            continue
        elif past.rule == time_cue.AROUND_BREAK:
            around = past
        elif future.day == reading.now.date() and future.start is not None and future.start > reading.now:
            continue
        elif happened is None and future.grain not in ("year", "half_year", "quarter"):
            happened = past
    return happened or around, coming


def _lies_ahead(reading: Reading, when: When, *, report: bool) -> bool:
    if when.tense == "past" or (when.day is not None and when.day < reading.now.date() and not when.bound):
        return False
    if actions.wanted(reading, when):
        return True
    if not report or when.tense == "future" or (when.bound and when.rule != time_cue.AROUND_BREAK):
        return True
    if when.tense == "now" or when.kind in ("part", "clock"):
        begun = when.start is not None and when.start <= reading.now
        past = begun and (intents.reported(reading) or when.kind == "part" or actions.told_next(reading, when))
        return actions.planned(reading, when) and not past
    return not actions.reported(reading, when)


def _told(when: When, slot: str, facts: list[Fact]) -> Moment | None:
    moment = dates.moment(when)
    if moment is not None:
        clock = f"T{moment.time:%H:%M}" if moment.time else ""
        facts.append(Fact(slot, f"{moment.day}{clock}", when.span, when.rule))
    return moment


def _on_that_day(reading: Reading, when: When, moment: Moment | None) -> Moment | None:
    """The moment, on the day named right before its clock time (元宵节那天上午十点半)."""
    for day in reading.times:
        between = reading.folded[day.span[1] : when.span[0]]
        if (
            moment is not None
            and when.kind == "clock"
            and between in slot_cue.THAT_DAY
            and (found := dates.moment(day))
        ):
            return Moment(found.day, moment.time, moment.part)
    return moment
