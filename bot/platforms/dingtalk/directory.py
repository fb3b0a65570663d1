"""Members and departments from DingTalk's contacts; these calls do not count against the month (通讯录管理)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

import structlog

from bot.platforms.base import Directory, Fate, Person, SendError, Unit
from bot.platforms.dingtalk.client import Client
from bot.platforms.dingtalk.errors import NO_UNIT, USER_UNKNOWN

log = structlog.get_logger("dingtalk.directory")

ROOT = 1
PAGE = 100  # members a page, the most DingTalk gives
MAX_UNITS = 5_000
MAX_PAGES = 500  # per department
ATTEMPTS = 6
PAUSE_SECONDS = 1.0  # the rate limit is 20 calls a second


class DingTalkDirectory:
    """The directory in the app's visible range (implements `DirectorySource`)."""

    platform = "dingtalk"

    def __init__(self, client: Client) -> None:
        self._client = client

    async def person(self, user_id: str) -> Person | None:
        """One member; None for somebody unknown, gone, or outside the app's visible range. Raises SendError."""
        try:
            record = await self._client.old("/topapi/v2/user/get", {"userid": user_id, "language": "zh_CN"})
        except SendError as error:
            if error.code in USER_UNKNOWN:
                return None
            raise
        return _person(record) if isinstance(record, Mapping) else None

    async def everybody(self) -> Directory:
        """All departments and their members. Raises SendError."""
        units = await self._units()
        people: dict[str, Person] = {}
        for unit in units:
            for record in await self._members(unit.id):
                person = _person(record, unit.id)
                people[person.user_id] = _joined(people.get(person.user_id), person)
        return Directory(units, [person for person in people.values() if person.user_id])

    async def _units(self) -> list[Unit]:
        """Breadth first from the root, which has no parent."""
        root = await self._patiently("/topapi/v2/department/get", {"dept_id": ROOT})
        found = {ROOT: Unit(str(ROOT), _text(root, "name"))}
        queue = deque([ROOT])
        while queue and len(found) < MAX_UNITS:
            parent = queue.popleft()
            below = await self._patiently("/topapi/v2/department/listsub", {"dept_id": parent})
            for record in below if isinstance(below, list) else []:
                number = record.get("dept_id") if isinstance(record, Mapping) else None
                if isinstance(number, int) and number not in found:
                    found[number] = Unit(str(number), _text(record, "name"), str(parent))
                    queue.append(number)
        if len(found) >= MAX_UNITS:
            log.warning("directory_cut", units=MAX_UNITS)
        return list(found.values())

    async def _members(self, unit: str) -> list[Mapping[str, Any]]:
        """The records of a department's direct members."""
        records: list[Mapping[str, Any]] = []
        cursor = 0
        for _ in range(MAX_PAGES):
            body = {"dept_id": int(unit), "cursor": cursor, "size": PAGE, "language": "zh_CN"}
            page = await self._patiently("/topapi/v2/user/list", body)
            if not isinstance(page, Mapping):
                break
            listed = page.get("list")
            records += [record for record in listed if isinstance(record, Mapping)] if isinstance(listed, list) else []
            following = page.get("next_cursor")
            if not page.get("has_more") or not isinstance(following, int) or following <= cursor:
                break
            cursor = following
        return records

    async def _patiently(self, path: str, body: Mapping[str, Any]) -> Any:
        """The result of a call, waiting for rate limits to lift; None for a department that has just gone."""
        attempts = 0
        while True:
            try:
                return await self._client.old(path, body)
            except SendError as error:
                attempts += 1
                if error.code == NO_UNIT and body.get("dept_id") != ROOT:
                    return None
                if error.fate not in (Fate.RATE, Fate.RETRY) or attempts >= ATTEMPTS:
                    raise
            await asyncio.sleep(PAUSE_SECONDS)


def _person(record: Mapping[str, Any], unit: str = "") -> Person:
    """A member's record; `unit` is the department it was listed in, whose leader flag stands on its own."""
    units = record.get("dept_id_list")
    departments = [str(number) for number in units] if isinstance(units, list) else []
    leads = [
        str(entry.get("dept_id"))
        for entry in record.get("leader_in_dept") or []
        if isinstance(entry, Mapping) and entry.get("leader") is True
    ]
    if unit and record.get("leader") is True:
        leads.append(unit)
    return Person(
        _text(record, "userid"),
        _text(record, "name"),
        departments=tuple(dict.fromkeys([*departments, unit] if unit else departments)),
        leads=tuple(dict.fromkeys(leads)),
        manager=_text(record, "manager_userid"),
        active=record.get("active") is not False,
    )


def _joined(known: Person | None, found: Person) -> Person:
    """One person out of the records of several departments."""
    if known is None:
        return found
    return Person(
        found.user_id,
        found.name,
        departments=tuple(dict.fromkeys((*known.departments, *found.departments))),
        leads=tuple(dict.fromkeys((*known.leads, *found.leads))),
        manager=found.manager or known.manager,
        active=found.active,
    )


def _text(record: object, name: str) -> str:
    value = record.get(name) if isinstance(record, Mapping) else None
    return value if isinstance(value, str) else ""
