"""A socket that allows one connection per bot is opened by the process that holds its lease, and by no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot import leases
from bot.doors import Exclusive
from bot.platforms.base import Sender
from bot.send_loop import SendLoop
from bot.store import Store
from scrm.db import why_away

log = structlog.get_logger("lease")

# Somebody outside uses the same bot: each further time we wait longer, so that two do not evict each other all day.
REOPEN_SECONDS = (60.0, 120.0, 300.0, 600.0)
RENEWALS = 3  # in the life of a lease: two may fail before it runs out


class SocketLease:
    """Takes the lease, opens the socket, renews; closes the socket as soon as the lease is lost."""

    def __init__(
        self,
        name: str,
        listener: Exclusive,
        store: Store,
        send_loop: SendLoop,
        holder: str,
        on_replaced: Callable[[str], Awaitable[None]],
        *,
        seconds: float | None = None,
        reopen_seconds: Sequence[float] = REOPEN_SECONDS,
    ) -> None:
        self.name = name
        self._seconds = leases.SOCKET_LEASE_SECONDS if seconds is None else seconds
        self._listener, self._store, self._send_loop, self._holder = listener, store, send_loop, holder
        self._held = False
        self._renewed_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._others = False
        self._on_replaced, self._reopen_seconds = on_replaced, reopen_seconds
        self._times_replaced, self._reopen_at, self._opened_at = 0, 0.0, 0.0

    @property
    def open_somewhere(self) -> bool:
        """Whether the socket is open: here, or as far as we know in the process that holds the lease."""
        return self._listener.connected if self._held else self._others

    def start(self) -> None:
        """Compete for the lease until stop()."""
        self._task = asyncio.create_task(self._keep(), name=f"lease-{self.name}")

    async def stop(self) -> None:
        """Close the socket and let the next one have the lease at once."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._held:
            await self._close()
            with suppress(SQLAlchemyError):
                await self._store.run(lambda session: leases.give_back(session, f"socket:{self.name}", self._holder))

    async def _keep(self) -> None:
        loop, renew = asyncio.get_running_loop(), self._seconds / RENEWALS
        while True:
            try:
                taken = await self._store.run(
                    lambda session: leases.take(session, f"socket:{self.name}", self._holder, int(self._seconds * 1000))
                )
            except SQLAlchemyError as error:
                # Without the database we cannot know: keep the socket while the lease we know of lasts.
                if not why_away(error):
                    log.warning("lease_unknown", door=self.name, error=type(error).__name__)
                taken = self._held and loop.time() - self._renewed_at < self._seconds - renew
            else:
                self._renewed_at = loop.time() if taken else self._renewed_at
                self._others = not taken
            await self._follow(taken)
            await asyncio.sleep(renew)

    async def _follow(self, taken: bool) -> None:
        if taken and not self._held:
            self._held = True
            log.info("lease_taken", door=self.name)
            await self._open()
            if isinstance(self._listener, Sender):
                self._send_loop.open_door(self.name, self._listener)
        elif not taken and self._held:
            await self._close()
        elif self._held and self._listener.replaced:
            await self._take_back()

    async def _open(self) -> None:
        self._reopen_at, self._opened_at = 0.0, asyncio.get_running_loop().time()
        await self._listener.start()

    async def _take_back(self) -> None:
        """Another program, which knows nothing of our lease, took the connection: say so, wait, open it again."""
        now = asyncio.get_running_loop().time()
        if self._reopen_at:
            if now >= self._reopen_at:
                await self._open()
            return
        if now - self._opened_at > self._reopen_seconds[-1]:
            self._times_replaced = 0
        self._reopen_at = now + self._reopen_seconds[min(self._times_replaced, len(self._reopen_seconds) - 1)]
        self._times_replaced += 1
        with suppress(SQLAlchemyError):
            await self._on_replaced(self.name)

    async def _close(self) -> None:
        self._held = False
        log.info("lease_lost", door=self.name)
        self._send_loop.close_door(self.name)
        await self._listener.stop()
