"""What one phone shows: the common picture that both emulated platforms draw for the page and the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["text", "markdown", "card", "image", "file", "voice", "location"]


@dataclass(slots=True)
class Button:
    """One tappable button; `key` is what the platform reports, `url` opens a page instead."""

    key: str
    text: str
    style: str = "default"  # default | primary | danger
    url: str = ""


@dataclass(slots=True)
class Choice:
    """One select field of a card."""

    key: str
    title: str
    options: list[tuple[str, str]]  # (option id, text)
    selected: str = ""


@dataclass(slots=True)
class Shown:
    """One thing in a conversation on one phone, as the app would draw it; cards are changed in place."""

    id: str  # the platform's id: msgid, task_id or outTrackId
    at: datetime  # aware UTC
    sender: str  # "bot" or the user id of who said it
    kind: Kind
    conversation: str = ""  # "" = one-to-one with the bot, else the group's id
    title: str = ""
    subtitle: str = ""
    body: str = ""  # plain text or the platform's markdown
    rows: list[tuple[str, str]] = field(default_factory=list)  # label and value lines of a card
    buttons: list[Button] = field(default_factory=list)
    choice: Choice | None = None
    submit: Button | None = None  # the button that sends the choice, where the card has one
    image: bytes = b""
    revision: int = 0  # grows with every change in place
    disabled: bool = False  # buttons greyed by the platform after an update
    wire: list[dict[str, Any]] = field(default_factory=list)  # the raw calls that made it, newest last, secrets cut

    @property
    def text(self) -> str:
        """Everything a person can read on it, for tests: title, subtitle, body, rows and button texts, one a line."""
        lines = [self.title, self.subtitle, self.body]
        lines += [f"{label}：{value}" for label, value in self.rows]
        lines += [f"[{button.text}]" for button in self.buttons]
        if self.choice:
            lines += [f"({text})" for _, text in self.choice.options]
        return "\n".join(line for line in lines if line)
