"""One API call as the handlers see it, strict reading of its JSON, and the table entry that says how it may be called."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.dingtalk.errors import Refusal, refuse_if

if TYPE_CHECKING:
    from emulator.dingtalk.world import World

Code = str | int


class Fields:
    """A JSON object whose values are checked as they are taken; a wrong type is refused with `bad`."""

    def __init__(self, raw: Mapping[str, Any], bad: Code) -> None:
        self.raw, self.bad = raw, bad

    def __contains__(self, name: str) -> bool:
        return self.raw.get(name) is not None

    def text(self, name: str, missing: Code = "") -> str:
        """A string; an absent or empty one is refused with `missing` if given."""
        value = self.raw.get(name)
        if value is None or value == "":
            refuse_if(missing, missing)
            return ""
        refuse_if(not isinstance(value, str), self.bad, f"{name} must be a string")
        return str(value)

    def flag(self, name: str, missing: Code = "") -> bool:
        """A boolean; absent is False unless `missing` is given."""
        value = self.raw.get(name)
        refuse_if(value is None and missing, missing)
        refuse_if(value is not None and not isinstance(value, bool), self.bad, f"{name} must be a boolean")
        return bool(value)

    def number(self, name: str, default: int | None = None) -> int:
        """An integer, also written as digits; absent is `default`, or refused when there is none."""
        value = self.raw.get(name, default)
        if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit() and len(value) < 19:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refusal(self.bad, f"{name} must be an integer")
        return value

    def strings(self, name: str) -> list[str]:
        """An array of strings; absent is empty."""
        value = self.raw.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or any(not isinstance(item, str) for item in value):
            raise Refusal(self.bad, f"{name} must be an array of strings")
        return value

    def object(self, name: str) -> Fields:
        """A nested object; absent is empty."""
        value = self.raw.get(name)
        if value is None:
            return Fields({}, self.bad)
        if not isinstance(value, dict):
            raise Refusal(self.bad, f"{name} must be an object")
        return Fields(value, self.bad)


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart body: its `type` part and its `media` part."""

    kind: str
    filename: str
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Call:
    """A call that passed the token, permission and rate checks."""

    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    now: datetime
    record: dict[str, Any] = field(default_factory=dict)  # the entry in `calls`
    upload: Upload | None = None

    def fields(self, bad: Code) -> Fields:
        """The body, read strictly."""
        return Fields(self.body, bad)

    @property
    def wire(self) -> dict[str, Any]:
        """What a picture remembers of the call that made or changed it."""
        return {name: self.record.get(name) for name in ("method", "path", "body")}


Handler = Callable[["World", Call], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How an API may be called. `counted`: against the month (DingTalk docs, API 调用量); `scopes`: permissions needed."""

    run: Handler
    scopes: tuple[str, ...] = ()
    counted: bool = True
    token: bool = True
    multipart: bool = False


def decode(raw: str | bytes) -> Any:
    """JSON, or ValueError; also for text that no client could show (lone surrogates)."""
    try:
        value = json.loads(raw)
        escaped = "\\u" in raw if isinstance(raw, str) else b"\\u" in raw
        if escaped:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("too deep") from error
    return value


def ms(moment: datetime) -> int:
    """A moment as DingTalk writes it: milliseconds since 1970."""
    return int(moment.timestamp() * 1000)
