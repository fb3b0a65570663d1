"""Check-ins: places members sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from scrm.models import CheckIn


def record(session: Session, member_id: int, now: datetime, latitude: float, longitude: float, label: str) -> CheckIn:
    """A new check-in, not yet used by a visit."""
    row = CheckIn(member_id=member_id, at=now, latitude=latitude, longitude=longitude, label=label[:255])
    session.add(row)
    session.flush()
    return row
