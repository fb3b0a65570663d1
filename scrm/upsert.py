"""INSERT … ON CONFLICT: a unique key decides, not a look before the insert."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scrm.prepared import Prepared


def insert_once(session: Session, table: Any, values: Mapping[str, Any], key: list[str]) -> bool:
    """Insert unless the key is taken; whether a row was inserted."""
    insert = _insert(table.__table__, tuple(values), tuple(key), session.get_bind().dialect.name, instead=False)
    return insert.first(session, values) is not None


def put(session: Session, table: Any, values: Mapping[str, Any], key: list[str]) -> None:
    """Insert; where the key is taken, that row gets these values."""
    insert = _insert(table.__table__, tuple(values), tuple(key), session.get_bind().dialect.name, instead=True)
    insert.run(session, values)


@cache
def _insert(
    table: sa.Table, columns: tuple[str, ...], key: tuple[str, ...], database: str, *, instead: bool
) -> Prepared:
    """Built once: to put a statement together costs more than to run it."""
    values = {column: sa.bindparam(column, type_=table.c[column].type) for column in columns}
    insert: Any = (sqlite if database == "sqlite" else postgresql).insert(table).values(values)
    if instead:
        new = {column: insert.excluded[column] for column in columns if column not in key}
        return Prepared(insert.on_conflict_do_update(index_elements=list(key), set_=new))
    # The row count of such an INSERT is not reliable on every driver; a returned row is.
    return Prepared(
        insert.on_conflict_do_nothing(index_elements=list(key)).returning(sa.literal_column("1", sa.Integer))
    )
