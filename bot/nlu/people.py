"""How people are spoken of: 王总, 尉迟总监, 老李, Peter."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from bot.nlu.cues import names as cue
from bot.nlu.frame import Name, Span
from bot.nlu.lazy import lazily
from bot.nlu.text import fold

_TITLES = "|".join(sorted(cue.TITLES, key=len, reverse=True))
_SURNAME = rf"(?:{'|'.join(cue.COMPOUND_SURNAMES)}|[{cue.SURNAMES}])"
_CALLED = lazily(rf"(?=(?P<surname>{'|'.join(cue.COMPOUND_SURNAMES)}|[\u4e00-\u9fff])(?P<title>{_TITLES}))")
_COMMON_SURNAME = lazily(_SURNAME)
_POSITION_BEFORE = lazily(cue.POSITION_BEFORE)
_NICK = lazily(rf"(?P<nick>[{cue.NICK_PREFIXES}])(?P<surname>[{cue.SURNAMES}])(?={cue.AFTER_NICK})")
_COMPOUNDS = frozenset(cue.COMPOUND_SURNAMES)
_COMPOUND = lazily("|".join(cue.COMPOUND_SURNAMES))
_LATIN = lazily(r"[a-z][a-z'\-]+")
_HAN = lazily("[\u4e00-\u9fff]")
_NOT_TITLE = lazily(cue.NOT_TITLE)
_FULL_TITLE = lazily(rf"\s?(?:{_TITLES})")


class Called(Struct, frozen=True):
    """Somebody called by surname and title (or nickname): the folded surname, the title or ""."""

    span: Span
    surname: str
    title: str


def keys(folded: str) -> tuple[str, ...]:
    """Under which a contact's name is looked up: the surname, or the first Latin name."""
    if folded[:1].isascii() and (latin := _LATIN.match(folded)):
        return (latin.group(),)
    compound = folded[:2] if folded[:2] in _COMPOUNDS else ""
    return (compound, folded[0]) if compound else (folded[:1],) if folded else ()


def called(folded: str, known: Callable[[str], bool] = lambda _: False) -> list[Called]:
    """Every 姓+title, nickname, compound surname and Latin word that may be a person's; `known` surnames need be no usual ones."""
    found = [
        Called((m.start("surname"), m.end("title")), m["surname"], m["title"])
        for m in _CALLED.finditer(folded)
        if _named_so(folded, m)
        and (
            _COMMON_SURNAME.match(m["surname"])
            or ((len(m["title"]) > 1 or m["title"] in cue.SURE_TITLES) and known(m["surname"]))
        )
    ]
    found += [
        Called(m.span(), m["surname"], "")
        for m in _NICK.finditer(folded)
        if m["nick"] + m["surname"] not in cue.NOT_NICKS
    ]
    found += [Called(m.span(), m.group(), "") for m in _COMPOUND.finditer(folded)]
    found += [Called(m.span(), m.group(), "") for m in _LATIN.finditer(folded)]
    return found


def _named_so(folded: str, match: re.Match[str]) -> bool:
    before = folded[max(0, match.start("surname") - 1) : match.start("surname")]
    behind = folded[match.end("title") : match.end("title") + 2]
    return before not in cue.NOT_AFTER.get(match["surname"], ()) and not _NOT_TITLE.match(match["title"] + behind)


def surnames_in(folded: str, known: Callable[[str], bool]) -> set[str]:
    """The surnames and Latin names the text may call somebody by."""
    return {person.surname for person in called(folded, known)}


def is_nick(spoken: str) -> bool:
    """Whether somebody is called 小廖, 老李."""
    return len(spoken) == 2 and spoken[0] in cue.NICK_PREFIXES


def surely_person(folded: str, person: Called, *, after_name: bool) -> bool:
    """Whether 姓+title is a person even though no contact is called so: 金处 is, 全部 and 向导 are not.

    `after_name` says that another name ends right before.
    """
    if is_nick(folded[slice(*person.span)]):
        return bool(_POSITION_BEFORE.search(folded[: person.span[0]]))
    if not person.title or (person.surname in cue.NOT_SURNAMES and len(person.title) < 2):
        return False
    if len(person.title) < 2 and person.title not in cue.SURE_TITLES:
        return False
    before = folded[: person.span[0]]
    return after_name or not before or not _HAN.match(before[-1]) or before.endswith(cue.BEFORE_PERSON)


def title_end(folded: str, end: int) -> int:
    """Where the title right behind a full name ends (杜仲院长), or `end`."""
    match = _FULL_TITLE.match(folded, end)
    return match.end() if match else end


@lru_cache(maxsize=4096)
def _folded(title: str) -> str:
    return fold(title)


def fits(name: Name, title: str) -> int:
    """How well a contact's title agrees with how the person was called, 0 to 2: 副总 with 尹总 2, CIO 1, 科长 0."""
    own = _folded(name.title) if title else ""
    if not own:
        return 0
    return 2 if title in own else int(any(mark in own for mark in cue.TITLE_GROUPS.get(title, ())))
