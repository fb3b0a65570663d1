"""DingTalk's HTTP mode on a real socket: who may come in, and what each gets for an answer."""

from __future__ import annotations

import io
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from dingtalk_api import Api
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import DingTalk, Receiver
from bot.events import AnyEvent, Click, DirectoryChange, Message
from bot.platforms.base import Fate, Rejected, SendError, Unavailable
from bot.platforms.crypto import Envelope
from bot.platforms.dingtalk import callback, parse
from bot.platforms.dingtalk.client import Client
from bot.platforms.dingtalk.tokens import app_tokens
from bot.platforms.http import Http, open_session
from bot.platforms.tokens import MemoryTokens

PAYLOADS = Path(__file__).parent / "payloads" / "dingtalk"
AES_KEY = "1234567890123456789012345678901234567890123"
CONFIG = DingTalk(
    "dingdemo0001", "made-up-app-secret-0001", mode="http", card_secret="cardApiSecret03",
    events=Receiver("123456", AES_KEY),
)  # fmt: skip
ENVELOPE = Envelope("123456", AES_KEY, "dingdemo0001")
OUTCOME = {"title": "商机 · 谈判", "markdown": "**客户**：腾讯"}


class House:
    """A server with our receivers, and the core behind them."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.refusals: list[Exception] = []
        self.outcomes: dict[str, Mapping[str, Any]] = {}
        self.url = ""
        self.client: aiohttp.ClientSession | None = None

    async def accept(self, events: Sequence[AnyEvent]) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.events += events

    async def outcome(self, key: str, seconds: float) -> Mapping[str, Any] | None:
        assert seconds <= 1.2
        return self.outcomes.get(key) or self.outcomes.get("any")

    async def post(
        self, path: str, body: Any, headers: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        assert self.client is not None
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        async with self.client.post(f"{self.url}{path}", data=data, headers=headers, params=params) as response:
            raw = await response.read()
            return response.status, json.loads(raw) if raw else None


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    app = web.Application()
    app.add_routes(callback.routes("/acme/dingtalk", CONFIG, house.accept, house.outcome))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    house.url = f"http://127.0.0.1:{runner.addresses[0][1]}/acme/dingtalk"
    async with aiohttp.ClientSession() as client:
        house.client = client
        yield house
    await runner.cleanup()


def body(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def robot_headers(age: float = 0.0) -> dict[str, str]:
    timestamp = str(int((time.time() - age) * 1000))
    return {"timestamp": timestamp, "sign": callback.robot_sign(timestamp, CONFIG.client_secret)}


def card_headers(age: float = 0.0, secret: str = CONFIG.card_secret) -> dict[str, str]:
    timestamp = str(int((time.time() - age) * 1000))
    sign = callback.card_sign(timestamp, secret)
    return {"x-ddpaas-signature-timestamp": timestamp, "x-ddpaas-signature": sign}


def sealed(text: str | bytes, envelope: Envelope = ENVELOPE) -> tuple[dict[str, str], dict[str, str]]:
    """Body and query of an encrypted event."""
    answer = envelope.seal(text if isinstance(text, str) else text.decode(), "1735689600990", "n0nce")
    query = {"timestamp": answer.timestamp, "nonce": answer.nonce, "msg_signature": answer.signature}
    return {"encrypt": answer.encrypt}, query | {"signature": answer.signature}


def opened(answer: dict[str, str]) -> str:
    return ENVELOPE.open(answer["msg_signature"], answer["timeStamp"], answer["nonce"], answer["encrypt"])


def test_the_signatures_are_those_of_the_documentation() -> None:
    signed = callback.robot_sign("1735689600000", "made-up-app-secret-0001")
    assert signed == "7Xl72SX+3pvqIPS0v9afJ6HYS3YxhV6MWG6LMVohxv4="
    assert callback.card_sign("1735689600000", "cardApiSecret03") == "2+a7uLEZGEr5Gbp2vLEnyaDlrsxSyy28LdNGmzAiV2w="


def test_the_envelope_opens_the_vector_of_the_documentation() -> None:
    envelope = Envelope("123456", AES_KEY, "dingsnotzck6pm5veliw")
    cipher = "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA=="
    signature = "9a95a004dd16f5c307e849b994173f76aa26e5eb"
    assert envelope.open(signature, "1614767836", "A7Co0cJLMzIDtMMI", cipher) == "success"


async def test_a_message_is_stored_and_answered_with_nothing_to_say(house: House) -> None:
    assert await house.post("/robot", body("text"), robot_headers()) == (200, {"msgtype": "empty"})
    (event,) = house.events
    assert isinstance(event, Message)
    assert (event.key, event.origin.door, event.origin.user_id) == ("dingtalk:m:msgDEMO0001==", "dingtalk_http", "lina")


@pytest.mark.parametrize(
    ("age", "changes", "status"),
    [
        (3500, {}, 200),
        (3660, {}, 403),
        (-3660, {}, 403),
        (0, {"timestamp": "1735689600000"}, 403),
        (0, {"timestamp": "soon"}, 403),
        (0, {"sign": callback.robot_sign("1735689600000", "another")}, 403),
        (0, {"sign": ""}, 403),
        (0, {"sign": "签名".encode().decode("latin-1")}, 403),
    ],
    ids=str,
)
async def test_who_may_speak_for_the_robot(house: House, age: float, changes: dict[str, str], status: int) -> None:
    assert (await house.post("/robot", body("text"), robot_headers(age) | changes))[0] == status
    assert len(house.events) == (status == 200)


@pytest.mark.parametrize(
    ("payload", "status"),
    [(b"{", 400), (b"[]", 400), (b"", 400), (b"\xff", 400), (b"{}", 400), (b"x" * 65_537, 413)],
    ids=["cut", "list", "empty", "bytes", "bare", "large"],
)
async def test_malformed_messages(house: House, payload: bytes, status: int) -> None:
    assert (await house.post("/robot", payload, robot_headers()))[0] == status
    assert house.events == []


async def test_a_flood_is_cut_off_whether_it_says_its_size_or_not(house: House) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield b"x" * 1_000_000

    assert house.client is not None
    for data in (io.BytesIO(b"x" * 8_000_000), drops()):
        async with house.client.post(f"{house.url}/robot", data=data, headers=robot_headers()) as response:
            assert response.status == 413


async def test_a_message_for_another_robot(house: House) -> None:
    foreign = json.loads(body("text")) | {"robotCode": "dingother"}
    assert (await house.post("/robot", foreign, robot_headers()))[0] == 403


async def test_without_the_database_the_platform_is_asked_to_repeat(house: House) -> None:
    event, query = sealed(body("event_http_user_add"))
    house.refusals = [Unavailable(), Unavailable(), Unavailable(), RuntimeError("a fault of ours")]
    assert (await house.post("/robot", body("text"), robot_headers()))[0] == 503
    assert (await house.post("/cards", body("card_button"), card_headers()))[0] == 503
    assert (await house.post("/events", event, params=query))[0] == 503
    assert (await house.post("/robot", body("text"), robot_headers()))[0] == 503
    assert house.events == []


async def test_a_click_is_answered_with_its_outcome(house: House) -> None:
    house.outcomes["any"] = OUTCOME
    status, answer = await house.post("/cards", body("card_button"), card_headers())
    assert (status, answer) == (
        200,
        {"cardUpdateOptions": {"updateCardDataByKey": True}, "cardData": {"cardParamMap": OUTCOME}},
    )
    (click,) = house.events
    assert isinstance(click, Click)
    assert click.button == "move_deal:stage=negotiation:deal=7:version=3"


async def test_a_click_is_one_however_often_it_is_delivered_and_another_is_another(house: House) -> None:
    first, second = card_headers(), card_headers(age=1)
    for headers in (first, first, second):
        assert await house.post("/cards", body("card_button"), headers) == (200, {})
    one, again, other = (event.key for event in house.events)
    assert one == again != other


@pytest.mark.parametrize(
    ("age", "secret", "status"),
    [
        (280, CONFIG.card_secret, 200),
        (310, CONFIG.card_secret, 403),
        (-310, CONFIG.card_secret, 403),
        (0, "other", 403),
    ],
)
async def test_who_may_click(house: House, age: float, secret: str, status: int) -> None:
    assert (await house.post("/cards", body("card_button"), card_headers(age, secret)))[0] == status


async def test_unsigned_requests(house: House) -> None:
    for path, name in (("/robot", "text"), ("/cards", "card_button"), ("/events", "event_http_user_add")):
        assert (await house.post(path, body(name)))[0] in (400, 403)
    assert house.events == []


async def test_without_a_secret_of_their_own_cards_are_signed_with_the_apps() -> None:
    assert callback.card_secret(DingTalk("a", "app-secret")) == "app-secret"


async def test_a_card_callback_that_is_no_click_is_ignored(house: House) -> None:
    assert await house.post("/cards", body("card_dynamic_data"), card_headers()) == (200, {})
    assert house.events == []


async def test_saving_the_address_in_the_console(house: House) -> None:
    event, query = sealed(body("event_http_check_url"))
    status, answer = await house.post("/events", event, params=query)
    assert (status, opened(answer)) == (200, "success")
    assert sorted(answer) == ["encrypt", "msg_signature", "nonce", "timeStamp"]
    assert house.events == []


async def test_a_directory_event(house: House) -> None:
    event, query = sealed(body("event_http_user_add"))
    status, answer = await house.post("/events", event, params=query)
    assert (status, opened(answer)) == (200, "success")
    lina, wang = house.events
    assert isinstance(lina, DirectoryChange)
    assert isinstance(wang, DirectoryChange)
    assert (lina.user_id, wang.user_id) == ("lina", "wangqiang")
    assert lina.sent_at == datetime(2025, 1, 1, 0, 0, 1, tzinfo=UTC)


async def test_an_event_nobody_needs_is_confirmed(house: House) -> None:
    event, query = sealed(json.dumps({"EventType": "check_in", "staffId": "lina"}))
    assert (await house.post("/events", event, params=query))[0] == 200
    assert house.events == []


async def test_events_of_others_and_broken_ones(house: House) -> None:
    event, query = sealed(body("event_http_user_add"))
    foreign, foreign_query = sealed(body("event_http_user_add"), Envelope("123456", AES_KEY, "dingother"))
    broken, broken_query = sealed("{not json")
    assert (await house.post("/events", event, params=query | {"msg_signature": "0" * 40}))[0] == 403
    assert (await house.post("/events", event, params={}))[0] == 403
    assert (await house.post("/events", foreign, params=foreign_query))[0] == 403
    assert (await house.post("/events", broken, params=broken_query))[0] == 400
    assert (await house.post("/events", b"<xml/>", params=query))[0] == 400
    assert (await house.post("/events", {"encrypt": 7}, params=query))[0] == 400


def test_stream_mode_has_no_open_doors_but_those_asked_for() -> None:
    async def accept(events: Sequence[AnyEvent]) -> None: ...

    async def outcome(key: str, seconds: float) -> None: ...

    only_stream = callback.routes("/acme/dingtalk", DingTalk("a", "b"), accept, outcome)
    with_events = callback.routes("/acme/dingtalk", DingTalk("a", "b", events=CONFIG.events), accept, outcome)
    assert [route.path for route in only_stream] == []
    assert [route.path for route in with_events] == ["/acme/dingtalk/events"]


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200),
    st.dictionaries(st.sampled_from(["timestamp", "nonce", "msg_signature"]), st.text(max_size=60)),
)
def test_whatever_is_sent_to_the_events_is_refused_in_words(data: bytes, query: dict[str, str]) -> None:
    try:
        cipher = parse.mapping(data).get("encrypt")
        ENVELOPE.open(query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", ""), str(cipher))
    except Rejected as refused:
        assert refused.status in (400, 403)


async def test_the_route_of_clicks_is_registered_until_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callback, "PAUSES", (0.0,))
    api = await Api().start()
    path = "/v1.0/card/callbacks/register"
    api.answer(path, b"<html>", status=502)
    api.answer(path, {"success": True, "result": {}})
    async with open_session() as session:
        http = Http(session)
        config = DingTalk("dingdemo", "s", card_secret="cs", api_base=api.base_url, oapi_base=api.base_url)
        client = Client(config, http, app_tokens(config, http, MemoryTokens()))
        await callback.register(client, "https://bot.example.com/acme/dingtalk/cards")
        api.answer(path, {"code": "param.callbackUrlEmpty"}, status=400)
        await callback.register(client, "")
        with pytest.raises(SendError) as refused:
            await callback.register(client, "")
    assert refused.value.fate is Fate.PERMANENT
    assert api.calls(path)[1].body == {
        "callbackRouteKey": "scrm-dingdemo",
        "callbackUrl": "https://bot.example.com/acme/dingtalk/cards",
        "apiSecret": "cs",
        "forceUpdate": True,
    }
    await api.stop()
