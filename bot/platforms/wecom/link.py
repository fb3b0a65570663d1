"""The AI bot's long connection: one per bot, kept open, and the frames that go over it (OD:101463)."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

import aiohttp
import structlog

from bot import metrics
from bot.config import WeComBot
from bot.events import AnyEvent, Unknown
from bot.platforms.base import Accept, Fate, Rejected, SendError, Unavailable
from bot.platforms.http import TIMEOUT, UNREACHABLE, encode
from bot.platforms.wecom.errors import error_of
from bot.platforms.wecom.parse_bot import parse_bot

log = structlog.get_logger("wecom_bot")

DOOR = "wecom_bot"
CONNECT_SECONDS = 10.0
ACK_SECONDS = 5.0
PING_SECONDS = 30.0
MISSED_PINGS = 2
MAX_FRAME = 1 << 20
MAX_IN_HAND = 500  # callbacks being made durable; beyond that we stop reading
FIRST_DELAY, LAST_DELAY = 1.0, 30.0  # between attempts to connect
REFUSED_DELAY = 60.0  # after a refused subscription: a wrong secret stays wrong
# Nobody delivers again what the database cannot take now: we hold it for two minutes, a restart of PostgreSQL and more.
ACCEPT_AGAIN = (0.3, 0.6, 1.2, 2.5, *(5.0,) * 24)
DRAIN_SECONDS = 5.0

Fields = Mapping[str, Any]


class BotLink:
    """Keeps the connection, delivers what comes to `accept`, and makes requests. Whoever holds the lease calls start()."""

    def __init__(
        self,
        bot: WeComBot,
        session: aiohttp.ClientSession,
        accept: Accept,
        *,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        self._url, self._session, self._accept = bot.url, session, accept
        self._subscription = {"bot_id": bot.bot_id, "secret": bot.secret}
        self._ping_seconds = ping_seconds
        self._link: aiohttp.ClientWebSocketResponse | None = None
        self._task: asyncio.Task[None] | None = None
        self._acks: dict[str, asyncio.Future[Fields]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._speakers: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._in_hand: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(MAX_IN_HAND)
        self.replaced = False
        """A newer connection of the same bot took over: we do not fight for it (until the next start())."""

    @property
    def connected(self) -> bool:
        """Whether we are subscribed now."""
        return self._link is not None

    async def start(self) -> None:
        """Connect, and keep connected until stop()."""
        await self.stop()
        self.replaced = False
        self._task = asyncio.create_task(self._keep(), name="wecom-bot")

    async def stop(self) -> None:
        """Close the connection; what was received is still made durable."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=DRAIN_SECONDS)

    async def request(self, command: str, body: Fields, req_id: str = "") -> Fields:
        """Send a frame and wait for its acknowledgement: the acknowledgement's body.

        Raises SendError: RETRY "unreachable" while not connected, RETRY "timeout" without an answer in 5 s (the platform
        may have acted), else what the platform's code means.
        """
        if self._link is None:
            raise SendError(Fate.RETRY, UNREACHABLE)
        return await self._exchange(self._link, command, body, req_id or f"{command}_{uuid4().hex}")

    @classmethod
    async def try_subscription(cls, bot: WeComBot, session: aiohttp.ClientSession) -> None:
        """Log in once and leave. Raises SendError, aiohttp.ClientError or TimeoutError; ends anybody else's connection."""

        async def accept(_: Sequence[AnyEvent]) -> None:
            raise Unavailable

        door = cls(bot, session, accept)
        async with asyncio.timeout(CONNECT_SECONDS):
            await door._connect(stay=False)

    # keeping the connection

    async def _keep(self) -> None:
        delay, clock, said = FIRST_DELAY, asyncio.get_running_loop().time, ""
        while not self.replaced:
            began = clock()
            try:
                await self._connect()
                said = ""
                delay = FIRST_DELAY if clock() - began > LAST_DELAY else min(delay * 2, LAST_DELAY)
            except SendError as error:
                if said != (said := error.code):  # once, not once per attempt
                    log.error("subscription_refused", code=error.code, text=str(error)[:200])
                delay = REFUSED_DELAY if error.fate is not Fate.RETRY else min(delay * 2, LAST_DELAY)
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                if said != (said := type(error).__name__):
                    log.warning("not_connected", error=said)
                delay = min(delay * 2, LAST_DELAY)
            if not self.replaced:
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))
        log.error("replaced", hint="another process uses the same bot: each bot allows one connection")

    async def _connect(self, *, stay: bool = True) -> None:
        """One connection from opening to end. Raises SendError when the subscription is refused."""
        async with asyncio.timeout(CONNECT_SECONDS):
            link = await self._session.ws_connect(self._url, max_msg_size=MAX_FRAME, autoping=True)
        reader = asyncio.create_task(self._read(link))
        try:
            await self._exchange(link, "aibot_subscribe", self._subscription, f"aibot_subscribe_{uuid4().hex}")
            if stay:
                await self._stay(link, reader)
        finally:
            self._closed()
            await _end(reader)
            with suppress(Exception):
                async with asyncio.timeout(1.0):
                    await link.close()

    async def _stay(self, link: aiohttp.ClientWebSocketResponse, reader: asyncio.Task[None]) -> None:
        self._opened(link)
        pinger = asyncio.create_task(self._ping(link))
        try:
            await asyncio.wait({reader, pinger}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(pinger)

    def _opened(self, link: aiohttp.ClientWebSocketResponse) -> None:
        self._link = link
        metrics.DOOR_OPEN.labels(DOOR).set(1)
        log.info("connected")

    def _closed(self) -> None:
        if self._link is not None:
            log.info("disconnected")
        self._link = None
        metrics.DOOR_OPEN.labels(DOOR).set(0)
        for waiting in self._acks.values():
            if not waiting.done():
                waiting.set_exception(SendError(Fate.RETRY, TIMEOUT, "the connection ended"))
                waiting.exception()

    async def _ping(self, link: aiohttp.ClientWebSocketResponse) -> None:
        """Returns once two pings in a row were not answered."""
        missed = 0
        while missed < MISSED_PINGS:
            await asyncio.sleep(self._ping_seconds)
            try:
                await self._exchange(link, "ping", None, f"ping_{uuid4().hex}")
                missed = 0
            except SendError:
                missed += 1
        log.warning("link_dead", missed=missed)

    # frames

    async def _exchange(
        self, link: aiohttp.ClientWebSocketResponse, command: str, body: Fields | None, req_id: str
    ) -> Fields:
        frame: dict[str, Any] = {"cmd": command, "headers": {"req_id": req_id}}
        if body is not None:
            frame["body"] = body
        text = encode(frame).decode()
        # Replies to one callback share its req_id: the next one waits for the acknowledgement of the one before.
        async with self._turn(req_id):
            acknowledged: asyncio.Future[Fields] = asyncio.get_running_loop().create_future()
            self._acks[req_id] = acknowledged
            try:
                async with asyncio.timeout(ACK_SECONDS):
                    await link.send_str(text)
                    answer = await acknowledged
            except TimeoutError:
                raise SendError(Fate.RETRY, TIMEOUT) from None
            except (aiohttp.ClientError, ConnectionError, RuntimeError):
                raise SendError(Fate.RETRY, TIMEOUT, "the connection broke") from None
            finally:
                self._acks.pop(req_id, None)
        error = error_of(200, answer)
        if error is not None:
            raise error
        found = answer.get("body")
        return found if isinstance(found, dict) else {}

    def _turn(self, req_id: str) -> asyncio.Lock:
        lock = self._turns.get(req_id)
        if lock is None:
            lock = self._turns[req_id] = asyncio.Lock()
        return lock

    async def _read(self, link: aiohttp.ClientWebSocketResponse) -> None:
        """Returns when the connection ends, or a newer one took over."""
        async for message in link:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            frame = _decode(message.data)
            if "cmd" not in frame:
                self._acknowledge(frame)
            elif _is_farewell(frame):
                self.replaced = True
                return
            else:
                await self._room.acquire()
                self._take(frame)

    def _acknowledge(self, frame: Fields) -> None:
        waiting = self._acks.get(_req_id(frame))
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)

    def _take(self, frame: Fields) -> None:
        task = asyncio.create_task(self._deliver(frame))
        self._in_hand.add(task)
        task.add_done_callback(self._taken)

    def _taken(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self._room.release()
        if not task.cancelled() and task.exception() is not None:
            log.error("delivery_failed", exc_info=task.exception())

    async def _deliver(self, frame: Fields) -> None:
        body = frame.get("body")
        try:
            event = parse_bot(body if isinstance(body, dict) else {}, _req_id(frame), datetime.now(UTC))
            if event is not None:
                # One speaker's wait for each other, so that what is held does not lose its place.
                async with self._speakers.setdefault(event.origin.user_id, asyncio.Lock()):
                    await self._keep_event(event)
        except Unknown as unknown:
            log.info("unknown_kind", kind=unknown.kind[:100], hint="bot/platforms/wecom/parse_bot.py reads it")
        except Rejected as rejected:
            log.warning("callback_refused", door=DOOR, reason=rejected.reason)

    async def _keep_event(self, event: AnyEvent) -> None:
        """The platform does not repeat itself here: while the database is away, we do."""
        for delay in (*ACCEPT_AGAIN, None):
            try:
                await self._accept([event])
                metrics.CALLBACKS.labels(DOOR, "200").inc()
                return
            except Unavailable:
                if delay is not None:
                    await asyncio.sleep(delay)
        metrics.CALLBACKS.labels(DOOR, "lost").inc()
        log.error("event_lost", key=event.key)


def _decode(text: str) -> Fields:
    """A frame; {} for what is none. Control characters inside strings are let through, as the platform does."""
    try:
        frame = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        log.warning("not_json", bytes=len(text))
        return {}
    return frame if isinstance(frame, dict) else {}


def _req_id(frame: Fields) -> str:
    headers = frame.get("headers")
    req_id = headers.get("req_id") if isinstance(headers, dict) else None
    return req_id if isinstance(req_id, str) else ""


def _is_farewell(frame: Fields) -> bool:
    body = frame.get("body")
    event = body.get("event") if isinstance(body, dict) else None
    return isinstance(event, dict) and event.get("eventtype") == "disconnected_event"


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task
