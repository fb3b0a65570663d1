"""What is said about leads, read from the whole text: their names are nobody's in the lexicon."""

from __future__ import annotations

import re
from typing import Any

from bot.nlu import numbers
from bot.nlu.cues import leads as cue
from bot.nlu.frame import Frame, Mention, Scope
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Lexicon
from bot.nlu.numerals import value_of
from bot.nlu.quiet import MAX_WORDS, member_in
from bot.nlu.text import fold

_CREATE, _QUALIFY, _DISCARD = lazily(cue.CREATE), lazily(cue.QUALIFY), lazily(cue.DISCARD)
_TAKE, _PASS, _RULE, _DROP = (lazily(shows) for shows in (cue.TAKE, cue.PASS, cue.RULE, cue.DROP))
_CONTACT, _FREE, _CHANNEL, _BUDGET = (lazily(shows) for shows in (cue.CONTACT, cue.FREE, cue.CHANNEL, cue.BUDGET))
_FACTS = {
    "source": lazily(cue.SOURCE), "region": lazily(cue.REGION), "product": lazily(cue.PRODUCT), "need": lazily(cue.NEED)
}  # fmt: skip
_PERSON, _NAME, _TITLE = lazily(cue.PERSON), lazily(cue.NAME), lazily(cue.TITLE)
_NEED_LEAD, _NEED_TAIL = lazily(cue.NEED_LEAD), lazily(cue.NEED_TAIL)
_PARTS, _NUMBER, _BETWEEN = lazily(cue.PARTS), lazily(cue.NUMBER), lazily(cue.BETWEEN)


def match(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """The frame of a text that is wholly one of these; None if it is none."""
    if len(text) > 2 * MAX_WORDS:
        return None
    for read in (_rule, _dropped, _channel, _created, _taken, _passed, _contacted, _freed, _qualified, _discarded):
        frame = read(text, lexicon, scope)
        if frame is not None:
            return frame
    return None


def _created(text: str, lexicon: Lexicon, _: Scope) -> Frame | None:
    """新线索 宏图精密 张总 13800000000 想了解MES，来源官网."""
    said = _CREATE.match(text)
    return Frame("create_lead", text, details=_facts(said["rest"], lexicon)) if said is not None else None


def _facts(rest: str, lexicon: Lexicon) -> dict[str, Any]:
    found: dict[str, Any] = {}
    phones = numbers.phones(fold(rest))
    for phone in phones[:1]:
        found["phone"] = rest[slice(*phone.span)].strip()
    for phone in reversed(phones):
        rest = rest[: phone.span[0]] + " " + rest[phone.span[1] :]
    for sum_ in numbers.amounts(fold(rest))[:1]:
        found["amount"] = sum_.value
        before = rest[: sum_.span[0]]
        told = _BUDGET.search(before)
        rest = before[: told.start() if told else None] + " " + rest[sum_.span[1] :]
    for name, shows in _FACTS.items():
        told = shows.search(rest)
        if told is not None:
            found[name] = next(words for words in told.groups() if words).strip()
            rest = rest[: told.start()] + " " + rest[told.end() :]
    if "need" in found:
        found["need"] = _NEED_TAIL.sub("", _NEED_LEAD.sub("", found["need"]))
    for part in filter(None, _PARTS.split(_NUMBER.sub(" ", rest))):
        _place(part, found, lexicon)
    return found


def _place(part: str, found: dict[str, Any], lexicon: Lexicon) -> None:
    """Whether the words are a person, a position, a region or the company."""
    person = _PERSON.search(part)
    if "name" not in found and person is not None:
        found["name"] = person["x"]
        if person["company"]:
            found.setdefault("company", person["company"])
    elif "name" not in found and _NAME.match(part):
        found["name"] = part
    elif "title" not in found and _TITLE.match(part):
        found["title"] = part
    elif "region" not in found and any(fold(name.text) == fold(part) for name in lexicon.of_kind("region")):
        found["region"] = part
    elif "company" not in found:
        found["company"] = part
    elif "need" not in found:
        found["need"] = part


def _qualified(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """线索张总转客户; without 线索 what is about a name in sight is something else."""
    said = _QUALIFY.match(text)
    frame = _about("qualify_lead", text, said, lexicon, scope) if said is not None else None
    if said is None or frame is None:
        return None
    return Frame(frame.intent, text, name=frame.name, details={"deal": bool(said["deal"])})


def _discarded(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """线索张总无效，空号."""
    said = _DISCARD.match(text)
    if said is None or not (said["said"] or said["said2"] or said["said3"]):
        return None
    frame = _about("discard_lead", text, said, lexicon, scope)
    return Frame(frame.intent, text, name=frame.name, details={"reason": said["reason"]}) if frame is not None else None


def _about(intent: str, text: str, said: re.Match[str], lexicon: Lexicon, scope: Scope) -> Frame | None:
    words = said["x"].strip()
    named = said["said"] or said["said2"]
    if not named and any(True for _ in lexicon.hits(fold(words), scope)):
        return None
    return Frame(intent, text, name=words)


def _taken(text: str, _: Lexicon, __: Scope) -> Frame | None:
    """领取线索 张总."""
    said = _TAKE.match(text)
    return Frame("take_lead", text, name=said["x"].strip()) if said is not None else None


def _contacted(text: str, _: Lexicon, __: Scope) -> Frame | None:
    """联系线索张总."""
    said = _CONTACT.match(text)
    return Frame("contact_lead", text, name=said["x"].strip()) if said is not None else None


def _freed(text: str, _: Lexicon, __: Scope) -> Frame | None:
    """线索张总放回."""
    said = _FREE.match(text)
    return Frame("free_lead", text, name=said["x"].strip()) if said is not None else None


def _channel(text: str, _: Lexicon, __: Scope) -> Frame | None:
    """渠道秋季展会加来的人记为线索."""
    said = _CHANNEL.match(text)
    if said is None:
        return None
    return Frame("channel_leads", text, name=said["x"].strip(), details={"on": not said["no"]})


def _passed(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """线索张总分给王磊."""
    said = _PASS.match(text)
    to = member_in(said["who"], lexicon, scope) if said is not None else None
    return (
        Frame("pass_lead", text, name=said["x"].strip(), assignee=to) if said is not None and to is not None else None
    )


def _rule(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """线索规则 华东分给李娜、王磊，每人最多20条."""
    said = _RULE.match(text)
    if said is None:
        return None
    people: list[Mention | None] = [member_in(word, lexicon, scope) for word in _BETWEEN.split(said["who"]) if word]
    names = tuple(
        person.ref if person is not None and person.ref is not None else word
        for person, word in zip(people, filter(None, _BETWEEN.split(said["who"])), strict=True)
    )
    words = said["scope"].strip()
    return Frame(
        "define_lead_rule", text,
        details={
            "scope": "" if words in cue.OTHERS else words, "people": names, "capacity": int(value_of(said["n"]) or 0) if said["n"] else 0,
            "opens": _minutes(said, 1), "closes": _minutes(said, 2),
        },
    )  # fmt: skip


def _minutes(said: re.Match[str], number: int) -> int:
    """A clock time as minutes of the day; 0 where none was said."""
    if not said[f"h{number}"]:
        return 0
    hour = int(value_of(said[f"h{number}"]) or 0)
    hour += 12 if number == 2 and hour < 12 and said["m2"] in cue.AFTERNOON else 0
    return hour * 60 + (30 if said[f"half{number}"] else int(said[f"min{number}"] or 0))


def _dropped(text: str, _: Lexicon, __: Scope) -> Frame | None:
    """删除线索规则 华东."""
    said = _DROP.match(text)
    if said is None:
        return None
    words = (said["before"] or said["scope"]).strip()
    return Frame("drop_lead_rule", text, details={"scope": "" if words in cue.OTHERS else words})
