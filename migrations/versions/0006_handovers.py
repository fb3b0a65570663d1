"""Hand-overs of customers, and what became of each contact's transfer on WeCom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import scrm.db

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("giver_id", _BIG_ID, nullable=False),
        sa.Column("taker_id", _BIG_ID, nullable=False),
        sa.Column("maker_id", _BIG_ID, nullable=True),
        sa.Column("customer_id", _BIG_ID, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("turn", sa.String(length=64), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("deals", sa.Integer(), nullable=False),
        sa.Column("followups", sa.Integer(), nullable=False),
        sa.Column("checked_at", scrm.db.Utc(timezone=True), nullable=True),
        sa.Column("id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("created_at", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("updated_at", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["giver_id"], ["member.id"], name=op.f("fk_handover_giver_id_member")),
        sa.ForeignKeyConstraint(["taker_id"], ["member.id"], name=op.f("fk_handover_taker_id_member")),
        sa.ForeignKeyConstraint(["maker_id"], ["member.id"], name=op.f("fk_handover_maker_id_member")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_handover_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "transfer",
        sa.Column("id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("handover_id", _BIG_ID, nullable=False),
        sa.Column("contact_id", _BIG_ID, nullable=False),
        sa.Column("external_user_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["handover.id"], name=op.f("fk_transfer_handover_id_handover"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_transfer_contact_id_contact"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("handover_id", "external_user_id", name=op.f("uq_transfer_handover_id_external_user_id")),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("status = 'waiting'")
    op.create_index("ix_transfer_waiting", "transfer", ["handover_id"], sqlite_where=waiting, postgresql_where=waiting)


def downgrade() -> None:
    op.drop_table("transfer")
    op.drop_table("handover")
