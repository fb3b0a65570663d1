"""Where names stand in a sentence, and which known names each place fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec
from msgspec import Struct

from bot.nlu import people
from bot.nlu.cues import names as cue
from bot.nlu.cues.common import COMMON_WORDS
from bot.nlu.frame import Name, Ref, Scope, Span
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Hit, How, Lexicon
from bot.nlu.sounds import sound
from bot.nlu.text import MASK, fold

MARKS = {
    "customer": "\ue000",
    "contact": "\ue001",
    "deal": "\ue002",
    "member": "\ue003",
    "region": "\ue006",
    "product": "\ue00b",
    "campaign": "\ue00c",
}
_RANK: dict[How, int] = {"full": 0, "alias": 0, "core": 2, "part": 2, "parent": 3, "gap": 3, "initials": 4}
_KINDS = ("deal", "contact", "member", "region", "customer", "product", "campaign")
MAX_NAMESAKES = 100
_CLOCK, _DAY_BEFORE = lazily(cue.CLOCK_WORD), lazily(cue.DAY_BEFORE)
_DEAL_BEHIND = lazily(cue.DEAL_BEHIND)
MAX_HEARD = 3  # customers named: of more, nobody is looked for by sound
MAX_PLACES = 60  # nobody names more in one message; each is compared with every other
MAX_TAIL = 3
_TOOLS = lazily("|".join(cue.TOOLS))
_BEFORE_NAME = lazily(cue.BEFORE_NAME)
_DATES = [
    (lazily(cue.MONTH_NAME), lazily(cue.AFTER_MONTH)),
    (lazily(cue.HOLIDAY_NAME), lazily(cue.AFTER_HOLIDAY)),
]
_BEFORE_COMMON = lazily(cue.BEFORE_COMMON)
_HAN = lazily("[\u4e00-\u9fff]")
_COMPETITOR_BEFORE = lazily(cue.COMPETITOR_BEFORE)
_COMPETITOR_AFTER = lazily(cue.COMPETITOR_AFTER)


class Spot(Struct, frozen=True):
    """A place in the text where a name stands, and the refs it fits (none: a name as spoken)."""

    span: Span
    kind: str
    refs: tuple[Ref, ...]
    rank: int = 0
    title: str = ""


def spots(folded: str, lexicon: Lexicon, scope: Scope) -> list[Spot]:
    """The places of names in the folded text, left to right, none overlapping."""
    blocked = [match.span() for match in _TOOLS.finditer(folded)]
    hits = [hit for hit in lexicon.hits(folded, scope) if hit.kind in MARKS]
    grouped = _grouped(hit for hit in hits if not _within(hit.span, blocked))
    grouped = sorted(grouped, key=_preference)[: 4 * MAX_PLACES]
    named_until = {spot.span[1] for spot in grouped if spot.kind in ("customer", "contact")}
    certain = [spot for spot in grouped if _plausible(folded, spot, grouped, named_until)]
    taken: list[Spot] = []
    for spot in certain[:MAX_PLACES]:
        if not _touches(spot.span, [other.span for other in taken]):
            taken.append(_with_title(folded, spot))
    taken = [_named_by_deal(folded, spot, lexicon) for spot in taken]
    taken.extend(_people(folded, lexicon, scope, taken))
    owners = {ref for spot in taken if spot.kind == "customer" for ref in spot.refs} | owners_of(
        "contact", taken, lexicon
    )
    kept = sorted(
        (spot for spot in taken if not _stray_deal(folded, spot, owners, lexicon)), key=lambda spot: spot.span
    )
    ends = [spot.span[0] for spot in kept[1:]] + [len(folded)]
    return [_extended(folded, spot, end, lexicon) for spot, end in zip(kept, ends, strict=False)]


def _extended(folded: str, spot: Spot, end: int, lexicon: Lexicon) -> Spot:
    """A short name of several customers that goes on (before `end`) as only one of them does: 浙大二院 of all with 浙大."""
    if spot.kind != "customer" or len(spot.refs) < 2:
        return spot
    for length in range(min(MAX_TAIL, end - spot.span[1]), 0, -1):
        tail = folded[spot.span[1] : spot.span[1] + length]
        if _HAN.match(tail):
            refs = tuple(ref for ref in spot.refs if goes_on(folded[spot.span[1] - 1] + tail, ref, lexicon))
            if 0 < len(refs) < len(spot.refs):
                return msgspec.structs.replace(spot, span=(spot.span[0], spot.span[1] + length), refs=refs)
    return spot


def goes_on(piece: str, ref: Ref, lexicon: Lexicon) -> bool:
    """Whether the characters stand in the customer's name in this order."""
    name = lexicon.name("customer", ref)
    rest = iter(fold(name.text)) if name else iter("")
    return all(char in rest for char in piece)


def _named_by_deal(folded: str, spot: Spot, lexicon: Lexicon) -> Spot:
    """The customer, where the head of deals' names stands alone and is short for their customer: 杭氧 of 杭氧PLM."""
    if spot.kind != "deal" or spot.rank < 2 or spot.span[1] - spot.span[0] > MAX_TAIL:
        return spot
    deals = [name for ref in spot.refs if (name := lexicon.name("deal", ref))]
    piece = folded[slice(*spot.span)]
    if piece in COMMON_WORDS:
        return spot
    owners = {
        name.customer
        for name in deals
        if name.customer is not None and fold(name.text).startswith(piece) and goes_on(piece, name.customer, lexicon)
    }
    return msgspec.structs.replace(spot, kind="customer", refs=tuple(owners)) if len(owners) == 1 else spot


def _stray_deal(folded: str, spot: Spot, owners: set[Ref], lexicon: Lexicon) -> bool:
    """Two characters of a deal's name mean the deal only where its customer is named too, or it is called one (能耗项目)."""
    short = spot.kind == "deal" and spot.rank >= 2 and spot.span[1] - spot.span[0] < 3
    called = short and len(spot.refs) == 1 and _DEAL_BEHIND.match(folded, spot.span[1])
    return short and not called and not owners & owners_of("deal", [spot], lexicon)


def _grouped(hits: Iterable[Hit]) -> list[Spot]:
    """One spot per place and kind, with the refs of the best way of recognising it.

    The initials of one firm are as good as a mere piece of another's name: 上汽 is 上海汽车 no less than 上汽大众.
    """
    places: dict[tuple[Span, str], dict[Ref, int]] = {}
    pieces: set[tuple[Span, str]] = set()
    for hit in hits:
        refs = places.setdefault((hit.span, hit.kind), {})
        refs[hit.ref] = min(_RANK[hit.how], refs.get(hit.ref, 9))
        if hit.how == "part":
            pieces.add((hit.span, hit.kind))
    found = []
    for (span, kind), refs in places.items():
        best = min(refs.values())
        if best == _RANK["part"] and (span, kind) in pieces:
            refs = {ref: best if rank == _RANK["initials"] else rank for ref, rank in refs.items()}
        found.append(Spot(span, kind, tuple(ref for ref, rank in refs.items() if rank == best), best))
    return found


def _preference(spot: Spot) -> tuple[int, int, int, int]:
    """Longer first, then better recognised; a short piece of a deal's name never beats a customer's."""
    loose = spot.kind == "deal" and spot.rank >= 2
    return -(spot.span[1] - spot.span[0]), int(loose), min(spot.rank, 1), _KINDS.index(spot.kind)


def _plausible(folded: str, spot: Spot, every: Sequence[Spot], named_until: set[int]) -> bool:
    """Initials and two-character pieces are common words too: they need a sign that a name stands here."""
    start, end = spot.span
    if (_in_number(folded, start, end) and start not in named_until) or _in_date(folded, start, end):
        return False
    if spot.kind == "deal" and spot.rank >= 2:
        return end - start >= 2 and folded[start:end] not in cue.COMMON_DEAL_WORDS
    if spot.rank == 4:
        better = any(other.kind == "customer" and other.rank < 4 and other.span != spot.span for other in every)
        return not better and bool(start == 0 or _BEFORE_NAME.search(folded[:start]))
    word = folded[start:end]
    if spot.rank >= 2 and word in COMMON_WORDS and folded.startswith(cue.AS_VERB, end):
        return False
    if spot.kind == "customer" and spot.rank >= 2 and word in COMMON_WORDS and start and _HAN.match(folded[start - 1]):
        touched = any(other.span[1] == start and other is not spot for other in every)
        return touched or bool(_BEFORE_COMMON.search(folded[:start]))
    return not (spot.rank >= 2 and word in cue.COMMON_NAMES)


def _in_number(folded: str, start: int, end: int) -> bool:
    """Whether the words are part of a number: 万一 in 十二万一千五."""
    around = folded[max(0, start - 1) : start] + folded[end : end + 1]
    return set(folded[start:end]) <= cue.NUMERALS and bool(cue.NUMERALS.intersection(around))


def _in_date(folded: str, start: int, end: int) -> bool:
    """Whether the words are part of a date: 三月 in 三月份, 五一 in 五一之后."""
    word = folded[start:end]
    if _CLOCK.match(word) and _DAY_BEFORE.search(folded[:start]):  # 明儿一点, though the firm is 一点点
        return True
    return any(name.fullmatch(word) and after.match(folded, end) for name, after in _DATES)


def _with_title(folded: str, spot: Spot) -> Spot:
    if spot.kind != "contact":
        return spot
    return msgspec.structs.replace(spot, span=(spot.span[0], people.title_end(folded, spot.span[1])))


def _people(folded: str, lexicon: Lexicon, scope: Scope, taken: list[Spot]) -> list[Spot]:
    found: list[Spot] = []
    ends = {spot.span[1] for spot in taken}
    employers = {ref for spot in taken if spot.kind == "customer" and not competitor(folded, spot) for ref in spot.refs}
    hinted = employers | owners_of("deal", taken, lexicon)
    found.extend(_by_given_name(folded, employers, lexicon, scope, taken))
    found.extend(_by_sound(folded, employers, lexicon, scope, [*taken, *found]))
    for person in people.called(folded, lambda surname: lexicon.is_surname(surname, scope))[:MAX_PLACES]:
        if _touches(person.span, [spot.span for spot in (*taken, *found)]):
            continue
        refs = _called_so(person.surname, hinted, lexicon, scope)
        if not refs and hinted and not employers:  # a word of some deal must not hide who is at another customer
            refs = _called_so(person.surname, employers, lexicon, scope)
        if (
            refs
            or (employers and lexicon.is_surname(person.surname, scope))
            or people.surely_person(folded, person, after_name=person.span[0] in ends)
        ):
            found.append(Spot(person.span, "contact", refs, 1 if refs else 5, person.title))
    return found


def _by_given_name(
    folded: str, employers: set[Ref], lexicon: Lexicon, scope: Scope, taken: Sequence[Spot]
) -> Iterator[Spot]:
    """People of the customers named who are called by their given name: 宝莲姐."""
    for owner in employers:
        for name in islice(lexicon.of_customer("contact", owner), MAX_NAMESAKES):
            full = fold(name.text)
            given = full[2:] if full[:2] in cue.COMPOUND_SURNAMES else full[1:]
            at = folded.find(given) if len(given) >= 2 and _HAN.match(given) and given not in COMMON_WORDS else -1
            span = (at, people.title_end(folded, at + len(given)))
            if at >= 0 and scope.sees("contact", name.ref) and not _touches(span, [spot.span for spot in taken]):
                yield Spot(span, "contact", (name.ref,), 1)


def _by_sound(
    folded: str, employers: set[Ref], lexicon: Lexicon, scope: Scope, taken: Sequence[Spot]
) -> Iterator[Spot]:
    """People of the customers named, written with other characters of the same sound (张驰 for 张弛), the surname right."""
    if len(employers) > MAX_HEARD:
        return
    for owner in employers:
        for name in islice(lexicon.of_customer("contact", owner), MAX_NAMESAKES):
            full = name.text
            at = folded.find(full[0])
            written = folded[at : at + len(full)]
            if at < 0 or written == full or len(full) < 2 or not _HAN.match(full) or written in COMMON_WORDS:
                continue
            span = (at, people.title_end(folded, at + len(full)))
            alike = sound(written) == sound(full) and scope.sees("contact", name.ref)
            if alike and not _touches(span, [spot.span for spot in taken]):
                yield Spot(span, "contact", (name.ref,), 1)


def _called_so(surname: str, employers: set[Ref], lexicon: Lexicon, scope: Scope) -> tuple[Ref, ...]:
    """The visible contacts with the surname: of the customers named, if any are; else of all, as many as a question could offer."""
    if employers:
        known: Iterable[Name] = (
            name
            for owner in employers
            for name in lexicon.of_customer("contact", owner)
            if surname in people.keys(fold(name.text))
        )
    else:
        known = lexicon.people(surname, scope)
    return tuple(islice((name.ref for name in known if scope.sees("contact", name.ref)), MAX_NAMESAKES))


def _touches(span: Span, others: Sequence[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


def _within(span: Span, others: Sequence[Span]) -> bool:
    """Whether a tool or phrase (腾讯会议, 百度一下) holds the span and more."""
    return any(start <= span[0] and span[1] <= end and (start, end) != span for start, end in others)


def competitor(folded: str, spot: Spot) -> bool:
    """Whether the words around say that this firm is a competitor (输给X)."""
    before, after = folded[: spot.span[0]], folded[spot.span[1] :]
    return bool(_COMPETITOR_BEFORE.search(before[-6:]) or _COMPETITOR_AFTER.match(after))


def owners_of(kind: str, places: Sequence[Spot], lexicon: Lexicon) -> set[Ref]:
    """The customers of the contacts or deals the places fit."""
    names = (lexicon.name(kind, ref) for spot in places if spot.kind == kind for ref in spot.refs)
    return {name.customer for name in names if name and name.customer is not None}


def marked(places: Iterable[Spot]) -> list[tuple[Span, str]]:
    """Spans with the mark of their kind, for masking."""
    return [(spot.span, MARKS[spot.kind]) for spot in places]


def pattern(kind: str) -> str:
    """The regular expression of one masked name of the kind."""
    return f"{MARKS[kind]}{MASK}*"
