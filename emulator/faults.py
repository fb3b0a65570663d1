"""Trouble on order: what an emulated platform does wrong next, per API path or socket command, and how often."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

REORDER_PATIENCE = 5.0  # seconds a held delivery waits for the ones that should overtake it
EVERYWHERE = "*"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; the parts combine, e.g. `act` with `drop` does the work and loses the answer."""

    errcode: int | str | None = None  # refuse in the platform's own words
    status: int | None = None  # HTTP status instead of the usual one
    body: bytes | None = None  # bytes instead of the platform's JSON
    hang: float = 0.0  # seconds of silence before whatever follows
    act: bool = False  # do the work first, so that only the answer is wrong
    drop: bool = False  # close the connection without an answer; on a socket: no acknowledgement

    @property
    def answers(self) -> bool:
        """Whether the fault replaces the answer, instead of only delaying it."""
        return self.drop or self.errcode is not None or self.status is not None or self.body is not None


@dataclass(slots=True)
class _Line:
    """Deliveries held until the last one of the group has come, then let go in reverse."""

    gates: list[asyncio.Event]
    arrived: int = 0


@dataclass(slots=True)
class Faults:
    """The faults that are still to happen; `where` is an API path, a socket command or `"*"`."""

    duplicates: deque[int] = field(default_factory=deque)  # further copies of the next deliveries
    _planned: defaultdict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _line: _Line | None = None

    def add(self, where: str, fault: Fault, times: int = 1) -> None:
        """Plan `fault` for the next `times` calls of `where`, after those already planned."""
        self._planned[where].extend([fault] * times)

    def errcode(self, where: str, code: int | str, times: int = 1) -> None:
        """Refuse with the platform's error code; nothing is done."""
        self.add(where, Fault(errcode=code), times)

    def status(self, where: str, status: int, times: int = 1, *, body: bytes = b"") -> None:
        """Answer with an HTTP status and `body`; nothing is done."""
        self.add(where, Fault(status=status, body=body), times)

    def garbage(self, where: str, times: int = 1, *, act: bool = False) -> None:
        """Answer 200 with a body that is not JSON."""
        self.add(where, Fault(body=b"<html>Bad Gateway</html>", act=act), times)

    def hang(self, where: str, seconds: float, times: int = 1, *, act: bool = False) -> None:
        """Say nothing for `seconds`, then answer normally; with `act` the work is done before the silence."""
        self.add(where, Fault(hang=seconds, act=act), times)

    def lose_answer(self, where: str, times: int = 1, *, after: float = 0.0) -> None:
        """Do the work and close the connection without an answer (on a socket: never acknowledge)."""
        self.add(where, Fault(drop=True, act=True, hang=after), times)

    def drop(self, where: str, times: int = 1) -> None:
        """Close the connection without doing anything (on a socket: ignore the frame)."""
        self.add(where, Fault(drop=True), times)

    def duplicate(self, copies: int = 1, deliveries: int = 1) -> None:
        """Deliver each of the next `deliveries` callbacks `copies` more times, with the same id."""
        self.duplicates.extend([copies] * deliveries)

    def reorder(self, count: int) -> None:
        """Hold the next `count` callbacks and deliver them in reverse order."""
        self._line = _Line([asyncio.Event() for _ in range(count)])

    def take(self, *names: str) -> Fault | None:
        """The fault planned for this call under any of its names, used up; None when all goes well."""
        for name in (*names, EVERYWHERE):
            if self._planned.get(name):
                return self._planned[name].popleft()
        return None

    def copies(self) -> int:
        """How many further copies of the present delivery to make."""
        return self.duplicates.popleft() if self.duplicates else 0

    def clear(self) -> None:
        """Nothing planned goes wrong any more."""
        self._planned.clear()
        self.duplicates.clear()
        self._line = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The place of one delivery: at once, or in reverse order after `reorder`."""
        line = self._line
        if line is None or line.arrived >= len(line.gates):
            yield
            return
        place = line.arrived
        line.arrived += 1
        if line.arrived == len(line.gates):
            line.gates[place].set()
        try:
            async with asyncio.timeout(REORDER_PATIENCE):
                await line.gates[place].wait()
        except TimeoutError:
            pass  # fewer came than planned: deliver rather than hold for ever
        try:
            yield
        finally:
            if place:
                line.gates[place - 1].set()
