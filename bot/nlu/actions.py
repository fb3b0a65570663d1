"""What is to be done next, and when: the clause of the future time, else the clause behind a cue of intent."""

from __future__ import annotations

from datetime import timedelta

from bot.nlu import reading as r
from bot.nlu.cues import slots as cue
from bot.nlu.frame import Span
from bot.nlu.lazy import lazily
from bot.nlu.numerals import value_of
from bot.nlu.reading import Reading
from bot.nlu.text import MASK
from bot.nlu.when import When

_CLAUSE_END = r.pattern(cue.CLAUSE_END)
_LEAD = r.pattern(cue.ACTION_LEAD)
_TAIL = lazily(cue.ACTION_TAIL)
_AFTER = r.pattern(cue.NEXT_AFTER)
_PLANNED_NOW, _HAPPENED, _STILL_TO_DO = (r.pattern(shows) for shows in (cue.PLANNED_NOW, cue.HAPPENED, cue.STILL_TO_DO))
_NAMES_AND_NUMBERS = lazily(f"[\ue007-\ue00a]{MASK}*")
_ORDER = r.pattern(cue.ORDER)
_DONE = r.pattern(cue.COMPLETE_OBJECT)
_DONE_LEAD = r.pattern(cue.DONE_LEAD)
_DONE_GENERIC = lazily(cue.DONE_GENERIC)
_REMIND_BEFORE = lazily(cue.REMIND_BEFORE)
_ORDER_HEAD = r.pattern(cue.ORDER_HEAD)
_NO_OBJECT = lazily(cue.NO_OBJECT)
_WANTED_THING, _BARE_GIVING = lazily(cue.WANTED_THING), lazily(cue.BARE_GIVING)
_OBJECT, _NO_STEP = lazily(cue.OBJECT), lazily(cue.NO_STEP)
_ACT, _WAITED_BEFORE = lazily(cue.ACT), lazily(cue.WAITED_BEFORE)
_PUT, _DISPOSED = r.pattern(cue.PUT), lazily(cue.DISPOSED)
_ASKED_OF_US, _MUST, _PUT_OFF = lazily(cue.ASKED_OF_US), lazily(cue.MUST), lazily(cue.PUT_OFF)
_BARE_ACT = r.pattern(cue.BARE_ACT)
_TOLD_NEXT = r.pattern(cue.TOLD_NEXT)
_SAME_TIME = lazily(cue.SAME_TIME)
_SHIFT = lazily(cue.SHIFT)
_OURS, _WANTED_BEFORE = r.pattern(cue.OURS), lazily(cue.WANTED_BEFORE)


def clauses(reading: Reading) -> list[Span]:
    """The spans between punctuation."""
    found, start = [], 0
    for match in _CLAUSE_END.finditer(reading.skeleton):
        found.append((start, match.start()))
        start = match.end()
    return [*found, (start, len(reading.skeleton))]


def next_action(reading: Reading, when: When | None, intent: str) -> str:
    """The phrase of what is to be done; "" if the text does not say."""
    if when is not None:
        around = _around(reading, when)
        return "" if _PUT_OFF.fullmatch(around) else around
    found = list(_AFTER.finditer(reading.skeleton))
    if not found:
        return _ordered(reading) or (_phrase(reading, *clauses(reading)[0]) if intent == "set_followup" else "")
    match = found[-1]
    end = next(end for _, end in clauses(reading) if end >= match.end())
    said = _phrase(reading, match.end(), end) or _phrase(reading, match.start(), end)
    if _NO_STEP.match(said):
        return ""
    if said in cue.NO_ACTIONS:
        return reading.words(match.start(), end)
    return said if len(said) > 1 else ""


def _ordered(reading: Reading) -> str:
    """The first clause, if it is an order (跟进一下 Dell)."""
    start, end = clauses(reading)[0]
    return reading.words(start, end) if _ORDER.match(reading.skeleton[start:end]) else ""


def _around(reading: Reading, when: When) -> str:
    spans = clauses(reading)
    index = next((i for i, (_, end) in enumerate(spans) if when.span[1] <= end), len(spans) - 1)
    start, end = spans[index]
    later = spans[index + 1] if index + 1 < len(spans) else None
    if (
        later is not None
        and _ORDER_HEAD.match(reading.skeleton[slice(*later)])
        and not _ORDER_HEAD.match(reading.skeleton[when.span[1] : end])
    ) and (said := _phrase(reading, *later)):
        return said
    if (said := reading.words(when.span[1], end)) in cue.STEPS:
        return said
    after = _phrase(reading, when.span[1], end)
    if after in cue.TRANSITIVE:
        after += _object(reading, after, start, when.span[0])
    if len(after) < 2 and later is not None and reading.text[end : end + 1] in (" ", ""):
        after = _phrase(reading, *later) or after
    if index and _BARE_GIVING.match(after) and (thing := _WANTED_THING.search(reading.skeleton[: start - 1])):
        after += reading.words(*thing.span("x"))
    found = after or _phrase(reading, start, when.span[0]) or (_phrase(reading, *later) if later else "")
    found = found or next((said for span in spans[index + 2 :] if (said := _phrase(reading, *span))), "")
    found = found or (_phrase(reading, *spans[index - 1]) if index else "")
    if index and found in cue.TAKEN_BACK:  # 三天后回访贝壳，不，五天后
        first, last = spans[index - 1] if after != found else spans[max(index - 1, 0)]
        begun = max((other.span[1] for other in reading.times if first <= other.span[0] < last), default=first)
        found = _phrase(reading, begun, last)
    if index and found in cue.HANDED and (must := _MUST.search(reading.skeleton[: start - 1])):
        return reading.words(*must.span("x"))
    handed = found in cue.BINDING or bool(_BARE_GIVING.fullmatch(found))
    if index and handed and (asked := _ASKED_OF_US.search(reading.skeleton[: start - 1])):
        return _phrase(reading, *asked.span("x")) or found
    if found and (put := _PUT.search(reading.skeleton, start, end)):
        return _disposed(reading.words(put.end(), end)) or found
    act = None if found else _ACT.search(reading.skeleton, start, end)
    return act.group() if act else found


def _disposed(said: str) -> str:
    """「协议寄出去」 of 把…的协议寄出去 as what is done: 寄协议; else as it is."""
    match = _DISPOSED.match(said)
    return match["verb"] + match["thing"] if match else said


def _object(reading: Reading, verb: str, start: int, end: int) -> str:
    """What the bare verb behind a time is about: before the time, else before the same verb earlier (彩页还没寄 … 周一寄)."""
    earlier = reading.skeleton.rfind(verb, 0, start)
    for stop in (end, earlier):
        match = _OBJECT.search(reading.skeleton[:stop]) if stop > 0 else None
        if match and len(match["x"]) > 1 and not _NO_OBJECT.search(match["x"]):
            return reading.words(*match.span("x"))
    return ""


def _phrase(reading: Reading, start: int, end: int) -> str:
    """The words between, without what merely leads in (再, 跟 somebody) and out (提醒我)."""
    if bare := _BARE_ACT.match(reading.skeleton[start:end]):
        return bare["act"]
    while start < end and (match := _LEAD.match(reading.skeleton[start:end])) and match.end():
        start += match.end()
    tail = _TAIL.search(reading.skeleton[start:end])
    if tail:
        end = start + tail.start()
    said = _NAMES_AND_NUMBERS.sub("", reading.skeleton[start:end])
    return reading.words(start, end) if said.strip() else ""


def waited(reading: Reading, when: When) -> bool:
    """Whether the time is what they wait for (要等十一月)."""
    return bool(_WAITED_BEFORE.search(reading.skeleton[: when.span[0]]))


def ours(reading: Reading, when: When) -> bool:
    """Whether we are to act in the clause of the time (让我们周四前…), not somebody else (标书下周一发)."""
    start, end = _clause_of(reading, when)
    return bool(_OURS.search(reading.skeleton[start:end]))


def without(reading: Reading, when: When | None) -> str:
    """The skeleton up to the next step and behind its clause: what happened already."""
    if when is None:
        return reading.skeleton
    _, end = _clause_of(reading, when)
    return f"{reading.skeleton[: when.span[0]]},{reading.skeleton[end:]}"


def reminded(reading: Reading, when: When) -> bool:
    """Whether the time is the one to be reminded at (提醒我2点半…)."""
    return bool(_REMIND_BEFORE.search(reading.skeleton[: when.span[0]]))


def done(reading: Reading) -> str:
    """What was completed; 任务完成 alone is about the clause before it."""
    match = _DONE.search(reading.skeleton)
    if not match:
        return ""
    start, end = match.span("x")
    if _DONE_GENERIC.fullmatch(reading.skeleton[start:end]):
        before = [span for span in clauses(reading) if span[1] <= start and span[0] < span[1]]
        start, end = before[-1] if before else (match.end(), len(reading.skeleton))
    lead = _DONE_LEAD.match(reading.skeleton[start:end])
    return _phrase(reading, start + (lead.end() if lead else 0), end)


def moved(reading: Reading, when: When) -> When:
    """The time as many days later or earlier as the sentence says of it (周三的会往后挪一天), else the time itself."""
    when = _same_clock(reading, _same_day(reading, when))
    match = _SHIFT.search(reading.named, when.span[1])
    if (
        match is None
        or when.day is None
        or any(other.span[0] >= match.start() for other in reading.times if other.kind != "duration")
    ):
        return when
    count = int(value_of(match["n"]) or 0) * (7 if match["week"] else 1)
    return when.moved(day=when.day + timedelta(days=-count if match["sooner"] else count))


def _same_day(reading: Reading, when: When) -> When:
    """A clock time alone is of the day it is moved on (明早的会提前到8点半)."""
    day = next(
        (one.day for one in reading.times if one.day and one.span[1] <= when.span[0] and one.kind != "clock"), None
    )
    if when.kind != "clock" or day is None or when.at is None:
        return when
    return when.moved(day=day)


def _same_clock(reading: Reading, when: When) -> When:
    """A day to which it moves at the same time keeps the time it had (明天九点的会换到周五同一时间)."""
    had = next((one for one in reading.times if one.at is not None and one.span[1] <= when.span[0]), None)
    if when.at is not None or had is None or not _SAME_TIME.search(reading.skeleton, when.span[1]):
        return when
    return when.moved(day=when.day, at=had.at)


def planned(reading: Reading, when: When) -> bool:
    """Whether the clause behind a time of today speaks of something still to come (今天下午要去)."""
    _, end = _clause_of(reading, when)
    return wanted(reading, when) or bool(_PLANNED_NOW.match(reading.skeleton[when.span[1] : end]))


def told_next(reading: Reading, when: When) -> bool:
    """Whether the clause behind the one of the time tells what came of it."""
    _, end = _clause_of(reading, when)
    return bool(_TOLD_NEXT.match(reading.skeleton, end))


def wanted(reading: Reading, when: When) -> bool:
    """Whether somebody wants us to act at the time, or it is agreed (让我周四…, 约了周四…)."""
    start, _ = _clause_of(reading, when)
    return bool(_WANTED_BEFORE.search(reading.skeleton[start : when.span[0]]))


def denied(reading: Reading, when: When) -> bool:
    """Whether nothing is done at the time (年前不打款了)."""
    return reading.skeleton[when.span[1] : when.span[1] + 2].lstrip().startswith(cue.DENIED)


def reported(reading: Reading, when: When) -> bool:
    """Whether the clause of a bare day (周三, 15号) tells what happened."""
    _, end = _clause_of(reading, when)
    after = reading.skeleton[when.span[1] : end]
    return bool(_HAPPENED.search(after)) and not _PLANNED_NOW.match(after) and not _STILL_TO_DO.search(after)


def refused(reading: Reading, when: When) -> bool:
    """Whether a time does not suit (年前没空 年后吧, 这周没空)."""
    ahead = when.tense == "future" or bool(when.bound) or when.grain == "week"
    return ahead and reading.skeleton[when.span[1] : when.span[1] + 2].startswith(cue.REFUSED)


def _clause_of(reading: Reading, when: When) -> Span:
    return next(((start, end) for start, end in clauses(reading) if when.span[1] <= end), (0, len(reading.skeleton)))
