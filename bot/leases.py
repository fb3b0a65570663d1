"""What only one process may hold at a time (a bot's socket, a token refresh), and the tokens replicas share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.outbox import now_ms
from bot.store import Store
from bot.tables import Lease, Token
from scrm.upsert import insert_once

T = TypeVar("T")
SOCKET_LEASE_SECONDS = 12.0  # a dead holder's socket moves within 15 s
REFRESH_LEASE_MS = 10_000


def take(session: Session, name: str, holder: str, milliseconds: int) -> bool:
    """Take or keep the lease; False while another holder's has not run out."""
    now = now_ms()
    insert_once(session, Lease, {"name": name, "holder": holder, "until_ms": 0}, ["name"])
    taken = session.execute(
        sa.update(Lease)
        .where(Lease.name == name, sa.or_(Lease.holder == holder, Lease.until_ms <= now))
        .values(holder=holder, until_ms=now + milliseconds)
        .returning(Lease.name)
    )
    return taken.first() is not None


def give_back(session: Session, name: str, holder: str) -> None:
    """Let the next holder take it at once."""
    session.execute(sa.update(Lease).where(Lease.name == name, Lease.holder == holder).values(until_ms=0))


# --- who is running

RUNNING, RUNNING_MS = "run:", 45_000  # renewed at every beat of the clock: two may fail


def sign_on(session: Session, holder: str) -> None:
    """This process serves, until it signs off or has not said so again for a while."""
    session.execute(sa.delete(Lease).where(Lease.name.startswith(RUNNING), Lease.until_ms <= now_ms()))
    take(session, RUNNING + holder, holder, RUNNING_MS)


def sign_off(session: Session, holder: str) -> None:
    """This process serves no more."""
    session.execute(sa.delete(Lease).where(Lease.name == RUNNING + holder))


def running(session: Session) -> int:
    """How many processes serve this company now."""
    alive = sa.and_(Lease.name.startswith(RUNNING), Lease.until_ms > now_ms())
    return session.scalar(sa.select(sa.func.count()).select_from(Lease).where(alive)) or 0


# --- tokens


class SharedTokens:
    """Access tokens in the database: one refresh at a time, whichever replica does it (implements `TokenStore`)."""

    def __init__(self, store: Store, holder: str) -> None:
        self._store, self._holder = store, holder
        self._local: dict[str, asyncio.Lock] = {}

    async def get(self, name: str) -> tuple[str, datetime] | None:
        """The token and when it ends (aware UTC), if one is known."""

        def read(session: Session) -> tuple[str, datetime] | None:
            row = session.get(Token, name)
            return (row.value, datetime.fromtimestamp(row.until_ms / 1000, UTC)) if row and row.value else None

        return await self._store.run(read)

    async def put(self, name: str, token: str, expires: datetime) -> None:
        """Share a fresh token ("" forgets it)."""
        values = {"value": token, "until_ms": int(expires.timestamp() * 1000)}

        def write(session: Session) -> None:
            insert_once(session, Token, {"name": name, **values}, ["name"])
            session.execute(sa.update(Token).where(Token.name == name).values(**values))

        await self._store.run(write)

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """Hold the refresh of one token, in this process and across replicas; waits at most as long as a lease lives."""
        lease = f"token:{name}"
        async with self._local.setdefault(name, asyncio.Lock()):
            for _ in range(REFRESH_LEASE_MS // 50):
                if await self._try(lambda session: take(session, lease, self._holder, REFRESH_LEASE_MS)):
                    break
                await asyncio.sleep(0.05)
            try:
                yield
            finally:
                await self._try(lambda session: give_back(session, lease, self._holder))

    async def _try(self, work: Callable[[Session], T]) -> T:
        return await self._store.run(work)
