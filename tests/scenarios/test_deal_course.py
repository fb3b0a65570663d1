"""The course of deals from the first word to the last, on each platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from scrm.models import Deal, DealCompetitor, DealContact, Stage, StageChange
from tests.scenarios.firm import ZONE, Firm, file_url


@pytest.fixture(params=("wecom_app", "dingtalk_stream"))
async def firm(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm on one door of each platform."""
    company = Firm(request.param, file_url(tmp_path))
    await company.start()
    yield company
    await company.stop()


async def test_an_admin_defines_a_pipeline_and_a_deal_goes_through_it(firm: Firm) -> None:
    made = await firm.say("zhoutao", "设置流程 外企：初次洽谈 10% 14天、总部审批 50% 30天、签约 90%")
    assert "总部审批" in made.text
    refused = await firm.say("lina", "设置流程 外企：初次洽谈、签约")
    assert "权限" in refused.text
    await firm.say("lina", "新建客户 宏图精密")
    tier = await firm.say("lina", "宏图精密是外企")
    assert "外企" in tier.text
    card = await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    moved = await firm.click("lina", card, "推进到总部审批")
    assert "总部审批（2/3）" in moved.text
    await firm.say("lina", "宏图MES推进到初次洽谈")
    again = await firm.say("lina", "推进到总部审批")
    assert "总部审批（2/3）" in again.text
    assert await firm.count(Stage, Stage.name == "总部审批") == 1


async def test_a_deal_goes_back_sleeps_wakes_is_void_and_comes_again(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    await firm.say("lina", "推进到谈判")
    back = await firm.say("lina", "宏图MES退回到需求确定")
    named = await firm.click("lina", back, "换了对接人")
    assert "换了对接人" in named.text
    asked = await firm.say("lina", "推进到签约")
    assert "赢单了吗" in asked.text
    told = await firm.say("lina", "宏图MES退回到方案报价，因为预算砍了")
    assert "预算砍了" in told.text
    await firm.say("lina", "宏图MES暂停到3月10日")
    await firm.at(datetime(2026, 3, 10, 9, 30, tzinfo=ZONE))
    woken = await firm.look_for("lina", "暂停到期")
    assert "方案报价" in woken.text
    void = await firm.say("lina", "宏图MES作废，录重了")
    assert "录重了" in void.text
    assert await firm.count(Deal, Deal.status == "void", Deal.lost_reason == "录重了") == 1
    again = await firm.say("lina", "重新打开宏图MES")
    assert "已重新打开" in again.text
    lost = await firm.say("lina", "宏图MES丢了")
    await firm.click("lina", lost, "价格")
    assert await firm.count(Deal, Deal.status == "lost", Deal.lost_reason == "价格") == 1
    assert await firm.count(StageChange, StageChange.reason != "") == 4
    shown = await firm.say("lina", "看一下商机 宏图MES")
    course = await firm.click("lina", shown, "历程")
    assert "停留" in course.text
    assert "丢单，原因：价格" in course.text
    assert "李娜 作废，原因：录重了" in course.text
    earlier = await firm.click("lina", course, "更早的")
    assert "退回到方案报价，原因：预算砍了" in earlier.text
    assert "宏图MES退回到方案报价" in earlier.text


async def test_a_stage_asks_once_for_what_is_missing_and_one_sentence_tells_it(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 宏图MES")
    card = await firm.say("lina", "推进到谈判")
    assert "还差金额、预计签约日、决策人" in card.text
    noted = await firm.say("lina", "金额改成80万")
    assert "80万" in noted.text
    told = await firm.say("lina", "预计4月20日签约，决策人是刘总，刘总很支持我们，竞品是用友和金蝶")
    assert "4月20日" in told.text
    assert "还差" not in told.text
    shown = await firm.say("lina", "宏图MES的决策链")
    assert "刘总（决策人，支持）" in shown.text
    await firm.say("lina", "撤销")
    assert await firm.count(DealContact) == 0
    assert await firm.count(DealCompetitor) == 0


async def test_a_contract_that_ends_brings_its_renewal_ahead_of_time(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 宏图云 80万")
    won = await firm.say("lina", "宏图云赢单了")
    assert "合同哪天到期" in won.text
    noted = await firm.say("lina", "合同到期日是6月30日")
    assert "6月30日" in noted.text
    await firm.at(datetime(2026, 5, 6, 10, 0, tzinfo=ZONE))
    card = await firm.look_for("lina", "该续约了")
    assert "宏图云2026年续约" in card.text
    moved = await firm.click("lina", card, "推进到方案报价")
    assert "方案报价（2/4）" in moved.text
    assert await firm.count(Deal, Deal.kind == "renewal") == 1


async def test_a_kind_a_competitor_and_a_reason_said_as_they_come_to_mind(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    made = await firm.say("lina", "宏图精密有个增购的单子 20万")
    assert "再销售" in made.text
    changed = await firm.say("lina", "这单是续签")
    assert "已改为续签" in changed.text
    assert await firm.count(Deal, Deal.kind == "renewal") == 1
    await firm.say("lina", "竞品是用友和金蝶")
    off = await firm.say("lina", "宏图精密竞品去掉用友")
    assert "已去掉竞品：用友" in off.text
    lost = await firm.say("lina", "这单丢了，对方嫌贵")
    assert "对方嫌贵" in lost.text
    for _ in range(3):
        await firm.say("lina", "撤销")
    assert await firm.count(DealCompetitor) == 0
    assert await firm.count(Deal, Deal.kind == "renewal", Deal.status == "open") == 1
