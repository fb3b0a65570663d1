"""A customer nobody moves: reminder, manager, countdown, extension, taken back; and a colleague who stands in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from scrm.models import Activity, Customer, Deal, FollowUp
from tests.scenarios.firm import ZONE, Firm, file_url


@pytest.fixture(params=("wecom_app", "dingtalk_stream"))
async def firm(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm on one door of each platform."""
    company = Firm(request.param, file_url(tmp_path))
    await company.start()
    yield company
    await company.stop()


def on(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=ZONE)


async def test_nothing_goes_quiet(firm: Firm) -> None:
    assert "权限" in (await firm.say("lina", "大客户30天没跟进提醒，45天回收")).text
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密是大客户")
    await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    made = await firm.say("zhoutao", "大客户30天没跟进提醒，45天回收")
    assert "36天通知主管" in made.text
    await firm.at(on(4, 3))
    told = await firm.look_for("lina", "该跟进了")
    assert "宏图MES（初次洽谈）" in told.text
    why = await firm.click("lina", told, "为什么")
    assert "大客户30天没跟进提醒" in why.text
    assert "周涛" in why.text
    assert "宏图精密" in (await firm.say("lina", "为什么提醒我")).text
    await firm.at(on(4, 9))
    assert "李娜 · 宏图精密" in (await firm.look_for("chenjing", "一直没进展")).text
    assert "李娜 · 宏图精密" not in (await firm.say("chenjing", "试跑回收规则")).text
    await firm.at(on(4, 15))
    count = await firm.look_for("lina", "3 天后回收")
    asked = await firm.click("lina", count, "申请延期")
    await firm.click("lina", asked, "7天")
    decide = await firm.look_for("chenjing", "延期申请")
    assert "已同意延期" in (await firm.click("chenjing", decide, "同意")).text
    await firm.look_for("lina", "延期已批准")
    await firm.at(on(4, 27))
    await firm.look_for("lina", "已回收")
    assert await firm.count(Customer, Customer.name == "宏图精密", Customer.owner_id.is_(None)) == 1
    assert await firm.count(Deal, Deal.status == "open", Deal.lost_reason == "") == 1


async def test_reminders_beyond_the_days_number_come_on_one_card(firm: Firm) -> None:
    assert "每天最多提醒 1 条" in (await firm.say("lina", "每天最多提醒我1条")).title
    await firm.say("zhoutao", "所有客户30天没跟进提醒")
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "新建客户 远山医药")
    await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    await firm.say("lina", "宏图MES 暂停到4月3日")
    await firm.say("lina", "4月3日上午9点半给远山医药打电话")
    await firm.at(on(4, 3))
    await firm.look_for("lina", "跟进提醒")
    await firm.at(on(4, 3, 18))
    summary = await firm.look_for("lina", "合并的提醒（2）")
    assert "该跟进了" in summary.text
    opened = await firm.click("lina", summary, summary.buttons[1].text)
    assert "今天跟进" in [button.text for button in opened.buttons]
    assert "宏图MES" in (await firm.say("lina", "合并的提醒")).text


async def test_a_colleague_stands_in(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "3月10日上午10点跟进宏图精密")
    assert "已安排代理" in (await firm.say("lina", "我下周休假，王磊代理")).text
    await firm.look_for("wanglei", "请您代理李娜的工作")
    await firm.at(on(3, 10))
    alert = await firm.look_for("wanglei", "跟进提醒")
    assert "李娜不在，由王磊代理" in alert.text
    await firm.quiet()
    assert "已完成" in (await firm.click("wanglei", alert, "完成")).text
    assert await firm.count(FollowUp, FollowUp.status == "done") == 1
    assert await firm.count(Activity) == 0
    assert not [shown for shown in firm.bot_items("lina") if "跟进提醒" in shown.text]
    await firm.at(on(3, 16))
    assert "还没有" in (await firm.say("wanglei", "查一下宏图精密")).text


async def test_a_future_opportunity_sleeps_and_wakes(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    slept = await firm.say("lina", "宏图MES是未来机会，3月20日招标")
    assert "招标" in slept.text
    assert "宏图MES · 招标 · 李娜" in (await firm.say("lina", "未来机会")).text
    await firm.at(on(3, 20))
    assert "招标" in (await firm.look_for("lina", "暂停到期")).text
