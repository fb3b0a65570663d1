"""The loop that takes events off the inbox, and asks the platform who a new speaker is."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.cards.card import Card
from bot.directories import remember_person
from bot.dispatcher import Dispatcher, Handled
from bot.platforms.base import DirectorySource, Fate, Person, SendError
from bot.store import Store
from bot.turn import NeedsPerson
from scrm.db import why_away

log = structlog.get_logger("dispatch")

POLL_SECONDS = 0.4  # how late another replica's row may be noticed
PAUSE_SECONDS = 1.0  # after a round that failed
STRANGER_SECONDS = 60.0
LOOKUP_TRIES = 4
LOOKUP_PAUSE = 0.5


class DispatchLoop:
    """Handles events as they come; on PostgreSQL several at a time, of different speakers."""

    def __init__(
        self, store: Store, dispatcher: Dispatcher, directories: Mapping[str, DirectorySource], on_done: Callable[[], None],
        render_update: Callable[[Card], Mapping[str, Any]],
    ) -> None:  # fmt: skip
        self._store, self._dispatcher, self._directories = store, dispatcher, directories
        self._on_done, self._render = on_done, render_update
        self._wake = asyncio.Event()
        self._looking: dict[int, asyncio.Task[None]] = {}
        self._strangers: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._outcomes: OrderedDict[str, asyncio.Future[Mapping[str, Any] | None]] = OrderedDict()
        self._stopping = False

    def nudge(self) -> None:
        """There may be something to do."""
        self._wake.set()

    async def run(self) -> None:
        """Until stop(): handle, or wait for a nudge or the poll."""
        workers = [asyncio.create_task(self._work()) for _ in range(min(4, self._store.threads))]
        await asyncio.gather(*workers)

    def stop(self) -> None:
        """Finish the events in hand, then return from run()."""
        self._stopping = True
        self._wake.set()

    async def outcome(self, key: str, seconds: float) -> Mapping[str, Any] | None:
        """What the clicker's own card becomes, if the click is handled here within `seconds`."""
        future = self._outcome_of(key)
        try:
            return await asyncio.wait_for(asyncio.shield(future), seconds)
        except TimeoutError:
            return None

    def _outcome_of(self, key: str) -> asyncio.Future[Mapping[str, Any] | None]:
        if key not in self._outcomes:
            self._outcomes[key] = asyncio.get_running_loop().create_future()
            while len(self._outcomes) > 512:
                self._outcomes.popitem(last=False)
        return self._outcomes[key]

    async def _work(self) -> None:
        while not self._stopping:
            try:
                busy = await self._step()
            except Exception as error:  # a worker outlives whatever goes wrong in one round
                if not why_away(error):
                    log.error("step_failed", error=type(error).__name__, exc_info=_without_data(error))
                busy = False
                await asyncio.sleep(PAUSE_SECONDS)
            if not busy and not self._stopping:
                self._wake.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)

    async def _step(self) -> bool:
        """Handle one event; whether there was one."""
        seen: list[int] = []

        def work(session: Session) -> Handled | NeedsPerson | None:
            return self._dispatcher.handle_next(session, list(self._looking), self._known_strangers(), seen)

        try:
            # Its event is on the disk already, and what it owes leaves only after the claim is, which brings this along.
            result = await self._store.run(work, synced=False)
        except Exception as error:
            # A database that cannot serve is nothing this event did: it is taken up again however long that lasts.
            if not seen or why_away(error):
                raise
            await self._failed(seen[0], _without_data(error) or RuntimeError(f"database: {type(error).__name__}"))
            return True
        if result is None:
            return False
        if isinstance(result, NeedsPerson):
            self._look_up(result)
            return True
        self._tell_outcome(result)
        self._on_done()
        return True

    async def _failed(self, row_id: int, error: BaseException) -> None:
        await self._store.run(lambda session: self._dispatcher.fail(session, row_id, error))
        self._on_done()

    def _tell_outcome(self, handled: Handled) -> None:
        if not handled.key.startswith("dingtalk:") or handled.kind != "click":
            return
        future = self._outcome_of(handled.key)
        if not future.done():
            future.set_result(self._render(handled.update) if handled.update is not None else None)

    # --- who is this?

    def _known_strangers(self) -> frozenset[tuple[str, str]]:
        now = monotonic()
        while self._strangers and next(iter(self._strangers.values())) < now:
            self._strangers.popitem(last=False)
        return frozenset(self._strangers)

    def _look_up(self, needed: NeedsPerson) -> None:
        if needed.row_id in self._looking or (needed.platform, needed.user_id) in self._strangers:
            return  # two workers came upon the same row, and one of them has asked
        task = asyncio.create_task(self._ask_directory(needed))
        self._looking[needed.row_id] = task

        def done(_: asyncio.Task[None]) -> None:
            self._looking.pop(needed.row_id, None)
            self.nudge()

        task.add_done_callback(done)

    async def _ask_directory(self, needed: NeedsPerson) -> None:
        try:
            person = await self._person(needed)
            if person is None:
                self._strangers[(needed.platform, needed.user_id)] = monotonic() + STRANGER_SECONDS
            else:
                await self._store.run(lambda session: remember_person(session, needed.platform, person))
        except Exception as error:  # the row is taken up again: not at once
            if not why_away(error):
                log.error("lookup_failed", user=needed.user_id, exc_info=error)
            await asyncio.sleep(1)

    async def _person(self, needed: NeedsPerson) -> Person | None:
        """Who this is. While the directory does not answer: a few tries, then the door is trusted, which vouches for its own corp."""
        source, troubles = self._directories[needed.platform], self._store.troubles
        what = f"{needed.platform}_directory"
        for tries in range(1, LOOKUP_TRIES + 1):
            try:
                person = await source.person(needed.user_id)
                troubles.over(what)
                return person
            except SendError as error:
                troubles.struck(what, error.code, fate=error.fate)
                if error.fate not in (Fate.RETRY, Fate.RATE, Fate.TOKEN):
                    break
            if tries < LOOKUP_TRIES:
                await asyncio.sleep(LOOKUP_PAUSE * 2**tries)
        return Person(needed.user_id, needed.name or needed.user_id)


def _without_data(error: Exception) -> Exception | None:
    """The error, unless its text may quote rows."""
    return None if isinstance(error, DBAPIError) else error
