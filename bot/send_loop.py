"""The loop that hands what we owe to the platforms and writes back what they said."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot import metrics, outbox
from bot.platforms.base import Fate, Outgoing, Sender, SendError, Sent
from bot.settle import Settle, is_simple
from bot.store import Store
from scrm.db import why_away

log = structlog.get_logger("send")

POLL_SECONDS = 0.4
GATHER_SECONDS = 0.02  # what comes within it is claimed together, and written back together
EXPIRE_SECONDS = 1.0  # between two looks for what is too late
PAUSE_SECONDS = 1.0  # after a round that failed
MAX_IN_FLIGHT = 48
# Well inside the lease: a call that hangs is given up before somebody else may claim its row.
SEND_SECONDS, URGENT_SECONDS = 20.0, 6.0
STOP_SECONDS = 5.0  # what flies longer when we stop is sent again by whoever comes next, marked as repeated
DRAIN_POLL_SECONDS = 0.2
WRITE_TRIES = 8
UNWRITTEN_SECONDS = 0.5
# After the database was away the leases of what was sent meanwhile may have run out: who sent it writes that down first.
WRITE_BACK_FIRST = 3.0
DOOR_CLOSED = "door_closed"
DATABASE_AWAY = "database_away"
PATIENCE_MS = 10_000  # of `tick` with a platform that does not answer: three attempts

Call = Callable[[Outgoing], Awaitable[Sent]]


class SendLoop:
    """Claims rows for the doors that are open here, sends them side by side; what simply arrived is written back together, anything else in a transaction of its own."""

    def __init__(self, store: Store, settle: Settle, holder: str) -> None:
        self._store, self._settle, self._holder = store, settle, holder
        self._senders: dict[str, Sender] = {}
        self._calls: dict[str, Call] = {}
        self._wake = asyncio.Event()
        self._flying: set[asyncio.Task[None]] = set()
        self._arrived: list[tuple[Outgoing, Sent]] = []
        self._writing: asyncio.Task[bool] | None = None
        self._stopping = False
        self._expire_at = 0.0  # by the monotonic clock
        self._unwritten = 0  # outcomes that the database could not take yet
        self.sent = 0  # rows the platforms have taken from us

    def open_door(self, door: str, sender: Sender) -> None:
        """From now on rows for this door are sent here."""
        self._senders[door] = sender
        self.nudge()

    def close_door(self, door: str) -> None:
        """Another process serves this door now, or nobody."""
        self._senders.pop(door, None)
        for what in (door, f"{door}:update"):
            self._store.troubles.over(what)

    def serve_calls(self, calls: Mapping[str, Call]) -> None:
        """Serve these kinds of platform calls here."""
        self._calls.update(calls)

    @property
    def doors(self) -> list[str]:
        """Doors whose rows are claimed here."""
        return [*self._senders, outbox.CALL]

    def nudge(self) -> None:
        """There may be something to send."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what flies, then return from run()."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Until stop(): claim and send, or wait for a nudge or the poll."""
        while not self._stopping:
            began = time.monotonic()
            try:
                claimed = await self.claim_and_start()
            except Exception as error:  # the loop outlives whatever goes wrong in one round
                if not why_away(error):
                    shown = None if isinstance(error, DBAPIError) else error
                    log.error("claim_failed", error=type(error).__name__, exc_info=shown)
                claimed = 0
                await asyncio.sleep(PAUSE_SECONDS)
            if not claimed and not self._stopping:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
            self._wake.clear()
            await asyncio.sleep(max(0.0, began + GATHER_SECONDS - time.monotonic()))
        if self._flying:
            _, hanging = await asyncio.wait(self._flying, timeout=STOP_SECONDS)
            for task in hanging:
                task.cancel()

    async def drain(self, seconds: float = 30.0) -> int:
        """Send everything that is due, and what comes due while a passing trouble lasts; how many were sent. For `tick`."""
        before, until_ms = self.sent, outbox.now_ms() + int(seconds * 1000)
        patience_ms = outbox.now_ms() + PATIENCE_MS
        while outbox.now_ms() < until_ms:
            try:
                claimed = await self.claim_and_start()
                waits = (
                    await self._store.run(lambda session: outbox.next_due_ms(session, self.doors, patience_ms))
                    is not None
                )
            except DBAPIError:  # another process holds the database: it will be free again
                claimed, waits = 0, True
            if not claimed and not self._flying and not waits:
                break
            if self._flying:
                await asyncio.wait(self._flying, timeout=DRAIN_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            elif not claimed:
                await asyncio.sleep(DRAIN_POLL_SECONDS)
        return self.sent - before

    async def claim_and_start(self) -> int:
        """Claim what is due and start sending it; how many rows that was."""
        if self._unwritten:
            return 0  # what cannot be written down is not sent
        room = MAX_IN_FLIGHT - len(self._flying)
        if room <= 0:
            await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
            return 1

        reclaim = time.monotonic() - self._store.served_since > WRITE_BACK_FIRST or not self._store.served_since

        def work(session: Session) -> Sequence[Outgoing]:
            if time.monotonic() >= self._expire_at:
                self._settle.expire(session)
                self._expire_at = time.monotonic() + EXPIRE_SECONDS
            return outbox.claim(session, self.doors, self._holder, min(room, outbox.BATCH), reclaim=reclaim)

        items = await self._store.run(work)
        for item in items:
            task = asyncio.create_task(self._send(item))
            self._flying.add(task)
            task.add_done_callback(self._landed)
        return len(items)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self.nudge()
        if not task.cancelled() and task.exception() is not None:
            log.error("send_task_broke", exc_info=task.exception())

    async def _send(self, item: Outgoing) -> None:
        outcome: Sent | SendError
        try:
            seconds = URGENT_SECONDS if item.urgent else SEND_SECONDS
            outcome = await asyncio.wait_for(self._hand_over(item), seconds)
        except SendError as error:
            outcome = error
        except TimeoutError:
            outcome = SendError(Fate.RETRY, "timeout")
        except Exception as error:
            outcome = _broken(item, error)
        code = outcome.code if isinstance(outcome, SendError) else "ok"
        self.sent += isinstance(outcome, Sent)
        metrics.SENDS.labels(item.door or item.kind, code[:24]).inc()
        self._note(item, outcome)
        await self._write_back(item, outcome)

    def _note(self, item: Outgoing, outcome: Sent | SendError) -> None:
        """Trouble of a door or a kind of call is said once; what concerns this row alone is said when it is given up."""
        what, troubles = _what(item), self._store.troubles
        if not isinstance(outcome, SendError):
            troubles.over(what)
        elif (
            outcome.fate is not Fate.PERMANENT
            and not outcome.recipient
            and outcome.code not in (DOOR_CLOSED, DATABASE_AWAY)
        ):
            troubles.struck(what, outcome.code, fate=outcome.fate, key=item.key)

    async def _hand_over(self, item: Outgoing) -> Sent:
        if not item.door:
            call = self._calls.get(item.kind)
            if call is None:
                raise SendError(Fate.PERMANENT, "not_configured", item.kind)
            return await call(item)
        sender = self._senders.get(item.door)
        if sender is None:
            raise SendError(Fate.RETRY, DOOR_CLOSED)  # the socket went to another process after we claimed the row
        return await sender.send(item)

    async def _write_back(self, item: Outgoing, outcome: Sent | SendError) -> None:
        """The platform has acted: keep trying to say so, for as long as the database is away."""
        if isinstance(outcome, Sent) and is_simple(item) and await self._written_with_others(item, outcome):
            return
        attempt, waiting = 0, False
        try:
            while attempt < WRITE_TRIES:
                try:
                    await self._store.run(lambda session: self._settle.settle(session, item, outcome, self._holder))
                    return
                except DBAPIError as error:
                    if why_away(error):
                        self._unwritten += not waiting
                        waiting = True
                        await asyncio.sleep(UNWRITTEN_SECONDS * (0.5 + random.random()))
                        continue
                    log.error("write_back_failed", key=item.key, error=type(error.orig).__name__)
                    await asyncio.sleep(min(5, 0.2 * 2**attempt) * (0.5 + random.random()))
                    attempt += 1
        finally:
            self._unwritten -= waiting

    async def _written_with_others(self, item: Outgoing, sent: Sent) -> bool:
        """Whether it was written back in one transaction with what else arrived in these milliseconds."""
        self._arrived.append((item, sent))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_arrived())
        return await asyncio.shield(self._writing)

    async def _write_arrived(self) -> bool:
        await asyncio.sleep(GATHER_SECONDS)
        arrived, self._arrived, self._writing = self._arrived, [], None
        try:
            await self._store.run(lambda session: self._settle.settle_sent(session, arrived, self._holder))
        except DBAPIError:
            return False  # each for itself, until the database takes it
        return True


def _broken(item: Outgoing, error: Exception) -> SendError:
    """What a sender raised that it should not: the database it keeps its tokens in is away, or it has a bug."""
    if why_away(error):
        return SendError(Fate.RETRY, DATABASE_AWAY)
    log.error("sender_broke", key=item.key, kind=item.kind, exc_info=error)
    return SendError(Fate.PERMANENT, f"bug:{type(error).__name__}")


def _what(item: Outgoing) -> str:
    """What fails when this fails: a door's messages, its updates (another interface), or a kind of call."""
    return f"{item.door}:update" if item.door and item.kind == "update" else item.door or item.kind
