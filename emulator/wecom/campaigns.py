"""externalcontact: welcome messages and mass sends that members confirm (OD:92137, OD:92135, OD:93338)."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from emulator.wecom.calls import Answer, Call, Endpoint, clamp, page
from emulator.wecom.contacts import GRANT, customers_of, serving
from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.fields import Fields
from emulator.wecom.media import find_media
from emulator.wecom.records import Contact, GroupSend, Recipient, Welcome
from emulator.wecom.world import World

CHINA = ZoneInfo("Asia/Shanghai")
TEXT_BYTES = 4000
MOST_ATTACHMENTS = 9
MOST_CUSTOMERS, MOST_GROUPS, MOST_TAGS = 10_000, 2000, 100
LIST_SPAN = timedelta(days=31)
REMINDERS = 3  # in 24 hours


# what a welcome and a mass send share


def check_content(world: World, body: Fields) -> tuple[str, list[dict[str, Any]]]:
    """The text and attachments, at least one of them, each within its limits."""
    text = body.object("text").text("content")
    refuse_if(len(text.encode()) > TEXT_BYTES, 45002)
    attachments = body.objects("attachments", wrong=41065)
    refuse_if(len(attachments) > MOST_ATTACHMENTS, 41064)
    for attachment in attachments:
        _check_attachment(world, attachment)
    refuse_if(not text and not attachments, 40058, "text and attachments are empty")
    return text, [attachment.raw for attachment in attachments]


def _check_attachment(world: World, attachment: Fields) -> None:
    kind = attachment.text("msgtype", missing=41065, wrong=41065)
    refuse_if(kind not in ("image", "link", "miniprogram", "video", "file"), 41065)
    item = attachment.object(kind, missing=41065, wrong=41065)
    if kind == "link":
        item.text("title", missing=40058, most_bytes=128)
        item.text("desc", most_bytes=512)
        item.text("url", missing=40058, most_bytes=2048)
        item.text("picurl", most_bytes=2048)
    elif kind == "miniprogram":
        item.text("title", missing=40058, most_bytes=64)
        find_media(world, item.text("pic_media_id", missing=40007), "image")
        item.text("appid", missing=40058)
        item.text("page", missing=40058)
    elif kind == "image" and item.text("pic_url") and not item.text("media_id"):
        known = item.text("pic_url").removeprefix(world.base_url) in world.pictures
        refuse_if(not known, 40007, "pic_url must come from uploadimg")
    else:
        find_media(world, item.text("media_id", missing=40007), kind)


# welcome


def send_welcome(world: World, call: Call) -> Answer:
    """send_welcome_msg: one call per code, within 20 s of the real clock."""
    code = world.welcome_codes.get(call.body.text("welcome_code", missing=41049, wrong=41050))
    if code is None:
        raise Refusal(41050)
    refuse_if(code.used, 41051)
    refuse_if(world.real() > code.expires, 41050, "late")
    text, attachments = check_content(world, call.body)
    code.used = True
    world.welcomes.append(Welcome(code.code, code.userid, code.external_userid, text, attachments, call.now))
    contact = world.contacts[code.external_userid]
    contact.received.append({"from": code.userid, "text": text, "attachments": attachments})
    return {}


# mass send: who gets it


def _latest_follower(contact: Contact) -> str:
    """Without a fixed sender the member who chatted last sends; here the latest to have become a friend."""
    return max(contact.follows.values(), key=lambda follow: follow.created).userid


def _filtered(world: World, body: Fields, contacts: list[Contact], sender: str) -> list[Contact]:
    """The contacts whose tags satisfy the filter: one tag of every group, on the sender's relation if one is named."""
    groups = [
        set(group.strings("tag_list", most=MOST_TAGS)) for group in body.object("tag_filter").objects("group_list")
    ]
    refuse_if(any(tag_id not in world.tags for group in groups for tag_id in group), 40068)

    def tags(contact: Contact) -> set[str]:
        follows = [follow for follow in contact.follows.values() if not sender or follow.userid == sender]
        return {tag_id for follow in follows for tag_id in follow.tag_ids}

    return [contact for contact in contacts if all(not group or group & tags(contact) for group in groups)]


def _single_recipients(world: World, body: Fields, sender: str) -> tuple[list[Recipient], list[str]]:
    ids = list(dict.fromkeys(body.strings("external_userid", most=MOST_CUSTOMERS)))
    refuse_if(not ids and not sender and "tag_filter" not in body, 40063, "sender, external_userid, tag_filter")
    if ids:
        known = [world.contacts[id] for id in ids if id in world.contacts]
    else:
        everyone = customers_of(world, sender) if sender else list(world.contacts.values())
        known = _filtered(world, body, everyone, sender)
    reachable = [c for c in known if (sender in c.follows if sender else c.follows)]
    recipients = [Recipient(c.external_userid, sender or _latest_follower(c)) for c in reachable]
    found = {recipient.external_userid for recipient in recipients}
    return recipients, [id for id in ids if id not in found]


def _group_recipients(world: World, body: Fields, sender: str) -> tuple[list[Recipient], list[str]]:
    refuse_if(not sender, 40063, "sender")
    ids = body.strings("chat_id_list", most=MOST_GROUPS)
    groups = [group for group in world.customer_groups.values() if group.owner == sender]
    chosen = [group.chat_id for group in groups if not ids or group.chat_id in ids]
    return [Recipient(id, sender, group=True) for id in chosen], [id for id in ids if id not in chosen]


def add_template(world: World, call: Call) -> Answer:
    """add_msg_template: makes the task only; nothing is delivered before a member confirms."""
    body = call.body
    chat_type = body.text("chat_type") or "single"
    refuse_if(chat_type not in ("single", "group"), 40058, "chat_type")
    body.flag("allow_select")
    sender = serving(world, body.text("sender")).userid if body.text("sender") else ""
    text, attachments = check_content(world, body)
    choose = _single_recipients if chat_type == "single" else _group_recipients
    recipients, failed = choose(world, body, sender)
    refuse_if(not recipients, 41048)
    ready = world.real() + world.limits.group_send_seconds
    task = GroupSend(world.fresh("msg", 32), call.now, ready, chat_type, sender, text, attachments, recipients, failed)
    world.group_sends[task.msgid] = task
    return {"fail_list": failed, "msgid": task.msgid}


# mass send: what became of it


def _find(world: World, call: Call) -> GroupSend:
    task = world.group_sends.get(call.body.text("msgid", missing=41046, wrong=41047))
    if task is None:
        raise Refusal(41047)
    return task


def _settled(world: World, call: Call) -> GroupSend:
    task = _find(world, call)
    refuse_if(world.real() < task.ready, 41063)
    return task


def list_sends(world: World, call: Call) -> Answer:
    """get_groupmsg_list_v2: tasks of one chat type in a span of at most a month."""
    body = call.body
    chat_type = body.text("chat_type", missing=40063)
    refuse_if(chat_type not in ("single", "group"), 40058, "chat_type")
    start, end = body.number("start_time", missing=40063), body.number("end_time", missing=40063)
    refuse_if(not 0 <= end - start <= LIST_SPAN.total_seconds(), 40058, "span")
    creator, filter_type = body.text("creator"), body.number("filter_type", 2)
    refuse_if(filter_type not in (0, 1, 2), 40058, "filter_type")
    found = [
        task
        for task in world.group_sends.values()
        if task.chat_type == chat_type
        and start <= int(task.created.timestamp()) <= end
        and (not creator or creator == task.creator)
        and filter_type != 1
    ]
    refuse_if(any(world.real() < task.ready for task in found), 41063)
    found, cursor = page(found, body.text("cursor"), clamp(body.number("limit", 50), 100, 50))
    return {"group_msg_list": [_task_json(task) for task in found], "next_cursor": cursor}


def _task_json(task: GroupSend) -> dict[str, Any]:
    return {
        "msgid": task.msgid,
        "creator": task.creator,
        "create_time": int(task.created.timestamp()),
        "create_type": 0,
        "text": {"content": task.text},
        "attachments": task.attachments,
    }


def list_tasks(world: World, call: Call) -> Answer:
    """get_groupmsg_task: per member, 0 not yet confirmed, 2 sent."""
    task = _settled(world, call)
    limit = clamp(call.body.number("limit", 500), 1000, 500)
    members, cursor = page(task.members(), call.body.text("cursor"), limit)
    rows: list[dict[str, Any]] = []
    for userid in members:
        at = task.confirmed.get(userid)
        rows.append({"userid": userid, "status": 2 if at else 0} | _when(at))
    return {"task_list": rows, "next_cursor": cursor}


def _when(at: datetime | None) -> dict[str, int]:
    return {"send_time": int(at.timestamp())} if at else {}


def list_results(world: World, call: Call) -> Answer:
    """get_groupmsg_send_result: per customer of one member."""
    task = _settled(world, call)
    userid = call.body.text("userid", missing=41009)
    limit = clamp(call.body.number("limit", 500), 1000, 500)
    mine = [recipient for recipient in task.recipients if recipient.userid == userid]
    mine, cursor = page(mine, call.body.text("cursor"), limit)
    rows = [
        {"chat_id" if r.group else "external_userid": r.external_userid, "userid": userid, "status": r.status}
        | _when(r.sent_at)
        for r in mine
    ]
    return {"send_list": rows, "next_cursor": cursor}


def cancel(world: World, call: Call) -> Answer:
    """cancel_groupmsg_send: what was delivered stays."""
    _find(world, call).cancelled = True
    return {}


def remind(world: World, call: Call) -> Answer:
    """remind_groupmsg_send: three times in 24 hours."""
    task = _find(world, call)
    refuse_if(task.cancelled, 41093)
    task.reminders = [at for at in task.reminders if call.now - at < timedelta(hours=24)]
    refuse_if(len(task.reminders) >= REMINDERS, 41094)
    task.reminders.append(call.now)
    return {}


def deliver(world: World, task: GroupSend, userid: str) -> None:
    """The member pressed send: every customer gets it, is no friend any more (2), or has had enough this month (3)."""
    now = world.clock()
    local = now.astimezone(CHINA)
    month, allowed = f"{local:%Y-%m}", calendar.monthrange(local.year, local.month)[1]
    task.confirmed[userid] = now
    for recipient in task.recipients:
        if recipient.userid == userid and recipient.status == 0:
            _deliver_one(world, task, recipient, month, allowed)


def _deliver_one(world: World, task: GroupSend, recipient: Recipient, month: str, allowed: int) -> None:
    contact = world.contacts.get(recipient.external_userid)
    if not recipient.group and (contact is None or recipient.userid not in contact.follows):
        recipient.status = 2
        return
    if world.received_in_month[recipient.external_userid, month] >= allowed:
        recipient.status = 3
        return
    world.received_in_month[recipient.external_userid, month] += 1
    recipient.status, recipient.sent_at = 1, world.clock()
    if contact is not None:
        contact.received.append({"from": recipient.userid, "text": task.text, "attachments": task.attachments})


ENDPOINTS = {
    "externalcontact/send_welcome_msg": Endpoint("POST", send_welcome, GRANT),
    "externalcontact/add_msg_template": Endpoint("POST", add_template, GRANT),
    "externalcontact/get_groupmsg_list_v2": Endpoint("POST", list_sends, GRANT),
    "externalcontact/get_groupmsg_task": Endpoint("POST", list_tasks, GRANT),
    "externalcontact/get_groupmsg_send_result": Endpoint("POST", list_results, GRANT),
    "externalcontact/cancel_groupmsg_send": Endpoint("POST", cancel, GRANT),
    "externalcontact/remind_groupmsg_send": Endpoint("POST", remind, GRANT),
}
