"""How many reminders a day somebody wants, on which day's account a push counts, and what waits for the summary."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("member", sa.Column("pushes_a_day", sa.Integer(), nullable=True))
    op.add_column("outbox", sa.Column("push_day", sa.Integer(), nullable=True))
    pushed, held = sa.text("push_day IS NOT NULL"), sa.text("state = 5")
    op.create_index(
        "ix_outbox_pushed", "outbox", ["member_id", "push_day"], sqlite_where=pushed, postgresql_where=pushed
    )
    op.create_index("ix_outbox_held", "outbox", ["not_before_ms"], sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    op.execute(sa.text("UPDATE outbox SET state = 4 WHERE state = 5"))
    for name in ("ix_outbox_held", "ix_outbox_pushed"):
        op.drop_index(name, "outbox")
    op.drop_column("outbox", "push_day")
    op.drop_column("member", "pushes_a_day")
