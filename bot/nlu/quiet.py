"""What is said about customers without progress and about reminders, read from the whole text."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from bot.nlu import dates, dealing
from bot.nlu.cues import dealing as course_cue
from bot.nlu.cues import quiet as cue
from bot.nlu.frame import Frame, Mention, Moment, Scope
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Lexicon
from bot.nlu.numerals import value_of
from bot.nlu.text import fold

MAX_WORDS = 120
_SPAN, _STILL, _RECYCLE = lazily(cue.NUMBER + cue.UNIT), lazily(cue.STILL), lazily(cue.RECYCLE)
_BOSS, _REMIND, _LEAD, _DRY = (lazily(part) for part in (cue.BOSS, cue.REMIND, cue.LEAD, cue.DRY))
_FILLERS, _EVERYBODY, _TO = lazily(cue.SCOPE_FILLERS), lazily(cue.EVERYBODY), lazily(cue.TO)
_DROP, _EXTENSION, _REASON = lazily(cue.DROP), lazily(cue.EXTENSION), lazily(cue.REASON)
_FUTURE, _FUTURE_LEAD, _FUTURE_TAIL = lazily(cue.FUTURE), lazily(cue.FUTURE_LEAD), lazily(cue.FUTURE_TAIL)
_AWAY, _COVERS, _MINE = lazily(cue.AWAY), lazily(cue.COVERS), lazily(cue.MINE)
_BACK, _WHY, _OWN_TIER, _PUSHES = lazily(cue.BACK), lazily(cue.WHY), lazily(cue.OWN_TIER), lazily(cue.PUSHES)
_TIER = lazily(course_cue.TIER, re.IGNORECASE)


def match(text: str, sent_at: datetime, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """The frame of a text that is wholly one of these; None if it is none."""
    if len(text) > MAX_WORDS:
        return None
    if _WHY.match(text):
        return Frame("why", text)
    if pushes := _PUSHES.match(text):
        return Frame("limit_pushes", text, details={"most": int(value_of(pushes["n"]) or 0)})
    if _BACK.match(text):
        return Frame("end_cover", text)
    for read in (_rule, _dropped, _extension, _future, _cover):
        frame = read(text, sent_at, lexicon, scope)
        if frame is not None:
            return frame
    return None


def _rule(text: str, _: datetime, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """大客户30天没跟进提醒，37天通知主管，45天回收."""
    spans = list(_SPAN.finditer(text))
    if not spans or not _STILL.search(text) or not (_REMIND.search(text) or _RECYCLE.search(text)):
        return None
    said = _scope(text[: spans[0].start()], lexicon)
    if said is None:
        return None
    details: dict[str, Any] = {"scope": said, "dry": bool(_DRY.match(text))}
    for span, following in zip(spans, [*(one.start() for one in spans[1:]), len(text)], strict=True):
        does, days = text[span.end() : following], _days(span)
        kind = (
            "manager" if _BOSS.search(does) else "recycle" if _RECYCLE.search(does) else "remind" if _REMIND.search(does) or _STILL.search(does) else ""
        )  # fmt: skip
        if not kind or kind in details:
            return None
        details[kind] = days
        details["working"] = details.get("working", False) or bool(re.search(cue.WORKING, span["unit"]))
    if "remind" not in details or not (said or "recycle" in details or _EVERYBODY.search(text)):
        return None
    return Frame("idle_rule", text, details=details, assignee=_heir(text, lexicon, scope))


def _days(span: re.Match[str]) -> int:
    number = int(value_of(span["n"]) or 0)
    return number * cue.DAYS.get(span["unit"], 1)


def _scope(words: str, lexicon: Lexicon) -> str | None:
    """The tier and stage the words name, "" for everybody; None when they name something else, as a customer."""
    rest = _LEAD.sub("", words)
    bare = _EVERYBODY.sub("", rest)
    tier = _TIER.search(bare)
    named = tier.group() if tier else ""
    left = bare.replace(named, "", 1) if named else bare
    stage = _stage(left, lexicon)
    left = left.replace(stage, "", 1) if stage else left
    own = _OWN_TIER.fullmatch(left)
    if own:
        return f"{own['tier']}{stage}"
    return f"{named}{stage}" if not _FILLERS.sub("", left) else None


def _stage(words: str, lexicon: Lexicon) -> str:
    """The longest stage name in the words, "" if there is none."""
    names = (lexicon.name("stage", hit.ref) for hit in lexicon.hits(fold(words)) if hit.kind == "stage")
    return max((name.text for name in names if name is not None and name.text in words), key=len, default="")


def _heir(text: str, lexicon: Lexicon, scope: Scope) -> Mention | None:
    to = _TO.search(text)
    return member_in(text[to.end() :], lexicon, scope) if to else None


def member_in(words: str, lexicon: Lexicon, scope: Scope) -> Mention | None:
    """The first member named in the words."""
    hits = [hit for hit in lexicon.hits(fold(words), scope) if hit.kind == "member"]
    if not hits:
        return None
    first = min(hits, key=lambda hit: hit.span[0])
    name = lexicon.name("member", first.ref)
    return Mention(words[slice(*first.span)], first.ref, name.text, first.span) if name is not None else None


def _dropped(text: str, _: datetime, lexicon: Lexicon, __: Scope) -> Frame | None:
    """删除大客户的回收规则."""
    found = _DROP.match(text)
    said = _scope(found["scope"] or found["rest"], lexicon) if found else None
    return Frame("drop_idle_rule", text, details={"scope": said}) if said is not None else None


def _extension(text: str, _: datetime, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """宏图精密申请延期14天，等预算批下来."""
    found = _EXTENSION.match(text)
    if found is None:
        return None
    rest, days = found["rest"], None
    span = _SPAN.search(rest)
    before, behind = (rest[: span.start()], rest[span.end() :]) if span else re.split(r"[,，]|$", rest, maxsplit=1)
    days = _days(span) if span else None
    about = (found["before"] or before).strip(" ,，:：")
    meant = dealing.known(about, text.find(about), ("customer",), lexicon, scope) if about else {}
    customer = meant.get("customer") or (Mention(about, None, about, (0, 0)) if about else None)
    reason = _REASON.sub("", behind)
    return Frame("extension", text, customer=customer, details={"days": days, "reason": reason})


def _future(text: str, sent_at: datetime, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """宏图MES是未来机会，明年3月招标: the deal sleeps until then."""
    found = _FUTURE.match(text)
    if found is None:
        return None
    about = found["about"].strip()
    meant = dealing.known(about, found.start("about"), ("deal", "customer"), lexicon, scope)
    if not meant:
        return None
    rest, now = found["rest"], sent_at.astimezone(scope.zone).replace(tzinfo=None)
    times = [when for when in dates.find(rest, now) if when.day is not None and when.kind != "set"]
    until = Moment(times[0].day) if times and times[0].day is not None else None
    told = rest[: times[0].span[0]] + rest[times[0].span[1] :] if times else rest
    reason = _FUTURE_TAIL.sub("", _FUTURE_LEAD.sub("", told)).strip(" ,，。.!！")
    return Frame(
        "pause_deal", text, customer=meant.get("customer"), deal=meant.get("deal"), next_at=until, lost_reason=reason, note=text.strip()
    )  # fmt: skip


def _cover(text: str, sent_at: datetime, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """我下周休假，李娜代理; 李娜3月9日到13日请假，由王磊代理."""
    away, covers = _AWAY.search(text), _COVERS.search(text)
    if away is None or covers is None:
        return None
    now = sent_at.astimezone(scope.zone).replace(tzinfo=None)
    times = [when for when in dates.find(text, now) if when.start is not None and when.end is not None]
    ends = [
        when.end - timedelta(days=1) if when.end.time() == datetime.min.time() else when.end
        for when in times
        if when.end
    ]
    cover = member_in(text[away.end() :], lexicon, scope)
    mine = _MINE.search(text[: away.start()])
    whose = None if mine else member_in(text[: away.start()], lexicon, scope)
    if cover is None or not (mine or whose):
        return None
    days = {"first": min(w.start for w in times if w.start).date(), "last": max(ends).date()} if times else {}
    return Frame("cover", text, assignee=cover, details={**days, "whose": whose})
