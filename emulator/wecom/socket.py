"""The AI bot's long connection: who holds it, what is pushed down it, and which frames it takes (OD:101463)."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import date
from typing import Any

from aiohttp import WSMsgType, web

from emulator.crypto import encrypt
from emulator.faults import Fault
from emulator.wecom.botreplies import Asked, BotReplies
from emulator.wecom.campaigns import CHINA
from emulator.wecom.errors import Refusal, refusal_body
from emulator.wecom.fields import Fields
from emulator.wecom.records import Delivery, LiveCard
from emulator.wecom.world import World

FRAME_BYTES = 1 << 20
SEND_SECONDS = 5.0
FILE_SECONDS = 300.0  # a picture's link to the bot lives five minutes
GROUP_KINDS = ("text", "mixed")
Command = Callable[[str, Fields], dict[str, Any]]


class Connection:
    """One socket from a developer's client."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.socket, self.transport = socket, transport
        self.subscribed = False

    async def send(self, frame: dict[str, Any]) -> bool:
        """Whether the frame went out in time."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.socket.send_str(json.dumps(frame, ensure_ascii=False))
        except (ConnectionError, TimeoutError, RuntimeError):
            return False
        return True


class BotDoor:
    """The platform's end. `holder` is the one live connection, `subscribes` counts accepted subscriptions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.holder: Connection | None = None
        self.subscribes = 0
        self.lost = 0  # callbacks nobody was there to take: the platform does not repeat them
        self.connections: set[Connection] = set()
        self.replies = BotReplies(world)
        self.files: dict[str, tuple[float, bytes, str]] = {}  # path -> expiry (real clock), encrypted bytes, name
        self._entered: dict[str, date] = {}
        self._commands: dict[str, Command] = {
            "ping": lambda req_id, body: {},
            "aibot_respond_msg": self.replies.respond,
            "aibot_respond_welcome_msg": self.replies.welcome,
            "aibot_respond_update_msg": self.replies.update,
            "aibot_send_msg": self.replies.send,
            "aibot_upload_media_init": self.replies.uploads.begin,
            "aibot_upload_media_chunk": self.replies.uploads.chunk,
            "aibot_upload_media_finish": self.replies.uploads.finish,
        }

    @property
    def held(self) -> bool:
        """Whether a client is subscribed now."""
        return self.holder is not None

    # pushing

    def readers(self, userid: str, group: str | None) -> set[str]:
        """Whose phones show what is said here; speaking in a group makes one a member of it."""
        return self.replies.readers(userid, group)

    def add_group(self, chat_id: str, userids: list[str]) -> None:
        """An internal group with the bot in it."""
        self.replies.groups.setdefault(chat_id, set()).update(userids)

    def offer_file(self, data: bytes, filename: str = "picture.png") -> dict[str, str]:
        """url and aeskey of an encrypted copy, fetchable for five minutes."""
        world = self._world
        key = bytes(world.random.randrange(256) for _ in range(32))
        path = f"/files/{world.fresh('', 30)}"
        world.keep(self.files, path, (world.real() + FILE_SECONDS, encrypt(data, key), filename))
        return {"url": world.base_url + path, "aeskey": base64.b64encode(key).decode()}

    async def message(
        self,
        userid: str,
        kind: str,
        content: dict[str, Any],
        *,
        group: str | None = None,
        extra: dict[str, Any] | None = None,
    ) -> Delivery:
        """A message to the bot; in groups only text and mixed reach it."""
        if group and kind not in GROUP_KINDS:
            raise ValueError(f"{kind} does not reach the bot in a group")
        self.replies.spoken.add(group or userid)
        asked = Asked(self._world.fresh("REQ", 24), "message", userid, group or "", self._world.real())
        return await self._push("aibot_msg_callback", asked, {"msgtype": kind, kind: content, **(extra or {})})

    async def enter(self, userid: str) -> Delivery:
        """Open the single chat; only the first time a day is reported."""
        today = self._world.clock().astimezone(CHINA).date()
        if self._entered.get(userid) == today:
            return Delivery(0, 0)
        self._entered[userid] = today
        return await self._event(userid, "enter_chat", {})

    async def click(self, userid: str, card: LiveCard, key: str, answers: dict[str, list[str]]) -> Delivery:
        """A press on one of the bot's cards; delivered once, to be answered within 5 s."""
        event: dict[str, Any] = {
            "card_type": card.faces[userid]["card_type"],
            "event_key": key,
            "task_id": card.task_id,
        }
        items = [{"question_key": q, "option_ids": {"option_id": chosen}} for q, chosen in answers.items()]
        if items:
            event["selected_items"] = {"selected_item": items}
        return await self._event(userid, "template_card_event", {"template_card_event": event}, card)

    async def feedback(self, userid: str, feedback_id: str, kind: int, content: str = "") -> Delivery:
        """The thumb under a reply: kind 1 accurate, 2 inaccurate, 3 taken back."""
        event = {"feedback_event": {"id": feedback_id, "type": kind, "content": content}}
        return await self._event(userid, "feedback_event", event)

    async def _event(self, userid: str, kind: str, event: dict[str, Any], card: LiveCard | None = None) -> Delivery:
        world = self._world
        group = card.conversation if card else ""
        asked = Asked(world.fresh("REQ", 24), kind, userid, group, world.real(), card)
        body = {"msgtype": "event", "event": {"eventtype": kind, **event}}
        return await self._push("aibot_event_callback", asked, body)

    async def _push(self, command: str, asked: Asked, content: dict[str, Any]) -> Delivery:
        world = self._world
        body = {
            "msgid": world.fresh("m", 24),
            "aibotid": world.bot_id,
            **({"chatid": asked.group} if asked.group else {}),
            "chattype": "group" if asked.group else "single",
            "from": {"userid": asked.userid},
            "create_time": int(world.clock().timestamp()),
            **content,
        }
        world.keep(self.replies.asked, asked.req_id, asked)
        frame = {"cmd": command, "headers": {"req_id": asked.req_id}, "body": body}
        async with world.faults.turn():
            copies = 1 + world.faults.copies()
            asked.at = world.real()
            sent = [await self._send_to_holder(frame) for _ in range(copies)]
        return Delivery(200, 1) if sent[0] else Delivery(0, 1)

    async def _send_to_holder(self, frame: dict[str, Any]) -> bool:
        if self.holder and await self.holder.send(frame):
            return True
        self.lost += 1
        return False

    # being connected to

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection from upgrade to close."""
        socket = web.WebSocketResponse(max_msg_size=FRAME_BYTES)
        await socket.prepare(request)
        connection = Connection(socket, request.transport)
        self.connections.add(connection)
        try:
            await self._read(connection)
        except (TimeoutError, ConnectionError):
            self._world.ignored.append("socket idle or gone")
        finally:
            self.connections.discard(connection)
            if self.holder is connection:
                self.holder = None
            await self._close(connection)
        return socket

    async def _read(self, connection: Connection) -> None:
        while True:
            message = await connection.socket.receive(timeout=self._world.limits.bot_idle_seconds)
            if message.type is WSMsgType.TEXT:
                if not await self._handle(connection, message.data):
                    return
            elif message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return

    async def _handle(self, connection: Connection, text: str) -> bool:
        """Answer one frame; False ends the connection."""
        world = self._world
        command, req_id, body = _parse(text)
        fault = world.faults.take(command) or Fault()
        if fault.hang and not fault.act:
            await asyncio.sleep(fault.hang)
        answer: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
        going_on = True
        if fault.act or not fault.answers:
            answer, going_on = await self._act(connection, command, req_id, body)
        if fault.hang and fault.act:
            await asyncio.sleep(fault.hang)
        if fault.errcode is not None:
            answer = refusal_body(fault.errcode)
        self._record(command, req_id, body, answer)
        if fault.body is not None:
            await connection.socket.send_bytes(fault.body)
        elif not fault.drop:
            await connection.send({"headers": {"req_id": req_id}, **answer})
        return going_on

    async def _act(
        self, connection: Connection, command: str, req_id: str, body: Fields
    ) -> tuple[dict[str, Any], bool]:
        try:
            if command == "aibot_subscribe":
                return await self._subscribe(connection, body), True
            if not connection.subscribed:
                return refusal_body(40001, "subscribe first"), False
            if command not in self._commands:
                return refusal_body(40058, f"unknown cmd {command}"), True
            found = self._commands[command](req_id, body)
            return {"errcode": 0, "errmsg": "ok"} | ({"body": found} if found else {}), True
        except Refusal as refusal:
            going_on = command != "aibot_subscribe"
            return refusal_body(refusal.code, refusal.say), going_on

    async def _subscribe(self, connection: Connection, body: Fields) -> dict[str, Any]:
        world = self._world
        if connection.subscribed:
            raise Refusal(40058, "subscribed already")
        if (body.text("bot_id"), body.text("secret")) != (world.bot_id, world.bot_secret):
            raise Refusal(40001)
        old, self.holder = self.holder, connection
        connection.subscribed = True
        self.subscribes += 1
        if old is not None:
            self._world.run(self._replace(old))
        return {"errcode": 0, "errmsg": "ok"}

    async def _replace(self, old: Connection) -> None:
        body = {"msgtype": "event", "event": {"eventtype": "disconnected_event"}}
        head = {"msgid": self._world.fresh("e", 24), "aibotid": self._world.bot_id}
        stamp = {"create_time": int(self._world.clock().timestamp())}
        req_id = {"req_id": self._world.fresh("REQ", 24)}
        await old.send({"cmd": "aibot_event_callback", "headers": req_id, "body": head | stamp | body})
        await self._close(old)

    def _record(self, command: str, req_id: str, body: Fields, answer: dict[str, Any]) -> None:
        shown = {name: value for name, value in body.raw.items() if name not in ("secret", "base64_data")}
        now = self._world.clock()
        call = {"method": "WS", "path": command, "query": {"req_id": req_id}, "body": shown, "response": answer}
        self._world.calls.append(call | {"at": now})

    # cutting

    def drop(self) -> None:
        """Every socket dies at once, without a goodbye."""
        for connection in list(self.connections):
            if connection.transport:
                connection.transport.abort()
        self.holder = None

    def half_close(self) -> None:
        """The platform's side sends no more, yet the connection stays: the client sees the end of the stream."""
        for connection in list(self.connections):
            if connection.transport and connection.transport.can_write_eof():
                connection.transport.write_eof()
        self.holder = None

    async def close(self) -> None:
        """Say goodbye to everybody."""
        await asyncio.gather(*(self._close(connection) for connection in list(self.connections)))

    @staticmethod
    async def _close(connection: Connection) -> None:
        try:
            async with asyncio.timeout(1.0):
                await connection.socket.close()
        except (TimeoutError, ConnectionError, RuntimeError):
            if connection.transport:
                connection.transport.abort()


def _parse(text: str) -> tuple[str, str, Fields]:
    """Command, req_id and body of a frame; what is not there or of the wrong type is empty."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        frame = {}
    frame = frame if isinstance(frame, dict) else {}
    command, headers, body = frame.get("cmd"), frame.get("headers"), frame.get("body")
    req_id = headers.get("req_id") if isinstance(headers, dict) else ""
    return (
        command if isinstance(command, str) else "",
        req_id if isinstance(req_id, str) else "",
        Fields(body if isinstance(body, dict) else {}),
    )
