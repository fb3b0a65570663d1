"""The chat side's own tables. Times that belong to the machine (queues, leases) are epoch milliseconds of the real clock."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scrm.db import Base, BigId

NEW, CLAIMED, DONE, FAILED, EXPIRED, HELD = 0, 1, 2, 3, 4, 5
PENDING = (NEW, CLAIMED)


class Inbox(Base):
    """One callback; `key` is the platform's identity of it, so a repeat finds its row."""

    __tablename__ = "inbox"
    __table_args__ = (
        sa.Index(
            "ix_inbox_next", "lane", "id", sqlite_where=sa.text("state = 0"), postgresql_where=sa.text("state = 0")
        ),
        sa.Index(
            "ix_inbox_speaker",
            "speaker",
            "id",
            sqlite_where=sa.text("state = 0"),
            postgresql_where=sa.text("state = 0"),
        ),
        sa.Index("ix_inbox_received", "received_ms"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    speaker: Mapped[str] = mapped_column(sa.String(200))  # events of one speaker are handled in order
    lane: Mapped[int] = mapped_column(sa.SmallInteger)
    kind: Mapped[str] = mapped_column(sa.String(16))
    payload: Mapped[str] = mapped_column(sa.Text)  # the event as JSON; "" after 7 days
    received_ms: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[int] = mapped_column(sa.SmallInteger, default=NEW, server_default="0")
    not_before_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    attempts: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")
    error: Mapped[str] = mapped_column(sa.String(500), default="", server_default="")
    done_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


class Outbox(Base):
    """One thing we owe a platform; `key` is unique for ever, so that owing it twice is owing it once."""

    __tablename__ = "outbox"
    __table_args__ = (
        sa.Index(
            "ix_outbox_next", "lane", "id", sqlite_where=sa.text("state < 2"), postgresql_where=sa.text("state < 2")
        ),
        sa.Index("ix_outbox_recipient", "door", "user_id", "sent_ms"),
        sa.Index("ix_outbox_created", "created_ms"),
        sa.Index(
            "ix_outbox_pushed",
            "member_id",
            "push_day",
            sqlite_where=sa.text("push_day IS NOT NULL"),
            postgresql_where=sa.text("push_day IS NOT NULL"),
        ),
        sa.Index(
            "ix_outbox_held", "not_before_ms", sqlite_where=sa.text("state = 5"), postgresql_where=sa.text("state = 5")
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(24))
    door: Mapped[str] = mapped_column(sa.String(24))  # wecom_app | wecom_bot | dingtalk | call
    user_id: Mapped[str] = mapped_column(sa.String(128), default="")
    chat_group: Mapped[str] = mapped_column(sa.String(128), default="")
    member_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    card_id: Mapped[str] = mapped_column(sa.String(64), default="")
    turn: Mapped[str] = mapped_column(sa.String(64), default="")
    lane: Mapped[int] = mapped_column(sa.SmallInteger)
    payload: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[int] = mapped_column(sa.SmallInteger, default=NEW, server_default="0")
    created_ms: Mapped[int] = mapped_column(sa.BigInteger)
    not_before_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    push_day: Mapped[int | None]  # the local day (ordinal) on whose account of pushes this counts
    expires_ms: Mapped[int] = mapped_column(sa.BigInteger)
    attempts: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    maybe_sent: Mapped[bool] = mapped_column(
        default=False
    )  # an attempt ended without an answer: it may have reached the person
    claimed_by: Mapped[str] = mapped_column(sa.String(40), default="")
    lease_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    sent_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    remote_id: Mapped[str] = mapped_column(sa.String(200), default="")
    error: Mapped[str] = mapped_column(sa.String(500), default="")


class CardCopy(Base):
    """A card on one person's phone: what it shows, and how it can still be changed."""

    __tablename__ = "card_copy"
    __table_args__ = (sa.Index("ix_card_copy_view", "view", "sent_ms"),)

    card_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.BigInteger)
    door: Mapped[str] = mapped_column(sa.String(24))
    user_id: Mapped[str] = mapped_column(sa.String(128))
    view: Mapped[str] = mapped_column(sa.String(64))
    turn: Mapped[str] = mapped_column(sa.String(64))
    response_code: Mapped[str] = mapped_column(sa.String(200), default="")
    sent_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class DraftRow(Base):
    """A question that waits for an answer: the commands to run again, and the slot it fills."""

    __tablename__ = "draft"
    __table_args__ = (sa.Index("ix_draft_open", "member_id", "conversation", "state"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    member_id: Mapped[int] = mapped_column(sa.BigInteger)
    conversation: Mapped[str] = mapped_column(sa.String(128))
    commands: Mapped[str] = mapped_column(sa.Text)
    position: Mapped[int] = mapped_column(default=0)  # which of the commands asked
    slot: Mapped[str] = mapped_column(sa.String(32))
    spoken: Mapped[str] = mapped_column(sa.String(255), default="")
    options: Mapped[str] = mapped_column(sa.Text)  # JSON: [[label, value], …]
    state: Mapped[str] = mapped_column(sa.String(10), default="open")  # open | replaced | answered | cancelled
    source: Mapped[str] = mapped_column(sa.Text, default="")  # the words it came from
    card_id: Mapped[str] = mapped_column(sa.String(64), default="")
    created_ms: Mapped[int] = mapped_column(sa.BigInteger)


class Talk(Base):
    """What a member last spoke of in a conversation."""

    __tablename__ = "talk"

    member_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    conversation: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    deal_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    contact_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)


class Lease(Base):
    """Something only one process may hold: a socket, a token refresh."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(sa.String(40))
    until_ms: Mapped[int] = mapped_column(sa.BigInteger)


class Token(Base):
    """A platform's access token, shared by replicas."""

    __tablename__ = "token"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    value: Mapped[str] = mapped_column(sa.Text)
    until_ms: Mapped[int] = mapped_column(sa.BigInteger)


class Hold(Base):
    """A rate limit on a door's messages, its updates ("dingtalk:update") or one kind of call ("call:mark_tag"): one probe at `probe_ms`, and again a second later until one passes."""

    __tablename__ = "hold"

    door: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    probe_ms: Mapped[int] = mapped_column(sa.BigInteger)
    reason: Mapped[str] = mapped_column(sa.String(200), default="")


class Meter(Base):
    """How much of a platform's monthly budget is used: ("dingtalk_api", "2026-11")."""

    __tablename__ = "meter"

    name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    period: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    used: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    warned: Mapped[bool] = mapped_column(default=False)


class JobRun(Base):
    """A daily job that has run for a day: the unique key that makes a second run harmless."""

    __tablename__ = "job_run"

    job: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    scheduled_for: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
