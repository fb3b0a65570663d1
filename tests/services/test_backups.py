"""Backup and restore on both databases: while somebody writes, with damaged files, and never over what somebody uses."""

from __future__ import annotations

import hashlib
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import backups, leases
from bot.backups import BackupFailed, back_up, restore
from bot.outbox import now_ms
from bot.schema import is_current, migrate
from bot.tables import Lease, Token
from scrm import members
from scrm.db import Base, Database
from scrm.models import Customer, Member

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


@pytest.fixture
def company(database_url: str) -> Iterator[Database]:
    """A company with one rep, three customers, an access token and a lease."""
    database = Database(database_url)
    migrate(database)
    with database.write() as session:
        members.ensure(session, "wecom", "lina", "李娜", now=NOW)
        session.add_all(Customer(name=name, name_key=name, owner_id=1) for name in ("宏图精密", "远洋物流", "青山药业"))
        session.add(Token(name="wecom:1", value="THE-ACCESS-TOKEN", until_ms=now_ms() + 7_200_000))
        session.add(Lease(name="wecom_bot", holder="h", until_ms=now_ms() + 60_000))
    yield database
    database.close()


def names(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(sa.select(Customer.name)))


def add(database: Database, name: str) -> None:
    with database.write() as session:
        session.add(Customer(name=name, name_key=name, owner_id=1))


def empty(database: Database) -> None:
    """No table at all, as a new machine has it."""
    Base.metadata.drop_all(database.engine)
    with database.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE alembic_version"))


def test_what_was_backed_up_comes_back_and_no_token_travels_with_it(company: Database, tmp_path: Path) -> None:
    target = tmp_path / "backup" / f"acme{backups.suffix(company)}"
    assert back_up(company, target) == target.stat().st_size
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    assert (target.parent / f"{target.name}.sha256").read_text() == f"{digest}  {target.name}\n"
    assert sorted(path.name for path in target.parent.iterdir()) == [target.name, f"{target.name}.sha256"]
    assert b"THE-ACCESS-TOKEN" not in target.read_bytes()
    empty(company)
    restore(company, target)
    assert is_current(company)
    assert names(company) == {"宏图精密", "远洋物流", "青山药业"}
    add(company, "之后还能写")  # numbers go on where they were
    with company.read() as session:
        assert session.scalars(sa.select(Member.name)).all() == ["李娜"]
        assert session.scalars(sa.select(Token.value)).all() == []
        assert session.scalars(sa.select(Lease.name)).all() == []


def test_a_backup_while_somebody_writes_is_one_moment(company: Database, tmp_path: Path) -> None:
    """Each transaction writes a pair: a copy with one half of a pair would be of two moments."""
    stop, written = threading.Event(), []

    def work() -> None:
        number = 0
        while not stop.is_set():
            with company.write() as session:
                session.add_all(
                    Customer(name=f"{half}{number}" + "长" * 90, name_key=f"{half}{number}", owner_id=1)
                    for half in "ab"
                )
            written.append(number)
            number += 1

    writer = threading.Thread(target=work)
    writer.start()
    before = 0
    try:
        for attempt in range(3):
            while len(written) == before and writer.is_alive():
                stop.wait(0.005)
            before = len(written)
            back_up(company, tmp_path / f"{attempt}{backups.suffix(company)}")
    finally:
        stop.set()
        writer.join(10)
    restore(company, tmp_path / f"2{backups.suffix(company)}", replace=True)
    with company.read() as session:
        keys = set(session.scalars(sa.select(Customer.name_key).where(Customer.name_key.regexp_match("^[ab][0-9]"))))
    first = {key[1:] for key in keys if key[0] == "a"}
    assert first == {key[1:] for key in keys if key[0] == "b"}
    assert 0 < before <= len(first) <= len(written)


def test_a_database_with_something_in_it_is_replaced_only_when_told(company: Database, tmp_path: Path) -> None:
    target = tmp_path / f"copy{backups.suffix(company)}"
    back_up(company, target)
    add(company, "备份之后的")
    with pytest.raises(BackupFailed, match="--replace"):
        restore(company, target)
    assert "备份之后的" in names(company)
    restore(company, target, replace=True)
    assert "备份之后的" not in names(company)


def test_a_table_of_a_later_version_does_not_stay(company: Database, tmp_path: Path) -> None:
    target = tmp_path / f"copy{backups.suffix(company)}"
    back_up(company, target)
    with company.engine.begin() as connection:
        connection.execute(sa.text('CREATE TABLE "Later one" (id INTEGER PRIMARY KEY)'))
    restore(company, target, replace=True)
    assert "Later one" not in sa.inspect(company.engine).get_table_names()


def test_a_database_in_use_is_not_touched(company: Database, tmp_path: Path) -> None:
    target = tmp_path / f"copy{backups.suffix(company)}"
    back_up(company, target)
    with company.write() as session:
        leases.take(session, f"{leases.RUNNING}replica-1", "replica-1", 45_000)
    with pytest.raises(BackupFailed, match="有 1 个机器人正在"):
        restore(company, target, replace=True)


def test_a_damaged_backup_is_refused_and_nothing_is_changed(company: Database, tmp_path: Path) -> None:
    target = tmp_path / f"copy{backups.suffix(company)}"
    back_up(company, target)
    whole = target.read_bytes()
    middle = len(whole) // 2
    for damaged in (whole[:middle], whole[:middle] + b"\xff" * 64 + whole[middle + 64 :], b"", b"x" * 100):
        target.write_bytes(damaged)
        with pytest.raises(BackupFailed):
            restore(company, target, replace=True)
    assert len(names(company)) == 3
    target.write_bytes(whole)
    restore(company, target, replace=True)


def test_a_truncated_backup_is_noticed_without_its_checksum_too(company: Database, tmp_path: Path) -> None:
    target = tmp_path / f"copy{backups.suffix(company)}"
    back_up(company, target)
    (tmp_path / f"{target.name}.sha256").unlink()
    target.write_bytes(target.read_bytes()[: target.stat().st_size * 3 // 4])
    with pytest.raises(BackupFailed, match="损坏"):
        restore(company, target, replace=True)
    assert len(names(company)) == 3


def test_a_backup_overwrites_nothing_and_leaves_nothing_behind(
    company: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backup"
    target = folder / f"acme{backups.suffix(company)}"
    back_up(company, target)
    before = target.read_bytes()
    with pytest.raises(BackupFailed, match="已经存在"):
        back_up(company, target)
    assert target.read_bytes() == before

    def damaged(path: Path) -> None:
        raise BackupFailed(f"{path.name} 是损坏的")

    monkeypatch.setattr(backups, "_read_through", damaged)
    with pytest.raises(BackupFailed, match="损坏"):
        back_up(company, folder / "second")
    assert sorted(path.name for path in folder.iterdir()) == [target.name, f"{target.name}.sha256"]


def test_an_empty_database_is_not_backed_up(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    with pytest.raises(BackupFailed, match="空"):
        back_up(database, tmp_path / "acme")
    database.close()


def test_a_backup_of_the_other_kind_of_database_is_refused(company: Database, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"PGDMP and so on" if company.is_sqlite else b"SQLite format 3\0 and so on")
    with pytest.raises(BackupFailed, match="而配置里的数据库是"):
        restore(company, other, replace=True)


def test_a_backup_of_a_later_version_is_refused(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'acme.db'}")
    migrate(database)
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BackupFailed, match="9999"):
        back_up(database, tmp_path / "later.db")
    database.close()


@pytest.mark.postgres
def test_without_the_programs_of_postgresql_one_sentence_says_what_to_install(
    empty_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(empty_postgres)
    migrate(database)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailed, match=r"没有 pg_dump.*postgresql-client"):
        back_up(database, tmp_path / "acme.dump")
    database.close()
