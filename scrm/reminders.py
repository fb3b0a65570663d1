"""Follow-ups that want somebody's attention: due for their owner, overdue for the owner's manager.

What the clock notes on a row (`alerted_at`, `escalated_at`) is a claim, not a change of business: it goes below the audit log
by conditional UPDATE, so that a second tick or replica finds nothing left to claim.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, calendar
from scrm.access import Actor
from scrm.activities import latest_of
from scrm.db import one_of, table_of
from scrm.followups import Seen
from scrm.hours import Hours
from scrm.leaders import direct_leaders
from scrm.models import Contact, Customer, Deal, FollowUp, Member
from scrm.prepared import Prepared

BATCH, MOST = 500, 2000  # of one batch
ESCALATE_AFTER = 2  # working days after the reminder; the manager hears of it within three


def claim_due(session: Session, now: datetime) -> list[list[Seen]]:
    """Follow-ups to alert for now, a list for each owner, soonest first; each is given out once. Call again until nothing is left.

    They come as plain rows, which nobody can change: a hundred thousand may be due at once.
    """
    rows = _CLAIM_DUE.rows(session, {"now": now, "owners": BATCH, "most": MOST})
    if not rows:
        return []
    rows.sort(key=lambda row: (row.due_at, row.id))
    customers = _named(session, Customer, (row.customer_id for row in rows))
    contacts = _named(session, Contact, (row.contact_id for row in rows))
    dealings = _named(session, Deal, (row.deal_id for row in rows))
    owners = {row.id: row for row in _OWNERS.rows(session, {"ids": {row.owner_id for row in rows}})}
    newest = latest_of(session, customers)
    groups: dict[int, list[Seen]] = defaultdict(list)
    for row in rows:
        seen = Seen(
            row, customers[row.customer_id], contacts.get(row.contact_id), dealings.get(row.deal_id), owners[row.owner_id],
            newest.get(row.customer_id),
        )  # fmt: skip
        groups[row.owner_id].append(seen)
    return list(groups.values())


def _named(session: Session, kind: Any, ids: Iterable[int | None]) -> dict[int, Any]:
    """Ids and names, by id."""
    wanted = {ident for ident in ids if ident is not None}
    return {row.id: row for row in _NAMES[kind].rows(session, {"ids": wanted})} if wanted else {}


_SHOWN = (
    "id", "customer_id", "contact_id", "deal_id", "owner_id", "action", "due_at", "all_day", "remind_at", "status", "alerted_at", "version",
)  # fmt: skip


def _claiming_due() -> Any:
    due = sa.and_(FollowUp.status == "open", FollowUp.alerted_at.is_(None), FollowUp.remind_at <= sa.bindparam("now"))
    soonest = sa.select(FollowUp.owner_id).where(due).order_by(FollowUp.remind_at, FollowUp.id)
    owners = soonest.limit(sa.bindparam("owners")).with_for_update(skip_locked=True).cte("owners")
    theirs = sa.select(FollowUp.id).where(due, FollowUp.owner_id.in_(sa.select(owners.c.owner_id)))
    ordered = theirs.order_by(FollowUp.remind_at, FollowUp.id).limit(sa.bindparam("most"))
    ids = ordered.with_for_update(skip_locked=True).cte("ids")
    table = table_of(FollowUp)
    claim = sa.update(table).where(
        table.c.id.in_(sa.select(ids.c.id)), table.c.status == "open", table.c.alerted_at.is_(None)
    )
    return claim.values(alerted_at=sa.bindparam("now")).returning(*(table.c[name] for name in _SHOWN))


_CLAIM_DUE = Prepared(_claiming_due())
_NAMES = {
    kind: Prepared(sa.select(kind.id, kind.name).where(one_of(kind.id, "ids"))) for kind in (Customer, Contact, Deal)
}
_OWNERS = Prepared(sa.select(Member.id, Member.name, Member.active).where(one_of(Member.id, "ids")))


def claim_overdue(session: Session, hours: Hours, now: datetime) -> dict[int, list[FollowUp]]:
    """Follow-ups open two working days after they reminded, by the owner's manager, each given out once.

    A manager who was told today already is left for the next working day. Somebody with several managers is named to
    each of them. Call on working days only.
    """
    today = hours.day(now)
    limit = hours.at(calendar.previous_workday(today, ESCALATE_AFTER) + timedelta(days=1), time())
    late = sa.and_(
        FollowUp.status == "open", FollowUp.escalated_at.is_(None), FollowUp.due_at < limit, FollowUp.remind_at < limit
    )
    if not session.scalar(sa.select(sa.exists().where(late))):
        return {}
    told = set(
        session.scalars(sa.select(FollowUp.owner_id).where(FollowUp.escalated_at >= hours.at(today, time())).distinct())
    )
    by_owner = direct_leaders(session)
    busy = frozenset().union(*(by_owner.get(owner, frozenset()) for owner in told))
    owners = [owner for owner, managers in by_owner.items() if not managers & busy]
    query = sa.select(FollowUp.id).where(late, FollowUp.owner_id.in_(owners)).order_by(FollowUp.due_at, FollowUp.id)
    ids = session.scalars(query.limit(MOST).with_for_update(skip_locked=True)).all()
    groups: dict[int, list[FollowUp]] = defaultdict(list)
    for row in _claim(session, ids, FollowUp.escalated_at.is_(None), escalated_at=now):
        for manager in by_owner[row.owner_id]:
            groups[manager].append(row)
    return groups


def _claim(session: Session, ids: Sequence[int], free: Any, **values: datetime) -> Sequence[FollowUp]:
    claim = sa.update(FollowUp).where(FollowUp.id.in_(ids), FollowUp.status == "open", free).values(**values)
    won = session.scalars(claim.returning(FollowUp.id), execution_options={"synchronize_session": False}).all()
    query = sa.select(FollowUp).where(FollowUp.id.in_(won)).order_by(FollowUp.due_at, FollowUp.id)
    return session.scalars(query, execution_options={"populate_existing": True}).all()


def is_overdue(hours: Hours, now: datetime) -> sa.ColumnElement[bool]:
    """Open and past its due time, or past its day when only the day was said."""
    today = hours.at(hours.day(now), time())
    past = sa.or_(FollowUp.due_at < today, sa.and_(FollowUp.due_at < now, sa.not_(FollowUp.all_day)))
    return sa.and_(FollowUp.status == "open", past)


def overdue(session: Session, actor: Actor, hours: Hours, now: datetime, limit: int) -> tuple[int, Sequence[FollowUp]]:
    """How many overdue follow-ups are in the actor's sight, and the oldest of them."""
    condition = sa.and_(is_overdue(hours, now), access.followups(actor))
    count = session.scalar(sa.select(sa.func.count()).select_from(FollowUp).where(condition)) or 0
    query = sa.select(FollowUp).where(condition).order_by(FollowUp.due_at, FollowUp.id).limit(limit)
    return count, session.scalars(query).all()


def overdue_of(session: Session, owners: Collection[int], hours: Hours, now: datetime) -> Sequence[FollowUp]:
    """The overdue follow-ups of these members, oldest first (the first 2,000)."""
    query = sa.select(FollowUp).where(is_overdue(hours, now), FollowUp.owner_id.in_(owners))
    return session.scalars(query.order_by(FollowUp.due_at, FollowUp.id).limit(MOST)).all()
