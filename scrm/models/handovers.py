"""Customers that go from one member to another, and their contacts' transfers on WeCom (客户继承)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scrm.models.base import Base, BigId, Tracked


class HandOver(Tracked, Base):
    """What one member has goes to another. `status`: draft, done, cancelled; a draft with a `turn` was taken back."""

    __tablename__ = "handover"

    giver_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    taker_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    maker_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id"))  # only this one; None = all
    status: Mapped[str] = mapped_column(sa.String(16), default="draft")
    turn: Mapped[str] = mapped_column(sa.String(64), default="")  # in which it was done: what 撤销 takes back
    customers: Mapped[int] = mapped_column(default=0)
    deals: Mapped[int] = mapped_column(default=0)
    followups: Mapped[int] = mapped_column(default=0)
    checked_at: Mapped[datetime | None]  # when the platform was last asked what became of the transfers


class Transfer(Base):
    """One contact's transfer. `status`: waiting, done, refused, full, failed (with the platform's `code`)."""

    __tablename__ = "transfer"
    __table_args__ = (
        sa.UniqueConstraint("handover_id", "external_user_id"),
        sa.Index(
            "ix_transfer_waiting",
            "handover_id",
            sqlite_where=sa.text("status = 'waiting'"),
            postgresql_where=sa.text("status = 'waiting'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    handover_id: Mapped[int] = mapped_column(sa.ForeignKey("handover.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id", ondelete="CASCADE"))
    external_user_id: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[str] = mapped_column(sa.String(16), default="waiting")
    code: Mapped[str] = mapped_column(sa.String(16), default="")
