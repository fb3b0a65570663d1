"""What `tick` and `replay` need of a company beside a running service: the database and the senders, no listening door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bot import directories
from bot.budget import Counter
from bot.clock import utcnow
from bot.config import Config
from bot.context import Settings
from bot.doors import build, names_of
from bot.events import AnyEvent
from bot.leases import SharedTokens
from bot.platforms.base import DirectorySource, Unavailable
from bot.platforms.http import open_session
from bot.schema import ensure_current
from bot.send_loop import SendLoop
from bot.settings import settings_of
from bot.settle import Settle
from bot.store import Store
from scrm.db import Database


@dataclass(slots=True)
class Offline:
    """One company without its listening doors."""

    settings: Settings
    store: Store
    send_loop: SendLoop
    doors: list[str]  # every door of the company: who may be addressed
    sendable: list[str]  # those that this process can send through
    directories: Mapping[str, DirectorySource]


@asynccontextmanager
async def offline(config: Config) -> AsyncIterator[Offline]:
    """Open the company's database and senders; on PostgreSQL an old schema is refused (SchemaTooOld)."""
    settings, doors = settings_of(config), names_of(config)
    store, holder = Store(Database(config.database_url)), uuid4().hex[:12]
    session = open_session()
    try:
        await asyncio.get_running_loop().run_in_executor(None, ensure_current, store.database)
        counter = Counter()
        built = build(config, session, SharedTokens(store, holder), _accept_nothing, _no_outcome, counter, utcnow)
        send_loop = SendLoop(store, Settle(settings, doors, utcnow), holder)
        for door, sender in built.senders.items():
            send_loop.open_door(door, sender)
        readings = directories.Readings(store, built.directories)
        send_loop.serve_calls({**built.calls, "read_directory": readings})
        try:
            yield Offline(settings, store, send_loop, doors, list(built.senders), built.directories)
        finally:
            await readings.close()
        await store.run(counter.write)
    finally:
        await session.close()
        store.close()


async def _accept_nothing(_: Sequence[AnyEvent]) -> None:
    raise Unavailable


async def _no_outcome(_key: str, _seconds: float) -> dict[str, Any] | None:
    return None
