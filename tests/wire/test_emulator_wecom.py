"""The WeCom emulator's app door: callbacks judged by wechatpy, cards, tokens, media and trouble on order."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest
from wecom_kit import Desk, deal_card, open_desk

from emulator.crypto import Envelope
from emulator.pictures import SAMPLE_PNG
from emulator.wecom import NotOnScreen

CARD_REPLY = """<xml><ToUserName>lina</ToUserName><FromUserName>ww0000000000000001</FromUserName>
<CreateTime>1767225600</CreateTime><MsgType>update_template_card</MsgType><TemplateCard>
<CardType>button_interaction</CardType><MainTitle><Title>已推进到谈判</Title></MainTitle>
<HorizontalContentList><KeyName>阶段</KeyName><Value>谈判</Value></HorizontalContentList>
<ButtonList><Text>赢单</Text><Style>1</Style><Key>win</Key></ButtonList></TemplateCard></xml>"""
BUTTON_REPLY = """<xml><ToUserName>lina</ToUserName><FromUserName>ww</FromUserName><CreateTime>1</CreateTime>
<MsgType>update_button</MsgType><Button><ReplaceName>已处理</ReplaceName></Button></xml>"""
TEXT_REPLY = "<xml><MsgType>text</MsgType><Content>收到</Content></xml>"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as desk:
        yield desk


# the envelope


@pytest.mark.parametrize(
    ("receive_id", "message", "cipher", "signature"),
    [
        (
            "ww0123456789abcdef",
            "<xml><Content><![CDATA[你好]]></Content></xml>",
            "Q3stYC6hdFzMh9T8HCvyDMwQK6xyeRZ7UnuZsYfP7/6Yf0piNuk7kxZYuxJFeZQQ6WWSSAGv9ZFJIKURndrGs+SzFGK3rD+xPlQfuaF4"
            "wzPNZGviDybaWZqJyujSf2kJ",
            "d342b894c5c60f0db089d4089319d141eb283b90",
        ),
        (
            "",
            '{"msgtype":"stream","stream":{"id":"s1"}}',
            "Q3stYC6hdFzMh9T8HCvyDEOAkX5ekXdBcFGXj17TA0t04DpkFxhRFqC75jmVTkADb49ZaBPMvBcS9hx1VPxp7w==",
            "561310890f0f47e1111c75854dab2a1e6f851d95",
        ),
    ],
)
def test_envelope_matches_the_documented_vectors(receive_id: str, message: str, cipher: str, signature: str) -> None:
    envelope = Envelope("tok2026demo", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", receive_id)
    assert envelope.seal(message.encode(), b"0123456789abcdef") == cipher
    assert envelope.sign("1767225600", "n0nce", cipher) == signature
    assert envelope.open(cipher).decode() == message


@pytest.mark.parametrize("cipher", ["", "not base64!", base64.b64encode(b"x" * 32).decode(), "QUJD"])
def test_damaged_ciphertext_is_a_value_error(cipher: str) -> None:
    with pytest.raises(ValueError):
        Envelope("t", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ww").open(cipher)


# callbacks


async def test_what_lina_says_arrives_as_the_documented_message(desk: Desk) -> None:
    delivery = await desk.wecom.say("lina", "今天拜访了腾讯]]>张总\x00")
    assert delivery.accepted and delivery.attempts == 1
    event = desk.app.events[0]
    assert event["ToUserName"] == desk.wecom.corp_id and event["FromUserName"] == "lina"
    assert (event["MsgType"], event["Content"]) == ("text", "今天拜访了腾讯]]>张总")
    assert event["CreateTime"] == str(int(desk.clocks.now.timestamp())) and event["AgentID"] == "1000002"
    assert 0 < int(event["MsgId"]) < 2**63
    assert desk.app.envelopes[0]["ToUserName"] == desk.wecom.corp_id
    assert desk.app.envelopes[0]["AgentID"] == "1000002"
    assert [shown.body for shown in desk.wecom.screen("lina")] == ["今天拜访了腾讯]]>张总\x00"]


async def test_every_other_thing_a_member_can_send(desk: Desk) -> None:
    wecom = desk.wecom
    await desk.post("menu/create", {"button": [{"type": "click", "name": "待办", "key": "TODO"}]}, agentid=1000002)
    await wecom.speak("lina", "（语音）")
    await wecom.send_picture("lina")
    await wecom.send_video("lina")
    await wecom.send_location("lina", 30.27, 120.15, "西湖区某路1号")
    await wecom.send_link("lina", "标题", "https://e.example/a")
    await wecom.enter("lina")
    await wecom.press_menu("lina", "TODO")
    kinds = [event["MsgType"] for event in desk.app.events]
    assert kinds == ["voice", "image", "video", "location", "link", "event", "event"]
    voice, picture, _, place = desk.app.events[:4]
    assert voice["Format"] == "amr" and "Recognition" not in voice
    assert (place["Location_X"], place["Label"], place["AppType"]) == ("30.27", "西湖区某路1号", "wxwork")
    assert [event["Event"] for event in desk.app.events[5:]] == ["enter_agent", "click"]
    assert desk.app.events[6]["EventKey"] == "TODO" and "MsgId" not in desk.app.events[6]
    async with desk.session.get(picture["PicUrl"]) as response:
        assert await response.read() == SAMPLE_PNG
    url = f"{wecom.base_url}/cgi-bin/media/get"
    async with desk.session.get(url, params={"access_token": desk.token, "media_id": voice["MediaId"]}) as response:
        assert (await response.read()).startswith(b"#!AMR\n")
    with pytest.raises(NotOnScreen):
        await wecom.press_menu("lina", "UNKNOWN")
    with pytest.raises(ValueError):
        await wecom.say("lina", "群里", group="g1")


async def test_a_failed_delivery_is_repeated_three_times_with_the_same_id(desk: Desk) -> None:
    desk.app.then(500, 503)
    assert (await desk.wecom.say("lina", "一")).attempts == 3
    delivery_ids = [event["MsgId"] for event in desk.app.events]
    assert len(delivery_ids) == 3 and len(set(delivery_ids)) == 1
    desk.app.then(500, 500, 500, 500)
    delivery = await desk.wecom.say("lina", "二")
    assert (delivery.status, delivery.attempts) == (500, 4) and not delivery.accepted


async def test_a_receiver_that_hangs_is_cut_off_and_tried_again(desk: Desk) -> None:
    desk.wecom.limits.callback_seconds = 0.1
    desk.app.hang()
    delivery = await desk.wecom.say("lina", "在吗")
    assert (delivery.status, delivery.attempts) == (200, 2)


async def test_nobody_listening_is_status_0(desk: Desk) -> None:
    desk.wecom.callback_url = "http://127.0.0.1:9/callback"
    assert (await desk.wecom.say("lina", "在吗")).status == 0
    desk.wecom.callback_url = ""
    assert (await desk.wecom.say("lina", "在吗")).attempts == 0


async def test_saving_the_url_wants_the_plaintext_within_a_second(desk: Desk) -> None:
    assert await desk.wecom.verify_url() == ""
    assert await desk.wecom.verify_url(contacts=True) == ""
    desk.wecom.callback_url = desk.wecom.base_url + "/nothing"
    assert (await desk.wecom.verify_url()).startswith("40057 status 404")


async def test_duplicates_and_reordering_on_order(desk: Desk) -> None:
    desk.wecom.faults.duplicate(copies=2)
    await desk.wecom.say("lina", "一次")
    assert len({event["MsgId"] for event in desk.app.events}) == 1 and len(desk.app.events) == 3
    desk.app.events.clear()
    desk.wecom.faults.reorder(3)
    await asyncio.gather(*(desk.wecom.say("lina", text) for text in "甲乙丙"))
    assert [event["Content"] for event in desk.app.events] == ["丙", "乙", "甲"]


# cards


async def test_a_card_is_drawn_pressed_and_replaced_in_place(desk: Desk) -> None:
    sent = await desk.send_card()
    assert sent["errcode"] == 0 and sent["response_code"]
    card = await desk.wecom.wait_shown("lina", lambda shown: shown.kind == "card")
    assert card.id == "deal-7@v1" and card.rows == [("负责人", "李娜")]
    assert [button.style for button in card.buttons] == ["primary", "default"]
    await desk.wecom.click("lina", card.id, "move")
    event = desk.app.events[-1]
    assert (event["Event"], event["EventKey"], event["TaskId"]) == ("template_card_event", "move", "deal-7@v1")
    assert event["CardType"] == "button_interaction" and "SelectedItems" not in event
    after = deal_card() | {"main_title": {"title": "已推进到谈判"}, "button_list": [{"text": "赢单", "key": "win"}]}
    update = {"userids": ["lina"], "agentid": 1000002, "response_code": event["ResponseCode"], "template_card": after}
    assert (await desk.post("message/update_template_card", update)) == {
        "errcode": 0,
        "errmsg": "ok",
        "invaliduser": [],
    }
    assert await desk.wecom.wait_changed("lina", card.id) is card
    assert (card.title, card.revision, [button.key for button in card.buttons]) == ("已推进到谈判", 1, ["win"])
    assert len(card.wire) == 2
    with pytest.raises(NotOnScreen):
        await desk.wecom.click("lina", card.id, "move")
    assert (await desk.wecom.click("lina", card.id, "move", stale=True)).accepted
    again = await desk.post("message/update_template_card", update)
    assert again["errcode"] == 60140


async def test_replace_name_greys_the_buttons(desk: Desk) -> None:
    code = (await desk.send_card(touser="lina|sunqi"))["response_code"]
    body = {"userids": ["lina", "wangjl"], "agentid": 1000002, "response_code": code}
    answer = await desk.post("message/update_template_card", body | {"button": {"replace_name": "已处理"}})
    assert answer["invaliduser"] == ["wangjl"]
    mine, hers = desk.wecom.screen("lina")[0], desk.wecom.screen("sunqi")[0]
    assert mine.disabled and mine.buttons[0].text == "已处理" and mine.revision == 1
    assert not hers.disabled and hers.revision == 0


async def test_choices_travel_as_selected_items(desk: Desk) -> None:
    selects = [
        {
            "question_key": f"q{n}",
            "title": "意向",
            "option_list": [{"id": "h", "text": "高"}, {"id": "m", "text": "中"}],
        }
        for n in (1, 2)
    ]
    card = {
        "card_type": "multiple_interaction",
        "main_title": {"title": "改期"},
        "task_id": "choose-1",
        "select_list": selects,
        "submit_button": {"text": "提交", "key": "go"},
    }
    await desk.send_card(card)
    shown = desk.wecom.screen("lina")[0]
    assert shown.choice and shown.choice.options == [("h", "高"), ("m", "中")]
    assert shown.submit and shown.submit.key == "go"
    await desk.wecom.click("lina", "choose-1", "go", selected={"q1": "m"})
    items = desk.app.events[-1]["SelectedItems"]["SelectedItem"]
    assert [(item["QuestionKey"], item["OptionIds"]["OptionId"]) for item in items] == [("q1", "m"), ("q2", "h")]
    assert shown.choice.selected == "m"
    desk.wecom.old_option_spelling = True
    await desk.wecom.click("lina", "choose-1", "go")
    assert "OpitonIds" in desk.app.events[-1]["SelectedItems"]["SelectedItem"][0]
    with pytest.raises(NotOnScreen):
        await desk.wecom.click("lina", "choose-1", "go", selected={"q1": "none"})


async def test_the_menu_of_a_card_reports_its_own_event(desk: Desk) -> None:
    menu = {"desc": "更多", "action_list": [{"text": "不再提醒", "key": "mute"}]}
    await desk.send_card(action_menu=menu)
    await desk.wecom.click("lina", "deal-7@v1", "mute")
    assert desk.app.events[-1]["Event"] == "template_card_menu_event"


async def test_passive_replies_change_the_card_or_speak(desk: Desk) -> None:
    await desk.send_card()
    card = desk.wecom.screen("lina")[0]
    desk.app.reply(CARD_REPLY)
    await desk.wecom.click("lina", card.id, "move")
    assert (card.title, card.rows, card.revision) == ("已推进到谈判", [("阶段", "谈判")], 1)
    desk.app.reply(BUTTON_REPLY)
    await desk.wecom.click("lina", card.id, "win")
    assert card.disabled and card.buttons[0].text == "已处理" and card.revision == 2
    desk.app.reply(TEXT_REPLY)
    await desk.wecom.say("lina", "在吗")
    assert desk.wecom.screen("lina")[-1].body == "收到"


@pytest.mark.parametrize(
    "reply", ["<xml><MsgType>music</MsgType></xml>", "<xml><MsgType>image</MsgType></xml>", "text"]
)
async def test_a_senseless_passive_reply_is_ignored(desk: Desk, reply: str) -> None:
    desk.app.reply(reply)
    delivery = await desk.wecom.say("lina", "在吗")
    assert delivery.accepted and len(desk.wecom.screen("lina")) == 1
    desk.app.reply(TEXT_REPLY, forged=True)
    assert (await desk.wecom.say("lina", "在吗")).reply == ""
    assert [shown.sender for shown in desk.wecom.screen("lina")] == ["lina", "lina"]


# sending


async def test_messages_of_every_kind_appear(desk: Desk) -> None:
    picture = await desk.upload("image", SAMPLE_PNG, "a.png")
    assert isinstance(picture["created_at"], str)
    paper = await desk.upload("file", b"0123456789", "报价.pdf")
    article = {"title": "简报", "description": "3 位新客户", "url": "https://e.example/1"}
    await desk.send("text", {"content": "你好"})
    await desk.send("markdown", {"content": "**重点**"})
    await desk.send("image", {"media_id": picture["media_id"]})
    await desk.send("file", {"media_id": paper["media_id"]})
    await desk.send("textcard", article)
    await desk.send("news", {"articles": [article]})
    shown = desk.wecom.screen("lina")
    assert [item.kind for item in shown] == ["text", "markdown", "image", "file", "card", "card"]
    assert shown[2].image == SAMPLE_PNG and shown[3].title == "报价.pdf"
    assert shown[4].buttons[0].url == "https://e.example/1"


async def test_long_text_is_cut_at_2048_bytes(desk: Desk) -> None:
    await desk.send("text", {"content": "长" * 1000})
    assert desk.wecom.screen("lina")[0].body == "长" * 682


async def test_partly_wrong_targets_are_named_and_the_rest_gets_it(desk: Desk) -> None:
    answer = await desk.send("text", {"content": "好"}, "LINA|Nobody", toparty="2|99")
    assert (answer["invaliduser"], answer["invalidparty"]) == ("nobody", "99")
    assert len(desk.wecom.screen("lina")) == len(desk.wecom.screen("sunqi")) == 1
    await desk.send("text", {"content": "大家好"}, "@all")
    assert len(desk.wecom.screen("wangjl")) == 2


async def test_the_duplicate_check_swallows_silently(desk: Desk) -> None:
    first = await desk.send("text", {"content": "好"}, enable_duplicate_check=1, duplicate_check_interval=600)
    second = await desk.send("text", {"content": "好"}, enable_duplicate_check=1, duplicate_check_interval=600)
    assert second["errcode"] == 0 and second["msgid"] == first["msgid"] and len(desk.wecom.screen("lina")) == 1
    await desk.send("text", {"content": "好"})
    desk.clocks.later(seconds=601)
    await desk.send("text", {"content": "好"}, enable_duplicate_check=1, duplicate_check_interval=600)
    assert len(desk.wecom.screen("lina")) == 3


async def test_more_than_30_a_minute_to_one_member_vanish(desk: Desk) -> None:
    for number in range(32):
        assert (await desk.send("text", {"content": str(number)}))["errcode"] == 0
    assert len(desk.wecom.screen("lina")) == 30
    desk.clocks.later(seconds=61)
    await desk.send("text", {"content": "又可以了"})
    assert desk.wecom.screen("lina")[-1].body == "又可以了"


async def test_recall_takes_a_message_off_the_screen_for_a_day(desk: Desk) -> None:
    msgid = (await desk.send("text", {"content": "错了"}))["msgid"]
    assert (await desk.post("message/recall", {"msgid": msgid}))["errcode"] == 0
    assert desk.wecom.screen("lina") == []
    msgid = (await desk.send("text", {"content": "晚了"}))["msgid"]
    desk.clocks.later(hours=25)
    await desk.login()
    assert (await desk.post("message/recall", {"msgid": msgid}))["errcode"] == 42052
