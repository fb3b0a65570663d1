"""100,000 follow-ups of 100,000 owners, all due in the same second: how soon every owner is owed the alert, and what else waits meanwhile.

Beside it in the same run: a loop of plain SQL on one connection that claims the same rows and inserts messages of the same size.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks import databases
from bot import commands as c
from bot.context import URGENT, Context, Owed, Settings
from bot.handlers import HANDLERS
from bot.loop import few_collections, keep_what_is_there
from bot.outbox import Address, card_id_of, post
from bot.store import Store
from bot.tables import Outbox
from scheduler.runner import MOST_ROUNDS, SIDE_BY_SIDE, run_job
from scrm import audit
from scrm.access import Actor
from scrm.db import Database
from scrm.models import Customer, FollowUp, Identity, Member
from scrm.reminders import BATCH

PEER = "纯 SQL"
DUE = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Shanghai
FILLED, FILL = datetime(2026, 11, 1, tzinfo=UTC), 5_000
CLICK_EVERY, BEAT = 0.05, 0.005  # seconds
SETTINGS = Settings(
    key="acme", name="示例科技", zone=ZoneInfo("Asia/Shanghai"), quiet_from="21:00", quiet_until="08:30", digest_at="08:45",
    welcome="", has_wecom_app=True,
)  # fmt: skip


@dataclass
class Measured:
    """Seconds until all were claimed and owed; seconds each click took and each time the event loop was late."""

    seconds: float
    clicks: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)


async def run(size: int) -> dict[tuple[str, str], Measured]:
    """Ours and the peer on both databases, by database and name."""
    found = {}
    for backend, title in databases.TITLES.items():
        for name, measure in (("scrm-bot", _ours), (PEER, _peer)):
            with tempfile.TemporaryDirectory(prefix="due-") as folder, databases.fresh(backend, Path(folder)) as url:
                database = Database(url)
                try:
                    await asyncio.to_thread(_fill, database, size)
                    found[title, name] = await measure(database, size)
                    _check(database, size)
                finally:
                    database.close()
    return found


def _fill(database: Database, size: int) -> None:
    tracked = {"created_at": FILLED, "updated_at": FILLED, "row_version": 1}
    for start in range(1, size + 1, FILL):
        ids = range(start, min(start + FILL, size + 1))
        with database.engine.begin() as connection:
            for table, rows in (
                (Member, [{"id": n, "name": f"成员{n}", "role": "rep", **tracked} for n in ids]),
                (Identity, [{"platform": "wecom", "user_id": f"u{n}", "member_id": n, "door": "wecom_app"} for n in ids]),
                (Customer, [{"id": n, "name": f"客户{n}", "name_key": f"客户{n}", "owner_id": n, **tracked} for n in ids]),
                (FollowUp, [
                    {"id": n, "customer_id": n, "owner_id": n, "action": "送样品", "due_at": DUE, "remind_at": DUE, "status": "open", **tracked}
                    for n in ids
                ]),
            ):  # fmt: skip
                connection.execute(sa.insert(table), rows)
    with database.engine.begin() as connection:
        connection.execute(sa.text("ANALYZE"))


async def _ours(database: Database, size: int) -> Measured:
    """The job as the clock runs it, while somebody clicks twenty times a second."""
    store, measured = Store(database), Measured(0)
    few_collections()  # as the service does
    keep_what_is_there()
    others = [asyncio.create_task(_beat(measured)), asyncio.create_task(_click(store, measured, size))]
    await asyncio.sleep(0.5)
    measured.late.clear()
    began = perf_counter()
    try:
        did = await run_job(store, "alerts", SETTINGS, ["wecom_app"], DUE)
        measured.seconds = perf_counter() - began
    finally:
        for task in others:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    if did != size:
        raise RuntimeError(f"{did} of {size} were alerted")
    return measured


async def _beat(measured: Measured) -> None:
    """How late the event loop is, again and again."""
    while True:
        before = perf_counter()
        await asyncio.sleep(BEAT)
        measured.late.append(perf_counter() - before - BEAT)


async def _click(store: Store, measured: Measured, size: int) -> None:
    """今日待办 of one member after another, until its answer is written down for good."""
    turns = 0
    while True:
        turns += 1
        began = perf_counter()
        await store.run(_answered(turns, 1 + turns * 7919 % size))
        measured.clicks.append(perf_counter() - began)
        await asyncio.sleep(CLICK_EVERY)


def _answered(turn: int, member_id: int) -> Callable[[Session], None]:
    def work(session: Session) -> None:
        actor = Actor(member_id, f"成员{member_id}", "rep", frozenset({member_id}))
        context = Context(session, actor, DUE, SETTINGS, f"e{turn}")
        audit.begin(session, audit.Turn(context.turn, member_id, "todo", "[待办]", DUE))
        card = HANDLERS[c.ShowTodo](c.ShowTodo(), context)
        owed = Owed(key=f"reply:{turn}", kind="card", payload={"card": card}, member_id=member_id, lane=URGENT)
        post(session, owed, Address("wecom_app", f"u{member_id}"), context.turn)

    return work


async def _peer(database: Database, size: int) -> Measured:
    """The same claim and insert without anything of ours: the text is a constant of the same length."""
    began = perf_counter()
    await asyncio.to_thread(_plain, database, size)
    return Measured(perf_counter() - began)


def _plain(database: Database, size: int) -> None:
    followups: Any = FollowUp.__table__
    outbox: Any = Outbox.__table__
    due = sa.and_(followups.c.status == "open", followups.c.alerted_at.is_(None), followups.c.remind_at <= DUE)
    next_ones = sa.select(followups.c.id).where(due).order_by(followups.c.remind_at, followups.c.id).limit(BATCH)
    claim = sa.update(followups).where(followups.c.id.in_(next_ones)).values(alerted_at=DUE).returning(followups.c.id)
    for _ in range(MOST_ROUNDS):
        with database.engine.begin() as connection:
            ids = connection.scalars(claim).all()
            if not ids:
                return
            connection.execute(sa.insert(outbox), [_message(ident) for ident in ids])


def _message(ident: int) -> dict[str, object]:
    key = f"alert:{ident}"
    return {
        "key": key, "kind": "card", "door": "wecom_app", "user_id": f"u{ident}", "member_id": ident, "card_id": card_id_of(key), "turn": "job",
        "lane": 2, "payload": "x" * 700, "created_ms": 0, "expires_ms": 0,
    }  # fmt: skip


def _check(database: Database, size: int) -> None:
    """Everybody is owed exactly one, batch after batch in the order the follow-ups were due."""
    with database.read() as session:
        mine = list(session.scalars(sa.select(Outbox.member_id).where(Outbox.key.like("alert:%")).order_by(Outbox.id)))
    if sorted(mine) != list(range(1, size + 1)):
        raise RuntimeError("not every owner is owed one alert")
    # They are claimed in order; a few batches are written side by side.
    if any(abs(place - member_id) > 2 * SIDE_BY_SIDE * BATCH for place, member_id in enumerate(mine, 1)):
        raise RuntimeError("not in the order in which they were due")


def table(found: dict[tuple[str, str], Measured], size: int) -> str:
    """As benchmarks/README.md has it."""
    lines = [
        f"{os.cpu_count()} 核，Python {sys.version.split()[0]}，{size:,} 条待办、{size:,} 个负责人同一秒到期；测时系统负载 {os.getloadavg()[0]:.1f}。",
        "",
        "| | 全部认领并写下提醒（秒） | 点一下到答复落盘 p50 / p99（毫秒） | 事件循环最多晚（毫秒） |",
        "|---|---|---|---|",
    ]
    for (title, name), one in found.items():
        clicks = _spread(one.clicks) if one.clicks else "—"
        late = f"{max(one.late) * 1000:.0f}" if one.late else "—"
        lines.append(f"| {name}，{title} | {one.seconds:.1f} | {clicks} | {late} |")
    return "\n".join(lines)


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} / {statistics.quantiles(seconds, n=100)[98] * 1000:.0f}"
