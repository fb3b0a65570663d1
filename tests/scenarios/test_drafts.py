"""Questions: which one, what, when; answered by a tap or by words, and only by a whole answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.tables import DraftRow
from scrm.models import Activity, Contact, Customer, FollowUp
from tests.scenarios.firm import Firm, file_url

VISIT = "今天拜访了宏图，聊了报价"


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Firm]:
    """李娜 has two customers whose names begin alike."""
    firm = Firm("wecom_app", file_url(tmp_path))
    await firm.start()
    for name in ("宏图精密", "宏图物流"):
        await firm.say("lina", f"新建客户 {name}")
    yield firm
    await firm.stop()


async def visited(firm: Firm) -> str:
    """The customer of the one visit."""
    query = sa.select(Customer.name).join(Activity, Activity.customer_id == Customer.id)
    return str(await firm.data(lambda session: session.scalars(query).one()))


async def test_the_question_has_a_button_for_each_and_one_to_cancel(asked: Firm) -> None:
    question = await asked.say("lina", VISIT)
    assert {"宏图精密", "宏图物流", "取消"} <= {button.text for button in question.buttons}
    card = await asked.click("lina", question, "宏图物流")
    assert "宏图物流" in card.text
    assert await visited(asked) == "宏图物流"


@pytest.mark.parametrize("words", ["第二个", "2", "宏图物流", "物流那个"])
async def test_words_answer_as_well(asked: Firm, words: str) -> None:
    question = await asked.say("lina", VISIT)
    second = [button.text for button in question.buttons][1]
    expected = second if words in ("第二个", "2") else "宏图物流"
    await asked.say("lina", words)
    assert await visited(asked) == expected


async def test_cancelled_by_words_or_button_nothing_is_recorded(asked: Firm) -> None:
    await asked.say("lina", VISIT)
    assert "已取消" in (await asked.say("lina", "取消")).text
    question = await asked.say("lina", VISIT)
    assert "已取消" in (await asked.click("lina", question, "取消")).text
    assert await asked.count(Activity) == 0


async def test_another_sentence_is_a_sentence_and_the_question_keeps_its_buttons(asked: Firm) -> None:
    question = await asked.say("lina", VISIT)
    other = await asked.say("lina", "今天给宏图物流打了电话，聊了交期")
    assert "宏图物流" in other.text
    await asked.click("lina", question, "宏图精密")
    assert await asked.count(Activity) == 2


async def test_answered_twice_it_is_done_once(asked: Firm) -> None:
    question = await asked.say("lina", VISIT)
    key = next(button.key for button in question.buttons if button.text == "宏图精密")
    await asked.click("lina", question, "宏图精密")
    asked._mark("lina")
    await asked.emulator.click("lina", question.id, key, stale=True)
    await asked.quiet()
    assert await asked.count(Activity) == 1


async def test_after_half_an_hour_words_are_a_new_sentence_but_the_button_works(asked: Firm) -> None:
    question = await asked.say("lina", VISIT)

    def age(session: object) -> None:
        session.execute(sa.update(DraftRow).values(created_ms=DraftRow.created_ms - 31 * 60_000))  # type: ignore[attr-defined]

    await asked.data(age)
    await asked.say("lina", "第二个")
    assert await asked.count(Activity) == 0
    await asked.click("lina", question, "宏图精密")
    assert await visited(asked) == "宏图精密"


async def test_somebody_elses_question_does_not_exist(asked: Firm) -> None:
    question = await asked.say("lina", VISIT)
    key = next(button.key for button in question.buttons if button.text == "宏图精密")
    own = await asked.say("wanglei", "帮助")
    before = own.revision
    asked.wecom.cards["app", own.id].faces["wanglei"]["button_list"][0]["key"] = key
    await asked.emulator.click("wanglei", own.id, key, stale=True)
    await asked.eventually(lambda: any(i.id == own.id and i.revision > before for i in asked.bot_items("wanglei")))
    shown = next(item for item in asked.bot_items("wanglei") if item.id == own.id)
    assert "没有找到这条记录" in shown.text
    assert "宏图" not in shown.text
    assert await asked.count(Activity) == 0


async def test_a_time_that_was_not_said_is_asked_for(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "跟进宏图精密")
    card = await firm.say("lina", "明天下午3点")
    assert "15:00" in card.text
    assert await firm.count(FollowUp) == 1


@pytest.mark.parametrize(
    "person",
    [
        "王总",
        "王建国",
    ],
)
async def test_an_unknown_person_is_made_on_the_way(wecom_firm: Firm, person: str) -> None:
    await wecom_firm.say("lina", "新建客户 宏图精密")
    card = await wecom_firm.say("lina", f"今天拜访了宏图精密的{person}，聊了报价")
    assert person in card.text
    assert await wecom_firm.count(Contact, Contact.name == person) == 1
    assert await wecom_firm.count(Activity) == 1


async def test_a_trade_is_no_customer(firm: Firm) -> None:
    for name in ("华星机械", "宏达机械", "云帆物流"):
        await firm.say("lina", f"新建客户 {name}")
    asked = await firm.say("lina", "今天拜访了机械，聊了报价")
    assert "「机械」是哪一家？" in asked.text
    assert {button.text for button in asked.buttons} == {"华星机械", "宏达机械", "取消"}
    card = await firm.click("lina", asked, "宏达机械")
    assert "宏达机械" in card.text
    one = await firm.say("lina", "拜访了物流")  # one fits: it is asked about all the same
    assert {button.text for button in one.buttons} == {"云帆物流", "取消"}
    nobody = await firm.say("lina", "今天拜访了食品公司，聊了报价")
    assert "「食品公司」是哪一家？" in nobody.text
    again = await firm.say("lina", "食品")
    assert "是哪一家" in again.text
    named = await firm.say("lina", "新建客户 食品")
    assert "像是行业" in named.text
    assert await firm.count(Customer) == 3
