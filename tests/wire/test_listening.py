"""Stopping to listen: who has connected already is served, who comes later is refused."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import web

from bot.platforms.base import CannotListen
from bot.platforms.listening import Listening

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def test_connections_that_wait_in_the_queue_are_served_when_it_closes() -> None:
    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(0.01)
        return web.Response(text="served")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, shutdown_timeout=5)
    await runner.setup()
    listening = Listening(runner, "127.0.0.1", 0)
    await listening.bind()
    await listening.start()
    address = runner.addresses[0]
    # Nothing is awaited here: the loop has no occasion to take these connections.
    clients = [socket.create_connection(address, timeout=5) for _ in range(30)]
    for client in clients[:20]:
        client.sendall(REQUEST)
    closing = asyncio.create_task(listening.close())
    await asyncio.sleep(0.01)
    for client in clients[20:]:
        client.sendall(REQUEST)
    await closing
    await runner.cleanup()
    answers = [await asyncio.to_thread(client.recv, 1000) for client in clients]
    assert [answer[:15] for answer in answers] == [b"HTTP/1.1 200 OK"] * 30
    for client in clients:
        client.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


async def test_an_address_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        runner = web.AppRunner(web.Application())
        await runner.setup()
        for host, why in (("127.0.0.1", "taken"), ("192.0.2.1", "elsewhere")):
            listening = Listening(runner, host, taken.getsockname()[1])
            with pytest.raises(CannotListen, match=why):
                await listening.bind()
            await listening.close()
        await runner.cleanup()
