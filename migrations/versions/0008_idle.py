"""Rules for customers nobody makes progress with, how far each is on its way, and extensions asked for, and who stands in for whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import scrm.db

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _tracked() -> list[sa.Column[object]]:
    return [
        sa.Column("id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("created_at", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("updated_at", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
    ]


def _refers(table: str, column: str, to: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"), ondelete=ondelete)


def upgrade() -> None:
    _rules()
    _places()
    _extensions()
    _covers()


def _rules() -> None:
    op.create_table(
        "idle_rule",
        sa.Column("tier", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("remind_days", sa.Integer(), nullable=False),
        sa.Column("manager_days", sa.Integer(), nullable=False),
        sa.Column("recycle_days", sa.Integer(), nullable=True),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("assign_to", _BIG_ID, nullable=True),
        sa.Column("set_by", _BIG_ID, nullable=True),
        *_tracked(),
        _refers("idle_rule", "assign_to", "member"),
        _refers("idle_rule", "set_by", "member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idle_rule")),
        sa.UniqueConstraint("tier", "stage", name=op.f("uq_idle_rule_tier_stage")),
        sqlite_autoincrement=True,
    )


def _places() -> None:
    op.create_table(
        "idle",
        sa.Column("customer_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("rule_id", _BIG_ID, nullable=True),
        sa.Column("owner_id", _BIG_ID, nullable=True),
        sa.Column("owned_since", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("since", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("told_at", scrm.db.Utc(timezone=True), nullable=True),
        sa.Column("recycle_on", sa.Date(), nullable=True),
        sa.Column("look_at", scrm.db.Utc(timezone=True), nullable=False),
        _refers("idle", "customer_id", "customer", "CASCADE"),
        _refers("idle", "rule_id", "idle_rule", "SET NULL"),
        _refers("idle", "owner_id", "member"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_idle")),
    )
    for column in ("look_at", "rule_id", "owner_id"):
        op.create_index(op.f(f"ix_idle_{column}"), "idle", [column], unique=False)


def _extensions() -> None:
    op.create_table(
        "extension",
        sa.Column("customer_id", _BIG_ID, nullable=False),
        sa.Column("asked_by", _BIG_ID, nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("decided_by", _BIG_ID, nullable=True),
        *_tracked(),
        _refers("extension", "customer_id", "customer", "CASCADE"),
        _refers("extension", "asked_by", "member"),
        _refers("extension", "decided_by", "member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extension")),
        sqlite_autoincrement=True,
    )
    for column in ("customer_id", "status"):
        op.create_index(op.f(f"ix_extension_{column}"), "extension", [column], unique=False)


def _covers() -> None:
    op.create_table(
        "cover",
        sa.Column("member_id", _BIG_ID, nullable=False),
        sa.Column("cover_id", _BIG_ID, nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        *_tracked(),
        _refers("cover", "member_id", "member"),
        _refers("cover", "cover_id", "member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cover")),
        sqlite_autoincrement=True,
    )
    for column in ("member_id", "cover_id", "last_on"):
        op.create_index(op.f(f"ix_cover_{column}"), "cover", [column], unique=False)


def downgrade() -> None:
    for table in ("cover", "extension", "idle", "idle_rule"):
        op.drop_table(table)
