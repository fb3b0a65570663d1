"""Reading members, departments and the app, and the app's menu (OD:90196–90208, OD:90227, OD:90231)."""

from __future__ import annotations

from typing import Any

from emulator.wecom.calls import Answer, Call, Endpoint, page
from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.fields import Fields
from emulator.wecom.messages import check_agent
from emulator.wecom.records import Department, Member
from emulator.wecom.world import World

LIST_ID_MOST = 10_000
CLICK_TYPES = (
    "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select"
)  # fmt: skip
CALLBACK_IPS = ["101.226.103.*", "101.226.62.*"]


def _member_json(member: Member) -> dict[str, Any]:
    """What an app made after June 2022 gets: no mobile, mail, avatar or gender."""
    return {
        "userid": member.userid,
        "name": member.name,
        "department": member.departments,
        "order": [0] * len(member.departments),
        "position": "",
        "is_leader_in_dept": [int(department in member.leader_of) for department in member.departments],
        "direct_leader": member.direct_leader,
        "main_department": member.departments[0],
        "status": 1 if member.active else 4,
        "alias": "",
        "extattr": {"attrs": []},
        "external_position": "",
        "external_profile": {"external_corp_name": "", "external_attr": []},
    }


def get_user(world: World, call: Call) -> Answer:
    """user/get."""
    userid = call.query.get("userid", "")
    refuse_if(not userid, 41009)
    member = world.member(userid)
    if member is None:
        raise Refusal(60111)
    return _member_json(member)


def _department(world: World, call: Call, name: str, *, missing: int = 0) -> int:
    found = call.int_query(name, missing=missing, wrong=60123)
    found = 1 if found is None else found
    refuse_if(found not in world.departments, 60123)
    return found


def _members_of(world: World, call: Call) -> list[Member]:
    department = _department(world, call, "department_id", missing=40063)
    deep = call.int_query("fetch_child") == 1
    return world.in_departments(world.subtree(department) if deep else [department])


def simple_list(world: World, call: Call) -> Answer:
    """user/simplelist."""
    members = _members_of(world, call)
    return {"userlist": [{"userid": m.userid, "name": m.name, "department": m.departments} for m in members]}


def full_list(world: World, call: Call) -> Answer:
    """user/list."""
    return {"userlist": [_member_json(member) for member in _members_of(world, call)]}


def list_ids(world: World, call: Call) -> Answer:
    """user/list_id, one entry per member and department."""
    limit = call.body.number("limit", LIST_ID_MOST)
    refuse_if(not 1 <= limit <= LIST_ID_MOST, 40058, "limit")
    pairs = [(m.userid, d) for m in world.members.values() if not m.left for d in m.departments]
    pairs, cursor = page(pairs, call.body.text("cursor"), limit)
    return {"next_cursor": cursor, "dept_user": [{"userid": u, "department": d} for u, d in pairs]}


def _department_json(world: World, department: Department) -> dict[str, Any]:
    leaders = [m.userid for m in world.in_departments([department.id]) if department.id in m.leader_of]
    return {
        "id": department.id,
        "name": department.name,
        "name_en": "",
        "department_leader": leaders,
        "parentid": department.parent_id,
        "order": department.id,
    }


def list_departments(world: World, call: Call) -> Answer:
    """department/list: the asked one (default the root) and everything below."""
    ids = world.subtree(_department(world, call, "id"))
    return {"department": [_department_json(world, world.departments[id]) for id in ids]}


def list_department_ids(world: World, call: Call) -> Answer:
    """department/simplelist."""
    ids = world.subtree(_department(world, call, "id"))
    return {"department_id": [{"id": i, "parentid": world.departments[i].parent_id, "order": i} for i in ids]}


def get_department(world: World, call: Call) -> Answer:
    """department/get."""
    found = world.departments[_department(world, call, "id", missing=40063)]
    return {"department": _department_json(world, found)}


def get_agent(world: World, call: Call) -> Answer:
    """agent/get; the app is visible to the whole company."""
    agent = call.int_query("agentid", missing=41011, wrong=40056)
    refuse_if(agent != world.agent_id, 301002)
    return {
        "agentid": world.agent_id,
        "name": "销售助手",
        "square_logo_url": "",
        "description": "",
        "allow_userinfos": {"user": []},
        "allow_partys": {"partyid": [1]},
        "allow_tags": {"tagid": []},
        "close": 0,
        "redirect_domain": "",
        "report_location_flag": 0,
        "isreportenter": 1,
        "home_url": "",
    }


# the menu


def _check_button(button: Fields, *, sub: bool) -> None:
    name = button.text("name", missing=40025 if sub else 40018)
    refuse_if(len(name.encode()) > (40 if sub else 16), 40025 if sub else 40018)
    children = button.objects("sub_button")
    if children:
        refuse_if(sub, 40022)
        refuse_if(len(children) > 5, 40023)
        for child in children:
            _check_button(child, sub=True)
        return
    kind = button.text("type", missing=40017)
    if kind in CLICK_TYPES:
        button.text("key", missing=40019, most_bytes=128, wrong=40019)
    elif kind == "view":
        button.text("url", missing=40020, most_bytes=1024, wrong=40020)
    else:
        refuse_if(kind != "view_miniprogram", 40017)
        button.text("appid", missing=40058)
        button.text("pagepath", missing=40058)


def _check_query_agent(world: World, call: Call) -> None:
    agent = call.int_query("agentid", wrong=40056)
    check_agent(world, Fields({"agentid": agent}))


def create_menu(world: World, call: Call) -> Answer:
    """menu/create."""
    _check_query_agent(world, call)
    buttons = call.body.objects("button")
    refuse_if(not 1 <= len(buttons) <= 3, 40016)
    for button in buttons:
        _check_button(button, sub=False)
    world.menu = [button.raw for button in buttons]
    return {}


def get_menu(world: World, call: Call) -> Answer:
    """menu/get."""
    _check_query_agent(world, call)
    refuse_if(not world.menu, 46003)
    return {"button": world.menu}


def delete_menu(world: World, call: Call) -> Answer:
    """menu/delete."""
    _check_query_agent(world, call)
    world.menu = []
    return {}


def menu_buttons(world: World) -> list[dict[str, Any]]:
    """The buttons a person can press, sub-menus opened up."""
    return [leaf for button in world.menu for leaf in button.get("sub_button") or [button]]


def get_token(world: World, call: Call) -> Answer:
    """gettoken."""
    return world.tokens.issue(call.query.get("corpid", ""), call.query.get("corpsecret", ""), call.client)


def list_ips(world: World, call: Call) -> Answer:
    """getcallbackip and get_api_domain_ip."""
    return {"ip_list": CALLBACK_IPS}


ENDPOINTS = {
    "gettoken": Endpoint("GET", get_token, needs_token=False),
    "getcallbackip": Endpoint("GET", list_ips),
    "get_api_domain_ip": Endpoint("GET", list_ips),
    "user/get": Endpoint("GET", get_user),
    "user/simplelist": Endpoint("GET", simple_list),
    "user/list": Endpoint("GET", full_list),
    "user/list_id": Endpoint("POST", list_ids, grant="contacts_sync"),
    "department/list": Endpoint("GET", list_departments),
    "department/simplelist": Endpoint("GET", list_department_ids),
    "department/get": Endpoint("GET", get_department),
    "agent/get": Endpoint("GET", get_agent),
    "menu/create": Endpoint("POST", create_menu),
    "menu/get": Endpoint("GET", get_menu),
    "menu/delete": Endpoint("GET", delete_menu),
}
