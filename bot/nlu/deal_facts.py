"""What is said of a deal in clauses that are nothing else: 预计12月20日签约，决策人是张总，竞品是用友和金蝶."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from bot.nlu import dealing, numbers
from bot.nlu.answers import read_moment
from bot.nlu.cues import deal_facts as cue
from bot.nlu.frame import Frame, Mention, Scope
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Lexicon
from bot.nlu.text import fold

MAX_FACTS_TEXT = 200
_PARTED, _NAMES = lazily(cue.CLAUSES), lazily(cue.NAMES_PARTED)
_LEAD, _OF = lazily(cue.LEAD), lazily(cue.OF)
_FACTS = [(fact, lazily(pattern + cue.END, re.IGNORECASE)) for fact, pattern in cue.FACTS]
_CLOSE_ALONE, _CUE = lazily(cue.CLOSE_ALONE), lazily(cue.CUE, re.IGNORECASE)


def match(text: str, sent_at: datetime, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """The frame of a text every clause of which states a fact of a deal; None for anything else."""
    clauses = [clause for clause in _PARTED.split(text) if clause.strip()]
    if not clauses or len(text) > MAX_FACTS_TEXT or not _CUE.search(text):
        return None
    about: dict[str, Mention] = {}
    facts: dict[str, Any] = {}
    said: set[str] = set()
    for place, clause in enumerate(clauses):
        clause = clause[_lead(clause) :].strip()
        subject, rest = _subject(clause, lexicon, scope) if place == 0 else ({}, clause)
        found = _fact(rest, sent_at, lexicon, scope)
        if found is None:
            if place == 0 and subject and not rest.strip():
                about = subject
                continue
            return None
        about = about or subject
        said.add(found[0])
        _add(facts, *found)
    if not said & cue.ALONE or _only_a_date(text, said) or _only_an_attitude(facts, said):
        return None
    meant = _meant(about, facts, lexicon, scope)
    return Frame(
        "deal_facts", text, customer=meant.get("customer"), deal=meant.get("deal"), note=text.strip(), details=facts
    )


def _lead(clause: str) -> int:
    """Where the clause begins behind words that only lead to it."""
    found = _LEAD.match(clause)
    return found.end() if found else 0


def _only_a_date(text: str, said: set[str]) -> bool:
    """周五签约 is an appointment, 预计周五签约 is a fact."""
    return said <= {"close", "amount"} and not _CLOSE_ALONE.search(text)


def _only_an_attitude(facts: dict[str, Any], said: set[str]) -> bool:
    """Somebody nobody knows who is for something tells of no deal."""
    people = facts.get("people", ())
    return said <= {"people", "amount"} and all(who.ref is None and not role for who, role, _, _ in people)


def _subject(clause: str, lexicon: Lexicon, scope: Scope) -> tuple[dict[str, Mention], str]:
    """The deal or customer that the clause begins with, the longest that is one, and what comes behind it."""
    hits = lexicon.hits(fold(clause), scope)
    starts = {0} | {_behind(clause, hit.span[1]) for hit in hits if hit.kind == "customer" and hit.span[0] == 0}
    for kind in ("deal", "customer"):
        fitting = [hit for hit in hits if hit.kind == kind and hit.span[0] in (starts if kind == "deal" else {0})]
        end = max((hit.span[1] for hit in fitting), default=0)
        refs = {hit.ref for hit in fitting if hit.span[1] == end}
        name = lexicon.name(kind, refs.pop()) if len(refs) == 1 else None
        if name is not None:
            return {kind: Mention(clause[:end], name.ref, name.text, (0, end))}, clause[_behind(clause, end) :]
    return {}, clause


def _behind(clause: str, end: int) -> int:
    """Where what is said of a name begins that ends here."""
    found = _OF.match(clause, end)
    return found.end() if found else end


def _fact(clause: str, sent_at: datetime, lexicon: Lexicon, scope: Scope) -> tuple[str, Any] | None:
    """The fact that the whole clause states, and its value."""
    clause = clause.strip()
    for fact, pattern in _FACTS:
        found = pattern.match(clause)
        value = _value(fact, found, sent_at, lexicon, scope) if found else None
        if value:
            return fact, value
    return None


def _value(fact: str, found: re.Match[str], sent_at: datetime, lexicon: Lexicon, scope: Scope) -> Any:
    parts = found.groupdict()
    if fact == "close":
        return _day(parts["when"], sent_at, scope)
    if fact == "amount":
        sums = numbers.amounts(fold(cue.MONEY + parts["sum"]))
        whole = (
            len(sums) == 1 and sums[0].span[0] <= len(cue.MONEY) and sums[0].span[1] == len(cue.MONEY + parts["sum"])
        )
        return sums[0].value if whole else None
    if fact != "people":
        return tuple(name for name in map(str.strip, _NAMES.split(parts["names"])) if 1 < len(name) <= 20)
    role = cue.ROLES.get((parts.get("role") or "").lower(), "")
    names = _NAMES.split(parts["names"]) if parts.get("names") else [parts["person"]]
    attitude, influence = (
        cue.ATTITUDES.get(parts.get("attitude") or "", ""),
        cue.INFLUENCES.get(parts.get("influence") or "", ""),
    )
    who = tuple(_person(name.strip(), lexicon, scope) for name in names if 1 < len(name.strip()) <= 12)
    return tuple((one, role, attitude, influence) for one in who)


def _day(words: str, sent_at: datetime, scope: Scope) -> date | None:
    moment = read_moment(words.strip(), sent_at, scope.zone)
    return moment.day if moment is not None else None


def _person(words: str, lexicon: Lexicon, scope: Scope) -> Mention:
    """The contact of this very name, else the words: 张总 is looked up at the customer."""
    return dealing.known(words, 0, ("contact",), lexicon, scope).get("contact") or Mention(words, None, words, (0, 0))


def _add(facts: dict[str, Any], fact: str, value: Any) -> None:
    facts[fact] = (*facts.get(fact, ()), *value) if isinstance(value, tuple) else value


def _meant(about: dict[str, Mention], facts: dict[str, Any], lexicon: Lexicon, scope: Scope) -> dict[str, Mention]:
    """The deal or customer named; else, unless it is the deal last spoken of, the customer of the first person known."""
    if about:
        return about
    return dict(_employers(facts, lexicon, scope))


def _employers(facts: dict[str, Any], lexicon: Lexicon, scope: Scope) -> Iterator[tuple[str, Mention]]:
    last = lexicon.name("deal", scope.last_deal) if scope.last_deal is not None else None
    for who, *_ in facts.get("people", ()):
        person = lexicon.name("contact", who.ref) if who.ref is not None else None
        if person is None or person.customer is None:
            continue
        if last is None or last.customer != person.customer:
            owner = lexicon.name("customer", person.customer)
            if owner is not None:
                yield "customer", Mention("", owner.ref, owner.text, (0, 0))
        return
