"""A welcome code with 20,000 messages waiting: from the customer's adding to the greeting at the platform, beside an idle bot."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import databases
from benchmarks.office import Office
from benchmarks.whole_path import SENTENCES
from bot.inbox import Inbox
from bot.platforms.wecom.parse import parse
from scrm.db import Database

REPS, BACKLOG, CODES, EVERY = 200, 20_000, 100, 0.25
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds to each greeting; how much of the backlog was left when the last one had come."""

    backend: str
    backlog: int
    took: list[float]
    left: int


async def run() -> list[Figures]:
    """With and without a backlog, on both databases."""
    return [await _greet(backend, backlog) for backend in databases.TITLES for backlog in (0, BACKLOG)]


async def _greet(backend: str, backlog: int) -> Figures:
    with tempfile.TemporaryDirectory(prefix="urgent-") as name, databases.fresh(backend, Path(name)) as url:
        office = Office(Path(name), url, REPS)
        await office.open()
        try:
            await _pile_up(office, backlog)
            async with office.serving():
                asking = [asyncio.create_task(_greeted(office, number)) for number in range(CODES)]
                took = await asyncio.gather(*asking)
                left = await asyncio.to_thread(office.left)
        finally:
            await office.wecom.stop()
    assert left or not backlog, "the backlog was gone before the last code came"
    return Figures(backend, backlog, took, left)


async def _pile_up(office: Office, backlog: int) -> None:
    """As if the bot had been away: what the reps said meanwhile waits in the inbox."""
    database = Database(office.url)
    inbox = Inbox(database, lambda: None)
    said = office.said(SENTENCES, backlog // REPS)
    events = [
        event for fields in said if (event := parse({name: str(value) for name, value in fields.items()})) is not None
    ]
    assert len(events) == backlog
    for start in range(0, backlog, 500):
        await inbox.accept(events[start : start + 500])
    await inbox.close()
    database.close()


async def _greeted(office: Office, number: int) -> float:
    """Seconds until this customer has been greeted."""
    await asyncio.sleep(1 + number * EVERY)
    rep, customer = list(office.people)[number % REPS], f"wmbench{number:025}"
    began = time.perf_counter()
    await office.wecom.add_contact(rep, f"客户{number}", external_userid=customer)
    async with asyncio.timeout(PATIENCE):
        while not any(welcome.external_userid == customer for welcome in office.wecom.welcomes[-CODES:]):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return time.perf_counter() - began


def table(rows: Sequence[Figures]) -> str:
    """Markdown."""
    lines = [
        f"{os.cpu_count()} 核，Python {sys.version.split()[0]}，{CODES} 位新客户，每 {EVERY} 秒一位，单位毫秒；测时系统负载 {os.getloadavg()[0]:.1f}。",
        "",
        "| 数据库 | 积压（条） | 问完还剩（条） | p50 | p99 | 最慢 |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        p50, p99 = statistics.median(row.took) * 1000, statistics.quantiles(row.took, n=100)[-1] * 1000
        left = f"{row.left:,}" if row.backlog else "-"
        title = databases.TITLES[row.backend]
        lines.append(f"| {title} | {row.backlog:,} | {left} | {p50:.0f} | {p99:.0f} | {max(row.took) * 1000:.0f} |")
    return "\n".join(lines)
