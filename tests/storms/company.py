"""Who speaks in a storm: reps with a customer each, known to the platform and written into the database beforehand."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.outbox import now_ms
from bot.tables import NEW, PENDING, Inbox, Outbox
from emulator.wecom import WeComEmulator
from scrm import customers, members
from scrm.access import Actor
from scrm.db import Database

FIRST, SECOND = "宏远金华鼎恒天盛联瑞德诚海龙博创", "图洋源盛新泰成达通祥信丰诺宇峰科"
TRADES = ("精密", "物流", "医药", "建材", "仪表", "食品", "化工", "印务")
FAMILY, GIVEN = "李王张刘陈杨赵黄周吴徐孙", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明"


@dataclass(frozen=True, slots=True)
class Rep:
    """Somebody who speaks of one customer."""

    user_id: str
    name: str
    customer: str

    def says(self, number: int) -> str:
        """The sentence with this number."""
        return f"今天给{self.customer}打了电话，聊了第{number}件事"


def reps(many: int, seed: int) -> list[Rep]:
    """So many reps, every customer with a name of its own."""
    dice = random.Random(seed)
    names = [first + second + trade for first in FIRST for second in SECOND for trade in TRADES]
    dice.shuffle(names)
    return [
        Rep(f"rep{number:04d}", dice.choice(FAMILY) + dice.choice(GIVEN) + dice.choice(GIVEN), names[number])
        for number in range(many)
    ]


def hire(wecom: WeComEmulator, people: Sequence[Rep]) -> None:
    """The platform's directory knows them."""
    for rep in people:
        wecom.add_member(rep.user_id, rep.name, departments=[2])


def prepare(database: Database, people: Sequence[Rep]) -> None:
    """Members and their customers."""
    now = datetime.now(UTC)

    def write(session: Session) -> None:
        for rep in people:
            member = members.ensure(session, "wecom", rep.user_id, rep.name, now=now)
            customers.create(session, Actor(member.id, rep.name, "rep", frozenset({member.id})), rep.customer, now)

    database.run(write)


def waiting(database: Database) -> int:
    """Events not handled and messages not sent yet."""

    def count(session: Session) -> int:
        events = sa.select(sa.func.count()).select_from(Inbox).where(Inbox.state == NEW)
        soon = Outbox.not_before_ms < now_ms() + 5_000  # what is owed for another day is not waited for
        owed = sa.select(sa.func.count()).select_from(Outbox).where(Outbox.state.in_(PENDING), soon)
        return (session.scalar(events) or 0) + (session.scalar(owed) or 0)

    with database.read() as session:  # in nobody's way on SQLite
        return count(session)
