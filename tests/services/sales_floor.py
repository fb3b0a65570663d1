"""A sales floor at work: 李娜 and 陈静 are reps of 王强, who reports to 赵总; commands and jobs run the way the edge runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import commands as c
from bot.cards.card import Card
from bot.context import Context, Owed, Settings
from bot.handlers import (
    activities,
    contracts,
    deal_facts,
    dealing,
    deals,
    followups,
    idle,
    leads,
    pool,
    pushes,
    reminding,
    reports,
    undo,
)
from scheduler.deal_jobs import JOBS as DEAL_JOBS
from scheduler.idle_jobs import JOBS as IDLE_JOBS
from scheduler.jobs import JOBS as FOLLOW_UP_JOBS
from scheduler.lead_jobs import JOBS as LEAD_JOBS
from scheduler.push_jobs import JOBS as PUSH_JOBS
from scrm import audit, defaults
from scrm.access import SYSTEM, Actor
from scrm.db import Database
from scrm.errors import DomainError
from scrm.models import Activity, Audit, Customer, Deal, FollowUp, Member

T = TypeVar("T")
E = TypeVar("E", bound=DomainError)
R = TypeVar("R", Activity, Audit, Customer, Deal, FollowUp)
SHANGHAI = ZoneInfo("Asia/Shanghai")
HANDLERS: dict[Any, Any] = {
    **activities.HANDLERS, **contracts.HANDLERS, **deal_facts.HANDLERS, **dealing.HANDLERS, **deals.HANDLERS, **followups.HANDLERS, **idle.HANDLERS, **leads.HANDLERS, **pool.HANDLERS, **pushes.HANDLERS, **reminding.HANDLERS, **reports.HANDLERS, **undo.HANDLERS,
}  # fmt: skip
VIEWS: dict[str, Any] = {
    **activities.VIEWS,
    **deal_facts.VIEWS,
    **dealing.VIEWS,
    **deals.VIEWS,
    **followups.VIEWS,
    **pool.VIEWS,
}
JOBS = {**FOLLOW_UP_JOBS, **IDLE_JOBS, **DEAL_JOBS, **LEAD_JOBS, **PUSH_JOBS}
SETTINGS = Settings(
    key="acme", name="示例科技", zone=SHANGHAI, quiet_from="21:00", quiet_until="08:30", digest_at="08:45", welcome="您好，我是{member}。",
    has_wecom_app=False,
)  # fmt: skip


def at(month: int, day: int, hour: int = 10, minute: int = 0, year: int = 2026) -> datetime:
    """A moment on the clock in Shanghai, as UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


MONDAY = at(11, 23, 14)  # 2026-11-23 is a Monday


@dataclass
class SalesFloor:
    """`now` moves only when a test moves it; `owed` is everything owed so far, the same key once."""

    database: Database
    now: datetime = MONDAY
    owed: dict[str, Owed] = field(default_factory=dict)
    fresh: list[Owed] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    turns: int = 0

    def open(self) -> None:
        """The people, the stages, and 李娜's customers 腾讯科技 and 阿里巴巴."""
        with self.database.write() as session:
            defaults.seed(session)
            since = self.now - timedelta(days=90)
            above: dict[str, int | None] = {"": None}
            for name, role, manager in (
                ("赵总", "manager", ""),
                ("王强", "manager", "赵总"),
                ("李娜", "rep", "王强"),
                ("陈静", "rep", "王强"),
            ):
                row = Member(name=name, role=role, manager_id=above[manager], created_at=since)
                session.add(row)
                session.flush()
                above[name] = row.id
            for name in ("腾讯科技", "阿里巴巴"):
                session.add(Customer(name=name, name_key=name, owner_id=above["李娜"]))

    # --- who

    def member(self, name: str) -> Member:
        """A member by name."""
        return self.read(lambda session: session.scalars(sa.select(Member).where(Member.name == name)).one())

    def actor(self, name: str) -> Actor:
        """A member as the one who acts; managers see those below them."""
        row = self.member(name)
        below = self.read(
            lambda session: session.scalars(sa.select(Member.id).where(Member.manager_id == row.id)).all()
        )
        return Actor(row.id, row.name, row.role, frozenset({row.id, *below}))

    # --- doing

    def say(self, command: c.Command, name: str = "李娜", words: str = "") -> Card:
        """The card a member gets for a command; `words` are the sentence it stands for."""
        actor = self.actor(name)
        tag = str(type(command).__struct_config__.tag)
        return self.run(actor, tag, lambda context: HANDLERS[type(command)](command, context), words)

    def click(self, card: Card, text: str, name: str = "李娜") -> Card:
        """The card a member gets for the button, or the option, of this text."""
        options = card.choice.options if card.choice else ()
        packed = next(one.command for one in (*card.buttons, *options) if one.text == text)
        return self.say(c.unpack(packed), name)

    def refuses(self, error: type[E], doing: Callable[[], object]) -> E:
        """The error that came instead of a card."""
        try:
            doing()
        except error as refused:
            return refused
        raise AssertionError(f"{error.__name__} was expected")

    def tick(self, job: str) -> list[Owed]:
        """What a job newly owes as of now; it is run until nothing is left, as the clock does."""
        found: list[Owed] = []
        for _ in range(100):
            did = self.run(SYSTEM, job, JOBS[job])
            found += self.fresh
            if not did:
                return found
        raise AssertionError(f"{job} never ends")

    def takes_back(self, name: str = "李娜") -> None:
        """撤销 of the last effective message."""
        member_id = self.member(name).id

        def work(context: Context) -> None:
            turn = audit.last_turn(context.session, member_id, context.now)
            rows = audit.rows_of(context.session, member_id, turn, context.now)
            for row in rows:
                if row.table_name in activities.UNDOING:
                    activities.UNDOING[row.table_name](context, row)
            audit.undo(context.session, rows, context.now)

        self.run(self.actor(name), "undo", work)

    def run(self, actor: Actor, command: str, work: Callable[[Context], T], words: str = "") -> T:
        """One turn in one transaction."""
        self.turns += 1
        with self.database.write() as session:
            context = Context(session, actor, self.now, SETTINGS, f"e{self.turns}")
            audit.begin(session, audit.Turn(context.turn, actor.member_id, command, words, self.now))
            answer = work(context)
            session.flush()
        self.fresh = [owed for owed in context.owed if owed.key not in self.owed]
        self.owed.update({owed.key: owed for owed in self.fresh})
        self.touched = context.touched
        return answer

    # --- looking

    def view(self, view: str, name: str = "李娜") -> Card:
        """The card of a view as this member sees it now."""
        kind, _, ident = view.partition(":")
        actor = self.actor(name)
        return self.read(lambda session: VIEWS[kind](Context(session, actor, self.now, SETTINGS, "view"), ident))

    def all(self, kind: type[R]) -> list[R]:
        """Every row of a table, in order."""
        return self.read(lambda session: list(session.scalars(sa.select(kind).order_by(kind.id))))

    def only(self, kind: type[R]) -> R:
        """The one row of a table."""
        (row,) = self.all(kind)
        return row

    def read(self, work: Callable[[Session], T]) -> T:
        """The result of reading."""
        with self.database.read() as session:
            found = work(session)
            session.expunge_all()  # so that the end of the transaction does not empty the rows
            return found


def value(card: Card, label: str) -> str:
    """What a card says beside a label; "" when it has no such row."""
    return next((row.value for row in card.rows if row.label == label), "")


def texts(card: Card) -> list[str]:
    """The texts of a card's buttons."""
    return [button.text for button in card.buttons]


def card_of(owed: Owed) -> Card:
    """The card that is owed."""
    card = owed.payload["card"]
    assert isinstance(card, Card)
    return card
