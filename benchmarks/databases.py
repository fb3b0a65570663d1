"""A database of a benchmark's own, gone afterwards, with the schema in place."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from bot.schema import migrate
from scrm.db import Database

POSTGRES = os.environ.get("SCRM_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
TITLES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


@contextmanager
def fresh(backend: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database of this kind; SQLite's file lies in `folder`."""
    if backend == "sqlite":
        yield _migrated(f"sqlite:///{folder / 'acme.db'}")
        return
    url, name = sa.make_url(POSTGRES), f"bench_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    try:
        yield _migrated(url.set(database=name).render_as_string(hide_password=False))
    finally:
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


def _migrated(url: str) -> str:
    database = Database(url)
    migrate(database)
    database.close()
    return url


def count(url: str, table: str) -> int:
    """How many rows a table has."""
    database = Database(url)
    with database.read() as session:
        rows = session.scalar(sa.select(sa.func.count()).select_from(sa.table(table)))
    database.close()
    return int(rows or 0)
