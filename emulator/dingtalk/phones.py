"""What a member does on the phone; each act returns when its callback was delivered by the platform's rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from emulator.dingtalk.callbacks import NOBODY
from emulator.dingtalk.calls import ms
from emulator.dingtalk.cards import apply_answer
from emulator.dingtalk.company import Company
from emulator.dingtalk.errors import Refusal
from emulator.dingtalk.records import Conversation, Delivery, Download, Session
from emulator.dingtalk.webhooks import show_message
from emulator.pictures import SAMPLE_PNG
from emulator.screen import Kind, Shown

SESSION = timedelta(minutes=90)
DOWNLOAD = timedelta(days=1)
IN_GROUPS = ("text", "richText", "picture")  # the others reach the robot one-to-one only
STRANGERS_CORP = "ding" + "f" * 32
TOAST = "操作失败，请稍后重试"


class Phones(Company):
    """The members' phones: saying, sending, pressing and looking. Whoever is no member (any more) speaks as a stranger."""

    # saying and sending

    async def say(
        self, staff_id: str, text: str, *, group: str | None = None, at_robot: bool = True, quote: str | None = None
    ) -> Delivery:
        """A text; in a `group` (conversation id) it mentions the robot, or is not delivered. `quote` is the quoted text."""
        content: dict[str, Any] = {"content": f" {text}" if group else text}
        if quote is not None:
            quoted = {"msgType": "text", "msgId": self.fresh("msg", 20), "content": {"text": quote}}
            content |= {"isReplyMsg": True, "repliedMsg": quoted | {"createdAt": ms(self.clock())}}
        spoken = f"@{self.robot_name} {text}" if group and at_robot else text
        return await self._message(staff_id, "text", {"text": content}, group, at_robot, shown=("text", spoken))

    async def speak(self, staff_id: str, text: str, *, group: str | None = None) -> Delivery:
        """A voice message with DingTalk's own recognition of it; groups do not pass it on."""
        content = {"duration": 4000, "downloadCode": self._offer(b"audio"), "recognition": text}
        return await self._message(staff_id, "audio", {"content": content}, group, shown=("voice", text))

    async def send_picture(self, staff_id: str, data: bytes = SAMPLE_PNG, *, group: str | None = None) -> Delivery:
        """A picture."""
        content = {"downloadCode": self._offer(data), "pictureDownloadCode": self._offer(data)}
        return await self._message(staff_id, "picture", {"content": content}, group, shown=("image", ""), image=data)

    async def send_rich_text(
        self, staff_id: str, text: str, data: bytes = SAMPLE_PNG, *, group: str | None = None
    ) -> Delivery:
        """Words and a picture in one message."""
        picture = {"type": "picture", "downloadCode": self._offer(data), "pictureDownloadCode": self._offer(data)}
        content = {"richText": [{"text": text}, picture]}
        return await self._message(staff_id, "richText", {"content": content}, group, shown=("image", text), image=data)

    async def send_file(
        self, staff_id: str, filename: str = "报价单.pdf", data: bytes = b"%PDF-1.4", *, group: str | None = None
    ) -> Delivery:
        """A file; groups do not pass it on."""
        place = {"spaceId": self.fresh("", 9), "fileId": self.fresh("", 9)}
        content = {"downloadCode": self._offer(data), "fileName": filename, **place}
        return await self._message(staff_id, "file", {"content": content}, group, shown=("file", filename))

    async def send_other(self, staff_id: str, msgtype: str = "unknownMsgType", *, group: str | None = None) -> Delivery:
        """A place, a contact card, a sticker…: what robots cannot see."""
        content = {msgtype: "该消息类型暂不支持"}
        return await self._message(staff_id, msgtype, {"content": content}, group, shown=("text", "[不支持的消息]"))

    async def say_as_stranger(self, text: str, *, name: str = "路人", group: str | None = None) -> Delivery:
        """A text of somebody from another company: no staff id. Answers are on `screen(name)`."""
        if group and name not in self.groups[group].members:
            self.groups[group].members.append(name)
        content = {"text": {"content": f" {text}" if group else text}}
        return await self._message(name, "text", content, group, shown=("text", text))

    async def enter(self, staff_id: str) -> Delivery:
        """Open the chat with the robot: DingTalk documents no event for that, so nothing is delivered."""
        return NOBODY

    async def check_in(self, staff_id: str, place: str = "上海市黄浦区人民大道200号", remark: str = "") -> Delivery:
        """Check in at a customer's (签到): a record to be fetched, and the event that says so."""
        now = ms(self.clock())
        self.check_ins.append({
            "userid": staff_id, "checkin_time": now, "place": place, "detail_place": place, "longitude": "121.4737",
            "latitude": "31.2304", "remark": remark, "image_list": [], "visit_user": "",
        })  # fmt: skip
        return await self.fire_event("check_in", {"timeStamp": now, "staffId": staff_id})

    def read(self, staff_id: str) -> None:
        """Read everything the robot has sent by API."""
        for sent in self.sent.values():
            if staff_id in sent.receivers:
                sent.read.setdefault(staff_id, self.clock())

    # pressing

    async def click(
        self,
        staff_id: str,
        shown_id: str,
        action_id: str,
        params: Mapping[str, Any] | None = None,
        *,
        stale: bool = False,
    ) -> Delivery:
        """Press a button on a card; the answer changes this person's view only.

        An answer that is late, absent or malformed changes nothing and leaves `{"toast": …}` at the end of `Shown.wire`.
        A button that opens a page causes no callback. LookupError when there is no such button, unless it is `stale`.
        """
        shown = self.screens.find(staff_id, shown_id)
        button = next((button for button in shown.buttons if button.key == action_id), None)
        if button is None and not stale:
            raise LookupError(f"no button {action_id!r} on:\n{shown.text}")
        if button is not None and button.url:
            return NOBODY
        card = self.cards[shown_id]
        space_type, space_id = card.spaces[staff_id]
        pressed = {"cardPrivateData": {"actionIds": [action_id], "params": dict(params or {})}}
        body = {
            "type": "actionCallback", "outTrackId": shown_id, "corpId": self.corp_id, "userId": staff_id, "userIdType": 1,
            "spaceType": space_type, "spaceId": space_id, "extension": "{}",
            "content": json.dumps(pressed, ensure_ascii=False),
        }  # fmt: skip
        delivery = await self.callbacks.click(card, body)
        if not apply_answer(self, card, staff_id, delivery.reply):
            shown.wire.append({"toast": TOAST})
            self.screens.changed()
        return delivery

    # looking

    def screen(self, staff_id: str) -> list[Shown]:
        """What this person's phone shows, oldest first."""
        return self.screens.of(staff_id)

    def group_screen(self, conversation_id: str) -> list[Shown]:
        """What a group shows to everybody in it, oldest first."""
        return self.screens.of(conversation_id)

    async def wait_shown(
        self, staff_id: str, predicate: Callable[[Shown], bool], timeout: float = 5.0, *, since: int = 0  # noqa: ASYNC109
    ) -> Shown:  # fmt: skip
        """The newest thing on the phone (or the group's screen) that satisfies `predicate`, as soon as there is one.

        `since` leaves out the first so many things: pass len(screen(staff_id)) from before the act. NotOnScreen in vain.
        """
        return await self.screens.wait(staff_id, predicate, timeout, since)

    async def wait_changed(self, staff_id: str, shown_id: str, *, since: int = 0, timeout: float = 5.0) -> Shown:  # noqa: ASYNC109
        """The card with this id as soon as its revision is above `since`."""
        self.screens.find(staff_id, shown_id)
        return await self.screens.wait(staff_id, lambda s: s.id == shown_id and s.revision > since, timeout)

    # what goes on the wire

    async def _message(
        self,
        person: str,
        msgtype: str,
        content: dict[str, Any],
        group_id: str | None,
        at_robot: bool = True,
        *,
        shown: tuple[Kind, str],
        image: bytes = b"",
    ) -> Delivery:
        conversation = Conversation(person, self.groups[group_id] if group_id else None)
        body = self._body(conversation, msgtype, content)
        kind, words = shown
        wire = [{"callback": {**body, "sessionWebhook": "…"}}]
        self.show(conversation, Shown(body["msgId"], self.clock(), person, kind, body=words, image=image, wire=wire))
        group = conversation.group
        if group and (not at_robot or not group.has_robot or msgtype not in IN_GROUPS):
            return NOBODY
        delivery = await self.callbacks.message(body)
        if self.mode == "http" and delivery.accepted and isinstance(delivery.reply, dict):
            self._answered(conversation, delivery.reply)
        return delivery

    def _answered(self, conversation: Conversation, answer: dict[str, Any]) -> None:
        """The one message an HTTP answer may hold."""
        try:
            show_message(self, conversation, answer, {"answer": answer})
        except Refusal as refusal:
            self.ignored.append(f"answer to a message: {refusal}")

    def _body(self, conversation: Conversation, msgtype: str, content: dict[str, Any]) -> dict[str, Any]:
        """A robot message as both modes carry it (DingTalk docs, 接收消息)."""
        group, now = conversation.group, self.clock()
        member = self.members.get(conversation.person)
        robot = f"$:LWCP_v1:${self.robot_code}"
        body = {
            "conversationId": group.conversation_id if group else f"cid{conversation.person}==",
            "chatbotCorpId": self.corp_id, "chatbotUserId": robot, "robotCode": self.robot_code,
            "msgId": self.fresh("msg", 22) + "==", "msgtype": msgtype, "createAt": ms(now), **content,
            "conversationType": "2" if group else "1", "senderId": f"$:LWCP_v1:${conversation.person}",
            "senderNick": member.name if member else conversation.person,
            "senderCorpId": self.corp_id if member else STRANGERS_CORP,
            "sessionWebhook": self._open_session(conversation),
            "sessionWebhookExpiredTime": ms(now + SESSION), "senderPlatform": "iOS",
        }  # fmt: skip
        if group:
            body |= {"conversationTitle": group.title, "isInAtList": True, "atUsers": [{"dingtalkId": robot}]}
        if member and self.published:
            body |= {"senderStaffId": member.staff_id, "isAdmin": member.admin}
        return body

    def _open_session(self, conversation: Conversation) -> str:
        session = self.fresh("", 32)
        self.keep(self.sessions, session, Session(conversation, self.clock() + SESSION))
        return f"{self.base_url}/robot/sendBySession?session={session}"

    def _offer(self, data: bytes) -> str:
        code = self.fresh("dc", 24)
        self.keep(self.downloads, code, Download(data, self.clock() + DOWNLOAD))
        return code
