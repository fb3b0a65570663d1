"""The public pool as it is spoken of, on each platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scrm.models import Customer, Deal, Lead
from tests.scenarios.firm import Firm, file_url


@pytest.fixture(params=("wecom_app", "dingtalk_stream"))
async def firm(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm on one door of each platform."""
    company = Firm(request.param, file_url(tmp_path))
    await company.start()
    yield company
    await company.stop()


async def test_a_customer_goes_into_the_pool_and_comes_out_again_by_words_and_taps(firm: Firm) -> None:
    for who, customer in (("lina", "宏图精密"), ("lina", "蓝海物流"), ("wanglei", "远山医药")):
        await firm.say(who, f"新建客户 {customer}")
    assert "已放入公海" in (await firm.say("lina", "把宏图精密放回公海，预算没了")).text
    assert "已放入公海" in (await firm.say("lina", "放弃蓝海物流")).text
    made = await firm.say("wanglei", "新建客户 宏图精密")
    assert "在公海" in made.text
    assert "领取" in [button.text for button in made.buttons]
    listed = await firm.say("wanglei", "公海")
    assert "公海 2 家" in listed.text
    seen = await firm.click("wanglei", listed, "1. 蓝海物流")
    taken = await firm.click("wanglei", seen, "领取")
    assert "已领取" in taken.text
    assert "之后才能再领" in (await firm.say("lina", "领取宏图精密")).text
    given = await firm.say("chenjing", "把公海里的宏图精密分配给王磊")
    assert "已分配给王磊" in given.text
    await firm.look_for("wanglei", "分配给您一个客户")
    assert await firm.count(Customer, Customer.owner_id.is_(None)) == 0
    assert "公海里没有「远山医药」" in (await firm.say("lina", "领取远山医药")).text
    rule = await firm.say("zhoutao", "公海规则 每人每天最多领5个，最多持有100个，冷却30天")
    assert "30 天内原负责人不能再领" in rule.text
    assert "权限" in (await firm.say("lina", "公海规则 每天最多领50个")).text


async def test_a_lead_is_noted_given_out_and_becomes_a_customer(firm: Firm) -> None:
    rule = await firm.say("zhoutao", "线索规则 华东分给李娜、王磊，每人最多20条")
    assert "华东分给李娜、王磊，每人最多20条" in rule.text
    noted = await firm.say("chenjing", "新线索 宏图精密 张总 13800000001 想了解MES，预算50万，地区华东，来源官网")
    assert "分给李娜" in noted.text
    told = await firm.look_for("lina", "新分到一条线索")
    assert "13800000001" in told.text
    called = await firm.click("lina", told, "去联系")
    assert "去联系 · 宏图精密 张总" in called.text
    made = await firm.click("lina", called, "转客户")
    assert "宏图精密" in made.text
    assert "MES" in made.text
    assert await firm.count(Lead, Lead.status == "qualified") == 1
    assert await firm.count(Deal, Deal.amount == 500_000) == 1


async def test_a_lead_of_somebody_without_a_company_is_asked_about_and_an_invalid_one_says_why(firm: Firm) -> None:
    await firm.say("wanglei", "新线索 张总 13812345678 想了解ERP")
    asked = await firm.say("wanglei", "线索张总转客户")
    assert "「张总」是哪家公司的？" in asked.text
    made = await firm.say("wanglei", "远山医药")
    assert "线索已转客户 · 远山医药" in made.text
    await firm.say("lina", "新线索 远山医药 刘工 13812340000")
    asked = await firm.say("lina", "线索刘工转商机")
    assert "已有同事在跟进" in asked.text
    await firm.click("lina", asked, "申请协作")
    assert "远山医药" in (await firm.look_for("wanglei", "协作申请")).text
    await firm.say("wanglei", "新线索 远山医药的王主任，13800000002，需求：排产系统")
    asked = await firm.say("wanglei", "线索王主任无效")
    gone = await firm.click("wanglei", asked, "没有需求")
    assert "没有需求" in gone.text
    assert await firm.count(Lead, Lead.reason == "没有需求") == 1
    assert await firm.count(Lead, Lead.status == "open") == 1
