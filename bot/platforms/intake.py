"""The receiving end of a platform's callback: its body within limits, and the answer for everything that goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import structlog
from aiohttp import web

from bot import metrics
from bot.platforms.base import Rejected, Unavailable

log = structlog.get_logger("intake")

MAX_BODY = 64 * 1024  # bytes; the largest callback lists a few hundred members
READ_SECONDS = 2.0

Handle = Callable[[web.Request, bytes], Awaitable[web.Response]]


def receiver(door: str, handle: Handle) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A request handler: what `handle` answers; refusals by their status; 503 when the database is away or we are wrong.

    A 503 is not an acknowledgement, so the platform delivers again.
    """

    async def receive(request: web.Request) -> web.StreamResponse:
        response = await _answer(door, handle, request)
        metrics.CALLBACKS.labels(door, str(response.status)).inc()
        return response

    return receive


async def _answer(door: str, handle: Handle, request: web.Request) -> web.Response:
    try:
        return await handle(request, await read_body(request))
    except Rejected as rejected:
        log.warning("callback_refused", door=door, status=rejected.status, reason=rejected.reason)
        return web.Response(status=rejected.status)
    except Unavailable:
        return web.Response(status=503)
    except Exception:
        log.exception("callback_failed", door=door)
        return web.Response(status=503)


async def read_body(request: web.Request) -> bytes:
    """The body. Raises Rejected: 413 beyond 64 KiB, 408 when it does not arrive in 2 s, 400 when the connection breaks."""
    if (request.content_length or 0) > MAX_BODY:
        raise Rejected(413, f"{request.content_length} bytes announced")
    parts, size = [], 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > MAX_BODY:
                    raise Rejected(413, "too large")
                parts.append(chunk)
    except TimeoutError as error:
        raise Rejected(408, "the body did not arrive") from error
    except (aiohttp.ClientError, web.RequestPayloadError, ConnectionError) as error:
        raise Rejected(400, f"body: {type(error).__name__}") from error
    return b"".join(parts)
