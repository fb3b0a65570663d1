"""Questions about figures, asked on a phone, answered by a card with a picture before it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scrm.models import Promise
from tests.scenarios.firm import Firm, file_url


@pytest.fixture(params=("wecom_app", "dingtalk_stream"))
async def firm(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm on one door of each platform."""
    company = Firm(request.param, file_url(tmp_path))
    await company.start()
    yield company
    await company.stop()


async def some_deals(firm: Firm) -> None:
    """李娜 has three deals: one at the start, one in 谈判, one won."""
    await firm.say("lina", "新建客户 宏图精密")
    for name in ("宏图一期", "宏图二期", "宏图三期"):
        await firm.say("lina", f"宏图精密 新商机 {name} 40万")
    await firm.say("lina", "宏图二期推进到谈判")
    await firm.say("lina", "宏图三期赢单了")


async def test_a_manager_sees_the_funnel_and_goes_into_it(firm: Firm) -> None:
    await some_deals(firm)
    picture = await firm.say("chenjing", "看漏斗")
    card = await firm.look_for("chenjing", "销售漏斗 · 新签")
    items = [shown.id for shown in firm.bot_items("chenjing")]
    assert picture.kind == "image"
    assert picture.image.startswith(b"\x89PNG")
    assert items.index(picture.id) < items.index(card.id)
    assert "初次洽谈 3：转化 67%" in card.text
    assert "谈判 1：转化 0%" in card.text
    assert "100%（赢 1 丢 0）" in card.text
    stage = await firm.click("chenjing", card, "看初次洽谈的商机")
    assert "宏图一期" in stage.text
    assert "宏图二期" not in stage.text
    await firm.say("sunhao", "看漏斗")
    assert "没有商机" in (await firm.look_for("sunhao", "销售漏斗")).text
    refused = await firm.say("lina", "谈判的标准转化率60%")
    assert "权限" in refused.text
    await firm.say("zhoutao", "谈判的标准转化率60%")
    await firm.say("lina", "我的漏斗")
    own = await firm.look_for("lina", "销售漏斗")
    assert "谈判 1：转化 0%/60%" in own.text


async def test_targets_the_gap_the_ranking_and_a_chance(firm: Firm) -> None:
    await some_deals(firm)
    await firm.say("lina", "宏图二期预计3月20日签约")
    refused = await firm.say("lina", "王磊本月目标50万")
    assert "权限" in refused.text
    target = await firm.say("chenjing", "李娜本月目标100万")
    assert "40万（40%）" in target.text
    await firm.say("chenjing", "王磊本月目标30万")
    picture = await firm.say("lina", "我这个月还差多少")
    assert picture.image.startswith(b"\x89PNG")
    gap = await firm.look_for("lina", "本月还差 60万")
    assert "28万（1 个商机）" in gap.text
    assert "宏图二期" in gap.text
    assert "40万 × 70%" in gap.text
    assert "另有 1 个商机" in gap.text
    await firm.say("chenjing", "本月预测")
    team = await firm.look_for("chenjing", "本月还差 90万")
    await firm.click("chenjing", team, "看排行")
    ranking = await firm.look_for("chenjing", "本月赢单金额排行")
    assert "1. 李娜 40万（40%）" in ranking.text
    assert "2. 王磊 0元（0%）" in ranking.text
    assert "孙浩" not in ranking.text
    await firm.say("lina", "华南销售部本月排行")
    assert "没有权限" in (await firm.look_for("lina", "没有权限")).text
    chance = await firm.say("lina", "宏图二期的赢率")
    assert "不到 10 个" in chance.text
    await firm.say("chenjing", "撤销")
    again = await firm.say("chenjing", "华东销售部本月目标200万")
    assert "目标 200万" in again.text


async def test_a_roll_call_keeps_promises_and_compares_them_with_results(firm: Firm) -> None:
    await some_deals(firm)
    await firm.say("lina", "宏图一期预计3月20日签约")
    asked = await firm.say("chenjing", "点名")
    assert "李娜 2 个商机" in asked.text
    card = await firm.look_for("lina", "陈静在问")
    assert "3月能签吗：宏图一期" in card.text
    card = await firm.click("lina", card, "稳")
    assert "3月能签吗：宏图二期" in card.text
    said = await firm.click("lina", card, "没戏")
    assert "稳 1 个 40万" in said.text
    first = await firm.click("lina", said, "从头改")
    last = await firm.click("lina", first, "争取")
    assert "争取 1 个 40万" in last.text
    await firm.say("lina", "宏图一期赢单了")
    kept = await firm.say("chenjing", "看承诺")
    assert "1 个 40万，赢 1 个（100%）" in kept.text
    assert "李娜：争取 1 赢 1，没戏 1 赢 0" in kept.text
    nobody = await firm.say("sunhao", "看承诺")
    assert "还没有承诺" in nobody.text
    assert await firm.count(Promise) == 2
