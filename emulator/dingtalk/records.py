"""What exists in the emulated company: plain records, all times aware UTC unless a name says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from emulator.screen import Shown

Mode = Literal["stream", "http"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a callback went: the last ack code or HTTP status (0 = nobody answered), attempts made, the answer's content."""

    status: int
    attempts: int
    reply: Any = None

    @property
    def accepted(self) -> bool:
        """Whether the receiver took it."""
        return self.status == 200


@dataclass(slots=True)
class Department:
    """A department; the root has id 1 and parent 0."""

    id: int
    name: str
    parent_id: int


@dataclass(slots=True)
class Member:
    """A member of the company."""

    staff_id: str
    name: str
    departments: list[int]
    leader_of: set[int]
    manager: str
    mobile: str
    union_id: str
    active: bool = True
    admin: bool = False
    visible: bool = True  # inside the app's visible range (通讯录接口权限范围)


@dataclass(slots=True)
class Group:
    """A group chat; `members` are staff ids, and strangers once they have spoken."""

    conversation_id: str
    title: str
    members: list[str]
    has_robot: bool = True
    external: bool = False
    disbanded: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where a message goes: a person's chat with the robot (`group` None) or a group."""

    person: str
    group: Group | None = None


@dataclass(slots=True)
class Session:
    """A sessionWebhook: the right to reply into one conversation for 90 minutes (DingTalk docs, 机器人回复消息)."""

    conversation: Conversation
    expires: datetime


@dataclass(slots=True)
class Sent:
    """A message the robot sent by API, under its processQueryKey; the pictures of it by phone."""

    at: datetime
    receivers: list[str]
    shown: dict[str, Shown]
    group: str = ""
    read: dict[str, datetime] = field(default_factory=dict)
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A card template; `streamed` are the variables with the 流式 flag."""

    id: str
    published: bool = True
    streamed: frozenset[str] = frozenset()


@dataclass(slots=True)
class Card:
    """A card instance: public data, private data by user, what a callback's answer showed its clicker, and who sees it."""

    out_track_id: str
    template: Template
    callback_type: str
    route_key: str
    public: dict[str, str]
    private: dict[str, dict[str, str]] = field(default_factory=dict)
    answered: dict[str, dict[str, str]] = field(default_factory=dict)  # until the next update for everybody
    space_models: set[str] = field(default_factory=set)
    spaces: dict[str, tuple[str, str]] = field(default_factory=dict)  # phone -> spaceType, spaceId
    shown: dict[str, Shown] = field(default_factory=dict)  # phone -> its picture
    guids: set[str] = field(default_factory=set)
    finalized: bool = False

    def seen_by(self, person: str) -> dict[str, str]:
        """The variables on one person's screen."""
        return {**self.public, **self.private.get(person, {}), **self.answered.get(person, {})}


@dataclass(frozen=True, slots=True)
class Route:
    """Where callbacks of cards with this callbackRouteKey go, and what they are signed with."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Media:
    """An upload; the media id never expires."""

    media_id: str
    kind: str
    filename: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Download:
    """A file somebody sent to the robot, under its downloadCode."""

    data: bytes
    expires: datetime


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """An event that was never acknowledged, parked for get_call_back_failed_result."""

    event_type: str
    event_id: str
    born: datetime
    data: dict[str, Any]
