"""Pipelines by kind and tier; a stage has a win probability, expected days, and can be retired."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What the stages of a company that exists already are set to, as long as they have their first names.
_FIGURES = {
    "default": (("初次洽谈", 10, 14), ("需求确定", 25, 14), ("方案报价", 45, 21), ("谈判", 70, 14), ("签约", 90, 7)),
    "renewal": (("初次洽谈", 50, 14), ("方案报价", 65, 14), ("谈判", 80, 14), ("签约", 95, 7)),
}


def upgrade() -> None:
    op.create_table(
        "pipeline",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("tier", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline")),
        sa.UniqueConstraint("key", name=op.f("uq_pipeline_key")),
        sa.UniqueConstraint("kind", "tier", name=op.f("uq_pipeline_kind_tier")),
        sqlite_autoincrement=True,
    )
    op.add_column("stage", sa.Column("win_percent", sa.Integer(), nullable=True))
    op.add_column("stage", sa.Column("expected_days", sa.Integer(), nullable=True))
    op.add_column("stage", sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False))
    stage = sa.table("stage", *(sa.column(name) for name in ("pipeline", "name", "win_percent", "expected_days")))
    for pipeline, steps in _FIGURES.items():
        for name, percent, days in steps:
            known = sa.and_(stage.c.pipeline == pipeline, stage.c.name == name)
            op.execute(sa.update(stage).where(known).values(win_percent=percent, expected_days=days))


def downgrade() -> None:
    op.drop_column("stage", "retired")
    op.drop_column("stage", "expected_days")
    op.drop_column("stage", "win_percent")
    op.drop_table("pipeline")
