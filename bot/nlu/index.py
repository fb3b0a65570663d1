"""Parts of the lexicon's index: tables that change in place, and how far a text follows a name."""

from __future__ import annotations

import gc
from array import array
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from operator import add

from rapidfuzz.distance import OSA

COMMON = 400  # two characters shared by more names than this tell nobody apart
_SHORT = 4  # words up to this length are simply tried; longer ones only where one begins with these two characters


class Postings:
    """Which numbers belong to a word. Most words have one: a bare number instead of a list saves a third of the memory."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int | array[int]] = {}

    def __getitem__(self, word: Hashable) -> Sequence[int]:
        """The numbers of the word in the order they came; none for an unknown one."""
        known = self._numbers.get(word, ())
        return (known,) if isinstance(known, int) else known

    def add(self, word: Hashable, number: int) -> None:
        """Note that the word has this number too."""
        known = self._numbers.setdefault(word, number)
        if known is number:
            return
        if isinstance(known, int):
            self._numbers[word] = array("I", (known, number))
        else:
            known.append(number)

    def drop(self, word: Hashable, number: int) -> None:
        """Forget the number of the word."""
        known = self._numbers.get(word)
        if known == number:
            del self._numbers[word]
        elif isinstance(known, array):
            known.remove(number)
            if len(known) == 1:
                self._numbers[word] = known[0]


class Words(Postings):
    """Postings of whole words that are found inside a text in one pass, without an automaton to be built again.

    With 440,000 words an Aho-Corasick automaton takes 5 µs a sentence and this 38; but a change means another automaton, 0.9 s
    of which 0.6 s hold every thread, or an overlay beside it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lengths: dict[str, tuple[int, ...]] = {}  # of the longer words, by their first two characters

    def add(self, word: Hashable, number: int) -> None:
        """Note that the word has this number too."""
        if isinstance(word, str) and (length := len(word)) > _SHORT:
            lengths = self._lengths.get(word[:2], ())
            if length not in lengths:
                self._lengths[word[:2]] = (*lengths, length)
        Postings.add(self, word, number)  # `super()` takes a third of the time of filling the table

    def inside(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Every (start, end, word) of the text."""
        numbers, lengths, size = self._numbers, self._lengths, len(text)
        for start in range(size):
            for end in range(start + 1, min(start + _SHORT, size) + 1):
                if (word := text[start:end]) in numbers:
                    yield start, end, word
            for length in lengths.get(text[start : start + 2], ()):
                if start + length <= size and (word := text[start : start + length]) in numbers:
                    yield start, start + length, word


class Pieces:
    """Postings of every two neighbouring characters of names: what a piece of a name is found by.

    A pair that more than COMMON names hold stays common until the next start: its numbers are not kept.
    """

    def __init__(self) -> None:
        self._numbers: defaultdict[str, array[int]] = defaultdict(partial(array, "I"))
        self._common: set[str] = set()

    def add(self, name: str, number: int) -> None:
        """Take the name in."""
        numbers, common = self._numbers, self._common
        for pair in map(add, name, name[1:]):
            if pair not in common:
                known = numbers[pair]
                known.append(number)
                if len(known) > COMMON:
                    del numbers[pair]
                    common.add(pair)

    def drop(self, name: str, number: int) -> None:
        """Take the name out."""
        for pair in map(add, name, name[1:]):
            if pair not in self._common:
                self._numbers[pair].remove(number)
                if not self._numbers[pair]:
                    del self._numbers[pair]

    def __contains__(self, pair: str) -> bool:
        """Whether any name holds the two characters."""
        return pair in self._numbers or pair in self._common

    def sharing(self, text: str, start: int) -> Sequence[int] | None:
        """The numbers that hold the two characters at `start`; where too many do, the next two; None where those are common too."""
        for at in (start, start + 1):
            pair = text[at : at + 2]
            if pair not in self._common:
                return self._numbers.get(pair, ())
        return None


@contextmanager
def no_collection() -> Iterator[None]:
    """Building makes millions of objects that all stay: collecting cycles meanwhile triples the time and frees nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def slip(spoken: str, name: str) -> bool:
    """Whether one character is too many, too few or swapped with its neighbour; digits and Latin letters must agree."""
    if abs(len(spoken) - len(name)) > 1 or OSA.distance(spoken, name, score_cutoff=1) != 1:
        return False
    if [c for c in spoken if _latin(c)] != [c for c in name if _latin(c)]:
        return False
    return len(spoken) != len(name) or sorted(spoken) == sorted(name)


def inside_latin(text: str, start: int, end: int) -> bool:
    """Whether the span cuts a word or number in Latin letters: tcl in tclx, 36 in 361."""
    before = start > 0 and _latin(text[start]) and _latin(text[start - 1])
    return before or (end < len(text) and _latin(text[end - 1]) and _latin(text[end]))


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


def longest(text: str, start: int, base: str) -> tuple[int, int, bool] | None:
    """How far the text from `start` follows the name: (end in text, start in name, whether a character was skipped)."""
    best: tuple[int, int, bool] | None = None
    head = text[start : start + 2]
    at = base.find(head)
    while at >= 0:
        end, place = start, at
        while end < len(text) and place < len(base) and text[end] == base[place]:
            end, place = end + 1, place + 1
        if end < len(text) and place < len(base) and _latin(text[end]) and _latin(base[place]):
            at = base.find(head, at + 1)
            continue  # 星海-9 is not 星海-8: another serial is another name
        gap = end < len(text) and place + 1 == len(base) - 1 and text[end] == base[-1] and end - start >= 2
        end += gap
        if best is None or end >= best[0]:  # the later place wins a tie: 同济 in 同济医学院附属同济医院
            best = (end, at, gap)
        at = base.find(head, at + 1)
    return best
