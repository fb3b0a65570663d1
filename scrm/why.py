"""Why somebody was reminded: of what, by which rule or plan, when, and who set it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.models import Audit, FollowUp, Idle, Member


@dataclass(frozen=True, slots=True)
class Planned:
    """Who planned a follow-up, with which words, when; "" and None where the log does not say."""

    who: str = ""
    words: str = ""
    at: datetime | None = None


def last_reminded(session: Session, owners: Collection[int]) -> tuple[str, int] | None:
    """What these members were reminded of last: ("followup", id) or ("customer", id); None when of nothing."""
    ids = list(owners)
    alert = sa.select(FollowUp.id, FollowUp.alerted_at).where(
        FollowUp.owner_id.in_(ids), FollowUp.alerted_at.is_not(None)
    )
    told = sa.select(Idle.customer_id, Idle.told_at).where(Idle.owner_id.in_(ids), Idle.told_at.is_not(None))
    newest: list[tuple[datetime, str, int]] = []
    for kind, query, at in (("followup", alert, FollowUp.alerted_at), ("customer", told, Idle.told_at)):
        row = session.execute(query.order_by(at.desc()).limit(1)).first()
        if row is not None and row[1] is not None:
            newest.append((row[1], kind, row[0]))
    if not newest:
        return None
    _, kind, ident = max(newest)
    return kind, ident


def planned(session: Session, row: FollowUp) -> Planned:
    """Who planned this follow-up, or moved it last."""
    mine = sa.and_(Audit.table_name == "followup", Audit.record_id == str(row.id), Audit.undone_at.is_(None))
    said = sa.select(Audit, Member.name).outerjoin(Member, Member.id == Audit.member_id).where(mine)
    found = session.execute(said.order_by(Audit.id.desc()).limit(20)).all()
    for entry, name in found:
        if entry.op == "insert" or "due_at" in (entry.after or {}):
            return Planned(name or "", entry.source, entry.at)
    return Planned()
