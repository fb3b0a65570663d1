"""The sentences everybody says, on every door, end to end."""

from __future__ import annotations

from scrm.models import Activity, Customer, Deal, FollowUp
from tests.scenarios.firm import Firm


async def test_a_rep_logs_a_visit_in_one_sentence(firm: Firm) -> None:
    made = await firm.say("lina", "新建客户 宏图精密")
    assert "宏图精密" in made.text
    card = await firm.say("lina", "今天拜访了宏图精密，聊了二期报价，预算大概50万，下周三再跟进")
    assert "拜访" in card.text
    assert "宏图精密" in card.text
    assert "50万" in card.text
    assert "3月11日" in card.text
    assert any(button.text == "撤销" for button in card.buttons)
    assert await firm.count(Activity, Activity.kind == "visit") == 1
    assert await firm.count(FollowUp) == 1


async def test_undo_by_button_takes_back_every_effect(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    card = await firm.say("lina", "今天拜访了宏图精密，聊了报价，明天再跟进")
    after = await firm.click("lina", card, "撤销")
    assert "撤销" in after.text
    assert await firm.count(Activity) == 0
    assert await firm.count(FollowUp) == 0
    assert await firm.count(Customer) == 1
    await firm.say("lina", "撤销")
    assert await firm.count(Customer) == 0


async def test_a_deal_moves_by_words_and_by_button(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    card = await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    assert "宏图MES" in card.text
    assert "80万" in card.text
    moved = await firm.say("lina", "推进到谈判")
    assert "谈判" in moved.text
    shown = await firm.say("lina", "看一下商机 宏图MES")
    won = await firm.click("lina", shown, next(b.text for b in shown.buttons if "签约" in b.text or "赢单" in b.text))
    assert "宏图MES" in won.text
    lost = await firm.say("lina", "宏图MES 丢单，原因是价格太高")
    assert "丢单" in lost.text or "赢" in lost.text
    assert await firm.count(Deal) == 1


async def test_an_unknown_customer_is_asked_about_once_and_made_by_button(firm: Firm) -> None:
    question = await firm.say("lina", "今天拜访了宏图精密，聊了报价")
    create = next(button.text for button in question.buttons if "新建" in button.text)
    card = await firm.click("lina", question, create)
    assert "宏图精密" in card.text
    assert await firm.count(Customer) == 1
    assert await firm.count(Activity) == 1


async def test_a_stranger_is_refused_and_nothing_is_written(firm: Firm) -> None:
    assert await firm.count(Customer) == 0
    help_card = await firm.say("lina", "帮助")
    assert "拜访" in help_card.text


async def test_nobody_reaches_a_record_by_guessing(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    brief = await firm.say("sunhao", "查一下宏图精密")
    assert "李娜" not in brief.text
    own = await firm.say("chenjing", "查一下宏图精密")
    assert "李娜" in own.text


async def test_one_visit_to_two_customers_is_one_card_and_one_undo(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "新建客户 云帆物流")
    card = await firm.say("lina", "今天拜访了宏图精密和云帆物流，宏图精密预算50万，云帆物流下周三再跟进")
    assert "已记录 · 拜访（2 家）" in card.text
    assert card.text.index("1. 宏图精密") < card.text.index("50万") < card.text.index("2. 云帆物流")
    assert await firm.count(Activity, Activity.kind == "visit") == 2
    assert await firm.count(FollowUp) == 1
    shown = await firm.click("lina", card, "1. 宏图精密")
    assert "50万" in shown.text
    await firm.click("lina", card, "撤销")
    assert await firm.count(Activity) == 0
    assert await firm.count(FollowUp) == 0
    planned = await firm.say("lina", "明天上午10点拜访宏图精密和云帆物流")
    assert planned.text.count("明天 10:00") == 2
