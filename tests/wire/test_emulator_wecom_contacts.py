"""客户联系 on the WeCom emulator: contacts, tags, channel codes, welcomes, mass sends and handing over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from wecom_kit import WELCOMING, Desk, open_desk

EXT = "externalcontact/"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as desk:
        yield desk


async def test_a_new_contact_comes_through_a_channel_and_is_welcomed_once(desk: Desk) -> None:
    way = {"type": 2, "scene": 2, "user": ["lina"], "state": "expo", "remark": "展会"}
    made = await desk.post(EXT + "add_contact_way", way)
    userid, external = await desk.wecom.scan(made["config_id"], "王先生")
    assert userid == "lina"
    event = desk.contacts.events[-1]
    assert (event["FromUserName"], event["Event"]) == ("sys", "change_external_contact")
    assert (event["ChangeType"], event["UserID"], event["ExternalUserID"]) == ("add_external_contact", "lina", external)
    assert event["State"] == "expo" and "AgentID" not in event
    assert desk.contacts.envelopes[-1]["AgentID"] is None and desk.app.events == []
    body = {"welcome_code": event["WelcomeCode"], "text": {"content": WELCOMING}}
    assert (await desk.post(EXT + "send_welcome_msg", body))["errcode"] == 0
    assert (await desk.post(EXT + "send_welcome_msg", body))["errcode"] == 41051
    assert [(welcome.userid, welcome.text) for welcome in desk.wecom.welcomes] == [("lina", WELCOMING)]
    assert desk.wecom.contacts[external].received[0]["text"] == WELCOMING
    got = await desk.get(EXT + "get", external_userid=external)
    assert got["external_contact"]["name"] == "王先生" and got["follow_user"][0]["state"] == "expo"


async def test_a_welcome_code_lives_20_seconds_of_the_real_clock(desk: Desk) -> None:
    await desk.wecom.add_contact("lina", "王先生", half=True)
    event = desk.contacts.events[-1]
    assert event["ChangeType"] == "add_half_external_contact"
    desk.clocks.seconds += 20.1
    body = {"welcome_code": event["WelcomeCode"], "text": {"content": WELCOMING}}
    assert (await desk.post(EXT + "send_welcome_msg", body))["errcode"] == 41050
    assert desk.wecom.welcomes == []
    await desk.wecom.add_contact("lina", "赵女士", welcome=False)
    assert "WelcomeCode" not in desk.contacts.events[-1]


async def test_without_its_own_receiver_the_app_hears_of_contacts(desk: Desk) -> None:
    desk.wecom.contacts_callback_url = ""
    await desk.wecom.add_contact("lina", "王先生")
    assert desk.app.events[-1]["Event"] == "change_external_contact"
    assert desk.app.envelopes[-1]["AgentID"] == "1000002"


async def test_leaving_and_deleting(desk: Desk) -> None:
    external = await desk.wecom.add_contact("lina", "王先生")
    await desk.wecom.add_contact("sunqi", "王先生", external_userid=external)
    await desk.wecom.contact_leaves("lina", external)
    await desk.wecom.member_deletes("sunqi", external)
    assert [event["ChangeType"] for event in desk.contacts.events[-2:]] == ["del_follow_user", "del_external_contact"]
    assert (await desk.get(EXT + "get", external_userid=external))["errcode"] == 84061


async def test_tags_by_the_member_fire_events_and_by_api_do_not(desk: Desk) -> None:
    external = await desk.wecom.add_contact("lina", "王先生")
    high = await desk.wecom.create_tag("意向", "高")
    assert desk.contacts.events[-1]["Event"] == "change_external_tag"
    await desk.wecom.edit_tags("lina", external, add=[high])
    assert desk.contacts.events[-1]["ChangeType"] == "edit_external_contact"
    heard = len(desk.contacts.events)
    made = await desk.post(EXT + "add_corp_tag", {"group_name": "行业", "tag": [{"name": "制造"}, {"name": "制造"}]})
    (tag,) = made["tag_group"]["tag"]
    pair = {"userid": "lina", "external_userid": external}
    assert (await desk.post(EXT + "mark_tag", pair | {"add_tag": [tag["id"]], "remove_tag": [high]}))["errcode"] == 0
    assert len(desk.contacts.events) == heard
    tags = (await desk.get(EXT + "get", external_userid=external))["follow_user"][0]["tags"]
    assert tags == [{"group_name": "行业", "tag_name": "制造", "tag_id": tag["id"], "type": 1}]
    assert (await desk.post(EXT + "edit_corp_tag", {"id": tag["id"], "name": "制造业"}))["errcode"] == 0
    groups = (await desk.post(EXT + "get_corp_tag_list", {}))["tag_group"]
    assert [(group["group_name"], [t["name"] for t in group["tag"]]) for group in groups] == [
        ("意向", ["高"]),
        ("行业", ["制造业"]),
    ]
    assert (await desk.post(EXT + "del_corp_tag", {"tag_id": [tag["id"]]}))["errcode"] == 0
    assert [group.name for group in desk.wecom.tag_groups.values()] == ["意向"]
    assert desk.wecom.contacts[external].follows["lina"].tag_ids == set()


async def test_mark_tag_can_be_made_to_echo(desk: Desk) -> None:
    external = await desk.wecom.add_contact("lina", "王先生")
    high = await desk.wecom.create_tag("意向", "高")
    desk.wecom.echo_mark_tag = True
    await desk.post(EXT + "mark_tag", {"userid": "lina", "external_userid": external, "add_tag": [high]})
    async with asyncio.timeout(5):
        await asyncio.gather(*desk.wecom.background)
    assert desk.contacts.events[-1]["ChangeType"] == "edit_external_contact"


async def test_console_tags_are_renamed_and_deleted_with_their_group(desk: Desk) -> None:
    high = await desk.wecom.create_tag("意向", "高")
    await desk.wecom.rename_tag(high, "很高")
    await desk.wecom.delete_tag(high)
    changes = [(event["TagType"], event["ChangeType"]) for event in desk.contacts.events]
    assert changes == [("tag", "create"), ("tag", "update"), ("tag_group", "delete"), ("tag", "delete")]
    assert desk.wecom.tags == {} and desk.wecom.tag_groups == {}


async def test_remarks_and_batches(desk: Desk) -> None:
    ids = [await desk.wecom.add_contact("lina", f"客户{number}") for number in range(3)]
    pair = {"userid": "lina", "external_userid": ids[0]}
    body = pair | {"remark": "王总-展会", "remark_mobiles": ["13800000001"], "remark_company": "某某公司"}
    assert (await desk.post(EXT + "remark", body))["errcode"] == 0
    assert (await desk.get(EXT + "list", userid="lina"))["external_userid"] == ids
    page = await desk.post(EXT + "batch/get_by_user", {"userid_list": ["lina"], "limit": 2})
    first = page["external_contact_list"][0]["follow_info"]
    assert (first["remark"], first["remark_mobiles"]) == ("王总-展会", ["13800000001"])
    rest = await desk.post(EXT + "batch/get_by_user", {"userid_list": ["lina"], "cursor": page["next_cursor"]})
    assert len(rest["external_contact_list"]) == 1 and rest["next_cursor"] == ""
    await desk.post(EXT + "remark", pair | {"remark_mobiles": [""]})
    assert desk.wecom.contacts[ids[0]].follows["lina"].remark_mobiles == []
    assert (await desk.get(EXT + "get_follow_user_list"))["follow_user"] == ["wangjl", "lina", "sunqi"]


async def test_a_contact_way_serves_a_real_qr_code(desk: Desk) -> None:
    made = await desk.post(EXT + "add_contact_way", {"type": 1, "scene": 2, "user": ["lina"], "state": "expo"})
    async with desk.session.get(made["qr_code"]) as response:
        png = await response.read()
    assert response.status == 200 and png.startswith(b"\x89PNG\r\n\x1a\n") and len(png) > 200
    config = {"config_id": made["config_id"]}
    await desk.post(EXT + "update_contact_way", config | {"remark": "展会立牌", "user": ["sunqi"]})
    way = (await desk.post(EXT + "get_contact_way", config))["contact_way"]
    assert (way["remark"], way["user"], way["state"], way["type"]) == ("展会立牌", ["sunqi"], "expo", 1)
    assert (await desk.post(EXT + "list_contact_way", {}))["contact_way"] == [config]
    await desk.post(EXT + "del_contact_way", config)
    async with desk.session.get(made["qr_code"]) as response:
        assert response.status == 404


async def _results(desk: Desk, msgid: str, userid: str = "lina") -> list[int]:
    answer = await desk.post(EXT + "get_groupmsg_send_result", {"msgid": msgid, "userid": userid})
    return [row["status"] for row in answer["send_list"]]


async def test_a_mass_send_waits_for_the_member(desk: Desk) -> None:
    first, second = [await desk.wecom.add_contact("lina", name) for name in ("王先生", "赵女士")]
    body = {"sender": "lina", "external_userid": [first, second, "wm-gone"], "text": {"content": "本周活动"}}
    made = await desk.post(EXT + "add_msg_template", body)
    assert made["fail_list"] == ["wm-gone"]
    msgid = made["msgid"]
    assert await _results(desk, msgid) == [0, 0]
    assert (await desk.post(EXT + "get_groupmsg_task", {"msgid": msgid}))["task_list"] == [
        {"userid": "lina", "status": 0}
    ]
    await desk.wecom.contact_leaves("lina", second)
    await desk.wecom.confirm_group_send("lina", msgid)
    assert await _results(desk, msgid) == [1, 2]
    task = (await desk.post(EXT + "get_groupmsg_task", {"msgid": msgid}))["task_list"][0]
    assert task["status"] == 2 and task["send_time"] == int(desk.clocks.now.timestamp())
    assert [item["text"] for item in desk.wecom.contacts[first].received] == ["本周活动"]
    now = int(desk.clocks.now.timestamp())
    query = {"chat_type": "single", "start_time": now - 60, "end_time": now + 60, "creator": "lina"}
    found = (await desk.post(EXT + "get_groupmsg_list_v2", query))["group_msg_list"]
    assert [(item["msgid"], item["text"]["content"]) for item in found] == [(msgid, "本周活动")]


async def test_a_customer_gets_a_months_worth_and_no_more(desk: Desk) -> None:
    external = await desk.wecom.add_contact("lina", "王先生")
    desk.wecom.received_in_month[external, "2026-01"] = 31
    made = await desk.post(EXT + "add_msg_template", {"external_userid": [external], "text": {"content": "活动"}})
    await desk.wecom.confirm_group_send("lina", made["msgid"])
    assert await _results(desk, made["msgid"]) == [3]


async def test_cancelled_reminded_and_too_early(desk: Desk) -> None:
    await desk.wecom.add_contact("lina", "王先生")
    desk.wecom.limits.group_send_seconds = 5
    msgid = {
        "msgid": (await desk.post(EXT + "add_msg_template", {"sender": "lina", "text": {"content": "a"}}))["msgid"]
    }
    assert (await desk.post(EXT + "get_groupmsg_task", msgid))["errcode"] == 41063
    desk.clocks.later(seconds=6)
    codes = [(await desk.post(EXT + "remind_groupmsg_send", msgid))["errcode"] for _ in range(4)]
    assert codes == [0, 0, 0, 41094]
    assert (await desk.post(EXT + "cancel_groupmsg_send", msgid))["errcode"] == 0
    assert (await desk.post(EXT + "remind_groupmsg_send", msgid))["errcode"] == 41093
    with pytest.raises(LookupError):
        await desk.wecom.confirm_group_send("lina", msgid["msgid"])


async def test_the_tag_filter_is_or_inside_and_between(desk: Desk) -> None:
    high, low, big = [await desk.wecom.create_tag(group, name) for group, name in ("意高", "意低", "模大")]
    one, two = [await desk.wecom.add_contact("lina", name) for name in ("王先生", "赵女士")]
    await desk.wecom.edit_tags("lina", one, add=[high, big])
    await desk.wecom.edit_tags("lina", two, add=[low])

    async def chosen(*groups: list[str]) -> list[str]:
        body: dict[str, Any] = {"text": {"content": "活动"}}
        body["tag_filter"] = {"group_list": [{"tag_list": group} for group in groups]}
        msgid = (await desk.post(EXT + "add_msg_template", body))["msgid"]
        return [recipient.external_userid for recipient in desk.wecom.group_sends[msgid].recipients]

    assert await chosen([high, low]) == [one, two]
    assert await chosen([high, low], [big]) == [one]


async def test_handing_over_tells_both_members(desk: Desk) -> None:
    external = await desk.wecom.add_contact("lina", "王先生")
    body = {"handover_userid": "lina", "takeover_userid": "sunqi", "external_userid": [external, "wm0"]}
    answer = await desk.post(EXT + "transfer_customer", body)
    assert [row["errcode"] for row in answer["customer"]] == [0, 40096]
    assert (await desk.post(EXT + "transfer_customer", body))["customer"][0]["errcode"] == 40129
    pair = {"handover_userid": "lina", "takeover_userid": "sunqi"}
    assert (await desk.post(EXT + "transfer_result", pair))["customer"][0]["status"] == 2
    await desk.wecom.settle_transfer(external)
    gone, new = desk.contacts.events[-2:]
    assert (gone["ChangeType"], gone["UserID"], gone["Source"]) == (
        "del_external_contact",
        "lina",
        "DELETE_BY_TRANSFER",
    )
    assert (new["ChangeType"], new["UserID"]) == ("add_external_contact", "sunqi")
    assert (await desk.post(EXT + "transfer_result", pair))["customer"][0]["status"] == 1
    assert (await desk.post(EXT + "transfer_customer", body))["customer"][0]["errcode"] == 40131


async def test_a_handover_completes_by_itself_after_a_day_or_is_refused(desk: Desk) -> None:
    stays, moves = [await desk.wecom.add_contact("lina", name) for name in ("王先生", "赵女士")]
    pair = {"handover_userid": "lina", "takeover_userid": "sunqi"}
    await desk.post(EXT + "transfer_customer", pair | {"external_userid": [stays, moves]})
    await desk.wecom.settle_transfer(stays, refused=True)
    assert desk.contacts.events[-1]["FailReason"] == "customer_refused"
    desk.clocks.later(hours=25)
    await desk.login()
    rows = (await desk.post(EXT + "transfer_result", pair))["customer"]
    assert [row["status"] for row in rows] == [3, 1]
    assert list(desk.wecom.contacts[moves].follows) == ["sunqi"]


async def test_the_customers_of_someone_who_left(desk: Desk) -> None:
    external = await desk.wecom.add_contact("lina", "王先生")
    await desk.wecom.member_leaves("lina")
    assert (desk.app.events[-1]["ChangeType"], desk.app.events[-1]["UserID"]) == ("delete_user", "lina")
    assert (await desk.get("user/get", userid="lina"))["errcode"] == 60111
    waiting = await desk.post(EXT + "get_unassigned_list", {})
    assert [row["external_userid"] for row in waiting["info"]] == [external]
    pair = {"handover_userid": "lina", "takeover_userid": "sunqi"}
    answer = await desk.post(EXT + "resigned/transfer_customer", pair | {"external_userid": [external]})
    assert answer["customer"] == [{"external_userid": external, "errcode": 0}]
    await desk.wecom.settle_transfer(external)
    assert (await desk.post(EXT + "resigned/transfer_result", pair))["customer"][0]["status"] == 1


async def test_customer_groups_are_listed_with_their_members(desk: Desk) -> None:
    chat = desk.wecom.add_customer_group("展会群", "lina", ["wm1"])
    listed = await desk.post(EXT + "groupchat/list", {"owner_filter": {"userid_list": ["lina"]}, "limit": 10})
    assert listed["group_chat_list"] == [{"chat_id": chat, "status": 0}]
    group = (await desk.post(EXT + "groupchat/get", {"chat_id": chat}))["group_chat"]
    assert (group["name"], [member["type"] for member in group["member_list"]]) == ("展会群", [1, 2])
    body = {"chat_type": "group", "sender": "lina", "text": {"content": "活动"}}
    made = await desk.post(EXT + "add_msg_template", body)
    await desk.wecom.confirm_group_send("lina", made["msgid"])
    rows = (await desk.post(EXT + "get_groupmsg_send_result", {"msgid": made["msgid"], "userid": "lina"}))["send_list"]
    assert [(row["chat_id"], row["status"]) for row in rows] == [(chat, 1)]
