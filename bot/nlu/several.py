"""A sentence about several customers as one sentence each: what is said of all goes to all, what is said of one to that one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from msgspec import Struct

from bot.nlu.cues import several as cue
from bot.nlu.frame import Frame, Ref, Span
from bot.nlu.lazy import lazily
from bot.nlu.mentions import Spot, competitor
from bot.nlu.reading import Reading

INTENTS = frozenset({"log_visit", "set_followup"})
MAX_CUSTOMERS = 5
MAX_LETTERS = 400  # what is longer is a report to keep as it is: reading it again for each customer takes its time
_CLAUSE, _LISTED, _OF = lazily(cue.CLAUSE), lazily(cue.LISTED), lazily(cue.OF)
_BOTH, _DAY = lazily(cue.BOTH), lazily(cue.DAY)


def frames(reading: Reading, intent: str, understand: Callable[[str], Frame]) -> tuple[Frame, ...]:
    """A frame for each of the customers that were visited or are to be; () when the sentence is about one."""
    spots = [
        spot for spot in sorted(reading.found.spots, key=lambda spot: spot.span)
        if spot.kind == "customer" and len(spot.refs) == 1 and not competitor(reading.folded, spot)
    ]  # fmt: skip
    refs = list(dict.fromkeys(spot.refs[0] for spot in spots))
    if intent not in INTENTS or len(reading.text) > MAX_LETTERS or not 1 < len(refs) <= MAX_CUSTOMERS:
        return ()
    listed = _listed(reading, spots)
    texts = _of_each(reading, listed, spots) if len(listed) > 1 else _in_turn(reading, spots)
    made = {ref: understand(text) for ref, text in texts.items()}
    return tuple(made.values()) if made and all(_fits(*one, intent) for one in made.items()) else ()


def _fits(ref: Ref, frame: Frame, intent: str) -> bool:
    """Whether the part alone says the same kind of thing of this customer."""
    right = frame.customer is not None and frame.customer.ref == ref and "customer" not in frame.candidates
    return right and frame.intent == intent and bool(intent != "log_visit" or frame.visit_kind)


class _Item(Struct, frozen=True):
    """A customer in a list, with the people named right behind it."""

    ref: Ref
    span: Span


def _listed(reading: Reading, spots: Sequence[Spot]) -> list[_Item]:
    """The customers named side by side, beginning with the first."""
    people = {spot.span[0]: spot.span[1] for spot in reading.found.spots if spot.kind == "contact"}
    found: list[_Item] = []
    for spot in spots:
        listed = not found or _LISTED.match(reading.folded[found[-1].span[1] : spot.span[0]])
        if not listed or spot.refs[0] in {item.ref for item in found}:
            break
        end = spot.span[1]
        end = people.get(end, people.get(end + 1, end) if reading.folded[end : end + 1] == cue.OF_IT else end)
        found.append(_Item(spot.refs[0], (spot.span[0], end)))
    return found


def _of_each(reading: Reading, listed: Sequence[_Item], spots: Sequence[Spot]) -> dict[Ref, str]:
    """今天拜访了A和B，A聊了报价，下周都再去 → 今天拜访了A，聊了报价，下周都再去 · 今天拜访了B，下周都再去."""
    text, end = reading.text, listed[-1].span[1]
    joined = _CLAUSE.match(text, end)  # what goes on with the names before the first comma: …打了电话
    behind = _BOTH.sub("", joined.group().rstrip(cue.PUNCTUATION)) if joined else ""
    texts = {item.ref: [text[: listed[0].span[0]] + text[slice(*item.span)] + behind] for item in listed}
    whose: Ref | None = None
    for clause in _CLAUSE.finditer(text, joined.end() if joined else end):
        inside = [spot for spot in spots if clause.start() <= spot.span[0] < clause.end()]
        if len(inside) > 1 or {spot.refs[0] for spot in inside} - set(texts):
            return {}
        words = clause.group()
        if inside:
            whose = inside[0].refs[0]
            words = text[clause.start() : inside[0].span[0]] + _OF.sub("", text[inside[0].span[1] : clause.end()])
        elif _BOTH.search(words):
            whose = None
        for ref in texts if whose is None else (whose,):
            texts[ref].append(words.strip(cue.PUNCTUATION))
    return {ref: "，".join(parts) for ref, parts in texts.items()}


def _in_turn(reading: Reading, spots: Sequence[Spot]) -> dict[Ref, str]:
    """上午去了A聊报价，下午去了B谈交付: from the clause that names one to the clause that names the next."""
    starts: dict[int, Ref] = {}
    for found in _CLAUSE.finditer(reading.text):
        named = {spot.refs[0] for spot in spots if found.start() <= spot.span[0] < found.end()}
        if len(named) > 1:
            return {}
        if named and (ref := named.pop()) != next(reversed(starts.values()), None):
            starts[found.start()] = ref
    if len(set(starts.values())) < len(starts):
        return {}
    edges = [0, *list(starts)[1:], len(reading.text)]
    pieces = [reading.text[a:b].strip(cue.PUNCTUATION) for a, b in pairwise(edges)]
    pieces[-1], shared = _shared(pieces[-1])
    day = _DAY.search(pieces[0])
    lead = day.group() if day else ""
    told = [pieces[0], *(piece if _DAY.search(piece) else lead + piece for piece in pieces[1:])]
    return {
        ref: "，".join(part for part in (words, shared) if part)
        for ref, words in zip(starts.values(), told, strict=True)
    }


def _shared(piece: str) -> tuple[str, str]:
    """The piece of the last customer, and what is said of all behind it: from 都聊了 on."""
    clauses = list(_CLAUSE.finditer(piece))
    at = next((clause.start() for clause in clauses[1:] if _BOTH.search(clause.group())), len(piece))
    return piece[:at].strip(cue.PUNCTUATION), piece[at:]
