"""A sentence taken apart once: its names, times, sums and the skeleton on which cues are matched."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec
from msgspec import Struct

from bot.nlu import dates, mentions, numbers, unknown
from bot.nlu.cues import slots as cue
from bot.nlu.cues.names import FIGURES, MAGNITUDES, NUMERALS, SAID_NUMBER
from bot.nlu.frame import Scope, Span
from bot.nlu.index import inside_latin
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Lexicon
from bot.nlu.mentions import Spot
from bot.nlu.numerals import Quantity
from bot.nlu.resolve import Found, resolve
from bot.nlu.text import MASK, fold, masked
from bot.nlu.when import When

TIME, AMOUNT, PERCENT, PHONE, STAGE = "\ue007", "\ue008", "\ue009", "\ue00a", "\ue004"
TOKENS = {"<T>": TIME, "<N>": AMOUNT, "<%>": PERCENT, "<F>": PHONE, **{f"<{letter}>": mark for letter, mark in (
    ("C", mentions.MARKS["customer"]), ("P", mentions.MARKS["contact"]), ("D", mentions.MARKS["deal"]),
    ("M", mentions.MARKS["member"]), ("R", mentions.MARKS["region"]),
)}}  # fmt: skip


_SAID_NUMBER, _FIGURES = lazily(SAID_NUMBER), str.maketrans(FIGURES)
_ANY_MARK = "\ue000-\ue00f"
_ANY_IN_CLASS = lazily(r"(?<=\[\^)<|(?<=\[)<")
_NOT_TIMES = lazily(cue.NOT_TIMES)
_ANY = lazily(r"(?<!\(\?)(?<!\?P)<(?!S>)")


class Reading(Struct, frozen=True):
    """The text and what stands in it. `named` is the folded text with names masked; `skeleton` with numbers and times too.

    `times` and `past_times` are the same places read as future and as past.
    """

    text: str
    folded: str
    now: datetime
    lexicon: Lexicon
    scope: Scope
    found: Found
    times: list[When]
    past_times: list[When]
    amounts: list[Quantity]
    percents: list[Quantity]
    phones: list[Quantity]
    named: str
    skeleton: str

    def words(self, start: int, end: int) -> str:
        """The text as written between two positions."""
        return self.text[start:end].strip()

    def outside(self, span: Span) -> Reading:
        """The same without the times inside the span: a name may hold some (618大促)."""
        kept = [index for index, when in enumerate(self.times) if not (span[0] <= when.span[0] < span[1])]
        times, past = [self.times[index] for index in kept], [self.past_times[index] for index in kept]
        return msgspec.structs.replace(self, times=times, past_times=past)


def read(text: str, now: datetime, lexicon: Lexicon, scope: Scope) -> Reading:
    """Take the (clean) text apart; `now` is naive local time."""
    folded = fold(text)
    spots = mentions.spots(folded, lexicon, scope)
    new = unknown.customer(folded, [spot for spot in spots if spot.kind != "region"], lexicon)
    if new is not None:
        spots = _not_inside(spots, new.span)
        behind = unknown.person(folded, new, spots)
        spots = sorted([*spots, new, *([behind] if behind else [])], key=lambda spot: spot.span)
    named = masked(folded, mentions.marked(spots))
    strangers = unknown.people(named)
    if strangers:
        spots = sorted([*spots, *strangers], key=lambda spot: spot.span)
        named = masked(folded, mentions.marked(spots))
    found = resolve(text, folded, spots, lexicon, scope)
    if new is not None:
        found = unknown.with_customer(found, text, new, lexicon, scope)
    phones = numbers.phones(dialled(named))
    masked_phones = masked(named, [(phone.span, PHONE) for phone in phones])
    dated = _NOT_TIMES.sub(lambda match: MASK * len(match.group()), masked_phones)
    times = [when for when in dates.find(dated, now, "future") if not _within_more(dated, when.span)]
    told = {when.span: when for when in dates.find(dated, now, "past")}
    past_times = [told.get(when.span, when) for when in times]
    timed = masked(masked_phones, [(when.span, TIME) for when in times])
    percents = numbers.percents(timed)
    timed = masked(timed, [(percent.span, PERCENT) for percent in percents])
    amounts = numbers.amounts(timed)
    skeleton = masked(timed, [(amount.span, AMOUNT) for amount in amounts])
    return Reading(
        text, folded, now, lexicon, scope, found, times, past_times, amounts, percents, phones, named, skeleton
    )


def dialled(text: str) -> str:
    """The text with a telephone number said digit by digit (一三八零…) in figures; same length."""
    return _SAID_NUMBER.sub(lambda match: match.group().translate(_FIGURES), text)


def _within_more(text: str, span: Span) -> bool:
    """Whether what looks like a time is part of a word or of a number: am in teams, 十一 in 十一万."""
    return inside_latin(text, *span) or (
        set(text[slice(*span)]) <= NUMERALS and text[span[1] : span[1] + 1] in MAGNITUDES
    )


def _not_inside(spots: list[Spot], span: Span) -> list[Spot]:
    return [spot for spot in spots if spot.span[1] <= span[0] or spot.span[0] >= span[1]]


def pattern(template: str, stages: tuple[str, ...] = ()) -> re.Pattern[str]:
    """A cue compiled: tokens become masked names, a bare < any of them, <S> any of the folded stage names."""
    for token, mark in TOKENS.items():
        template = template.replace(token, f"{mark}{MASK}*")
    template = _ANY_IN_CLASS.sub(_ANY_MARK, template)
    template = _ANY.sub(f"[{_ANY_MARK}]", template)
    names = "|".join(re.escape(stage) for stage in sorted(stages, key=len, reverse=True)) or r"\Z."
    return lazily(template.replace("<S>", f"(?:{names})"))
