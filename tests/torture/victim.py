"""The process under torture: the product as it is, with a place to die and, for the harness's own test, a planted mistake.

Imported once by a fork server, so that a life costs a fork and not the imports.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import signal
import sys
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

import bot.__main__
import bot.app
import bot.tick
from bot import inbox, leases, outbox, send_loop
from bot.dispatch_loop import DispatchLoop
from bot.dispatcher import Dispatcher, Handled
from bot.inbox import Inbox
from bot.send_loop import SendLoop
from bot.settle import Settle
from bot.tables import DONE, NEW
from bot.tables import Inbox as InboxRow
from bot.turn import Turn
from scheduler import runner
from tests.torture.plan import Kill

BEFORE, AFTER = "before", "after"
# Where a step is: the function, and whether the process dies on entering it or with its result in hand.
STEPS: dict[str, tuple[Any, str, str]] = {
    "received": (Inbox, "accept", BEFORE),  # after receive
    "accepted": (Inbox, "_write", AFTER),  # after the commit, before the acknowledgement
    "handled": (Turn, "run", AFTER),  # effects written, before their commit
    "done": (DispatchLoop, "_tell_outcome", BEFORE),  # after that commit
    "claimed": (SendLoop, "_hand_over", BEFORE),  # before send
    "sent": (SendLoop, "_hand_over", AFTER),  # after send, before write-back
    "settled": (Settle, "settle", AFTER),  # written back, before the commit
    "written": (SendLoop, "_write_back", AFTER),  # after that commit
}
# Shorter than the product's own: half a minute's wait after every death would test nothing more.
LEASE_MS, SEND_SECONDS, SOCKET_SECONDS = 6_000, 3.0, 2.0


def live(arguments: Sequence[str], log: Path, kill: Kill, mistake: str = "") -> None:
    """`scrm-bot …` until it ends or dies."""
    file = os.open(log, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.dup2(file, 1)
    os.dup2(file, 2)
    _shorten_leases()
    if mistake:
        MISTAKES[mistake]()
    if kill.step:
        _arm(kill)
    sys.argv = ["scrm-bot", *arguments]
    bot.__main__.main()


def _shorten_leases() -> None:
    outbox.LEASE_MS = outbox.URGENT_LEASE_MS = LEASE_MS
    send_loop.SEND_SECONDS = send_loop.URGENT_SECONDS = SEND_SECONDS
    leases.SOCKET_LEASE_SECONDS = SOCKET_SECONDS


# --- dying


def _arm(kill: Kill) -> None:
    passes, lock = 0, Lock()

    def passed() -> None:
        nonlocal passes
        with lock:
            passes += 1
            if passes == kill.nth:
                os.kill(os.getpid(), signal.SIGKILL)

    if kill.step == "inserted":  # after the insert, before its commit

        @sa.event.listens_for(Engine, "after_cursor_execute")
        def _inserted(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("INSERT INTO inbox"):
                passed()

    elif kill.step == "ticking":  # a job has done something, before its commit
        original = runner._transaction
        runner._transaction = lambda *arguments: _followed(original(*arguments), passed)
    else:
        owner, name, when = STEPS[kill.step]
        setattr(owner, name, _watched(getattr(owner, name), when, passed))


def _followed(work: Callable[[Any], int], passed: Callable[[], None]) -> Callable[[Any], int]:
    def watched(session: Any) -> int:
        did = work(session)
        if did > 0:
            passed()
        return did

    return watched


def _watched(original: Callable[..., Any], when: str, passed: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(original)
    def plain(*arguments: Any, **named: Any) -> Any:
        if when == BEFORE:
            passed()
        result = original(*arguments, **named)
        if when == AFTER:
            passed()
        return result

    @functools.wraps(original)
    async def waiting(*arguments: Any, **named: Any) -> Any:
        if when == BEFORE:
            passed()
        result = await original(*arguments, **named)
        if when == AFTER:
            passed()
        return result

    return waiting if inspect.iscoroutinefunction(original) else plain


# --- planted mistakes: what the checks must see


def _ack_before_commit() -> None:
    """The platform is told at once, and the row is written a moment later."""
    original, later = Inbox.accept, set[asyncio.Task[None]]()

    async def accept(self: Inbox, events: Any) -> None:
        async def write() -> None:
            await asyncio.sleep(0.05)
            await original(self, events)

        task = asyncio.create_task(write())
        later.add(task)
        task.add_done_callback(later.discard)

    Inbox.accept = accept  # type: ignore[method-assign]


def _two_transactions() -> None:
    """The effects commit, then in a second transaction that the event is done. For one worker, as on SQLite."""
    original = Dispatcher.handle_next

    def handle_next(self: Dispatcher, session: Any, *arguments: Any) -> Any:
        half: list[Handled] = self.__dict__.setdefault("half", [])
        if half:
            handled = half.pop()
            row = session.get(InboxRow, handled.row_id)
            row.state, row.done_ms = DONE, outbox.now_ms()
            return handled
        result = original(self, session, *arguments)
        if isinstance(result, Handled):
            session.execute(sa.update(InboxRow).where(InboxRow.id == result.row_id).values(state=NEW))
            half.append(result)
        return result

    Dispatcher.handle_next = handle_next  # type: ignore[method-assign]


def _check_then_insert() -> None:
    """A look whether the key is there, instead of the unique key that refuses a second row."""
    accept, write = Inbox.accept, Inbox._write

    def news(database: Any, events: Any) -> list[Any]:
        with database.engine.connect() as connection:
            return [
                event
                for event in events
                if not connection.scalar(sa.select(InboxRow.id).where(InboxRow.key.startswith(inbox._row(event)[0])))
            ]

    async def look_and_accept(self: Inbox, events: Any) -> None:
        found = await asyncio.to_thread(news, self._database, events)
        await asyncio.sleep(0.02)
        await accept(self, found)

    def write_under_any_key(self: Inbox, rows: Any) -> None:
        write(self, [(f"{row[0]}#{uuid.uuid4().hex}"[:200], *row[1:]) for row in rows])

    Inbox.accept, Inbox._write = look_and_accept, write_under_any_key  # type: ignore[method-assign]


MISTAKES: dict[str, Callable[[], None]] = {
    "ack_before_commit": _ack_before_commit,
    "two_transactions": _two_transactions,
    "check_then_insert": _check_then_insert,
}
