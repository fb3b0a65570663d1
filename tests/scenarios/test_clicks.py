"""What a tap leads to: the card that was tapped changes only into what became of it; all else comes below it."""

from __future__ import annotations

import pytest

from emulator.screen import Shown
from scrm.models import Activity, Customer, Deal
from tests.scenarios.firm import Firm

LOGGED = "今天拜访了宏图精密，聊了报价，下周三再跟进"


def on_screen(firm: Firm, who: str, shown: Shown) -> Shown:
    """The card as it is on the phone now."""
    return next(item for item in firm.bot_items(who) if item.id == shown.id)


@pytest.mark.parametrize("button", ["补充", "改时间"])
async def test_a_question_leaves_the_card_of_what_was_recorded(firm: Firm, button: str) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    logged = await firm.say("lina", LOGGED)
    question = await firm.click("lina", logged, button)
    assert question.id != logged.id
    assert any(one.text == "取消" for one in question.buttons)
    record = on_screen(firm, "lina", logged)
    assert "聊了报价" in record.text
    assert any(one.text == "撤销" for one in record.buttons)


async def test_a_question_answered_by_a_tap_becomes_its_answer_and_then_behaves_like_it(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    deal = await firm.say("lina", "看一下商机 宏图MES")
    question = await firm.click("lina", deal, "暂停")
    assert question.id != deal.id
    paused = await firm.click("lina", question, "一个月后")
    assert paused.id == question.id
    assert "已暂停" in paused.text
    going_on = await firm.click("lina", paused, "恢复")
    assert going_on.id == question.id


async def test_a_list_stays_when_an_entry_is_looked_at_and_turns_its_own_pages(firm: Firm) -> None:
    for place in range(7):
        await firm.say("lina", f"新建客户 宏图精密{'甲乙丙丁戊己庚'[place]}厂")
    listed = await firm.say("lina", "我的客户")
    entry = await firm.click("lina", listed, next(one.text for one in listed.buttons if one.text.startswith("1.")))
    assert entry.id != listed.id
    page = await firm.click("lina", listed, "下一页")
    assert page.id == listed.id
    assert any(one.text.startswith("6.") for one in page.buttons)


async def test_undo_takes_the_place_of_what_it_takes_back(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    logged = await firm.say("lina", LOGGED)
    gone = await firm.click("lina", logged, "撤销")
    assert gone.id == logged.id
    assert "已撤销" in gone.text


async def test_a_card_whose_record_is_gone_says_so_itself(wecom_firm: Firm) -> None:
    firm = wecom_firm
    await firm.say("lina", "新建客户 宏图精密")
    logged = await firm.say("lina", LOGGED)
    key = next(one.key for one in logged.buttons if one.text == "补充")
    await firm.say("lina", "撤销")
    await firm.quiet()
    before = on_screen(firm, "lina", logged).revision
    await firm.emulator.click("lina", logged.id, key, stale=True)
    await firm.eventually(lambda: on_screen(firm, "lina", logged).revision > before)
    assert "没有找到这条记录" in on_screen(firm, "lina", logged).text


async def test_a_visit_is_kept_when_the_rest_of_its_sentence_asks(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    for name in ("宏图MES", "宏图仓储"):
        await firm.say("lina", f"宏图精密 新商机 {name}")
    question = await firm.say("lina", "今天拜访了宏图精密，单子黄了，他们选了竞品")
    assert "已记录 · 拜访" in question.text
    assert await firm.count(Activity) == 1
    await firm.click("lina", question, next(one.text for one in question.buttons if "仓储" in one.text))
    assert await firm.count(Deal, Deal.status == "lost") == 1
    assert await firm.count(Activity) == 1


async def test_a_visit_is_kept_when_the_deal_is_there_already(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    await firm.say("lina", "宏图MES推进到谈判")
    card = await firm.say("lina", "今天拜访了宏图精密，宏图MES推进到谈判")
    assert "已记录 · 拜访" in card.text
    assert any(one.text == "撤销" for one in card.buttons)
    assert await firm.count(Activity, Activity.kind == "visit") == 1


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("今天拜访了宏图精密，他们选了竞品，丢单了", "visit"),
        ("宏图精密丢单了，原因是价格太高", "note"),
        ("宏图精密的单子暂停到年后", "note"),
        ("宏图精密赢单了", "note"),
        ("宏图精密的单子推进到谈判", "note"),
    ],
)
async def test_without_an_open_deal_the_words_are_kept_and_one_is_offered(firm: Firm, words: str, kind: str) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    card = await firm.say("lina", words)
    assert "没有进行中的商机" in card.text
    assert {"新建商机", "撤销"} <= {one.text for one in card.buttons}
    assert await firm.count(Activity, Activity.kind == kind) == 1
    assert await firm.count(Activity) == 1
    made = await firm.click("lina", card, "新建商机")
    assert "已新建" in made.text


async def test_a_record_stays_with_its_undo_when_what_it_offered_was_done(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "今天下午3点跟进宏图精密")
    logged = await firm.say("lina", "今天拜访了宏图精密，聊了报价")
    await firm.quiet()  # WeCom's answer to the card brings the code with which it can be changed
    done = await firm.click("lina", logged, "完成待办")
    assert "已完成" in done.text
    assert done.id != logged.id
    await firm.quiet()
    record = on_screen(firm, "lina", logged)
    assert any(one.text == "撤销" for one in record.buttons)
    if firm.door != "wecom_bot":  # its cards can be changed only within seconds of a click
        await firm.eventually(lambda: all(one.text != "完成待办" for one in on_screen(firm, "lina", logged).buttons))


async def test_a_tap_before_the_platform_has_answered_our_card_changes_it_as_any_other(dingtalk_firm: Firm) -> None:
    """The card is on the phone, but DingTalk's answer to the call that sent it is still on its way."""
    firm = dingtalk_firm
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "今天下午3点跟进宏图精密")
    firm.dingtalk.faults.hang("/v1.0/card/instances/createAndDeliver", 0.5, act=True)
    logged = await firm.say("lina", "今天拜访了宏图精密，聊了报价")
    assert "已完成" in (await firm.click("lina", logged, "完成待办")).text
    await firm.quiet()
    assert all(one.text != "完成待办" for one in on_screen(firm, "lina", logged).buttons)


async def test_the_late_answer_to_a_tap_does_not_hide_what_came_after_it(dingtalk_firm: Firm) -> None:
    """On DingTalk a tap's change is sent once more a moment later: by then the loss has been taken back."""
    firm = dingtalk_firm
    await firm.say("lina", "新建客户 宏图精密")
    deal = await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    assert "已丢单" in (await firm.click("lina", deal, "丢单")).text
    await firm.say("lina", "撤销")
    await firm.quiet()
    assert "已丢单" not in on_screen(firm, "lina", deal).text


async def test_a_long_question_numbers_all_its_options(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    for words in ("后天下午3点提醒我给宏图精密发二期的正式报价单", "大后天上午提醒我给宏图精密打电话"):
        await firm.say("lina", words)
    asked = await firm.say("lina", "宏图精密的待办完成")
    texts = [one.text for one in asked.buttons]
    assert [text[:3] for text in texts] == ["1. ", "2. ", "取消"]
    assert "1. " in asked.body
    assert "2. " in asked.body


async def test_a_record_of_a_customer_with_several_deals_is_put_to_one_by_two_taps(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    for name in ("宏图MES", "宏图仓储"):
        await firm.say("lina", f"宏图精密 新商机 {name}")
    logged = await firm.say("lina", "今天拜访了宏图精密，聊了报价，预算50万")
    assert "建商机" not in [one.text for one in logged.buttons]
    asked = await firm.click("lina", logged, "归到商机")
    linked = await firm.click("lina", asked, next(one.text for one in asked.buttons if "仓储" in one.text))
    assert "已归到商机" in linked.text
    assert "宏图仓储" in linked.text
    assert await firm.count(Activity, Activity.deal_id.is_not(None)) == 1
    assert await firm.count(Deal, Deal.name == "宏图仓储", Deal.amount == 500000) == 1
    assert "不再记商机" in (await firm.click("lina", linked, "撤销")).text


@pytest.mark.parametrize("again", ["宏图精密", "宏图精密机械制造有限公司（上海）"])
async def test_a_customer_called_alike_is_asked_about_before_it_is_made_twice(firm: Firm, again: str) -> None:
    await firm.say("lina", "新建客户 宏图精密机械制造有限公司")
    asked = await firm.say("lina", f"新建客户 {again}")
    assert "宏图精密机械制造有限公司（名称相近），负责人 李娜" in asked.text
    assert await firm.count(Customer) == 1
    made = await firm.click("lina", asked, "仍要新建")
    assert "已新建客户" in made.text
    assert await firm.count(Customer) == 2


async def test_a_customer_of_ones_own_name_is_made_at_once(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    assert "已新建客户" in (await firm.say("lina", "新建客户 宏图精密科技园物业")).text
    assert "已经存在" in (await firm.say("lina", "新建客户 宏图精密")).text


async def test_one_button_stands_out_on_the_card_of_a_record(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    await firm.say("lina", "今天下午3点跟进宏图精密")
    logged = await firm.say("lina", "今天拜访了宏图精密，聊了报价，预算90万")
    assert [one.text for one in logged.buttons][:2] == ["完成待办", "更新金额"]
    assert [one.style for one in logged.buttons].count("primary") == 1


async def test_a_record_supplemented_later_goes_after_its_supplement(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    logged = await firm.say("lina", "今天拜访了宏图精密，聊了报价")
    await firm.click("lina", logged, "补充")
    await firm.say("lina", "对方希望再降五个点")
    await firm.click("lina", logged, "撤销")
    refused = await firm.look_for("lina", "还不能撤销")
    assert "后面那一条是「补充记录」" in refused.text
    undone = await firm.click("lina", refused, "撤销后面那一条")
    assert "聊了报价" in undone.text
    await firm.click("lina", undone, "撤销前面那一条")
    assert await firm.count(Activity) == 0
