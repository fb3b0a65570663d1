"""What digests scan: records and deals by when they were made."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_activity_made", "activity", ["created_at", "member_id", "kind"])
    op.create_index("ix_deal_made", "deal", ["created_at"])
    op.create_index("ix_deal_stuck", "deal", ["status", "stage_id", "stage_since", "owner_id", "amount"])


def downgrade() -> None:
    op.drop_index("ix_deal_stuck", "deal")
    op.drop_index("ix_deal_made", "deal")
    op.drop_index("ix_activity_made", "activity")
