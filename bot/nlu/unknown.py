"""Companies and people the lexicon does not know, cut out of the sentence as they are written."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from bot.nlu import companies, mentions
from bot.nlu.cues import names
from bot.nlu.cues import unknown as cue
from bot.nlu.cues.common import COMMON_WORDS
from bot.nlu.frame import Mention, Scope
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Lexicon
from bot.nlu.mentions import Spot
from bot.nlu.resolve import Found, deal_of
from bot.nlu.text import fold, masked

_CREATING = [lazily(pattern) for pattern in cue.CREATING]
_PATTERNS = [lazily(pattern) for pattern in cue.PATTERNS]
_WITH_PERSON = lazily(cue.WITH_PERSON)
_PERSON = lazily(cue.PERSON_BEHIND)
_SITE, _OTHER_FIRM = lazily(cue.SITE), lazily(cue.OTHER_FIRM)
_ACT, _VERB_BEFORE = lazily(cue.ACT), lazily(names.VERB_BEFORE)
_NOT_COMPANY, _NOT_CREATED = lazily(cue.NOT_COMPANY), lazily(cue.NOT_CREATED)
_TRADES, _NO_TRADE = [lazily(pattern) for pattern in cue.TRADE_PATTERNS], lazily(cue.NO_TRADE)
_TRADE = lazily(f"(?:{'|'.join(sorted(names.GENERIC, key=len, reverse=True))})+")
_KIND_OF_FIRM = lazily(cue.KIND_OF_FIRM)
_SUM = lazily(cue.SUM)
_OTHER_KIND = lazily(cue.OTHER_KIND)
_PERSON_NAMED = lazily(cue.PERSON_NAMED)
_NO_PERSON = COMMON_WORDS | names.COMMON_NAMES | names.COMMON_DEAL_WORDS


def customer(folded: str, spots: list[Spot], lexicon: Lexicon) -> Spot | None:
    """The place of a company that is not known; None where one is named that is known.

    A known name's beginning inside a longer name in a company's place (华信 in 拜访了华信精工) is another company.
    """
    guessed = [spot for spot in spots if _guessed(spot)]
    sure = [spot for spot in spots if not _guessed(spot)]
    if any(spot.kind == "customer" for spot in sure):
        return None
    other_kind = next((spot for guess in guessed if (spot := _of_other_kind(folded, guess, lexicon))), None)
    if other_kind is not None:
        return other_kind
    named = masked(folded, mentions.marked(sure))
    created = _place(named, _CREATING, _created)
    found = created or _place(named, _PATTERNS, _company)
    if any(spot.kind == "deal" for spot in sure) and not (found and _is_firm(folded[found.span[0] : found.span[1]])):
        # A deal says whose it is, unless a firm is named beside it: then the deal's words are only what was talked about.
        return None
    if found is not None and _SUM.match(folded, found.span[0]):
        return None
    if found is not None and any(fold(name.text) == folded[slice(*found.span)] for name in lexicon.of_kind("stage")):
        return None
    if found is None or not guessed:
        return found
    place = folded[slice(*found.span)]
    if not created and any(mentions.goes_on(place, ref, lexicon) for spot in guessed for ref in spot.refs):
        return None  # 浙大邵逸夫 for 浙江大学医学院附属邵逸夫医院
    other = all(_another(folded, found, spot) or (created and spot.span[0] > found.span[0]) for spot in guessed)
    return found if other else None


def _is_firm(name: str) -> bool:
    return companies.base(name) != name or len(name) >= 4


def _guessed(spot: Spot) -> bool:
    """Whether only a piece of a known name stands there; of a deal's name two characters."""
    return spot.rank >= 1 and (spot.kind == "customer" or (spot.kind == "deal" and spot.span[1] - spot.span[0] < 3))


def _of_other_kind(folded: str, guess: Spot, lexicon: Lexicon) -> Spot | None:
    """The firm of the guessed name whose kind follows it, where no known one is of that kind (平安银行 for 平安保险)."""
    kind = _OTHER_KIND.match(folded, guess.span[1])
    if guess.kind != "customer" or kind is None:
        return None
    known = (name for ref in guess.refs if (name := lexicon.name("customer", ref)))
    if any(kind.group() in fold(name.text) for name in known):
        return None
    return Spot((guess.span[0], kind.end()), "customer", (), 5)


def _another(folded: str, place: Spot, guess: Spot) -> bool:
    """Whether the name at the place goes on past the guess as a company's name would."""
    before, rest = folded[place.span[0] : guess.span[0]], folded[guess.span[1] : place.span[1]]
    if place.span[0] > guess.span[0] or place.span[1] < guess.span[1]:
        return False
    if before:
        if _VERB_BEFORE.search(before):
            return False
        return len(before) >= 2 and bool(_OTHER_FIRM.match(before)) and not companies.is_generic(before)
    return bool(rest) and not _SITE.match(rest) and not _ACT.match(rest) and bool(_OTHER_FIRM.match(rest))


def _place(named: str, patterns: list[re.Pattern[str]], fits: Callable[[str], bool]) -> Spot | None:
    for pattern in patterns:
        match = pattern.search(named)
        if match and (spot := _cut(match, fits)) is not None:
            return spot
    return None


def _created(name: str) -> bool:
    """Whether a name that is given may be one: 浙江医药 is, 名单 is not."""
    return not _NOT_CREATED.search(name)


def _company(name: str) -> bool:
    """Whether words in a company's place may be one: 浙江医药 alone could be any."""
    return not _NOT_COMPANY.search(name) and not is_generic(name)


def is_generic(name: str) -> bool:
    """Whether the words are a trade or a kind of firm (机械, 物流公司): they name no single company."""
    return companies.is_generic(name) or companies.is_generic(_KIND_OF_FIRM.sub("", name))


def generic(folded: str, spots: list[Spot]) -> str:
    """The trade words in the place of a company (拜访了机械), where no company is named."""
    if any(spot.kind in ("customer", "deal") for spot in spots):
        return ""
    named = masked(folded, mentions.marked(spots))
    found = _place(named, _TRADES, is_trade)
    return folded[slice(*found.span)] if found else ""


def is_trade(name: str) -> bool:
    """Whether it is the name of a trade (机械, 物流公司), and neither a place with it nor a department: 上海银行, 技术."""
    return bool(_TRADE.fullmatch(trade(name))) and not _NO_TRADE.match(name) and not _NO_TRADE.match(trade(name))


def trade(words: str) -> str:
    """The trade without the kind of firm: 机械 of 机械厂."""
    return _KIND_OF_FIRM.sub("", words) or words


def _cut(match: re.Match[str], fits: Callable[[str], bool]) -> Spot | None:
    start, end = match.span("x")
    person = _WITH_PERSON.match(match["x"])
    if person:
        end = start + person.end("company")
    name = match.string[start:end]
    return Spot((start, end), "customer", (), 5) if len(name) >= 2 and fits(name) else None


def people(named: str) -> list[Spot]:
    """Full names nobody in the CRM has, right behind a company (宏图精密的王建国); `named` is the text with names masked."""
    return [
        Spot(match.span("x"), "contact", ())
        for match in _PERSON_NAMED.finditer(named)
        if match["x"] not in _NO_PERSON and not companies.is_generic(match["x"])
    ]


def person(folded: str, company: Spot, spots: list[Spot]) -> Spot | None:
    """The person named right behind the company (宏图精密李总), if no known one was found there."""
    match = _PERSON.match(folded, company.span[1])
    if not match or any(spot.span[0] < match.end() and match.start() < spot.span[1] for spot in spots):
        return None
    return Spot(match.span("person"), "contact", (), 5, match["title"])


def with_customer(found: Found, text: str, spot: Spot, lexicon: Lexicon, scope: Scope) -> Found:
    """The names with this company as the customer: a known one that sounds or is written nearly so, else as spoken."""
    spoken = text[spot.span[0] : spot.span[1]]
    similar = lexicon.similar(spoken, scope)
    if len(similar) > 1:
        options = tuple(Mention(spoken, name.ref, name.text, spot.span) for name in similar)
        return msgspec.structs.replace(found, open_customers=options)
    if similar:
        known = Mention(spoken, similar[0].ref, similar[0].text, spot.span)
        deal = found.deal or deal_of(text, fold(text), similar[0].ref, lexicon, scope)
        return msgspec.structs.replace(found, customer=known, deal=deal)
    new = Mention(spoken, None, spoken, spot.span)
    named = {
        one.span: one for one in (*found.contacts, *found.open_contacts)
    }  # whoever it may be elsewhere: here they are new
    people = tuple(Mention(one.text, None, one.text, one.span) for _, one in sorted(named.items()))
    return msgspec.structs.replace(found, customer=new, contacts=people, open_contacts=())
