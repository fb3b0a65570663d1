"""The database's schema: is it the newest, and bring it there (Alembic)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

import migrations
from bot import leases
from bot.config import ConfigError
from bot.tables import Lease
from scrm import defaults
from scrm.db import Database

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

_HERE = Path(migrations.__file__).parent
_LOCK = 72_118_004  # any number of our own: one migration at a time


def _config(connection: Connection) -> AlembicConfig:
    from alembic.config import Config  # most starts have nothing to upgrade

    config = Config(_HERE / "alembic.ini")
    config.attributes["connection"] = connection
    return config


def is_current(database: Database) -> bool:
    """Whether the database has the schema of this version."""
    return _revision(database) == newest()


def _revision(database: Database) -> str | None:
    """What the database says it is. Asked without Alembic, which every start would have to import."""
    if not inspect(database.engine).has_table("alembic_version"):
        return None
    with database.engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def newest() -> str:
    """The revision this version of the program needs."""
    return max(known_revisions())


def known_revisions() -> set[str]:
    """Every schema this version of the program knows: a migration's file is named by its number."""
    return {path.name[:4] for path in (_HERE / "versions").glob("[0-9][0-9][0-9][0-9]_*.py")}


def migrate(database: Database, *, force: bool = False) -> bool:
    """Bring the schema to the newest, with the default stages; whether anything was to do. Works on an empty database.

    Raises StillRunning while replicas serve, unless forced, and SchemaTooNew.
    """
    if is_current(database):
        return False
    _refuse_newer(database)
    if not force and not database.is_sqlite and (many := running(database)):
        raise StillRunning(
            f"有 {many} 个副本正在运行，升级表结构时它们会出错。请先停掉全部副本，再运行 scrm-bot migrate，然后用新版本启动；"
            "确定已经停掉的（刚被强行杀掉的副本 45 秒后才不算），可以加 --force"
        )
    _upgrade(database)
    return True


def _upgrade(database: Database) -> None:
    from alembic import command

    with database.engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(_config(connection), "head")
    with database.write() as session:
        defaults.seed(session)


def running(database: Database) -> int:
    """How many processes serve with this database now."""
    if not inspect(database.engine).has_table(Lease.__tablename__):
        return 0
    with database.read() as session:
        return leases.running(session)


def _refuse_newer(database: Database) -> None:
    found = _revision(database)
    if found is not None and found not in known_revisions():
        raise SchemaTooNew(f"数据库结构（{found}）比这个版本的程序新，请升级程序；要退回旧版本，请恢复升级前的备份")


class StillRunning(ConfigError):
    """Replicas serve with the old schema: they would break under a new one."""


class SchemaTooNew(ConfigError):
    """The schema is of a later version of the program."""


class SchemaTooOld(ConfigError):
    """PostgreSQL has an older schema: several replicas may be running, so a person decides when to migrate."""


def ensure_current(database: Database) -> None:
    """On SQLite bring the schema up to date; on PostgreSQL refuse with the command to run. Raises SchemaTooNew."""
    if is_current(database):
        return
    _refuse_newer(database)
    if not database.is_sqlite:
        raise SchemaTooOld("数据库结构不是最新的，请先运行：scrm-bot migrate -c 配置文件")
    _upgrade(database)
