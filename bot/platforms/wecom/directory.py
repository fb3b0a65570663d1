"""Members and departments in the app's visible range (OD:90196, OD:90201, OD:90208)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.platforms.base import Directory, Person, SendError, Unit
from bot.platforms.wecom.client import WeComClient
from bot.platforms.wecom.errors import NO_SUCH_USER

DISABLED, LEFT = 2, 5  # status; 1 is active, 4 not yet activated
_OUT_OF_SIGHT = frozenset({"60011", "60003", "60123", "50002"})  # a department that the app may not see, or that went

Data = Mapping[str, Any]


class WeComDirectory:
    """The DirectorySource of WeCom. An app may be given ids without names: then the id is the name."""

    platform = "wecom"

    def __init__(self, client: WeComClient) -> None:
        self._client = client

    async def person(self, user_id: str) -> Person | None:
        """One member; None when there is no such member, or not any more. Raises SendError."""
        try:
            entry = await self._client.get("user/get", userid=user_id)
        except SendError as error:
            if error.code == NO_SUCH_USER:
                return None
            raise
        return None if entry.get("status") == LEFT else _person(entry, {})

    async def everybody(self) -> Directory:
        """All departments and members the app may see, in one call per department. Raises SendError."""
        departments = _objects((await self._client.get("department/list")).get("department"))
        leaders = {_id(entry, "id"): _texts(entry.get("department_leader")) for entry in departments}
        people: dict[str, Person] = {}
        for unit in leaders:
            for entry in await self._members(unit):
                if entry.get("status") != LEFT and entry.get("userid"):
                    person = _person(entry, leaders)
                    people[person.user_id] = person
        units = [Unit(_id(entry, "id"), _name(entry, "id"), _id(entry, "parentid")) for entry in departments]
        return Directory(units, list(people.values()))

    async def _members(self, unit: str) -> list[Data]:
        try:
            answer = await self._client.get("user/list", department_id=unit)
        except SendError as error:
            if error.code in _OUT_OF_SIGHT:
                return []
            raise
        return _objects(answer.get("userlist"))


def _person(entry: Data, leaders: Mapping[str, tuple[str, ...]]) -> Person:
    user_id = _id(entry, "userid")
    departments = tuple(str(unit) for unit in _list(entry.get("department")))
    flags = _list(entry.get("is_leader_in_dept"))
    leads = {unit for unit, flag in zip(departments, flags, strict=False) if flag == 1}
    leads |= {unit for unit, named in leaders.items() if user_id in named}
    above = [leader for leader in _texts(entry.get("direct_leader")) if leader != user_id]
    return Person(
        user_id=user_id,
        name=_name(entry, "userid"),
        departments=departments,
        leads=tuple(sorted(leads)),
        manager=above[0] if above else "",
        active=entry.get("status") != DISABLED,
    )


def _name(entry: Data, otherwise: str) -> str:
    name = entry.get("name")
    return name if isinstance(name, str) and name else _id(entry, otherwise)


def _id(entry: Data, name: str) -> str:
    """An id as text; the root's parent is 0, which is nobody."""
    value = entry.get(name)
    return str(value) if isinstance(value, str | int) and value else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> list[Data]:
    return [entry for entry in _list(value) if isinstance(entry, dict)]


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(entry for entry in _list(value) if isinstance(entry, str))
