"""The calls of 客户联系: welcomes (OD:92137), tags (OD:92117), contacts (OD:92114), channel codes (OD:92228), mass sends
(OD:92135), transfers from one member to another (OD:92125, OD:94096)."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from bot.cards.text import cut_bytes
from bot.platforms.base import Clock, Fate, Outgoing, SendError, Sent
from bot.platforms.http import may_have_acted
from bot.platforms.wecom.client import WeComClient
from bot.platforms.wecom.errors import TAG_EXISTS, WELCOME_DONE

WORDS_BYTES = 4000  # a welcome, or the text of a mass send
REMARK_CHARS = 30  # a channel code's remark
MAX_PAGES = 40
MAX_WAYS = 400  # channel codes looked at one by one to find ours again
LOOK_BACK = timedelta(hours=25)  # a row is tried for a day: a mass send older than that is not its doing
LOOK_AHEAD = timedelta(hours=1)
QR_BYTES = 1024 * 1024
LOOK_AFTER = 5.0  # seconds until what may have been done can be looked for
IN_TRANSFER = (40100, 40129)
UNCLEAR = "unclear"  # the code of every SendError after which a person must look

Call = Callable[[Outgoing], Awaitable[Sent]]
Data = Mapping[str, Any]


class ContactCalls:
    """Each call takes an outbox row and returns what the business waits for in `Sent.result`. Raises SendError."""

    def __init__(self, client: WeComClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self.kinds: dict[str, Call] = {
            "welcome": self.welcome,
            "mark_tag": self.mark_tag,
            "create_tag": self.create_tag,
            "read_tags": self.read_tags,
            "read_contact": self.read_contact,
            "contact_way": self.contact_way,
            "group_send": self.group_send,
            "group_send_results": self.group_send_results,
            "cancel_group_send": self.cancel_group_send,
            "transfer_contacts": self.transfer_contacts,
            "transfer_results": self.transfer_results,
        }

    async def welcome(self, item: Outgoing) -> Sent:
        """Greet a new contact, within 20 s of the event and once per code."""
        body = {"welcome_code": item.payload["code"], "text": {"content": cut_bytes(item.payload["text"], WORDS_BYTES)}}
        try:
            await self._post("send_welcome_msg", body)
        except SendError as error:
            if error.code != WELCOME_DONE or not item.repeated:
                raise
        return Sent()

    async def mark_tag(self, item: Outgoing) -> Sent:
        """Put tags on a contact, or take them off, for one member; doing so twice changes nothing."""
        payload = item.payload
        body = {
            "userid": payload["user_id"],
            "external_userid": payload["external_user_id"],
            "add_tag": list(payload.get("add", ())),
            "remove_tag": list(payload.get("remove", ())),
        }
        await self._post("mark_tag", body)
        return Sent()

    async def create_tag(self, item: Outgoing) -> Sent:
        """A tag of the company in a group that is made when it is missing: {"remote_id", "name"}."""
        name, group = str(item.payload["name"]), str(item.payload["group"])
        try:
            answer = await self._post("add_corp_tag", {"group_name": group, "tag": [{"name": name}]})
            groups: list[Any] = [answer.get("tag_group")]  # the one group touched; an object, not an array
        except SendError as error:
            if error.code != TAG_EXISTS:
                raise
            groups = [*_list(await self._post("get_corp_tag_list", {}), "tag_group")]
        for tag in (tag for found in groups if _text(found, "group_name") == group for tag in _list(found, "tag")):
            if _text(tag, "name") == name:
                return Sent(result={"remote_id": _text(tag, "id"), "name": name})
        raise SendError(Fate.RETRY, "tag_missing", "the answer does not hold the tag")

    async def read_tags(self, _item: Outgoing) -> Sent:
        """All tags of the company: {"groups": [{"name", "tags": [{"id", "name"}]}]}."""
        answer = await self._post("get_corp_tag_list", {})
        groups = [
            {
                "name": _text(group, "group_name"),
                "tags": [
                    {"id": _text(tag, "id"), "name": _text(tag, "name")}
                    for tag in _list(group, "tag")
                    if not tag.get("deleted")
                ],
            }
            for group in _list(answer, "tag_group")
            if not group.get("deleted")
        ]
        return Sent(result={"groups": groups})

    async def read_contact(self, item: Outgoing) -> Sent:
        """{"name", "follows": [{"user_id", "state", "since" (epoch seconds), "tags": [{"id", "name", "group"}]}]}."""
        name, follows, cursor = "", [], ""
        for _ in range(MAX_PAGES):
            more = {"cursor": cursor} if cursor else {}
            answer = await self._client.get(
                "externalcontact/get", external_userid=str(item.payload["external_user_id"]), **more
            )
            contact = answer.get("external_contact")
            name = name or (_text(contact, "name") if isinstance(contact, dict) else "")
            follows += [_follow(entry) for entry in _list(answer, "follow_user")]
            cursor = _text(answer, "next_cursor")
            if not cursor:
                break
        return Sent(result={"name": name, "follows": follows})

    # channel codes

    async def contact_way(self, item: Outgoing) -> Sent:
        """A channel's code: {"config_id", "qr_code" (address), "png" (base64, "" when the picture cannot be had)}."""
        payload = item.payload
        found = await self._find_way(payload["state"]) if item.repeated else None
        if found is None:
            body = {
                "type": 1,
                "scene": 2,
                "remark": str(payload.get("remark", ""))[:REMARK_CHARS],
                "skip_verify": True,
                "state": payload["state"],
                "user": [payload["user_id"]],
            }
            found = await self._effect("add_contact_way", body)
        address = _text(found, "qr_code")
        result = {"config_id": _text(found, "config_id"), "qr_code": address, "png": await self._picture(address)}
        return Sent(remote_id=result["config_id"], result=result)

    async def _find_way(self, state: str) -> Data | None:
        """The channel code with this state among those this app has made; None when there is certainly none."""
        looked = 0
        async for entry in self._pages("list_contact_way", {"limit": 100}, "contact_way"):
            looked += 1
            if looked > MAX_WAYS:
                raise SendError(Fate.UNCLEAR, UNCLEAR, "too many channel codes to look through")
            answer = await self._post("get_contact_way", {"config_id": _text(entry, "config_id")})
            way = answer.get("contact_way")
            if isinstance(way, dict) and way.get("state") == state:
                return way
        return None

    async def _picture(self, address: str) -> str:
        """The code's picture; without it the address still leads there."""
        try:
            png = await self._client.http.download(address, limit=QR_BYTES)
        except SendError:
            return ""
        return base64.b64encode(png).decode()

    # mass sends

    async def group_send(self, item: Outgoing) -> Sent:
        """Hand a mass send to a member, who confirms it in the client: {"msgid", "fail": [external ids]}.

        Raises SendError(UNCLEAR) when the platform may have taken it: the next attempt (`repeated`) looks for it first.
        """
        payload = item.payload
        text = cut_bytes(payload["text"], WORDS_BYTES)
        if item.repeated and (msgid := await self._find_send(text, payload["user_id"], payload["external_user_ids"])):
            return Sent(remote_id=msgid, result={"msgid": msgid, "fail": []})
        body = {
            "chat_type": "single",
            "external_userid": list(payload["external_user_ids"]),
            "sender": payload["user_id"],
            "text": {"content": text},
        }
        answer = await self._effect("add_msg_template", body)
        msgid, fail = _text(answer, "msgid"), answer.get("fail_list")
        failed = [str(one) for one in fail] if isinstance(fail, list) else []
        return Sent(remote_id=msgid, result={"msgid": msgid, "fail": failed})

    async def _find_send(self, text: str, user_id: str, external_ids: list[str]) -> str:
        """The msgid of the mass send of these words to these contacts, or "" when there is certainly none."""
        now = self._clock()
        body = {
            "chat_type": "single",
            "start_time": int((now - LOOK_BACK).timestamp()),
            "end_time": int((now + LOOK_AHEAD).timestamp()),
            "filter_type": 0,
            "limit": 100,
        }
        found = set()
        async for task in self._pages("get_groupmsg_list_v2", body, "group_msg_list"):
            words = task.get("text")
            same = isinstance(words, dict) and words.get("content") == text
            # The platform leaves the creator out for mass sends made by API.
            if same and _text(task, "creator") in ("", user_id):
                reached = {external async for external, _ in self._results(_text(task, "msgid"), user_id)}
                if reached <= set(external_ids):
                    found.add(_text(task, "msgid") if reached else "")
        if len(found) > 1 or "" in found:
            raise SendError(Fate.UNCLEAR, UNCLEAR, "a mass send that may be this one", after=LOOK_AFTER)
        return found.pop() if found else ""

    async def group_send_results(self, item: Outgoing) -> Sent:
        """Who has it: {"sent": [external ids], "waiting": […], "failed": […]}; waiting until the member confirms."""
        result: dict[str, list[str]] = {"sent": [], "waiting": [], "failed": []}
        async for external, status in self._results(str(item.payload["msgid"]), str(item.payload["user_id"])):
            result[{0: "waiting", 1: "sent"}.get(status, "failed")].append(external)
        return Sent(result=result)

    async def cancel_group_send(self, item: Outgoing) -> Sent:
        """Take a mass send out of the member's list; what a member has confirmed already stays sent (OD:97610)."""
        await self._post("cancel_groupmsg_send", {"msgid": str(item.payload["msgid"])})
        return Sent()

    async def _results(self, msgid: str, user_id: str) -> AsyncIterator[tuple[str, int]]:
        """External id and status: 0 not sent, 1 sent, 2 not a friend any more, 3 has had enough this month."""
        body = {"msgid": msgid, "userid": user_id, "limit": 1000}
        async for entry in self._pages("get_groupmsg_send_result", body, "send_list"):
            status = entry.get("status")
            yield _text(entry, "external_userid"), status if isinstance(status, int) else 0

    # transfers (客户继承)

    async def transfer_contacts(self, item: Outgoing) -> Sent:
        """Ask the platform to transfer at most 100 contacts: {"refused": {external id: code}}; cannot be taken back.

        A contact that is in transfer already when the call is repeated is one that the lost attempt began with.
        """
        payload = item.payload
        body = {
            "handover_userid": payload["giver"],
            "takeover_userid": payload["taker"],
            "external_userid": list(payload["external_user_ids"]),
        }
        answer = await self._post(_transfer_path(payload, "transfer_customer"), body)
        refused = {}
        for entry in _list(answer, "customer"):
            code = entry.get("errcode")
            if code and not (item.repeated and code in IN_TRANSFER):
                refused[_text(entry, "external_userid")] = str(code)
        return Sent(result={"refused": refused})

    async def transfer_results(self, item: Outgoing) -> Sent:
        """How far transfers between two members are: {"statuses": {external id: 1…5}}, see `scrm.handovers.STATUSES`."""
        payload = item.payload
        body = {"handover_userid": payload["giver"], "takeover_userid": payload["taker"]}
        statuses = {}
        async for entry in self._pages(_transfer_path(payload, "transfer_result"), body, "customer"):
            if isinstance(status := entry.get("status"), int):
                statuses[_text(entry, "external_userid")] = status
        return Sent(result={"statuses": statuses})

    # the calls themselves

    async def _pages(self, path: str, body: Data, name: str) -> AsyncIterator[Data]:
        cursor = ""
        for _ in range(MAX_PAGES):
            answer = await self._post(path, {**body, "cursor": cursor})
            for entry in _list(answer, name):
                yield entry
            cursor = _text(answer, "next_cursor")
            if not cursor:
                return
        raise SendError(Fate.UNCLEAR, UNCLEAR, f"{path}: too many pages")

    async def _post(self, path: str, body: Data) -> Data:
        return await self._client.post(f"externalcontact/{path}", body)

    async def _effect(self, path: str, body: Data) -> Data:
        """A call that must not be made twice: when nobody knows whether it was carried out, that is UNCLEAR."""
        try:
            return await self._post(path, body)
        except SendError as error:
            if may_have_acted(error):
                raise SendError(Fate.UNCLEAR, UNCLEAR, error.code, after=LOOK_AFTER) from error
            raise


def _transfer_path(payload: Data, call: str) -> str:
    return f"resigned/{call}" if payload["resigned"] else call


def _follow(entry: Data) -> dict[str, Any]:
    since = entry.get("createtime")
    tags = [
        {"id": _text(tag, "tag_id"), "name": _text(tag, "tag_name"), "group": _text(tag, "group_name")}
        for tag in _list(entry, "tags")
        if tag.get("tag_id")  # a member's private tags have none
    ]
    return {
        "user_id": _text(entry, "userid"),
        "state": _text(entry, "state"),
        "since": since if isinstance(since, int) else 0,
        "tags": tags,
    }


def _list(data: Any, name: str) -> list[Data]:
    """The objects in an array of an answer; none when it is not there."""
    value = data.get(name) if isinstance(data, dict) else None
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _text(data: Any, name: str) -> str:
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""
