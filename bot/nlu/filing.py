"""The tables the company's names stand in; each changes in place when a name comes, changes or goes."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any

from bot.nlu import companies, index, people
from bot.nlu.frame import Name, Ref
from bot.nlu.sounds import sound
from bot.nlu.text import fold

MANY = 10_000
_ADD, _DROP = attrgetter("add"), attrgetter("drop")


class Filing:
    """All names of the company by number, and the tables of their words, pieces, initials, sounds and surnames."""

    def __init__(self, names: Iterable[Name]) -> None:
        # By number: the name, its kind, its folded text (a customer's without brackets and legal form), the short name.
        self._names: list[Name | None] = []
        self._kinds: list[str] = []
        self._bases: list[str] = []
        self._cores: list[str] = []
        self._free: list[int] = []
        self._numbers: defaultdict[str, dict[Ref, int]] = defaultdict(dict)
        self._of_customer: defaultdict[str, index.Postings] = defaultdict(index.Postings)
        self._words = index.Words()
        self._pieces = {"customer": index.Pieces(), "deal": index.Pieces()}
        self._initials = index.Postings()
        self._sounds = index.Postings()
        self._surnames = index.Postings()
        with index.no_collection():
            for name in names:
                self.put(name)
            if len(self._names) > MANY:
                gc.freeze()  # else each full collection walks through them: a tenth of a second that stops every thread

    def __len__(self) -> int:
        """How many names there are."""
        return len(self._names) - len(self._free)

    def put(self, name: Name) -> None:
        """Add a name, or replace the one with the same kind and ref."""
        known = self._numbers[name.kind]
        number = known.get(name.ref)
        if number is not None and self._names[number] == name:
            return
        if number is not None:
            self._drop(number)
        else:
            known[name.ref] = number = self._free.pop() if self._free else self._new_number()
        folded = fold(name.text)
        folded = name.text if folded == name.text else folded  # one string in memory, not two
        self._names[number], self._kinds[number] = name, name.kind
        if name.kind == "customer":
            self._bases[number] = base = companies.base(folded)
            self._cores[number] = companies.core(base)
        else:
            self._bases[number] = self._cores[number] = folded
        self._file(name, number, folded, _ADD)

    def remove(self, kind: str, ref: Ref) -> None:
        """Forget a name; unknown ones are ignored."""
        number = self._numbers[kind].pop(ref, None)
        if number is not None:
            self._drop(number)
            self._free.append(number)

    def name(self, kind: str, ref: Ref) -> Name | None:
        """The name with this kind and ref."""
        number = self._numbers[kind].get(ref)
        return None if number is None else self._names[number]

    def of_kind(self, kind: str) -> Iterator[Name]:
        """Every name of the kind (for the few: stages, tags, members, regions)."""
        return self._named(self._numbers[kind].values())

    def of_customer(self, kind: str, customer: Ref) -> list[Name]:
        """The contacts or deals of a customer."""
        return list(self._named(self._of_customer[kind][customer]))

    def _named(self, numbers: Iterable[int]) -> Iterator[Name]:
        return (name for number in numbers if (name := self._names[number]) is not None)

    def _new_number(self) -> int:
        self._names.append(None)
        self._kinds.append("")
        self._bases.append("")
        self._cores.append("")
        return len(self._names) - 1

    def _drop(self, number: int) -> None:
        name = self._names[number]
        if name is not None:
            self._file(name, number, fold(name.text), _DROP)
        self._names[number], self._bases[number], self._cores[number] = None, "", ""

    def _file(self, name: Name, number: int, folded: str, done: Callable[[Any], Callable[..., None]]) -> None:
        """Have it done (_ADD or _DROP) in every table the name stands in."""
        words = {folded, *map(fold, name.aliases)} if name.aliases else {folded}
        if name.kind == "customer":
            base, core = self._bases[number], self._cores[number]
            words.update((base, core, companies.brand(core), *companies.other_names(base)))
            done(self._sounds)(sound(core[:2]), number)
            file = done(self._initials)
            for head in companies.initial_heads(base):
                file(head, number)
        elif name.kind == "contact":
            for surname in people.keys(folded):
                done(self._surnames)(surname, number)
        file = done(self._words)
        for word in words:
            if len(word) >= 2 or word == folded:
                file(word, number)
        if (pieces := self._pieces.get(name.kind)) is not None:
            done(pieces)(self._bases[number], number)
        if name.customer is not None:
            done(self._of_customer[name.kind])(name.customer, number)
