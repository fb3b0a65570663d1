"""The Stream connection on a real socket: acknowledged after the commit, never deaf, never down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from dingtalk_gateway import Gateway, Link, until

from bot.config import DingTalk
from bot.events import AnyEvent, Click, DirectoryChange, Message
from bot.platforms.base import Rejected, SendError, Unavailable
from bot.platforms.dingtalk import frames, stream
from bot.platforms.http import Http, open_session

PAYLOADS = Path(__file__).parent / "payloads" / "dingtalk"


class Core:
    """What the doors talk to: remembers what it accepted, refuses on order, knows the outcomes of clicks."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.refusals: list[Exception] = []
        self.outcomes: dict[str, Mapping[str, Any]] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.waited: list[float] = []

    async def accept(self, events: Sequence[AnyEvent]) -> None:
        await self.gate.wait()
        if self.refusals:
            raise self.refusals.pop(0)
        self.events += events

    async def outcome(self, key: str, seconds: float) -> Mapping[str, Any] | None:
        self.waited.append(seconds)
        return self.outcomes.get(key)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    gateway = await Gateway().start()
    yield gateway
    await gateway.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
async def door(gateway: Gateway, session: aiohttp.ClientSession, core: Core) -> AsyncIterator[stream.Stream]:
    config = DingTalk("dingdemo0001", "secret-demo", api_base=gateway.base_url)
    door = stream.Stream(config, session, Http(session), core.accept, core.outcome)
    yield door
    await door.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits in hundredths of a second."""
    monkeypatch.setattr(stream, "backoff", lambda failures: 0.01 if failures > 0 else 0.0)
    monkeypatch.setattr(stream, "SETUP_SECONDS", 0.05)
    monkeypatch.setattr(frames, "PATIENCE", (0.01, 0.01))


def callback(topic: str, data: Any, message_id: str = "m1") -> dict[str, Any]:
    headers = {"topic": topic, "messageId": message_id, "contentType": "application/json", "time": "1735689610000"}
    return {"specVersion": "1.0", "type": "CALLBACK", "headers": headers, "data": json.dumps(data)}


def said(name: str = "text", message_id: str = "m1") -> dict[str, Any]:
    return callback(frames.TOPIC_ROBOT, json.loads((PAYLOADS / f"{name}.json").read_text()), message_id)


def clicked(message_id: str = "m1") -> dict[str, Any]:
    return callback(frames.TOPIC_CARD, json.loads((PAYLOADS / "card_button.json").read_text()), message_id)


def recorded(name: str) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return frame


def response_of(ack: dict[str, Any]) -> Any:
    return json.loads(ack["data"])


async def open_link(door: stream.Stream, gateway: Gateway, number: int = 1) -> Link:
    await door.start()
    link = await gateway.link(number)
    await until(lambda: door.connected)
    return link


async def test_it_subscribes_and_uses_its_ticket(door: stream.Stream, gateway: Gateway) -> None:
    link = await open_link(door, gateway)
    assert link.ticket == "ticket/1+="
    assert (gateway.opened[0]["clientId"], gateway.opened[0]["clientSecret"]) == ("dingdemo0001", "secret-demo")
    assert {entry["topic"] for entry in gateway.opened[0]["subscriptions"]} == {
        "*",
        frames.TOPIC_ROBOT,
        frames.TOPIC_CARD,
    }
    assert door.state == "open"


async def test_a_message_is_acknowledged_only_after_the_commit(
    door: stream.Stream, gateway: Gateway, core: Core
) -> None:
    link = await open_link(door, gateway)
    core.gate.clear()
    await link.send(said(message_id="m1"))
    await link.send(recorded("frame_ping"))
    await link.ack("0a0b0c0d00000001")  # the ping overtook it: the socket is not blocked
    assert [ack["headers"]["messageId"] for ack in link.acks] == ["0a0b0c0d00000001"]
    core.gate.set()
    assert (await link.ack("m1"))["code"] == 200
    (event,) = core.events
    assert isinstance(event, Message)
    assert event.text == "今天拜访了腾讯张总，预算大概50万"


async def test_a_ping_gets_its_opaque_back(door: stream.Stream, gateway: Gateway) -> None:
    link = await open_link(door, gateway)
    await link.send(recorded("frame_ping"))
    ack = await link.ack("0a0b0c0d00000001")
    assert ack == {
        "code": 200,
        "headers": {"contentType": "application/json", "messageId": "0a0b0c0d00000001"},
        "message": "OK",
        "data": '{"opaque":"8f1d0000-0000-0000-0000-00000000f001"}',
    }


@pytest.mark.usefixtures("impatient")
async def test_a_short_absence_of_the_database_loses_nothing(door: stream.Stream, gateway: Gateway, core: Core) -> None:
    link = await open_link(door, gateway)
    core.refusals = [Unavailable(), Unavailable()]
    await link.send(said())
    assert (await link.ack("m1"))["code"] == 200
    assert len(core.events) == 1


@pytest.mark.usefixtures("impatient")
async def test_without_the_database_nothing_is_acknowledged(door: stream.Stream, gateway: Gateway, core: Core) -> None:
    link = await open_link(door, gateway)
    core.refusals = [Unavailable() for _ in range(5)]
    await link.send(said(message_id="m1"))
    await until(lambda: len(core.refusals) == 2)
    await link.send(recorded("frame_user_leave"))
    await link.send(clicked("m3"))
    assert response_of(await link.ack("0a0b0c0d00000002"))["status"] == "LATER"
    assert (await link.ack("m3"))["code"] == 500
    assert not any(ack["headers"]["messageId"] == "m1" for ack in link.acks)
    assert core.events == []


async def test_a_click_is_answered_with_what_it_changed(door: stream.Stream, gateway: Gateway, core: Core) -> None:
    link = await open_link(door, gateway)
    core.outcomes["dingtalk:c:m1"] = {"title": "商机 · 谈判", "markdown": "**客户**：腾讯"}
    await link.send(clicked("m1"))
    assert response_of(await link.ack("m1")) == {
        "response": {
            "cardUpdateOptions": {"updateCardDataByKey": True},
            "cardData": {"cardParamMap": {"title": "商机 · 谈判", "markdown": "**客户**：腾讯"}},
        }
    }
    (event,) = core.events
    assert isinstance(event, Click)
    assert event.card == "card-0001"
    assert 0 < core.waited[0] <= 1.2


async def test_a_click_whose_outcome_is_late_changes_nothing(door: stream.Stream, gateway: Gateway) -> None:
    link = await open_link(door, gateway)
    await link.send(clicked("m1"))
    assert response_of(await link.ack("m1")) == {"response": {}}


async def test_directory_events_are_confirmed(door: stream.Stream, gateway: Gateway, core: Core) -> None:
    link = await open_link(door, gateway)
    await link.send(recorded("frame_user_leave"))
    await link.send(recorded("frame_check_in"))
    assert response_of(await link.ack("0a0b0c0d00000002"))["status"] == "SUCCESS"
    assert response_of(await link.ack("0a0b0c0d00000006"))["status"] == "SUCCESS"
    (change,) = core.events
    assert isinstance(change, DirectoryChange)
    assert (change.user_id, change.left) == ("lina", True)


async def test_nonsense_is_survived(door: stream.Stream, gateway: Gateway, core: Core) -> None:
    link = await open_link(door, gateway)
    for nonsense in (
        "",
        "{",
        "[]",
        "null",
        '{"type": 3}',
        "[" * 3000,
        json.dumps({"type": "CALLBACK", "headers": {"a": 1}}),
    ):
        await link.send(nonsense)
    await link.send(callback("/v1.0/graph/api/invoke", {}, "m1"))
    await link.send(callback(frames.TOPIC_ROBOT, {"msgtype": "text"}, "m2"))
    core.refusals = [Rejected(400, "half a character"), RuntimeError("a fault of ours")]
    await link.send(said(message_id="m3"))
    await link.ack("m3")
    await link.send(said(message_id="m4"))
    await until(lambda: not core.refusals)
    await link.send(said(message_id="m5"))
    assert (await link.ack("m5"))["code"] == 200
    codes = {ack["headers"]["messageId"]: ack["code"] for ack in link.acks}
    assert codes == {"m1": 404, "m2": 400, "m3": 400, "m5": 200}
    assert len(gateway.links) == 1


async def test_asked_to_leave_it_has_a_new_socket_while_the_old_one_drains(
    door: stream.Stream, gateway: Gateway, core: Core
) -> None:
    old = await open_link(door, gateway)
    core.gate.clear()
    await old.send(said(message_id="m1"))
    await old.send(recorded("frame_disconnect"))
    new = await gateway.link(2)
    assert not old.closed.is_set()
    await until(lambda: door.connected)
    await new.send(said("text_group", message_id="m2"))
    core.gate.set()
    assert (await old.ack("m1"))["code"] == 200
    assert (await new.ack("m2"))["code"] == 200
    await old.socket.close()
    await old.closed.wait()
    assert door.connected


@pytest.mark.usefixtures("impatient")
async def test_a_broken_socket_is_replaced(door: stream.Stream, gateway: Gateway) -> None:
    first = await open_link(door, gateway)
    assert first.socket._writer is not None
    first.socket._writer.transport.abort()
    await gateway.link(2)
    await until(lambda: door.connected)


async def test_a_frame_beyond_the_limit_costs_the_connection_and_no_more(
    door: stream.Stream, gateway: Gateway, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MAX_FRAME", 10_000)
    first = await open_link(door, gateway)
    await first.send(said() | {"padding": "长" * 10_000})
    second = await gateway.link(2)
    await second.send(said())
    assert (await second.ack("m1"))["code"] == 200


async def test_a_socket_that_brings_nothing_is_replaced(
    door: stream.Stream, gateway: Gateway, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SILENT_SECONDS", 0.05)
    await open_link(door, gateway)
    await gateway.link(3)


@pytest.mark.usefixtures("impatient")
async def test_refused_credentials_are_a_matter_of_setup(door: stream.Stream, gateway: Gateway) -> None:
    refused = {"code": "authFailed", "requestid": "r", "message": "鉴权失败"}
    gateway.refuse = [web.json_response(refused, status=401) for _ in range(2)]
    await door.start()
    await until(lambda: door.state == "setup")
    assert (door.connected, door.problem) == (False, "authFailed")
    await gateway.link()
    await until(lambda: door.state == "open")
    assert len(gateway.opened) == 3


@pytest.mark.usefixtures("impatient")
async def test_trouble_at_the_gateway_is_waited_out(door: stream.Stream, gateway: Gateway) -> None:
    gateway.refuse = [
        web.Response(status=502, text="<html>"),
        web.json_response({"code": "system.error"}, status=500),
        web.json_response({"endpoint": "http://elsewhere", "ticket": "t"}),
        web.json_response({"endpoint": "ws://127.0.0.1:1/", "ticket": "t"}),
        web.json_response({"endpoint": gateway.base_url.replace("http", "ws") + "/nowhere", "ticket": "t"}),
    ]
    await open_link(door, gateway)
    assert len(gateway.opened) == 6


async def test_stopping_finishes_what_is_in_work(door: stream.Stream, gateway: Gateway, core: Core) -> None:
    link = await open_link(door, gateway)
    core.gate.clear()
    await link.send(said())
    await link.send(recorded("frame_ping"))
    await link.ack("0a0b0c0d00000001")
    stopping = asyncio.create_task(door.stop())
    await asyncio.sleep(0)
    core.gate.set()
    await stopping
    assert (await link.ack("m1"))["code"] == 200
    await link.closed.wait()
    assert (door.connected, door.state, len(gateway.links)) == (False, "closed", 1)


def test_waits_between_attempts_grow_to_half_a_minute() -> None:
    assert stream.backoff(0) == stream.backoff(-1) == 0
    assert 0.5 <= stream.backoff(1) <= 1
    assert 4 <= stream.backoff(4) <= 8
    assert 15 <= stream.backoff(1000) <= 30


async def test_a_ticket_is_all_that_check_asks_for(gateway: Gateway, session: aiohttp.ClientSession) -> None:
    config = DingTalk("dingdemo0001", "secret-demo", api_base=gateway.base_url)
    assert (await stream.open_ticket(config, Http(session)))[1] == "ticket/1+="
    gateway.refuse = [web.json_response({"code": "x", "message": "robot not in stream mode"}, status=400)]
    with pytest.raises(SendError) as refused:
        await stream.open_ticket(config, Http(session))
    assert refused.value.fate == "setup"
    assert gateway.links == []
