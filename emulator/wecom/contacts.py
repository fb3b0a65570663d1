"""externalcontact: members, customers, remarks and customer groups (客户联系; OD:92112–92115, OD:92120, OD:93414)."""

from __future__ import annotations

from typing import Any

from emulator.wecom.calls import Answer, Call, Endpoint, clamp, page
from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.fields import BAD, Fields
from emulator.wecom.records import Contact, Follow, Member
from emulator.wecom.world import World

FOLLOWERS_A_PAGE = 500
GRANT = "externalcontact"


def serving(world: World, userid: str, *, missing: int = 41009) -> Member:
    """The member, who must exist (60111) and be activated, as 客户联系 demands (84074)."""
    refuse_if(not userid, missing)
    member = world.member(userid)
    if member is None:
        raise Refusal(60111)
    refuse_if(not member.active, 84074)
    return member


def relation(world: World, body: Fields) -> Follow:
    """The follow between `userid` and `external_userid`, refused with 84061 where there is none."""
    member = serving(world, body.text("userid"))
    contact = find_contact(world, body.text("external_userid"))
    follow = contact.follows.get(member.userid)
    if follow is None:
        raise Refusal(84061)
    return follow


def find_contact(world: World, external_userid: str) -> Contact:
    """The contact, refused when the id is missing (41035) or unknown (40096)."""
    refuse_if(not external_userid, 41035)
    contact = world.contacts.get(external_userid)
    if contact is None:
        raise Refusal(40096)
    return contact


def customers_of(world: World, userid: str) -> list[Contact]:
    """The contacts this member follows now, oldest first."""
    found = [contact for contact in world.contacts.values() if userid in contact.follows]
    return sorted(found, key=lambda contact: contact.follows[userid].created)


def _contact_json(contact: Contact) -> dict[str, Any]:
    base = {
        "external_userid": contact.external_userid,
        "name": contact.name,
        "avatar": "",
        "type": contact.type,
        "gender": 0,
    }
    return base | ({"corp_name": contact.corp_name, "position": ""} if contact.type == 2 else {})


def _follow_json(follow: Follow, contact: Contact) -> dict[str, Any]:
    by_customer = follow.add_way == 1
    return {
        "userid": follow.userid,
        "remark": follow.remark or contact.name,
        "description": follow.description,
        "createtime": int(follow.created.timestamp()),
        "remark_corp_name": follow.remark_corp_name,
        "remark_mobiles": follow.remark_mobiles,
        "oper_userid": contact.external_userid if by_customer else follow.userid,
        "add_way": follow.add_way,
        "state": follow.state,
    }


def _tags_json(world: World, follow: Follow) -> list[dict[str, Any]]:
    tags = [world.tags[tag_id] for tag_id in sorted(follow.tag_ids) if tag_id in world.tags]
    groups = world.tag_groups
    return [
        {"group_name": groups[tag.group_id].name, "tag_name": tag.name, "tag_id": tag.id, "type": 1} for tag in tags
    ]


def get_follow_users(world: World, call: Call) -> Answer:
    """get_follow_user_list: who may serve customers."""
    return {"follow_user": [m.userid for m in world.members.values() if m.active and not m.left]}


def list_contacts(world: World, call: Call) -> Answer:
    """list; a member without customers is refused with 84061, not answered with an empty list."""
    member = serving(world, call.query.get("userid", ""))
    found = customers_of(world, member.userid)
    refuse_if(not found, 84061)
    return {"external_userid": [contact.external_userid for contact in found]}


def get_contact(world: World, call: Call) -> Answer:
    """get: the contact and everyone who follows."""
    contact = find_contact(world, call.query.get("external_userid", ""))
    refuse_if(not contact.follows, 84061)
    follows, cursor = page(list(contact.follows.values()), call.query.get("cursor", ""), FOLLOWERS_A_PAGE)
    users = [_follow_json(follow, contact) | {"tags": _tags_json(world, follow)} for follow in follows]
    return {"external_contact": _contact_json(contact), "follow_user": users, "next_cursor": cursor}


def batch_get(world: World, call: Call) -> Answer:
    """batch/get_by_user."""
    userids = call.body.strings("userid_list", most=100)
    refuse_if(not userids, 40063, "userid_list")
    members = [serving(world, userid) for userid in userids]
    pairs = [(c, c.follows[m.userid]) for m in members for c in customers_of(world, m.userid)]
    limit = clamp(call.body.number("limit", 50), 100, 50)
    pairs, cursor = page(pairs, call.body.text("cursor"), limit)
    found = [
        {
            "external_contact": _contact_json(contact),
            "follow_info": _follow_json(follow, contact) | {"tag_id": sorted(follow.tag_ids)},
        }
        for contact, follow in pairs
    ]
    return {"external_contact_list": found, "next_cursor": cursor, "fail_info": {"unlicensed_userid_list": []}}


def remark(world: World, call: Call) -> Answer:
    """remark: given fields replace; `remark_mobiles` overwrites and [""] clears."""
    body = call.body
    follow = relation(world, body)
    limits = {"remark": 20, "description": 150, "remark_company": 20}
    texts = {name: body.text(name, most=most) for name, most in limits.items() if name in body}
    mobiles = body.strings("remark_mobiles")
    refuse_if(not texts and not mobiles and not body.text("remark_pic_mediaid"), 40063)
    follow.remark = texts.get("remark", follow.remark)
    follow.description = texts.get("description", follow.description)
    follow.remark_corp_name = texts.get("remark_company", follow.remark_corp_name)
    if mobiles:
        follow.remark_mobiles = [mobile for mobile in mobiles if mobile]
    return {}


def list_groups(world: World, call: Call) -> Answer:
    """groupchat/list."""
    limit = call.body.number("limit", missing=40063)
    refuse_if(not 1 <= limit <= 1000, 40058, "limit")
    refuse_if(call.body.number("status_filter") not in (0, 1, 2, 3), 40058, "status_filter")
    owners = call.body.object("owner_filter").strings("userid_list", most=100)
    refuse_if(not owners and len(world.members) > 1000, 81017)
    groups = [g for g in world.customer_groups.values() if not owners or g.owner in owners]
    groups, cursor = page(groups, call.body.text("cursor"), limit)
    return {"group_chat_list": [{"chat_id": g.chat_id, "status": 0} for g in groups], "next_cursor": cursor}


def get_group(world: World, call: Call) -> Answer:
    """groupchat/get."""
    group = world.customer_groups.get(call.body.text("chat_id", missing=BAD))
    if group is None:
        raise Refusal(49008)
    joined = int(group.created.timestamp())
    members = [
        {"userid": id, "type": 1 if world.member(id) else 2, "join_time": joined, "join_scene": 1}
        for id in group.members
    ]
    chat = {"chat_id": group.chat_id, "name": group.name, "owner": group.owner, "create_time": joined, "notice": ""}
    return {"group_chat": chat | {"member_list": members, "admin_list": [], "member_version": f"v{len(members)}"}}


ENDPOINTS = {
    "externalcontact/get_follow_user_list": Endpoint("GET", get_follow_users, GRANT),
    "externalcontact/list": Endpoint("GET", list_contacts, GRANT),
    "externalcontact/get": Endpoint("GET", get_contact, GRANT),
    "externalcontact/batch/get_by_user": Endpoint("POST", batch_get, GRANT),
    "externalcontact/remark": Endpoint("POST", remark, GRANT),
    "externalcontact/groupchat/list": Endpoint("POST", list_groups, GRANT),
    "externalcontact/groupchat/get": Endpoint("POST", get_group, GRANT),
}
