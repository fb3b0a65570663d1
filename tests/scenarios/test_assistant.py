"""[assistant]: what the rules leave over is asked back, never done; a slow or broken endpoint changes nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from scrm.models import Activity, Customer
from tests.scenarios.conftest import DOORS
from tests.scenarios.firm import Firm, file_url

WORDS = "蒙太奇那边松口了"  # no name that we know, no word that the rules take for an order or a report
VISIT = {
    "intent": "log_visit",
    "customer": "蒙太奇",
    "contacts": ["马化腾"],
    "visit_kind": "电话",
    "next_at": "2026-05-15",
}


class Endpoint:
    """An OpenAI-compatible server of our own; `answer` is the content of its next answers, or what it does instead."""

    def __init__(self) -> None:
        self.answer: Any = VISIT
        self.status, self.seconds = 200, 0.0
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        self.server = TestServer(app)

    async def _complete(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        self.keys.append(request.headers.get("Authorization", ""))
        await asyncio.sleep(self.seconds)
        content = self.answer if isinstance(self.answer, str) else json.dumps(self.answer, ensure_ascii=False)
        return web.json_response({"choices": [{"message": {"content": content}}]}, status=self.status)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    """The stand-in, running."""
    found = Endpoint()
    await found.server.start_server()
    yield found
    await found.server.close()


@pytest.fixture(params=DOORS)
async def assisted(request: pytest.FixtureRequest, endpoint: Endpoint, tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm with an assistant."""
    section = {"url": str(endpoint.server.make_url("/v1")), "model": "small", "key": "made-up-key", "seconds": 1}
    firm = Firm(request.param, file_url(tmp_path), assistant=section)
    await firm.start()
    yield firm
    await firm.stop()


async def test_nothing_is_written_before_yes(assisted: Firm, endpoint: Endpoint) -> None:
    card = await assisted.say("lina", WORDS)
    assert "您是想这样吗" in card.text
    assert "记录跟进 · 电话" in card.text
    assert "马化腾" not in card.text  # nobody said that name
    assert await assisted.count(Activity) == 0
    unknown = await assisted.click("lina", card, "是，就这样")
    assert "还没有「蒙太奇」这个客户" in unknown.text
    assert await assisted.count(Customer) == 0
    assert "已记录 · 电话" in (await assisted.click("lina", unknown, "新建客户")).text
    assert await assisted.count(Activity) == 1
    assert endpoint.keys == ["Bearer made-up-key"]
    assert [message["content"].splitlines()[-1] for message in endpoint.asked[0]["messages"]][1:] == [WORDS]


async def test_yes_and_no_can_be_said(assisted: Firm) -> None:
    await assisted.say("lina", WORDS)
    assert "取消" in (await assisted.say("lina", "不是")).text
    assert await assisted.count(Activity) == 0
    await assisted.say("lina", WORDS)
    assert "还没有「蒙太奇」这个客户" in (await assisted.say("lina", "是")).text


@pytest.mark.parametrize(
    "answer",
    ["sorry, I cannot", "[1]", {"intent": "drop_tables"}, {"intent": "none"}, {"intent": "log_visit", "contacts": "all"}, "{" * 5000],
    ids=["prose", "list", "unknown", "none", "shape", "deep"],
)  # fmt: skip
async def test_nonsense_changes_nothing(wecom_assisted: Firm, endpoint: Endpoint, answer: Any) -> None:
    endpoint.answer = answer
    assert "没听懂" in (await wecom_assisted.say("lina", WORDS)).text
    assert len(endpoint.asked) == 1


async def test_a_broken_or_slow_endpoint_changes_nothing(wecom_assisted: Firm, endpoint: Endpoint) -> None:
    endpoint.status = 500
    assert "没听懂" in (await wecom_assisted.say("lina", WORDS)).text
    endpoint.status, endpoint.seconds = 200, 3.0
    asked = asyncio.create_task(wecom_assisted.say("lina", WORDS))
    other = await wecom_assisted.say("wanglei", "新建客户 远洋物流")
    assert "远洋物流" in other.text
    assert "没听懂" in (await asked).text
    assert len(endpoint.asked) == 2  # no second try
    assert await wecom_assisted.count(Customer) == 1


async def test_what_the_rules_read_never_leaves_the_house(wecom_assisted: Firm, endpoint: Endpoint) -> None:
    for words in ("新建客户 宏图精密", "今天拜访了宏图精密", "我的待办", "谢谢", "帮助"):
        await wecom_assisted.say("lina", words)
    assert endpoint.asked == []


@pytest.fixture
async def wecom_assisted(endpoint: Endpoint, tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm with an assistant on WeCom."""
    section = {"url": str(endpoint.server.make_url("/v1")), "model": "small", "seconds": 1}
    firm = Firm("wecom_app", file_url(tmp_path), assistant=section)
    await firm.start()
    yield firm
    await firm.stop()
