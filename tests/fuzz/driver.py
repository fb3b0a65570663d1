"""Sends the callbacks over keep-alive connections and watches the answers and the server's memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.callbacks import callback

ROOT = Path(__file__).parents[2]
ANSWER_SECONDS = 10.0
LEAK_MB = 48.0  # above what the first part of the run has settled at
WATCH_SECONDS = 0.25


@dataclass
class Report:
    """What a run did and found."""

    seed: int
    statuses: Counter[int] = field(default_factory=Counter)
    cut: int = 0  # connections the server closed between two callbacks, as it may
    seconds: float = 0.0
    settled_mb: float = 0.0
    highest_mb: float = 0.0
    slowest_ms: float = 0.0
    findings: list[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """Callbacks that were answered."""
        return sum(self.statuses.values())

    def __str__(self) -> str:
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.sent} callbacks in {self.seconds:.0f} s ({self.sent / max(self.seconds, 0.001):.0f}/s), answers {statuses}; slowest "
            f"{self.slowest_ms:.0f} ms; memory {self.settled_mb:.0f} MB settled, {self.highest_mb:.0f} MB highest; {len(self.findings)} found"
        )


class Server:
    """The process under test."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.port = int(process.stdout.readline())

    @property
    def megabytes(self) -> float:
        """Resident memory now; 0 when it is gone."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return 0.0


@contextmanager
def serving(plant: str = "") -> Iterator[Server]:
    """The server for the time of a run."""
    with tempfile.TemporaryDirectory(prefix="scrm-fuzz-") as folder:
        command = [sys.executable, "-m", "tests.fuzz.server", folder, *([plant] if plant else [])]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            try:
                yield Server(process)
            finally:
                process.kill()


async def fuzz(
    count: int, seed: int, first: int = 0, connections: int = 16, *, plant: str = "",
    answer_seconds: float = ANSWER_SECONDS, say: Callable[[str], None] = lambda _: None,
) -> Report:  # fmt: skip
    """Send callbacks `first` to `first + count` of a seed; stops at the first ten findings."""
    report = Report(seed)
    numbers = iter(range(first, first + count))
    with serving(plant) as server:
        started = time.monotonic()
        watching = asyncio.create_task(_watch(report, server, count, say))
        workers = (_Connection(server.port, seed, report, answer_seconds).work(numbers) for _ in range(connections))
        await asyncio.gather(*workers)
        report.seconds = time.monotonic() - started
        watching.cancel()
        _measure(report, server, count)
        if server.process.poll() is not None:
            report.findings.append(f"the server ended with {server.process.returncode}")
    if report.highest_mb - report.settled_mb > LEAK_MB:
        report.findings.append(f"memory grew from {report.settled_mb:.0f} to {report.highest_mb:.0f} MB")
    return report


def _measure(report: Report, server: Server, count: int) -> None:
    now = server.megabytes
    if report.sent <= count / 10 or not report.settled_mb:
        report.settled_mb = now
    report.highest_mb = max(report.highest_mb, now)


async def _watch(report: Report, server: Server, count: int, say: Callable[[str], None]) -> None:
    said = 0
    while True:
        _measure(report, server, count)
        if report.sent >= said + 50_000:
            said = report.sent
            say(f"{said} sent, {report.highest_mb:.0f} MB, {len(report.findings)} found")
        await asyncio.sleep(WATCH_SECONDS)


class _Connection:
    """One keep-alive connection, opened again whenever the server closes it."""

    def __init__(self, port: int, seed: int, report: Report, answer_seconds: float) -> None:
        self._port, self._seed, self._report, self._patience = port, seed, report, answer_seconds
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def work(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            if len(self._report.findings) >= 10:
                break
            await self._one(number)
        self._close()

    async def _one(self, number: int) -> None:
        made = callback(self._seed, number)
        started = time.perf_counter()
        try:
            status = await asyncio.wait_for(self._answer(made.wire(), made.method), self._patience)
        except TimeoutError:
            self._found(number, "no answer")
            self._close()
            return
        except (OSError, EOFError, ValueError) as error:
            self._found(number, f"cut off: {error!r}")
            self._close()
            return
        self._report.slowest_ms = max(self._report.slowest_ms, (time.perf_counter() - started) * 1000)
        self._report.statuses[status] += 1
        if status >= 500:
            self._found(number, str(status))

    async def _answer(self, request: bytes, method: str) -> int:
        """The status; asked again on a new connection when the server had closed the old one, as any client does."""
        if self._streams is not None:
            try:
                return await self._ask(request, method)
            except (OSError, EOFError):
                self._report.cut += 1
                self._close()
        return await self._ask(request, method)

    async def _ask(self, request: bytes, method: str) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0)
        if length and method != "HEAD":
            await reader.readexactly(length)
        if b"connection: close" in head:
            self._close()
        return int(head.split(b" ", 2)[1])

    def _found(self, number: int, what: str) -> None:
        again = f"python -m tests.fuzz --seed {self._seed} --first {number} --count 1"
        self._report.findings.append(f"{what}: callback {number}; again: {again}")

    def _close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
