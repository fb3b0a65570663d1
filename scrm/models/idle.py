"""Customers nobody makes progress with: the rules an admin set, how far each customer is on its way, what was asked for."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scrm.models.base import Base, Tracked

EXTENSION_STATUSES = ("asked", "approved", "refused")


class IdleRule(Tracked, Base):
    """After how many days without progress whom to tell, and when to take the customer back; "" = every tier, every stage."""

    __tablename__ = "idle_rule"
    __table_args__ = (sa.UniqueConstraint("tier", "stage"), {"sqlite_autoincrement": True})

    tier: Mapped[str] = mapped_column(sa.String(32), default="")
    stage: Mapped[str] = mapped_column(sa.String(32), default="")
    remind_days: Mapped[int]
    manager_days: Mapped[int]
    recycle_days: Mapped[int | None]  # None: only reminds
    working: Mapped[bool] = mapped_column(default=False)  # counts the company's working days, else calendar days
    assign_to: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))  # None: the public pool
    set_by: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))


class Idle(Base):
    """How far a customer is on its way; the clock claims the rows whose `look_at` has come."""

    __tablename__ = "idle"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True)
    rule_id: Mapped[int | None] = mapped_column(sa.ForeignKey("idle_rule.id", ondelete="SET NULL"), index=True)
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"), index=True)
    owned_since: Mapped[datetime]  # whoever gets a customer starts with all the days
    since: Mapped[datetime]  # the progress that the steps count from
    step: Mapped[int] = mapped_column(default=0)  # see `scrm.idle`
    told_at: Mapped[datetime | None]
    recycle_on: Mapped[date | None]  # once the countdown has been announced
    look_at: Mapped[datetime] = mapped_column(index=True)


class Extension(Tracked, Base):
    """申请延期: somebody asks for more days before a customer is taken back; a manager decides."""

    __tablename__ = "extension"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    asked_by: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    days: Mapped[int]
    until: Mapped[date]
    reason: Mapped[str] = mapped_column(sa.String(255), default="")
    status: Mapped[str] = mapped_column(sa.String(16), default="asked", index=True)
    decided_by: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))


class Cover(Tracked, Base):
    """代理人: who gets a member's alerts and approvals from the first day to the last (local days, both included)."""

    __tablename__ = "cover"

    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    cover_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    first_on: Mapped[date]
    last_on: Mapped[date] = mapped_column(index=True)
