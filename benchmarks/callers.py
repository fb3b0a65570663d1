"""Callers of a callback address: so many at once, or so many a second. Plain sockets, so that they cost less than what they measure."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from emulator.crypto import Envelope
from emulator.wecom.xmltext import to_xml

TOKEN, AES_KEY, CORP_ID = "benchToken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wwbench0001"
PATH = "/acme/wecom"
SAID = "今天拜访了宏远机械，聊了二期报价，客户对交付时间有疑问，预算大概50万，下周三下午再跟进"
REPS = 200
PATIENCE = 30.0

_numbers = count(1)


def texts(many: int) -> list[bytes]:
    """So many callbacks with one sentence each, from many people, each with a MsgId of its own."""
    numbers, now = [next(_numbers) for _ in range(many)], int(time.time())
    events = [
        {
            "ToUserName": CORP_ID, "FromUserName": f"rep{number % REPS:03}", "CreateTime": now, "MsgType": "text",
            "Content": SAID, "MsgId": 7_000_000_000 + number, "AgentID": 1000002,
        }
        for number in numbers
    ]  # fmt: skip
    return sealed(Envelope(TOKEN, AES_KEY, CORP_ID), events)


def sealed(envelope: Envelope, events: Sequence[Mapping[str, Any]]) -> list[bytes]:
    """These events as they go over the wire, signed and encrypted."""
    return [_sealed(envelope, event, next(_numbers)) for event in events]


def _sealed(envelope: Envelope, event: Mapping[str, Any], number: int) -> bytes:
    stamp = str(int(time.time()))
    cipher = envelope.seal(to_xml(event).encode(), number.to_bytes(16, "big"))
    body = f"<xml><ToUserName><![CDATA[{envelope.receive_id}]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>".encode()
    query = f"msg_signature={envelope.sign(stamp, str(number), cipher)}&timestamp={stamp}&nonce={number}"
    head = f"POST {PATH}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Line(asyncio.Protocol):
    """One connection, one request under way at a time; connects anew where the server closes."""

    def __init__(self, load: _Load) -> None:
        self._load, self._buffer = load, b""
        self._transport: Any = None
        self._asked: tuple[bytes, float] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport, self._buffer = transport, b""
        if self._asked is not None:
            transport.write(self._asked[0])
        else:
            self._load.free(self)

    def ask(self, request: bytes, since: float) -> None:
        self._asked = (request, since)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or self._asked is None:
            return
        lowered = head.lower()
        length = int(lowered.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        (_, since), self._asked, self._buffer = self._asked, None, b""
        self._load.answered(since, head[9:12] == b"200")
        if b"connection: close" in lowered:
            self._transport = None  # connection_lost opens the next
        else:
            self._load.free(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        self._load.connect(self)


class _Load:
    """What callers have in common: where to call, what is still to be said, how long answers took."""

    def __init__(self, port: int, callbacks: list[bytes]) -> None:
        self._port, self._callbacks = port, iter(callbacks)
        self._loop = asyncio.get_running_loop()
        self._connecting: set[asyncio.Task[object]] = set()
        self._idle: deque[_Line] = deque()
        self._queue: deque[tuple[bytes, float]] = deque()
        self.closed_loop = False
        self.asked = self.acknowledged = self.refused = 0
        self.took: list[float] = []
        self.over = False

    def connect(self, line: _Line | None = None) -> None:
        if self.over:
            return
        made = self._loop.create_connection(lambda: line or _Line(self), "127.0.0.1", self._port)
        task = asyncio.ensure_future(made)
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def free(self, line: _Line) -> None:
        if self._queue:
            line.ask(*self._queue.popleft())
        elif self.closed_loop and not self.over and (request := next(self._callbacks, None)) is not None:
            self.asked += 1
            line.ask(request, time.perf_counter())
        else:
            self._idle.append(line)

    def say(self, since: float) -> None:
        request = next(self._callbacks)
        self.asked += 1
        if self._idle:
            self._idle.popleft().ask(request, since)
        else:
            self._queue.append((request, since))

    def answered(self, since: float, acknowledged: bool) -> None:
        self.acknowledged += acknowledged
        self.refused += not acknowledged
        self.took.append(time.perf_counter() - since)


async def as_many_as_go(port: int, callers: int, callbacks: list[bytes], seconds: float) -> tuple[float, int]:
    """Acknowledged per second with so many callers, each with one callback under way; and how many in all."""
    load = _Load(port, callbacks)
    load.closed_loop = True
    for _ in range(callers):
        load.connect()
    await asyncio.sleep(0.5)  # connections are made, the server is warm
    before, began = load.acknowledged, time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (load.acknowledged - before) / (time.perf_counter() - began)
    load.over = True
    await _answered(load)
    assert load.asked < len(callbacks), "more callbacks are needed"
    assert load.refused == 0, f"{load.refused} refused"
    return rate, load.acknowledged


async def at_a_rate(port: int, rate: int, seconds: float, callers: int = 64) -> tuple[list[float], int]:
    """Seconds to the answer of each of so many callbacks a second, from the moment each was due; how many were put off (503)."""
    callbacks = texts(int(rate * seconds))
    load = _Load(port, callbacks)
    for _ in range(callers):
        load.connect()
    await asyncio.sleep(0.5)
    began = time.perf_counter()
    for due in _moments(began, rate, len(callbacks)):
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        load.say(due)
    await _answered(load)
    load.over = True
    return load.took, load.refused


async def all_of(port: int, callers: int, callbacks: list[bytes]) -> None:
    """Every callback delivered and acknowledged."""
    load = _Load(port, callbacks)
    load.closed_loop = True
    for _ in range(callers):
        load.connect()
    async with asyncio.timeout(PATIENCE + len(callbacks) / 20):
        while load.acknowledged + load.refused < len(callbacks):  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.01)
    load.over = True
    assert load.refused == 0, f"{load.refused} refused"


def _moments(began: float, rate: int, many: int) -> Iterator[float]:
    return (began + number / rate for number in range(many))


async def _answered(load: _Load) -> None:
    async with asyncio.timeout(PATIENCE):
        while load.acknowledged + load.refused < load.asked:  # noqa: ASYNC110 - the end of a measurement, not part of it
            await asyncio.sleep(0.01)
