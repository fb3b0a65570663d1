"""Databases that cannot serve for a while, each broken the way it breaks in the field."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import sqlalchemy as sa

from scrm.db import Database
from tests.conftest import END_OTHERS
from tests.wire_proxy import Wire


class Pragma:
    """SQLite as on a full disk, or a disk that was mounted read-only: the engine itself refuses what does not fit."""

    def __init__(self, database: Database, broken: str, whole: str) -> None:
        self._broken, self._whole, self._is_broken = broken, whole, False
        sa.event.listen(database.engine, "checkout", self._prepare)

    async def begin(self) -> None:
        self._is_broken = True

    async def end(self) -> None:
        self._is_broken = False

    def _prepare(self, connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA {self._broken if self._is_broken else self._whole}")


class Locked:
    """Another process holds the only lock SQLite has."""

    def __init__(self, database: Database) -> None:
        self._file = str(database.url.database)
        sa.event.listen(database.engine, "checkout", self._be_impatient)

    async def begin(self) -> None:
        self._other = sqlite3.connect(self._file, isolation_level=None, timeout=5)
        self._other.execute("BEGIN IMMEDIATE")

    async def end(self) -> None:
        self._other.execute("ROLLBACK")
        self._other.close()

    def _be_impatient(self, connection: Any, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout=100")


class Gone:
    """PostgreSQL is shut down or the network to it is cut: connections are reset, new ones refused."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def begin(self) -> None:
        await self._wire.cut()

    async def end(self) -> None:
        await self._wire.start()


class Standby:
    """After a fail-over the old primary takes no writes, and whoever is connected stays connected to it."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)

    async def begin(self) -> None:
        await asyncio.to_thread(self._become, "on", end_sessions=True)

    async def end(self) -> None:
        await asyncio.to_thread(self._become, "off", end_sessions=False)

    def _become(self, read_only: str, *, end_sessions: bool) -> None:
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("SET default_transaction_read_only = off"))
            name = connection.scalar(sa.text("SELECT quote_ident(current_database())"))
            connection.execute(sa.text(f"ALTER DATABASE {name} SET default_transaction_read_only = {read_only}"))
            if end_sessions:
                connection.execute(sa.text(END_OTHERS))


def broken(kind: str, database: Database, wire: Wire, url: str) -> Pragma | Locked | Gone | Standby:
    """The trouble by its name."""
    if kind == "full":
        return Pragma(database, "max_page_count=1", "max_page_count=1073741823")
    if kind == "read_only":
        return Pragma(database, "query_only=ON", "query_only=OFF")
    if kind == "busy":
        return Locked(database)
    if kind == "gone":
        return Gone(wire)
    return Standby(url)
