"""Rows inserted by the hundred, where each one's unique key decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scrm.prepared import Prepared


def insert_many(session: Session, table: Any, rows: Sequence[Mapping[str, Any]], key: str) -> None:
    """Insert those whose key is free, in their order: all with the same columns, of texts, numbers and truths."""
    if not rows:
        return
    insert = _insert_many(table.__table__, tuple(rows[0]), key, session.get_bind().dialect.name)
    if session.get_bind().dialect.name == "sqlite":
        insert.run_many(session, rows)
    else:
        insert.run(session, {"rows": msgspec.json.encode(rows).decode()})


@cache
def _insert_many(table: sa.Table, columns: tuple[str, ...], key: str, database: str) -> Prepared:
    """SQLite is given row after row; PostgreSQL, where each would be a message of its own, one text."""
    if database == "sqlite":
        values = {column: sa.bindparam(column, type_=sa.Text()) for column in columns}  # they are as SQLite has them
        return Prepared(sqlite.insert(table).values(values).on_conflict_do_nothing(index_elements=[key]))
    text = sa.cast(sa.bindparam("rows", type_=sa.Text()), postgresql.JSON)
    given = sa.func.json_to_recordset(text).table_valued(*(sa.column(name, table.c[name].type) for name in columns))
    read = sa.select(*given.render_derived("given", with_types=True).c)
    return Prepared(postgresql.insert(table).from_select(columns, read).on_conflict_do_nothing(index_elements=[key]))
