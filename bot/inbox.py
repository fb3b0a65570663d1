"""The door's side of durability: events are committed before they are acknowledged, many callbacks per commit."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog

from bot import metrics
from bot.events import AnyEvent, Click, ContactChange, DirectoryChange, Enter, TagChange
from bot.platforms.base import Rejected, Unavailable
from scrm.db import Database, why_away

log = structlog.get_logger("inbox")

# A callback must be answered within 2 s even when the database is locked: platforms wait 5 s at most, and retry on 503.
ACCEPT_SECONDS = 1.5
MAX_WAITING = 20_000  # callbacks waiting for a commit; beyond it we say 503 rather than grow
MAX_BATCH = 512

_COLUMNS = "(key, speaker, lane, kind, payload, received_ms, state, not_before_ms, attempts, error)"
_SQLITE = f"INSERT INTO inbox {_COLUMNS} VALUES (?,?,?,?,?,?,0,0,0,'') ON CONFLICT (key) DO NOTHING"  # noqa: S608 - constants only
_POSTGRES = f"INSERT INTO inbox {_COLUMNS} VALUES (%s,%s,%s,%s,%s,%s,0,0,0,'') ON CONFLICT (key) DO NOTHING"  # noqa: S608 - constants only

Row = tuple[str, str, int, str, str, int]


class Inbox:
    """Accepts events from every door; `accept` returns once they are on disk."""

    def __init__(
        self,
        database: Database,
        nudge: Callable[[], None],
        away: Callable[[str], None] = lambda _: None,
        serves: Callable[[], None] = lambda: None,
    ) -> None:
        """`nudge` is told of new events, `away` and `serves` how the database does (see `Store`)."""
        self._database = database
        self._nudge, self._away, self._serves = nudge, away, serves
        self._statement = _SQLITE if database.is_sqlite else _POSTGRES
        self._waiting: list[tuple[list[Row], asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        # One thread of its own: an ack never queues behind business.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._closed = False

    async def accept(self, events: Sequence[AnyEvent]) -> None:
        """Commit these events (a repeat changes nothing). Raises Unavailable, or Rejected for text no database can hold."""
        if not events:
            return
        if self._closed or len(self._waiting) >= MAX_WAITING:
            raise Unavailable
        rows = [_row(event) for event in events]
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        started = time.perf_counter()
        try:
            await asyncio.wait_for(asyncio.shield(future), ACCEPT_SECONDS + 0.3)
        except TimeoutError as error:
            raise Unavailable from error
        metrics.ACCEPT_SECONDS.observe(time.perf_counter() - started)

    async def close(self) -> None:
        """Refuse new events, commit those that wait."""
        self._closed = True
        if self._writer is not None:
            await self._writer
        self._thread.shutdown(wait=True)

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            rows = [row for group, _ in batch for row in group]
            try:
                await loop.run_in_executor(self._thread, self._write, rows)
            except Exception as error:  # whatever it is, whoever waits is told to deliver again
                if why := "busy" if isinstance(error, TimeoutError) else why_away(error):
                    self._away(why)
                else:
                    log.error("inbox_unavailable", error=type(error).__name__, events=len(rows))
                _finish(batch, Unavailable())
            else:
                self._serves()
                _finish(batch, None)
                self._nudge()

    def _write(self, rows: list[Row]) -> None:
        deadline = time.monotonic() + ACCEPT_SECONDS
        with _held(self._database.one_writer, ACCEPT_SECONDS), self._database.engine.connect() as connection:
            self._limit_waiting(connection, max(50, int((deadline - time.monotonic()) * 1000)))
            try:
                with connection.begin():
                    connection.exec_driver_sql(self._statement, rows)
            finally:
                self._limit_waiting(connection, self._database.busy_timeout_ms)  # business borrows the same connections

    def _limit_waiting(self, connection: sa.Connection, milliseconds: int) -> None:
        raw: Any = connection.connection.driver_connection
        if self._database.is_sqlite:
            raw.execute(f"PRAGMA busy_timeout={milliseconds}")


class _held:
    """The lock, waited for a limited time: TimeoutError after that."""

    def __init__(self, lock: threading.Lock | None, seconds: float) -> None:
        self._lock, self._seconds = lock, seconds

    def __enter__(self) -> None:
        if self._lock is not None and not self._lock.acquire(timeout=self._seconds):
            raise TimeoutError("the database is busy")

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.release()


def _finish(batch: list[tuple[list[Row], asyncio.Future[None]]], error: Exception | None) -> None:
    for _, future in batch:
        if not future.done():
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
                # Whoever waited may have timed out already: then nobody reads the exception.
                with suppress(asyncio.CancelledError):
                    future.exception()


def _row(event: AnyEvent) -> Row:
    try:
        payload = msgspec.json.encode(event).decode()
        speaker = speaker_of(event)
        key = event.key
        (key + speaker).encode()
    except UnicodeEncodeError as error:
        raise Rejected(400, "text with half a character") from error
    kind = str(type(event).__struct_config__.tag)
    return _short(key), _short(speaker), lane_of(event), kind, payload, int(time.time() * 1000)


def speaker_of(event: AnyEvent) -> str:
    """Whose order counts: the person, or the external contact for changes of contacts."""
    if isinstance(event, ContactChange):
        return f"{event.origin.platform}:contact:{event.external_user_id}"
    if isinstance(event, (TagChange, DirectoryChange)):
        return f"{event.origin.platform}:sys:{type(event).__name__}"
    return f"{event.origin.platform}:{event.origin.user_id or event.key}"


def lane_of(event: AnyEvent) -> int:
    """0 for what dies in seconds (clicks, welcome codes), 1 for people, 2 for the rest."""
    if isinstance(event, Click) or (isinstance(event, ContactChange) and event.welcome_code):
        return 0
    return 2 if isinstance(event, (TagChange, DirectoryChange, Enter)) else 1


def _short(text: str) -> str:
    """A key that fits its column: long ones keep their start and a digest of the whole."""
    clean = text.replace("\x00", "")
    return clean if len(clean) <= 190 else clean[:120] + hashlib.sha256(clean.encode()).hexdigest()
