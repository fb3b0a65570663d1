"""The demo's page over HTTP: what cannot be done on a phone is one sentence, and the company is called the same everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from emulator import sample
from emulator.dingtalk import DingTalkEmulator
from emulator.page_server import Page
from emulator.sample_words import COMPANY
from emulator.wecom import WeComEmulator

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


async def _stands_still(_: datetime) -> bool:
    return False


@pytest.fixture
async def page() -> AsyncIterator[TestClient[Any, Any]]:
    wecom, dingtalk = WeComEmulator(lambda: NOW), DingTalkEmulator(lambda: NOW)
    sample.fill_directories(wecom, dingtalk)
    async with TestClient(TestServer(Page(wecom, dingtalk, lambda: NOW, _stands_still).app())) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("menu", {"phone": "wanglei", "key": "todo"}, "钉钉上没有应用菜单"),
        ("act", {"phone": "wanglei", "action": "enter"}, "只在企业微信"),
        ("say", {"phone": "wanglei"}, "缺少 text"),
        ("say", ["lina"], "JSON 对象"),
        ("say", {"phone": "nobody", "text": "你好"}, "没有这部手机"),
        ("clock", {"jump": "soon"}, "缺少 to"),
    ],
)
async def test_what_a_phone_cannot_do_is_one_sentence(
    page: TestClient[Any, Any], path: str, body: object, says: str
) -> None:
    answer: aiohttp.ClientResponse = await page.post(f"/api/{path}", json=body)
    assert (answer.status, says in (await answer.json())["error"]) == (400, True)


def test_the_directory_calls_the_company_what_its_config_does() -> None:
    wecom, dingtalk = WeComEmulator(lambda: NOW), DingTalkEmulator(lambda: NOW)
    sample.fill_directories(wecom, dingtalk)
    assert {wecom.departments[1].name, dingtalk.departments[1].name} == {COMPANY}
