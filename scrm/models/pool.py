"""The public pool 公海: who had a customer last, who claims how much, and the company's rule for it."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scrm.models.base import Base, Tracked


class PoolEntry(Tracked, Base):
    """When a customer last came into the pool, from whom and why. A customer is in it while `owner_id` is empty."""

    __tablename__ = "pool_entry"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id", ondelete="CASCADE"), unique=True)
    previous_owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"), index=True)
    released_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(sa.String(255), default="")


class PoolClaim(Tracked, Base):
    """A customer or a lead that a member took; `nth` of the local day makes the day's limit a unique key."""

    __tablename__ = "pool_claim"
    __table_args__ = (sa.UniqueConstraint("member_id", "claimed_on", "nth"), {"sqlite_autoincrement": True})

    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    lead_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lead.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    claimed_on: Mapped[date]
    nth: Mapped[int]


class PoolRule(Tracked, Base):
    """What an admin set for the pool; 0 = no limit. One row."""

    __tablename__ = "pool_rule"
    __table_args__ = (sa.UniqueConstraint("scope"), {"sqlite_autoincrement": True})

    scope: Mapped[str] = mapped_column(sa.String(16), default="")  # "" = the whole company
    per_day: Mapped[int]  # claims of a member on one local day
    holds: Mapped[int]  # customers a member may own when claiming another
    cooldown_days: Mapped[int]  # before whoever had a customer may claim it again
    set_by: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))
