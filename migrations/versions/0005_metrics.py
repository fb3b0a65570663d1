"""Targets, standards set by hand, promises of a roll-call; and what a forecast scans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import scrm.db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SCANNED = (("deal", "expected_close_on"), ("deal", "closed_at"))


def upgrade() -> None:
    op.create_table(
        "target",
        sa.Column("owner", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("span", sa.String(length=16), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        *_tracked(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
        sa.UniqueConstraint(
            "owner", "owner_id", "span", "starts_on", name=op.f("uq_target_owner_owner_id_span_starts_on")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "standard",
        sa.Column("stage_id", _BIG_ID, nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        *_tracked(),
        sa.ForeignKeyConstraint(
            ["stage_id"], ["stage.id"], name=op.f("fk_standard_stage_id_stage"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard")),
        sa.UniqueConstraint("stage_id", name=op.f("uq_standard_stage_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "promise",
        sa.Column("deal_id", _BIG_ID, nullable=False),
        sa.Column("member_id", _BIG_ID, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("word", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=True),
        *_tracked(),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_promise_deal_id_deal"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_promise_member_id_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
        sa.UniqueConstraint("deal_id", "month", name=op.f("uq_promise_deal_id_month")),
        sqlite_autoincrement=True,
    )
    for table, column in (*_SCANNED, ("promise", "member_id"), ("promise", "month")):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def _tracked() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("created_at", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("updated_at", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    for table, column in _SCANNED:
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    for table in ("promise", "standard", "target"):
        op.drop_table(table)
