"""What is wrong at this moment: the log says it when it begins and when it is over, not once per attempt and message."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import structlog

from bot import metrics

log = structlog.get_logger("trouble")

DATABASE = "database"
# Trouble that comes back within this time is the same trouble: what comes and goes does not fill the log.
SAME_SECONDS = 60.0
LASTS_SECONDS = 1800.0  # what has not struck for so long is over, though nothing was tried again


@dataclass(slots=True)
class _Trouble:
    began: float
    codes: set[str] = field(default_factory=set)
    times: int = 0
    struck_at: float = 0.0
    over_at: float = 0.0  # 0 while it lasts
    said_over_at: float = 0.0


class Troubles:
    """One company's troubles by what they concern: "database", a door, a kind of platform call. Used on the loop."""

    def __init__(self, company: str = "") -> None:
        self._company = company
        self._known: dict[str, _Trouble] = {}

    def struck(self, what: str, code: str, **details: object) -> None:
        """One attempt failed so. Said once per code while the trouble lasts."""
        now = time.monotonic()
        known = self._known.get(what)
        if known is None or (known.over_at and now - known.over_at > SAME_SECONDS):
            known = self._known[what] = _Trouble(now)
        if known.over_at or not known.times:
            metrics.TROUBLE.labels(what).set(1)
        known.over_at, known.times, known.struck_at = 0.0, known.times + 1, now
        if code not in known.codes:
            known.codes.add(code)
            log.warning("trouble", company=self._company, what=what, code=code, **details)

    def over(self, what: str) -> None:
        """An attempt went well. Cheap when nothing was wrong."""
        known = self._known.get(what)
        if known is None or known.over_at:
            return
        known.over_at = time.monotonic()
        metrics.TROUBLE.labels(what).set(0)
        if not known.said_over_at or known.over_at - known.said_over_at > SAME_SECONDS:
            known.said_over_at = known.over_at
            seconds = round(known.over_at - known.began, 1)
            log.info("trouble_over", company=self._company, what=what, seconds=seconds, times=known.times)

    @property
    def now(self) -> list[str]:
        """What is in trouble, in order of names."""
        forgotten = time.monotonic() - LASTS_SECONDS
        for what in [what for what, known in self._known.items() if known.struck_at < forgotten]:
            self.over(what)
        return sorted(what for what, known in self._known.items() if not known.over_at)
