"""What the core asks of a platform, and what a platform tells the core; no platform's name appears here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from bot.events import AnyEvent


class Rejected(Exception):
    """A callback we refuse: `status` is the HTTP status (400 malformed, 403 forged, 413 too large), `reason` goes to the log."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Fate(StrEnum):
    """What to do about a call that failed."""

    RETRY = "retry"  # transient: back off and try again
    RATE = "rate"  # a limit holds: at most one probe a second until it lifts
    QUOTA = "quota"  # the month's budget is gone: no retry before it is renewed
    TOKEN = "token"  # noqa: S105 - a word, not a secret: refresh the token once and try again (the client does this itself; seen outside only when that failed)
    PERMANENT = "permanent"  # will never work: at most 3 attempts
    UNCLEAR = "unclear"  # the platform may have acted: look before retrying
    SETUP = "setup"  # somebody must change a setting (secret, trusted IP, permission): retried slowly, admins told


class SendError(Exception):
    """A call to a platform failed; `code` is the platform's own, `after` the seconds to wait where it says so.

    `recipient`: a rate limit that the platform counts for this recipient alone.
    """

    def __init__(
        self, fate: Fate, code: str, text: str = "", after: float | None = None, *, recipient: bool = False
    ) -> None:
        super().__init__(f"{code} {text}".strip())
        self.fate, self.code, self.after, self.recipient = fate, code, after, recipient


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One outbox row ready to go. `payload` by kind: see `bot.outbox`."""

    id: int
    key: str
    kind: str
    door: str  # "wecom_app" | "wecom_bot" | "dingtalk" | "" for calls that belong to no door
    user_id: str  # the recipient's id on the platform; "" for calls
    payload: Mapping[str, Any]
    card_id: str  # deterministic task_id / outTrackId: the same row always has the same
    repeated: bool  # an earlier attempt may have reached the person: mark 重发 where the platform cannot tell repeats
    group: str = ""
    urgent: bool = False  # worth nothing after a few seconds


@dataclass(frozen=True, slots=True)
class Sent:
    """What came back: `remote_id` (msgid, processQueryKey), `response_code` for one later update, `result` for calls."""

    remote_id: str = ""
    response_code: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """A member as the directory has it."""

    user_id: str
    name: str
    departments: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()  # departments this person leads
    manager: str = ""  # user id of the direct leader
    active: bool = True


@dataclass(frozen=True, slots=True)
class Unit:
    """A department as the directory has it."""

    id: str
    name: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """The whole directory in the app's visible range."""

    units: Sequence[Unit]
    people: Sequence[Person]


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of `scrm-bot check`: a sentence in Chinese, with the next step when it is not ok."""

    ok: bool
    subject: str
    sentence: str
    fatal: bool = True  # False: a warning that does not stop messages


@runtime_checkable
class Sender(Protocol):
    """Hands one row to its platform. Raises SendError; anything else is a bug."""

    doors: frozenset[str]  # doors it serves
    calls: frozenset[str]  # call kinds it serves

    async def send(self, item: Outgoing) -> Sent: ...


class DirectorySource(Protocol):
    """Where members come from. Raises SendError."""

    platform: str

    async def person(self, user_id: str) -> Person | None: ...

    async def everybody(self) -> Directory: ...


Accept = Callable[[Sequence[AnyEvent]], Awaitable[None]]
"""Makes events durable; returns once they are committed. Raises Unavailable when the database is away."""


Ignored = Callable[[str], None]
"""Told the kind of each push that nothing was made of: the platform may count it all the same."""


class CannotListen(Exception):
    """The address to listen at cannot be had; `why` is taken, forbidden or elsewhere (of another machine)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Unavailable(Exception):
    """The database cannot take it now: the callback is answered 503 so that the platform retries."""


Outcome = Callable[[str, float], Awaitable[Mapping[str, Any] | None]]
"""Given an event key and seconds to wait: the card payload its handling decided for the clicker, or None when late."""

Clock = Callable[[], datetime]
