"""The DingTalk emulator over Stream: messages, connections, events, replies, the month's quotas and trouble on order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from dingtalk_kit import GROUP, ROBOT, Desk, card, open_desk
from yarl import URL

from emulator.dingtalk.calls import ms
from emulator.faults import Fault
from emulator.pictures import SAMPLE_PNG


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as desk:
        yield desk


# messages


async def test_what_lina_says_arrives_as_the_documented_frame(desk: Desk) -> None:
    bot = await desk.connect()
    delivery = await desk.dingtalk.say("lina", "今天拜访了腾讯张总")
    assert delivery.accepted and delivery.attempts == 1
    frame = bot.frames[0]
    assert (frame["specVersion"], frame["type"]) == ("1.0", "CALLBACK")
    assert all(isinstance(value, str) for value in frame["headers"].values())
    assert frame["headers"]["time"] == str(ms(desk.clocks.now))
    message = bot.data(ROBOT)[0]
    assert (message["msgtype"], message["text"]) == ("text", {"content": "今天拜访了腾讯张总"})
    assert (message["senderStaffId"], message["senderNick"], message["isAdmin"]) == ("lina", "李娜", False)
    assert (message["conversationType"], message["robotCode"]) == ("1", "dingdemo0001")
    assert message["senderCorpId"] == message["chatbotCorpId"] == desk.dingtalk.corp_id
    assert message["createAt"] == ms(desk.clocks.now)
    assert message["sessionWebhookExpiredTime"] - message["createAt"] == 90 * 60 * 1000
    assert [shown.body for shown in desk.dingtalk.screen("lina")] == ["今天拜访了腾讯张总"]


async def test_every_kind_of_message_has_its_documented_content(desk: Desk) -> None:
    bot = await desk.connect()
    phone = desk.dingtalk
    await phone.speak("lina", "帮我查腾讯")
    await phone.send_picture("lina")
    await phone.send_rich_text("lina", "看这张图")
    await phone.send_file("lina", "报价单.pdf")
    await phone.send_other("lina")
    voice, picture, rich, file, other = bot.data(ROBOT)
    assert voice["msgtype"] == "audio" and voice["content"]["recognition"] == "帮我查腾讯"
    assert set(picture["content"]) == {"downloadCode", "pictureDownloadCode"}
    assert rich["content"]["richText"][0] == {"text": "看这张图"}
    assert file["content"]["fileName"] == "报价单.pdf"
    assert other["content"] == {"unknownMsgType": "该消息类型暂不支持"}
    code = {"downloadCode": picture["content"]["downloadCode"], "robotCode": "dingdemo0001"}
    url = (await desk.ok("POST", "/v1.0/robot/messageFiles/download", code))["downloadUrl"]
    async with desk.session.get(url) as response:
        assert await response.read() == SAMPLE_PNG


async def test_a_group_passes_on_what_mentions_the_robot_and_no_voice(desk: Desk) -> None:
    bot = await desk.connect()
    await desk.dingtalk.say("lina", "查一下腾讯", group=GROUP)
    assert not (await desk.dingtalk.say("lina", "大家早", group=GROUP, at_robot=False)).accepted
    assert not (await desk.dingtalk.speak("lina", "早上好", group=GROUP)).accepted
    (message,) = bot.data(ROBOT)
    assert message["text"]["content"] == " 查一下腾讯"
    assert (message["conversationType"], message["conversationId"]) == ("2", GROUP)
    assert message["conversationTitle"] == "销售一群" and message["isInAtList"] is True
    assert message["atUsers"] == [{"dingtalkId": message["chatbotUserId"]}]
    assert [shown.body for shown in desk.dingtalk.group_screen(GROUP)] == ["@销售助手 查一下腾讯", "大家早", "早上好"]
    assert [shown.conversation for shown in desk.dingtalk.screen("sunqi")] == [GROUP] * 3


async def test_a_stranger_and_an_unpublished_robot_bring_no_staff_id(desk: Desk) -> None:
    bot = await desk.connect()
    await desk.dingtalk.say_as_stranger("你好")
    desk.dingtalk.published = False
    await desk.dingtalk.say("lina", "你好")
    stranger, unpublished = bot.data(ROBOT)
    assert "senderStaffId" not in stranger and stranger["senderCorpId"] != desk.dingtalk.corp_id
    assert "senderStaffId" not in unpublished and "isAdmin" not in unpublished


async def test_a_quote_carries_what_it_answers(desk: Desk) -> None:
    bot = await desk.connect()
    await desk.dingtalk.say("lina", "改成下周", quote="明天跟进腾讯")
    text = bot.data(ROBOT)[0]["text"]
    assert text["isReplyMsg"] is True and text["repliedMsg"]["content"] == {"text": "明天跟进腾讯"}


async def test_nobody_connected_means_a_message_is_lost(desk: Desk) -> None:
    delivery = await desk.dingtalk.say("lina", "有人吗")
    assert (delivery.status, delivery.attempts) == (0, 0)


async def test_a_message_without_ack_is_repeated_with_the_same_id(desk: Desk) -> None:
    bot = await desk.connect()
    desk.dingtalk.limits.redeliver_seconds = 0.05
    desk.dingtalk.lose_acks(1)
    delivery = await desk.dingtalk.say("lina", "今天拜访了腾讯")
    assert delivery.accepted and delivery.attempts == 2
    first, second = bot.data(ROBOT)
    assert first["msgId"] == second["msgId"]
    assert bot.frames[0]["headers"]["messageId"] != bot.frames[1]["headers"]["messageId"]
    assert len(desk.dingtalk.screen("lina")) == 1


async def test_copies_and_reordering_on_order(desk: Desk) -> None:
    bot = await desk.connect()
    desk.dingtalk.faults.duplicate()
    await desk.dingtalk.say("lina", "一")
    desk.dingtalk.faults.reorder(2)
    await asyncio.gather(desk.dingtalk.say("lina", "二"), desk.dingtalk.say("lina", "三"))
    assert [message["text"]["content"] for message in bot.data(ROBOT)] == ["一", "一", "三", "二"]
    assert len({message["msgId"] for message in bot.data(ROBOT)}) == 3


# connections


async def test_a_ticket_works_once_and_for_ninety_seconds(desk: Desk) -> None:
    used, unused = [(await desk.ticket())[1] for _ in range(2)]
    urls = [URL(opened["endpoint"]).with_query(ticket=opened["ticket"]) for opened in (used, unused)]
    socket = await desk.session.ws_connect(urls[0])
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await desk.session.ws_connect(urls[0])
    assert refused.value.status == 401
    desk.clocks.later(seconds=90)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await desk.session.ws_connect(urls[1])
    await socket.close()


async def test_ping_wants_its_opaque_back(desk: Desk) -> None:
    bot = await desk.connect()
    assert await desk.dingtalk.gateway.ping()
    assert bot.frames[0]["type"] == "SYSTEM" and "appId" not in bot.frames[0]["headers"]


async def test_after_disconnect_the_old_connection_is_deaf_and_ends(desk: Desk) -> None:
    old = await desk.connect()
    desk.dingtalk.limits.deaf_seconds = 0.1
    await desk.dingtalk.send_disconnect()
    assert not (await desk.dingtalk.say("lina", "有人吗")).accepted
    new = await desk.connect()
    assert (await desk.dingtalk.say("lina", "你好")).accepted
    async with asyncio.timeout(2):
        await old.closed.wait()
    assert [frame["headers"]["topic"] for frame in old.frames] == ["disconnect"]
    assert len(new.frames) == 1 and desk.dingtalk.connections == 1


async def test_a_frame_cut_in_the_middle_takes_its_connection_along(desk: Desk) -> None:
    bot = await desk.connect()
    desk.dingtalk.limits.redeliver_seconds = 0.2
    desk.dingtalk.cut_frames()
    delivery = await desk.dingtalk.say("lina", "今天拜访了腾讯")
    async with asyncio.timeout(2):
        await bot.closed.wait()
    assert bot.frames == [] and not delivery.accepted


async def test_dropped_sockets_end_at_once(desk: Desk) -> None:
    bot = await desk.connect()
    desk.dingtalk.drop_sockets()
    async with asyncio.timeout(2):
        await bot.closed.wait()


# events


async def test_the_directory_tells_what_changes(desk: Desk) -> None:
    bot = await desk.connect()
    desk.dingtalk.add_member("zhoutao", "周涛")
    desk.dingtalk.add_member("zhoutao", "周涛", admin=True, departments=[2])
    desk.dingtalk.remove_member("zhoutao")
    await asyncio.gather(*desk.dingtalk.background)
    headers = [frame["headers"] for frame in bot.frames]
    assert [h["eventType"] for h in headers] == ["user_add_org", "user_modify_org", "user_leave_org"]
    assert len({h["eventId"] for h in headers}) == 3 and headers[0]["eventCorpId"] == desk.dingtalk.corp_id
    data = bot.data("*")
    assert all(item["userId"] == ["zhoutao"] and isinstance(item["timeStamp"], str) for item in data)
    assert desk.dingtalk.pushes_counted == 0


async def test_an_event_that_is_refused_is_retried_and_then_parked(desk: Desk) -> None:
    bot = await desk.connect()
    bot.answer = lambda frame: {"status": "LATER", "message": "database away"}
    delivery = await desk.dingtalk.check_in("lina")
    assert (delivery.accepted, delivery.attempts) == (False, 3)
    assert len({frame["headers"]["eventId"] for frame in bot.frames}) == 1
    parked = await desk.ok("GET", "/call_back/get_call_back_failed_result")
    assert [event["call_back_tag"] for event in parked["failed_list"]] == ["check_in"]
    assert (await desk.ok("GET", "/call_back/get_call_back_failed_result"))["failed_list"] == []
    bot.answer = lambda frame: {"anything": "else"}  # the official client echoes the event
    assert (await desk.dingtalk.fire_event("bpms_instance_change", {"type": "start"})).attempts == 1


async def test_a_check_in_can_be_fetched(desk: Desk) -> None:
    await desk.dingtalk.check_in("lina", "深圳市腾讯大厦", "拜访张总")
    now = ms(desk.clocks.now)
    body = {"userid_list": "lina,sunqi", "start_time": now - 1000, "end_time": now + 1000, "cursor": 0, "size": 20}
    result = (await desk.ok("POST", "/topapi/checkin/record/get", body))["result"]
    assert [(record["userid"], record["place"]) for record in result["page_list"]] == [("lina", "深圳市腾讯大厦")]
    assert result["next_cursor"] is None


# replies


async def test_a_session_takes_every_reply_format_until_it_dies(desk: Desk) -> None:
    bot = await desk.connect()
    await desk.dingtalk.say("lina", "帮助")
    path = bot.data(ROBOT)[0]["sessionWebhook"].removeprefix(desk.dingtalk.base_url)
    action = {"title": "跟进", "text": "### 提醒", "singleTitle": "打开", "singleURL": "https://a.example/1"}
    for body in (
        {"msgtype": "text", "text": {"content": "收到"}, "at": {"atUserIds": ["lina"]}},
        {"msgtype": "markdown", "markdown": {"title": "客户", "text": "#### 腾讯"}},
        {"msgtype": "actionCard", "actionCard": action},
        {"msgtype": "empty"},
    ):
        assert (await desk.call("POST", path, body))[1]["errcode"] == 0
    said, *replies = desk.dingtalk.screen("lina")
    assert said.sender == "lina"
    assert [(shown.kind, shown.text) for shown in replies] == [
        ("text", "收到"),
        ("markdown", "客户\n#### 腾讯"),
        ("card", "跟进\n### 提醒\n[打开]"),
    ]
    assert desk.dingtalk.calls[-1]["query"]["session"] == "…"
    desk.clocks.later(minutes=90)
    assert (await desk.call("POST", path, {"msgtype": "empty"}))[1]["errcode"] == 300001


async def test_robot_messages_reach_people_and_can_be_recalled(desk: Desk) -> None:
    form = {"title": "客户", "text": "#### 腾讯"}
    body = {"robotCode": "dingdemo0001", "userIds": ["lina", "nosuch"], "msgKey": "sampleMarkdown"}
    answer = await desk.ok("POST", "/v1.0/robot/oToMessages/batchSend", body | {"msgParam": json.dumps(form)})
    assert answer["invalidStaffIdList"] == ["nosuch"]
    assert [shown.text for shown in desk.dingtalk.screen("lina")] == ["客户\n#### 腾讯"]
    key = answer["processQueryKey"]
    status = f"/v1.0/robot/oToMessages/readStatus?robotCode=dingdemo0001&processQueryKey={key}"
    assert (await desk.ok("GET", status))["messageReadInfoList"][0]["readStatus"] == "UNREAD"
    desk.dingtalk.read("lina")
    assert (await desk.ok("GET", status))["messageReadInfoList"][0]["readTimestamp"] == ms(desk.clocks.now)
    recalled = {"robotCode": "dingdemo0001", "processQueryKeys": [key, "nosuch"]}
    answer = await desk.ok("POST", "/v1.0/robot/otoMessages/batchRecall", recalled)
    assert (answer["successResult"], list(answer["failedResult"])) == ([key], ["nosuch"])
    assert desk.dingtalk.screen("lina") == []
    desk.clocks.later(hours=25)
    await desk.login()
    answer = await desk.ok("POST", "/v1.0/robot/otoMessages/batchRecall", recalled)
    assert answer["failedResult"][key] == "processQueryKey.expireTime"


async def test_an_uploaded_picture_is_seen_on_the_phone_and_in_the_group(desk: Desk) -> None:
    form = aiohttp.FormData()
    form.add_field("type", "image")
    form.add_field("media", SAMPLE_PNG, filename="chart.png", content_type="image/png")
    _, media = await desk.call("POST", "/media/upload", data=form)
    body = {"robotCode": "dingdemo0001", "openConversationId": GROUP, "msgKey": "sampleImageMsg"}
    await desk.ok(
        "POST", "/v1.0/robot/groupMessages/send", body | {"msgParam": json.dumps({"photoURL": media["media_id"]})}
    )
    for shown in (desk.dingtalk.screen("lina")[-1], desk.dingtalk.group_screen(GROUP)[-1]):
        assert (shown.kind, shown.image, shown.conversation) == ("image", SAMPLE_PNG, GROUP)


# tokens, quotas, faults


async def test_one_token_that_both_hosts_take_until_it_ages(desk: Desk) -> None:
    assert await desk.login() == desk.token
    unified = {"client_id": "dingdemo0001", "client_secret": desk.dingtalk.client_secret}
    unified["grant_type"] = "client_credentials"
    _, answer = await desk.call("POST", f"/v1.0/oauth2/{desk.dingtalk.corp_id}/token", unified)
    assert (answer["access_token"], answer["expires_in"]) == (desk.token, 7200)
    query = f"?appkey=dingdemo0001&appsecret={desk.dingtalk.client_secret}"
    assert (await desk.call("GET", f"/gettoken{query}"))[1]["access_token"] == desk.token
    assert desk.dingtalk.token_calls == 4
    desk.clocks.later(hours=2)
    assert (await desk.call("POST", "/topapi/v2/user/get", {"userid": "lina"}))[1]["errcode"] == 42001
    status, answer = await desk.call("PUT", "/v1.0/card/instances", {})
    assert (status, answer["code"]) == (400, "InvalidAuthentication")
    await desk.login()
    assert (await desk.call("POST", "/topapi/v2/user/get", {"userid": "lina"}))[1]["errcode"] == 0
    assert desk.dingtalk.client_secret not in json.dumps(list(desk.dingtalk.calls), default=str)


async def test_the_months_calls_run_out_and_come_back(desk: Desk) -> None:
    desk.dingtalk.limits.api_per_month = 2
    await desk.send_card("one")
    await desk.send_card("two")
    status, answer = await desk.call("POST", "/v1.0/card/instances/createAndDeliver", card("three"))
    assert (status, answer["code"]) == (403, "Forbidden.AccessDenied.ApiCountLimitForOrg")
    assert desk.dingtalk.api_calls_counted == 2
    assert (await desk.call("POST", "/topapi/v2/user/get", {"userid": "lina"}))[1]["errcode"] == 0
    desk.clocks.later(days=27)
    await desk.login()
    assert desk.dingtalk.api_calls_counted == 0
    await desk.send_card("three")


async def test_after_the_last_push_messages_come_without_words(desk: Desk) -> None:
    bot = await desk.connect()
    desk.dingtalk.exhaust_push_quota()
    await desk.dingtalk.say("lina", "今天拜访了腾讯")
    (message,) = bot.data(ROBOT)
    assert message["errorCode"] == "20001" and message["errorMessage"]
    assert "text" not in message and message["senderStaffId"] == "lina"


async def test_twenty_calls_a_second_when_switched_on(desk: Desk) -> None:
    desk.dingtalk.limits.qps = 20
    for _ in range(20):
        assert (await desk.call("POST", "/topapi/v2/user/get", {"userid": "lina"}))[1]["errcode"] == 0
    assert (await desk.call("POST", "/topapi/v2/user/get", {"userid": "lina"}))[1]["errcode"] == 90018
    assert (await desk.call("POST", "/topapi/user/listid", {"dept_id": 2}))[1]["errcode"] == 0
    desk.clocks.later(seconds=1)
    assert (await desk.call("POST", "/topapi/v2/user/get", {"userid": "lina"}))[1]["errcode"] == 0


async def test_an_address_that_calls_too_much_is_banned_for_five_minutes(desk: Desk) -> None:
    desk.dingtalk.limits.calls_per_address = 3
    for _ in range(3):
        await desk.login()
    status, answer = await desk.call("POST", "/topapi/user/listid", {"dept_id": 2})
    assert (status, answer["status"], answer["punish"]) == (403, 1111, "deny")
    desk.clocks.later(minutes=5)
    assert (await desk.call("POST", "/topapi/user/listid", {"dept_id": 2}))[1]["errcode"] == 0


async def test_a_gateway_time_out_may_have_acted(desk: Desk) -> None:
    path = "/v1.0/card/instances/createAndDeliver"
    desk.dingtalk.faults.add(path, Fault(status=504, act=True))
    assert (await desk.call("POST", path, card()))[0] == 504
    assert len(desk.dingtalk.screen("lina")) == 1
    assert (await desk.call("POST", path, card()))[1]["code"] == "param.cardAlreadyExist"


async def test_trouble_on_order(desk: Desk) -> None:
    path = "/v1.0/card/instances/createAndDeliver"
    faults = desk.dingtalk.faults
    faults.errcode(path, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi")
    status, answer = await desk.call("POST", path, card())
    assert (status, answer["code"]) == (403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi")
    faults.status(path, 502, body=b"Bad Gateway")
    async with desk.session.post(desk.dingtalk.base_url + path, json=card()) as response:
        assert (response.status, await response.text()) == (502, "Bad Gateway")
    faults.garbage(path)
    async with desk.session.post(desk.dingtalk.base_url + path, json=card()) as response:
        assert response.status == 200 and "<html>" in await response.text()
    faults.drop(path)
    with pytest.raises(aiohttp.ClientError):
        await desk.call("POST", path, card())
    assert desk.dingtalk.screen("lina") == []
    assert [call["status"] for call in desk.dingtalk.calls][-4:] == [403, 502, 200, 200]


async def test_stopped_and_started_again_it_remembers(desk: Desk) -> None:
    await desk.send_card()
    port = URL(desk.dingtalk.base_url).port
    await desk.dingtalk.stop()
    await desk.dingtalk.start(port=port or 0)
    bot = await desk.connect()
    bot.answer = lambda frame: {"response": {}}
    assert (await desk.dingtalk.click("lina", "deal-7", "move")).accepted
