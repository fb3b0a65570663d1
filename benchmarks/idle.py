"""What one process needs before anybody says anything: seconds from start to ready, and memory, beside the bare aiohttp handler."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import databases
from benchmarks.durable_ack import BARE, serving
from benchmarks.office import Office
from benchmarks.processes import resident_mb

REPS, ROUNDS, SETTLE = 200, 3, 3.0
Figures = dict[str, list[tuple[float, float]]]  # seconds to ready and MB when idle, per round


async def run(rounds: int = ROUNDS) -> Figures:
    """Both databases and the bare server in turn, round by round."""
    figures: Figures = {}
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory(prefix="idle-") as name:
        folder = Path(name)
        for _ in range(rounds):
            for backend, title in databases.TITLES.items():
                figures.setdefault(f"scrm-bot，{title}", []).append(await _bot(backend))
            began = loop.time()
            async with serving(BARE, "", Path(), folder) as (_, pid):
                ready = loop.time() - began
                await asyncio.sleep(SETTLE)
                figures.setdefault(BARE, []).append((ready, resident_mb(pid)))
    return figures


async def _bot(backend: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="idle-") as name, databases.fresh(backend, Path(name)) as url:
        office = Office(Path(name), url, REPS)
        await office.open()
        try:
            async with office.serving() as (bot,):
                await asyncio.sleep(SETTLE)
                return bot.ready_seconds, resident_mb(bot.pid)
        finally:
            await office.wecom.stop()


def table(figures: Figures) -> str:
    """Markdown."""
    lines = [
        f"{os.cpu_count()} 核，Python {sys.version.split()[0]}，{REPS} 个成员和客户，{ROUNDS} 轮交替，中位数；测时系统负载 {os.getloadavg()[0]:.1f}。",
        "",
        "| | 启动到就绪（秒） | 最慢 | 空闲内存（MB） |",
        "|---|---|---|---|",
    ]
    for who, rounds in figures.items():
        seconds, memory = zip(*rounds, strict=True)
        lines.append(
            f"| {who} | {statistics.median(seconds):.1f} | {max(seconds):.1f} | {statistics.median(memory):.0f} |"
        )
    return "\n".join(lines)
