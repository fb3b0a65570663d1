"""What customers do in WeChat, and members and admins with them in the client and the console (客户联系)."""

from __future__ import annotations

from typing import Any

from emulator.wecom.campaigns import deliver
from emulator.wecom.contacts import customers_of
from emulator.wecom.phones import Phones
from emulator.wecom.records import Contact, CustomerGroup, Delivery, Follow, WelcomeCode
from emulator.wecom.tags import drop_tag, new_group, new_tag, tags_in
from emulator.wecom.transfers import WAITING, finish


class Clients(Phones):
    """Customers and the events they cause; each act returns when its callback was delivered."""

    async def add_contact(
        self,
        userid: str,
        name: str,
        *,
        state: str = "",
        external_userid: str | None = None,
        half: bool = False,
        welcome: bool = True,
    ) -> str:
        """A WeChat user becomes this member's contact; returns the external_userid.

        `state` is the channel's, `half` means the member has not confirmed yet, `welcome` sends a WelcomeCode along
        that lives 20 s of the real clock.
        """
        external_userid = external_userid or self.fresh("wm", 30)
        contact = self.contacts.setdefault(external_userid, Contact(external_userid, name))
        contact.follows[userid] = Follow(userid, self.clock(), state)
        fields = {"State": state} if state else {}
        if welcome:
            code = WelcomeCode(self.fresh("WC", 40), userid, external_userid, 0.0)
            code.expires = self.real() + self.limits.welcome_seconds
            self.keep(self.welcome_codes, code.code, code)
            fields["WelcomeCode"] = code.code
        change = "add_half_external_contact" if half else "add_external_contact"
        await self.contact_event(change, userid, external_userid, fields)
        return external_userid

    async def scan(self, config_id: str, name: str) -> tuple[str, str]:
        """A WeChat user scans a channel code; returns the member reached and the new external_userid."""
        fields = self.contact_ways[config_id].fields
        parties = [department for party in fields["party"] for department in self.subtree(party)]
        users = [*fields["user"], *(member.userid for member in self.in_departments(parties))]
        userid = min(users, key=lambda user: len(customers_of(self, user)))
        return userid, await self.add_contact(userid, name, state=fields["state"])

    async def contact_leaves(self, userid: str, external_userid: str) -> Delivery:
        """The customer deletes the member (del_follow_user)."""
        self.contacts[external_userid].follows.pop(userid)
        return await self.contact_event("del_follow_user", userid, external_userid)

    async def member_deletes(self, userid: str, external_userid: str) -> Delivery:
        """The member deletes the customer (del_external_contact)."""
        self.contacts[external_userid].follows.pop(userid)
        return await self.contact_event("del_external_contact", userid, external_userid)

    async def edit_tags(
        self, userid: str, external_userid: str, add: list[str] | None = None, remove: list[str] | None = None
    ) -> Delivery:
        """The member changes a customer's tags (by tag id) in the client."""
        follow = self.contacts[external_userid].follows[userid]
        unknown = [tag_id for tag_id in add or [] if tag_id not in self.tags]
        if unknown:
            raise LookupError(f"no such tags: {unknown}")
        follow.tag_ids = (follow.tag_ids | set(add or [])) - set(remove or [])
        return await self.contact_event("edit_external_contact", userid, external_userid)

    async def edit_remark(self, userid: str, external_userid: str, remark: str) -> Delivery:
        """The member changes a customer's remark in the client."""
        self.contacts[external_userid].follows[userid].remark = remark
        return await self.contact_event("edit_external_contact", userid, external_userid)

    async def confirm_group_send(self, userid: str, msgid: str) -> None:
        """The member presses send on a mass-send task; afterwards the results say sent."""
        task = self.group_sends[msgid]
        if task.cancelled:
            raise LookupError(f"{msgid} was cancelled")
        if userid not in task.members():
            raise LookupError(f"{userid} has no part in {msgid}")
        deliver(self, task, userid)

    async def settle_transfer(self, external_userid: str, *, refused: bool = False) -> None:
        """The customer takes the new member, or refuses."""
        for transfer in self.transfers:
            if transfer.external_userid == external_userid and transfer.status == WAITING:
                finish(self, transfer, refused=refused)
        await self.deliver_owed()

    def add_customer_group(self, name: str, owner: str, members: list[str]) -> str:
        """A WeChat group owned by a member, silently; returns the chat id."""
        chat_id = self.fresh("wr", 30)
        self.customer_groups[chat_id] = CustomerGroup(chat_id, name, owner, self.clock(), [owner, *members])
        return chat_id

    # the console

    async def create_tag(self, group: str, name: str) -> str:
        """An admin makes a tag in the console, in a group found or made by name; returns the tag id."""
        found = next((g for g in self.tag_groups.values() if g.name == group), None) or new_group(self, group)
        tag = new_tag(self, found, name)
        await self._tag_event(tag.id, "create")
        return tag.id

    async def rename_tag(self, tag_id: str, name: str) -> Delivery:
        """An admin renames a tag in the console."""
        self.tags[tag_id].name = name
        return await self._tag_event(tag_id, "update")

    async def delete_tag(self, tag_id: str) -> Delivery:
        """An admin deletes a tag in the console; the last tag takes its group along."""
        group_id = self.tags[tag_id].group_id
        drop_tag(self, tag_id)
        if not tags_in(self, group_id):
            await self._tag_event(group_id, "delete", kind="tag_group")
        return await self._tag_event(tag_id, "delete")

    async def member_leaves(self, userid: str) -> Delivery:
        """The member leaves the company, and the app hears of it (change_contact, delete_user)."""
        self.remove_member(userid)
        fields = {"Event": "change_contact", "ChangeType": "delete_user", "UserID": userid}
        return await self.callbacks.deliver(self._header("sys", "event") | fields | {"AgentID": self.agent_id})

    # events

    async def contact_event(
        self, change: str, userid: str, external_userid: str, fields: dict[str, str] | None = None
    ) -> Delivery:
        """Deliver a change_external_contact event."""
        who = {"UserID": userid, "ExternalUserID": external_userid}
        return await self._system_event(
            {"Event": "change_external_contact", "ChangeType": change} | who | (fields or {})
        )

    async def _tag_event(self, id: str, change: str, *, kind: str = "tag") -> Delivery:
        event = {"Event": "change_external_tag", "Id": id, "TagType": kind, "ChangeType": change}
        return await self._system_event(event)

    async def _system_event(self, fields: dict[str, Any]) -> Delivery:
        return await self.callbacks.deliver(self._header("sys", "event") | fields, contacts=True)

    async def deliver_owed(self) -> None:
        """Deliver the events that API calls have caused."""
        while self.owed_events:
            await self.contact_event(*self.owed_events.popleft())
