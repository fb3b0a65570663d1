"""The schema: migrations make what the models say, on an empty database and only once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import migrations
from bot.schema import SchemaTooOld, ensure_current, is_current, migrate, newest
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
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(SchemaTooOld):
        ensure_current(database)
    database.close()
    versions = sorted(path.name[:4] for path in Path(migrations.__file__).parent.glob("versions/[0-9]*.py"))
    assert newest() == versions[-1]
