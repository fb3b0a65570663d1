"""SQLite files with every table and the default stages, made once a process and copied: fifty times as fast as making them."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import bot.tables  # noqa: F401 - its tables belong to the schema
import scrm.models  # noqa: F401
from bot.schema import migrate
from scrm import defaults
from scrm.db import Base, Database


@cache
def with_tables() -> bytes:
    """A database file as the models describe it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made.db"
        made = Database(f"sqlite:///{file}")
        Base.metadata.create_all(made.engine)
        with made.write() as session:
            defaults.seed(session)
        made.close()
        return file.read_bytes()


@cache
def migrated() -> bytes:
    """A database file as the migrations make it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "migrated.db"
        made = Database(f"sqlite:///{file}")
        migrate(made)
        made.close()
        return file.read_bytes()


def migrate_new(database: Database) -> None:
    """Bring a database to the newest schema: a copy where SQLite has no file yet, else by the migrations."""
    if database.is_sqlite and not Path(str(database.url.database)).exists():
        Path(str(database.url.database)).write_bytes(migrated())
    else:
        migrate(database)
