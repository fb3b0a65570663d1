"""Tags, channels and campaigns of the private domain."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scrm.models.base import Base, BigId, Tracked


class Tag(Base):
    """A tag; `remote_id` is the WeCom corp tag it is kept in step with."""

    __tablename__ = "tag"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(sa.String(64), unique=True)
    group_name: Mapped[str] = mapped_column(sa.String(64), default="")
    remote_id: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    words: Mapped[str] = mapped_column(
        sa.Text, default=""
    )  # space-separated words in a note that set this tag by themselves


class ContactTag(Base):
    """A contact wears a tag; `member_id` is the follow it was written to (None: ours only)."""

    __tablename__ = "contact_tag"
    __table_args__ = (sa.UniqueConstraint("contact_id", "tag_id", "member_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    tag_id: Mapped[int] = mapped_column(sa.ForeignKey("tag.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))


class CustomerTag(Base):
    """A customer wears a tag."""

    __tablename__ = "customer_tag"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(sa.ForeignKey("tag.id"), primary_key=True, index=True)


class Channel(Tracked, Base):
    """A channel QR code (渠道活码). `status`: sending, live, failed, unclear."""

    __tablename__ = "channel"

    name: Mapped[str] = mapped_column(sa.String(64), unique=True)
    state: Mapped[str] = mapped_column(sa.String(30), unique=True)  # what WeCom reports as State
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    maker_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    welcome: Mapped[str] = mapped_column(sa.Text, default="")
    tag_names: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    config_id: Mapped[str] = mapped_column(sa.String(64), default="")
    qr_code: Mapped[str] = mapped_column(sa.String(512), default="")
    status: Mapped[str] = mapped_column(sa.String(16), default="sending")
    makes_leads: Mapped[bool] = mapped_column(
        default=False, server_default=sa.false()
    )  # who comes through it is a lead


class Campaign(Tracked, Base):
    """A mass send. `status`: draft, sending, sent, failed, unclear, cancelled."""

    __tablename__ = "campaign"

    name: Mapped[str] = mapped_column(sa.String(128))
    maker_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    tag_names: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    body: Mapped[str] = mapped_column(sa.Text)
    status: Mapped[str] = mapped_column(sa.String(16), default="draft")
    version: Mapped[int] = mapped_column(default=1)
    approved_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]  # when results were last read


class CampaignBatch(Base):
    """One add_msg_template call of a campaign: one sender, his contacts. `status`: sending, sent, failed, unclear."""

    __tablename__ = "campaign_batch"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "member_id", "part"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    part: Mapped[int] = mapped_column(default=0)
    msgid: Mapped[str] = mapped_column(sa.String(128), default="")
    status: Mapped[str] = mapped_column(sa.String(16), default="sending")
    error: Mapped[str] = mapped_column(sa.String(255), default="")


class Touch(Base):
    """One message to one contact. `status`: waiting (for the member to confirm), sent, failed, not_friend, capped."""

    __tablename__ = "touch"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "contact_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id", ondelete="CASCADE"), index=True)
    batch_id: Mapped[int | None] = mapped_column(sa.ForeignKey("campaign_batch.id", ondelete="CASCADE"), index=True)
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    status: Mapped[str] = mapped_column(sa.String(16), default="waiting")
    sent_at: Mapped[datetime | None]
