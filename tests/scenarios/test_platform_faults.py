"""A platform that fails for a while: everything said meanwhile is done once and answered once, and the log says it once."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from bot import metrics, outbox, send_loop, settle
from bot.config import Config
from emulator.faults import Fault
from scrm.models import Activity
from tests.scenarios.firm import Firm, file_url

CUSTOMERS = {"lina": "宏图精密", "wanglei": "远洋物流"}
CALLS = 2  # of each
STRIKES = 4  # so often it goes wrong before it goes well again
SEND = {"wecom_app": "message/send", "dingtalk_stream": "/v1.0/card/instances/createAndDeliver"}
HTML = b"<html>Bad Gateway</html>"

FAULTS = [
    ("wecom_app", Fault(errcode=-1), "-1"),
    ("wecom_app", Fault(errcode=42001), "42001"),
    ("wecom_app", Fault(errcode=45009), "45009"),
    ("wecom_app", Fault(status=503, body=HTML), "http_503"),
    ("wecom_app", Fault(body=HTML, act=True), "broken"),
    ("wecom_app", Fault(hang=0.5, act=True), "timeout"),
    ("wecom_app", Fault(drop=True, act=True), "broken"),
    ("dingtalk_stream", Fault(errcode="Forbidden.AccessDenied.QpsLimitForApi"), "Forbidden.AccessDenied.QpsLimitForApi"),
    ("dingtalk_stream", Fault(status=504, body=HTML, act=True), "http_504"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits as always, only shorter."""
    monkeypatch.setattr(settle, "BACKOFF_MS", (30, 60, 120))
    monkeypatch.setattr("bot.platforms.wecom.errors.RATE_SECONDS", 0.1)
    monkeypatch.setattr(send_loop, "SEND_SECONDS", 0.2)
    for module in (outbox, settle):
        monkeypatch.setattr(module, "PROBE_MS", 100)


@pytest.mark.parametrize(("door", "fault", "code"), FAULTS, ids=lambda value: getattr(value, "code", None))
async def test_what_is_said_meanwhile_is_done_once_and_answered_once(
    door: str, fault: Fault, code: str, tmp_path: Path
) -> None:
    firm = Firm(door, file_url(tmp_path))
    await firm.start()
    try:
        await _meet(firm)
        firm.emulator.faults.add(SEND[door], fault, times=10_000)
        await _live_through(firm, door.removesuffix("_stream"), code, firm.emulator.faults.clear)
    finally:
        await firm.stop()


async def test_a_name_that_does_not_resolve_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = _Named("wecom_app", file_url(tmp_path))
    await firm.start()
    try:
        await _meet(firm)
        connector = firm.company._session.connector
        assert connector is not None
        connector._force_close = True  # or the connections that are open would serve on
        await asyncio.gather(*(firm.say(who, "帮助") for who in CUSTOMERS))
        with monkeypatch.context() as patched:
            patched.setattr(aiohttp.TCPConnector, "_resolve_host", _no_such_name(aiohttp.TCPConnector._resolve_host))
            await _live_through(firm, "wecom_app", "unreachable", patched.undo, more=1)
    finally:
        await firm.stop()


class _Named(Firm):
    """The platform's address is a name, as in the field."""

    def config(self) -> Config:
        config = super().config()
        assert config.wecom is not None
        base = config.wecom.api_base.replace("127.0.0.1", "localhost")
        return msgspec.structs.replace(config, wecom=msgspec.structs.replace(config.wecom, api_base=base))


def _no_such_name(resolve: Any) -> Any:
    async def fail_for_names(self: aiohttp.TCPConnector, host: str, *more: Any, **named: Any) -> Any:
        if host == "localhost":
            raise OSError(-3, "Temporary failure in name resolution")
        return await resolve(self, host, *more, **named)

    return fail_for_names


# --- the story


async def _meet(firm: Firm) -> None:
    for who, customer in CUSTOMERS.items():
        await firm.say(who, f"新建客户 {customer}")
    await firm.quiet()


async def _live_through(firm: Firm, door: str, code: str, mend: Any, *, more: int = 0) -> None:
    sends = {"door": door, "code": code[:24]}
    before = metrics.REGISTRY.get_sample_value("scrm_sends_total", sends) or 0
    with capture_logs() as logs:
        for number in range(CALLS):
            for who, customer in CUSTOMERS.items():
                await firm.emulator.say(who, f"今天给{customer}打了电话，聊了第{number}件事")
        await firm.eventually(
            lambda: (metrics.REGISTRY.get_sample_value("scrm_sends_total", sends) or 0) >= before + STRIKES
        )
        status, degraded = await _ready(firm)
        assert status == 200
        assert door in degraded
        mend()
        await firm.quiet()
        await firm.eventually(lambda: all(len(firm.bot_items(who)) == 1 + more + CALLS for who in CUSTOMERS))
        await firm.eventually(lambda: not firm.company.store.troubles.now)
    told = await firm.data(lambda session: list(session.scalars(sa.select(Activity.summary).order_by(Activity.id))))
    for customer in CUSTOMERS.values():
        mine = [summary for summary in told if customer in summary]
        assert [f"第{number}件事" in summary for number, summary in enumerate(mine)] == [True] * CALLS
    _is_said_once(logs, door, code)


async def _ready(firm: Firm) -> tuple[int, list[str]]:
    async with aiohttp.ClientSession() as http, http.get(f"{firm.base}/readyz") as response:
        return response.status, (await response.json())["companies"]["acme"]["degraded"]


def _is_said_once(logs: list[MutableMapping[str, Any]], what: str, code: str) -> None:
    """Each trouble has one line, however often it struck, and nothing else is complained of."""
    complaints = [entry for entry in logs if entry["log_level"] in ("warning", "error", "critical")]
    said = [(entry["event"], entry.get("what"), entry.get("code")) for entry in complaints]
    assert ("trouble", what, code) in said
    assert {event for event, *_ in said} == {"trouble"}
    assert len(said) == len(set(said))
    assert sum(entry["event"] == "trouble_over" and entry["what"] == what for entry in logs) == 1
