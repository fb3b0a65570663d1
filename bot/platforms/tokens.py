"""Access tokens: one for all replicas, fetched by one of them at a time, whatever the platform."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from bot.platforms.base import Fate, SendError

log = structlog.get_logger("tokens")

MARGIN = timedelta(minutes=5)  # a token this close to its end is fetched anew
MAX_SECONDS = 86_400
REFUSED_SECONDS = 60.0  # after a wrong secret: a few more wrong ones and WeCom bans the address for an hour
STORE_SECONDS = 15.0
# A platform that refuses every token is not asked for one after the other: asking is limited too.
RENEWALS, RENEWAL_SECONDS = 4, 20.0

Ask = Callable[[], Awaitable[tuple[object, object]]]
"""Asks the platform: token and seconds it lives, as they came. Raises SendError, SETUP for refused credentials."""


class TokenStore(Protocol):
    """Where replicas share tokens; `expires` is aware UTC by the real clock."""

    async def get(self, name: str) -> tuple[str, datetime] | None: ...

    async def put(self, name: str, token: str, expires: datetime) -> None: ...

    def lock(self, name: str) -> AbstractAsyncContextManager[None]: ...


class MemoryTokens:
    """A TokenStore for one process: `scrm-bot check`, and tests."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, datetime]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, name: str) -> tuple[str, datetime] | None:
        """The token and when it ends, if one is known."""
        return self._known.get(name)

    async def put(self, name: str, token: str, expires: datetime) -> None:
        """Keep a fresh token."""
        self._known[name] = (token, expires)

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """Hold the refresh of one token."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            yield


class AccessTokens:
    """The access token of one app. However many callers wait, one request is made, and all share its outcome."""

    def __init__(
        self,
        name: str,
        ask: Ask,
        store: TokenStore,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._request, self._store = name, ask, store
        self._now, self._monotonic = now, monotonic
        self._known: tuple[str, datetime] | None = None
        self._flight: asyncio.Task[str] | None = None
        self._refused: tuple[float, SendError] | None = None
        self._renewed: deque[float] = deque(maxlen=RENEWALS)  # when tokens that still had time were replaced

    async def get(self, stale: str = "") -> str:
        """A token that is not `stale` (the one a call was just refused with), unless the platform insists on it.

        It is `stale` again when the platform has refused several fresh ones in a few seconds.

        Raises SendError: SETUP while the secret is wrong, else what the request met.
        """
        if self._known is not None and self._fresh(self._known, stale):
            return self._known[0]
        if self._flight is None or self._flight.done():
            if stale and self._renewed_too_often():
                return stale
            self._flight = asyncio.create_task(self._fetch(stale))
            self._flight.add_done_callback(_looked_at)
        return await asyncio.shield(self._flight)

    def _renewed_too_often(self) -> bool:
        now = self._monotonic()
        if len(self._renewed) == RENEWALS and now - self._renewed[0] < RENEWAL_SECONDS:
            return True
        self._renewed.append(now)
        return False

    def _fresh(self, known: tuple[str, datetime], stale: str) -> bool:
        return known[0] != stale and known[1] > self._now()

    async def _fetch(self, stale: str) -> str:
        if self._refused is not None and self._monotonic() < self._refused[0]:
            raise self._refused[1]
        try:
            async with asyncio.timeout(STORE_SECONDS):
                return await self._fetch_as_one(stale)
        except SendError:
            raise
        except Exception as error:
            # Without the place where replicas share tokens, each fetches its own: the platform gives all the same one.
            log.warning("token_store_away", error=type(error).__name__)
            self._known = await self._ask()
            return self._known[0]

    async def _fetch_as_one(self, stale: str) -> str:
        """The token replicas share; only where that is not fresh do they wait for one of them to ask."""
        known = await self._store.get(self._name)
        if known is None or not self._fresh(known, stale):
            async with self._store.lock(self._name):
                known = await self._store.get(self._name)  # somebody else may have fetched it while we waited
                if known is None or not self._fresh(known, stale):
                    known = await self._ask()
                    await self._store.put(self._name, *known)
        self._known = known
        return known[0]

    async def _ask(self) -> tuple[str, datetime]:
        try:
            token, seconds = await self._request()
        except SendError as error:
            if error.fate is Fate.SETUP:
                self._refused = (self._monotonic() + REFUSED_SECONDS, error)
                log.error("secret_refused", app=self._name.partition(":")[0], code=error.code)
            raise
        if not isinstance(token, str) or not token or not isinstance(seconds, int):
            raise SendError(Fate.RETRY, "broken", "no token in the answer")
        lifetime = timedelta(seconds=max(1, min(seconds, MAX_SECONDS)))
        return token, self._now() + lifetime - min(MARGIN, lifetime / 10)


def _looked_at(task: asyncio.Task[str]) -> None:
    """Its callers may all be gone: then nobody else reads the exception."""
    if not task.cancelled():
        task.exception()
