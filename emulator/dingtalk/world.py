"""The emulated company: its settings, people, cards and clocks; the APIs and the phones both work on it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from emulator.crypto import Envelope
from emulator.dingtalk.callbacks import Callbacks
from emulator.dingtalk.records import (
    Card,
    Conversation,
    Department,
    Download,
    FailedEvent,
    Group,
    Media,
    Member,
    Mode,
    Route,
    Sent,
    Session,
    Template,
)
from emulator.dingtalk.stream import Gateway
from emulator.dingtalk.tokens import Meter, Tokens
from emulator.faults import Faults
from emulator.screen import Shown
from emulator.screens import Screens

Value = TypeVar("Value")
CORP_ID = "ding" + "0" * 31 + "1"
CLIENT_ID = "dingdemo0001"
CLIENT_SECRET = "emulated-client-secret"
EVENTS_TOKEN = "emulatedtoken"
EVENTS_AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CARD_SECRET = "emulated-card-secret"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghijkmnpqrstuvwxyz"
REMEMBERED = 50_000  # cards, sessions and messages kept; a real platform forgets too
CALLS_KEPT = 5000

MARKDOWN_TEMPLATE = "589420e2-c1e2-46ef-a5ed-b8728e654da9.schema"
BUTTON_TEMPLATE = "1366a1eb-bc54-4859-ac88-517c56a9acb1.schema"
AI_TEMPLATE = "382e4302-551d-4880-bf29-a30acfab2e71.schema"
STREAMING_TEMPLATE = "02fcf2f4-5e02-4a85-b672-46d1f715543e.schema"
SCOPES = frozenset({
    "Card.Instance.Write", "Card.Streaming.Write", "qyapi_robot_sendmsg", "qyapi_get_member", "qyapi_get_member_by_mobile",
    "qyapi_get_department_member", "qyapi_get_department_list", "qyapi_checkin_read", "fieldMobile",
})  # fmt: skip


def utcnow() -> datetime:
    """The present moment, aware UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Limits:
    """The platform's limits, to be changed by a test; None switches one off. Durations are real seconds."""

    qps: int | None = (
        None  # calls a second per API; the free edition has 20 (off: loopback is faster than the internet)
    )
    calls_per_address: int | None = None  # in 20 s, then a ban of 5 min for the address; DingTalk's is 10,000
    ban_status: int = 403  # HTTP status of the ban, which is not documented
    api_per_month: int | None = 5000
    pushes_per_month: int | None = 3000
    group_per_minute: int | None = None  # robot messages to one group by API; DingTalk publishes no figure
    card_value_bytes: int | None = 1024  # one value of a cardParamMap; larger ones are said to pass in practice
    stream_bytes: int | None = 3072  # one streaming text
    ticket_seconds: float = 90.0
    stale_ticket_status: int = 401  # HTTP status for a used or old ticket, which is not documented
    ping_seconds: float = 60.0
    deaf_seconds: float = 10.0  # between `disconnect` and the end of the connection
    redeliver_seconds: float = 60.0  # a robot message without acknowledgement is repeated after
    redeliveries: int = 1  # 0: as one official page says, never
    event_seconds: float = 3.0  # for the acknowledgement of an event over Stream
    event_http_seconds: float = 2.5
    event_retry_delays: tuple[float, ...] = (10.0, 30.0)
    robot_http_seconds: float = 5.0
    card_seconds: float = 2.0


class World:
    """State only; what people and the APIs do is elsewhere. `clock` is business time, `real` runs in seconds."""

    def __init__(
        self,
        clock: Callable[[], datetime] = utcnow,
        *,
        corp_id: str = CORP_ID,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        robot_code: str | None = None,
        events_token: str = EVENTS_TOKEN,
        events_aes_key: str = EVENTS_AES_KEY,
        card_secret: str = CARD_SECRET,
        robot_name: str = "销售助手",
        mode: Mode = "stream",
        seed: int = 0,
        real: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock, self.real = clock, real
        self.corp_id, self.client_id, self.client_secret = corp_id, client_id, client_secret
        self.robot_code, self.robot_name, self.mode = robot_code or client_id, robot_name, mode
        self.card_secret = card_secret
        self.events_envelope = Envelope(events_token, events_aes_key, client_id)
        self.base_url = ""
        self.listening = False
        self.robot_url, self.events_url = "", ""  # where HTTP mode delivers
        self.cards_url = ""  # overrides the registered address of card callbacks, as a reverse proxy would
        self.random = random.Random(seed)
        self.limits, self.faults = Limits(), Faults()
        self.scopes = set(SCOPES)
        self.allowed_ips: set[str] | None = None  # None: every address may call
        self.published = True  # whether the robot has a published version
        self.calls: deque[dict[str, Any]] = deque(maxlen=CALLS_KEPT)
        self.ignored: deque[str] = deque(maxlen=CALLS_KEPT)  # what the platform drops without a word, and why
        self.background: set[asyncio.Task[None]] = set()  # what the platform does by itself
        self.tokens, self.meter = Tokens(self), Meter(self)
        self.gateway, self.callbacks = Gateway(self), Callbacks(self)
        self._start_empty()

    def _start_empty(self) -> None:
        self.screens = Screens()
        self.departments: dict[int, Department] = {1: Department(1, "示例科技", 0)}
        self.members: dict[str, Member] = {}
        self.groups: dict[str, Group] = {}
        self.sessions: dict[str, Session] = {}
        self.sent: dict[str, Sent] = {}  # by processQueryKey
        self.cards: dict[str, Card] = {}  # by outTrackId
        self.routes: dict[str, Route] = {}  # by callbackRouteKey
        self.media: dict[str, Media] = {}
        self.downloads: dict[str, Download] = {}
        self.check_ins: deque[dict[str, Any]] = deque(maxlen=CALLS_KEPT)
        self.failed_events: deque[FailedEvent] = deque(maxlen=CALLS_KEPT)
        self.refused_deliveries: deque[str] = deque()  # errorMsg of the next card deliveries that fail
        self.templates: dict[str, Template] = {}
        for known, streamed in (
            (MARKDOWN_TEMPLATE, ()), (BUTTON_TEMPLATE, ()), (AI_TEMPLATE, ("msgContent",)), (STREAMING_TEMPLATE, ("content",))
        ):  # fmt: skip
            self.add_template(known, streamed=streamed)

    def add_template(self, template_id: str, *, published: bool = True, streamed: tuple[str, ...] = ()) -> None:
        """A card template of the company; `streamed` are its variables with the 流式 flag."""
        self.templates[template_id] = Template(template_id, published, frozenset(streamed))

    def add_group(
        self, conversation_id: str, title: str, members: list[str] | None = None, *, external: bool = False
    ) -> Group:
        """A group chat with the robot in it."""
        group = Group(conversation_id, title, list(members or []), external=external)
        self.groups[conversation_id] = group
        return group

    # looking up

    def by_user_id(self, user_id: str, id_type: int = 1) -> Member | None:
        """The member with this userId (1) or unionId (2)."""
        if id_type == 2:
            return next((member for member in self.members.values() if member.union_id == user_id), None)
        return self.members.get(user_id)

    def reachable(self, user_id: str, id_type: int = 1) -> Member | None:
        """The member, if the robot may talk to them: active and inside the visible range."""
        member = self.by_user_id(user_id, id_type)
        return member if member and member.active and member.visible else None

    def phones_of(self, conversation: Conversation) -> list[str]:
        """On whose screens a message in this conversation is; a group has a screen of its own besides its members'."""
        group = conversation.group
        return [*dict.fromkeys(group.members), group.conversation_id] if group else [conversation.person]

    # small common things

    def fresh(self, prefix: str, length: int = 24) -> str:
        """A new unguessable id, the same in every run with the same seed."""
        return prefix + "".join(self.random.choices(ALPHABET, k=length))

    def keep(self, store: dict[Any, Value], key: Any, value: Value) -> Value:
        """Remember `value`, forgetting the oldest beyond the memory of the platform."""
        store[key] = value
        if len(store) > REMEMBERED:
            del store[next(iter(store))]
        return value

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let the platform do something by itself, until `stop`."""
        task = asyncio.ensure_future(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    def show(self, conversation: Conversation, shown: Shown) -> dict[str, Shown]:
        """A new thing at the end of a conversation, one picture for each phone."""
        pictures = {}
        for phone in self.phones_of(conversation):
            pictures[phone] = copy_of(shown, conversation.group.conversation_id if conversation.group else "")
            self.screens.show(phone, pictures[phone])
        return pictures


def copy_of(shown: Shown, conversation: str) -> Shown:
    """The same picture for another phone."""
    return replace(
        shown, conversation=conversation, rows=list(shown.rows), buttons=list(shown.buttons), wire=list(shown.wire)
    )
