"""The database cannot serve for a while: nothing is acknowledged that is not kept, and afterwards everything goes on by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from bot import dispatch_loop, inbox, send_loop
from bot.tables import Inbox
from scrm.models import Activity
from tests.broken_databases import broken
from tests.scenarios.firm import Firm, file_url
from tests.wire_proxy import Wire

CUSTOMERS = {"lina": "宏图精密", "wanglei": "远洋物流"}
CALLS = 3  # of each
LONG = "报价和交期" * 90  # fills a page of the file: a disk that is nearly full still takes small things

FAULTS = [
    ("sqlite", "full", "full"),
    ("sqlite", "read_only", "read_only"),
    ("sqlite", "busy", "busy"),
    pytest.param("postgres", "gone", "gone", marks=pytest.mark.postgres),
    pytest.param("postgres", "standby", "read_only", marks=pytest.mark.postgres),
]


@asynccontextmanager
async def _database(backend: str, request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[tuple[str, Wire]]:
    """The address of an empty database; PostgreSQL at the end of a wire that can be cut."""
    direct = sa.make_url(file_url(folder) if backend == "sqlite" else request.getfixturevalue("empty_postgres"))
    wire = Wire(direct.host or "", direct.port or 5432)
    if backend == "sqlite":
        yield str(direct), wire
        return
    await wire.start()
    try:
        yield direct.set(host="127.0.0.1", port=wire.port).render_as_string(hide_password=False), wire
    finally:
        await wire.cut()


@pytest.mark.parametrize(("backend", "kind", "code"), FAULTS)
async def test_while_it_cannot_serve_nothing_is_lost_and_afterwards_nothing_is_doubled(
    backend: str, kind: str, code: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch_loop, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(send_loop, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(inbox, "ACCEPT_SECONDS", 0.3)
    async with _database(backend, request, tmp_path) as (url, wire), _firm(url) as firm:
        fault = broken(kind, firm.company.store.database, wire, url)
        for who, customer in CUSTOMERS.items():
            await firm.say(who, f"新建客户 {customer}")
        await firm.quiet()
        with capture_logs() as logs:
            await fault.begin()
            talking = [asyncio.create_task(_call_customers(firm, who)) for who in CUSTOMERS]
            await _is_seen(firm)
            await fault.end()
            refused = sum(await asyncio.gather(*talking))
            await firm.eventually_count(Activity, len(CUSTOMERS) * CALLS)
            await firm.quiet()
            await firm.eventually(lambda: not firm.company.store.troubles.now)
        assert refused > 0
        await _everything_is_there_once_and_in_order(firm)
        assert await _page(firm, "/readyz") == 200
        _is_said_once(logs, code, beside="gone" if kind == "standby" else "")


@asynccontextmanager
async def _firm(url: str) -> AsyncIterator[Firm]:
    firm = Firm("wecom_app", url)
    await firm.start()
    firm.wecom.limits.retry_delays = (0.1,) * 200  # the platform does not give up before the database is back
    try:
        yield firm
    finally:
        await firm.stop()


async def _call_customers(firm: Firm, who: str) -> int:
    """Says one thing after the other; how many deliveries were refused."""
    refused = 0
    for number in range(CALLS):
        text = f"今天给{CUSTOMERS[who]}打了电话，聊了第{number}件事，{LONG}"
        delivery = await firm.emulator.say(who, text)
        assert delivery.status == 200
        refused += delivery.attempts - 1
    return refused


async def _is_seen(firm: Firm) -> None:
    """Whoever watches sees it, and the process lives on."""
    troubles = firm.company.store.troubles
    async with asyncio.timeout(15):
        while await _page(firm, "/readyz") != 503 or troubles._known["database"].times < 8:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert troubles.now == ["database"]
    assert await _page(firm, "/healthz") == 200
    assert 'scrm_trouble{what="database"} 1.0' in await _text(firm, "/metrics")


async def _everything_is_there_once_and_in_order(firm: Firm) -> None:
    told = await firm.data(lambda session: list(session.scalars(sa.select(Activity.summary).order_by(Activity.id))))
    for customer in CUSTOMERS.values():
        mine = [summary for summary in told if customer in summary]
        assert [f"第{number}件事" in summary for number, summary in enumerate(mine)] == [True] * CALLS
    assert [len(firm.bot_items(who)) for who in CUSTOMERS] == [1 + CALLS] * len(CUSTOMERS)
    tried = await firm.data(lambda session: list(session.scalars(sa.select(Inbox.attempts))))
    assert set(tried) == {0}, "the database's trouble was counted as the events'"
    assert 'scrm_trouble{what="database"} 0.0' in await _text(firm, "/metrics")


def _is_said_once(logs: list[MutableMapping[str, Any]], code: str, *, beside: str = "") -> None:
    """One complaint; `beside`: what whoever was in the middle of a statement may have seen, also once."""
    complaints = [entry for entry in logs if entry["log_level"] in ("warning", "error", "critical")]
    said = [(entry["event"], entry.get("what"), entry.get("code")) for entry in complaints]
    assert said.count(("trouble", "database", beside)) <= 1
    assert [one for one in said if one != ("trouble", "database", beside)] == [("trouble", "database", code)]
    assert sum(entry["event"] == "trouble_over" for entry in logs) == 1


async def _page(firm: Firm, path: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(firm.base + path) as response:
        return response.status


async def _text(firm: Firm, path: str) -> str:
    async with aiohttp.ClientSession() as http, http.get(firm.base + path) as response:
        return await response.text()
