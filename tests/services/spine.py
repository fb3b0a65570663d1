"""The spine by itself: inbox, dispatcher and outbox on a real database, with a platform that does what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot import directories
from bot.context import Settings
from bot.dispatch_loop import DispatchLoop
from bot.dispatcher import Dispatcher
from bot.events import AnyEvent, Click, Message, Origin
from bot.inbox import Inbox as Door
from bot.platforms.base import Directory, Outgoing, Person, SendError, Sent
from bot.send_loop import SendLoop
from bot.settle import Settle
from bot.store import Store
from bot.tables import Inbox, Outbox
from scrm import members
from scrm.db import Database

SETTINGS = Settings(
    key="acme", name="示例科技", zone=ZoneInfo("Asia/Shanghai"), quiet_from="21:00", quiet_until="08:30", digest_at="08:45",
    welcome="您好，我是{member}。", has_wecom_app=True, directories=frozenset({"wecom"}), admins=frozenset({"wecom:zhoutao"}),
)  # fmt: skip
DOORS = ["wecom_app"]
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # a Monday, 14:00 in Shanghai
SECONDS = 8.0


def said(who: str, text: str, key: str = "", *, name: str = "", at: datetime = NOW, **origin: Any) -> Message:
    """A sentence on the WeCom app."""
    source = Origin("wecom", origin.pop("door", "wecom_app"), who, name=name, **origin)
    return Message(key or f"{who}:{text}", source, at, text=text)


def clicked(who: str, button: str, key: str = "", card: str = "c1") -> Click:
    """A press on a button."""
    return Click(
        key or f"{who}:{button}:{card}",
        Origin("wecom", "wecom_app", who),
        NOW,
        button=button,
        card=card,
        response_code="rc",
    )


@dataclass
class Platform:
    """A sender and a directory: `outcomes` are used up one by one (an error is raised), then everything goes well."""

    people: dict[str, Person] = field(default_factory=dict)
    outcomes: list[Sent | SendError] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    away: list[SendError] = field(default_factory=list)
    gate: asyncio.Event | None = None  # sends wait for it
    platform = "wecom"
    doors = frozenset(DOORS)
    calls: frozenset[str] = frozenset()

    async def send(self, item: Outgoing) -> Sent:
        self.sent.append(item)
        if self.gate is not None:
            await self.gate.wait()
        outcome = self.outcomes.pop(0) if self.outcomes else Sent(remote_id=f"m{item.id}", response_code=f"r{item.id}")
        if isinstance(outcome, SendError):
            raise outcome
        return outcome

    async def person(self, user_id: str) -> Person | None:
        self.asked.append(user_id)
        if self.away:
            raise self.away.pop(0)
        return self.people.get(user_id)

    async def everybody(self) -> Directory:
        return Directory([], list(self.people.values()))

    def titles(self, who: str) -> list[str]:
        """Titles of the cards that this person was sent, in order."""
        return [item.payload["card"]["title"] for item in self.sent if item.user_id == who and "card" in item.payload]


@dataclass
class Spine:
    """A company between its inbox and its outbox."""

    database: Database
    store: Store
    door: Door
    dispatcher: Dispatcher
    platform: Platform
    loop: DispatchLoop
    sender: SendLoop

    async def rows(self, table: type[Any], *where: Any) -> list[Any]:
        """Rows of a table, oldest first."""
        return await self.store.run(
            lambda session: list(session.scalars(sa.select(table).where(*where).order_by(table.id)))
        )

    async def count(self, table: type[Any], *where: Any) -> int:
        """How many rows."""
        query = sa.select(sa.func.count()).select_from(table).where(*where)
        return await self.store.run(lambda session: session.scalar(query) or 0)

    async def settled(self) -> None:
        """Wait until nothing is waiting in the inbox or the outbox."""

        async def waiting() -> int:
            return await self.count(Inbox, Inbox.state == 0) + await self.count(Outbox, Outbox.state < 2)

        async with asyncio.timeout(SECONDS):
            while await waiting():  # noqa: ASYNC110 - the database sets no event of ours
                await asyncio.sleep(0.02)

    async def hear(self, *events: AnyEvent) -> None:
        """Accept the events and wait until they are answered."""
        await self.door.accept(events)
        await self.settled()


@asynccontextmanager
async def working(database: Database, people: dict[str, str], *, running: bool = True) -> AsyncIterator[Spine]:
    """The spine at work: `people` (user id → name) are members, the directory knows them too."""
    store, platform = Store(database), Platform({user: Person(user, name) for user, name in people.items()})
    with database.write() as session:
        for user, name in people.items():
            members.ensure(session, "wecom", user, name, now=NOW)
    dispatcher = Dispatcher(SETTINGS, DOORS)
    sender = SendLoop(store, Settle(SETTINGS, DOORS, lambda: NOW), "h1")
    for name in (*DOORS, "wecom_bot"):
        sender.open_door(name, platform)
    sender.serve_calls({"read_directory": directories.Readings(store, {"wecom": platform})})
    loop = DispatchLoop(store, dispatcher, {"wecom": platform}, sender.nudge, lambda card: {})
    door = Door(database, loop.nudge)
    tasks = [asyncio.create_task(loop.run()), asyncio.create_task(sender.run())] if running else []
    try:
        yield Spine(database, store, door, dispatcher, platform, loop, sender)
    finally:
        await door.close()
        loop.stop()
        sender.stop()
        if platform.gate is not None:
            platform.gate.set()
        await asyncio.gather(*tasks)


async def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait for a condition with a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what a thread does sets no event of ours
            await asyncio.sleep(0.01)
