"""DingTalk's Stream mode: events over a WebSocket that we open, no public address needed (Stream 模式协议)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal
from urllib.parse import quote

import aiohttp
import msgspec
import structlog
from yarl import URL

from bot import metrics
from bot.config import DingTalk
from bot.platforms.base import Accept, Fate, Ignored, Outcome, SendError
from bot.platforms.dingtalk.errors import error_of
from bot.platforms.dingtalk.frames import TOPIC_CARD, TOPIC_ROBOT, Frame, Frames, read
from bot.platforms.http import Http
from bot.version import VERSION

log = structlog.get_logger("dingtalk.stream")

MAX_FRAME = 1024 * 1024  # bytes; a larger frame ends the connection
PING_SECONDS = 60.0  # silence after which we ping; no pong within half of it means a dead connection
SILENT_SECONDS = 900.0  # a socket that answers pings but brings nothing, not even DingTalk's own pings, is replaced
DRAIN_SECONDS = 15.0  # after `disconnect` the server delivers nothing more and closes about 10 s later
IN_FLIGHT = 64  # frames in work per connection; more are left in the socket
FINISH_SECONDS = 5.0  # what is in work may take this long when we stop
SETUP_SECONDS = 60.0  # between attempts while the credentials are refused
SHORT_LIFE = 20.0  # a connection that ends sooner counts as a failure
MAX_BACKOFF = 30.0

State = Literal["closed", "connecting", "open", "setup"]

_SUBSCRIPTIONS = [
    {"type": "EVENT", "topic": "*"},
    {"type": "CALLBACK", "topic": TOPIC_ROBOT},
    {"type": "CALLBACK", "topic": TOPIC_CARD},
]


async def open_ticket(config: DingTalk, http: Http) -> tuple[str, str]:
    """The address of the socket and a ticket for it: 90 s, one use. Raises SendError."""
    body = {
        "clientId": config.client_id,
        "clientSecret": config.client_secret,
        "subscriptions": _SUBSCRIPTIONS,
        "ua": f"scrm-bot/{VERSION}",
    }
    # Without Accept the answer may be XML.
    headers = {"Accept": "application/json"}
    reply = await http.call("POST", f"{config.api_base}/v1.0/gateway/connections/open", body=body, headers=headers)
    if error := error_of(reply.status, reply.data):
        # 400 means here: the app is not published, or its robot is not in Stream mode.
        refused = reply.status in (400, 401, 403)
        raise SendError(Fate.SETUP, error.code, str(error)) if refused and error.fate is not Fate.RATE else error
    endpoint, ticket = reply.data.get("endpoint"), reply.data.get("ticket")
    if not (isinstance(endpoint, str) and endpoint.startswith(("ws://", "wss://")) and isinstance(ticket, str)):
        raise SendError(Fate.RETRY, "broken", "no endpoint or ticket")
    return endpoint, ticket


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row: 0, then 1, 2, 4 … 30, less up to a half by chance."""
    return min(MAX_BACKOFF, 2.0 ** min(failures - 1, 10)) * random.uniform(0.5, 1.0) if failures > 0 else 0.0


class Stream:
    """Keeps one connection open, and a second one for the ten deaf seconds of the first."""

    door = "dingtalk_stream"

    def __init__(
        self,
        config: DingTalk,
        session: aiohttp.ClientSession,
        http: Http,
        accept: Accept,
        outcome: Outcome,
        ignored: Ignored = lambda _: None,
    ) -> None:
        self._config, self._session, self._http = config, session, http
        self._frames = Frames(accept, outcome, ignored)
        self._open: set[_Connection] = set()
        self._keeper: asyncio.Task[None] | None = None
        self.state: State = "closed"
        self.problem = ""  # the platform's code of the last failure

    @property
    def connected(self) -> bool:
        """Whether messages can come in now."""
        return any(connection.serving for connection in self._open)

    async def start(self) -> None:
        """Begin connecting; returns at once."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="dingtalk-stream")

    async def stop(self) -> None:
        """Take no more frames, finish what is in work, close."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
        await asyncio.gather(*(connection.close() for connection in list(self._open)), return_exceptions=True)
        self._became("closed")

    async def _keep(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            try:
                pause = await self._serve(failures)
            except Exception:
                # Whatever it is, a deaf bot would be worse than one that tries again.
                log.exception("dingtalk_stream_failed")
                pause = MAX_BACKOFF
            failures = failures + 1 if time.monotonic() - began < SHORT_LIFE else 0
            await asyncio.sleep(pause)

    async def _serve(self, failures: int) -> float:
        """Open one connection and wait until another is wanted; the seconds to wait before that."""
        try:
            connection = await self._connect()
        except SendError as error:
            setup = error.fate is Fate.SETUP
            if failures == 0 or error.code != self.problem:  # once, not once per attempt
                log.warning("dingtalk_stream_refused", code=error.code, setup=setup)
            self._became("setup" if setup else "connecting", error.code)
            return SETUP_SECONDS * random.uniform(0.8, 1.2) if setup else backoff(failures + 1)
        self._became("open")
        asked = await connection.over()
        self._became("open" if self.connected else "connecting")
        log.info("dingtalk_stream_over", asked=asked)
        # Being asked to leave is no failure, unless it happens again and again.
        return backoff(failures - 1 if asked else failures + 1)

    async def _connect(self) -> _Connection:
        if not self.connected and self.state != "setup":
            self._became("connecting", self.problem)
        endpoint, ticket = await open_ticket(self._config, self._http)
        address = f"{endpoint}{'&' if '?' in endpoint else '?'}ticket={quote(ticket, safe='')}"
        try:
            async with asyncio.timeout(10):
                socket = await self._session.ws_connect(
                    URL(address, encoded=True), heartbeat=PING_SECONDS, max_msg_size=MAX_FRAME
                )
        except aiohttp.WSServerHandshakeError as error:
            raise SendError(Fate.RETRY, f"http_{error.status}") from None
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            raise SendError(Fate.RETRY, "unreachable", type(error).__name__) from None
        connection = _Connection(socket, self._frames)
        self._open.add(connection)
        connection.start(self._open.discard)
        return connection

    def _became(self, state: State, problem: str = "") -> None:
        self.state, self.problem = state, problem
        metrics.DOOR_OPEN.labels(self.door).set(1 if self.connected else 0)


class _Connection:
    """One open socket: reads frames, works on a bounded number at once, outlives its successor's opening."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, frames: Frames) -> None:
        self._socket, self._frames = socket, frames
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._work: set[asyncio.Task[None]] = set()
        self._succeed = asyncio.Event()  # a successor is wanted
        self._leaving = False  # asked to make room: nothing more is delivered here
        self._reader: asyncio.Task[None] | None = None

    @property
    def serving(self) -> bool:
        """Whether messages can come in here."""
        return not self._succeed.is_set()

    def start(self, ended: Callable[[_Connection], None]) -> None:
        """Begin to read; `ended` is told when the socket is closed and all work done."""
        self._reader = asyncio.create_task(self._live(ended))

    async def over(self) -> bool:
        """Wait until a successor is wanted; whether the platform asked for it, or the socket just ended."""
        await self._succeed.wait()
        return self._leaving

    async def close(self) -> None:
        """Take no more frames, finish what is in work, close."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait({self._reader})

    async def _live(self, ended: Callable[[_Connection], None]) -> None:
        try:
            async with asyncio.timeout(SILENT_SECONDS) as patience:
                await self._read(patience)
        except TimeoutError:
            log.info("dingtalk_stream_silent", leaving=self._leaving)
        finally:
            self._succeed.set()
            await self._finish()
            ended(self)

    async def _read(self, patience: asyncio.Timeout) -> None:
        async for message in self._socket:
            if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                continue
            frame = read(message.data)
            if frame is not None and frame.type == "SYSTEM" and frame.get("topic") == "disconnect":
                self._leaving = True
                self._succeed.set()
                patience.reschedule(_now() + DRAIN_SECONDS)
            elif frame is not None:
                await self._slots.acquire()
                self._take(frame)
            if not self._leaving:
                patience.reschedule(_now() + SILENT_SECONDS)

    def _take(self, frame: Frame) -> None:
        task = asyncio.create_task(self._answer(frame))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _answer(self, frame: Frame) -> None:
        try:
            ack = await self._frames.answer(frame)
            if ack is not None:
                async with asyncio.timeout(FINISH_SECONDS):
                    await self._socket.send_str(msgspec.json.encode(ack).decode())
        except (aiohttp.ClientError, OSError, RuntimeError, TimeoutError) as error:
            # Not acknowledged: DingTalk repeats it, or our key finds that it is here already.
            log.info("dingtalk_ack_lost", error=type(error).__name__)
        except Exception:
            log.exception("dingtalk_frame_failed", topic=frame.get("topic")[:80])
        finally:
            self._slots.release()

    async def _finish(self) -> None:
        if self._work:
            _, late = await asyncio.wait(set(self._work), timeout=FINISH_SECONDS)
            for task in late:
                task.cancel()
        with suppress(TimeoutError, aiohttp.ClientError, OSError):
            async with asyncio.timeout(FINISH_SECONDS):
                await self._socket.close()


def _now() -> float:
    return asyncio.get_running_loop().time()
