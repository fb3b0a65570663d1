"""`scrm-bot replay`: handle again what failed, here and now; a running service may take some of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import logs
from bot.config import Config
from bot.dispatch_loop import DispatchLoop
from bot.dispatcher import Dispatcher
from bot.offline import offline
from bot.tables import DONE, FAILED, NEW, Inbox

SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many failed events were handled again, and what became of them."""

    replayed: int
    done: int
    failed: int


async def replay_failed(config: Config) -> Replayed:
    """Handle every failed event again, in the order they came, and send what they owe."""
    logs.configure()  # standard output is the caller's
    async with offline(config) as company:
        ids = await company.store.run(_reset)
        if not ids:
            return Replayed(0, 0, 0)
        loop = DispatchLoop(
            company.store,
            Dispatcher(company.settings, company.doors),
            company.directories,
            lambda: None,
            lambda card: {},
        )
        running = asyncio.create_task(loop.run())
        try:
            deadline = (
                monotonic() + SECONDS
            )  # what is left then is counted as failed; a running service goes on with it
            while monotonic() < deadline and await company.store.run(lambda session: _count(session, ids, NEW) > 0):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        finally:
            loop.stop()
            await running
        await company.send_loop.drain()
        done = await company.store.run(lambda session: _count(session, ids, DONE))
        return Replayed(len(ids), done, len(ids) - done)


def _reset(session: Session) -> list[int]:
    failed = session.scalars(
        sa.select(Inbox).where(Inbox.state == FAILED, Inbox.payload != "").order_by(Inbox.id)
    ).all()
    for row in failed:
        row.state, row.attempts, row.not_before_ms, row.done_ms = NEW, 0, 0, None
    return [row.id for row in failed]


def _count(session: Session, ids: list[int], state: int) -> int:
    return session.scalar(sa.select(sa.func.count()).where(Inbox.id.in_(ids), Inbox.state == state)) or 0
