"""Who changed what, when, from which message; the same rows are what undo reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scrm.models.base import Base, BigId


class Audit(Base):
    """One changed record: before and after hold only the changed columns, JSON-ready."""

    __tablename__ = "audit"
    __table_args__ = (
        sa.Index("ix_audit_turn", "member_id", "turn"),
        sa.Index("ix_audit_record", "table_name", "record_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(index=True)
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))  # None: the program itself
    turn: Mapped[str] = mapped_column(sa.String(64))  # the event ("e123") or job ("digest:2026-11-23") it belongs to
    source: Mapped[str] = mapped_column(sa.Text, default="")  # the words that were said, or the button or job
    command: Mapped[str] = mapped_column(sa.String(64))
    table_name: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[str] = mapped_column(sa.String(64))
    op: Mapped[str] = mapped_column(sa.String(8))  # insert | update | delete
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    row_version: Mapped[int | None]  # after the change
    undone_at: Mapped[datetime | None]
