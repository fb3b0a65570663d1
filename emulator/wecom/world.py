"""The emulated company: its settings, people, cards, customers and clocks; the API and the phones both work on it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from emulator.crypto import Envelope
from emulator.faults import Faults
from emulator.screen import Shown
from emulator.screens import Screens
from emulator.wecom.records import (
    Contact,
    ContactWay,
    CustomerGroup,
    Department,
    Door,
    GroupSend,
    LiveCard,
    Media,
    Member,
    ResponseCode,
    SentMessage,
    Tag,
    TagGroup,
    Transfer,
    Welcome,
    WelcomeCode,
)
from emulator.wecom.tokens import Meter, Tokens

Value = TypeVar("Value")
CORP_ID = "ww0000000000000001"
AGENT_ID = 1000002
APP_SECRET = "emulated-app-secret"
APP_TOKEN = "emulatedtoken"
APP_AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CONTACTS_TOKEN = "contactstoken"
CONTACTS_AES_KEY = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"
BOT_ID = "aibDemo0001"
BOT_SECRET = "emulated-bot-secret"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghijkmnpqrstuvwxyz"
REMEMBERED = 50_000  # messages, codes and task ids kept; a real platform forgets too
CALLS_KEPT = 5000


def utcnow() -> datetime:
    """The present moment, aware UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Limits:
    """The platform's limits, to be changed by a test; durations are real seconds unless said otherwise."""

    member_minute: int = 30  # OD:90236: what is above is dropped in silence
    member_hour: int = 1000
    chat_minute: int = 30  # AI bot, per conversation (OD:101463): above is refused
    chat_hour: int = 1000
    per_minute: dict[str, int] = field(default_factory=dict)  # API path -> calls a minute, then 45009 for a minute
    concurrent: dict[str, int] = field(default_factory=dict)  # API path -> calls at once, then 45033
    token_seconds: int = 7200  # by the emulator's clock
    welcome_seconds: float = 20.0
    callback_seconds: float = 5.0  # OD:90238
    verify_seconds: float = 1.0
    retry_delays: tuple[float, ...] = (0.02, 0.1, 0.3)  # three retries; the real spacing is not documented
    bot_event_seconds: float = 5.0  # welcome and card update on the socket
    stream_seconds: float = 360.0
    bot_idle_seconds: float = 90.0
    group_send_seconds: float = 0.0  # a new mass send answers 41063 for so long
    wrong_secrets: int = 20  # then the caller is banned for an hour


class World:
    """State only; what people and the API do is elsewhere. `clock` is business time, `real` runs in seconds."""

    def __init__(
        self,
        clock: Callable[[], datetime] = utcnow,
        *,
        corp_id: str = CORP_ID,
        agent_id: int = AGENT_ID,
        secret: str = APP_SECRET,
        token: str = APP_TOKEN,
        aes_key: str = APP_AES_KEY,
        contacts_token: str = CONTACTS_TOKEN,
        contacts_aes_key: str = CONTACTS_AES_KEY,
        bot_id: str = BOT_ID,
        bot_secret: str = BOT_SECRET,
        bot_name: str = "小助手",
        seed: int = 0,
        real: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock, self.real = clock, real
        self.corp_id, self.agent_id, self.secret = corp_id, agent_id, secret
        self.bot_id, self.bot_secret, self.bot_name = bot_id, bot_secret, bot_name
        self.app_envelope = Envelope(token, aes_key, corp_id)
        self.contacts_envelope = Envelope(contacts_token, contacts_aes_key, corp_id)
        self.base_url = ""
        self.callback_url = ""
        self.contacts_callback_url = ""
        self.random = random.Random(seed)
        self.limits = Limits()
        self.faults = Faults()
        self.granted = {"externalcontact"}  # also known: "contacts_sync", needed by user/list_id
        self.trusted_ips: set[str] | None = None  # None: every address may call (else 60020)
        self.echo_mark_tag = False  # whether mark_tag by API raises edit_external_contact
        self.old_option_spelling = False  # OpitonIds instead of OptionIds in card events
        self.calls: deque[dict[str, Any]] = deque(maxlen=CALLS_KEPT)
        self.ignored: deque[str] = deque(maxlen=CALLS_KEPT)  # what the platform drops without a word, and why
        self.under_way: Counter[str] = Counter()  # API -> calls being answered now
        self.background: set[asyncio.Task[None]] = set()  # what the platform does by itself
        self.tokens = Tokens(self)
        self._start_empty()

    def _start_empty(self) -> None:
        self.screens = Screens()
        self.departments: dict[int, Department] = {1: Department(1, "示例科技", 0)}
        self.members: dict[str, Member] = {}
        self.menu: list[dict[str, Any]] = []
        self.media: dict[str, Media] = {}
        self.pictures: dict[str, bytes] = {}  # permanent pictures by path, as from uploadimg
        self.messages: dict[str, SentMessage] = {}
        self.duplicates: dict[str, tuple[datetime, str]] = {}
        self.cards: dict[tuple[Door, str], LiveCard] = {}
        self.response_codes: dict[str, ResponseCode] = {}
        self.member_meter = Meter()
        self.contacts: dict[str, Contact] = {}
        self.tags: dict[str, Tag] = {}
        self.tag_groups: dict[str, TagGroup] = {}
        self.contact_ways: dict[str, ContactWay] = {}
        self.welcome_codes: dict[str, WelcomeCode] = {}
        self.welcomes: list[Welcome] = []
        self.group_sends: dict[str, GroupSend] = {}
        self.received_in_month: Counter[tuple[str, str]] = Counter()  # (customer, "2026-01") -> mass messages
        self.transfers: list[Transfer] = []
        self.customer_groups: dict[str, CustomerGroup] = {}
        # external contact events an API call has caused: change type, userid, external_userid, further fields
        self.owed_events: deque[tuple[str, str, str, dict[str, str]]] = deque()

    # ids

    def fresh(self, prefix: str, length: int = 24) -> str:
        """A new unguessable id, the same in every run with the same seed."""
        return prefix + "".join(self.random.choices(ALPHABET, k=length))

    def message_number(self) -> str:
        """A new 64-bit MsgId."""
        return str(self.random.randrange(7 * 10**18, 8 * 10**18))

    # directory

    def add_department(self, id: int, name: str, parent_id: int = 1) -> None:
        """A department under `parent_id`; id 1 renames the root."""
        self.departments[id] = Department(id, name, 0 if id == 1 else parent_id)

    def add_member(
        self,
        userid: str,
        name: str,
        *,
        departments: list[int] | None = None,
        leader_of: tuple[int, ...] | list[int] = (),
        direct_leader: tuple[str, ...] | list[str] = (),
        mobile: str = "",
        active: bool = True,
    ) -> None:
        """A member, silently: no callback. `leader_of` holds department ids, `direct_leader` userids."""
        self.members[userid] = Member(
            userid, name, departments or [1], set(leader_of), list(direct_leader), mobile, active
        )

    def remove_member(self, userid: str) -> None:
        """The member has left the company, silently; customers stay assigned until they are transferred."""
        self.members[userid].left = True

    def member(self, userid: str) -> Member | None:
        """The member with this id, which is matched without regard to case; None for strangers and the departed."""
        found = self.members.get(userid)
        if found is None:
            found = next((member for key, member in self.members.items() if key.lower() == userid.lower()), None)
        return found if found and not found.left else None

    def name_of(self, userid: str) -> str:
        """How a card writes a member."""
        found = self.member(userid)
        return found.name if found else userid

    def subtree(self, department_id: int) -> list[int]:
        """The department and everything below it."""
        found = [department_id]
        for parent in found:
            found += [d.id for d in self.departments.values() if d.parent_id == parent and d.id not in found]
        return found

    def in_departments(self, ids: list[int]) -> list[Member]:
        """The present members directly in one of these departments."""
        wanted = set(ids)
        return [member for member in self.members.values() if not member.left and wanted & set(member.departments)]

    # small common things

    def screen(self, userid: str) -> list[Shown]:
        """What this person's phone shows, oldest first."""
        return self.screens.of(userid)

    def keep(self, store: dict[Any, Value], key: Any, value: Value) -> Value:
        """Remember `value`, forgetting the oldest beyond the memory of the platform."""
        store[key] = value
        if len(store) > REMEMBERED:
            del store[next(iter(store))]
        return value

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Let the platform do something by itself, until `stop`."""
        task = asyncio.ensure_future(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    def new_response_code(self, card: LiveCard) -> str:
        """The right to change this card once."""
        code = self.fresh("RC", 40)
        self.keep(self.response_codes, code, ResponseCode(card, self.clock()))
        return code
