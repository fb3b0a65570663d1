"""The clock: alerts, escalation, digests; two ticks send nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.scenarios.firm import WEDNESDAY, ZONE, Firm


async def test_a_follow_up_alerts_when_due_and_is_done_by_button(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    card = await firm.say("lina", "明天下午3点跟进宏图精密")
    assert "15:00" in card.text
    before = len(firm.bot_items("lina"))
    await firm.at(datetime(2026, 3, 5, 15, 0, 5, tzinfo=ZONE))
    alert = await firm.look_for("lina", "完成")
    assert "宏图精密" in alert.text
    await firm.at(datetime(2026, 3, 5, 15, 1, tzinfo=ZONE))
    done = await firm.click("lina", alert, "完成")
    assert "完成" in done.text
    assert len(firm.bot_items("lina")) <= before + 2


async def test_the_manager_gets_the_morning_digest_once(firm: Firm) -> None:
    await firm.say("chenjing", "帮助")
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "今天拜访了宏图精密，聊了报价")
    morning = datetime(2026, 3, 5, 8, 45, 5, tzinfo=ZONE)
    await firm.at(morning)
    digest = await firm.look_for("chenjing", "简报")
    assert "拜访" in digest.text
    await firm.at(morning + timedelta(minutes=1))
    await firm.at(morning + timedelta(minutes=2))
    assert sum("简报" in item.title for item in firm.bot_items("chenjing")) == 1


async def test_an_overdue_follow_up_reaches_the_manager(firm: Firm) -> None:
    await firm.say("chenjing", "帮助")
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "今天下午3点跟进宏图精密")
    for day in range(1, 6):
        await firm.at(WEDNESDAY + timedelta(days=day))
    item = await firm.look_for("chenjing", "逾期")
    assert "宏图精密" in item.text
    assert "李娜" in item.text
