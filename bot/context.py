"""What a handler is given, and the only way it reaches anything outside the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.cards.card import Card
from bot.events import AnyEvent
from bot.nlu.frame import Frame
from scrm.access import Actor

Lane = Literal[0, 1, 2, 3]
URGENT: Lane = 0  # a welcome code, the answer to a click
REPLY: Lane = 1  # the answer to a sentence
PUSH: Lane = 2  # alerts, digests
BULK: Lane = 3  # mass sends, directory reads


@dataclass(frozen=True, slots=True)
class Settings:
    """The part of the config that business needs; times of day are local to `zone`."""

    key: str
    name: str
    zone: ZoneInfo
    quiet_from: str  # "21:00"
    quiet_until: str  # "08:30"
    digest_at: str  # "08:45"
    welcome: str
    has_wecom_app: bool  # false: no 客户联系, no directory from WeCom
    directories: frozenset[str] = frozenset()  # platforms whose directory is readable: "wecom", "dingtalk"
    admins: frozenset[str] = frozenset()  # "wecom:zhangsan"
    renew_ahead_days: int = 60  # how long before a contract's end its renewal deal is opened
    font: str = ""  # the file of a font with Chinese letters; "" = the first found on the machine
    assistant_seconds: float = 0.0  # how long an assistant may take; 0 = there is none
    pushes_a_day: int = 20  # that a person gets at most, unless they said otherwise; 0 = any number


def picture_key(turn: str) -> str:
    """The key of the picture that belongs to a turn's answer."""
    return f"picture:{turn}"


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing we owe a platform; `key` is unique for ever, so that owing it twice is owing it once."""

    key: str
    kind: str  # "card", "picture", "line" or one of the platform calls of `bot.outbox.CALLS`
    payload: Mapping[str, Any]
    member_id: int | None = None  # whom it is for; the door is chosen from the identity used last
    platform: str = ""  # for calls that concern no member
    lane: Lane = REPLY
    not_before: datetime | None = None  # by the real clock
    expires: timedelta | None = None  # from now by the real clock: too late is worse than never
    push_day: int | None = None  # the local day (ordinal) on whose account of pushes this counts
    may_wait: bool = False  # beyond the pushes of the day it comes on a card with others
    held_until: datetime | None = None  # it does: when (business time)
    instead_of: str = ""  # the turn whose answer this card is; where that has left already, it becomes this one


@dataclass(slots=True)
class Context:
    """One event (or one job) in one transaction: handlers read, call `scrm`, owe messages and return a Card."""

    session: Session
    actor: Actor
    now: datetime  # when it was said: relative dates count from it (aware UTC, business time)
    settings: Settings
    turn: str  # "e123" for an event, "digest:2026-11-23" for a job; every audit row carries it
    event: AnyEvent | None = None
    conversation: str = ""  # "" = one-to-one
    read: Callable[[str, datetime], Frame] | None = None  # what the speaker's words, said then, mean now
    words: str = ""  # the sentence this comes from, also by way of a question; "" for a button
    owed: list[Owed] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)  # views that changed: "deal:7"
    answer_after: timedelta | None = None  # the answer waits so long (real clock) for what may take its place

    def owe(self, owed: Owed) -> None:
        """Write down what we owe; it leaves only if this transaction commits."""
        self.owed.append(owed)

    def send(
        self, member_id: int, card: Card, key: str, *, lane: Lane = PUSH, expires: timedelta | None = None, may_wait: bool = False
    ) -> None:  # fmt: skip
        """Push a card to a member; `may_wait`: it is nothing that somebody waits for at this moment."""
        day = self.today.toordinal() if lane == PUSH else None
        self.owe(
            Owed(
                key=key, kind="card", payload={"card": card}, member_id=member_id, lane=lane, expires=expires, push_day=day,
                may_wait=may_wait,
            )
        )  # fmt: skip

    def touch(self, *views: str) -> None:
        """Say that what these views show has changed, so that live copies are redrawn."""
        self.touched.update(views)

    @property
    def today(self) -> date:
        """The company's date at `now`."""
        return self.local(self.now).date()

    def local(self, moment: datetime) -> datetime:
        """The moment in the company's zone."""
        return moment.astimezone(self.settings.zone)
