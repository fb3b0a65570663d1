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


@pytest.fixture(params=("wecom_bot", "dingtalk_stream"))
async def quoting_firm(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm on the doors that carry what a message quotes."""
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


async def test_an_edited_week_is_looked_at_once_more_before_it_goes(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "今天拜访了宏图精密，聊了报价")
    await firm.at(datetime(2026, 3, 4, 17, tzinfo=ZONE))
    written = await firm.say("lina", "写周报")
    asked = await firm.click("lina", written, "修改")
    assert "给您看过再送" in asked.text
    looked_at = await firm.say("lina", "这周主攻宏图精密，下周签约")
    assert "没有了" in looked_at.text and "· 拜访 1" in looked_at.text
    assert not [item for item in firm.bot_items("chenjing") if "周报" in item.title]
    await firm.click("lina", looked_at, "再改一下")
    again = await firm.say("lina", "拜访 1\n下周签约")
    assert "没有了" not in again.text
    assert "周报已发给陈静" in (await firm.click("lina", again, "发给主管")).text
    told = await firm.look_for("chenjing", "李娜的周报")
    assert "下周签约" in told.text and "本人修改过" in told.text


async def test_words_that_quote_a_rep_s_week_are_a_comment_on_it(quoting_firm: Firm) -> None:
    firm = quoting_firm
    await firm.say("chenjing", "帮助")
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "今天拜访了宏图精密，聊了报价")
    await firm.at(datetime(2026, 3, 4, 17, tzinfo=ZONE))
    await firm.click("lina", await firm.say("lina", "写周报"), "发给主管")
    week = await firm.look_for("chenjing", "李娜的周报")
    await firm.quiet()  # whoever quotes has read it: the platform's answer to the call that sent it is long here
    sent = await firm.say("chenjing", "点评：漂亮，下周三前把报价给到客户", quote=week.text)
    assert "已发给李娜" in sent.text
    assert "漂亮，下周三前把报价给到客户" in (await firm.look_for("lina", "陈静点评了您")).text
    assert "已发给李娜" in (await firm.say("chenjing", "不错", quote=week.text)).text


async def test_words_that_quote_a_deal_are_about_that_deal(quoting_firm: Firm) -> None:
    firm = quoting_firm
    await firm.say("lina", "新建客户 宏图精密")
    deal = await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    await firm.say("lina", "宏图精密 新商机 宏图WMS 30万")
    await firm.quiet()
    moved = await firm.say("lina", "推进到谈判", quote=deal.text)
    assert "宏图MES" in moved.text and "谈判" in moved.text
