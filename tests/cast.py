"""The fixed cast, as its platform's directory has it, and a way to let them speak as the dispatcher does.

李娜 and 王磊 are reps of 华东组, which is part of 华东部, led by 陈静; 赵敏 does marketing; 周涛 is the config's admin; 孙浩 is a
rep of 华南部; 钱进 was a rep of 华东组 and has left; and there is a stranger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import commands as c
from bot.cards.card import Card
from bot.context import Context, Owed, Settings
from bot.events import Message, Origin
from bot.handlers import HANDLERS, VIEWS
from scrm import audit, member_sync, members
from scrm.access import Actor
from scrm.db import Database
from scrm.errors import DomainError
from scrm.member_sync import SyncResult, Unit
from scrm.members import Person
from scrm.models import Audit, Member

T = TypeVar("T")
E = TypeVar("E", bound=DomainError)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai
ADMINS = frozenset({"wecom:zhoutao"})
UNITS = (
    Unit("1", "示例科技"),
    Unit("2", "华东部", "1"),
    Unit("21", "华东组", "2"),
    Unit("3", "华南部", "1"),
    Unit("4", "市场部", "1"),
)
PEOPLE = (
    Person("lina", "李娜", ("21",)),
    Person("wanglei", "王磊", ("21",)),
    Person("chenjing", "陈静", ("2",), leads=("2",)),
    Person("zhaomin", "赵敏", ("4",)),
    Person("zhoutao", "周涛", ("1",)),
    Person("sunhao", "孙浩", ("3",)),
    Person("qianjin", "钱进", ("21",)),
)
USER_IDS = {person.name: person.user_id for person in PEOPLE} | {"陌生人": "stranger"}
ORIGINS: dict[str, Callable[[str], Origin]] = {
    "wecom": lambda user_id: Origin("wecom", "wecom_app", user_id),
    "dingtalk": lambda user_id: Origin("dingtalk", "dingtalk_stream", user_id),
}
SETTINGS = Settings(
    key="acme", name="示例科技", zone=ZoneInfo("Asia/Shanghai"), quiet_from="21:00", quiet_until="08:30", digest_at="08:45",
    welcome="您好，我是{member}。", has_wecom_app=True, admins=ADMINS,
)  # fmt: skip


@dataclass
class Cast:
    """`now` moves only when a test moves it; `touched` and `owed` are those of the last turn, `turn` is its key."""

    database: Database
    now: datetime = NOW
    people: tuple[Person, ...] = PEOPLE
    touched: set[str] = field(default_factory=set)
    owed: list[Owed] = field(default_factory=list)
    turn: str = ""
    turns: int = 0

    def enter(self) -> None:
        """Everybody is read from the directory; then 钱进 leaves and 赵敏 is made a marketer."""
        self.sync()
        self.write(lambda session: members.person_left(session, "wecom", "qianjin", self.now))
        self.people = tuple(person for person in self.people if person.name != "钱进")
        self.write(lambda session: members.set_role(session, self.id("赵敏"), "marketer"))

    # --- the directory

    def sync(
        self, people: Sequence[Person] | None = None, units: Sequence[Unit] = UNITS, platform: str = "wecom"
    ) -> SyncResult:
        """The directory is read: as it was, or with other people in it."""
        read = self.people if people is None else people
        return self.write(lambda session: member_sync.sync(session, platform, units, read, self.now))

    def changed(self, who: str, /, **changes: object) -> tuple[Person, ...]:
        """The directory's people with one of them changed."""
        return tuple(replace(person, **changes) if person.name == who else person for person in self.people)  # type: ignore[arg-type]

    # --- who

    def id(self, name: str) -> int:
        """The id of a member by name."""
        return self.read(lambda session: session.scalars(sa.select(Member.id).where(Member.name == name)).one())

    def member(self, name: str) -> Member:
        """A member by name."""
        return self.read(lambda session: session.scalars(sa.select(Member).where(Member.name == name)).one())

    def actor(self, name: str, platform: str = "wecom") -> Actor | None:
        """Who this is to the bot; None for somebody it does not serve."""
        return self.read(lambda session: members.actor_of(session, platform, USER_IDS.get(name, name), ADMINS))

    def known_actor(self, name: str, platform: str = "wecom") -> Actor:
        """A member as the one who acts."""
        actor = self.actor(name, platform)
        assert actor is not None, f"{name} is nobody on {platform}"
        return actor

    def team(self, name: str) -> set[str]:
        """The names of those whose records this member sees."""
        ids = self.known_actor(name).team
        return self.read(lambda session: set(session.scalars(sa.select(Member.name).where(Member.id.in_(ids)))))

    # --- speaking

    def say(self, name: str, command: c.Command, *, platform: str = "wecom", words: str = "") -> Card:
        """The card a member gets for a command: one savepoint in one transaction, as in the dispatcher."""
        actor = self.known_actor(name, platform)
        assert actor.may(type(command).roles), f"{name} may not {command}"
        return self.run(actor, command, platform=platform, user_id=USER_IDS.get(name, name), words=words)

    def run(self, actor: Actor, command: c.Command, *, platform: str, user_id: str, words: str) -> Card:
        """One turn of one person."""
        self.turns += 1
        self.turn, self.touched, self.owed = f"e{self.turns}", set(), []
        event = Message(key=self.turn, origin=ORIGINS[platform](user_id), sent_at=self.now, text=words)
        tag = str(type(command).__struct_config__.tag)
        with self.database.write() as session:
            context = Context(session, actor, self.now, SETTINGS, self.turn, event)
            audit.begin(session, audit.Turn(self.turn, actor.member_id, tag, words, self.now))
            with session.begin_nested():
                card = HANDLERS[type(command)](command, context)
                session.flush()
        self.touched, self.owed = context.touched, context.owed
        return card

    def refused(self, error: type[E], name: str, command: c.Command, *, platform: str = "wecom") -> E:
        """The refusal a member gets for a command."""
        try:
            card = self.say(name, command, platform=platform)
        except error as refusal:
            return refusal
        raise AssertionError(f"{error.__name__} was expected, not {card}")

    def view(self, name: str, view: str) -> Card:
        """The card of a view ("customer:7") as this member sees it now."""
        kind, _, ident = view.partition(":")
        actor = self.known_actor(name)
        return self.read(lambda session: VIEWS[kind](Context(session, actor, self.now, SETTINGS, "view"), ident))

    def later(self, **delta: float) -> None:
        """Time passes."""
        self.now += timedelta(**delta)

    # --- data

    def read(self, work: Callable[[Session], T]) -> T:
        """The result of reading; rows stay usable."""
        with self.database.read() as session:
            found = work(session)
            session.expunge_all()
            return found

    def write(self, work: Callable[[Session], T]) -> T:
        """The result of work done in one transaction, on nobody's behalf."""
        return self.database.run(work)

    def count(self, table: type[object], *where: sa.ColumnElement[bool]) -> int:
        """How many rows of a table."""
        return self.read(
            lambda session: session.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0
        )

    def audited(self, name: str) -> list[Audit]:
        """What the log says this member changed, in order."""
        member_id = self.id(name)
        return self.read(
            lambda session: list(
                session.scalars(sa.select(Audit).where(Audit.member_id == member_id).order_by(Audit.id))
            )
        )


def value(card: Card, label: str) -> str:
    """What a card says beside a label; "" when it has no such row."""
    return next((row.value for row in card.rows if row.label == label), "")


def texts(card: Card) -> list[str]:
    """The texts of a card's buttons."""
    return [button.text for button in card.buttons]


def pressed(card: Card, text: str) -> c.Command:
    """The command behind the button that reads so."""
    return c.unpack(next(button.command for button in card.buttons if button.text == text))
