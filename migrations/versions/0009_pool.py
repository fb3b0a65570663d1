"""The public pool: who had a customer last, claims counted by day, and the company's rule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import scrm.db

revision = "0009"
down_revision = "0008"
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
    op.create_table(
        "pool_entry",
        sa.Column("customer_id", _BIG_ID, nullable=False),
        sa.Column("previous_owner_id", _BIG_ID, nullable=True),
        sa.Column("released_at", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        *_tracked(),
        _refers("pool_entry", "customer_id", "customer", "CASCADE"),
        _refers("pool_entry", "previous_owner_id", "member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_entry")),
        sa.UniqueConstraint("customer_id", name=op.f("uq_pool_entry_customer_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pool_entry_previous_owner_id"), "pool_entry", ["previous_owner_id"], unique=False)
    op.create_table(
        "pool_claim",
        sa.Column("customer_id", _BIG_ID, nullable=False),
        sa.Column("member_id", _BIG_ID, nullable=False),
        sa.Column("claimed_on", sa.Date(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        *_tracked(),
        _refers("pool_claim", "customer_id", "customer", "CASCADE"),
        _refers("pool_claim", "member_id", "member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_claim")),
        sa.UniqueConstraint("member_id", "claimed_on", "nth", name=op.f("uq_pool_claim_member_id_claimed_on_nth")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pool_claim_customer_id"), "pool_claim", ["customer_id"], unique=False)
    op.create_table(
        "pool_rule",
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("per_day", sa.Integer(), nullable=False),
        sa.Column("holds", sa.Integer(), nullable=False),
        sa.Column("cooldown_days", sa.Integer(), nullable=False),
        sa.Column("set_by", _BIG_ID, nullable=True),
        *_tracked(),
        _refers("pool_rule", "set_by", "member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_rule")),
        sa.UniqueConstraint("scope", name=op.f("uq_pool_rule_scope")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    for table in ("pool_rule", "pool_claim", "pool_entry"):
        op.drop_table(table)
