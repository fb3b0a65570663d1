"""What tracked rows share: who made them, when, and a version that undo and audit can trust."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from scrm.db import Base, BigId

__all__ = ["Base", "BigId", "Tracked"]


class Tracked:
    """A row whose every change is written to the audit log and can be taken back (see `scrm.audit`)."""

    # Ids are never used again: a button of an undone record must not fit the next one.
    __table_args__: Any = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column(sa.Integer, nullable=False, default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.row_version}
