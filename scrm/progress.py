"""What counts as progress with a customer: a stage or status change, an activity, a follow-up done. The only definition."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.models import Activity, Customer, Deal, FollowUp, StageChange


def last(session: Session, customer_ids: Collection[int]) -> dict[int, datetime]:
    """When each of these customers last saw progress (aware UTC); one that has seen none, when it was made."""
    ids = list(customer_ids)
    moments = sa.union_all(
        sa.select(Customer.id.label("customer_id"), Customer.created_at.label("at")).where(Customer.id.in_(ids)),
        sa.select(Activity.customer_id, sa.func.max(Activity.happened_at))
        .where(Activity.customer_id.in_(ids))
        .group_by(Activity.customer_id),
        sa.select(FollowUp.customer_id, sa.func.max(FollowUp.done_at))
        .where(FollowUp.customer_id.in_(ids), FollowUp.status == "done", FollowUp.done_at.is_not(None))
        .group_by(FollowUp.customer_id),
        sa.select(Deal.customer_id, sa.func.max(StageChange.at))
        .join(StageChange, StageChange.deal_id == Deal.id)
        .where(Deal.customer_id.in_(ids))
        .group_by(Deal.customer_id),
    ).subquery()
    newest = sa.select(moments.c.customer_id, sa.func.max(moments.c.at)).group_by(moments.c.customer_id)
    return {row[0]: row[1] for row in session.execute(newest)}
