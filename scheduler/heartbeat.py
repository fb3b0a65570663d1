"""APScheduler as a heartbeat and nothing more: one in-memory job; what is due is a question to the database.

A job per follow-up would be a second truth about "due", and APScheduler drops what it missed by more than its grace. It waits
by the wall clock, so two things are ours: after a clock set far ahead nothing is caught up beat by beat, and a watch by the
monotonic clock asks for the beat that a clock set back would hold up for as long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

log = structlog.get_logger("heartbeat")

BEAT_SECONDS = 15.0  # what is due is pushed well within 90 s
LATE = 1.5  # beats without one: the wall clock was set back
_JOB = "beat"


class _Steady(BaseTrigger):  # type: ignore[misc]
    """The next beat counts from now, however many the wall clock has jumped over."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """One beat from now."""
        return now + timedelta(seconds=max(BEAT_SECONDS, 0.001))


class Heartbeat:
    """Calls `beat` at once and then every 15 s, never two at a time; a beat under way is waited for when we stop."""

    def __init__(self, beat: Callable[[], Awaitable[None]]) -> None:
        self._beat = beat
        self._beating = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._last = 0.0  # when a beat last began, by the monotonic clock
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_job(
            self._once, _Steady(), id=_JOB, next_run_time=datetime.now(UTC), max_instances=1, coalesce=True,
            misfire_grace_time=None,
        )  # fmt: skip

    def start(self) -> None:
        """Start beating on the running loop."""
        self._last = asyncio.get_running_loop().time()
        self._scheduler.start()
        self._watching = asyncio.create_task(self._watch(), name="heartbeat-watch")

    async def stop(self) -> None:
        """Beat no more, and finish the beat under way."""
        self._stopping.set()
        if self._watching is not None:
            await self._watching
            self._scheduler.pause()
            async with self._beating:
                self._scheduler.shutdown(wait=False)

    async def _once(self) -> None:
        if self._stopping.is_set():
            return
        async with self._beating:
            self._last = asyncio.get_running_loop().time()
            try:
                await self._beat()
            except Exception as error:  # a beat that broke is no reason to have no more
                log.error("beat_failed", exc_info=error)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), max(BEAT_SECONDS, 0.001) / 2)
            late = loop.time() - self._last > LATE * BEAT_SECONDS
            if late and not self._beating.locked() and not self._stopping.is_set():
                self._scheduler.modify_job(_JOB, next_run_time=datetime.now(UTC))
