"""The way in from the platforms: a load balancer that also brings some connections twice, as retries through a slow network do."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress

PIECE = 65_536
Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Gateway:
    """Forwards each connection to the next port that answers; a share of them goes to two at once, and one answer comes back."""

    def __init__(self, ports: Sequence[int], twice: float, seed: int) -> None:
        self._ports, self._twice, self._dice = list(ports), twice, random.Random(seed)
        self._turn = 0
        self.base = ""

    async def start(self) -> None:
        """Listen on a free port; `base` is the address."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Take no more connections."""
        self._server.close()

    async def is_open(self) -> bool:
        """Whether anybody answers behind it."""
        pipe = await self._connect()
        if pipe is not None:
            pipe[1].close()
        return pipe is not None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = [pipe for pipe in [await self._connect()] if pipe]
        if behind and self._dice.random() < self._twice and (second := await self._connect()):
            behind.append(second)
        try:
            if behind:
                back = [asyncio.create_task(_pump(behind[0][0], [writer]))]
                back += [asyncio.create_task(_pump(pipe[0], [])) for pipe in behind[1:]]
                forth = asyncio.create_task(_pump(reader, [pipe[1] for pipe in behind]))
                await asyncio.wait([forth, back[0]], return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(0)
                forth.cancel()
        finally:
            for one in (writer, *(pipe[1] for pipe in behind)):
                one.close()

    async def _connect(self) -> Pipe | None:
        first, self._turn = self._turn, self._turn + 1
        for place in range(first, first + len(self._ports)):
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self._ports[place % len(self._ports)])
        return None


async def _pump(source: asyncio.StreamReader, targets: Sequence[asyncio.StreamWriter]) -> None:
    """Bytes from one to all, until the source ends."""
    with suppress(OSError):
        while piece := await source.read(PIECE):
            for target in targets:
                if not target.is_closing():
                    target.write(piece)
                    with suppress(OSError):
                        await target.drain()
