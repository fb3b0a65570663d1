"""Reading untrusted JSON strictly: a wrong type or size is a refusal with the platform's code, never an exception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.wecom.errors import Refusal, refuse_if

BAD = 40058  # the platform's generic refusal


class Fields:
    """A JSON object whose values are checked as they are taken."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = dict(raw)

    def __contains__(self, name: str) -> bool:
        return self.raw.get(name) is not None

    def text(self, name: str, *, missing: int = 0, most_bytes: int = 0, most: int = 0, wrong: int = BAD) -> str:
        """A string; empty is refused with `missing` if given, longer than the limits with `wrong`."""
        value = self.raw.get(name)
        if value is None or value == "":
            refuse_if(missing, missing, name)
            return ""
        refuse_if(not isinstance(value, str), wrong, f"{name} must be a string")
        text = str(value)
        refuse_if(most and len(text) > most, wrong, f"{name} is too long")
        refuse_if(most_bytes and len(text.encode()) > most_bytes, wrong, f"{name} is too long")
        return text

    def number(self, name: str, default: int = 0, *, missing: int = 0, wrong: int = BAD) -> int:
        """An integer; booleans and digit strings are not integers."""
        value = self.raw.get(name)
        if value is None:
            refuse_if(missing, missing, name)
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refusal(wrong, f"{name} must be an integer")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean, also written 0 or 1."""
        value = self.raw.get(name, default)
        refuse_if(value not in (True, False), BAD, f"{name} must be a bool")
        return bool(value)

    def array(self, name: str, *, wrong: int = BAD) -> list[Any]:
        """An array; absent is empty."""
        value = self.raw.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise Refusal(wrong, f"{name} must be an array")
        return value

    def strings(self, name: str, *, most: int = 0, wrong: int = BAD) -> list[str]:
        """An array of strings, at most `most` of them."""
        values = self.array(name, wrong=wrong)
        refuse_if(any(not isinstance(value, str) for value in values), wrong, f"{name} must hold strings")
        refuse_if(most and len(values) > most, wrong, f"{name} has too many items")
        return values

    def numbers(self, name: str, *, most: int = 0, wrong: int = BAD) -> list[int]:
        """An array of integers, at most `most` of them."""
        values = self.array(name, wrong=wrong)
        refuse_if(any(isinstance(v, bool) or not isinstance(v, int) for v in values), wrong, f"{name} must hold ints")
        refuse_if(most and len(values) > most, wrong, f"{name} has too many items")
        return values

    def object(self, name: str, *, missing: int = 0, wrong: int = BAD) -> Fields:
        """A nested object; absent is empty unless `missing` is given."""
        value = self.raw.get(name)
        if value is None:
            refuse_if(missing, missing, name)
            return Fields({})
        if not isinstance(value, dict):
            raise Refusal(wrong, f"{name} must be an object")
        return Fields(value)

    def objects(self, name: str, *, wrong: int = BAD) -> list[Fields]:
        """An array of objects."""
        values = self.array(name, wrong=wrong)
        refuse_if(any(not isinstance(value, dict) for value in values), wrong, f"{name} must hold objects")
        return [Fields(value) for value in values]
