"""Hands outbox rows to the WeCom app: messages, cards, card updates, pictures; and the calls of 客户联系."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.cards.text import cut_bytes
from bot.cards.wecom import MARKDOWN_BYTES, render, render_update
from bot.platforms.base import Clock, Fate, Outgoing, SendError, Sent
from bot.platforms.payload import card_of, png_of, text_of
from bot.platforms.wecom.client import WeComClient
from bot.platforms.wecom.contacts import ContactCalls
from bot.platforms.wecom.errors import CODE_USED, DUPLICATE_TASK

DUPLICATE_SECONDS = 14_400  # the longest window the platform's duplicate check offers (OD:90236)

Message = Mapping[str, Any]


class WeComSender:
    """The Sender of the door "wecom_app", and of the calls that need the app's token."""

    doors = frozenset({"wecom_app"})

    def __init__(self, client: WeComClient, agent_id: int, clock: Clock) -> None:
        self._client, self._agent_id = client, agent_id
        self._contacts = ContactCalls(client, clock)
        self.calls = frozenset(self._contacts.kinds)
        self._kinds: dict[str, Callable[[Outgoing], Awaitable[Sent]]] = {
            "card": self._card,
            "update": self._update,
            "picture": self._picture,
            "line": self._line,
            **self._contacts.kinds,
        }

    async def send(self, item: Outgoing) -> Sent:
        """Send one row. Raises SendError; a payload that makes no sense is PERMANENT."""
        send = self._kinds.get(item.kind)
        if send is None:
            raise SendError(Fate.PERMANENT, "unknown_kind", item.kind)
        return await send(item)

    async def _card(self, item: Outgoing) -> Sent:
        message = render(card_of(item), item.card_id)
        if message["msgtype"] == "markdown":
            return await self._say(item, "markdown", message["markdown"]["content"])
        try:
            return await self._send(item.user_id, message)
        except SendError as error:
            if error.code == DUPLICATE_TASK and item.repeated:
                return Sent()  # the earlier attempt arrived
            raise

    async def _update(self, item: Outgoing) -> Sent:
        code = text_of(item, "response_code")
        if not code:
            raise SendError(Fate.PERMANENT, "late", "no response code")
        body = {
            "userids": [item.user_id],
            "agentid": self._agent_id,
            "response_code": code,
            "template_card": render_update(card_of(item), text_of(item, "target")),
        }
        try:
            _check_reached(await self._client.post("message/update_template_card", body))
        except SendError as error:
            if error.code != CODE_USED or not item.repeated:
                raise  # a code is used once: when repeated, by the earlier attempt
        return Sent()

    async def _picture(self, item: Outgoing) -> Sent:
        media = await self._client.upload("image", "picture.png", png_of(item))
        return await self._send(item.user_id, {"msgtype": "image", "image": {"media_id": media}})

    async def _line(self, item: Outgoing) -> Sent:
        if item.group or not item.user_id:
            raise SendError(Fate.PERMANENT, "no_group", "the app speaks to members only")
        return await self._say(item, "text", cut_bytes(text_of(item, "text"), MARKDOWN_BYTES))

    async def _say(self, item: Outgoing, kind: str, content: str) -> Sent:
        """Words, under the platform's duplicate check: it compares words, so each row's get an invisible mark."""
        marked = content + mark_of(item.card_id)
        message = {"msgtype": kind, kind: {"content": marked}}
        check = {"enable_duplicate_check": 1, "duplicate_check_interval": DUPLICATE_SECONDS}
        return await self._send(item.user_id, {**message, **check})

    async def _send(self, user_id: str, message: Message) -> Sent:
        body = {"touser": user_id, "agentid": self._agent_id, **message}
        answer = await self._client.post("message/send", body)
        _check_reached(answer)
        return Sent(remote_id=str(answer.get("msgid", "")), response_code=str(answer.get("response_code", "")))


def _check_reached(answer: Message) -> None:
    """The one recipient is not among those left out of a success. Raises SendError(PERMANENT)."""
    for name in ("invaliduser", "unlicenseduser"):
        if answer.get(name):
            raise SendError(Fate.PERMANENT, name)


def mark_of(card_id: str) -> str:
    """24 invisible characters (72 bytes) made of a row's id.

    A repeat of the row has the same, so that the platform swallows it; the same words meant twice (帮助, asked again)
    have others, and arrive.
    """
    bits = int.from_bytes(hashlib.sha256(card_id.encode()).digest()[:3], "big")
    return "".join("\u200b\u200c"[bits >> place & 1] for place in range(24))
