"""Monthly budgets of the platforms: what is used, and when to warn. DingTalk's free tier: 5,000 calls, 3,000 pushes."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import metrics
from bot.tables import Meter
from scrm.prepared import Prepared
from scrm.upsert import insert_once

# DingTalk docs, "API call quota": standard edition since 2025-11-19.
LIMITS = {"dingtalk_api": 5_000, "dingtalk_push": 3_000}
TIGHT = 0.8
_BEIJING = ZoneInfo("Asia/Shanghai")


def period(now: datetime | None = None) -> str:
    """The month a call counts to, in DingTalk's own zone."""
    return f"{(now or datetime.now(UTC)).astimezone(_BEIJING):%Y-%m}"


def count(session: Session, name: str, calls: int = 1) -> None:
    """Add calls to this month's meter."""
    month = period()
    insert_once(session, Meter, {"name": name, "period": month, "used": 0, "warned": False}, ["name", "period"])
    session.execute(sa.update(Meter).where(Meter.name == name, Meter.period == month).values(used=Meter.used + calls))


def used(session: Session, name: str) -> int:
    """What this month has used."""
    return next(iter(_USED.scalars(session, {"name": name, "period": period()})), 0)


_USED = Prepared(
    sa.select(Meter.used).where(Meter.name == sa.bindparam("name"), Meter.period == sa.bindparam("period"))
)


def is_tight(session: Session, name: str) -> bool:
    """Whether 80 % of the month's budget is gone."""
    return used(session, name) >= LIMITS[name] * TIGHT


def to_warn(session: Session) -> list[tuple[str, int, int]]:
    """Budgets that have just passed 80 %: (name, used, limit), each once a month."""
    passed = []
    for name, limit in LIMITS.items():
        claimed = session.execute(
            sa.update(Meter)
            .where(
                Meter.name == name, Meter.period == period(), Meter.used >= int(limit * TIGHT), Meter.warned.is_(False)
            )
            .values(warned=True)
            .returning(Meter.name)
        )
        if claimed.first() is not None:
            passed.append((name, used(session, name), limit))
    return passed


def expose(session: Session) -> None:
    """Put the meters into `/metrics`."""
    for name, limit in LIMITS.items():
        metrics.BUDGET_USED.labels(name).set(used(session, name))
        metrics.BUDGET_LIMIT.labels(name).set(limit)


class Counter:
    """Counts calls as they happen and writes them down a few at a time."""

    def __init__(self) -> None:
        self._pending: dict[str, int] = {}

    def __call__(self, name: str) -> None:
        """One more call or push."""
        self._pending[name] = self._pending.get(name, 0) + 1

    def write(self, session: Session) -> None:
        """Add what has been counted to the meters; kept for the next time when the database refuses."""
        pending, self._pending = self._pending, {}
        try:
            for name, calls in pending.items():
                count(session, name, calls)
            session.flush()
        except SQLAlchemyError:
            for name, calls in pending.items():
                self._pending[name] = self._pending.get(name, 0) + calls
            raise
