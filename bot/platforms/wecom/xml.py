"""Untrusted XML as plain dicts: no DTD, few elements, little depth, linear time."""

from __future__ import annotations

from typing import Any, NoReturn
from xml.parsers import expat

MAX_DEPTH = 8  # a card event with its choices is 6 deep
MAX_ELEMENTS = 5_000


def read_xml(text: str) -> dict[str, Any]:
    """The children of the root by name: a string, a dict of its own children, or a list where a name repeats.

    Attributes are dropped. Raises ValueError for what is not well-formed, has a DTD, or is too deep or too large.
    """
    tree = _Tree()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.characters
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        raise ValueError(f"not XML: {type(error).__name__}") from error
    if not isinstance(tree.root, dict):
        raise ValueError("an element with children was expected")
    return tree.root


def _refuse_doctype(*_: object) -> NoReturn:
    """Entities need a DTD: without one there are neither bombs nor outside files."""
    raise ValueError("DTD")


class _Tree:
    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[tuple[dict[str, Any], list[str]]] = []
        self._elements = 0

    def start(self, _name: str, _attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) >= MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise ValueError("too deep or too many elements")
        self._open.append(({}, []))

    def characters(self, data: str) -> None:
        self._open[-1][1].append(data)

    def end(self, name: str) -> None:
        children, text = self._open.pop()
        value: Any = children or "".join(text)
        if not self._open:
            self.root = value
            return
        siblings = self._open[-1][0]
        if name not in siblings:
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]
