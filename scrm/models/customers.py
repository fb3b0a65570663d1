"""Customers, their contacts, and who follows a contact in the private domain."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, validates

from scrm import company_names
from scrm.models.base import Base, BigId, Tracked


class Customer(Tracked, Base):
    """A company (or a household) that is or may become a customer. `owner_id` None = public pool."""

    __tablename__ = "customer"

    name: Mapped[str] = mapped_column(sa.String(128))
    name_key: Mapped[str] = mapped_column(sa.String(128), unique=True)  # normalised name: no doubles
    name_core: Mapped[str] = mapped_column(sa.String(128), default="", index=True)  # without place and legal form
    credit_code: Mapped[str | None] = mapped_column(sa.String(18), unique=True)  # 统一社会信用代码
    phone: Mapped[str] = mapped_column(sa.String(32), default="")
    phone_key: Mapped[str] = mapped_column(sa.String(32), default="", index=True)  # its digits
    region: Mapped[str] = mapped_column(sa.String(32), default="")
    tier: Mapped[str] = mapped_column(sa.String(32), default="")
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)  # counts owner changes: what buttons compare
    last_activity_at: Mapped[datetime | None] = mapped_column(index=True)

    @validates("name", "phone")
    def _compared(self, field: str, value: str) -> str:
        """What doubles are found by follows the name and the phone, whoever writes them."""
        if field == "name":
            self.name_core = company_names.core(value)
        else:
            self.phone_key = company_names.phone(value)
        return value


class CustomerAlias(Base):
    """Another name a customer is spoken of by."""

    __tablename__ = "customer_alias"
    __table_args__ = (sa.UniqueConstraint("customer_id", "name"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(sa.String(128), index=True)


class CustomerShare(Base):
    """A colleague who may see and work on somebody else's customer."""

    __tablename__ = "customer_share"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), primary_key=True, index=True)


class ShareRequest(Tracked, Base):
    """申请协作: somebody asks to work on a colleague's customer. `status`: asked, approved, refused."""

    __tablename__ = "share_request"
    __table_args__ = (
        sa.Index(
            "uq_share_request_open",
            "customer_id",
            "asked_by",
            unique=True,
            sqlite_where=sa.text("status = 'asked'"),
            postgresql_where=sa.text("status = 'asked'"),
        ),
        {"sqlite_autoincrement": True},
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    asked_by: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    called: Mapped[str] = mapped_column(sa.String(128))  # what the asker calls the customer
    words: Mapped[str] = mapped_column(sa.Text, default="")  # the sentence that met the double
    status: Mapped[str] = mapped_column(sa.String(16), default="asked")
    decided_by: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))


class Contact(Tracked, Base):
    """A person at (or of) a customer; `customer_id` may be empty for a private-domain contact."""

    __tablename__ = "contact"

    name: Mapped[str] = mapped_column(sa.String(64))
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("member.id"), index=True
    )  # earliest living follow, else its maker
    title: Mapped[str] = mapped_column(sa.String(64), default="")
    phone: Mapped[str] = mapped_column(sa.String(32), default="")
    phone_key: Mapped[str] = mapped_column(sa.String(32), default="", index=True)  # its digits
    role: Mapped[str] = mapped_column(sa.String(16), default="")  # decision_maker | influencer | user | gatekeeper
    external_user_id: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    channel: Mapped[str] = mapped_column(
        sa.String(64), default=""
    )  # name of the channel (or raw State) it came through

    @validates("phone")
    def _compared(self, _: str, value: str) -> str:
        self.phone_key = company_names.phone(value)
        return value


class Follow(Base):
    """A member follows an external contact on WeCom; `ended_at` is set when either side left."""

    __tablename__ = "follow"
    __table_args__ = (sa.UniqueConstraint("member_id", "external_user_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    external_user_id: Mapped[str] = mapped_column(sa.String(64))
    state: Mapped[str] = mapped_column(sa.String(64), default="")
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
