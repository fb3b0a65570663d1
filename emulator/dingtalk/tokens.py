"""What is checked before a request is looked at: access tokens, calls a second, and the month's quotas."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from emulator.dingtalk.calls import Call, Endpoint
from emulator.dingtalk.errors import QPS, QUOTA, Refusal, refuse_if

if TYPE_CHECKING:
    from emulator.dingtalk.world import World

TOKEN_SECONDS = 7200
ZONE = ZoneInfo("Asia/Shanghai")  # DingTalk's months
UNIFIED = "/v1.0/oauth2/{corpId}/token"


class Tokens:
    """The app's access token: one at a time, renewed by every request inside its validity."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._current, self._expires = "", world.clock()
        self._old: deque[str] = deque(maxlen=100)
        self.asked = 0

    def issue(self) -> str:
        """The present token with its two hours extended, or a new one."""
        self._retire()
        self._current = self._current or self._world.fresh("", 32)
        self._expires = self._world.clock() + timedelta(seconds=TOKEN_SECONDS)
        return self._current

    def check(self, token: str, *, old_host: bool) -> None:
        """Refuse an absent, unknown or outlived token."""
        self._retire()
        if token and token == self._current:
            return
        code = 41001 if not token else 42001 if token in self._old else 40014
        raise Refusal(code if old_host else "InvalidAuthentication")

    def expire(self) -> None:
        """The present token is too old from now on."""
        self._old.append(self._current)
        self._current = ""

    def _retire(self) -> None:
        if self._current and self._world.clock() >= self._expires:
            self.expire()


class Meter:
    """Counts calls a second and, by month, what DingTalk bills (DingTalk docs, 调用量与频率限制)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._api: Counter[str] = Counter()
        self._pushes: Counter[str] = Counter()
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)

    @property
    def api_calls(self) -> int:
        """Counted API calls of this month."""
        return self._api[self._month()]

    @property
    def pushes(self) -> int:
        """Counted webhook and Stream pushes of this month."""
        return self._pushes[self._month()]

    def call(self, api: str, *, counted: bool) -> None:
        """One more call: refused above the rate or the month's quota, and counted when it is of the counted kind."""
        limits = self._world.limits
        refuse_if(limits.qps is not None and self.too_many(api, limits.qps, 1.0), QPS)
        if counted:
            refuse_if(limits.api_per_month is not None and self.api_calls >= limits.api_per_month, QUOTA)
            self._api[self._month()] += 1

    def push(self) -> bool:
        """One more push; whether the month's quota still had room for it."""
        limit = self._world.limits.pushes_per_month
        if limit is not None and self.pushes >= limit:
            return False
        self._pushes[self._month()] += 1
        return True

    def too_many(self, key: str, most: int, seconds: float) -> bool:
        """Count one more of `key` unless there were `most` in the last `seconds` of the real clock."""
        times, now = self._recent[key], self._world.real()
        while times and times[0] <= now - seconds:
            times.popleft()
        if len(times) >= most:
            return True
        times.append(now)
        return False

    def exhaust(self, *, api: bool = False, pushes: bool = False) -> None:
        """The month's quota is used up."""
        limits = self._world.limits
        if api:
            self._api[self._month()] = max(self.api_calls, limits.api_per_month or 0)
        if pushes:
            self._pushes[self._month()] = max(self.pushes, limits.pushes_per_month or 0)

    def _month(self) -> str:
        return f"{self._world.clock().astimezone(ZONE):%Y-%m}"


def access_token(world: World, call: Call) -> dict[str, Any]:
    """POST /v1.0/oauth2/accessToken (获取企业内部应用的 accessToken)."""
    world.tokens.asked += 1
    given = call.body.get("appKey"), call.body.get("appSecret")
    refuse_if(given != (world.client_id, world.client_secret), "invalidClientIdOrSecret")
    return {"accessToken": world.tokens.issue(), "expireIn": TOKEN_SECONDS}


def unified_token(world: World, call: Call) -> dict[str, Any]:
    """POST /v1.0/oauth2/{corpId}/token."""
    world.tokens.asked += 1
    body = call.body
    refuse_if(body.get("grant_type") != "client_credentials", "unsupported.grant.type")
    refuse_if(
        (body.get("client_id"), body.get("client_secret")) != (world.client_id, world.client_secret), "invalid.client"
    )
    refuse_if(call.path.split("/")[3] != world.corp_id, "unauthorized.client")
    return {"access_token": world.tokens.issue(), "expires_in": TOKEN_SECONDS}


def old_token(world: World, call: Call) -> dict[str, Any]:
    """GET /gettoken of the old host."""
    world.tokens.asked += 1
    given = call.query.get("appkey"), call.query.get("appsecret")
    refuse_if(given != (world.client_id, world.client_secret), 40089)
    return {"access_token": world.tokens.issue(), "expires_in": TOKEN_SECONDS}


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/v1.0/oauth2/accessToken"): Endpoint(access_token, counted=False, token=False),
    ("POST", UNIFIED): Endpoint(unified_token, counted=False, token=False),
    ("GET", "/gettoken"): Endpoint(old_token, counted=False, token=False),
}
