"""The index of what alerts next is in the order in which it is claimed: many are due in the same second."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INDEX, _TABLE = "ix_followup_remind", "followup"
_WAITING = sa.text("status = 'open' AND alerted_at IS NULL")


def upgrade() -> None:
    _replace("remind_at", "id")


def downgrade() -> None:
    _replace("remind_at")


def _replace(*columns: str) -> None:
    op.drop_index(_INDEX, _TABLE)
    op.create_index(_INDEX, _TABLE, list(columns), sqlite_where=_WAITING, postgresql_where=_WAITING)
