"""Deals and the stages they move through."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scrm.models.base import Base, BigId, Tracked

DECISION_ROLES = ("decision_maker", "influencer", "user", "gatekeeper", "coach")
DEAL_STATUSES = ("open", "won", "lost", "paused", "void")


class Pipeline(Base):
    """Which stages deals of a kind go through at customers of a tier ("" = of every tier that has none of its own)."""

    __tablename__ = "pipeline"
    __table_args__ = (sa.UniqueConstraint("kind", "tier"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(sa.String(32), unique=True)  # what `Stage.pipeline` holds
    kind: Mapped[str] = mapped_column(sa.String(16))
    tier: Mapped[str] = mapped_column(sa.String(32), default="")


class Stage(Base):
    """One stage of a pipeline, by its key ("default", "renewal"), in `position` order.

    A stage that was taken out of its pipeline is retired: deals that went through it keep it in their history.
    """

    __tablename__ = "stage"
    __table_args__ = (
        sa.UniqueConstraint("pipeline", "position"),
        sa.UniqueConstraint("pipeline", "name"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    pipeline: Mapped[str] = mapped_column(sa.String(32), default="default")
    position: Mapped[int]  # -id once it is retired
    name: Mapped[str] = mapped_column(sa.String(32))
    win_percent: Mapped[int | None]  # how likely a deal in this stage is to be won, as the company sets it
    expected_days: Mapped[int | None]  # how long a deal is expected to stay
    required: Mapped[str] = mapped_column(
        sa.String(255), default="", server_default=""
    )  # facts asked for, see `deal_facts`
    exit_facts: Mapped[str] = mapped_column(sa.String(255), default="", server_default="")  # without them no way on
    retired: Mapped[bool] = mapped_column(default=False, server_default=sa.false())


class Deal(Tracked, Base):
    """A sales opportunity. `status` is open, won, lost, paused or void; `kind` new, renewal or expansion."""

    __tablename__ = "deal"
    __table_args__ = (
        sa.Index("ix_deal_made", "created_at"),
        sa.Index("ix_deal_stuck", "status", "stage_id", "stage_since", "owner_id", "amount"),
        {"sqlite_autoincrement": True},
    )

    name: Mapped[str] = mapped_column(sa.String(128))
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(16), default="new")
    stage_id: Mapped[int] = mapped_column(sa.ForeignKey("stage.id"), index=True)
    status: Mapped[str] = mapped_column(sa.String(16), default="open", index=True)
    amount: Mapped[Decimal | None] = mapped_column(sa.Numeric(18, 2))  # yuan
    expected_close_on: Mapped[date | None] = mapped_column(index=True)
    paused_until: Mapped[date | None]
    lost_reason: Mapped[str] = mapped_column(sa.String(255), default="")
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    stage_since: Mapped[datetime]
    version: Mapped[int] = mapped_column(
        default=1
    )  # counts stage, status, owner and due-date changes: what buttons compare


class DealProduct(Base):
    """A product that a deal is about, by its name."""

    __tablename__ = "deal_product"
    __table_args__ = (sa.UniqueConstraint("deal_id", "name"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(64), index=True)


class DealCompetitor(Base):
    """Somebody else who is after the deal, by name."""

    __tablename__ = "deal_competitor"
    __table_args__ = (sa.UniqueConstraint("deal_id", "name"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(64), index=True)


class DealContact(Base):
    """What part a contact plays in one deal; each is "" as long as nobody has said."""

    __tablename__ = "deal_contact"
    __table_args__ = (sa.UniqueConstraint("deal_id", "contact_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    role: Mapped[str] = mapped_column(sa.String(16), default="")  # DECISION_ROLES
    attitude: Mapped[str] = mapped_column(sa.String(16), default="")  # for | neutral | against
    influence: Mapped[str] = mapped_column(sa.String(16), default="")  # high | medium | low


class Contract(Tracked, Base):
    """What was signed with a customer, until when, and the deal that is to renew it once the program has opened one."""

    __tablename__ = "contract"

    name: Mapped[str] = mapped_column(sa.String(128))
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    deal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deal.id", ondelete="SET NULL"), index=True)
    amount: Mapped[Decimal | None] = mapped_column(sa.Numeric(18, 2))  # yuan
    ends_on: Mapped[date] = mapped_column(index=True)
    renewal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deal.id", ondelete="SET NULL"), unique=True)


class StageChange(Base):
    """One row per stage or status change: who, when, from what to what, from which message."""

    __tablename__ = "stage_change"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))
    event_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    from_stage_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stage.id"))
    to_stage_id: Mapped[int] = mapped_column(sa.ForeignKey("stage.id"))
    from_status: Mapped[str] = mapped_column(sa.String(16), default="")
    to_status: Mapped[str] = mapped_column(sa.String(16))
    reason: Mapped[str] = mapped_column(sa.String(255), default="")
