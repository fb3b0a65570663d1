"""What a company measures itself against: targets, standards set by hand, and what reps promise of their deals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scrm.models.base import Base, Tracked

TARGET_OWNERS = ("member", "department")
TARGET_SPANS = ("month", "quarter", "year")
PROMISES = ("sure", "maybe", "no")


class Target(Tracked, Base):
    """What a member or a department is to win in a month, a quarter or a year that begins on `starts_on`."""

    __tablename__ = "target"
    __table_args__ = (sa.UniqueConstraint("owner", "owner_id", "span", "starts_on"), {"sqlite_autoincrement": True})

    owner: Mapped[str] = mapped_column(sa.String(16))  # TARGET_OWNERS
    owner_id: Mapped[int] = mapped_column(sa.BigInteger)
    span: Mapped[str] = mapped_column(sa.String(16))  # TARGET_SPANS
    starts_on: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(sa.Numeric(18, 2))  # yuan


class Standard(Tracked, Base):
    """What an admin set by hand as normal for a stage; a figure that is None comes from the company's own history."""

    __tablename__ = "standard"

    stage_id: Mapped[int] = mapped_column(sa.ForeignKey("stage.id", ondelete="CASCADE"), unique=True)
    percent: Mapped[int | None]  # of the deals that enter it reach the next stage
    days: Mapped[int | None]  # that a deal spends in it


class Promise(Tracked, Base):
    """What the owner of a deal said of its chances in one month (roll-call), and what it was worth then."""

    __tablename__ = "promise"
    __table_args__ = (sa.UniqueConstraint("deal_id", "month"), {"sqlite_autoincrement": True})

    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id", ondelete="CASCADE"))
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    month: Mapped[date] = mapped_column(index=True)  # its first day
    word: Mapped[str] = mapped_column(sa.String(8))  # PROMISES
    amount: Mapped[Decimal | None] = mapped_column(sa.Numeric(18, 2))  # yuan, as it was when promised
