"""The robot's own API: one-to-one and group messages, who has read them, recalls, files it was sent (DingTalk docs, 机器人)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from emulator.dingtalk.calls import Call, Endpoint, Fields, ms
from emulator.dingtalk.errors import Refusal, refuse_if
from emulator.dingtalk.records import Conversation, Group, Sent
from emulator.dingtalk.samples import draw_sample
from emulator.dingtalk.world import World
from emulator.screen import Shown

BAD = "invalidParameter.param.invalid"
RECEIVERS = 20
KEYS = 20
PAGE = 200
STATUS_AGE = timedelta(hours=24)
EXTERNAL_GROUP = "auth.error"  # the code for an enterprise robot in an external group is not documented


def send_to_people(world: World, call: Call) -> dict[str, Any]:
    """POST /v1.0/robot/oToMessages/batchSend: unknown people do not fail the call, they are listed."""
    body = call.fields(BAD)
    _check_robot(world, body.text("robotCode"))
    user_ids = body.strings("userIds")
    refuse_if(not user_ids, "invalidParameter.userIds.empty")
    refuse_if(len(user_ids) > RECEIVERS, "invalidParameter.userIds.overMax")
    shown = _draw(world, call, body)
    reached = [user_id for user_id in dict.fromkeys(user_ids) if world.reachable(user_id)]
    pictures: dict[str, Shown] = {}
    for user_id in reached:
        pictures |= world.show(Conversation(user_id), shown)
    key = world.fresh("", 32)
    world.keep(world.sent, key, Sent(call.now, reached, pictures))
    unknown = [user_id for user_id in user_ids if user_id not in reached]
    return {
        "processQueryKey": key, "invalidStaffIdList": unknown, "flowControlledStaffIdList": [], "filteredStaffIdList": []
    }  # fmt: skip


def send_to_group(world: World, call: Call) -> dict[str, Any]:
    """POST /v1.0/robot/groupMessages/send."""
    body = call.fields(BAD)
    _check_robot(world, body.text("robotCode"))
    group = _group(world, body)
    shown = _draw(world, call, body)
    most = world.limits.group_per_minute
    refuse_if(most is not None and world.meter.too_many(group.conversation_id, most, 60.0), "send.too.fast")
    pictures = world.show(Conversation("", group), shown)
    key = world.fresh("", 32)
    world.keep(world.sent, key, Sent(call.now, list(group.members), pictures, group.conversation_id))
    return {"processQueryKey": key}


def read_status(world: World, call: Call) -> dict[str, Any]:
    """GET /v1.0/robot/oToMessages/readStatus, for 24 hours."""
    query = Fields(call.query, BAD)
    _check_robot(world, query.text("robotCode"))
    sent = _sent(world, query.text("processQueryKey", "invalidParameter.processQueryKey.missing"), call)
    readers = [_read_info(world, sent, user_id) for user_id in sent.receivers]
    return {"sendStatus": "RECALLED" if sent.recalled else "SUCCESS", "messageReadInfoList": readers}


def group_read_status(world: World, call: Call) -> dict[str, Any]:
    """POST /v1.0/robot/groupMessages/query, for 24 hours."""
    body = call.fields(BAD)
    _check_robot(world, body.text("robotCode"))
    group = _group(world, body, foreign="conversation.org.dismatch")
    sent = _sent(world, body.text("processQueryKey", "invalidParameter.processQueryKey.missing"), call)
    refuse_if(sent.group != group.conversation_id, "invalid.processQueryKey")
    size, start = (
        body.number("maxResults", PAGE),
        Fields(body.raw, "invalidParameter.cursor.invalid").number("nextToken", 0),
    )
    refuse_if(not 0 < size <= PAGE, "invalidParameter.pageSize.invalid")
    refuse_if(start < 0, "invalidParameter.cursor.invalid")
    page = list(sent.read)[start : start + size]
    more = start + size < len(sent.read)
    users = [{"userId": user_id, "unionId": _union_id(world, user_id)} for user_id in page]
    return {
        "sendStatus": "RECALLED" if sent.recalled else "SUCCESS", "readUserIds": page, "readUsers": users,
        "hasMore": more, "nextToken": str(start + size) if more else "",
    }  # fmt: skip


def recall(world: World, call: Call) -> dict[str, Any]:
    """POST /v1.0/robot/otoMessages/batchRecall and groupMessages/recall, within 24 hours; no trace stays on the phone."""
    body = call.fields(BAD)
    _check_robot(world, body.text("robotCode"))
    group_id = _group(world, body).conversation_id if "/groupMessages/" in call.path else ""
    keys = body.strings("processQueryKeys")
    refuse_if(not keys, "invalidParameter.processQueryKey.missing")
    refuse_if(len(keys) > KEYS, "invalidParameter.processQueryKeys.overMax")
    done, failed = [], {}
    for key in keys:
        try:
            sent = _sent(world, key, call)
            refuse_if(sent.group != group_id, "invalid.processQueryKey")
        except Refusal as refusal:
            failed[key] = str(refusal.code)
        else:
            _take_back(world, sent)
            done.append(key)
    return {"successResult": done, "failedResult": failed}


def download(world: World, call: Call) -> dict[str, Any]:
    """POST /v1.0/robot/messageFiles/download: a temporary address for a file the robot was sent."""
    body = call.fields(BAD)
    code, robot = body.text("downloadCode"), body.text("robotCode", "invalidParameter.robotCode.empty")
    refuse_if(not code, "invalidParameter.robotCode.empty", "机器人downloadCode为空")
    refuse_if(robot != world.robot_code, "invalidParameter.robotCode.auth")
    found = world.downloads.get(code)
    refuse_if(found is None or call.now >= found.expires, "invalidParameter.robotCode.downloadCode")
    return {"downloadUrl": f"{world.base_url}/files/{code}.file"}


def _check_robot(world: World, code: str) -> None:
    refuse_if(not code, "invalidParameter.robotCode.empty")
    refuse_if(code != world.robot_code, "invalidParameter.robotCode.notExsit")
    refuse_if(not world.published, "bot.stopped")


def _draw(world: World, call: Call, body: Fields) -> Shown:
    shown = draw_sample(world, body.text("msgKey"), body.raw.get("msgParam"))
    shown.wire = [call.wire]
    return shown


def _group(world: World, body: Fields, foreign: str = "conversation.org.notMatch") -> Group:
    ident = body.text("openConversationId", "miss.openConversationId")
    group = world.groups.get(ident)
    if group is None:
        raise Refusal("invalid.openConversationId" if ident.startswith("cid") else foreign)
    refuse_if(group.disbanded, "group.disbanded")
    refuse_if(not group.has_robot, "resource.not.found")
    refuse_if(group.external, EXTERNAL_GROUP)
    return group


def _sent(world: World, key: str, call: Call) -> Sent:
    sent = world.sent.get(key)
    if sent is None:
        raise Refusal("invalid.processQueryKey")
    refuse_if(call.now - sent.at > STATUS_AGE, "processQueryKey.expireTime")
    return sent


def _take_back(world: World, sent: Sent) -> None:
    sent.recalled = True
    for phone, shown in sent.shown.items():
        world.screens.remove(phone, shown)


def _read_info(world: World, sent: Sent, user_id: str) -> dict[str, Any]:
    at = sent.read.get(user_id)
    member = world.members.get(user_id)
    info = {"userId": user_id, "name": member.name if member else "", "readStatus": "READ" if at else "UNREAD"}
    return {**info, "readTimestamp": ms(at)} if at else info


def _union_id(world: World, user_id: str) -> str:
    member = world.members.get(user_id)
    return member.union_id if member else ""


SEND = ("qyapi_robot_sendmsg",)
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/v1.0/robot/oToMessages/batchSend"): Endpoint(send_to_people, SEND),
    ("GET", "/v1.0/robot/oToMessages/readStatus"): Endpoint(read_status, SEND),
    ("POST", "/v1.0/robot/otoMessages/batchRecall"): Endpoint(recall, SEND),  # lower-case t, unlike the others
    ("POST", "/v1.0/robot/groupMessages/send"): Endpoint(send_to_group, SEND),
    ("POST", "/v1.0/robot/groupMessages/query"): Endpoint(group_read_status, SEND),
    ("POST", "/v1.0/robot/groupMessages/recall"): Endpoint(recall, SEND),
    ("POST", "/v1.0/robot/messageFiles/download"): Endpoint(download, SEND),
}
