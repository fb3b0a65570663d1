"""PostgreSQL's own programs for backup and restore; the password goes by the environment, where no process list shows it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from bot.config import environment

# Written by version 17 and later, unknown to a server before: it only repeats the default.
_NEWER_SETTING = b"SET transaction_timeout = 0;\n"
_SETTINGS_END_WITHIN = 40  # lines


class ToolFailed(Exception):
    """One of the programs is not there or did not do it; the text says which and why."""


def dump(url: sa.URL, target: Path) -> None:
    """A consistent copy in pg_dump's custom format, without what only running processes know."""
    _run(
        _program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=10s",
        "--exclude-table-data=token", "--exclude-table-data=lease", f"--file={target}", f"--dbname={_address(url)}",
        env=_environment(url),
    )  # fmt: skip


def read_through(path: Path) -> None:
    """Read and unpack every block of a dump."""
    _run(_program("pg_restore"), f"--file={os.devnull}", str(path), env=environment())


def restore(url: sa.URL, source: Path, existing: Sequence[str]) -> None:
    """Put the dump in the place of the existing tables, in one transaction."""
    psql = [_program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, "-d", _address(url)]
    unpack = [_program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(source)]
    quote = postgresql.dialect().identifier_preparer.quote_identifier  # type: ignore[no-untyped-call]
    with (
        subprocess.Popen(unpack, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader,  # noqa: S603 - our own arguments
        subprocess.Popen(psql, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(url)) as writer,  # noqa: S603
    ):
        assert reader.stdout and writer.stdin and writer.stderr and reader.stderr  # noqa: S101 - for the type checker
        try:
            writer.stdin.write(b"BEGIN;\n")
            for table in existing:
                writer.stdin.write(f"DROP TABLE {quote(table)} CASCADE;\n".encode())
            for number, line in enumerate(reader.stdout):
                if number > _SETTINGS_END_WITHIN or line != _NEWER_SETTING:
                    writer.stdin.write(line)
            # Without this word nothing of it happened.
            if reader.wait() == 0:
                writer.stdin.write(b"COMMIT;\n")
            writer.stdin.close()
        except BrokenPipeError:
            reader.kill()
        why = writer.stderr.read() or reader.stderr.read()
    if writer.returncode != 0 or reader.returncode != 0:
        raise ToolFailed(_last_line(why))


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ToolFailed(
            f"这台机器上没有 {name}。请安装 PostgreSQL 客户端（Debian、Ubuntu：apt install postgresql-client）"
        )
    return found


def _address(url: sa.URL) -> str:
    return url.set(drivername="postgresql", password=None).render_as_string()


def _environment(url: sa.URL) -> dict[str, str]:
    password = {"PGPASSWORD": str(url.password)} if url.password else {}
    return environment(PGCONNECT_TIMEOUT="5", **password)


def _run(*command: str, env: dict[str, str]) -> None:
    done = subprocess.run(command, capture_output=True, env=env, check=False)  # noqa: S603 - our own arguments
    if done.returncode != 0:
        raise ToolFailed(_last_line(done.stderr))


def _last_line(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "没有说明原因"
