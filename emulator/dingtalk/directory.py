"""The old host's contacts and check-in records (DingTalk docs, 通讯录管理, 签到); contacts do not count against the month."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from emulator.dingtalk.calls import Call, Endpoint, Fields
from emulator.dingtalk.errors import refuse_if
from emulator.dingtalk.records import Department, Member
from emulator.dingtalk.world import World

BAD = 400002
ROOT = 1
PAGE = 100
CHECK_IN_PEOPLE = 10
ORDERS = ("entry_asc", "entry_desc", "modify_asc", "modify_desc", "custom")


def _answer(result: Any) -> dict[str, Any]:
    return {"result": result}


# people


def user_get(world: World, call: Call) -> dict[str, Any]:
    """/topapi/v2/user/get: one member's record."""
    userid = call.fields(BAD).text("userid", BAD)
    member = world.members.get(userid)
    refuse_if(member is None, 60121)
    refuse_if(member and not member.visible, 50002)
    return _answer(_record(world, member) if member else None)


def user_by_mobile(world: World, call: Call) -> dict[str, Any]:
    """/topapi/v2/user/getbymobile."""
    mobile = call.fields(BAD).text("mobile", BAD)
    refuse_if(not mobile.isascii() or not mobile.isdigit(), 40104)
    found = [member.staff_id for member in _visible(world) if member.mobile == mobile]
    refuse_if(not found, 60121)
    return _answer({"userid": found[0]})


def user_by_union_id(world: World, call: Call) -> dict[str, Any]:
    """/topapi/user/getbyunionid."""
    union_id = call.fields(BAD).text("unionid", BAD)
    found = [member.staff_id for member in _visible(world) if member.union_id == union_id]
    refuse_if(not found, 60121)
    return _answer({"contact_type": 0, "userid": found[0]})


def user_list(world: World, call: Call) -> dict[str, Any]:
    """/topapi/v2/user/list: full records of a department's direct members, by page."""
    fields = call.fields(BAD)
    members, more = _page(world, fields)
    department = fields.number("dept_id")
    records = [_record(world, member) | {"leader": department in member.leader_of} for member in members]
    return _answer({"list": records, **more})


def user_list_simple(world: World, call: Call) -> dict[str, Any]:
    """/topapi/user/listsimple: ids and names, by page."""
    members, more = _page(world, call.fields(BAD))
    return _answer({"list": [{"userid": member.staff_id, "name": member.name} for member in members], **more})


def user_list_id(world: World, call: Call) -> dict[str, Any]:
    """/topapi/user/listid: the ids of a department's direct members."""
    department = _department(world, call.fields(BAD).number("dept_id"))
    return _answer({"userid_list": [member.staff_id for member in _members_of(world, department)]})


def admin_list(world: World, call: Call) -> dict[str, Any]:
    """/topapi/user/listadmin: the company's administrators; sys_level 2 is a sub-administrator."""
    return _answer([{"userid": member.staff_id, "sys_level": 2} for member in world.members.values() if member.admin])


def _visible(world: World) -> list[Member]:
    return [member for member in world.members.values() if member.visible]


def _members_of(world: World, department: Department) -> list[Member]:
    return [member for member in _visible(world) if department.id in member.departments]


def _page(world: World, fields: Fields) -> tuple[list[Member], dict[str, Any]]:
    """One page of a department, and has_more with next_cursor."""
    department = _department(world, fields.number("dept_id"))
    cursor = Fields(fields.raw, 40068).number("cursor")
    size = Fields(fields.raw, 40069).number("size")
    refuse_if(cursor < 0, 40068)
    refuse_if(not 0 < size <= PAGE, 40069)
    refuse_if(fields.text("order_field") not in ("", *ORDERS), BAD)
    members = _members_of(world, department)
    end = cursor + size
    more = {"has_more": True, "next_cursor": end} if end < len(members) else {"has_more": False}
    return members[cursor:end], more


def _record(world: World, member: Member) -> dict[str, Any]:
    """A member as the app may see them: without the permission for it, the mobile number is simply missing."""
    record: dict[str, Any] = {
        "userid": member.staff_id, "unionid": member.union_id, "name": member.name, "avatar": "", "state_code": "86",
        "hide_mobile": False, "telephone": "", "job_number": "", "title": "", "dept_id_list": list(member.departments),
        "dept_order_list": [{"dept_id": number, "order": 1} for number in member.departments],
        "leader_in_dept": [{"dept_id": number, "leader": number in member.leader_of} for number in member.departments],
        "role_list": [], "extension": "{}", "active": member.active, "real_authed": True, "senior": False,
        "admin": member.admin, "boss": False, "exclusive_account": False,
    }  # fmt: skip
    if member.manager:
        record["manager_userid"] = member.manager
    if member.mobile and "fieldMobile" in world.scopes:
        record["mobile"] = member.mobile
    return record


# departments


def department_get(world: World, call: Call) -> dict[str, Any]:
    """/topapi/v2/department/get."""
    department = _department(world, call.fields(BAD).number("dept_id"))
    members = _members_of(world, department)
    record = {
        "dept_id": department.id, "name": department.name, "order": 1, "member_count": len(members), "hide_dept": False,
        "outer_dept": False, "dept_manager_userid_list": [m.staff_id for m in members if department.id in m.leader_of],
    }  # fmt: skip
    return _answer(record | ({"parent_id": department.parent_id} if department.id != ROOT else {}))


def department_list_sub(world: World, call: Call) -> dict[str, Any]:
    """/topapi/v2/department/listsub: one level below a department."""
    below = _below(world, call.fields(BAD).number("dept_id", ROOT))
    return _answer([
        {"dept_id": d.id, "name": d.name, "parent_id": d.parent_id, "create_dept_group": False, "auto_add_user": False}
        for d in below
    ])  # fmt: skip


def department_list_sub_id(world: World, call: Call) -> dict[str, Any]:
    """/topapi/v2/department/listsubid."""
    return _answer({"dept_id_list": [d.id for d in _below(world, call.fields(BAD).number("dept_id"))]})


def _department(world: World, ident: int) -> Department:
    refuse_if(ident not in world.departments, 60003)
    return world.departments[ident]


def _below(world: World, ident: int) -> list[Department]:
    parent = _department(world, ident)
    return [department for department in world.departments.values() if department.parent_id == parent.id]


# check-ins and missed events


def check_in_records(world: World, call: Call) -> dict[str, Any]:
    """/topapi/checkin/record/get: at most 10 people; one of them over 10 days, several over one."""
    fields = call.fields(BAD)
    people = fields.text("userid_list", BAD).split(",")
    start, end, cursor, size = (fields.number(name) for name in ("start_time", "end_time", "cursor", "size"))
    window = timedelta(days=10 if len(people) == 1 else 1)
    refuse_if(len(people) > CHECK_IN_PEOPLE or not 0 < size <= PAGE or cursor < 0, BAD)
    refuse_if(end < start or end - start > window.total_seconds() * 1000, BAD)
    found = [r for r in world.check_ins if r["userid"] in people and start <= r["checkin_time"] <= end]
    following = cursor + size if cursor + size < len(found) else None
    return _answer({"next_cursor": following, "page_list": found[cursor : cursor + size]})


GET_MEMBER, OF_DEPARTMENT = ("qyapi_get_member",), ("qyapi_get_department_member",)
DEPARTMENTS = ("qyapi_get_department_list",)
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/topapi/v2/user/get"): Endpoint(user_get, GET_MEMBER, counted=False),
    ("POST", "/topapi/v2/user/getbymobile"): Endpoint(user_by_mobile, ("qyapi_get_member_by_mobile",), counted=False),
    ("POST", "/topapi/user/getbyunionid"): Endpoint(user_by_union_id, GET_MEMBER, counted=False),
    ("POST", "/topapi/v2/user/list"): Endpoint(user_list, OF_DEPARTMENT, counted=False),
    ("POST", "/topapi/user/listsimple"): Endpoint(user_list_simple, OF_DEPARTMENT, counted=False),
    ("POST", "/topapi/user/listid"): Endpoint(user_list_id, OF_DEPARTMENT, counted=False),
    ("POST", "/topapi/user/listadmin"): Endpoint(admin_list, GET_MEMBER, counted=False),
    ("POST", "/topapi/v2/department/get"): Endpoint(department_get, DEPARTMENTS, counted=False),
    ("POST", "/topapi/v2/department/listsub"): Endpoint(department_list_sub, DEPARTMENTS, counted=False),
    ("POST", "/topapi/v2/department/listsubid"): Endpoint(department_list_sub_id, DEPARTMENTS, counted=False),
    ("POST", "/topapi/checkin/record/get"): Endpoint(check_in_records, ("qyapi_checkin_read",)),
}
