"""The ways a company's full name is shortened: its core, its brand in Latin letters, its initials."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.nlu.cues import names as cue
from bot.nlu.lazy import lazily

_BRACKETS = lazily(cue.BRACKETS)
_FORM = lazily(cue.LEGAL_FORMS)
_PARENT = lazily(cue.PARENTS)
_LATIN = lazily(r"[a-z0-9][a-z0-9&'.\-]*")
_PLACE_SET = frozenset(cue.PLACES)
_GENERIC = frozenset(cue.GENERIC) | frozenset(cue.REGIONS) | frozenset(cue.PLACES)
_PLACES_BY_HEAD: dict[str, list[str]] = {}
for _word in sorted(cue.PLACES, key=len, reverse=True):
    _PLACES_BY_HEAD.setdefault(_word[0], []).append(_word)
_KNOWN = frozenset(cue.PLACES) | frozenset(word for word in cue.GENERIC if len(word) > 1) | frozenset(cue.INITIAL_OF)
_KINDS = tuple(cue.KIND_WORDS)
_BRANDS_BY_HEAD: dict[str, dict[str, str]] = {}
for _chinese, _latin in cue.BRANDS:
    _BRANDS_BY_HEAD.setdefault(_chinese[:2], {})[_chinese] = _latin
    _BRANDS_BY_HEAD.setdefault(_latin[:2], {})[_latin] = _chinese
_ANY_BRAND = lazily("|".join(map(re.escape, _BRANDS_BY_HEAD)))
_GENERIC_BY_HEAD: dict[str, list[str]] = {}
for _word in _GENERIC:
    _GENERIC_BY_HEAD.setdefault(_word[0], []).append(_word)


def base(folded: str) -> str:
    """The name without brackets and legal form: 珠海格力电器."""
    name = _BRACKETS.sub("", folded).strip()
    while (short := _FORM.sub("", name)) != name and len(short) >= 2:
        name = short
    return name


def core(base_name: str) -> str:
    """The base without leading place and parent institution: 格力电器, 同济医院."""
    name = _PARENT.sub("", base_name) if cue.PARENT_WORD in base_name else base_name
    for place in _PLACES_BY_HEAD.get(name[:1], ()):
        if name.startswith(place) and len(name) - len(place) >= 2:
            rest = name[len(place) :]
            rest = rest[1:] if rest[0] in cue.PLACE_ENDS and len(rest) > 2 else rest
            return name if rest[0] in _GENERIC_BY_HEAD and is_generic(rest) else rest
    return name


def is_place(word: str) -> bool:
    """Whether it is a known place, 市 or 省 behind it or not."""
    return word in _PLACE_SET or (word[-1:] in tuple(cue.PLACE_ENDS) and word[:-1] in _PLACE_SET)


def brand(core_name: str) -> str:
    """The Latin letters or digits the name begins with, if they stand alone: 3m, oppo, tcl."""
    match = _LATIN.match(core_name) if core_name[:1].isascii() else None
    return match.group() if match and len(match.group()) >= 2 and not match.group().isdigit() else ""


@lru_cache(maxsize=8192)  # the same names come up again and again where their initials are everyday words
def initials(base_name: str) -> frozenset[str]:
    """The two to four characters a long name is called by: 中石化, 陕煤, 建行, 哈工大, 杭州一院. Generic ones are the caller's to drop."""
    length = len(base_name)
    if length < 4 or base_name.isascii():
        return frozenset()
    heads = base_name[: length - length % 2 : 2]
    found = {heads[:2], heads[:3], heads[:4], heads[0] + heads[-1]}
    if length >= 6 and base_name[:2] in _PLACE_SET:
        found |= {heads[1:3], heads[1:4]}
    ordinal = base_name.find(cue.ORDINAL)
    if 0 < ordinal < length - 2:
        found.add(base_name[ordinal + 1 : ordinal + 3])
    if base_name.endswith(_KINDS):
        found |= _by_kind(_words(base_name))
    return frozenset(word for word in found if 2 <= len(word) <= 4)


def initial_heads(base_name: str) -> set[str]:
    """The first two characters of each of its initials; by far the most names have the plain ones only."""
    length = len(base_name)
    if cue.ORDINAL in base_name or base_name.endswith(_KINDS) or length < 4 or base_name.isascii():
        return {word[:2] for word in initials(base_name)}
    found = {base_name[0] + base_name[2], base_name[0] + base_name[length - length % 2 - 2]}
    if length >= 6 and base_name[:2] in _PLACE_SET:
        found.add(base_name[2] + base_name[4])
    return found


def _words(base_name: str) -> list[str]:
    """The words of a name: known place and trade words, and what stands between them, two characters each."""
    found: list[str] = []
    start = at = 0
    while at < len(base_name):
        known = next((size for size in (4, 3, 2) if base_name[at : at + size] in _KNOWN), 0)
        if known:
            found += [*_halves(base_name[start:at]), base_name[at : at + known]]
            start = at = at + known
        else:
            at += 1
    return [word for word in (*found, *_halves(base_name[start:])) if word not in cue.INITIAL_FILLERS]


def _halves(run: str) -> list[str]:
    return [run] if 0 < len(run) < 4 else [run[at : at + 2] for at in range(0, len(run), 2)]


def _by_kind(words: list[str]) -> set[str]:
    """What a bank, hospital, school, grid or insurer is called: one character a word, and the one that says what it is."""
    shorts = [cue.INITIAL_OF.get(word, (word[0],)) for word in words]
    nation = words[0] in cue.NATION
    found: set[str] = set()
    for last in shorts[-1]:
        if len(last) > 1:
            found.add(words[0] + last)
        if len(words) <= 2 + nation:
            found.update(head + last for head in shorts[min(nation, len(words) - 2)])
        if nation and len(words) <= 2:
            found.update(head + last for head in shorts[0])
        found.update(
            head + middle + last
            for at in range(1 + nation, len(words) - 1) for head in (*shorts[nation], words[nation]) for middle in shorts[at]
        )  # fmt: skip
        found.update(
            number + last
            for word, numbers in zip(words[:-1], shorts, strict=False)
            if word[0] == cue.ORDINAL
            for number in numbers
        )
    return found


def other_names(base_name: str) -> list[str]:
    """The brand in Latin letters of a firm written in Chinese, or the other way round: dji, 施耐德."""
    found: list[str] = []
    if not _ANY_BRAND.search(base_name):
        return found
    for at in range(len(base_name) - 1):
        if base_name[at : at + 2] in _BRANDS_BY_HEAD:
            brands = _BRANDS_BY_HEAD[base_name[at : at + 2]]
            own = max((own for own in brands if base_name.startswith(own, at)), key=len, default="")
            if own and (at == 0 or not own.isascii()):
                found.append(brands[own])
    return found


@lru_cache(maxsize=4096)
def is_generic(word: str) -> bool:
    """Whether the word is made of trade and place words only (电器, 上海银行业): it names no single company."""
    if word[:1] not in _GENERIC_BY_HEAD:
        return False
    reach = {0}
    for start in range(len(word)):
        if start in reach:
            reach.update(start + len(w) for w in _GENERIC_BY_HEAD.get(word[start], ()) if word.startswith(w, start))
    return len(word) in reach


@lru_cache(maxsize=4096)
def word_insides(text: str) -> frozenset[int]:
    """The positions within a trade word (新能|源, 大|学): a short name neither begins nor ends there."""
    return frozenset(
        at + step
        for at in range(len(text))
        for word in _GENERIC_BY_HEAD.get(text[at], ())
        if text.startswith(word, at)
        for step in range(1, len(word))
    )
