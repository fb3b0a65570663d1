"""The company's own names, indexed so that one pass over a sentence finds which of them it may mention.

Exact names and aliases are found as words, shortened company and deal names through posting lists per two characters, initials
and sounds through tables of their own. A new, renamed or forgotten name costs some microseconds. Memory and build time grow
with the names only; nothing is kept per sentence or per speaker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, filterfalse, islice
from typing import Literal

from msgspec import Struct

from bot.nlu import companies, index, people
from bot.nlu.cues import names as cue
from bot.nlu.cues.common import COMMON_WORDS
from bot.nlu.filing import Filing
from bot.nlu.frame import Name, Ref, Scope, Span
from bot.nlu.lazy import lazily
from bot.nlu.sounds import sound
from bot.nlu.text import MAX_TEXT, fold

How = Literal["full", "alias", "core", "part", "parent", "gap", "initials"]
MAX_NAMESAKES = 30  # of one place in a text: more than any question could offer
MAX_SIMILAR = 5
MAX_COMPARED = 4000  # pieces of names in one text: thirty sentences full of them; then only whole names are found
_FEW = 12  # more than this many names that share two characters are narrowed by the next two first
_EVERYTHING = Scope()
_BEFORE_NAME = lazily(cue.BEFORE_NAME)


class Hit(Struct, frozen=True):
    """A name that may stand at `span`, and how it was recognised; best first as listed in How.

    `core` is the whole short name, `part` a piece of it, `parent` a piece outside it, `gap` skips a character.
    """

    span: Span
    kind: str
    ref: Ref
    how: How


class _Focus(Struct, frozen=True):
    """The speaker's scope, and the numbers that come first where many would do."""

    scope: Scope
    first: Sequence[int] = ()


class Lexicon(Filing):
    """All names of the company. Not thread-safe for writing: one writer, any number of readers between writes.

    Whatever finds names takes the scope of the speaker: names outside it are passed over, and where more than MAX_NAMESAKES
    would do, those of customers named beside them and of the speaker's recent customers come first.
    """

    def exactly(self, kind: str, folded: str, scope: Scope = _EVERYTHING) -> list[Name]:
        """The names of the kind that are written exactly so."""
        return list(self._named(self._seen(kind, self._words[folded], scope)))

    def candidates(self, text: str, scope: Scope = _EVERYTHING) -> set[tuple[str, Ref]]:
        """What this text may mention: the caller asks the database which of these the speaker may see.

        Includes the contacts and deals of each customer found, and the customers of each contact and deal found.
        """
        folded = fold(text[:MAX_TEXT])
        found = {(hit.kind, hit.ref) for hit in self.hits(folded, scope)}
        for surname in people.surnames_in(folded, lambda surname: self.is_surname(surname, scope)):
            found.update((name.kind, name.ref) for name in self.people(surname, scope))
        for kind, ref in list(found):
            name = self.name(kind, ref)
            if kind == "customer":
                found.update((other.kind, other.ref) for k in ("contact", "deal") for other in self.of_customer(k, ref))
            elif name and name.customer is not None:
                found.add(("customer", name.customer))
        return found

    def is_surname(self, surname: str, scope: Scope = _EVERYTHING) -> bool:
        """Whether some contact's name begins so."""
        return next(iter(self._chosen("contact", self._surnames[surname], _Focus(scope))), None) is not None

    def people(self, surname: str, scope: Scope = _EVERYTHING) -> list[Name]:
        """The contacts with this surname or first Latin name (folded)."""
        return list(self._named(self._chosen("contact", self._surnames[surname], self._recent("contact", scope))))

    def hits(self, folded: str, scope: Scope = _EVERYTHING) -> list[Hit]:
        """Every place of the folded text where a known name, or a short form of one, may stand."""
        words = self._words_inside(folded)
        focus = _Focus(scope, self._first("customer", (*scope.recent, *self._employers(words))))
        found = [hit for place in words.pop("customer", ()) for hit in self._word_hits("customer", *place, focus)]
        found.extend(self._piece_hits("customer", folded, focus, found))
        found.extend(self._initial_hits(folded, focus, found))
        owners = list(dict.fromkeys((*(hit.ref for hit in found), *scope.recent)))[:MAX_NAMESAKES]
        for kind, places in words.items():
            focus = _Focus(scope, self._first(kind, owners))
            found.extend(hit for place in places for hit in self._word_hits(kind, *place, focus))
        found.extend(self._piece_hits("deal", folded, _Focus(scope, self._first("deal", owners)), found))
        return found

    def similar(self, spoken: str, scope: Scope = _EVERYTHING) -> list[Name]:
        """The customers whose short name sounds like `spoken`, or is it with a slip of the finger; at most a few.

        A slip is a character too many, too few or swapped; another character instead is another company.
        """
        folded = fold(spoken)
        syllables = sound(folded)
        numbers = [n for n in self._sounds[syllables[:2]] if sound(self._cores[n])[: len(syllables)] == syllables]
        if not numbers and len(folded) >= 4:
            pieces = self._pieces["customer"]
            near = {n for at in range(len(folded) - 1) for n in pieces.sharing(folded, at) or ()}
            numbers = [n for n in near if index.slip(folded, self._cores[n]) or index.slip(folded, self._bases[n])]
        return list(
            self._named(islice(self._chosen("customer", numbers, self._recent("customer", scope)), MAX_SIMILAR))
        )

    # --- finding

    def _words_inside(self, text: str) -> dict[str, list[tuple[int, int, str]]]:
        """The places of whole names and aliases, by the kinds they may be of."""
        found: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for start, end, word in self._words.inside(text):
            if not index.inside_latin(text, start, end):
                for kind in set(map(self._kinds.__getitem__, self._words[word])):
                    found[kind].append((start, end, word))
        return found

    def _first(self, kind: str, customers: Iterable[Ref]) -> list[int]:
        """What comes first where many would do: these customers, or what is theirs."""
        if kind == "customer":
            return [n for ref in customers if (n := self._numbers[kind].get(ref)) is not None]
        return [n for ref in customers for n in self._of_customer[kind][ref]]

    def _employers(self, words: dict[str, list[tuple[int, int, str]]]) -> Iterator[Ref]:
        """The customers of the people and deals named in full, where those are few."""
        for kind in ("contact", "deal"):
            for _, _, word in words.get(kind, ()):
                numbers = self._words[word]
                if len(numbers) <= MAX_NAMESAKES:
                    yield from (name.customer for name in self._named(numbers) if name.customer is not None)

    def _recent(self, kind: str, scope: Scope) -> _Focus:
        return _Focus(scope, self._first(kind, scope.recent))

    def _seen(self, kind: str, numbers: Iterable[int], scope: Scope) -> Iterator[int]:
        """Those of the kind that exist for the speaker."""
        for number in numbers:
            name = self._names[number]
            if name is not None and name.kind == kind and scope.sees(kind, name.ref):
                yield number

    def _chosen(self, kind: str, numbers: Sequence[int], focus: _Focus) -> Iterable[int]:
        """Those that exist for the speaker, the first ones first, as many as may be of use."""
        scope = focus.scope
        if len(numbers) > MAX_NAMESAKES and scope.visible is not None and len(scope.visible) < len(numbers):
            mine = {self._numbers[kind].get(ref, -1) for seen, ref in scope.visible if seen == kind}
            numbers = sorted(mine.intersection(numbers))
        first: list[int] = []
        if len(numbers) > 1 and focus.first:
            known = set(numbers)
            first = list(dict.fromkeys(n for n in focus.first if n in known))
        others = filterfalse(set(first).__contains__, numbers)
        return islice(self._seen(kind, chain(first, others), scope), MAX_NAMESAKES)

    def _word_hits(self, kind: str, start: int, end: int, word: str, focus: _Focus) -> Iterator[Hit]:
        for number in self._chosen(kind, self._words[word], focus):
            name = self._names[number]
            if name is not None and (how := self._how(name, number, word)):
                yield Hit((start, end), kind, name.ref, how)

    def _how(self, name: Name, number: int, word: str) -> How | None:
        if word == (fold(name.text) if name.kind == "customer" else self._bases[number]):
            return "full"
        if word in (self._cores[number], self._bases[number]):
            return None if companies.is_generic(word) else "core"
        return "alias"

    def _piece_hits(self, kind: str, text: str, focus: _Focus, known: Iterable[Hit]) -> Iterator[Hit]:
        pieces, inside = self._pieces[kind], companies.word_insides(text)
        covered, compared = _covered(len(text), known), 0
        for start in range(len(text) - 1):
            if start in inside or compared > MAX_COMPARED:
                continue
            numbers = pieces.sharing(text, start)
            if numbers is None:
                numbers = focus.first
            if (
                end := covered[start]
            ) and numbers:  # a piece of a longer name counts only if it goes on where that ends
                numbers = self._holding(numbers, pieces, text[end - 1 : end + 1])
            if numbers and focus.scope.visible is not None:
                numbers = list(self._seen(kind, numbers, focus.scope))
            if not numbers:
                continue
            compared += len(numbers)
            found: dict[int, How] = {}
            if len(numbers) > _FEW:  # those that hold the next two as well will be the longer ones
                longer = self._holding(numbers, pieces, text[start + 1 : start + 3])
                end, found = self._longest(text, start, longer)
            if not found:
                end, found = self._longest(text, start, self._chosen(kind, numbers, focus))
            for number in self._chosen(kind, list(found), focus) if found else ():
                if (name := self._names[number]) is not None:
                    yield Hit((start, end), kind, name.ref, found[number])
            if found and end - start > 2:
                covered[start + 1 : end - 1] = [max(end, other) for other in covered[start + 1 : end - 1]]

    def _holding(self, numbers: Iterable[int], pieces: index.Pieces, pair: str) -> list[int]:
        return [n for n in numbers if pair in self._bases[n]] if len(pair) == 2 and pair in pieces else []

    def _longest(self, text: str, start: int, numbers: Iterable[int]) -> tuple[int, dict[int, How]]:
        """Where the longest piece of a name from `start` ends, and the names that have it."""
        longest, best, kinds = start, dict[int, How](), dict[int, str]()
        for number in numbers:
            found = index.longest(text, start, self._bases[number])
            if found is None or found[0] < longest:
                continue
            end, at, gap = found
            if (kind := kinds.get(end)) is None:
                kind = kinds[end] = _kind_of_piece(text, start, end)
            core_at = max(self._bases[number].find(self._cores[number]), 0)
            if not self._names_it(kind, end - start, number, at, gap or at == core_at):
                continue
            if end > longest:
                longest, best = end, {}
            best[number] = "gap" if gap else "part" if at >= core_at else "parent"
        return longest, best

    def _names_it(self, kind: str, length: int, number: int, at: int, begins: bool) -> bool:
        """Whether the piece of this kind at `at` in the name can stand for it."""
        if kind == "generic":
            base = self._bases[number]
            # 山东黄金 is place and trade, and still the beginning of one name; so is 中心医院 all of another but its place.
            return length >= 4 and (at == 0 or (at + length == len(base) and companies.is_place(base[:at])))
        if begins or at == 0 or not kind:
            return bool(kind)
        # An everyday word inside (市场 of 百佳超级市场), or the second half of a word.
        return kind != "common" and at not in companies.word_insides(self._bases[number])

    def _initial_hits(self, text: str, focus: _Focus, known: Iterable[Hit]) -> Iterator[Hit]:
        covered, compared = _covered(len(text), known), 0
        for start in range(len(text) - 1):
            numbers = self._initials[text[start : start + 2]]
            if covered[start] or not numbers or len(numbers) > index.COMMON or compared > MAX_COMPARED:
                continue
            if start and not _BEFORE_NAME.search(text[max(0, start - 8) : start]):
                continue  # two characters are too easily met by chance
            compared += len(numbers)
            lengths = {n: self._initials_at(text, start, n) for n in self._seen("customer", numbers, focus.scope)}
            longest = max(lengths.values(), default=0)
            for number in self._chosen("customer", [n for n in lengths if lengths[n] == longest > 0], focus):
                if (name := self._names[number]) is not None:
                    yield Hit((start, start + longest), "customer", name.ref, "initials")

    def _initials_at(self, text: str, start: int, number: int) -> int:
        """How many of the characters at `start` are the name's initials: 4, 3, 2 or 0."""
        short = companies.initials(self._bases[number])
        words = (text[start : start + length] for length in (4, 3, 2))
        return next((len(word) for word in words if word in short and not companies.is_generic(word)), 0)


def _kind_of_piece(text: str, start: int, end: int) -> str:
    """name, common (an everyday word), generic (trade and place words only), or "" for half a word."""
    if end in companies.word_insides(text) or index.inside_latin(text, start, end):
        return ""
    piece = text[start:end]
    if companies.is_generic(piece):
        return "generic"
    return "common" if len(piece) == 2 and piece in COMMON_WORDS else "name"


def _covered(length: int, hits: Iterable[Hit]) -> list[int]:
    """By position: where the longest name ends that began before; 0 where none did."""
    ends = [0] * length
    for start, end in {hit.span for hit in hits}:
        for at in range(start + 1, end - 1):
            ends[at] = max(ends[at], end)
    return ends
