"""/healthz, /readyz and /metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import budget, metrics
from bot.outbox import now_ms
from bot.store import Store
from bot.tables import DONE, NEW, PENDING, Inbox, JobRun, Outbox
from bot.troubles import DATABASE
from scrm.upsert import insert_once

READY_SECONDS = 2.0
# More than fits on a page, and taken back at once.
_TRIAL = {
    "key": "readyz",
    "speaker": "",
    "lane": 2,
    "kind": "",
    "payload": " " * 16_384,
    "received_ms": 0,
    "state": DONE,
}


class Company(Protocol):
    """What health asks of one company's app."""

    key: str
    store: Store

    def door_states(self) -> Mapping[str, bool]: ...


async def healthz(_: web.Request) -> web.Response:
    """The process is alive."""
    return web.json_response({"status": "ok"})


def readyz(companies: Sequence[Company]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """200 when every database takes new rows; doors and calls in trouble are listed but never make it 503."""

    async def handler(_: web.Request) -> web.Response:
        body: dict[str, Any] = {"status": "ready", "companies": {}}
        status = 200
        for company in companies:
            writable = await _writable(company.store)
            closed = {door for door, is_open in company.door_states().items() if not is_open}
            degraded = sorted(closed.union(company.store.troubles.now) - {DATABASE})
            body["companies"][company.key] = {"database": "ok" if writable else "unavailable", "degraded": degraded}
            if not writable:
                status, body["status"] = 503, "unavailable"
        return web.json_response(body, status=status)

    return handler


async def _writable(store: Store) -> bool:
    try:
        await asyncio.wait_for(probe(store), READY_SECONDS)
    except (SQLAlchemyError, TimeoutError):
        return False
    return True


async def probe(store: Store) -> None:
    """Write as the inbox would. Raises SQLAlchemyError while the database can take nothing new."""

    def write(session: Session) -> None:
        if store.database.is_sqlite:  # a full file still takes a change of a row: is there room for a new one?
            with session.begin_nested() as trial:
                session.execute(sa.insert(Inbox).values(_TRIAL))
                trial.rollback()
        values = {"job": "readyz", "scheduled_for": "-", "at_ms": now_ms()}
        insert_once(session, JobRun, values, ["job", "scheduled_for"])
        session.execute(sa.update(JobRun).where(JobRun.job == "readyz").values(at_ms=now_ms()))

    await store.run(write)
    store.serves()


def metrics_page(companies: Sequence[Company]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Prometheus text; queue lengths and budgets are read when asked."""

    async def handler(_: web.Request) -> web.Response:
        for company in companies:
            for door, is_open in company.door_states().items():
                metrics.DOOR_OPEN.labels(door).set(is_open)
            try:
                await asyncio.wait_for(company.store.run(_measure_queues), READY_SECONDS)
            except (SQLAlchemyError, TimeoutError):
                continue
        return web.Response(body=generate_latest(metrics.REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return handler


def _measure_queues(session: Session) -> None:
    budget.expose(session)
    now = now_ms()
    for name, table, since, states in (
        ("inbox", Inbox, Inbox.received_ms, (NEW,)),
        ("outbox", Outbox, Outbox.created_ms, PENDING),
    ):
        rows = session.execute(
            sa.select(table.lane, sa.func.count(), sa.func.min(since))
            .where(table.state.in_(states))
            .group_by(table.lane)
        )
        found = {lane: (count, oldest) for lane, count, oldest in rows.all()}
        for lane in range(4):
            count, oldest = found.get(lane, (0, now))
            metrics.QUEUE.labels(name, str(lane)).set(count)
            metrics.QUEUE_AGE.labels(name, str(lane)).set(max(0, now - oldest) / 1000)


def routes(companies: Sequence[Company]) -> list[web.RouteDef]:
    """The three pages."""
    return [
        web.get("/healthz", healthz),
        web.get("/readyz", readyz(companies)),
        web.get("/metrics", metrics_page(companies)),
    ]
