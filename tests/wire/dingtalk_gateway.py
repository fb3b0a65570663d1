"""A small Stream gateway on a real socket, for tests that need every frame under control."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web


class Link:
    """One socket a client has opened."""

    def __init__(self, socket: web.WebSocketResponse, ticket: str) -> None:
        self.socket, self.ticket = socket, ticket
        self.acks: list[dict[str, Any]] = []
        self.closed = asyncio.Event()

    async def send(self, frame: dict[str, Any] | str) -> None:
        """Deliver one frame, or any text."""
        await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame, ensure_ascii=False))

    async def ack(self, message_id: str, seconds: float = 5.0) -> dict[str, Any]:
        """The acknowledgement of a frame, once it has come."""

        def found() -> dict[str, Any] | None:
            return next((ack for ack in self.acks if ack["headers"]["messageId"] == message_id), None)

        return await until(found, seconds)


class Gateway:
    """connections/open and the socket behind it."""

    def __init__(self) -> None:
        self.opened: list[dict[str, Any]] = []  # bodies of connections/open
        self.links: list[Link] = []
        self.refuse: list[web.Response] = []  # answers to the next calls of connections/open
        self.base_url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> Gateway:
        app = web.Application()
        app.router.add_post("/v1.0/gateway/connections/open", self._open)
        app.router.add_get("/connect", self._connect)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.base_url = f"http://127.0.0.1:{port}"
        return self

    async def stop(self) -> None:
        for link in self.links:
            await link.socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def link(self, number: int = 1) -> Link:
        """The n-th connection, once it is there."""
        return await until(lambda: self.links[number - 1] if len(self.links) >= number else None)

    async def _open(self, request: web.Request) -> web.Response:
        self.opened.append(await request.json())
        if self.refuse:
            return self.refuse.pop(0)
        endpoint = self.base_url.replace("http", "ws", 1) + "/connect"
        return web.json_response({"endpoint": endpoint, "ticket": f"ticket/{len(self.opened)}+="})

    async def _connect(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        link = Link(socket, request.query["ticket"])
        self.links.append(link)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                link.acks.append(json.loads(message.data))
        link.closed.set()
        return socket


async def until(found: Callable[[], Any], seconds: float = 5.0) -> Any:
    """What `found` returns once it is something. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not (value := found()):  # noqa: ASYNC110 - what is waited for is set by many hands
            await asyncio.sleep(0.005)
    return value
