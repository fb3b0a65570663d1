"""The event loop's way to the database: work runs in threads, one on SQLite (which has one writer), a few on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy.orm import Session

from scrm.db import Database

T = TypeVar("T")


class Store:
    """Runs functions of a session in one write transaction each, off the loop."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.threads = 1 if database.is_sqlite else 6
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="store")

    async def run(self, work: Callable[[Session], T]) -> T:
        """The result of `work`, committed. A cancelled caller does not cancel the transaction."""
        future = asyncio.get_running_loop().run_in_executor(self._pool, self.database.run, work)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait for what runs, then give the connections back."""
        self._pool.shutdown(wait=True)
        self.database.close()
