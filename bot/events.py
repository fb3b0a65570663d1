"""What comes in at any door, in one shape: who said what, when, and where the answer goes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

Platform = Literal["wecom", "dingtalk"]
Door = Literal["wecom_app", "wecom_bot", "dingtalk_stream", "dingtalk_http"]


class Origin(Struct, frozen=True, omit_defaults=True):
    """Who speaks, through which door, and where the answer goes."""

    platform: Platform
    door: Door
    user_id: str  # "" for a stranger without a staff id
    corp_id: str = ""  # the speaker's corp where the door tells it
    name: str = ""  # the speaker's name where the door tells it
    group: str = ""  # the group's id; "" = one-to-one
    reply_token: str = ""  # AI bot: req_id of the callback; DingTalk: sessionWebhook
    reply_until: datetime | None = None  # when reply_token dies


class Event(Struct, frozen=True, tag_field="type", omit_defaults=True):
    """Common to all: `key` is the door's own identity of it (a repeat has the same), `sent_at` when it was said."""

    key: str
    origin: Origin
    sent_at: datetime


class Message(Event, frozen=True, tag="message"):
    """Words, typed or transcribed; `quoted` is the message it answers, where the platform carries it."""

    text: str
    via: Literal["text", "voice"] = "text"
    quoted: str = ""


class Unheard(Event, frozen=True, tag="unheard"):
    """Something a person sent that we cannot read: voice without words, picture, file, video, link, sticker."""

    kind: Literal["voice", "image", "file", "video", "link", "other"]
    detail: str = ""


class Location(Event, frozen=True, tag="location"):
    """A place a member sent: a check-in."""

    latitude: float
    longitude: float
    label: str = ""


class Enter(Event, frozen=True, tag="enter"):
    """A member opened the chat."""


class Click(Event, frozen=True, tag="click"):
    """A button of a card we sent: `button` is the packed command, `card` the card's task_id or outTrackId."""

    button: str
    card: str
    response_code: str = ""  # WeCom app: one update within 72 h
    selected: dict[str, str] = {}  # question key → option id


class MenuClick(Event, frozen=True, tag="menu"):
    """A key of the app's menu: a packed command without arguments."""

    menu: str


class ContactChange(Event, frozen=True, tag="contact"):
    """An external contact and a member: added, half_added, edited, left (the contact), deleted (the member), transfer_failed."""

    change: Literal["added", "half_added", "edited", "left", "deleted", "transfer_failed"]
    external_user_id: str
    state: str = ""
    welcome_code: str = ""
    detail: str = ""


class TagChange(Event, frozen=True, tag="tags"):
    """The corp's tag library changed; it is read again."""

    remote_id: str = ""


class DirectoryChange(Event, frozen=True, tag="directory"):
    """Members or departments changed; `user_id` "" = read everything again."""

    user_id: str = ""
    left: bool = False


AnyEvent = Message | Unheard | Location | Enter | Click | MenuClick | ContactChange | TagChange | DirectoryChange


class Unknown(Exception):
    """A well-formed kind that nobody handles: answered 200, logged once with what would handle it."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind
