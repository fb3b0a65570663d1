"""Callbacks verified, opened, committed and acknowledged: how many a second, and how long each takes, beside peers that do less.

Every server is a process of its own on one core, the callers are on the other.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import databases
from benchmarks.callers import AES_KEY, CORP_ID, TOKEN, as_many_as_go, at_a_rate, texts
from benchmarks.office import free_port, listens
from benchmarks.peers import environment
from benchmarks.processes import cpu_seconds

CALLERS, ROUNDS, SECONDS, RATES, RATE_ROUNDS = 64, 5, 3.0, (500, 1000), 3
MOST = 12_000  # callbacks a second that no server here reaches
FLASK, BARE = "Flask + wechatpy + gunicorn", "裸 aiohttp"
RECIPE = ("flask==3.1.2", "gunicorn==23.0.0", "wechatpy[cryptography]==1.8.18")
GUNICORN = ("-m", "gunicorn", "-w", "1", "--log-level", "error")


@dataclass
class Throughput:
    """Acknowledged per second, and processor seconds for one, in each round."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    load: float = 0.0

    def ratio(self, who: str, peer: str) -> float:
        """The median over the rounds of what `who` does beside `peer` in the same round."""
        return statistics.median(a / b for a, b in zip(self.rates[who], self.rates[peer], strict=True))


@dataclass
class Latency:
    """Per rate: how long each answer took in each round, how many were put off; how long fdatasync took beside it."""

    took: dict[tuple[str, int], list[list[float]]] = field(default_factory=dict)
    put_off: dict[int, int] = field(default_factory=dict)
    synced: dict[int, list[list[float]]] = field(default_factory=dict)
    load: float = 0.0


async def run(rounds: int = ROUNDS) -> Throughput:
    """As many as go, every server in turn, round by round."""
    _stay_off_the_servers_core()
    found, python = Throughput(), await asyncio.to_thread(environment, "usual-recipe", RECIPE)
    with _databases() as (folder, urls):
        acknowledged = dict.fromkeys(urls, 0)
        for _ in range(rounds):
            for who in (BARE, *urls, FLASK):
                async with serving(who, urls.get(who, ""), python, folder) as (port, pid):
                    callbacks = texts(int((MOST if who != FLASK else MOST / 4) * (SECONDS + 1)))
                    spent = cpu_seconds(pid)
                    rate, many = await as_many_as_go(port, CALLERS, callbacks, SECONDS)
                    found.cpu.setdefault(who, []).append((cpu_seconds(pid) - spent) / many)
                found.rates.setdefault(who, []).append(rate)
                if who in acknowledged:
                    acknowledged[who] += many
        for who, url in urls.items():
            assert databases.count(url, "inbox") == acknowledged[who], "acknowledged is committed"
        found.load = os.getloadavg()[0]
    return found


async def run_latency(rounds: int = RATE_ROUNDS) -> Latency:
    """At fixed rates, every server in turn, round by round, fdatasync before and after."""
    _stay_off_the_servers_core()
    found = Latency()
    with _databases() as (folder, urls):
        for rate in RATES:
            for _ in range(rounds):
                synced = fdatasync(folder, SECONDS / 2)
                for who in (BARE, *urls):
                    async with serving(who, urls.get(who, ""), folder, folder) as (port, _):
                        took, put_off = await at_a_rate(port, rate, SECONDS * 2)
                    found.took.setdefault((who, rate), []).append(took)
                    found.put_off[rate] = found.put_off.get(rate, 0) + put_off
                found.synced.setdefault(rate, []).append(synced + fdatasync(folder, SECONDS / 2))
        found.load = os.getloadavg()[0]
    return found


def _stay_off_the_servers_core() -> None:
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})


@contextmanager
def _databases() -> Iterator[tuple[Path, dict[str, str]]]:
    with tempfile.TemporaryDirectory(prefix="ack-") as name, ExitStack() as stack:
        folder = Path(name)
        yield (
            folder,
            {title: stack.enter_context(databases.fresh(kind, folder)) for kind, title in databases.TITLES.items()},
        )


@asynccontextmanager
async def serving(who: str, url: str, recipe: Path, folder: Path) -> AsyncIterator[tuple[int, int]]:
    """The port and process id of one of the servers, listening; `url` is the database of the door."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.ack_servers", "door" if url else "bare", str(port), url]
    environ = dict(os.environ)
    if who == FLASK:
        app = Path(__file__).parent / "usual_recipe"
        command = ["taskset", "-c", "0"] if (os.cpu_count() or 1) > 1 else []
        command += [str(recipe), *GUNICORN, "-b", f"127.0.0.1:{port}", "--chdir", str(app), "app:app"]
        environ |= {"BENCH_TOKEN": TOKEN, "BENCH_AES_KEY": AES_KEY, "BENCH_CORP_ID": CORP_ID}
        environ["BENCH_DATABASE"] = str(folder / "recipe.db")
    process = await asyncio.create_subprocess_exec(*command, env=environ)
    try:
        await listens(port)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


def fdatasync(folder: Path, seconds: float) -> list[float]:
    """How long each of a loop of 4 KiB writes with fdatasync takes on this disk."""
    took, until = [], time.perf_counter() + seconds
    with (folder / "fdatasync").open("wb") as file:
        while (began := time.perf_counter()) < until:
            os.write(file.fileno(), b"x" * 4096)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return took


def p99(seconds: list[float]) -> float:
    """Milliseconds that 99 of 100 stay below."""
    return statistics.quantiles(seconds, n=100)[-1] * 1000


def table(found: Throughput) -> str:
    """Markdown."""
    lines = [
        f"{_machine(found.load)}{CALLERS} 个并发，{len(found.rates[BARE])} 轮交替，每轮 {SECONDS:.0f} 秒，中位数。",
        "",
        "| | 每秒应答 | 最低–最高 | 是裸 aiohttp 的 | 是常见写法的 | 每个花处理器（微秒） |",
        "|---|---|---|---|---|---|",
    ]
    for who, rates in found.rates.items():
        title = f"scrm-bot，{who}" if who in databases.TITLES.values() else who
        spread = f"{statistics.median(rates):,.0f} | {min(rates):,.0f}–{max(rates):,.0f}"
        ratios = f"{found.ratio(who, BARE):.2f} | {found.ratio(who, FLASK):.1f}"
        lines.append(f"| {title} | {spread} | {ratios} | {statistics.median(found.cpu[who]) * 1e6:,.0f} |")
    return "\n".join(lines)


def latency_table(found: Latency) -> str:
    """Markdown."""
    names = list(databases.TITLES.values())
    lines = [
        f"{_machine(found.load)}单位毫秒，p99 取各轮的中位数。",
        "",
        f"| 每秒到达 | {BARE} p99 | {' p99 | '.join(names)} p99 | fdatasync p99 | 3 倍加 20 | 最慢 | 503 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rate, rounds in found.synced.items():
        synced = statistics.median(map(p99, rounds))
        cells = [f"{statistics.median(map(p99, found.took[who, rate])):.1f}" for who in (BARE, *names)]
        slowest = max(max(took) for who in names for took in found.took[who, rate]) * 1000
        limit = f"{synced:.1f} | {3 * synced + 20:.1f}"
        lines.append(f"| {rate} | {' | '.join(cells)} | {limit} | {slowest:.0f} | {found.put_off[rate]} |")
    return "\n".join(lines)


def _machine(load: float) -> str:
    return f"{os.cpu_count()} 核，Python {sys.version.split()[0]}；测时系统负载 {load:.1f}。"
