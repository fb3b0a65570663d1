"""The Stream gateway: tickets, WebSocket connections, frames out and acknowledgements in (DingTalk docs, Stream mode)."""

from __future__ import annotations

import asyncio
import json
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from emulator.dingtalk.calls import Call, Endpoint, decode, ms
from emulator.dingtalk.errors import refuse_if

if TYPE_CHECKING:
    from emulator.dingtalk.world import World

CONNECT = "/connect"
TOPIC_ROBOT = "/v1.0/im/bot/messages/get"
TOPIC_CARD = "/v1.0/card/instances/callback"
TOPIC_EVENTS = "*"
KINDS = ("EVENT", "CALLBACK", "SYSTEM")
ACK_BYTES = 1 << 20
TICKETS = 1000
CLOSE_SECONDS = 1.0
EXPIRED = "persistent connection is timeout"


@dataclass(frozen=True, slots=True)
class Ack:
    """A client's answer to a frame; code 0 = none came in time."""

    code: int
    data: Any = None


@dataclass(slots=True, eq=False)
class Connection:
    """One socket of a client."""

    id: str
    socket: web.WebSocketResponse
    transport: asyncio.Transport
    subscriptions: frozenset[tuple[str, str]]
    leaving: bool = False  # told to disconnect: nothing is delivered here any more
    waiting: dict[str, asyncio.Future[Ack]] = field(default_factory=dict)  # messageId -> who waits for its ack


class Gateway:
    """All connections of the app."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._app_id = world.fresh("app-", 20)
        self._tickets: dict[str, tuple[float, frozenset[tuple[str, str]]]] = {}
        self.connections: list[Connection] = []
        self.opened = 0  # connections ever made
        self._came = asyncio.Event()
        self.cut_next = 0  # so many of the next frames break off in the middle, with their connection
        self.lose_next = 0  # so many of the next acks get lost on the way

    def open(self, call: Call) -> dict[str, Any]:
        """connections/open: an address and a ticket for one connection."""
        world = self._world
        fields = call.fields("invalidParameter")
        given = fields.raw.get("clientId"), fields.raw.get("clientSecret")
        refuse_if(given != (world.client_id, world.client_secret), "authFailed")
        wanted = _subscriptions(fields.raw.get("subscriptions"))
        refuse_if(not wanted, "invalidParameter", "subscriptions")
        refuse_if(not world.published, "invalidParameter", "the robot is not published")
        wants_robot = ("CALLBACK", TOPIC_ROBOT) in wanted
        refuse_if(wants_robot and world.mode == "http", "invalidParameter", "the robot is not in Stream mode")
        ticket = world.fresh("", 8) + "-" + world.fresh("", 27) + "+/="
        self._tickets[ticket] = (world.real() + world.limits.ticket_seconds, wanted)
        if len(self._tickets) > TICKETS:
            del self._tickets[next(iter(self._tickets))]
        return {"endpoint": world.base_url.replace("http", "ws", 1) + CONNECT, "ticket": ticket}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from its upgrade to its end; a used or old ticket is refused."""
        world = self._world
        deadline, wanted = self._tickets.pop(request.query.get("ticket", ""), (0.0, frozenset()))
        socket = web.WebSocketResponse(max_msg_size=ACK_BYTES, timeout=CLOSE_SECONDS)
        if not wanted or world.real() >= deadline or not socket.can_prepare(request):
            return web.Response(status=world.limits.stale_ticket_status)
        await socket.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)  # noqa: S101 - a prepared socket has one
        connection = Connection(world.fresh("", 16), socket, request.transport, wanted)
        self.connections.append(connection)
        self.opened += 1
        self._came.set()
        self._came = asyncio.Event()
        pinging = asyncio.ensure_future(self._keep_pinging(connection))
        try:
            async for message in socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self._take(connection, message.data)
        finally:
            pinging.cancel()
            self.connections.remove(connection)
        return socket

    async def wait_opened(self, count: int, timeout: float) -> None:  # noqa: ASYNC109
        """Return once there have been so many connections; TimeoutError in vain."""
        async with asyncio.timeout(timeout):
            while self.opened < count:
                await self._came.wait()

    # frames out

    async def push(
        self, kind: str, topic: str, data: dict[str, Any], seconds: float, headers: dict[str, str] | None = None
    ) -> Ack | None:
        """Send one frame to one connection, chosen at random, and wait for its ack; None: nobody is connected."""
        ready = [
            c for c in self.connections if (kind, topic) in c.subscriptions and not c.leaving and not c.socket.closed
        ]
        if not ready:
            return None
        return await self._send(self._world.random.choice(ready), kind, topic, data, seconds, headers)

    async def ping(self) -> bool:
        """Ping every connection; whether each has echoed `opaque`."""
        return all(await asyncio.gather(*(self._ping(connection) for connection in self.connections)))

    async def disconnect(self) -> None:
        """Ask every client to reconnect: nothing more is delivered here, and the connections end a little later."""
        for connection in list(self.connections):
            connection.leaving = True
            self._world.run(self._part(connection))

    def drop(self) -> None:
        """Every connection dies without a goodbye."""
        for connection in list(self.connections):
            connection.transport.abort()

    async def close(self) -> None:
        """Say goodbye to everybody."""
        await asyncio.gather(*(_close(connection) for connection in list(self.connections)))

    async def _keep_pinging(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(self._world.limits.ping_seconds)
            await self._ping(connection)

    async def _ping(self, connection: Connection) -> bool:
        opaque = {"opaque": self._world.fresh("", 36)}
        ack = await self._send(connection, "SYSTEM", "ping", opaque, self._world.limits.event_seconds)
        return ack.code == 200 and ack.data == opaque

    async def _part(self, connection: Connection) -> None:
        await self._send(connection, "SYSTEM", "disconnect", {"reason": EXPIRED}, 0.0)
        await asyncio.sleep(self._world.limits.deaf_seconds)
        await _close(connection)

    async def _send(
        self,
        connection: Connection,
        kind: str,
        topic: str,
        data: dict[str, Any],
        seconds: float,
        headers: dict[str, str] | None = None,
    ) -> Ack:
        message_id = self._world.fresh("", 32)
        waiting = asyncio.get_running_loop().create_future()
        connection.waiting[message_id] = waiting
        frame = self._frame(connection, kind, topic, message_id, data, headers or {})
        try:
            async with asyncio.timeout(seconds or CLOSE_SECONDS):
                await self._write(connection, json.dumps(frame, ensure_ascii=False))
                return await waiting if seconds else Ack(0)
        except (TimeoutError, ConnectionError, RuntimeError):
            return Ack(0)
        finally:
            connection.waiting.pop(message_id, None)

    def _frame(
        self, connection: Connection, kind: str, topic: str, message_id: str, data: dict[str, Any], more: dict[str, str]
    ) -> dict[str, Any]:
        headers = {"contentType": "application/json", "messageId": message_id, "topic": topic}
        headers["time"] = str(ms(self._world.clock()))
        if kind != "SYSTEM":
            headers |= {"appId": self._app_id, "connectionId": connection.id, **more}
        text = json.dumps(data, ensure_ascii=False)
        return {"specVersion": "1.0", "type": kind, "headers": headers, "data": text}

    async def _write(self, connection: Connection, text: str) -> None:
        if self.cut_next:
            self.cut_next -= 1
            connection.transport.write(_half_frame(text.encode()))
            connection.transport.close()
        else:
            await connection.socket.send_str(text)

    # acknowledgements in

    def _take(self, connection: Connection, raw: str | bytes) -> None:
        message_id, ack = _read_ack(raw)
        waiting = connection.waiting.get(message_id)
        if waiting is None or waiting.done():
            self._world.ignored.append(f"ack {str(raw)[:200]}")
        elif self.lose_next:
            self.lose_next -= 1
        else:
            waiting.set_result(ack)


def _subscriptions(value: Any) -> frozenset[tuple[str, str]]:
    """The well-formed ones."""
    found = value if isinstance(value, list) else []
    pairs = [(item.get("type"), item.get("topic")) for item in found if isinstance(item, dict)]
    return frozenset((kind, topic) for kind, topic in pairs if kind in KINDS and isinstance(topic, str))


def _read_ack(raw: str | bytes) -> tuple[str, Ack]:
    """messageId ("" for what is no ack) and the ack; its `data` is decoded when it is JSON in a string."""
    try:
        ack = decode(raw)
        headers, code, data = ack["headers"], ack["code"], dict(ack).get("data")
        message_id = headers["messageId"]
    except (ValueError, KeyError, TypeError):
        return "", Ack(400)
    if isinstance(data, str):
        with suppress(ValueError):  # some clients send words
            data = decode(data)
    usable = isinstance(message_id, str) and isinstance(code, int)
    return (message_id, Ack(code, data)) if usable else ("", Ack(400))


def _half_frame(payload: bytes) -> bytes:
    """The head of a text frame that announces all of `payload`, and half of it."""
    size = len(payload)
    head = (
        bytes([0x81, size])
        if size < 126
        else struct.pack(">BBH", 0x81, 126, size)
        if size < 65536
        else struct.pack(">BBQ", 0x81, 127, size)
    )
    return head + payload[: size // 2]


async def _close(connection: Connection) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await connection.socket.close()
    except (TimeoutError, ConnectionError, RuntimeError):
        connection.transport.abort()


def _open(world: World, call: Call) -> dict[str, Any]:
    return world.gateway.open(call)


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/v1.0/gateway/connections/open"): Endpoint(_open, counted=False, token=False),
}
