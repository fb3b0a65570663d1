"""A sentence from the callback to the card on the phone: understood, visit and follow-up written, card owed, sent, written back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import databases
from benchmarks.callers import all_of, sealed
from benchmarks.office import Office, free_port, listens
from benchmarks.processes import cpu_seconds

REPS, EACH, ROUNDS, CALLERS = 200, 4, 2, 64
# A next step at the moment of another is not doubled: every sentence names a day of its own.
SENTENCES = tuple(f"今天拜访了{{name}}，聊了二期报价，{days}天后再跟进" for days in range(2, EACH + 3))
ECHO = "裸回声"
PATIENCE = 300.0


@dataclass
class Figures:
    """Messages a second and processor milliseconds per message, per variant and round."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    load: tuple[float, float] = (0.0, 0.0)

    def note(self, who: str, rate: float, milliseconds: float) -> None:
        self.rates.setdefault(who, []).append(rate)
        self.cpu.setdefault(who, []).append(milliseconds)


VARIANTS = {
    "SQLite，一个进程": ("sqlite", 1),
    "PostgreSQL，一个进程": ("postgres", 1),
    "PostgreSQL，两个进程": ("postgres", 2),
}


async def run(rounds: int = ROUNDS) -> Figures:
    """Every variant and the echo bot in turn, round by round."""
    figures, before = Figures(), os.getloadavg()[0]
    for _ in range(rounds):
        figures.note(ECHO, *await _echo())
        for who, (backend, many) in VARIANTS.items():
            figures.note(who, *await _bot(backend, many))
    figures.load = (before, os.getloadavg()[0])
    return figures


async def _bot(backend: str, many: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="path-") as name, databases.fresh(backend, Path(name)) as url:
        office = Office(Path(name), url, REPS)
        await office.open()
        try:
            async with office.serving(many) as bots:
                await _deliver(office, [bot.port for bot in bots], 1)
                await _settled(office, REPS)
                spent, began = sum(cpu_seconds(bot.pid) for bot in bots), time.perf_counter()
                await _deliver(office, [bot.port for bot in bots], EACH, since=1)
                await _settled(office, REPS * (EACH + 1))
                rate = REPS * EACH / (time.perf_counter() - began)
                spent = sum(cpu_seconds(bot.pid) for bot in bots) - spent
            for table, each in (("activity", EACH + 1), ("followup", EACH + 1)):
                assert databases.count(url, table) == REPS * each, table
        finally:
            await office.wecom.stop()
        return rate, spent / (REPS * EACH) * 1000


async def _echo() -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="path-") as name, databases.fresh("sqlite", Path(name)) as url:
        office = Office(Path(name), url, REPS)
        await office.open()
        port = free_port()
        command = (sys.executable, "-m", "benchmarks.echo", "wecom_app", json.dumps(office.section()), str(port))
        process = await asyncio.create_subprocess_exec(*command)
        try:
            await listens(port)
            spent, began = cpu_seconds(process.pid), time.perf_counter()
            await _deliver(office, [port], EACH)
            await _shown(office, REPS * EACH)
            rate = REPS * EACH / (time.perf_counter() - began)
            return rate, (cpu_seconds(process.pid) - spent) / (REPS * EACH) * 1000
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()
            await office.wecom.stop()


async def _deliver(office: Office, ports: list[int], each: int, since: int = 0) -> None:
    callbacks = sealed(office.wecom.app_envelope, office.said(SENTENCES, each, since))
    shares = [callbacks[number :: len(ports)] for number in range(len(ports))]
    await asyncio.gather(*(all_of(port, CALLERS, share) for port, share in zip(ports, shares, strict=True)))


async def _settled(office: Office, many: int) -> None:
    """Everything is on the phones and written back."""
    await _shown(office, many)
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(office.left):  # noqa: ASYNC110 - a database sets no event
            await asyncio.sleep(0.05)


async def _shown(office: Office, many: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while _on_phones(office) < many:  # noqa: ASYNC110 - measured from outside
            await asyncio.sleep(0.02)


def _on_phones(office: Office) -> int:
    return len(office.wecom.messages)


def table(figures: Figures) -> str:
    """Markdown."""
    lines = [
        f"{os.cpu_count()} 核，Python {sys.version.split()[0]}，{REPS} 个销售各说 {EACH} 句，{CALLERS} 个并发，{len(figures.rates[ECHO])} 轮交替，"
        f"中位数；测时系统负载 {figures.load[0]:.1f}–{figures.load[1]:.1f}。",
        "",
        "| | 每秒消息 | 最低–最高 | 每条花处理器（毫秒） |",
        "|---|---|---|---|",
    ]
    for who, rates in figures.rates.items():
        spread = f"{min(rates):,.0f}–{max(rates):,.0f}"
        lines.append(
            f"| {who} | {statistics.median(rates):,.0f} | {spread} | {statistics.median(figures.cpu[who]):.2f} |"
        )
    one, two = (figures.cpu[who] for who in list(VARIANTS)[1:])
    ratio = statistics.median(b / a for a, b in zip(one, two, strict=True))
    return "\n".join(
        [*lines, "", f"PostgreSQL 上两个进程每条花的处理器时间，是一个进程的 {ratio:.2f} 倍（各轮之比的中位数）。"]
    )
