"""Changing the company: people and departments, and the events that tell the app about it (DingTalk docs, 通讯录事件)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulator.dingtalk.calls import ms
from emulator.dingtalk.records import Delivery, Department, Member
from emulator.dingtalk.world import World


class Company(World):
    """The directory as an administrator changes it; once the emulator is started every change is an event."""

    def add_department(self, id: int, name: str, parent_id: int = 1) -> None:
        """A department under `parent_id`, or a change of one; id 1 renames the root."""
        event = "org_dept_modify" if id in self.departments else "org_dept_create"
        self.departments[id] = Department(id, name, 0 if id == 1 else parent_id)
        self._tell(event, {"deptId": [id]})

    def remove_department(self, id: int) -> None:
        """The department is gone; its members stay in their others."""
        del self.departments[id]
        for member in self.members.values():
            member.departments = [number for number in member.departments if number != id]
            member.leader_of.discard(id)
        self._tell("org_dept_remove", {"deptId": [id]})

    def add_member(
        self,
        staff_id: str,
        name: str,
        *,
        departments: Sequence[int] = (1,),
        leader_of: Sequence[int] = (),
        manager_userid: str = "",
        mobile: str = "",
        unionid: str | None = None,
        active: bool = True,
        admin: bool = False,
        visible: bool = True,
    ) -> None:
        """A member, or a change of one. `visible`: inside the app's visible range."""
        before = self.members.get(staff_id)
        union_id = unionid or (before.union_id if before else self.fresh("", 18) + "iEiE")
        member = Member(
            staff_id, name, list(departments), set(leader_of), manager_userid, mobile, union_id, active, admin, visible
        )
        self.members[staff_id] = member
        if before is None:
            self._tell("user_add_org", {"userId": [staff_id]})
        else:
            diff = {"userid": staff_id, "prev": _described(before), "curr": _described(member)}
            self._tell("user_modify_org", {"userId": [staff_id], "diffInfo": diff})

    def remove_member(self, staff_id: str) -> None:
        """The member has left the company, and every group."""
        del self.members[staff_id]
        for group in self.groups.values():
            group.members = [person for person in group.members if person != staff_id]
        self._tell("user_leave_org", {"userId": [staff_id]})

    async def fire_event(self, event_type: str, data: dict[str, Any]) -> Delivery:
        """Any subscribed event, known to the bot or not."""
        return await self.callbacks.event(event_type, data)

    def _tell(self, event_type: str, data: dict[str, Any]) -> None:
        if self.listening:
            self.run(self.fire_event(event_type, {"timeStamp": str(ms(self.clock())), **data}))


def _described(member: Member) -> dict[str, Any]:
    return {"name": member.name, "dept_id_list": member.departments, "manager_userid": member.manager}
