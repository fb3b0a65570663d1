"""Contracts, and the deals that are to renew them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import scrm.db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "contract",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("customer_id", _BIG_ID, nullable=False),
        sa.Column("deal_id", _BIG_ID, nullable=True),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("renewal_id", _BIG_ID, nullable=True),
        sa.Column("id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("created_at", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("updated_at", scrm.db.Utc(timezone=True), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_contract_customer_id_customer")),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_contract_deal_id_deal"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["renewal_id"], ["deal.id"], name=op.f("fk_contract_renewal_id_deal"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
        sa.UniqueConstraint("renewal_id", name=op.f("uq_contract_renewal_id")),
        sqlite_autoincrement=True,
    )
    for column in ("customer_id", "deal_id", "ends_on"):
        op.create_index(op.f(f"ix_contract_{column}"), "contract", [column], unique=False)


def downgrade() -> None:
    op.drop_table("contract")
