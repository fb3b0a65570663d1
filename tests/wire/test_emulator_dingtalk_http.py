"""The DingTalk emulator in HTTP mode: signatures and envelopes, judged by published vectors and by wechatpy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from dingtalk_kit import Desk, Receiver, open_desk, params, receiving
from wechatpy.crypto import PrpCrypto
from wechatpy.enterprise.crypto import WeChatCrypto

from emulator.crypto import Envelope
from emulator.dingtalk.callbacks import card_sign, robot_sign
from emulator.dingtalk.calls import ms
from emulator.dingtalk.world import CLIENT_ID, EVENTS_AES_KEY, EVENTS_TOKEN

CRYPTO = WeChatCrypto(EVENTS_TOKEN, EVENTS_AES_KEY, CLIENT_ID)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk(mode="http") as desk:
        yield desk


@pytest.fixture
async def receiver(desk: Desk) -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        desk.dingtalk.robot_url = f"{receiver.url}/robot"
        desk.dingtalk.events_url = f"{receiver.url}/events"
        yield receiver


def success(message: str = "success") -> dict[str, str]:
    """The answer to an event, sealed by wechatpy."""
    cipher = PrpCrypto(CRYPTO.key).encrypt(message, CLIENT_ID).decode()
    signature = Envelope(EVENTS_TOKEN, EVENTS_AES_KEY, CLIENT_ID).sign("1735689600", "n0nce", cipher)
    return {"msg_signature": signature, "timeStamp": "1735689600", "nonce": "n0nce", "encrypt": cipher}


def opened(query: dict[str, str], body: dict[str, str]) -> Any:
    """An event's plaintext; wechatpy checks signature, padding and receiver."""
    assert query["signature"] == query["msg_signature"]
    plain = CRYPTO.check_signature(query["msg_signature"], query["timestamp"], query["nonce"], body["encrypt"])
    return json.loads(plain)


def test_signatures_match_the_published_vectors() -> None:
    expected = "7Xl72SX+3pvqIPS0v9afJ6HYS3YxhV6MWG6LMVohxv4="
    assert robot_sign("1735689600000", "made-up-app-secret-0001") == expected
    assert card_sign("1735689600000", "cardApiSecret03") == "2+a7uLEZGEr5Gbp2vLEnyaDlrsxSyy28LdNGmzAiV2w="
    envelope = Envelope("123456", "1234567890123456789012345678901234567890123", "dingsnotzck6pm5veliw")
    cipher = "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA=="
    assert envelope.sign("1614767836", "A7Co0cJLMzIDtMMI", cipher) == "9a95a004dd16f5c307e849b994173f76aa26e5eb"
    assert envelope.open(cipher) == b"success"


async def test_a_robot_message_is_signed_and_may_be_answered_at_once(desk: Desk, receiver: Receiver) -> None:
    receiver.answers = [{"msgtype": "text", "text": {"content": "收到"}}, {"msgtype": "empty"}, {"msgtype": "odd"}]
    assert (await desk.dingtalk.say("lina", "今天拜访了腾讯")).accepted
    path, headers, _, body = receiver.requests[0]
    assert path == "/robot" and headers["timestamp"] == str(ms(desk.clocks.now))
    assert headers["sign"] == robot_sign(headers["timestamp"], desk.dingtalk.client_secret)
    assert body["text"] == {"content": "今天拜访了腾讯"} and body["senderStaffId"] == "lina"
    await desk.dingtalk.say("lina", "嗯")
    await desk.dingtalk.say("lina", "嗯嗯")
    assert [(shown.sender, shown.body) for shown in desk.dingtalk.screen("lina")] == [
        ("lina", "今天拜访了腾讯"),
        ("bot", "收到"),
        ("lina", "嗯"),
        ("lina", "嗯嗯"),
    ]


async def test_the_events_address_is_checked_and_must_answer_in_cipher(desk: Desk, receiver: Receiver) -> None:
    receiver.answers = [success(), {"encrypt": "plain"}, success("fail")]
    assert await desk.dingtalk.verify_url()
    _, _, query, body = receiver.requests[0]
    assert opened(query, body) == {"EventType": "check_url"}
    assert not await desk.dingtalk.verify_url()
    assert not await desk.dingtalk.verify_url()


async def test_events_are_flattened_and_some_capitalise_their_fields(desk: Desk, receiver: Receiver) -> None:
    receiver.answers = [success(), success()]
    desk.dingtalk.add_member("zhoutao", "周涛")
    await asyncio.gather(*desk.dingtalk.background)
    data = {"objectType": "crm_customer", "dataId": "d1"}
    assert (await desk.dingtalk.fire_event("ding_paas_object_data_update", data)).accepted
    added, updated = (opened(query, body) for _, _, query, body in receiver.requests)
    assert (added["EventType"], added["CorpId"], added["userId"]) == (
        "user_add_org",
        desk.dingtalk.corp_id,
        ["zhoutao"],
    )
    assert added["EventTime"] == ms(desk.clocks.now) and added["eventId"]
    assert (updated["ObjectType"], updated["DataId"]) == ("crm_customer", "d1")


async def test_an_event_that_nobody_takes_is_retried_with_the_same_id(desk: Desk, receiver: Receiver) -> None:
    receiver.answers = [{}, {"encrypt": 7}, success()]
    delivery = await desk.dingtalk.fire_event("check_in", {"staffId": "lina"})
    assert (delivery.accepted, delivery.attempts) == (True, 3)
    assert len({opened(query, body)["eventId"] for _, _, query, body in receiver.requests}) == 1
    desk.dingtalk.events_url = "http://127.0.0.1:1/nobody"
    assert not (await desk.dingtalk.fire_event("check_in", {"staffId": "lina"})).accepted
    assert len(desk.dingtalk.failed_events) == 1


async def register(desk: Desk, receiver: Receiver, **more: Any) -> tuple[int, Any]:
    body = {"callbackRouteKey": "scrm", "callbackUrl": f"{receiver.url}/cards", "apiSecret": "cardApiSecret03"}
    return await desk.call("POST", "/v1.0/card/callbacks/register", body | more)


async def test_a_click_goes_signed_to_the_registered_address(desk: Desk, receiver: Receiver) -> None:
    assert (await register(desk, receiver))[1]["result"]["apiSecret"] == "cardApiSecret03"
    await desk.send_card(callbackType="HTTP", callbackRouteKey="scrm")
    receiver.answers = [{"cardData": {"cardParamMap": params("已推进")}}]
    await desk.dingtalk.click("lina", "deal-7", "move")
    path, headers, _, body = receiver.requests[0]
    timestamp = headers["x-ddpaas-signature-timestamp"]
    assert path == "/cards" and timestamp == str(ms(desk.clocks.now))
    assert headers["x-ddpaas-signature"] == card_sign(timestamp, "cardApiSecret03")
    assert (body["type"], body["outTrackId"], body["userId"]) == ("actionCallback", "deal-7", "lina")
    assert json.loads(body["content"])["cardPrivateData"]["actionIds"] == ["move"]
    assert desk.dingtalk.screen("lina")[0].title == "已推进"


async def test_a_click_answered_too_late_or_to_nobody_is_a_toast(desk: Desk, receiver: Receiver) -> None:
    async def never() -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    await desk.send_card("one", callbackType="HTTP", callbackRouteKey="scrm")
    assert (await desk.dingtalk.click("lina", "one", "move")).attempts == 0  # nothing is registered
    await register(desk, receiver)
    desk.dingtalk.limits.card_seconds = 0.1
    receiver.answers = [never()]
    assert not (await desk.dingtalk.click("lina", "one", "move")).accepted
    toasts = [entry for entry in desk.dingtalk.screen("lina")[0].wire if "toast" in entry]
    assert len(toasts) == 2


async def test_a_route_key_belongs_to_one_address_unless_forced(desk: Desk, receiver: Receiver) -> None:
    await register(desk, receiver)
    status, answer = await register(desk, receiver)
    assert (status, answer["code"]) == (500, "param.callbackRouteKeyExist")
    assert (await register(desk, receiver, forceUpdate=True))[0] == 200


async def test_a_proxy_in_front_of_the_registered_address(desk: Desk, receiver: Receiver) -> None:
    await register(desk, receiver, callbackUrl="https://crm.example.com/cards")
    desk.dingtalk.cards_url = f"{receiver.url}/behind-the-proxy"
    await desk.send_card(callbackType="HTTP", callbackRouteKey="scrm")
    await desk.dingtalk.click("lina", "deal-7", "move")
    assert receiver.requests[0][0] == "/behind-the-proxy"


async def test_a_robot_in_http_mode_cannot_be_subscribed(desk: Desk) -> None:
    assert (await desk.ticket())[0] == 400
    events_only = [{"type": "EVENT", "topic": "*"}]
    assert (await desk.ticket(subscriptions=events_only))[0] == 200
