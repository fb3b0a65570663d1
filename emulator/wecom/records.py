"""What exists in the emulated company: plain records, all times aware UTC unless a name says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from emulator.screen import Shown

Door = Literal["app", "bot"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a callback went: the last HTTP status (0 = nobody answered), attempts made, and the passive reply if any."""

    status: int
    attempts: int
    reply: str = ""

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

    userid: str
    name: str
    departments: list[int]
    leader_of: set[int]
    direct_leader: list[str]
    mobile: str
    active: bool = True
    left: bool = False


@dataclass(slots=True)
class LiveCard:
    """One template card that was sent, with the face each recipient sees now."""

    door: Door
    task_id: str
    faces: dict[str, dict[str, Any]]  # userid -> template_card as it stands
    shown: dict[str, Shown]
    clicked: dict[str, str] = field(default_factory=dict)  # userid -> key pressed last
    conversation: str = ""


@dataclass(slots=True)
class SentMessage:
    """One message of the app, for recall."""

    msgid: str
    at: datetime
    shown: dict[str, Shown]


@dataclass(slots=True)
class ResponseCode:
    """The right to change one card once within 72 hours."""

    card: LiveCard
    at: datetime
    used: bool = False


@dataclass(slots=True)
class Media:
    """A temporary upload, kept three days."""

    media_id: str
    kind: str  # image | voice | video | file
    filename: str
    data: bytes
    content_type: str
    at: datetime
    door: Door = "app"


@dataclass(slots=True)
class Follow:
    """One member's relation to one contact."""

    userid: str
    created: datetime
    state: str = ""
    add_way: int = 1
    remark: str = ""
    description: str = ""
    remark_corp_name: str = ""
    remark_mobiles: list[str] = field(default_factory=list)
    tag_ids: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Contact:
    """A customer in WeChat, with everyone who follows them now."""

    external_userid: str
    name: str
    follows: dict[str, Follow] = field(default_factory=dict)
    corp_name: str = ""
    type: int = 1  # 1 WeChat, 2 WeCom of another company
    received: list[dict[str, Any]] = field(default_factory=list)  # welcomes and mass messages that arrived


@dataclass(slots=True)
class Tag:
    """A corp tag."""

    id: str
    name: str
    group_id: str
    created: datetime
    order: int = 0
    by_app: bool = False  # made through the API: only then may the API change it


@dataclass(slots=True)
class TagGroup:
    """A group of corp tags; an empty group does not exist on the platform."""

    id: str
    name: str
    created: datetime
    order: int = 0
    by_app: bool = False


@dataclass(slots=True)
class ContactWay:
    """A channel QR code; `fields` is what add/update set."""

    config_id: str
    created: datetime
    fields: dict[str, Any]
    qr_code: str = ""


@dataclass(slots=True)
class WelcomeCode:
    """The right to greet one new contact once, until `expires` on the real clock (seconds)."""

    code: str
    userid: str
    external_userid: str
    expires: float
    used: bool = False


@dataclass(frozen=True, slots=True)
class Welcome:
    """A welcome message that reached the contact."""

    code: str
    userid: str
    external_userid: str
    text: str
    attachments: list[dict[str, Any]]
    at: datetime


@dataclass(slots=True)
class Recipient:
    """One customer of a mass send: status 0 not sent, 1 sent, 2 not a friend, 3 over the customer's limit."""

    external_userid: str
    userid: str
    status: int = 0
    sent_at: datetime | None = None
    group: bool = False  # the id is a customer group's chat id


@dataclass(slots=True)
class GroupSend:
    """A mass-send task; nothing moves until the member confirms in the client."""

    msgid: str
    created: datetime
    ready: float  # real clock, seconds: earlier queries get 41063
    chat_type: str
    creator: str
    text: str
    attachments: list[dict[str, Any]]
    recipients: list[Recipient]
    fail_list: list[str]
    confirmed: dict[str, datetime] = field(default_factory=dict)  # members who pressed send
    cancelled: bool = False
    reminders: list[datetime] = field(default_factory=list)

    def members(self) -> list[str]:
        """Who has to confirm, in first-seen order."""
        return list(dict.fromkeys(recipient.userid for recipient in self.recipients))


@dataclass(slots=True)
class Transfer:
    """A customer on the way from one member to another: status 1 done, 2 waiting, 3 refused, 4 takeover full."""

    external_userid: str
    handover: str
    takeover: str
    at: datetime
    resigned: bool
    status: int = 2
    done_at: datetime | None = None


@dataclass(slots=True)
class CustomerGroup:
    """A WeChat group with customers in it."""

    chat_id: str
    name: str
    owner: str
    created: datetime
    members: list[str]  # userids and external_userids
