"""Access tokens and counting calls: what is checked before a request is looked at (OD:91039, OD:90313)."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from emulator.wecom.errors import Refusal, refuse_if

if TYPE_CHECKING:
    from emulator.wecom.world import World

MINUTE, HOUR = 60.0, 3600.0
METERED = 10_000  # keys a meter remembers


class Meter:
    """Counts per key in the last minute and hour of the real clock."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def take(self, key: str, now: float, minute: int, hour: int) -> bool:
        """Count one more unless a limit is reached; whether it was counted."""
        times = self._times.setdefault(key, deque())
        if len(self._times) > METERED:
            del self._times[next(iter(self._times))]
        while times and times[0] <= now - HOUR:
            times.popleft()
        in_minute = sum(1 for moment in times if moment > now - MINUTE)
        if in_minute >= minute or len(times) >= hour:
            return False
        times.append(now)
        return True


class Tokens:
    """The one access token of the one app, and the checks on its use."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._current = ""
        self._expires: datetime | None = None
        self._old: deque[str] = deque(maxlen=100)  # expired by age: 42001; anything else unknown is 40014
        self.issued = 0
        self.asked = 0
        self._wrong: defaultdict[str, int] = defaultdict(int)
        self._banned: dict[str, float] = {}
        self._rates = Meter()
        self._blocked: dict[str, float] = {}

    def issue(self, corp_id: str, secret: str, client: str) -> dict[str, Any]:
        """gettoken: the same token while it is valid, a new one afterwards."""
        self.asked += 1
        world = self._world
        refuse_if(not corp_id, 41002)
        refuse_if(not secret, 41004)
        refuse_if(self._banned.get(client, 0.0) > world.real(), 45009)
        refuse_if(corp_id != world.corp_id, 40013)
        if secret != world.secret:
            self._count_wrong(client)
            raise Refusal(40001)
        self._retire_if_old()
        if not self._current:
            self._current = world.fresh("AT", 120)
            self._expires = world.clock() + timedelta(seconds=world.limits.token_seconds)
            self.issued += 1
        assert self._expires is not None  # noqa: S101 - set together with the token
        left = ceil((self._expires - world.clock()).total_seconds())
        return {"access_token": self._current, "expires_in": max(left, 1)}

    def _count_wrong(self, client: str) -> None:
        self._wrong[client] += 1
        if self._wrong[client] >= self._world.limits.wrong_secrets:
            self._banned[client] = self._world.real() + HOUR
            self._wrong[client] = 0

    def _retire_if_old(self) -> None:
        if self._expires is not None and self._world.clock() >= self._expires:
            self.expire()

    def check(self, token: str) -> None:
        """Refuse a missing (41001), outlived (42001) or unknown (40014) token."""
        refuse_if(not token, 41001)
        self._retire_if_old()
        refuse_if(token in self._old, 42001)
        refuse_if(token != self._current, 40014)

    def expire(self) -> None:
        """The present token becomes too old now: 42001."""
        if self._current:
            self._old.append(self._current)
        self._current, self._expires = "", None

    def revoke(self) -> None:
        """The present token is forgotten: 40014."""
        self._current, self._expires = "", None

    def check_rate(self, path: str) -> None:
        """45009 once a minute's calls of this API are used up, for one whole minute."""
        limit = self._world.limits.per_minute.get(path)
        if limit is None:
            return
        now = self._world.real()
        refuse_if(self._blocked.get(path, 0.0) > now, 45009)
        if not self._rates.take(path, now, limit, 10**9):
            self._blocked[path] = now + MINUTE
            raise Refusal(45009)
