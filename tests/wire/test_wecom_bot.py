"""The AI bot's connection against the emulated platform: what comes in, what goes out, and every way it can break."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from wecom_doors import Accepted, row, serve, until

from bot.cards.card import Button, Card, Row
from bot.config import WeComBot
from bot.events import Click, Enter, Event, Message
from bot.platforms.base import Fate, SendError
from bot.platforms.http import open_session
from bot.platforms.wecom import link
from bot.platforms.wecom.link import BotLink
from bot.platforms.wecom.socket import BotSocket
from emulator.pictures import SAMPLE_PNG
from emulator.wecom import WeComEmulator

TODO = Card(
    "待办 · 跟进腾讯",
    rows=(Row("客户", "腾讯科技"),),
    buttons=(Button("完成", "done:followup=7"), Button("明天", "help")),
)
HELP = Card("帮助", text="说一句话就行")


class Chat:
    """李娜's phone, our connection, and what it brought in."""

    def __init__(self, wecom: WeComEmulator, session: aiohttp.ClientSession) -> None:
        self.wecom, self.session, self.accepted = wecom, session, Accepted()
        self.settings = WeComBot(bot_id=wecom.bot_id, secret=wecom.bot_secret, url=wecom.ws_url)
        self.bot = BotSocket(self.settings, session, self.accepted, ping_seconds=0.05)

    async def open(self) -> None:
        await self.bot.start()
        await until(lambda: self.bot.connected)

    def subscribed_again(self, times: int) -> bool:
        return self.wecom.bot.subscribes > times and self.bot.connected

    async def says(self, text: str, **how: Any) -> Event:
        """李娜 says something; the event it became."""
        await self.wecom.say("lina", text, door="bot", **how)
        return await self.next()

    async def next(self) -> Event:
        await until(lambda: self.accepted.events)
        return self.accepted.events.pop(0)

    def shown(self) -> list[Any]:
        """What the bot has said on 李娜's phone."""
        return [shown for shown in self.wecom.screen("lina") if shown.sender == "bot"]

    async def send(self, kind: str, to: Event | None = None, card: Card | None = None, **more: Any) -> None:
        """Send a row, as the answer to an event or unasked."""
        fields = {name: more.pop(name) for name in ("repeated", "card_id", "group") if name in more}
        if to is not None and to.origin.reply_until is not None:
            more |= {"req_id": to.origin.reply_token, "req_until": to.origin.reply_until.isoformat()}
        await self.bot.send(row(kind, more, card=card, door="wecom_bot", **fields))

    def commands(self) -> list[str]:
        """What went over the connection, pings and the subscription apart."""
        sent = [call["path"] for call in self.wecom.calls if call["method"] == "WS"]
        return [command for command in sent if command not in ("ping", "aibot_subscribe")]


@pytest.fixture
async def chat(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Chat]:
    monkeypatch.setattr(link, "ACK_SECONDS", 0.3)
    monkeypatch.setattr(link, "FIRST_DELAY", 0.02)
    monkeypatch.setattr(link, "ACCEPT_AGAIN", (0.01, 0.01))
    wecom = WeComEmulator()
    wecom.add_member("lina", "李娜")
    await wecom.start()
    session = open_session()
    chat = Chat(wecom, session)
    await chat.open()
    yield chat
    await chat.bot.stop()
    await session.close()
    await wecom.stop()


@asynccontextmanager
async def refused(fate: Fate, code: str) -> AsyncIterator[None]:
    with pytest.raises(SendError) as caught:
        yield
    assert (caught.value.fate, caught.value.code) == (fate, code)


# --- in


async def test_a_sentence_a_voice_and_a_quote_come_in(chat: Chat) -> None:
    said = await chat.says("今天拜访了腾讯张总")
    assert isinstance(said, Message)
    assert (said.text, said.origin.user_id, said.origin.door) == ("今天拜访了腾讯张总", "lina", "wecom_bot")
    await chat.wecom.speak("lina", "明天跟进", door="bot")
    spoken = await chat.next()
    assert isinstance(spoken, Message)
    assert (spoken.text, spoken.via) == ("明天跟进", "voice")
    quoted = await chat.says("推进到谈判", quote="腾讯 年度框架")
    assert isinstance(quoted, Message)
    assert quoted.quoted == "腾讯 年度框架"


async def test_in_a_group_the_mention_is_cut_off(chat: Chat) -> None:
    chat.wecom.bot.add_group("wrSales", ["lina"])
    said = await chat.says("今天有几个新客户", group="wrSales")
    assert isinstance(said, Message)
    assert (said.text, said.origin.group) == ("今天有几个新客户", "wrSales")


async def test_while_the_database_is_away_an_event_is_held(chat: Chat) -> None:
    chat.accepted.away = 2
    assert isinstance(await chat.says("你好"), Message)


async def test_what_is_held_keeps_its_place_before_what_is_said_later(chat: Chat) -> None:
    chat.accepted.away = 1
    for text in ("一", "二", "三"):
        await chat.wecom.say("lina", text, door="bot")
    heard = [await chat.next() for _ in range(3)]
    assert [event.text for event in heard if isinstance(event, Message)] == ["一", "二", "三"]


async def test_an_event_that_cannot_be_kept_is_lost_and_the_next_one_is_not(chat: Chat) -> None:
    chat.accepted.away = 3
    await chat.wecom.say("lina", "一", door="bot")
    await until(lambda: chat.accepted.away == 0)
    said = await chat.says("二")
    assert isinstance(said, Message)
    assert said.text == "二"


# --- out


async def test_a_sentence_is_answered_with_a_card_that_changes_when_pressed(chat: Chat) -> None:
    said = await chat.says("我的待办")
    await chat.send("card", said, TODO)
    await chat.wecom.click("lina", "c0a1", "done:followup=7")
    click = await chat.next()
    assert isinstance(click, Click)
    assert (click.button, click.card) == ("done:followup=7", "c0a1")
    await chat.send("update", click, Card("已完成 · 跟进腾讯"), target="c0a1")
    (shown,) = chat.shown()
    assert (shown.title, shown.disabled) == ("已完成 · 跟进腾讯", True)
    assert chat.commands() == ["aibot_respond_msg", "aibot_respond_update_msg"]


async def test_a_press_may_be_answered_with_a_fresh_card(chat: Chat) -> None:
    await chat.send("card", await chat.says("我的待办"), TODO)
    await chat.wecom.click("lina", "c0a1", "help")
    await chat.send("card", await chat.next(), HELP, card_id="c2")
    assert chat.shown()[-1].body == "**帮助**\n说一句话就行"


async def test_an_update_after_its_five_seconds_is_late(chat: Chat) -> None:
    await chat.send("card", await chat.says("我的待办"), TODO)
    await chat.wecom.click("lina", "c0a1", "help")
    click = await chat.next()
    old = {"req_id": click.origin.reply_token, "req_until": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()}
    async with refused(Fate.PERMANENT, "late"):
        await chat.send("update", None, HELP, target="c0a1", **old)
    chat.wecom.limits.bot_event_seconds = 0.0
    async with refused(Fate.PERMANENT, "late"):
        await chat.send("update", click, HELP, target="c0a1")
    async with refused(Fate.PERMANENT, "late"):
        await chat.send("update", None, HELP, target="c0a1")


async def test_the_first_visit_is_welcomed_with_a_card(chat: Chat) -> None:
    await chat.wecom.enter("lina", door="bot")
    entered = await chat.next()
    assert isinstance(entered, Enter)
    await chat.send("card", entered, TODO)
    assert chat.commands() == ["aibot_respond_welcome_msg"]


async def test_an_alert_is_pushed_unasked(chat: Chat) -> None:
    await chat.says("你好")
    await chat.send("card", None, TODO)
    assert chat.commands() == ["aibot_send_msg"]
    assert chat.shown()[-1].title == "待办 · 跟进腾讯"


async def test_a_question_too_old_to_answer_is_answered_unasked(chat: Chat) -> None:
    said = await chat.says("我的待办")
    chat.wecom.bot.replies.asked.clear()
    await chat.send("card", said, TODO)
    assert chat.commands() == ["aibot_respond_msg", "aibot_send_msg"]
    assert len(chat.shown()) == 1


async def test_a_line_goes_to_the_group_and_a_picture_to_the_member(chat: Chat) -> None:
    chat.wecom.bot.add_group("wrSales", ["lina"])
    said = await chat.says("拜访了腾讯", group="wrSales")
    await chat.send("line", said, text="已记录，详情见私聊", group="wrSales")
    assert (chat.shown()[-1].conversation, chat.shown()[-1].body) == ("wrSales", "已记录，详情见私聊")
    await chat.says("渠道码")
    await chat.send("picture", None, png=base64.b64encode(SAMPLE_PNG * 20_000).decode(), name="码")
    assert chat.shown()[-1].image == SAMPLE_PNG * 20_000


async def test_nobody_is_spoken_to_who_never_spoke(chat: Chat) -> None:
    async with refused(Fate.PERMANENT, "93006"):
        await chat.send("card", None, TODO)


async def test_a_kind_nobody_knows_and_a_card_that_is_none(chat: Chat) -> None:
    async with refused(Fate.PERMANENT, "unknown_kind"):
        await chat.send("dance")
    async with refused(Fate.PERMANENT, "bad_card"):
        await chat.send("card")


# --- nothing twice, nothing lost on the way out


async def test_a_lost_acknowledgement_does_not_show_a_card_twice(chat: Chat) -> None:
    said = await chat.says("我的待办")
    chat.wecom.faults.lose_answer("aibot_respond_msg")
    async with refused(Fate.RETRY, "timeout"):
        await chat.send("card", said, TODO)
    await chat.send("card", said, TODO, repeated=True)
    assert len(chat.shown()) == 1


async def test_words_that_may_be_a_repeat_say_so(chat: Chat) -> None:
    await chat.send("card", await chat.says("帮助"), HELP, repeated=True)
    assert chat.shown()[-1].body.startswith("（重发）")


async def test_a_rate_limit_is_said_to_count_for_the_recipient(chat: Chat) -> None:
    await chat.says("你好")
    chat.wecom.faults.errcode("aibot_send_msg", 45009)
    with pytest.raises(SendError) as caught:
        await chat.send("card", None, TODO)
    assert (caught.value.fate, caught.value.code, caught.value.recipient) == (Fate.RATE, "45009", True)


async def test_many_replies_to_one_callback_leave_one_after_the_other(chat: Chat) -> None:
    said = await chat.says("我的待办")
    await asyncio.gather(*(chat.send("card", said, TODO, card_id=f"c{n}") for n in range(8)))
    assert {shown.id for shown in chat.shown()} == {f"c{n}" for n in range(8)}


# --- the connection


async def test_a_cut_connection_is_opened_again(chat: Chat) -> None:
    for count, cut in enumerate((chat.wecom.drop_sockets, chat.wecom.bot.half_close), 1):
        cut()
        await until(partial(chat.subscribed_again, count))
    assert isinstance(await chat.says("还在吗"), Message)


async def test_without_a_connection_rows_wait(chat: Chat) -> None:
    await chat.bot.stop()
    async with refused(Fate.RETRY, "unreachable"):
        await chat.send("card", None, TODO)


async def test_pings_that_are_not_answered_end_a_dead_connection(chat: Chat) -> None:
    before = chat.wecom.bot.subscribes
    chat.wecom.faults.drop("ping", times=2)
    await until(lambda: chat.wecom.bot.subscribes > before)


async def test_who_is_replaced_stops_and_comes_back_only_when_told(chat: Chat) -> None:
    newer = BotSocket(chat.settings, chat.session, Accepted())
    await newer.start()
    await until(lambda: newer.connected and chat.bot.replaced and not chat.bot.connected)
    assert chat.wecom.bot.subscribes == 2
    await newer.stop()
    await chat.open()
    assert not chat.bot.replaced


async def test_a_wrong_secret_is_not_hammered(chat: Chat) -> None:
    await chat.bot.stop()
    wrong = BotSocket(WeComBot(bot_id=chat.wecom.bot_id, secret="no", url=chat.wecom.ws_url), chat.session, Accepted())
    asked = len(chat.wecom.calls)
    await wrong.start()
    await until(lambda: len(chat.wecom.calls) > asked)
    await asyncio.sleep(0.2)  # several first delays long: nothing may happen in it
    assert len(chat.wecom.calls) == asked + 1
    await wrong.stop()


async def test_stopping_lets_what_is_in_hand_finish(chat: Chat) -> None:
    gate, kept = asyncio.Event(), []

    async def slowly(events: Any) -> None:
        await gate.wait()
        kept.extend(events)

    bot = BotSocket(chat.settings, chat.session, slowly)
    await chat.bot.stop()
    await bot.start()
    await until(lambda: bot.connected)
    await chat.wecom.say("lina", "你好", door="bot")
    await until(lambda: bot._in_hand)
    stopping = asyncio.create_task(bot.stop())
    await until(lambda: not bot.connected)
    gate.set()
    await stopping
    assert len(kept) == 1


async def test_trying_the_settings_logs_in_once(chat: Chat) -> None:
    await chat.bot.stop()
    await BotLink.try_subscription(chat.settings, chat.session)
    assert chat.wecom.bot.subscribes == 2
    await until(lambda: not chat.wecom.bot.held)


async def test_frames_that_make_no_sense_break_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers the subscription and then talks nonsense, and at last sense."""
    sense = {
        "msgid": "m1",
        "chattype": "single",
        "from": {"userid": "lina"},
        "msgtype": "text",
        "text": {"content": "你\x01好"},
    }
    frames: list[Any] = ["", "[", "[]", "1", '"cmd"', "{}", '{"cmd":1}', '{"cmd":"aibot_msg_callback"}', "[" * 100_000]
    frames += [json.dumps(frame) for frame in _nonsense(sense)]
    frames.append(
        json.dumps({"cmd": "aibot_msg_callback", "headers": {"req_id": "R"}, "body": sense}).replace("\\u0001", "\x01")
    )

    async def talk(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        req_id = (await socket.receive_json())["headers"]["req_id"]
        await socket.send_json({"headers": {"req_id": req_id}, "errcode": 0})
        await socket.send_bytes(b"\x00")
        for frame in frames:
            await socket.send_str(frame)
        await socket.receive()
        return socket

    runner, base = await serve([web.get("/ws", talk)])
    accepted, session = Accepted(), open_session()
    bot = BotSocket(WeComBot(bot_id="b", secret="s", url=base.replace("http", "ws") + "/ws"), session, accepted)
    await bot.start()
    await until(lambda: accepted.events)
    assert [event.key for event in accepted.events] == ["wecom_bot:m1"]
    await bot.stop()
    await session.close()
    await runner.cleanup()


def _nonsense(sense: dict[str, Any]) -> list[Any]:
    """The same frame with each part missing or of the wrong kind."""
    wrong: list[Any] = [None, 7, [], {}, ""]
    bodies = [
        {**sense, name: value}
        for name in ("from", "msgtype", "text")
        for value in wrong
        if name != "text" or value == 7
    ]
    frames = [
        {"cmd": "aibot_msg_callback", "headers": {"req_id": "R"}, "body": body} for body in bodies if body["text"] != 7
    ]
    frames += [{"cmd": "aibot_event_callback", "headers": header, "body": {"msgtype": "event", "event": event}}
               for header in wrong for event in wrong]  # fmt: skip
    return frames
