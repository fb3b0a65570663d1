"""INSERT … ON CONFLICT DO NOTHING: a unique key decides, not a look before the insert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_once(session: Session, table: Any, values: Mapping[str, Any], key: list[str]) -> bool:
    """Insert unless the key is taken; whether a row was inserted."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table.__table__).values(**values).on_conflict_do_nothing(index_elements=key)
    # The row count of such an INSERT is not reliable on every driver; a returned row is.
    return session.execute(statement.returning(sa.literal_column("1"))).first() is not None
