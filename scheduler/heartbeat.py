"""The heartbeat: a loop by the monotonic clock, and nothing more; what is due is a question to the database.

No scheduler by the wall clock: one that waits for 10:15 stands still for two hours when the clock is set back by two, and
catches up beat by beat when it is set ahead by a year.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

log = structlog.get_logger("heartbeat")

BEAT_SECONDS = 15.0  # what is due is pushed well within 90 s


class Heartbeat:
    """Calls `beat` at once and then every 15 s, never two at a time; a beat under way is waited for when we stop."""

    def __init__(self, beat: Callable[[], Awaitable[None]]) -> None:
        self._beat = beat
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start beating on the running loop."""
        self._task = asyncio.create_task(self._run(), name="heartbeat")

    async def stop(self) -> None:
        """Beat no more, and finish the beat under way."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            try:
                await self._beat()
            except Exception as error:  # a beat that broke is no reason to have no more
                log.error("beat_failed", exc_info=error)
            pause = max(0.0, began + BEAT_SECONDS - loop.time())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
