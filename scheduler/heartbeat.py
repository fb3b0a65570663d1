"""APScheduler as a heartbeat and nothing more: one in-memory job; what is due is a question to the database.

A job per follow-up would be a second truth about "due", and APScheduler drops what it missed by more than its grace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

BEAT_SECONDS = 15  # what is due is pushed well within 90 s


class Heartbeat:
    """Calls `beat` at once and then every 15 s, never two at a time; a beat under way is waited for when we stop."""

    def __init__(self, beat: Callable[[], Awaitable[None]]) -> None:
        self._beat = beat
        self._beating = asyncio.Lock()
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_job(
            self._once,
            "interval",
            seconds=BEAT_SECONDS,
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def start(self) -> None:
        """Start beating on the running loop."""
        self._scheduler.start()

    async def stop(self) -> None:
        """Beat no more, and finish the beat under way."""
        if self._scheduler.running:
            self._scheduler.pause()
            async with self._beating:
                self._scheduler.shutdown(wait=False)

    async def _once(self) -> None:
        async with self._beating:
            await self._beat()
