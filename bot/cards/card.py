"""The neutral card: what every builder makes and every renderer draws."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

MAX_BUTTONS = 6
MAX_OPTIONS = 10
MAX_COMMAND_BYTES = 128

Style = Literal["default", "primary", "danger"]


class Row(Struct, frozen=True):
    """A labelled line: 客户 — 腾讯科技."""

    label: str
    value: str


class Button(Struct, frozen=True):
    """`command` is a packed Command (see `bot.commands.pack`)."""

    text: str
    command: str
    style: Style = "default"

    def __post_init__(self) -> None:
        _check_command(self.command)


class Option(Struct, frozen=True):
    """One entry of a choice; `command` is what choosing it does."""

    text: str
    command: str

    def __post_init__(self) -> None:
        _check_command(self.command)


class Choice(Struct, frozen=True):
    """At most ten options under one title; where a renderer lacks it, it becomes buttons or words."""

    title: str
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.options) <= MAX_OPTIONS:
            raise ValueError(f"a choice has 1 to {MAX_OPTIONS} options, not {len(self.options)}")


class Card(Struct, frozen=True, omit_defaults=True):
    """One visible answer. `view` names what it shows ("deal:7") so that live copies can be redrawn by `handlers.views`."""

    title: str
    subtitle: str = ""
    rows: tuple[Row, ...] = ()
    text: str = ""  # paragraphs and lists, plain text; lines may start with "· "
    buttons: tuple[Button, ...] = ()
    choice: Choice | None = None
    note: str = ""  # small print at the foot
    view: str = ""
    url: str = ""  # a page to open, where there is one

    def __post_init__(self) -> None:
        if not self.title:
            raise ValueError("a card has a title")
        if len(self.buttons) > MAX_BUTTONS:
            raise ValueError(f"a card has at most {MAX_BUTTONS} buttons, not {len(self.buttons)}")


def rows(*pairs: tuple[str, str | None]) -> tuple[Row, ...]:
    """Rows for the pairs that have something to show."""
    return tuple(Row(label, value) for label, value in pairs if value)


def bullets(lines: Iterable[str], limit: int, more: str = "更多") -> str:
    """A list of at most `limit` lines; what does not fit is counted in a last line."""
    every = list(lines)
    shown = [f"· {line}" for line in every[:limit]]
    if len(every) > limit:
        shown.append(f"… {more} {len(every) - limit} 条")
    return "\n".join(shown)


def _check_command(command: str) -> None:
    if not command or len(command.encode()) > MAX_COMMAND_BYTES:
        raise ValueError(f"a button carries 1 to {MAX_COMMAND_BYTES} bytes: {command!r}")
