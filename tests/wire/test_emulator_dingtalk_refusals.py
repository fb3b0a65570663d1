"""What DingTalk refuses, rule by rule: plain HTTP against the emulator, and junk that must never break it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from dingtalk_kit import GROUP, ROBOT, Desk, card, open_desk, params

from emulator.dingtalk.server import ENDPOINTS

SEND, GROUP_SEND = "/v1.0/robot/oToMessages/batchSend", "/v1.0/robot/groupMessages/send"
INSTANCES, DELIVER = "/v1.0/card/instances", "/v1.0/card/instances/deliver"
CREATE, STREAMING = "/v1.0/card/instances/createAndDeliver", "/v1.0/card/streaming"
TOKEN, UNIFIED = "/v1.0/oauth2/accessToken", "/v1.0/oauth2/ding00000000000000000000000000000001/token"
DENIED = "Forbidden.AccessDenied."
TEXT = {"robotCode": "dingdemo0001", "userIds": ["lina"], "msgKey": "sampleText", "msgParam": '{"content":"您好"}'}
TO_GROUP = {**TEXT, "openConversationId": GROUP}
RECALL = {"robotCode": "dingdemo0001", "processQueryKeys": ["k"] * 21}
FILE = {"robotCode": "dingdemo0001", "downloadCode": "dcNOSUCH"}
FRAME = {"outTrackId": "ai", "key": "msgContent", "content": "本周", "guid": "g", "isFull": True, "isFinalize": False}
UPDATE = {"outTrackId": "deal-7", "cardData": {"cardParamMap": {}}}
PAGE = {"dept_id": 2, "cursor": 0, "size": 100}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as desk:
        yield desk


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


def with_param(value: Any) -> dict[str, Any]:
    return {**card(), "cardData": {"cardParamMap": {"title": value}}}


NEW_HOST: list[tuple[int, str, str, Any, int, str]] = [
    (3, "POST", TOKEN, {"appKey": "dingdemo0001", "appSecret": "wrong"}, 400, "invalidClientIdOrSecret"),
    (4, "POST", UNIFIED, {"grant_type": "password"}, 400, "unsupported.grant.type"),
    (4, "POST", UNIFIED, {"grant_type": "client_credentials", "client_id": "x"}, 400, "invalid.client"),
    (6, "POST", "/v1.0/nosuch", {}, 404, "InvalidAction.NotFound"),
    (6, "GET", SEND, None, 404, "InvalidAction.NotFound"),
    (12, "POST", "/v1.0/gateway/connections/open", {"clientId": "x"}, 401, "authFailed"),
    (30, "POST", SEND, without(TEXT, "robotCode"), 400, "invalidParameter.robotCode.empty"),
    (30, "POST", SEND, {**TEXT, "robotCode": "dingother"}, 400, "invalidParameter.robotCode.notExsit"),
    (31, "POST", SEND, {**TEXT, "userIds": []}, 400, "invalidParameter.userIds.empty"),
    (31, "POST", SEND, {**TEXT, "userIds": ["u"] * 21}, 400, "invalidParameter.userIds.overMax"),
    (33, "POST", SEND, without(TEXT, "msgKey"), 400, "invalidParameter.msgKey.empty"),
    (33, "POST", SEND, {**TEXT, "msgKey": "sampleOdd"}, 400, "invalidParameter.msgKey.invalid"),
    (34, "POST", SEND, {**TEXT, "msgParam": {"content": "您好"}}, 400, "invalidParameter.msgParam.invalid"),
    (34, "POST", SEND, {**TEXT, "msgParam": "您好"}, 400, "invalidParameter.msgParam.invalid"),
    (34, "POST", SEND, {**TEXT, "msgParam": f'"{"好" * 5000}"'}, 400, "invalidParameter.msgParam.tooLong"),
    (35, "POST", SEND, {**TEXT, "msgParam": "{}"}, 400, "miss.param.contentOfText"),
    (35, "POST", SEND, {**TEXT, "msgKey": "sampleMarkdown", "msgParam": '{"text":"a"}'}, 400, "miss.param.markdownTotitle"),
    (35, "POST", SEND, {**TEXT, "msgKey": "sampleFile", "msgParam": "{}"}, 400, "miss.param.file"),
    (36, "POST", GROUP_SEND, without(TO_GROUP, "openConversationId"), 400, "miss.openConversationId"),
    (36, "POST", GROUP_SEND, {**TO_GROUP, "openConversationId": "cidX"}, 400, "invalid.openConversationId"),
    (39, "POST", "/v1.0/robot/otoMessages/batchRecall", RECALL, 400, "invalidParameter.processQueryKeys.overMax"),
    (40, "POST", "/v1.0/robot/oToMessages/batchRecall", RECALL, 404, "InvalidAction.NotFound"),
    (41, "POST", "/v1.0/robot/messageFiles/download", FILE, 400, "invalidParameter.robotCode.downloadCode"),
    (41, "POST", "/v1.0/robot/messageFiles/download", {**FILE, "robotCode": "x"}, 400, "invalidParameter.robotCode.auth"),
    (41, "POST", "/v1.0/robot/messageFiles/download", {}, 400, "invalidParameter.robotCode.empty"),
    (42, "POST", CREATE, {**card(), "cardTemplateId": "nosuch"}, 400, "param.templateNotExist"),
    (42, "POST", CREATE, {**card(), "cardTemplateId": "draft.schema"}, 400, "param.templateUnpublished"),
    (42, "POST", CREATE, without(card(), "cardTemplateId"), 400, "param.cardTemplateIdEmpty"),
    (43, "POST", CREATE, {**card(), "outTrackId": ""}, 400, "param.outTrackIdEmpty"),
    (43, "POST", CREATE, card("there"), 400, "param.cardAlreadyExist"),
    (43, "PUT", INSTANCES, UPDATE, 400, "param.cardNotExist"),
    (43, "POST", DELIVER, card(), 400, "param.cardNotExist"),
    (44, "POST", CREATE, without(card(), "cardData"), 400, "param.cardPublicDataEmpty"),
    (44, "PUT", INSTANCES, {"outTrackId": "there"}, 400, "param.cardDataAndPrivateDataBothEmpty"),
    (45, "POST", CREATE, with_param(7), 400, "param.invalid"),
    (45, "POST", CREATE, with_param("好" * 342), 400, "param.invalid"),  # 1,026 bytes
    (46, "POST", CREATE, without(card(), "openSpaceId"), 400, "param.openSpaceIdEmpty"),
    (46, "POST", CREATE, {**card(), "openSpaceId": "IM_ROBOT.lina"}, 400, "param.openSpaceIdInvalid"),
    (46, "POST", CREATE, {**card(), "openSpaceId": "dtv1.card//MOON.lina"}, 400, "param.openSpaceIdInvalid"),
    (46, "POST", CREATE, without(card(), "imRobotOpenDeliverModel"), 400, "param.openDeliverModelEmpty"),
    (46, "POST", CREATE, {**card(), "openSpaceId": f"dtv1.card//IM_GROUP.{GROUP}"}, 400, "param.spaceDeliverModelEmpty"),
    (46, "POST", CREATE, without(card(), "imRobotOpenSpaceModel"), 400, "param.openSpaceModelInvalid"),
    (46, "POST", CREATE, {**card(), "userId": "nosuch"}, 400, "param.userIdNotExist"),
    (49, "PUT", STREAMING, {**FRAME, "outTrackId": "nosuch"}, 400, "param.stream.outTrackId"),
    (49, "PUT", STREAMING, without(FRAME, "key"), 400, "param.stream.keyEmpty"),
    (49, "PUT", STREAMING, without(FRAME, "content"), 400, "param.stream.contentEmpty"),
    (49, "PUT", STREAMING, without(FRAME, "guid"), 400, "param.stream.guidEmpty"),
    (49, "PUT", STREAMING, without(FRAME, "isFull"), 400, "param.stream.isFull"),
    (49, "PUT", STREAMING, {**FRAME, "content": "好" * 1025}, 400, "param.stream.content"),
    (50, "PUT", STREAMING, {**FRAME, "key": "markdown"}, 500, "unknownError"),
    (53, "POST", "/v1.0/im/v1.0/robot/interactiveCards/send", {}, 403, DENIED + "AccessTokenPermissionDenied"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "method", "path", "body", "status", "code"), NEW_HOST)
async def test_the_new_host(desk: Desk, rule: int, method: str, path: str, body: Any, status: int, code: str) -> None:
    desk.dingtalk.add_template("draft.schema", published=False)
    ai = {"cardTemplateId": "382e4302-551d-4880-bf29-a30acfab2e71.schema"}
    await desk.send_card("there")
    await desk.send_card("ai", **ai)
    got, answer = await desk.call(method, path, body)
    assert (got, answer["code"]) == (status, code), rule
    assert answer["requestid"] and answer["message"]


OLD_HOST: list[tuple[int, str, str, Any, int]] = [
    (2, "POST", "/topapi/v2/user/get?access_token=", {"userid": "lina"}, 41001),
    (2, "POST", "/topapi/v2/user/get?access_token=nosuch", {"userid": "lina"}, 40014),
    (3, "GET", "/gettoken?appkey=dingdemo0001&appsecret=wrong", None, 40089),
    (6, "POST", "/gettoken", {}, 43001),
    (6, "GET", "/topapi/v2/user/get", None, 43002),
    (25, "POST", "/robot/sendBySession?session=nosuch", {"msgtype": "empty"}, 300001),
    (55, "POST", "/topapi/v2/user/get", {"userid": "nosuch"}, 60121),
    (55, "POST", "/topapi/v2/user/get", {}, 400002),
    (55, "POST", "/topapi/v2/user/get", {"userid": "hidden"}, 50002),
    (55, "POST", "/topapi/v2/user/getbymobile", {"mobile": "13900000000"}, 60121),
    (55, "POST", "/topapi/v2/user/getbymobile", {"mobile": "lina"}, 40104),
    (55, "POST", "/topapi/user/getbyunionid", {"unionid": "nosuch"}, 60121),
    (55, "POST", "/topapi/v2/department/get", {"dept_id": 99}, 60003),
    (55, "POST", "/topapi/v2/department/listsub", {"dept_id": 99}, 60003),
    (55, "POST", "/topapi/user/listid", {"dept_id": 99}, 60003),
    (55, "POST", "/topapi/v2/user/list", {**PAGE, "size": 101}, 40069),
    (55, "POST", "/topapi/user/listsimple", {**PAGE, "cursor": -1}, 40068),
    (55, "POST", "/topapi/user/listsimple", {**PAGE, "order_field": "odd"}, 400002),
    (62, "POST", "/topapi/checkin/record/get", {"userid_list": ",".join("abcdefghijk")}, 400002),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "method", "path", "body", "errcode"), OLD_HOST)
async def test_the_old_host(desk: Desk, rule: int, method: str, path: str, body: Any, errcode: int) -> None:
    desk.dingtalk.add_member("hidden", "外部顾问", visible=False)
    status, answer = await desk.call(method, path, body)
    assert (status, answer["errcode"]) == (200, errcode), rule
    assert answer["errmsg"] and answer["request_id"]


async def test_rule_1_a_token_must_be_there_and_known(desk: Desk) -> None:
    for token in ("", "nosuch"):
        desk.token = token
        status, answer = await desk.call("PUT", INSTANCES, UPDATE)
        assert (status, answer["code"], answer["message"]) == (400, "InvalidAuthentication", "不合法的access_token")


async def test_rule_5_a_body_must_be_json(desk: Desk) -> None:
    for body in ({"appKey": "x"}, b"", b"[1]", b"\xff", b'"' + b"[" * 100_000):
        status, answer = await desk.call("POST", TOKEN, data=body)
        assert (status, answer["code"]) == (400, "Missingbody")
    form = {"userid": "lina"}
    assert (await desk.call("POST", "/topapi/v2/user/get", data=form))[1]["errcode"] == 43004
    json_type = {"Content-Type": "application/json"}
    assert (await desk.call("POST", "/topapi/v2/user/get", data=b"{", headers=json_type))[1]["errcode"] == 40035


async def test_rules_7_and_8_permissions_and_addresses(desk: Desk) -> None:
    desk.dingtalk.scopes -= {"Card.Instance.Write", "qyapi_get_member", "fieldMobile"}
    status, answer = await desk.call("PUT", INSTANCES, UPDATE)
    assert (status, answer["code"]) == (403, DENIED + "AccessTokenPermissionDenied")
    assert answer["accessdenieddetail"] == {"requiredScopes": ["Card.Instance.Write"]}
    _, answer = await desk.call("POST", "/topapi/v2/user/get", {"userid": "lina"})
    assert (answer["errcode"], answer["sub_code"]) == (88, "60011")
    desk.dingtalk.allowed_ips = {"192.0.2.10"}
    assert (await desk.call("PUT", INSTANCES, UPDATE))[1]["code"] == DENIED + "IpNotInWhiteList"
    assert (await desk.call("POST", "/topapi/user/listid", {"dept_id": 2}))[1]["errcode"] == 60020


async def test_rule_13_who_may_open_a_connection(desk: Desk) -> None:
    assert (await desk.ticket(clientSecret="wrong"))[1]["message"] == "鉴权失败"
    for nothing in (None, [], "all", [7], [{"type": "ODD", "topic": ROBOT}]):
        assert (await desk.ticket(subscriptions=nothing))[0] == 400
    desk.dingtalk.published = False
    assert (await desk.ticket())[0] == 400


async def test_rule_14_a_connection_needs_a_ticket(desk: Desk) -> None:
    for path in ("/connect", "/connect?ticket=nosuch"):
        async with desk.session.get(desk.dingtalk.base_url + path) as response:
            assert response.status == 401


async def test_rule_16_acks_for_nothing_are_ignored(desk: Desk) -> None:
    bot = await desk.connect()
    for junk in ("{", "[]", "7", '{"headers":{}}', '{"code":200,"headers":{"messageId":"nosuch"},"data":"{}"}'):
        await bot.socket.send_str(junk)
    await bot.socket.send_bytes(b"\xff\x00")
    assert (await desk.dingtalk.say("lina", "你好")).accepted
    assert len(desk.dingtalk.ignored) == 6


async def test_rule_26_replies_need_a_known_type_and_its_members(desk: Desk) -> None:
    bot = await desk.connect()
    await desk.dingtalk.say("lina", "你好")
    path = bot.data(ROBOT)[0]["sessionWebhook"].removeprefix(desk.dingtalk.base_url)
    for body, errcode in (
        ({}, 40035),
        ({"msgtype": "odd"}, 400105),
        ({"msgtype": "text"}, 400402),
        ({"msgtype": "text", "text": {"content": ""}}, 400402),
        ({"msgtype": "markdown", "markdown": {"text": "a"}}, 400402),
        ({"msgtype": "link", "link": {"title": "a", "text": "b"}}, 400402),
        ({"msgtype": "actionCard", "actionCard": {"title": "a", "text": "b", "btns": [7]}}, 400402),
        ({"msgtype": "feedCard", "feedCard": {"links": []}}, 400402),
    ):
        assert (await desk.call("POST", path, body))[1]["errcode"] == errcode, body
    assert len(desk.dingtalk.screen("lina")) == 1


async def test_rules_36_to_38_groups_that_cannot_be_reached(desk: Desk) -> None:
    for state, code in (("external", "auth.error"), ("disbanded", "group.disbanded")):
        group = desk.dingtalk.add_group(f"cid{state}", state, ["lina"])
        setattr(group, state, True)
        answer = await desk.call("POST", GROUP_SEND, {**TO_GROUP, "openConversationId": group.conversation_id})
        assert answer[1]["code"] == code
    desk.dingtalk.add_group("cidALONE", "没有机器人").has_robot = False
    answer = await desk.call("POST", GROUP_SEND, {**TO_GROUP, "openConversationId": "cidALONE"})
    assert answer[1]["code"] == "resource.not.found"
    desk.dingtalk.limits.group_per_minute = 1
    await desk.ok("POST", GROUP_SEND, TO_GROUP)
    status, answer = await desk.call("POST", GROUP_SEND, TO_GROUP)
    assert (status, answer["code"]) == (400, "send.too.fast")


async def test_rule_45_the_limit_of_a_value_can_be_lifted(desk: Desk) -> None:
    desk.dingtalk.limits.card_value_bytes = None
    await desk.send_card(cardData={"cardParamMap": params("好" * 1000)})
    assert desk.dingtalk.screen("lina")[0].title == "好" * 1000


async def test_rule_48_an_unregistered_route_key_reaches_nobody(desk: Desk) -> None:
    await desk.send_card(callbackType="HTTP", callbackRouteKey="nosuch")
    assert (await desk.dingtalk.click("lina", "deal-7", "move")).attempts == 0


async def test_rules_55_and_56_contacts_as_the_app_may_see_them(desk: Desk) -> None:
    record = (await desk.ok("POST", "/topapi/v2/user/get", {"userid": "lina"}))["result"]
    assert (record["name"], record["mobile"], record["manager_userid"]) == ("李娜", "13800000001", "wangjl")
    assert record["leader_in_dept"] == [{"dept_id": 2, "leader": False}] and record["dept_id_list"] == [2]
    by_mobile = await desk.ok("POST", "/topapi/v2/user/getbymobile", {"mobile": "13800000001"})
    by_union = await desk.ok("POST", "/topapi/user/getbyunionid", {"unionid": record["unionid"]})
    assert by_mobile["result"]["userid"] == by_union["result"]["userid"] == "lina"
    desk.dingtalk.scopes.discard("fieldMobile")
    assert "mobile" not in (await desk.ok("POST", "/topapi/v2/user/get", {"userid": "lina"}))["result"]
    first = (await desk.ok("POST", "/topapi/v2/user/list", {**PAGE, "size": 2}))["result"]
    second = (await desk.ok("POST", "/topapi/v2/user/list", {**PAGE, "cursor": first["next_cursor"]}))["result"]
    assert [user["leader"] for user in first["list"]] == [True, False]
    assert [user["userid"] for user in second["list"]] == ["sunqi"] and second["has_more"] is False
    names = (await desk.ok("POST", "/topapi/user/listsimple", PAGE))["result"]["list"]
    assert names[1] == {"userid": "lina", "name": "李娜"}
    below = (await desk.ok("POST", "/topapi/v2/department/listsub", {}))["result"]
    assert [(unit["dept_id"], unit["parent_id"], unit["name"]) for unit in below] == [(2, 1, "销售部")]
    assert (await desk.ok("POST", "/topapi/v2/department/listsubid", {"dept_id": 1}))["result"] == {"dept_id_list": [2]}
    unit = (await desk.ok("POST", "/topapi/v2/department/get", {"dept_id": 2}))["result"]
    assert (unit["member_count"], unit["dept_manager_userid_list"]) == (3, ["wangjl"])
    assert desk.dingtalk.api_calls_counted == 0


@pytest.mark.parametrize(
    ("kind", "filename", "data", "errcode"),
    [
        ("odd", "a.png", b"x", 40004),
        ("image", "a.exe", b"x", 40005),
        ("image", "a.png", None, 41005),
        ("image", "a.png", b"", 44001),
        ("voice", "a.amr", b"x" * (2 * 1024 * 1024 + 1), 45001),
    ],
)
async def test_rule_66_uploads(desk: Desk, kind: str, filename: str, data: bytes | None, errcode: int) -> None:
    form = aiohttp.FormData()
    form.add_field("type", kind, content_type="text/plain")
    if data is not None:
        form.add_field("media", io.BytesIO(data), filename=filename)
    assert (await desk.call("POST", "/media/upload", data=form))[1]["errcode"] == errcode
    assert (await desk.call("POST", "/media/upload", {"type": "image"}))[1]["errcode"] == 43008


JUNK: list[Any] = [None, 7, -1, 10**400, 1.5, True, "x", "", "\x00", "\ud800", "cid", [], [7], ["\ud800"], {}, {"a": 1}]


NAMES = {
    "/v1.0/card": "outTrackId cardData privateData openSpaceId userIdType imRobotOpenDeliverModel cardUpdateOptions key content"
    " guid isFull callbackRouteKey callbackUrl forceUpdate",
    "/v1.0/robot": "robotCode userIds msgKey msgParam openConversationId processQueryKeys processQueryKey nextToken downloadCode",
    "/topapi": "dept_id cursor size userid mobile unionid order_field userid_list start_time",
    "/v1.0/gateway": "clientId subscriptions",
    "/v1.0/oauth2": "appKey grant_type client_id",
    "/robot": "msgtype text at",
}


@pytest.mark.parametrize(("method", "path"), [key for key in sorted(ENDPOINTS) if key[0] != "GET"])
async def test_junk_is_refused_and_never_breaks_anything(desk: Desk, method: str, path: str) -> None:
    valid = card() | TO_GROUP | FRAME | PAGE | {"userid": "lina", "processQueryKeys": ["x"], "cardUpdateOptions": {}}
    url = path.replace("{corpId}", desk.dingtalk.corp_id)
    names = next((names.split() for prefix, names in NAMES.items() if path.startswith(prefix)), [])
    for name in names:
        for value in JUNK:
            status, answer = await desk.call(method, url, {**valid, name: value})
            assert status != 500 or answer["code"] in ("unknownError", "param.callbackRouteKeyExist"), (name, value)
