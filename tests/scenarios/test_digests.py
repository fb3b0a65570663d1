"""Digests by the clock, on each platform: the rep's morning, the manager's day and week, and a comment that reaches the rep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.scenarios.firm import ZONE, Firm, file_url


@pytest.fixture(params=("wecom_app", "dingtalk_stream"))
async def firm(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm on one door of each platform."""
    company = Firm(request.param, file_url(tmp_path))
    await company.start()
    yield company
    await company.stop()


async def test_the_morning_the_week_and_a_word_from_the_manager(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    await firm.say("lina", "今天拜访了宏图精密，聊了报价，明天下午3点再跟进")
    await firm.at(datetime(2026, 3, 5, 8, 50, tzinfo=ZONE))
    plan = await firm.look_for("lina", "今日计划")
    assert "1 条（15:00）" in plan.text
    daily = await firm.look_for("chenjing", "今日简报")
    assert "拜访 1" in daily.text and "新商机 1 个，80万" in daily.text
    assert "今日计划" not in "".join(item.text for item in firm.bot_items("wanglei")), "nothing to do, no card"
    await firm.say("lina", "宏图MES赢单了")
    await firm.at(datetime(2026, 3, 6, 17, 35, tzinfo=ZONE))
    weekly = await firm.look_for("chenjing", "本周简报")
    assert "赢单 1 个，80万" in weekly.text and "看逾期 1 条" in weekly.text
    asked = await firm.click("chenjing", weekly, "点评李娜")
    assert "想对李娜说什么" in asked.text
    sent = await firm.say("chenjing", "漂亮，下周把交付也盯住")
    assert "已发给李娜" in sent.text
    told = await firm.look_for("lina", "陈静点评了您")
    assert "下周把交付也盯住" in told.text and "宏图MES" in told.text
