"""One company's database into one file and back, while the bot runs: complete, verified, or not there at all.

What only the running processes know (access tokens, leases) stays out of the file.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import inspect

from bot import postgres_tools
from bot.schema import known_revisions, running
from scrm.db import Database

_PAGES_AT_ONCE = 2048  # 8 MB, then a breath for the bot's own writes on the same disk
_BREATH_SECONDS = 0.01
_SQLITE_HEAD, _POSTGRES_HEAD = b"SQLite format 3\0", b"PGDMP"


class BackupFailed(Exception):
    """Nothing was written; the text says why, in words for an administrator."""


def suffix(database: Database) -> str:
    """How a backup of this kind of database ends."""
    return ".db" if database.is_sqlite else ".dump"


def back_up(database: Database, target: Path) -> int:
    """Write a consistent copy to a file that does not exist yet, with its SHA-256 beside it; the file's size.

    Raises BackupFailed, and then the target does not exist.
    """
    if target.exists():
        raise BackupFailed(f"{target} 已经存在，备份不会覆盖文件")
    if not _has_tables(database):
        raise BackupFailed("数据库是空的，没有什么可以备份")
    with _temporary_beside(target) as part:
        try:
            if database.is_sqlite:
                _copy_sqlite(str(database.url.database), part)
            else:
                postgres_tools.dump(database.url, part)
        except (sqlite3.Error, OSError, postgres_tools.ToolFailed) as error:
            raise BackupFailed(f"备份没有写成：{error}") from error
        _read_through(part)
        _sync(part)
        size = part.stat().st_size
        # The checksum first: a file without one was not finished by us, one without a file is harmless.
        _write_checksum(_checksum_file(target), _sha256(part), target.name)
        part.replace(target)
    _sync(target.parent)
    return size


def restore(database: Database, source: Path, *, replace: bool = False) -> None:
    """Make the database what the backup holds, in one transaction.

    Raises BackupFailed, and then the database is as it was: for a damaged or foreign file, while a bot runs on the
    database, and for a database that has something in it unless `replace`.
    """
    _check_kind(database, source)
    _check_checksum(source)
    _read_through(source)
    if many := running(database):
        raise BackupFailed(f"有 {many} 个机器人正在这个数据库上运行。请先停掉（刚被强行杀掉的 45 秒后才不算），再恢复")
    if not replace and _has_tables(database):
        raise BackupFailed("数据库里已经有内容。确定要用备份换掉它，请加 --replace；建议先备份现在的")
    try:
        if database.is_sqlite:
            _restore_sqlite(source, str(database.url.database))
        else:
            postgres_tools.restore(database.url, source, inspect(database.engine).get_table_names())
    except (sqlite3.Error, OSError, postgres_tools.ToolFailed) as error:
        raise BackupFailed(f"没有恢复，数据库和原来一样：{error}") from error


def _has_tables(database: Database) -> bool:
    return bool(inspect(database.engine).get_table_names())


# --- files


@contextmanager
def _temporary_beside(target: Path) -> Iterator[Path]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # readable by us alone
    except OSError as error:
        raise BackupFailed(f"写不了 {target.parent}：{error.strerror}") from error
    os.close(handle)
    try:
        yield Path(name)
    finally:
        for left in (name, f"{name}-journal"):
            with suppress(FileNotFoundError):
                Path(left).unlink()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checksum_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _write_checksum(path: Path, digest: str, name: str) -> None:
    """As `sha256sum -c` reads it."""
    with _temporary_beside(path) as part:
        part.write_text(f"{digest}  {name}\n", "utf-8")
        _sync(part)
        part.replace(path)


def _check_kind(database: Database, source: Path) -> None:
    try:
        with source.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise BackupFailed(f"读不了 {source}：{error.strerror}") from error
    kinds = {_SQLITE_HEAD: True, _POSTGRES_HEAD: False}
    is_sqlite = next((kind for begins, kind in kinds.items() if head.startswith(begins)), None)
    if is_sqlite is None:
        raise BackupFailed(f"{source} 不是 scrm-bot backup 写的备份，或者开头已经损坏")
    if is_sqlite != database.is_sqlite:
        made, wanted = ("SQLite", "PostgreSQL") if is_sqlite else ("PostgreSQL", "SQLite")
        raise BackupFailed(f"{source} 是 {made} 的备份，而配置里的数据库是 {wanted}")


def _check_checksum(source: Path) -> None:
    beside = _checksum_file(source)
    if beside.exists() and beside.read_text("utf-8").split(maxsplit=1)[:1] != [_sha256(source)]:
        raise BackupFailed(f"{source} 和它的校验和（{beside.name}）对不上：文件已经损坏或被改动")


def _read_through(path: Path) -> None:
    """Read every page or block of a backup. Raises BackupFailed when it is damaged or of a later version."""
    with path.open("rb") as file:
        is_sqlite = file.read(16) == _SQLITE_HEAD
    try:
        if is_sqlite:
            _check_sqlite(path)
        else:
            postgres_tools.read_through(path)
    except (sqlite3.Error, postgres_tools.ToolFailed) as error:
        raise BackupFailed(f"{path.name} 是损坏的：{error}") from error


# --- SQLite


def _copy_sqlite(source: str, target: Path) -> None:
    with closing(sqlite3.connect(source, isolation_level=None, timeout=5)) as live:
        # One snapshot for the whole copy: the bot goes on writing, and nothing has to be copied twice.
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            live.backup(copy, pages=_PAGES_AT_ONCE, sleep=_BREATH_SECONDS)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, no -wal beside it
            copy.execute("PRAGMA secure_delete=ON")
            copy.execute("DELETE FROM token")
            copy.execute("DELETE FROM lease")


def _check_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True)) as copy:
        (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        if copy.execute("PRAGMA foreign_key_check").fetchone():
            raise sqlite3.DatabaseError("a row refers to one that is not there")
        (revision,) = copy.execute("SELECT version_num FROM alembic_version").fetchone() or (None,)
    if revision not in known_revisions():
        raise BackupFailed(f"{path.name} 的数据库结构（{revision}）这个版本的程序不认识，请用写下它的版本或更新的版本")


def _restore_sqlite(source: Path, target: str) -> None:
    """One transaction on the living file: a crash in it leaves what was there before."""
    with (
        closing(sqlite3.connect(source.absolute().as_uri() + "?mode=ro", uri=True)) as copy,
        closing(sqlite3.connect(target, isolation_level=None, timeout=5)) as live,
    ):
        live.execute("PRAGMA synchronous=FULL")
        copy.backup(live)
