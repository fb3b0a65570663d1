"""What leaves for DingTalk, and what its answers mean."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from dingtalk_api import ACCESS_TOKEN, Api

from bot.cards.card import Button, Card, rows
from bot.cards.dingtalk import PUBLIC_TEMPLATE, render
from bot.config import DingTalk
from bot.platforms.base import Fate, Outgoing, SendError
from bot.platforms.dingtalk.client import Client
from bot.platforms.dingtalk.errors import FATES, error_of, fate_of
from bot.platforms.dingtalk.sender import DingTalkSender
from bot.platforms.dingtalk.tokens import app_tokens
from bot.platforms.http import Http, may_have_acted, open_session
from bot.platforms.tokens import MemoryTokens

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CARD = Card(title="已记录 · 拜访", rows=rows(("客户", "腾讯")), buttons=(Button("撤销", "undo:turn=e1"),))
CREATE, DELIVER, CHANGE = (
    "/v1.0/card/instances/createAndDeliver",
    "/v1.0/card/instances/deliver",
    "/v1.0/card/instances",
)
TO_MEMBER, TO_GROUP = "/v1.0/robot/oToMessages/batchSend", "/v1.0/robot/groupMessages/send"
SESSION = "/robot/sendBySession"
QUOTA = {"code": "Forbidden.AccessDenied.ApiCountLimitForOrg", "message": "额度已用完"}
EXPIRED = {"code": "InvalidAuthentication", "message": "不合法的access_token"}


class Desk:
    """A sender, its API and the meter."""

    def __init__(self, api: Api, http: Http, **config: Any) -> None:
        self.api, self.counted = api, list[str]()
        self.config = DingTalk("dingdemo", "secret-demo", api_base=api.base_url, oapi_base=api.base_url, **config)
        self.client = Client(self.config, http, app_tokens(self.config, http, MemoryTokens()), self.counted.append)
        self.sender = DingTalkSender(self.client, lambda: NOW)

    @property
    def session(self) -> str:
        return f"{self.api.base_url}{SESSION}?session=s1"


def item(
    kind: str = "card", *, user_id: str = "lina", group: str = "", repeated: bool = False, **payload: Any
) -> Outgoing:
    payload = {"card": msgspec.to_builtins(CARD)} | payload if kind in ("card", "update") else payload
    return Outgoing(1, "reply:1", kind, "dingtalk", user_id, payload, "c0ffee", repeated, group)


def delivered(**changes: Any) -> dict[str, Any]:
    result = {
        "spaceType": "IM_ROBOT",
        "spaceId": "lina",
        "success": True,
        "carrierId": "pqk1",
        "errorMsg": "",
        **changes,
    }
    return {"success": True, "result": {"outTrackId": "c0ffee", "deliverResults": [result]}}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = await Api().start()
    yield api
    await api.stop()


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with open_session() as session:
        yield Http(session)


@pytest.fixture
def desk(api: Api, http: Http) -> Desk:
    return Desk(api, http)


async def failure(desk: Desk, item: Outgoing) -> SendError:
    with pytest.raises(SendError) as failed:
        await desk.sender.send(item)
    return failed.value


async def test_a_card_is_made_and_delivered_in_one_call(desk: Desk) -> None:
    desk.api.answer(CREATE, delivered())
    assert (await desk.sender.send(item())).remote_id == "pqk1"
    (asked,) = desk.api.calls(CREATE)
    assert asked.token == "token-1"
    assert asked.body == {
        "cardTemplateId": PUBLIC_TEMPLATE,
        "outTrackId": "c0ffee",
        "callbackType": "STREAM",
        "cardData": {"cardParamMap": render(CARD)},
        "userIdType": 1,
        "openSpaceId": "dtv1.card//IM_ROBOT.lina",
        "imRobotOpenSpaceModel": {"supportForward": False, "lastMessageI18n": {"ZH_CN": "已记录 · 拜访：腾讯"}},
        "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT", "robotCode": "dingdemo"},
    }
    assert desk.counted == ["api"]


async def test_in_http_mode_clicks_have_a_route(api: Api, http: Http) -> None:
    desk = Desk(api, http, mode="http", card_template_id="own.schema", robot_code="dingrobot")
    api.answer(CREATE, delivered())
    await desk.sender.send(item())
    body = api.calls(CREATE)[0].body
    assert (body["callbackType"], body["callbackRouteKey"]) == ("HTTP", "scrm-dingdemo")
    assert (body["cardTemplateId"], body["imRobotOpenDeliverModel"]["robotCode"]) == ("own.schema", "dingrobot")


async def test_a_repeat_of_a_card_that_arrived_counts_as_sent(desk: Desk) -> None:
    desk.api.answer(CREATE, {"code": "param.cardAlreadyExist", "message": "param.cardAlreadyExist"}, status=400)
    await desk.sender.send(item(repeated=True))
    assert desk.api.calls(DELIVER) == []


async def test_a_failed_delivery_hides_in_a_success_and_a_repeat_does_not_pass_for_sent(desk: Desk) -> None:
    failed = delivered(success=False, errorMsg="spaceId is illegal", carrierId="")
    desk.api.answer(CREATE, failed)
    desk.api.answer(
        DELIVER, {"success": True, "result": failed["result"]["deliverResults"]}, {"success": True, "result": []}
    )
    error = await failure(desk, item())
    assert (error.fate, error.code, str(error)) == (Fate.PERMANENT, "undelivered", "undelivered spaceId is illegal")
    assert (await failure(desk, item())).code == "undelivered"
    await desk.sender.send(item())
    assert [asked.path for asked in desk.api.asked[1:]] == [CREATE, DELIVER, DELIVER]
    assert "cardData" not in desk.api.calls(DELIVER)[0].body


async def test_an_update_replaces_all_variables_of_the_target(desk: Desk) -> None:
    await desk.sender.send(item("update", target="c1", response_code=""))
    (asked,) = desk.api.calls(CHANGE)
    assert (asked.method, asked.body) == (
        "PUT",
        {
            "outTrackId": "c1",
            "cardData": {"cardParamMap": render(CARD)},
            "cardUpdateOptions": {"updateCardDataByKey": True},
        },
    )


async def test_a_picture_is_uploaded_and_shown(desk: Desk) -> None:
    desk.api.answer("/media/upload", {"errcode": 0, "errmsg": "ok", "media_id": "@lAL1", "type": "image"})
    desk.api.answer(TO_MEMBER, {"processQueryKey": "pqk2", "invalidStaffIdList": []})
    sent = await desk.sender.send(item("picture", png=base64.b64encode(b"\x89PNG").decode(), name="qr.png"))
    assert sent.remote_id == "pqk2"
    (upload,), (message,) = desk.api.calls("/media/upload"), desk.api.calls(TO_MEMBER)
    assert b'filename="qr.png"' in upload.body
    assert b"\x89PNG" in upload.body
    assert (message.body["userIds"], message.body["msgKey"]) == (["lina"], "sampleImageMsg")
    assert json.loads(message.body["msgParam"]) == {"photoURL": "@lAL1"}


async def test_a_line_into_a_group_uses_the_session_while_it_lives(desk: Desk) -> None:
    desk.api.answer(SESSION, {"errcode": 0, "errmsg": "ok"})
    line = item("line", user_id="", group="cid1", text="已记录，详情见私聊", session_webhook=desk.session)
    await desk.sender.send(line)
    assert desk.api.calls(SESSION)[0].body == {"msgtype": "text", "text": {"content": "已记录，详情见私聊"}}
    assert desk.counted == []


@pytest.mark.parametrize(
    "session",
    [
        {"session_webhook": "https://evil.example.com/x"},
        {"session_webhook": "http://oapi.dingtalk.com.evil.example/x"},
        {"session_webhook": "::"},
        {"session_until": "2026-11-23T00:59:59+00:00"},
        {},
    ],
    ids=str,
)
async def test_without_a_session_of_dingtalk_itself_it_uses_the_api(desk: Desk, session: dict[str, str]) -> None:
    payload = {"session_webhook": desk.session} | session if "session_until" in session else session
    desk.api.answer(TO_GROUP, {"processQueryKey": "pqk3"})
    sent = await desk.sender.send(item("line", user_id="", group="cid1", text="已记录", **payload))
    assert sent.remote_id == "pqk3"
    assert desk.api.calls(TO_GROUP)[0].body["openConversationId"] == "cid1"
    assert desk.api.calls(SESSION) == []


async def test_an_ended_session_falls_back_and_a_stranger_cannot_be_reached(desk: Desk) -> None:
    desk.api.answer(SESSION, {"errcode": 300001, "errmsg": "session 不存在"})
    stranger = item("line", user_id="", text="抱歉", session_webhook=desk.session)
    assert (await failure(desk, stranger)).fate is Fate.PERMANENT
    desk.api.answer(TO_MEMBER, {"processQueryKey": "pqk4"})
    known = item("line", text="抱歉", session_webhook=desk.session, repeated=True)
    assert (await desk.sender.send(known)).remote_id == "pqk4"
    assert json.loads(desk.api.calls(TO_MEMBER)[0].body["msgParam"]) == {"content": "抱歉（重发）"}


async def test_when_the_quota_is_gone_an_answer_goes_through_the_session(desk: Desk) -> None:
    desk.api.answer(CREATE, QUOTA, status=403)
    desk.api.answer(SESSION, {"errcode": 0, "errmsg": "ok"}, {"errcode": 300001, "errmsg": "session 不存在"})
    alive = {"session_webhook": desk.session, "session_until": "2026-11-23T02:00:00+00:00"}
    assert (await desk.sender.send(item(**alive))).remote_id == "session"
    markdown = desk.api.calls(SESSION)[0].body["markdown"]
    assert "腾讯" in markdown["text"]
    assert "可以直接回复：撤销" in markdown["text"]
    for later in (item(**alive), item(), item(session_webhook=desk.session, session_until="2026-11-23T00:00:00+00:00")):
        assert (await failure(desk, later)).fate is Fate.QUOTA
    assert len(desk.api.calls(SESSION)) == 2
    assert desk.counted == []


async def test_an_expired_token_is_renewed_once(desk: Desk) -> None:
    desk.api.answer(CREATE, EXPIRED, status=400)
    desk.api.answer(CREATE, delivered())
    assert (await desk.sender.send(item())).remote_id == "pqk1"
    assert [asked.token for asked in desk.api.calls(CREATE)] == ["token-1", "token-2"]


async def test_a_token_that_is_never_good_does_not_loop(desk: Desk) -> None:
    desk.api.answer(CREATE, EXPIRED, status=400)
    assert (await failure(desk, item())).fate is Fate.TOKEN
    assert (len(desk.api.calls(CREATE)), desk.api.tokens) == (2, 2)


async def test_many_senders_share_one_token_request(desk: Desk) -> None:
    desk.api.answer(CREATE, delivered())
    await asyncio.gather(*(desk.sender.send(item()) for _ in range(20)))
    assert desk.api.tokens == 1
    assert len(desk.counted) == 20


async def test_a_wrong_secret_is_asked_about_only_once_a_minute(desk: Desk) -> None:
    desk.api.answer(
        ACCESS_TOKEN, {"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"}, status=400
    )
    for _ in range(3):
        assert (await failure(desk, item())).fate is Fate.SETUP
    assert len(desk.api.asked) == 1


@pytest.mark.parametrize(
    ("status", "answer", "fate"),
    [
        (403, {"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"}, Fate.RATE),
        (400, {"code": "send.too.fast"}, Fate.RATE),
        (403, {"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied"}, Fate.SETUP),
        (403, {"code": "Forbidden.AccessDenied.IpNotInWhiteList"}, Fate.SETUP),
        (400, {"code": "param.templateNotExist"}, Fate.SETUP),
        (400, {"code": "param.openSpaceIdInvalid"}, Fate.PERMANENT),
        (500, {"code": "unknownError", "message": "未知错误"}, Fate.RETRY),
        (503, {"code": "ServiceUnavailable"}, Fate.RETRY),
        (200, {"status": 1111, "wait": 5, "source": "x5", "punish": "deny"}, Fate.RATE),
        (200, {"success": False}, Fate.PERMANENT),
        (200, b"<html>", Fate.RETRY),
        (502, b"<html>", Fate.RETRY),
        (418, {}, Fate.PERMANENT),
    ],
)
async def test_refusals_and_what_to_do(desk: Desk, status: int, answer: Any, fate: Fate) -> None:
    desk.api.answer(CREATE, answer, status=status)
    assert (await failure(desk, item())).fate is fate


@pytest.mark.parametrize(
    ("body", "code", "fate"),
    [
        ({"errcode": 0, "errmsg": "ok"}, None, None),
        ({"errcode": "0"}, None, None),
        ({"errcode": 42001}, "42001", Fate.TOKEN),
        ({"errcode": 90020}, "90020", Fate.QUOTA),
        ({"errcode": 88, "sub_code": "90018", "sub_msg": "too fast"}, "90018", Fate.RATE),
        ({"errcode": 88, "sub_code": "60011", "sub_msg": "no permission"}, "60011", Fate.SETUP),
        ({"errcode": 88, "sub_code": "x"}, "88", Fate.SETUP),
        ({"errcode": 60121}, "60121", Fate.PERMANENT),
    ],
)
def test_the_old_host_says_everything_in_a_200(body: dict[str, Any], code: str | None, fate: Fate | None) -> None:
    error = error_of(200, body)
    assert (error and error.code, error and error.fate) == (code, fate)


async def test_unreached_recipients_of_a_robot_message(desk: Desk) -> None:
    desk.api.answer(TO_MEMBER, {"invalidStaffIdList": ["lina"]}, {"flowControlledStaffIdList": ["lina"]})
    assert (await failure(desk, item("line", text="x"))).fate is Fate.PERMANENT
    assert (await failure(desk, item("line", text="x"))).fate is Fate.RATE


def test_a_gateway_timeout_may_have_acted() -> None:
    error = error_of(504, {"code": "gateway", "message": "timeout"})
    assert error is not None
    assert (error.fate, may_have_acted(error)) == (Fate.RETRY, True)


async def test_payloads_that_make_no_sense_are_given_up(desk: Desk) -> None:
    for row in (item(card={}), item(card=None), item("update"), item("picture", png="%"), item("poem")):
        assert (await failure(desk, row)).fate is Fate.PERMANENT
    assert desk.api.calls(CREATE) == []


def test_every_fate_in_the_table_is_what_it_says() -> None:
    assert all(fate_of(400, code) is fate for code, fate in FATES.items())
    assert {fate_of(status, "?") for status in (500, 502, 504, 408)} == {Fate.RETRY}
    assert (fate_of(401, ""), fate_of(403, ""), fate_of(429, "")) == (Fate.TOKEN, Fate.SETUP, Fate.RATE)
