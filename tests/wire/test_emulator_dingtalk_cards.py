"""Interactive cards on the DingTalk emulator: what each person sees, clicks, updates and typewriter text."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from dingtalk_kit import CARD, GROUP, Desk, card, open_desk, params

from emulator.dingtalk import NotOnScreen
from emulator.dingtalk.world import AI_TEMPLATE


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as desk:
        yield desk


async def test_a_card_of_the_public_template_as_the_phone_draws_it(desk: Desk) -> None:
    result = await desk.send_card()
    assert result["deliverResults"][0]["success"] is True and result["deliverResults"][0]["carrierId"]
    (shown,) = desk.dingtalk.screen("lina")
    assert (shown.id, shown.kind, shown.title, shown.revision) == ("deal-7", "card", "商机 · 年度框架", 0)
    assert shown.body == "**客户**：腾讯\n\n24 小时内可撤销"
    assert [(b.key, b.text, b.style, b.url) for b in shown.buttons] == [
        ("move", "推进到谈判", "primary", ""),
        ("undo", "撤销", "danger", ""),
        ("打开", "打开", "default", "https://crm.example.com/7"),
    ]
    assert shown.wire[0]["path"] == "/v1.0/card/instances/createAndDeliver"


async def test_a_clicks_answer_changes_the_clickers_view_only(desk: Desk) -> None:
    bot = await desk.connect()
    await desk.send_card(space=f"IM_GROUP.{GROUP}")
    changed = {
        "cardUpdateOptions": {"updateCardDataByKey": True},
        "cardData": {"cardParamMap": {"title": "已推进"}},
        "userPrivateData": {"cardParamMap": {"tips": "你推进的"}},
    }
    bot.answer = lambda frame: {"response": changed}
    delivery = await desk.dingtalk.click("lina", "deal-7", "move", {"deal": "7"})
    assert delivery.reply == changed
    (callback,) = bot.data(CARD)
    assert (callback["userId"], callback["spaceType"], callback["spaceId"]) == ("lina", "IM_GROUP", GROUP)
    assert callback["extension"] == "{}"
    pressed = {"cardPrivateData": {"actionIds": ["move"], "params": {"deal": "7"}}}
    assert json.loads(callback["content"]) == pressed
    mine = await desk.dingtalk.wait_changed("lina", "deal-7")
    assert (mine.title, mine.body) == ("已推进", "**客户**：腾讯\n\n你推进的")
    assert [desk.dingtalk.screen(who)[0].title for who in ("sunqi", GROUP)] == ["商机 · 年度框架"] * 2
    await desk.ok("PUT", "/v1.0/card/instances", {"outTrackId": "deal-7", "cardData": {"cardParamMap": params("谈判")}})
    titles = [(s.title, s.revision) for s in (desk.dingtalk.screen(who)[0] for who in ("lina", "sunqi"))]
    assert titles == [("谈判", 2), ("谈判", 1)]


@pytest.mark.parametrize(
    "answer",
    [None, {"response": None}, {"response": "OK"}, {"response": {"cardData": {"cardParamMap": {"title": 7}}}}, "words"],
)
async def test_an_absent_or_malformed_answer_is_a_toast(desk: Desk, answer: Any) -> None:
    bot = await desk.connect()
    desk.dingtalk.limits.card_seconds = 0.1
    await desk.send_card()
    bot.answer = lambda frame: answer
    await desk.dingtalk.click("lina", "deal-7", "move")
    (shown,) = desk.dingtalk.screen("lina")
    assert shown.wire[-1] == {"toast": "操作失败，请稍后重试"}
    assert (shown.title, shown.revision) == ("商机 · 年度框架", 0)


async def test_an_empty_answer_changes_nothing_and_a_page_button_calls_nobody(desk: Desk) -> None:
    bot = await desk.connect()
    await desk.send_card()
    bot.answer = lambda frame: {"response": {}}
    assert (await desk.dingtalk.click("lina", "deal-7", "move")).accepted
    assert (await desk.dingtalk.click("lina", "deal-7", "打开")).attempts == 0
    assert len(bot.data(CARD)) == 1 and len(desk.dingtalk.screen("lina")[0].wire) == 1
    with pytest.raises(LookupError):
        await desk.dingtalk.click("lina", "deal-7", "nosuch")
    assert (await desk.dingtalk.click("lina", "deal-7", "nosuch", stale=True)).accepted


async def test_an_update_replaces_everything_unless_it_is_by_key(desk: Desk) -> None:
    await desk.send_card()
    update = {"outTrackId": "deal-7", "cardData": {"cardParamMap": {"title": "谈判"}}}
    await desk.ok("PUT", "/v1.0/card/instances", update | {"cardUpdateOptions": {"updateCardDataByKey": True}})
    assert desk.dingtalk.screen("lina")[0].body == "**客户**：腾讯\n\n24 小时内可撤销"
    await desk.ok("PUT", "/v1.0/card/instances", update)
    shown = desk.dingtalk.screen("lina")[0]
    assert (shown.title, shown.body, shown.buttons, shown.revision) == ("谈判", "", [], 2)
    await desk.ok("PUT", "/v1.0/card/instances", update)
    assert shown.revision == 2  # nothing to see


async def test_private_data_and_recipients(desk: Desk) -> None:
    private = {"privateData": {"lina": {"cardParamMap": {"tips": "只有你看得到"}}}}
    model = {"imGroupOpenDeliverModel": {"robotCode": "dingdemo0001", "recipients": ["lina", "sunqi"]}}
    await desk.send_card(space=f"IM_GROUP.{GROUP}", **private, **model)
    assert "只有你看得到" in desk.dingtalk.screen("lina")[0].text
    assert "24 小时内可撤销" in desk.dingtalk.screen("sunqi")[0].text
    assert desk.dingtalk.screen("wangjl") == []


async def test_a_failed_delivery_hides_in_success(desk: Desk) -> None:
    for space in ("IM_ROBOT.nosuch", "IM_GROUP.cidNOSUCH=="):
        (result,) = (await desk.send_card(space, space))["deliverResults"]
        assert (result["success"], result["errorMsg"]) == (False, "spaceId is illegal")
    desk.dingtalk.fail_deliveries(message="系统繁忙")
    (result,) = (await desk.send_card())["deliverResults"]
    assert (result["success"], result["errorMsg"]) == (False, "系统繁忙")
    again = {name: card()[name] for name in ("outTrackId", "openSpaceId", "imRobotOpenDeliverModel")}
    answer = await desk.ok("POST", "/v1.0/card/instances/deliver", again)
    assert answer["result"][0]["success"] is True
    assert len(desk.dingtalk.screen("lina")) == 1


async def test_typewriter_text_counts_each_guid_once_and_ends(desk: Desk) -> None:
    data = {"cardParamMap": {"msgTitle": "简报", "flowStatus": "2"}}
    await desk.send_card("ai-1", cardTemplateId=AI_TEMPLATE, cardData=data)
    frame = {"outTrackId": "ai-1", "key": "msgContent", "isFull": False, "isFinalize": False}
    for guid, content in (("g1", "本周"), ("g1", "本周"), ("g2", "拜访 12 次")):
        await desk.ok("PUT", "/v1.0/card/streaming", {**frame, "guid": guid, "content": content})
    shown = desk.dingtalk.screen("lina")[0]
    assert (shown.title, shown.subtitle, shown.body) == ("简报", "正在输入…", "本周拜访 12 次")
    last = {**frame, "guid": "g3", "content": "本周拜访 12 次。", "isFull": True, "isFinalize": True}
    await desk.ok("PUT", "/v1.0/card/streaming", last)
    await desk.ok("PUT", "/v1.0/card/streaming", {**last, "guid": "g4", "content": "晚了"})
    assert shown.body == "本周拜访 12 次。"


async def test_a_template_of_ones_own_becomes_rows_and_buttons(desk: Desk) -> None:
    desk.dingtalk.add_template("mine.schema")
    rows = json.dumps([{"k": "客户", "v": "腾讯"}, {"label": "预算", "value": "50万"}])
    buttons = json.dumps([{"text": "撤销", "id": "undo", "request": True}])
    data = {"cardParamMap": {"title": "拜访", "rows": rows, "阶段": "谈判", "buttons": buttons}}
    await desk.send_card(cardTemplateId="mine.schema", cardData=data)
    shown = desk.dingtalk.screen("lina")[0]
    assert shown.text == "拜访\n客户：腾讯\n预算：50万\n阶段：谈判\n[撤销]"


async def test_waiting_in_vain_shows_the_screen(desk: Desk) -> None:
    await desk.send_card()
    with pytest.raises(NotOnScreen, match="年度框架"):
        await desk.dingtalk.wait_shown("lina", lambda shown: "赢单" in shown.text, timeout=0.05)
