"""Leads, and the rules that say who gets them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import scrm.db

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORDS = {
    "name": 64, "company": 128, "title": 64, "phone": 32, "need": 255, "product": 64, "region": 32, "tier": 32, "source": 64,
    "status": 16, "reason": 255,
}  # fmt: skip


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
        "lead",
        *(sa.Column(name, sa.String(length=length), nullable=False) for name, length in _WORDS.items()),
        sa.Column("key", sa.String(length=64), nullable=True),
        *(sa.Column(name, _BIG_ID, nullable=True) for name in ("owner_id", "customer_id", "contact_id", "deal_id")),
        *_tracked(),
        _refers("lead", "owner_id", "member"),
        *(_refers("lead", f"{table}_id", table, "SET NULL") for table in ("customer", "contact", "deal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        sa.UniqueConstraint("key", name=op.f("uq_lead_key")),
        sqlite_autoincrement=True,
    )
    for column in ("status", "owner_id"):
        op.create_index(op.f(f"ix_lead_{column}"), "lead", [column], unique=False)
    op.create_table(
        "lead_rule",
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("set_by", _BIG_ID, nullable=True),
        *_tracked(),
        _refers("lead_rule", "set_by", "member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_rule")),
        sa.UniqueConstraint("scope", name=op.f("uq_lead_rule_scope")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lead_turn",
        sa.Column("rule_id", _BIG_ID, nullable=False),
        sa.Column("member_id", _BIG_ID, nullable=False),
        sa.Column("had_at", scrm.db.Utc(timezone=True), nullable=True),
        *_tracked(),
        _refers("lead_turn", "rule_id", "lead_rule", "CASCADE"),
        _refers("lead_turn", "member_id", "member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_turn")),
        sa.UniqueConstraint("rule_id", "member_id", name=op.f("uq_lead_turn_rule_id_member_id")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    for table in ("lead_turn", "lead_rule", "lead"):
        op.drop_table(table)
