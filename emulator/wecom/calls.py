"""One API call as the handlers see it, and the table entry that says how an API may be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.wecom.errors import Refusal
from emulator.wecom.fields import BAD, Fields

if TYPE_CHECKING:
    from emulator.wecom.world import World


@dataclass(frozen=True, slots=True)
class Upload:
    """The `media` part of a multipart body."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Blob:
    """A binary answer; `partial` is the Content-Range of a 206."""

    data: bytes
    content_type: str
    filename: str
    partial: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that passed the token, address and rate checks."""

    path: str
    query: dict[str, str]
    body: Fields
    now: datetime
    upload: Upload | None = None
    byte_range: str = ""
    client: str = ""

    def int_query(self, name: str, *, missing: int = 0, wrong: int = BAD) -> int | None:
        """An integer query argument; None when absent."""
        value = self.query.get(name, "")
        if not value:
            if missing:
                raise Refusal(missing, name)
            return None
        if not value.isascii() or not value.lstrip("-").isdigit() or len(value) > 10:
            raise Refusal(wrong, f"{name} must be an integer")
        return int(value)


Answer = dict[str, Any] | Blob
Handler = Callable[["World", Call], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How an API is called: method, handler, and the grant it needs beyond the app's token."""

    method: str
    run: Handler
    grant: str = ""
    multipart: bool = False
    needs_token: bool = True


def page(items: list[Any], cursor: str, limit: int) -> tuple[list[Any], str]:
    """The items of one page and the cursor of the next; a cursor that is not ours is refused."""
    if cursor and (not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9):
        raise Refusal(BAD, "invalid cursor")
    start = int(cursor or 0)
    end = start + limit
    return items[start:end], str(end) if end < len(items) else ""


def clamp(limit: int, most: int, default: int) -> int:
    """The platform's rule for `limit`: out of range silently means the default."""
    return limit if 1 <= limit <= most else default
