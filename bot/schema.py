"""The database's schema: is it the newest, and bring it there (Alembic)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import migrations
from bot.config import ConfigError
from scrm import defaults
from scrm.db import Database

_HERE = Path(migrations.__file__).parent
_LOCK = 72_118_004  # any number of our own: one migration at a time


def _config(connection: Any = None) -> AlembicConfig:
    config = AlembicConfig(_HERE / "alembic.ini")
    config.attributes["connection"] = connection
    return config


def is_current(database: Database) -> bool:
    """Whether the database has the schema of this version."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest()


def newest() -> str | None:
    """The revision this version of the program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def migrate(database: Database) -> bool:
    """Bring the schema to the newest, with the default stages; whether anything was to do. Works on an empty database."""
    if is_current(database):
        return False
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(_config(connection), "head")
    with database.write() as session:
        defaults.seed(session)
    return True


class SchemaTooOld(ConfigError):
    """PostgreSQL has an older schema: several replicas may be running, so a person decides when to migrate."""


def ensure_current(database: Database) -> None:
    """On SQLite bring the schema up to date; on PostgreSQL refuse with the command to run."""
    if is_current(database):
        return
    if not database.is_sqlite:
        raise SchemaTooOld("数据库结构不是最新的，请先运行：scrm-bot migrate -c 配置文件")
    migrate(database)
