"""The WeCom emulator's AI-bot door: frames by hand, and the vendor's own SDK as judge in a process of its own."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from wecom_kit import Desk, deal_card, open_desk

from emulator.crypto import decrypt
from emulator.pictures import SAMPLE_PNG


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as desk:
        yield desk


class Client:
    """A hand-written client of the long connection."""

    def __init__(self, desk: Desk, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.desk, self.socket = desk, socket

    async def ask(self, command: str, req_id: str = "r1", **body: Any) -> Any:
        await self.socket.send_json({"cmd": command, "headers": {"req_id": req_id}, "body": body})
        return await self.read()

    async def read(self) -> Any:
        return await self.socket.receive_json(timeout=5)

    async def heard(self, act: Any) -> Any:
        """The frame that an act on the phone causes."""
        assert (await act).accepted
        return await self.read()

    async def answer(self, frame: Any, **body: Any) -> int:
        """The errcode of an answer to a message."""
        return int((await self.ask("aibot_respond_msg", frame["headers"]["req_id"], **body))["errcode"])


async def connect(desk: Desk, *, subscribe: bool = True) -> Client:
    client = Client(desk, await desk.session.ws_connect(desk.wecom.ws_url))
    if subscribe:
        wecom = desk.wecom
        answer = await client.ask("aibot_subscribe", "aibot_subscribe_1", bot_id=wecom.bot_id, secret=wecom.bot_secret)
        assert answer == {"headers": {"req_id": "aibot_subscribe_1"}, "errcode": 0, "errmsg": "ok"}
    return client


def stream(content: str, *, finish: bool = False, id: str = "s1") -> dict[str, Any]:
    return {"msgtype": "stream", "stream": {"id": id, "finish": finish, "content": content}}


def markdown(content: str) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"content": content}}


async def test_a_streamed_answer_grows_in_place(desk: Desk) -> None:
    client = await connect(desk)
    frame = await client.heard(desk.wecom.say("lina", "有几个新客户", door="bot", quote="上周 12 个"))
    body = frame["body"]
    assert frame["cmd"] == "aibot_msg_callback" and body["text"] == {"content": "有几个新客户"}
    assert (body["chattype"], body["from"], body["aibotid"]) == ("single", {"userid": "lina"}, desk.wecom.bot_id)
    assert "chatid" not in body and body["quote"]["text"]["content"] == "上周 12 个"
    assert body["create_time"] == int(desk.clocks.now.timestamp())
    assert await client.answer(frame, **stream("正在查询")) == 0
    shown = desk.wecom.screen("lina")[-1]
    assert await client.answer(frame, **stream("共 3 位", finish=True)) == 0
    assert (shown.body, shown.revision, len(shown.wire)) == ("共 3 位", 1, 2)
    assert await client.answer(frame, **stream("还有")) == 846608
    assert await client.answer(frame, **markdown("**好**")) == 0
    assert [item.kind for item in desk.wecom.screen("lina")] == ["text", "markdown", "markdown"]


async def test_a_stream_must_end_within_6_minutes(desk: Desk) -> None:
    client = await connect(desk)
    frame = await client.heard(desk.wecom.say("lina", "慢", door="bot"))
    assert await client.answer(frame, **stream("正在查询")) == 0
    desk.clocks.seconds += 361
    assert await client.answer(frame, **stream("好了", finish=True)) == 846608
    desk.clocks.seconds += 24 * 3600
    assert await client.answer(frame, **markdown("太晚")) == 846605


async def test_excess_in_a_stream_is_trimmed_and_noted(desk: Desk) -> None:
    client = await connect(desk)
    frame = await client.heard(desk.wecom.say("lina", "长", door="bot"))
    body = stream("长" * 7000)
    body["stream"]["msg_item"] = [{"msgtype": "image", "image": {}}] * 11
    assert await client.answer(frame, **body) == 0
    assert len(desk.wecom.screen("lina")[-1].body.encode()) <= 20480
    noted = "stream: content cut", "stream: msg_item without finish", "stream: too many pictures"
    assert tuple(desk.wecom.ignored) == noted


async def test_a_card_is_pressed_and_updated_within_5_seconds(desk: Desk) -> None:
    client = await connect(desk)
    frame = await client.heard(desk.wecom.say("lina", "看商机", door="bot"))
    assert await client.answer(frame, msgtype="template_card", template_card=deal_card()) == 0
    assert await client.answer(frame, msgtype="template_card", template_card=deal_card()) == 42014
    card = desk.wecom.screen("lina")[-1]
    event = await client.heard(desk.wecom.click("lina", card.id, "move"))
    assert event["cmd"] == "aibot_event_callback"
    pressed = event["body"]["event"]["template_card_event"]
    assert pressed == {"card_type": "button_interaction", "event_key": "move", "task_id": "deal-7@v1"}
    after = deal_card() | {"main_title": {"title": "已推进"}}
    update = {"response_type": "update_template_card", "template_card": after}
    req_id = event["headers"]["req_id"]
    assert (await client.ask("aibot_respond_msg", req_id, **markdown("x")))["errcode"] == 846605
    wrong = update | {"template_card": after | {"task_id": "other"}}
    assert (await client.ask("aibot_respond_update_msg", req_id, **wrong))["errcode"] == 42014
    assert (await client.ask("aibot_respond_update_msg", req_id, **update))["errcode"] == 0
    assert (card.title, card.revision) == ("已推进", 1)
    assert (await client.ask("aibot_respond_update_msg", req_id, **update))["errcode"] == 846605
    event = await client.heard(desk.wecom.click("lina", card.id, "move"))
    desk.clocks.seconds += 5.1
    late = await client.ask("aibot_respond_update_msg", event["headers"]["req_id"], **update)
    assert late["errcode"] == 846605 and card.revision == 1


async def test_choices_on_a_bot_card(desk: Desk) -> None:
    client = await connect(desk)
    frame = await client.heard(desk.wecom.say("lina", "选", door="bot"))
    selection = {"question_key": "q", "option_list": [{"id": "h", "text": "高"}, {"id": "m", "text": "中"}]}
    card = deal_card() | {"button_selection": selection}
    assert await client.answer(frame, msgtype="template_card", template_card=card) == 0
    event = await client.heard(desk.wecom.click("lina", "deal-7@v1", "move", selected={"q": "m"}))
    items = event["body"]["event"]["template_card_event"]["selected_items"]["selected_item"]
    assert items == [{"question_key": "q", "option_ids": {"option_id": ["m"]}}]


async def test_the_bots_cards_have_smaller_limits(desk: Desk) -> None:
    client = await connect(desk)
    frame = await client.heard(desk.wecom.say("lina", "看", door="bot"))
    link = deal_card() | {"button_list": [{"text": "看", "type": 1, "url": "https://e.example"}]}
    assert await client.answer(frame, msgtype="template_card", template_card=link) == 40058
    attached = deal_card() | {"horizontal_content_list": [{"keyname": "附件", "type": 2, "media_id": "M"}]}
    assert await client.answer(frame, msgtype="template_card", template_card=attached) == 40058
    assert await client.answer(frame, msgtype="text", text={"content": "x"}) == 40008
    assert await client.answer(frame, **markdown("")) == 44004
    assert await client.answer(frame, **markdown("长" * 7000)) == 45002


async def test_the_first_visit_of_the_day_is_welcomed_within_5_seconds(desk: Desk) -> None:
    client = await connect(desk)
    event = await client.heard(desk.wecom.enter("lina", door="bot"))
    assert event["body"]["event"] == {"eventtype": "enter_chat"}
    assert (await desk.wecom.enter("lina", door="bot")).attempts == 0
    welcome = {"msgtype": "text", "text": {"content": "您好"}}
    req_id = event["headers"]["req_id"]
    assert (await client.ask("aibot_respond_welcome_msg", req_id, **markdown("x")))["errcode"] == 40008
    assert (await client.ask("aibot_respond_welcome_msg", req_id, **welcome))["errcode"] == 0
    assert (await client.ask("aibot_respond_welcome_msg", req_id, **welcome))["errcode"] == 846605
    desk.clocks.later(days=1)
    event = await client.heard(desk.wecom.enter("lina", door="bot"))
    desk.clocks.seconds += 5.1
    late = await client.ask("aibot_respond_welcome_msg", event["headers"]["req_id"], **welcome)
    assert late["errcode"] == 846605


async def test_pushing_needs_a_chat_that_has_spoken(desk: Desk) -> None:
    client = await connect(desk)
    push = {"chatid": "lina", "chat_type": 1, **markdown("日报已生成")}
    assert (await client.ask("aibot_send_msg", **push))["errcode"] == 93006
    await client.heard(desk.wecom.say("lina", "你好", door="bot"))
    assert (await client.ask("aibot_send_msg", **push))["errcode"] == 0
    assert desk.wecom.screen("lina")[-1].body == "日报已生成"
    assert (await client.ask("aibot_send_msg", chatid="sunqi", **markdown("x")))["errcode"] == 93006
    assert (await client.ask("aibot_send_msg", chatid="lina", chat_type=2, **markdown("x")))["errcode"] == 93006


async def test_a_group_sees_what_is_said_to_the_bot(desk: Desk) -> None:
    client = await connect(desk)
    desk.wecom.bot.add_group("wrG1", ["lina", "sunqi"])
    frame = await client.heard(desk.wecom.say("lina", "今天几个", door="bot", group="wrG1"))
    assert (frame["body"]["chattype"], frame["body"]["chatid"]) == ("group", "wrG1")
    assert frame["body"]["text"]["content"] == "@小助手 今天几个"
    assert await client.answer(frame, **markdown("3 个")) == 0
    assert [shown.conversation for shown in desk.wecom.screen("sunqi")] == ["wrG1", "wrG1"]
    assert (await client.ask("aibot_send_msg", chatid="wrG1", **markdown("汇总")))["errcode"] == 0
    with pytest.raises(ValueError):
        await desk.wecom.bot.message("lina", "image", {}, group="wrG1")


async def test_30_a_minute_and_a_stream_counts_once(desk: Desk) -> None:
    client = await connect(desk)
    frame = await client.heard(desk.wecom.say("lina", "快", door="bot"))
    for number in range(29):
        assert await client.answer(frame, **stream(str(number))) == 0
    for _ in range(29):
        assert await client.answer(frame, **markdown("x")) == 0
    assert await client.answer(frame, **markdown("x")) == 45009
    desk.clocks.seconds += 61
    assert await client.answer(frame, **markdown("x")) == 0


async def test_pictures_come_encrypted_with_their_own_key(desk: Desk) -> None:
    client = await connect(desk)
    frame = await client.heard(desk.wecom.send_picture("lina", door="bot"))
    picture = frame["body"]["image"]
    async with desk.session.get(picture["url"]) as response:
        assert decrypt(await response.read(), base64.b64decode(picture["aeskey"])) == SAMPLE_PNG
    desk.clocks.seconds += 301
    async with desk.session.get(picture["url"]) as response:
        assert response.status == 404
    heard = [
        await client.heard(act)
        for act in (
            desk.wecom.speak("lina", "帮我查一下", door="bot"),
            desk.wecom.send_file("lina", "报价.pdf", b"0123456789"),
            desk.wecom.send_video("lina", door="bot"),
            desk.wecom.send_mixed("lina", "看这个"),
            desk.wecom.bot.feedback("lina", "fb1", 2, "不准"),
        )
    ]
    assert [frame["body"]["msgtype"] for frame in heard] == ["voice", "file", "video", "mixed", "event"]
    assert heard[0]["body"]["voice"] == {"content": "帮我查一下"}


async def test_uploading_in_chunks(desk: Desk) -> None:
    client = await connect(desk)
    frame = await client.heard(desk.wecom.say("lina", "图", door="bot"))
    half = len(SAMPLE_PNG) // 2
    digest = hashlib.md5(SAMPLE_PNG).hexdigest()  # noqa: S324 - what the platform asks for
    init = {"type": "image", "filename": "a.png", "total_size": len(SAMPLE_PNG), "total_chunks": 2, "md5": digest}
    upload = (await client.ask("aibot_upload_media_init", **init))["body"]
    assert (await client.ask("aibot_upload_media_finish", **upload))["errcode"] == 40058
    for index, part in ((1, SAMPLE_PNG[half:]), (0, SAMPLE_PNG[:half])):
        data = base64.b64encode(part).decode()
        chunk = await client.ask("aibot_upload_media_chunk", chunk_index=index, base64_data=data, **upload)
        assert chunk["errcode"] == 0
    done = (await client.ask("aibot_upload_media_finish", **upload))["body"]
    assert await client.answer(frame, msgtype="image", image={"media_id": done["media_id"]}) == 0
    assert desk.wecom.screen("lina")[-1].image == SAMPLE_PNG
    assert await client.answer(frame, msgtype="file", file={"media_id": done["media_id"]}) == 40007
    assert (await client.ask("aibot_upload_media_init", **{**init, "total_chunks": 101}))["errcode"] == 40058
    assert (await client.ask("aibot_upload_media_init", **{**init, "total_size": 4}))["errcode"] == 40006


# who may talk


async def test_a_wrong_secret_is_refused_and_closed(desk: Desk) -> None:
    client = await connect(desk, subscribe=False)
    answer = await client.ask("aibot_subscribe", bot_id=desk.wecom.bot_id, secret="guess")
    assert answer["errcode"] == 40001
    assert (await client.socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    assert desk.wecom.bot.subscribes == 0 and not desk.wecom.bot.held


async def test_frames_before_and_a_second_subscription_close_the_connection(desk: Desk) -> None:
    early = await connect(desk, subscribe=False)
    assert (await early.ask("ping"))["errcode"] == 40001
    assert (await early.socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    twice = await connect(desk)
    again = await twice.ask("aibot_subscribe", bot_id=desk.wecom.bot_id, secret=desk.wecom.bot_secret)
    assert again["errcode"] == 40058
    assert (await twice.socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE


async def test_a_newer_connection_takes_over(desk: Desk) -> None:
    old = await connect(desk)
    new = await connect(desk)
    goodbye = await old.read()
    assert goodbye["body"]["event"] == {"eventtype": "disconnected_event"}
    assert (await old.socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    assert desk.wecom.bot.subscribes == 2
    await new.heard(desk.wecom.say("lina", "还在吗", door="bot"))


async def test_nobody_connected_loses_the_message(desk: Desk) -> None:
    assert (await desk.wecom.say("lina", "在吗", door="bot")).status == 0
    assert desk.wecom.bot.lost == 1


async def test_nonsense_frames_are_refused_without_harm(desk: Desk) -> None:
    client = await connect(desk)
    for text in ("not json", "[]", '{"cmd":5,"headers":7,"body":[]}', '{"cmd":"dance"}', "[" * 50_000):
        await client.socket.send_str(text)
        assert (await client.read())["errcode"] == 40058
    assert (await client.ask("ping"))["errcode"] == 0
    for command in ("aibot_respond_msg", "aibot_respond_welcome_msg", "aibot_respond_update_msg"):
        assert (await client.ask(command, "REQ-unknown"))["errcode"] == 846605


async def test_trouble_on_order(desk: Desk) -> None:
    client = await connect(desk)
    faults = desk.wecom.faults
    frame = await client.heard(desk.wecom.say("lina", "好", door="bot"))
    faults.errcode("aibot_respond_msg", 45009)
    assert await client.answer(frame, **markdown("一")) == 45009
    faults.lose_answer("aibot_respond_msg")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await client.answer(frame, **markdown("二"))
    assert desk.wecom.screen("lina")[-1].body == "二"
    faults.duplicate()
    first = await client.heard(desk.wecom.say("lina", "两次", door="bot"))
    assert await client.read() == first


@pytest.mark.parametrize("cut", ["drop_sockets", "half_close", "idle"])
async def test_a_link_that_dies_is_free_for_the_next(desk: Desk, cut: str) -> None:
    if cut == "idle":
        desk.wecom.limits.bot_idle_seconds = 0.05
    client = await connect(desk)
    if cut == "drop_sockets":
        desk.wecom.drop_sockets()
    elif cut == "half_close":
        desk.wecom.bot.half_close()
    ended = await client.socket.receive(timeout=5)
    assert ended.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    await client.socket.close()
    desk.wecom.limits.bot_idle_seconds = 90
    await (await connect(desk)).heard(desk.wecom.say("lina", "又来了", door="bot"))


# the judge

SDK = """
import asyncio, json, sys
import aibot.ws
aibot.ws._SSL_CONTEXT = None  # the SDK insists on TLS even for ws://
from aibot import WSClient, WSClientOptions

class Quiet:
    def debug(self, message, *args): pass
    info = warn = debug
    def error(self, message, *args): print(json.dumps({"error": str(message)}), flush=True)

async def main():
    url, bot_id, secret, card = sys.argv[1:]
    client = WSClient(WSClientOptions(bot_id=bot_id, secret=secret, ws_url=url, logger=Quiet()))
    done = asyncio.Event()
    tell = lambda **said: print(json.dumps(said), flush=True)

    @client.on("authenticated")
    def authenticated(): tell(authenticated=True)

    @client.on("message.text")
    async def text(frame):
        first = await client.reply_stream(frame, "s1", "正在查询", False)
        last = await client.reply_stream(frame, "s1", "共 3 位", True)
        sent = await client.reply_template_card(frame, json.loads(card))
        tell(text=frame["body"]["text"]["content"], codes=[first["errcode"], last["errcode"], sent["errcode"]])

    @client.on("message.image")
    async def image(frame):
        data, name = await client.download_file(frame["body"]["image"]["url"], frame["body"]["image"]["aeskey"])
        tell(image=data.hex(), name=name)

    @client.on("event.template_card_event")
    async def pressed(frame):
        after = json.loads(card) | {"main_title": {"title": "SDK 更新"}}
        code = (await client.update_template_card(frame, after))["errcode"]
        pushed = await client.send_message("lina", {"msgtype": "markdown", "markdown": {"content": "推送"}})
        tell(updated=code, pushed=pushed["errcode"])
        done.set()

    await client.connect()
    await asyncio.wait_for(done.wait(), 20)
    client.disconnect()

asyncio.run(main())
"""


async def test_the_vendors_sdk_receives_streams_sends_a_card_and_updates_it(desk: Desk) -> None:
    wecom = desk.wecom
    arguments = [wecom.ws_url, wecom.bot_id, wecom.bot_secret, json.dumps(deal_card())]
    judge = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SDK, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert judge.stdout

    async def said() -> Any:
        line = await asyncio.wait_for(judge.stdout.readline(), 20)
        assert line, (await judge.stderr.read()).decode()
        return json.loads(line)

    assert await said() == {"authenticated": True}
    await wecom.say("lina", "有几个新客户", door="bot")
    assert await said() == {"text": "有几个新客户", "codes": [0, 0, 0]}
    answer, card = wecom.screen("lina")[-2:]
    assert (answer.body, answer.revision, card.title) == ("共 3 位", 1, "商机 · 年度框架")
    await wecom.send_picture("lina", door="bot")
    assert await said() == {"image": SAMPLE_PNG.hex(), "name": "picture.png"}
    await wecom.click("lina", card.id, "move")
    assert await said() == {"updated": 0, "pushed": 0}
    assert card.title == "SDK 更新" and wecom.screen("lina")[-1].body == "推送"
    assert await asyncio.wait_for(judge.wait(), 20) == 0
