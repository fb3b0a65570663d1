"""Products, competitors and people of a deal; the facts a stage asks for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# What the stages every company began with ask for.
_REQUIRED = {
    ("default", "方案报价"): "amount",
    ("default", "谈判"): "amount close decision_maker",
    ("renewal", "谈判"): "amount close",
    ("new:大客户", "方案报价"): "amount decision_maker",
    ("new:大客户", "谈判"): "amount close decision_maker competitor",
    ("new:国企", "招投标"): "amount close decision_maker competitor",
}


def upgrade() -> None:
    for column in ("required", "exit_facts"):
        op.add_column("stage", sa.Column(column, sa.String(length=255), server_default="", nullable=False))
    stage = sa.table("stage", *(sa.column(name) for name in ("pipeline", "name", "required")))
    for (pipeline, name), facts in _REQUIRED.items():
        known = sa.and_(stage.c.pipeline == pipeline, stage.c.name == name)
        op.execute(sa.update(stage).where(known).values(required=facts))
    for table in ("deal_product", "deal_competitor"):
        op.create_table(
            table,
            sa.Column("id", _BIG_ID, autoincrement=True, nullable=False),
            sa.Column("deal_id", _BIG_ID, nullable=False),
            sa.Column("name", sa.String(length=64), nullable=False),
            sa.ForeignKeyConstraint(
                ["deal_id"], ["deal.id"], name=op.f(f"fk_{table}_deal_id_deal"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
            sa.UniqueConstraint("deal_id", "name", name=op.f(f"uq_{table}_deal_id_name")),
            sqlite_autoincrement=True,
        )
        op.create_index(op.f(f"ix_{table}_name"), table, ["name"], unique=False)
    op.create_table(
        "deal_contact",
        sa.Column("id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("deal_id", _BIG_ID, nullable=False),
        sa.Column("contact_id", _BIG_ID, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("attitude", sa.String(length=16), nullable=False),
        sa.Column("influence", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_deal_contact_contact_id_contact")),
        sa.ForeignKeyConstraint(
            ["deal_id"], ["deal.id"], name=op.f("fk_deal_contact_deal_id_deal"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_contact")),
        sa.UniqueConstraint("deal_id", "contact_id", name=op.f("uq_deal_contact_deal_id_contact_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deal_contact_contact_id"), "deal_contact", ["contact_id"], unique=False)


def downgrade() -> None:
    for table in ("deal_contact", "deal_competitor", "deal_product"):
        op.drop_table(table)
    op.drop_column("stage", "exit_facts")
    op.drop_column("stage", "required")
