"""A customer that a colleague has is found before it is made twice, worked on by consent, and merged where it is there twice."""

from __future__ import annotations

import pytest

from scrm.models import Activity, Contact, Customer, Deal
from tests.scenarios.firm import Firm

CODE = "91110000600037341L"


async def test_a_visit_to_a_colleagues_customer_is_warned_of_and_shared_by_consent(firm: Firm) -> None:
    await firm.say("sunhao", f"新建客户 宏图精密有限公司，信用代码{CODE}")
    asked = await firm.say("lina", "今天拜访了宏圖精密，聊了报价")
    assert "已有同事在跟进" in asked.text
    assert "孙浩" not in asked.text
    assert [one.text for one in asked.buttons][:2] == ["仍要新建", "申请协作"]
    assert await firm.count(Customer) == 1
    sent = await firm.click("lina", asked, "申请协作")
    assert "已申请协作" in sent.text
    request = await firm.look_for("sunhao", "协作申请")
    assert "李娜" in request.text
    assert "已同意协作" in (await firm.click("sunhao", request, "同意")).text
    told = await firm.look_for("lina", "可以协作了")
    assert "聊了报价" in told.text
    assert CODE in (await firm.say("lina", "查一下宏图精密")).text
    await firm.say("lina", "今天拜访了宏图精密，聊了报价")
    assert await firm.count(Activity) == 1


async def test_ones_own_double_takes_what_was_said(dingtalk_firm: Firm) -> None:
    firm = dingtalk_firm
    await firm.say("lina", f"新建客户 海川模具，信用代码{CODE}")
    wrong = await firm.say("lina", "海川模具的信用代码改成91110000600037341M")
    assert "校验不通过" in wrong.text
    asked = await firm.say("lina", f"新建客户 宏图精密，信用代码{CODE}")
    assert "海川模具（信用代码相同），负责人 李娜" in asked.text
    assert "海川模具" in (await firm.click("lina", asked, "关联")).text
    assert await firm.count(Customer) == 1


@pytest.mark.parametrize("firm", ["wecom_app", "dingtalk_stream"], indirect=True)
async def test_two_customers_become_one_and_two_again(firm: Firm) -> None:
    await firm.say("lina", "新客户：宏图精密，联系人张秋实，物流部长，电话13712345678")
    await firm.say("lina", "今天拜访了宏图精密，聊了报价")
    await firm.say("lina", "新客户：海川模具，联系人李明，电话13912345678")
    await firm.say("lina", "今天给海川模具打了电话，聊了交期")
    card = await firm.say("lina", "合并客户 海川模具 和 宏图精密")
    assert "跟进记录 1 条" in card.text
    assert await firm.count(Customer) == 2
    merged = await firm.click("lina", card, "保留宏图精密")
    assert "已合并到 宏图精密" in merged.text
    assert (await firm.count(Customer), await firm.count(Contact, Contact.customer_id == 1)) == (1, 2)
    brief = await firm.say("lina", "查一下海川模具")
    assert "宏图精密" in brief.text
    assert "聊了交期" in brief.text
    await firm.say("lina", "今天给海川模具打了电话，聊了付款")
    assert await firm.count(Activity, Activity.customer_id == 1) == 3
    back = await firm.click("lina", merged, "撤销")
    assert "已撤销合并" in back.text
    assert "海川模具" in back.text
    assert (await firm.count(Customer), await firm.count(Contact, Contact.customer_id == 1)) == (2, 1)
    assert await firm.count(Activity, Activity.customer_id == 1) == 2


@pytest.mark.parametrize("firm", ["wecom_app", "dingtalk_stream"], indirect=True)
async def test_a_deal_that_is_there_is_used_or_made_again(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 二期MES")
    asked = await firm.say("lina", "宏图精密 新商机 二期MES 80万")
    assert "可能重复的商机" in asked.text
    assert await firm.count(Deal) == 1
    await firm.click("lina", asked, "用已有的")
    assert await firm.count(Deal, Deal.amount == 800_000) == 1
    again = await firm.say("lina", "宏图精密 新商机 二期MES 60万")
    assert "已新建商机" in (await firm.say("lina", "仍要新建")).text, again.text
    assert await firm.count(Deal) == 2
