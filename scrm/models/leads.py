"""Leads 线索: somebody who may become a customer, and the rules that say who gets them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scrm.models.base import Base, Tracked

LEAD_STATUSES = ("open", "qualified", "invalid")


class Lead(Tracked, Base):
    """Not yet qualified. `owner_id` None = nobody has it yet; the three ids say what became of a qualified one."""

    __tablename__ = "lead"
    __table_args__ = (
        sa.Index("ix_lead_waiting", "id", sqlite_where=sa.text("waits"), postgresql_where=sa.text("waits")),
        {"sqlite_autoincrement": True},
    )

    name: Mapped[str] = mapped_column(sa.String(64))
    company: Mapped[str] = mapped_column(sa.String(128), default="")
    title: Mapped[str] = mapped_column(sa.String(64), default="")
    phone: Mapped[str] = mapped_column(sa.String(32), default="")
    key: Mapped[str | None] = mapped_column(
        sa.String(64), unique=True
    )  # of an open one, its number or external_userid: no doubles
    need: Mapped[str] = mapped_column(sa.String(255), default="")
    product: Mapped[str] = mapped_column(sa.String(64), default="")
    region: Mapped[str] = mapped_column(sa.String(32), default="")
    tier: Mapped[str] = mapped_column(sa.String(32), default="")
    source: Mapped[str] = mapped_column(sa.String(64), default="")
    amount: Mapped[Decimal | None] = mapped_column(sa.Numeric(18, 2))  # what there is to spend, in yuan
    status: Mapped[str] = mapped_column(sa.String(16), default="open", index=True)
    reason: Mapped[str] = mapped_column(sa.String(255), default="")  # why it is invalid
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"), index=True)
    # The next run of the job gives it out by the rules, or tells whom an import gave it to.
    waits: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    contacted_at: Mapped[datetime | None]  # when its owner first set out to call
    previous_owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))  # who put it back
    released_at: Mapped[datetime | None]
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id", ondelete="SET NULL"))
    contact_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id", ondelete="SET NULL"))
    deal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deal.id", ondelete="SET NULL"))


class LeadRule(Tracked, Base):
    """Whose turn it is for leads of which the scope says something: a region, product, tier or source; "" = all others.

    With `opens` and `closes` (minutes of the local day) leads are given out in these hours of working days only.
    """

    __tablename__ = "lead_rule"

    scope: Mapped[str] = mapped_column(sa.String(32), unique=True)
    capacity: Mapped[int] = mapped_column(
        default=0
    )  # open leads of a member at which the next one is passed over; 0 = any
    opens: Mapped[int] = mapped_column(default=0, server_default="0")
    closes: Mapped[int] = mapped_column(default=0, server_default="0")  # as `opens`: at any time
    set_by: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))


class LeadTurn(Tracked, Base):
    """A member who takes turns under a rule; who had none, or had one longest ago, is next."""

    __tablename__ = "lead_turn"
    __table_args__ = (sa.UniqueConstraint("rule_id", "member_id"), {"sqlite_autoincrement": True})

    rule_id: Mapped[int] = mapped_column(sa.ForeignKey("lead_rule.id", ondelete="CASCADE"))
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    had_at: Mapped[datetime | None]
