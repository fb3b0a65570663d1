"""The event loop's way to the database: work runs in threads, one on SQLite (which has one writer), a few on PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.troubles import DATABASE, Troubles
from scrm.db import Database, why_away

T = TypeVar("T")

# With a full or read-only file much still goes well: only who has written something new may say that it is over.
STAYS = frozenset({"full", "read_only", "io"})


class Store:
    """Runs functions of a session in one write transaction each, off the loop; says when the database cannot serve."""

    def __init__(self, database: Database, troubles: Troubles | None = None) -> None:
        self.database = database
        self.troubles = troubles or Troubles()
        self.threads = 1 if database.is_sqlite else 6
        self.served_since = 0.0  # by the monotonic clock; 0 when it has never been away
        self._away = ""
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="store")

    async def run(self, work: Callable[[Session], T], *, synced: bool = True) -> T:
        """The result of `work`, committed (`synced`: see `Database.write`). A cancelled caller does not cancel the transaction."""
        write = partial(self.database.run, work, synced=synced)
        future = asyncio.get_running_loop().run_in_executor(self._pool, write)
        try:
            result = await asyncio.shield(future)
        except SQLAlchemyError as error:
            self.away(why_away(error))
            raise
        if self._away and self._away not in STAYS:
            self.serves()
        return result

    def away(self, why: str) -> None:
        """The database could not serve ("": it could), as seen here or by who writes past us."""
        if why:
            self._away = why
            self.troubles.struck(DATABASE, why)

    def serves(self) -> None:
        """The database has taken something new."""
        if self._away:
            self._away, self.served_since = "", time.monotonic()
        self.troubles.over(DATABASE)

    def close(self) -> None:
        """Wait for what runs, then give the connections back."""
        self._pool.shutdown(wait=True)
        self.database.close()
