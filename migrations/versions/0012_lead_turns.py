"""Leads with a budget that wait for working hours, are contacted and cool down; claims of leads; codes whose contacts are leads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import scrm.db

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FK_OWNER = "fk_lead_previous_owner_id_member"
_FK_LEAD = "fk_pool_claim_lead_id_lead"


def upgrade() -> None:
    with op.batch_alter_table("lead", table_kwargs={"sqlite_autoincrement": True}) as lead:
        lead.add_column(sa.Column("amount", sa.Numeric(18, 2), nullable=True))
        lead.add_column(sa.Column("waits", sa.Boolean(), nullable=False, server_default=sa.false()))
        lead.add_column(sa.Column("contacted_at", scrm.db.Utc(timezone=True), nullable=True))
        lead.add_column(sa.Column("previous_owner_id", _BIG_ID, nullable=True))
        lead.add_column(sa.Column("released_at", scrm.db.Utc(timezone=True), nullable=True))
        lead.create_foreign_key(op.f(_FK_OWNER), "member", ["previous_owner_id"], ["id"])
    waiting = sa.text("waits")
    op.create_index("ix_lead_waiting", "lead", ["id"], sqlite_where=waiting, postgresql_where=waiting)
    for column in ("opens", "closes"):
        op.add_column("lead_rule", sa.Column(column, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("channel", sa.Column("makes_leads", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("pool_claim", table_kwargs={"sqlite_autoincrement": True}) as claim:
        claim.alter_column("customer_id", existing_type=_BIG_ID, nullable=True)
        claim.add_column(sa.Column("lead_id", _BIG_ID, nullable=True))
        claim.create_foreign_key(op.f(_FK_LEAD), "lead", ["lead_id"], ["id"], ondelete="CASCADE")
    op.create_index(op.f("ix_pool_claim_lead_id"), "pool_claim", ["lead_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_pool_claim_lead_id"), "pool_claim")
    op.execute(sa.text("DELETE FROM pool_claim WHERE customer_id IS NULL"))
    with op.batch_alter_table("pool_claim", table_kwargs={"sqlite_autoincrement": True}) as claim:
        claim.drop_constraint(op.f(_FK_LEAD), type_="foreignkey")
        claim.drop_column("lead_id")
        claim.alter_column("customer_id", existing_type=_BIG_ID, nullable=False)
    op.drop_column("channel", "makes_leads")
    for column in ("closes", "opens"):
        op.drop_column("lead_rule", column)
    op.drop_index("ix_lead_waiting", "lead")
    with op.batch_alter_table("lead", table_kwargs={"sqlite_autoincrement": True}) as lead:
        lead.drop_constraint(op.f(_FK_OWNER), type_="foreignkey")
        for column in ("released_at", "previous_owner_id", "contacted_at", "waits", "amount"):
            lead.drop_column(column)
