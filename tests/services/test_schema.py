"""The schema: migrations make what the models say, on an empty database and only once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import migrations
from bot import leases
from bot.schema import (
    SchemaTooNew,
    SchemaTooOld,
    StillRunning,
    _config,
    ensure_current,
    is_current,
    known_revisions,
    migrate,
    newest,
)
from bot.tables import Lease
from scrm.db import Base, Database
from scrm.models import Stage


def stages(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(pipeline, name) for pipeline, name in session.execute(sa.select(Stage.pipeline, Stage.name))]


def test_migrations_make_what_the_models_say(database_url: str) -> None:
    database = Database(database_url)
    assert not is_current(database)
    assert migrate(database)
    assert is_current(database)
    assert not migrate(database)
    assert len(stages(database)) >= 4
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_every_migration_is_named_by_its_number() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert known_revisions() == {one.revision for one in script.walk_revisions()}
    assert newest() == script.get_current_head()


async def test_two_who_migrate_at_once_do_not_collide(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(2)]
    await asyncio.gather(*(asyncio.to_thread(migrate, database) for database in databases))
    assert all(is_current(database) for database in databases)
    assert len(stages(databases[0])) == len(set(stages(databases[0])))
    for database in databases:
        database.close()


def test_sqlite_is_brought_up_to_date_at_start(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'deep' / 'down' / 'acme.db'}")
    ensure_current(database)
    assert is_current(database)
    database.close()


@pytest.mark.postgres
def test_an_old_postgresql_schema_is_refused_naming_the_command(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    with pytest.raises(SchemaTooOld, match="scrm-bot migrate"):
        ensure_current(database)
    migrate(database)
    ensure_current(database)
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(SchemaTooOld):
        ensure_current(database)
    database.close()
    versions = sorted(path.name[:4] for path in Path(migrations.__file__).parent.glob("versions/[0-9]*.py"))
    assert newest() == versions[-1]


@pytest.mark.postgres
def test_while_replicas_serve_a_migration_is_refused_and_nothing_changes(empty_postgres: str) -> None:
    database = Database(empty_postgres)
    with database.engine.begin() as connection:
        command.upgrade(_config(connection), "0001")
    for holder in ("a", "b"):
        database.run(lambda session, holder=holder: leases.sign_on(session, holder))
    with pytest.raises(StillRunning, match="2 个副本正在运行"):
        migrate(database)
    assert not is_current(database)
    database.run(lambda session: leases.sign_off(session, "a"))
    database.run(lambda session: session.execute(sa.update(Lease).values(until_ms=1)))  # b was killed a while ago
    assert migrate(database)
    assert is_current(database)
    database.close()


@pytest.mark.postgres
def test_who_knows_better_may_migrate_all_the_same(empty_postgres: str) -> None:
    database = Database(empty_postgres)
    with database.engine.begin() as connection:
        command.upgrade(_config(connection), "0001")
    database.run(lambda session: leases.sign_on(session, "a"))
    assert migrate(database, force=True)
    assert is_current(database)
    database.close()


def test_a_schema_of_a_later_version_is_left_alone(database_url: str) -> None:
    database = Database(database_url)
    migrate(database)
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for start in (ensure_current, migrate):
        with pytest.raises(SchemaTooNew, match="9999"):
            start(database)
    database.close()
