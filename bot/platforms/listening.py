"""The listening socket of the process. Closing it resets no connection that a client has made already."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from aiohttp import web

BACKLOG = 1024
GRACE_SECONDS = 0.1  # for the bytes of a request whose connection was taken last


class Listening:
    """Serves a runner's application at host:port until it is closed."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        self._runner, self._host, self._port = runner, host, port
        self._twins: list[socket.socket] = []

    async def start(self) -> None:
        """Listen. Raises OSError when the address is taken."""
        loop = asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(addresses):
            listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
            listener.setblocking(False)
            self._twins.append(listener.dup())
            await web.SockSite(self._runner, listener, backlog=BACKLOG).start()

    async def close(self) -> None:
        """Stop listening; who has connected until now is served.

        A closed listening socket resets the connections that wait in its queue. So its twin keeps the queue open while
        the server lets go of it, empties it, and is closed in the same breath.
        """
        server = self._runner.server
        if server is None:  # never set up
            return
        for site in list(self._runner.sites):
            await site.stop()
        waiting = []
        for twin in self._twins:
            with suppress(OSError):  # BlockingIOError: the queue is empty
                while True:
                    waiting.append(twin.accept()[0])
            twin.close()
        loop = asyncio.get_running_loop()
        for connection in waiting:
            connection.setblocking(False)
            await loop.connect_accepted_socket(server, connection)
        await asyncio.sleep(GRACE_SECONDS)
