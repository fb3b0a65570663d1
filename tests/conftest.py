"""Databases for the tests: a fresh one each, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import bot.tables  # noqa: F401 - its tables belong to the schema
import scrm.models  # noqa: F401
from scrm import defaults
from scrm.db import Base, Database
from tests import templates

POSTGRES = os.environ.get("SCRM_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
LEFT_OUT = "left out without"
REQUIRED = frozenset(os.environ.get("SCRM_REQUIRE", "").split(","))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests go to whichever worker is free; those that share one running product stay together."""
    from xdist.scheduler import LoadScopeScheduling

    class ByProduct(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            module, _, test = nodeid.partition("::")
            if "/acceptance/" not in module:
                return nodeid
            door = re.search(r"\[(wecom|dingtalk)_[a-z]+", test)
            return module + (door.group() if door else "")

    return ByProduct(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for each thing this machine lacks: how many tests were left out, and why."""
    lacking = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and LEFT_OUT in report.longrepr[2]
    )
    for why, count in lacking.items():
        terminalreporter.write_line(f"{count} tests {why}", yellow=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of this run's own on the PostgreSQL server; skipped with the reason where there is none."""
    with _own_database() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_with_tables() -> Iterator[str]:
    """Another one, with every table: emptied for each test, which is ten times as fast as making the tables again."""
    with _own_database() as url:
        made = Database(url)
        Base.metadata.create_all(made.engine)
        made.close()
        yield url


@contextmanager
def _own_database() -> Iterator[str]:
    server = sa.create_engine(
        sa.make_url(POSTGRES).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": 3},
    )
    name = f"scrm_test_{uuid.uuid4().hex[:12]}"
    try:
        with server.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
            # No test cuts the server's power: its commits need not reach the disk one by one.
            connection.execute(sa.text(f"ALTER DATABASE {name} SET synchronous_commit TO off"))
    except sa.exc.OperationalError as error:
        server.dispose()
        absent(
            "postgres",
            f"no PostgreSQL at {sa.make_url(POSTGRES).host}:{sa.make_url(POSTGRES).port}: {str(error.orig).splitlines()[0]}",
        )
    yield sa.make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    server.dispose()


def absent(what: str, why: str) -> None:
    """Skip, saying what is left out; a failure where SCRM_REQUIRE names it."""
    if what in REQUIRED:
        pytest.fail(f"{what} is required: {why}")
    pytest.skip(f"{LEFT_OUT} {what}: {why}")


@pytest.fixture
def empty_postgres(postgres_url: str) -> str:
    """A PostgreSQL database without a table."""
    database = Database(postgres_url)
    with database.engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    database.close()
    return postgres_url


END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
COUNT_FROM_ONE = """
    SELECT setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences WHERE schemaname = 'public'
"""
BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: a SQLite file, then a schema-less PostgreSQL database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'acme.db'}"
    return str(request.getfixturevalue("empty_postgres"))


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with every table and the default stages."""
    if request.param == "sqlite":
        (tmp_path / "acme.db").write_bytes(templates.with_tables())
        db = Database(f"sqlite:///{tmp_path / 'acme.db'}")
    else:
        db = Database(str(request.getfixturevalue("postgres_with_tables")))
        _empty(db)
        with db.write() as session:
            defaults.seed(session)
    yield db
    db.close()


def _empty(database: Database) -> None:
    """No row in any table, numbers from 1 again, and nobody left from the test before."""
    with database.engine.begin() as connection:
        connection.execute(sa.text(END_OTHERS))
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))  # in any order: no foreign keys
        for table in Base.metadata.sorted_tables:
            connection.execute(table.delete())
        connection.execute(sa.text(COUNT_FROM_ONE))
