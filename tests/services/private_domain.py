"""A sales floor with external contacts: runs commands, platform events and call results the way the dispatcher does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import commands as c
from bot.cards.card import Card
from bot.context import Context, Owed, Settings
from bot.events import ContactChange, Origin, TagChange
from bot.handlers import EVENTS, FAILURES, HANDLERS, RESULTS, VIEWS
from scrm import audit
from scrm.access import SYSTEM, Actor
from scrm.db import Database
from scrm.models import Contact, Customer, Identity, Member

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai


def settings(*, app: bool = True) -> Settings:
    return Settings(
        key="acme", name="示例科技", zone=ZoneInfo("Asia/Shanghai"), quiet_from="21:00", quiet_until="08:30", digest_at="08:45",
        welcome="您好，我是{member}，很高兴认识您。", has_wecom_app=app,
    )  # fmt: skip


@dataclass
class Floor:
    """李娜 and 王强 are reps with WeCom accounts, 周敏 is the marketer, 陈静 a rep who is on DingTalk only."""

    database: Database
    settings: Settings = field(default_factory=settings)
    now: datetime = NOW
    owed: dict[str, Owed] = field(default_factory=dict)  # everything owed so far: the same key twice is once
    fresh: list[Owed] = field(default_factory=list)  # what the last turn added
    turns: int = 0

    def open(self) -> None:
        people = [("李娜", "rep", "wecom", "lina"), ("王强", "rep", "wecom", "wangqiang"), ("周敏", "marketer", "wecom", "zhoumin"),
                  ("陈静", "rep", "dingtalk", "chenjing")]  # fmt: skip
        with self.database.write() as session:
            for name, role, platform, user_id in people:
                member = Member(name=name, role=role)
                session.add(member)
                session.flush()
                session.add(Identity(platform=platform, user_id=user_id, member_id=member.id))

    # --- who

    def member(self, name: str) -> int:
        return self.read(lambda session: session.scalars(sa.select(Member.id).where(Member.name == name)).one())

    def actor(self, name: str) -> Actor:
        row = self.read(lambda session: session.scalars(sa.select(Member).where(Member.name == name)).one())
        return Actor(row.id, row.name, row.role, frozenset({row.id}))

    # --- doing

    def say(self, name: str, command: c.Command) -> Card:
        """The card a member gets for a command."""
        actor = self.actor(name)
        assert actor.may(type(command).roles), f"{name} may not {command}"
        name = str(type(command).__struct_config__.tag)
        return self._turn(actor, name, lambda context: HANDLERS[type(command)](command, context))

    def happens(self, change: str, external_id: str, user_id: str = "lina", *, state: str = "", code: str = "", at: datetime | None = None,
                key: str = "", detail: str = "") -> None:  # fmt: skip
        """A 客户联系 event."""
        at = at or self.now
        event = ContactChange(
            key=key or f"{change}:{external_id}:{user_id}:{at.isoformat()}", origin=Origin("wecom", "wecom_app", user_id), sent_at=at,
            change=change, external_user_id=external_id, state=state, welcome_code=code, detail=detail,
        )  # fmt: skip
        self._turn(SYSTEM, "ContactChange", lambda context: EVENTS[ContactChange](event, context), now=at)

    def library_changes(self) -> None:
        event = TagChange(key=f"tags:{self.turns}", origin=Origin("wecom", "wecom_app", ""), sent_at=self.now)
        self._turn(SYSTEM, "TagChange", lambda context: EVENTS[TagChange](event, context))

    def returns(self, owed: Owed, result: Mapping[str, Any]) -> None:
        """The platform did what we owed."""
        self._turn(SYSTEM, owed.kind, lambda context: RESULTS[owed.kind](context, owed.payload, result))

    def fails(self, owed: Owed, code: str) -> None:
        """The platform refused for good."""
        self._turn(SYSTEM, owed.kind, lambda context: FAILURES[owed.kind](context, owed.payload, code))

    def view(self, name: str, view: str) -> Card:
        kind, _, ident = view.partition(":")
        actor = self.actor(name)
        return self.read(lambda session: VIEWS[kind](self._context(session, actor, "view"), ident))

    def job(self, work: Callable[[Context], T]) -> T:
        return self._turn(SYSTEM, "job", work)

    def arrives(self, external_id: str, user_id: str = "lina", name: str = "王先生", **more: Any) -> None:
        """A contact comes, and its name is read."""
        self.happens("added", external_id, user_id, **more)
        since = int((more.get("at") or self.now).timestamp())
        reading = self.one("read_contact")
        follow = {"user_id": user_id, "state": more.get("state", ""), "since": since, "tags": []}
        self.returns(reading, {"name": name, "follows": [follow]})

    # --- looking

    def kinds(self, kind: str) -> list[Owed]:
        """What the last turn owes of a kind."""
        return [owed for owed in self.fresh if owed.kind == kind]

    def one(self, kind: str) -> Owed:
        (owed,) = self.kinds(kind)
        return owed

    def pushed(self, name: str) -> list[Card]:
        """Cards the last turn pushes to a member."""
        member_id = self.member(name)
        return [owed.payload["card"] for owed in self.kinds("card") if owed.member_id == member_id]

    def read(self, work: Callable[[Session], T]) -> T:
        with self.database.read() as session:
            found = work(session)
            session.expunge_all()  # so that the end of the transaction does not empty the rows
            return found

    def contact(self, external_id: str) -> Contact:
        return self.read(
            lambda session: session.scalars(sa.select(Contact).where(Contact.external_user_id == external_id)).one()
        )

    def customer(self, name: str, owner: str) -> int:
        with self.database.write() as session:
            row = Customer(name=name, name_key=name, owner_id=self.member(owner))
            session.add(row)
            session.flush()
            return row.id

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    # --- within

    def _turn(self, actor: Actor, command: str, work: Callable[[Context], T], now: datetime | None = None) -> T:
        self.turns += 1
        with self.database.write() as session:
            context = self._context(session, actor, f"e{self.turns}", now)
            audit.begin(session, audit.Turn(context.turn, actor.member_id, command, "", context.now))
            answer = work(context)
            session.flush()
        self.fresh = [owed for owed in context.owed if owed.key not in self.owed]
        self.owed.update({owed.key: owed for owed in self.fresh})
        return answer

    def _context(self, session: Session, actor: Actor, turn: str, now: datetime | None = None) -> Context:
        return Context(session, actor, now or self.now, self.settings, turn)
