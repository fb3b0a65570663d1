"""The listening socket of the process. Closing it resets no connection that a client has made already."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aiohttp import web

from bot.platforms.base import CannotListen

BACKLOG = 1024
GRACE_SECONDS = 0.1  # for the bytes of a request whose connection was taken last


class Listening:
    """Serves a runner's application at host:port until it is closed; the address is ours from `bind` on."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        self._runner, self._host, self._port = runner, host, port
        self._sockets: list[socket.socket] = []
        self._twins: list[socket.socket] = []

    async def bind(self) -> None:
        """Take the address; who connects is refused until `start`. Raises CannotListen."""
        loop = asyncio.get_running_loop()
        with _told():
            addresses = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            for family, _, _, _, address in dict.fromkeys(addresses):
                self._sockets.append(bound := socket.socket(family, socket.SOCK_STREAM))
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                bound.setblocking(False)
                bound.bind(address[:2])

    @property
    def port(self) -> int:
        """The port, also where any free one was asked for (0)."""
        return int(self._sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen. Raises CannotListen when somebody else took the address at the same moment."""
        for bound in self._sockets:
            self._twins.append(bound.dup())
            with _told():
                bound.listen(BACKLOG)
            await web.SockSite(self._runner, bound, backlog=BACKLOG).start()

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
        for bound in self._sockets:
            bound.close()  # also where it never came to listening
        loop = asyncio.get_running_loop()
        for connection in waiting:
            connection.setblocking(False)
            await loop.connect_accepted_socket(server, connection)
        await asyncio.sleep(GRACE_SECONDS)


@contextmanager
def _told() -> Iterator[None]:
    """An error of the system as CannotListen."""
    try:
        yield
    except OSError as error:
        raise CannotListen(_WHY.get(error.errno or 0, "elsewhere")) from error


_WHY = {errno.EADDRINUSE: "taken", errno.EACCES: "forbidden"}
