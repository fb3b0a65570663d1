"""What happened with a customer, and what is to happen next."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scrm.models.base import Base, Tracked

ACTIVITY_KINDS = ("visit", "call", "wechat", "meeting", "demo", "dinner", "reception", "mail", "expo", "note")
FOLLOWUP_STATUSES = ("open", "done", "cancelled")


class Activity(Tracked, Base):
    """A contact with a customer that happened; `summary` keeps the spoken words."""

    __tablename__ = "activity"
    __table_args__ = (
        sa.Index("ix_activity_made", "created_at", "member_id", "kind"),  # what a digest scans
        {"sqlite_autoincrement": True},
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    deal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deal.id"), index=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    happened_at: Mapped[datetime] = mapped_column(index=True)
    summary: Mapped[str] = mapped_column(sa.Text)
    amount: Mapped[Decimal | None] = mapped_column(sa.Numeric(18, 2))  # yuan mentioned in it
    place: Mapped[str] = mapped_column(sa.String(255), default="")
    event_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)


class ActivityContact(Base):
    """A contact who took part in an activity."""

    __tablename__ = "activity_contact"

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(
        sa.ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class CheckIn(Base):
    """A location sent by a member: the place of that member's next visit the same day."""

    __tablename__ = "check_in"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute

    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
    )
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    at: Mapped[datetime]
    latitude: Mapped[float]
    longitude: Mapped[float]
    label: Mapped[str] = mapped_column(sa.String(255), default="")
    used_by: Mapped[int | None] = mapped_column(sa.ForeignKey("activity.id", ondelete="SET NULL"))


class FollowUp(Tracked, Base):
    """A dated next step; the clock alerts its owner at `remind_at` and the owner's manager when it stays overdue."""

    __tablename__ = "followup"
    __table_args__ = (
        sa.Index(
            "ix_followup_remind",
            "remind_at",
            "id",
            postgresql_where=sa.text("status = 'open' AND alerted_at IS NULL"),
            sqlite_where=sa.text("status = 'open' AND alerted_at IS NULL"),
        ),
        sa.Index("ix_followup_owner", "owner_id", "status", "due_at"),
        {"sqlite_autoincrement": True},
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id", ondelete="SET NULL"))
    deal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deal.id"), index=True)
    activity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("activity.id", ondelete="SET NULL"))
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    action: Mapped[str] = mapped_column(sa.String(255), default="")
    due_at: Mapped[datetime]  # what was agreed
    all_day: Mapped[bool] = mapped_column(default=False)  # only the day was said
    remind_at: Mapped[datetime]  # due_at moved out of quiet hours and days off
    status: Mapped[str] = mapped_column(sa.String(16), default="open")
    done_at: Mapped[datetime | None]
    alerted_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)  # counts status, owner and due-date changes: what buttons compare
    event_id: Mapped[int | None] = mapped_column(sa.BigInteger)
