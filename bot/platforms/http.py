"""Calls to a platform's HTTP interface: one way to make them, with limits on time and size, and one kind of error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from bot.platforms.base import Fate, SendError

SECONDS = 10.0  # for one call, all in all
MAX_ANSWER = 4 * 1024 * 1024  # bytes of an answer after decompression; a whole department of members stays far below
CONNECTIONS = 64

UNREACHABLE = "unreachable"  # no connection: the platform has not seen the call
TIMEOUT = "timeout"  # no answer in time: the platform may have acted
BROKEN = "broken"  # the connection broke, or the answer made no sense: the platform may have acted

MAYBE_ACTED = frozenset({TIMEOUT, BROKEN})
"""Codes of a SendError after which the platform may have done what was asked, besides the 5xx statuses."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A JSON answer: `data` is the object, or {"": value} for an answer that is none; header names are lower case."""

    status: int
    data: Mapping[str, Any]
    headers: Mapping[str, str]


def open_session() -> aiohttp.ClientSession:
    """A session for all calls of the process: no cookies, no environment, a bounded number of connections."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, limit_per_host=CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=SECONDS, sock_connect=5.0),
    )


def may_have_acted(error: SendError) -> bool:
    """Whether the call that failed so may have had its effect all the same."""
    return error.code in MAYBE_ACTED or error.code.startswith("http_5")


class Http:
    """JSON calls over one session. A failure is a SendError(RETRY or PERMANENT) without URL, header or body in it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def call(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
        form: aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Reply:
        """The answer, whatever its status: a `body` goes out as UTF-8 JSON, a `form` as multipart.

        Raises SendError: RETRY for no connection, no answer in time, an answer that is not JSON or too large;
        PERMANENT for a body that is no JSON value. Statuses are the caller's business when the answer is JSON.
        """
        sent = dict(headers or {})
        data: Any = form
        if body is not None:
            data = encode(body)
            sent["Content-Type"] = "application/json; charset=utf-8"
        status, raw, received = await self._exchange(method, url, params, data, sent, seconds)
        return Reply(status, _decode(status, raw), received)

    async def download(self, url: str, *, limit: int = MAX_ANSWER, seconds: float = SECONDS) -> bytes:
        """The bytes behind a public address, at most `limit`. Raises SendError(RETRY)."""
        status, raw, _ = await self._exchange("GET", url, None, None, {}, seconds, limit)
        if status != 200:
            raise SendError(Fate.RETRY, f"http_{status}")
        return raw

    async def _exchange(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        data: Any,
        headers: Mapping[str, str],
        seconds: float,
        limit: int = MAX_ANSWER,
    ) -> tuple[int, bytes, Mapping[str, str]]:
        # Errors of aiohttp can name the URL, and with it a token: they are replaced, not chained.
        try:
            async with self.session.request(
                method,
                url,
                params=params,
                data=data,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=min(5.0, seconds)),
                allow_redirects=False,
            ) as response:
                raw = await _read(response, limit)
                return response.status, raw, {name.lower(): value for name, value in response.headers.items()}
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError, aiohttp.InvalidURL):
            raise SendError(Fate.RETRY, UNREACHABLE) from None
        except TimeoutError:
            raise SendError(Fate.RETRY, TIMEOUT) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SendError(Fate.RETRY, BROKEN, type(error).__name__) from None


def encode(body: object) -> bytes:
    """JSON as UTF-8 without escapes (WeCom refuses \\uXXXX in places, code 40033). Raises SendError(PERMANENT)."""
    try:
        return msgspec.json.encode(body)
    except (TypeError, ValueError) as error:
        raise SendError(Fate.PERMANENT, "unencodable", type(error).__name__) from None


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    parts, size = [], 0
    async for chunk in response.content.iter_chunked(64 * 1024):
        size += len(chunk)
        if size > limit:
            response.close()
            raise SendError(Fate.RETRY, BROKEN, "answer too large")
        parts.append(chunk)
    return b"".join(parts)


def _decode(status: int, raw: bytes) -> Mapping[str, Any]:
    if not raw and status < 300:
        return {}
    try:
        # Platforms let control characters through in names: strict=False reads them.
        value = json.loads(raw, strict=False)
    except (ValueError, RecursionError):
        code = BROKEN if status < 300 else f"http_{status}"
        raise SendError(Fate.RETRY, code, "not JSON") from None
    return value if isinstance(value, dict) else {"": value}
