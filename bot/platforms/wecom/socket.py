"""Hands outbox rows to the AI bot's connection: answers by req_id while that works, else messages of its own (OD:101463)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.cards.text import cut_bytes
from bot.cards.wecom import BOT, BOT_MARKDOWN_BYTES, render_bot, render_update
from bot.platforms.base import Fate, Outgoing, SendError, Sent
from bot.platforms.payload import card_of, png_of, text_of
from bot.platforms.wecom.errors import DUPLICATE_TASK, TOO_OFTEN
from bot.platforms.wecom.link import DOOR, BotLink
from bot.platforms.wecom.parse_bot import CLICK, ENTER, MESSAGE

CHUNK_BYTES = 512 * 1024  # of an upload, before base64
AGAIN = "（重发）"
_NO_ANSWER = frozenset({"846605", "846608"})  # this req_id cannot be answered any more

Payload = Mapping[str, Any]


class BotSocket(BotLink):
    """The connection as a Sender of the door "wecom_bot"."""

    doors = frozenset({DOOR})
    calls: frozenset[str] = frozenset()

    async def send(self, item: Outgoing) -> Sent:
        """Send one row. Raises SendError."""
        kinds: dict[str, Callable[[Outgoing], Awaitable[Sent]]] = {
            "card": self._card,
            "update": self._update,
            "picture": self._picture,
            "line": self._line,
        }
        if item.kind not in kinds:
            raise SendError(Fate.PERMANENT, "unknown_kind", item.kind)
        try:
            return await kinds[item.kind](item)
        except SendError as error:
            # Messages are counted by conversation, uploads by bot (OD:101463).
            error.recipient = error.code == TOO_OFTEN and item.kind != "picture"
            raise

    async def _card(self, item: Outgoing) -> Sent:
        message = render_bot(card_of(item), item.card_id)
        if message["msgtype"] == "markdown":
            return await self._say(item, message["markdown"]["content"])
        try:
            return await self._answer(item, message)
        except SendError as error:
            if error.code == DUPLICATE_TASK and item.repeated:
                return Sent()  # the earlier attempt arrived
            raise

    async def _update(self, item: Outgoing) -> Sent:
        kind, req_id = _reply(item)
        if kind != CLICK or not _in_time(item):
            raise SendError(Fate.PERMANENT, "late")
        body = {
            "response_type": "update_template_card",
            "userids": [item.user_id],
            "template_card": render_update(card_of(item), text_of(item, "target"), BOT),
        }
        try:
            await self.request("aibot_respond_update_msg", body, req_id)
        except SendError as error:
            if error.code in _NO_ANSWER and not item.repeated:
                raise SendError(Fate.PERMANENT, "late") from error
            if error.code not in _NO_ANSWER:
                raise
        return Sent()

    async def _picture(self, item: Outgoing) -> Sent:
        media = await self._upload(png_of(item))
        return await self._push(item, {"msgtype": "image", "image": {"media_id": media}})

    async def _line(self, item: Outgoing) -> Sent:
        return await self._say(item, text_of(item, "text"))

    async def _say(self, item: Outgoing, words: str) -> Sent:
        """Words; nothing tells the platform that they are a repeat, so they tell the reader."""
        content = cut_bytes(AGAIN + words if item.repeated else words, BOT_MARKDOWN_BYTES)
        return await self._answer(item, {"msgtype": "markdown", "markdown": {"content": content}})

    async def _answer(self, item: Outgoing, message: Payload) -> Sent:
        """Answer the callback if it can be answered with this, else speak up unasked."""
        kind, req_id = _reply(item)
        command = _COMMANDS.get((kind, message["msgtype"]))
        if command is not None and _in_time(item):
            try:
                await self.request(command, message, req_id)
                return Sent(remote_id=item.card_id)
            except SendError as error:
                if error.code not in _NO_ANSWER:
                    raise
        return await self._push(item, message)

    async def _push(self, item: Outgoing, message: Payload) -> Sent:
        chat = {"chatid": item.group or item.user_id, "chat_type": 2 if item.group else 1}
        await self.request("aibot_send_msg", {**chat, **message})
        return Sent(remote_id=item.card_id)

    async def _upload(self, data: bytes) -> str:
        """The media_id of a picture, sent in pieces."""
        pieces = [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]
        about = {
            "type": "image",
            "filename": "picture.png",
            "total_size": len(data),
            "total_chunks": len(pieces),
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        }
        upload = (await self.request("aibot_upload_media_init", about)).get("upload_id")
        for index, piece in enumerate(pieces):
            part = {"upload_id": upload, "chunk_index": index, "base64_data": base64.b64encode(piece).decode()}
            await self.request("aibot_upload_media_chunk", part)
        done = await self.request("aibot_upload_media_finish", {"upload_id": upload})
        return str(done.get("media_id", ""))


_COMMANDS = {
    (MESSAGE, "markdown"): "aibot_respond_msg",
    (MESSAGE, "template_card"): "aibot_respond_msg",
    (ENTER, "template_card"): "aibot_respond_welcome_msg",  # takes no markdown
}


def _reply(item: Outgoing) -> tuple[str, str]:
    """What the callback to answer was, and its req_id."""
    kind, _, req_id = (text_of(item, "req_id") or text_of(item, "reply_token")).partition(":")
    return kind, req_id


def _in_time(item: Outgoing) -> bool:
    """Whether the callback may still be answered; without a time, the platform will tell."""
    until = text_of(item, "req_until")
    try:
        return not until or datetime.fromisoformat(until) > datetime.now(UTC)
    except (ValueError, TypeError):
        return False
