"""The DingTalk doors against the emulated platform: what people see, whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from dingtalk_gateway import until

from bot.cards.card import Button, Card, rows
from bot.config import DingTalk
from bot.events import AnyEvent, Click, DirectoryChange, Message, Unheard
from bot.platforms.base import Fate, Outgoing, Person, SendError, Unavailable, Unit
from bot.platforms.dingtalk import callback, check, stream
from bot.platforms.dingtalk.client import Client
from bot.platforms.dingtalk.directory import DingTalkDirectory
from bot.platforms.dingtalk.sender import DingTalkSender, render_update
from bot.platforms.dingtalk.stream import Stream
from bot.platforms.dingtalk.tokens import app_tokens
from bot.platforms.http import Http, open_session
from bot.platforms.tokens import MemoryTokens
from emulator.dingtalk import DingTalkEmulator

DEAL = Card(
    title="商机 · 需求确定",
    rows=rows(("客户", "腾讯"), ("金额", "80万")),
    buttons=(Button("推进到方案报价", "move_deal:stage=offer:deal=7:version=3", "primary"),),
    view="deal:7",
)
MOVED = Card(title="商机 · 方案报价", rows=rows(("客户", "腾讯"), ("金额", "80万")), note="刚刚推进")
CREATE = "/v1.0/card/instances/createAndDeliver"


class House:
    """Both sides: the emulated platform, our doors, and a core that notes what it accepts."""

    def __init__(self, emulator: DingTalkEmulator, session: aiohttp.ClientSession, **changes: Any) -> None:
        self.emulator, self.session, self.http = emulator, session, Http(session)
        self.config = msgspec.convert(emulator.config() | changes, DingTalk)
        self.counted: list[str] = []
        tokens = app_tokens(self.config, self.http, MemoryTokens())
        self.client = Client(self.config, self.http, tokens, self.counted.append)
        self.sender = DingTalkSender(self.client)
        self.directory = DingTalkDirectory(self.client)
        self.events: list[AnyEvent] = []
        self.away = 0  # so many times the database is away
        self.outcome_card: Card | None = MOVED
        self.stream = Stream(self.config, session, self.http, self.accept, self.outcome)

    async def accept(self, events: Sequence[AnyEvent]) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable
        self.events += [event for event in events if event.key not in {known.key for known in self.events}]

    async def outcome(self, key: str, seconds: float) -> Mapping[str, Any] | None:
        return render_update(self.outcome_card) if self.outcome_card is not None else None

    async def send(self, kind: str = "card", *, repeated: bool = False, **payload: Any) -> str:
        row = Outgoing(1, "reply:1", kind, "dingtalk", "lina", payload, "c0ffee", repeated, payload.pop("group", ""))
        return (await self.sender.send(row)).remote_id

    @property
    def said(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Message)]


@asynccontextmanager
async def opened(mode: str, **changes: Any) -> AsyncIterator[House]:
    emulator = DingTalkEmulator(mode="http" if mode == "http" else "stream")
    emulator.add_department(2, "销售部")
    emulator.add_member("wangqiang", "王强", departments=[2], leader_of=[2])
    emulator.add_member("lina", "李娜", departments=[2], manager_userid="wangqiang")
    emulator.add_group("cidSales==", "销售一群", ["lina", "wangqiang"])
    emulator.limits.deaf_seconds = 0.2
    emulator.limits.redeliver_seconds = 1.0
    await emulator.start()
    async with open_session() as session:
        yield House(emulator, session, **changes)
    await emulator.stop()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Stream mode, connected."""
    async with opened("stream") as house:
        await house.stream.start()
        await until(lambda: house.stream.connected)
        yield house
        await house.stream.stop()


async def test_a_sentence_its_card_and_a_click(house: House) -> None:
    assert (await house.emulator.say("lina", "腾讯新商机 80万")).accepted
    assert house.said == ["腾讯新商机 80万"]
    await house.send(card=msgspec.to_builtins(DEAL))
    shown = await house.emulator.wait_shown("lina", lambda shown: shown.kind == "card")
    assert (shown.title, [button.text for button in shown.buttons]) == ("商机 · 需求确定", ["推进到方案报价"])
    assert "**客户**：腾讯" in shown.body
    await house.emulator.click("lina", shown.id, shown.buttons[0].key)
    click = house.events[-1]
    assert isinstance(click, Click)
    assert (click.button, click.card) == ("move_deal:stage=offer:deal=7:version=3", "c0ffee")
    assert (shown.title, shown.buttons, "刚刚推进" in shown.body) == ("商机 · 方案报价", [], True)


async def test_an_update_reaches_everybody_who_sees_the_card(house: House) -> None:
    house.outcome_card = None
    await house.send(card=msgspec.to_builtins(DEAL))
    shown = await house.emulator.wait_shown("lina", lambda shown: shown.kind == "card")
    await house.emulator.click("lina", shown.id, shown.buttons[0].key)
    assert (shown.title, "toast" in str(shown.wire)) == ("商机 · 需求确定", False)
    await house.send("update", card=msgspec.to_builtins(MOVED), target="c0ffee")
    assert shown.title == "商机 · 方案报价"


async def test_a_message_during_the_deaf_seconds_is_not_lost(house: House) -> None:
    await house.emulator.send_disconnect()
    await until(lambda: house.emulator.connections == 2)
    assert (await house.emulator.say("lina", "我的待办")).accepted
    await until(lambda: house.emulator.connections == 1)
    assert (await house.emulator.say("lina", "今日待办")).accepted
    assert house.said == ["我的待办", "今日待办"]


async def test_after_a_dead_socket_it_is_back(house: House) -> None:
    house.emulator.drop_sockets()
    await until(lambda: house.emulator.gateway.opened == 2)
    await until(lambda: house.stream.connected)
    assert (await house.emulator.say("lina", "我的待办")).accepted


async def test_a_frame_cut_in_the_middle_comes_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "backoff", lambda failures: 0.0)
    house.emulator.limits.redeliver_seconds = 0.5
    house.emulator.cut_frames()
    delivery = await house.emulator.say("lina", "我的待办")
    assert (delivery.accepted, delivery.attempts, house.said) == (True, 2, ["我的待办"])
    assert house.emulator.gateway.opened == 2


async def test_a_lost_ack_brings_the_message_again_and_it_is_known(house: House) -> None:
    house.emulator.limits.redeliver_seconds = 0.2
    house.emulator.lose_acks()
    delivery = await house.emulator.say("lina", "我的待办")
    assert (delivery.accepted, delivery.attempts, house.said) == (True, 2, ["我的待办"])


async def test_a_database_that_is_away_for_a_moment(house: House) -> None:
    house.away = 1
    assert (await house.emulator.say("lina", "我的待办")).accepted
    assert house.said == ["我的待办"]


async def test_other_kinds_of_messages(house: House) -> None:
    await house.emulator.speak("lina", "明天下午3点跟进腾讯")
    await house.emulator.send_picture("lina")
    await house.emulator.send_file("lina", "报价单.pdf")
    await house.emulator.send_rich_text("lina", "看这张图")
    await house.emulator.send_other("lina")
    await house.emulator.say_as_stranger("你好", name="路人甲")
    await house.emulator.say("lina", "查一下腾讯", group="cidSales==")
    voice, picture, file, rich, other, stranger, group = house.events
    assert isinstance(voice, Message)
    assert (voice.text, voice.via) == ("明天下午3点跟进腾讯", "voice")
    assert [(event.kind, event.detail) for event in (picture, file, other) if isinstance(event, Unheard)] == [
        ("image", ""), ("file", "报价单.pdf"), ("other", "unknownMsgType"),
    ]  # fmt: skip
    assert isinstance(rich, Message)
    assert rich.text == "看这张图"
    assert (stranger.origin.user_id, stranger.origin.name) == ("", "路人甲")
    assert isinstance(group, Message)
    assert (group.text, group.origin.group) == ("查一下腾讯", "cidSales==")


async def test_a_line_into_the_group_while_the_session_lives_and_after(house: House) -> None:
    await house.emulator.say("lina", "查一下腾讯", group="cidSales==")
    webhook = house.events[0].origin.reply_token
    await house.send("line", group="cidSales==", text="已记录，详情见私聊", session_webhook=webhook)
    assert house.counted == []
    house.emulator.expire_sessions()
    await house.send("line", group="cidSales==", text="又一条", session_webhook=webhook)
    bodies = [shown.text for shown in house.emulator.group_screen("cidSales==") if shown.sender == "bot"]
    assert bodies == ["已记录，详情见私聊", "又一条"]
    assert len(house.counted) == house.emulator.api_calls_counted == 1


async def test_a_picture(house: House) -> None:
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    assert await house.send("picture", png=png, name="qr.png")
    shown = await house.emulator.wait_shown("lina", lambda shown: shown.kind == "image")
    assert shown.image.startswith(b"\x89PNG")
    assert len(house.counted) == house.emulator.api_calls_counted


async def test_a_lost_answer_shows_one_card(house: House) -> None:
    house.emulator.faults.lose_answer(CREATE)
    with pytest.raises(SendError) as lost:
        await house.send(card=msgspec.to_builtins(DEAL))
    assert lost.value.fate is Fate.RETRY
    await house.send(card=msgspec.to_builtins(DEAL), repeated=True)
    assert len([shown for shown in house.emulator.screen("lina") if shown.kind == "card"]) == 1


async def test_a_delivery_that_failed_inside_a_success_is_made_good(house: House) -> None:
    house.emulator.fail_deliveries()
    with pytest.raises(SendError) as failed:
        await house.send(card=msgspec.to_builtins(DEAL))
    assert failed.value.code == "undelivered"
    await house.send(card=msgspec.to_builtins(DEAL))
    assert len([shown for shown in house.emulator.screen("lina") if shown.kind == "card"]) == 1


async def test_tokens_expire_and_calls_are_throttled(house: House) -> None:
    await house.send(card=msgspec.to_builtins(DEAL))
    house.emulator.expire_tokens()
    await house.send("update", card=msgspec.to_builtins(MOVED), target="c0ffee")
    assert house.emulator.token_calls == 2
    house.emulator.faults.errcode("/v1.0/card/instances", "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi")
    with pytest.raises(SendError) as refused:
        await house.send("update", card=msgspec.to_builtins(MOVED), target="c0ffee")
    assert refused.value.fate is Fate.RATE
    assert len(house.counted) == house.emulator.api_calls_counted == 2


async def test_the_month_is_over_before_its_end(house: House) -> None:
    await house.emulator.say("lina", "我的待办")
    webhook = house.events[0].origin.reply_token
    house.emulator.exhaust_api_quota()
    with pytest.raises(SendError) as refused:
        await house.send(card=msgspec.to_builtins(DEAL))
    assert refused.value.fate is Fate.QUOTA
    assert await house.send(card=msgspec.to_builtins(DEAL), session_webhook=webhook) == "session"
    shown = await house.emulator.wait_shown("lina", lambda shown: shown.kind == "markdown")
    assert "可以直接回复：推进到方案报价" in shown.body
    house.emulator.exhaust_push_quota()
    await house.emulator.say("lina", "今日待办")
    degraded = house.events[-1]
    assert isinstance(degraded, Unheard)
    assert (degraded.detail, degraded.origin.user_id) == ("quota", "lina")


async def test_the_directory_and_its_changes(house: House) -> None:
    found = await house.directory.everybody()
    assert list(found.units) == [Unit("1", "示例科技"), Unit("2", "销售部", "1")]
    assert {person.user_id: person for person in found.people} == {
        "wangqiang": Person("wangqiang", "王强", departments=("2",), leads=("2",)),
        "lina": Person("lina", "李娜", departments=("2",), manager="wangqiang"),
    }
    assert await house.directory.person("lina") == found.people[1]
    house.emulator.remove_member("lina")
    await until(lambda: house.events)
    (change,) = house.events
    assert isinstance(change, DirectoryChange)
    assert (change.user_id, change.left) == ("lina", True)
    assert await house.directory.person("lina") is None
    assert house.counted == []


async def test_check_is_content_and_disturbs_nobody(house: House) -> None:
    found = await check.findings(house.config, house.http, "")
    assert all(finding.ok for finding in found), found
    assert house.emulator.connections == 1
    assert house.emulator.screen("lina") == []
    house.emulator.scopes.discard("Card.Instance.Write")
    wrong = [finding for finding in await check.findings(house.config, house.http, "") if not finding.ok]
    assert [finding.subject for finding in wrong] == ["卡片权限"]


async def test_http_mode_from_the_console_to_a_click() -> None:
    async with opened("http") as house:
        app = web.Application()
        app.add_routes(callback.routes("/acme/dingtalk", house.config, house.accept, house.outcome))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}/acme/dingtalk"
        emulator = house.emulator
        emulator.robot_url, emulator.events_url = f"{base}/robot", f"{base}/events"
        assert await emulator.verify_url()
        await callback.register(house.client, f"{base}/cards")
        assert (await emulator.say("lina", "腾讯新商机 80万")).accepted
        assert house.said == ["腾讯新商机 80万"]
        emulator.add_member("zhaolei", "赵磊")
        await until(lambda: len(house.events) == 2)
        await house.send(card=msgspec.to_builtins(DEAL))
        shown = await emulator.wait_shown("lina", lambda shown: shown.kind == "card")
        await emulator.click("lina", shown.id, shown.buttons[0].key)
        assert shown.title == "商机 · 方案报价"
        house.away = 1
        assert (await emulator.say("lina", "我的待办")).status == 503
        assert all(event.origin.door == "dingtalk_http" for event in house.events)
        await runner.cleanup()
