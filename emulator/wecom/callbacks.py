"""Delivering callbacks the platform's way: encrypted XML, 5 s, three retries, passive replies (OD:90238, OD:90241)."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from emulator.crypto import Envelope
from emulator.screen import Shown
from emulator.wecom.cards import check_card
from emulator.wecom.drawing import draw_article
from emulator.wecom.errors import Refusal
from emulator.wecom.media import find_media
from emulator.wecom.messages import TEXT_BYTES, cut_bytes
from emulator.wecom.records import Delivery, LiveCard
from emulator.wecom.updates import replace_button, replace_face
from emulator.wecom.world import World
from emulator.wecom.xmltext import card_from_xml, from_xml, to_xml

REPLY_BYTES = 1 << 20
CONNECTIONS = 200
ANSWERABLE = {
    "subscribe",
    "enter_agent",
    "LOCATION",
    "click",
    "view",
    "view_miniprogram",
    "scancode_waitmsg",
    "template_card_menu_event",
    "template_card_event",
}  # fmt: skip - events whose passive reply is honoured; ordinary messages always


class Callbacks:
    """The platform's outgoing HTTP: one receiver for the app, one for customer contact."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the connection pool."""
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def stop(self) -> None:
        """Close it; deliveries under way fail."""
        if self._session:
            await self._session.close()
            self._session = None

    async def deliver(self, event: dict[str, Any], *, contacts: bool = False, card: LiveCard | None = None) -> Delivery:
        """Deliver one message or event, with its duplicates; the first copy's passive reply takes effect."""
        world = self._world
        async with world.faults.turn():
            copies = world.faults.copies()
            delivery = await self._deliver_once(event, contacts)
            for _ in range(copies):
                await self._deliver_once(event, contacts)
        answerable = event["MsgType"] != "event" or event["Event"] in ANSWERABLE
        if not delivery.reply or contacts:
            return delivery
        if answerable:
            self._honour(event["FromUserName"], delivery.reply, card)
        else:
            world.ignored.append(f"passive reply to {event['Event']}")
        return delivery

    async def _deliver_once(self, event: dict[str, Any], contacts: bool) -> Delivery:
        world = self._world
        own = contacts and world.contacts_callback_url
        url = world.contacts_callback_url if own else world.callback_url
        if not url:
            return Delivery(0, 0)
        envelope = world.contacts_envelope if own else world.app_envelope
        agent = "" if own else str(world.agent_id)
        status, body, attempts = 0, b"", 0
        for delay in (0.0, *world.limits.retry_delays):
            if delay:
                await asyncio.sleep(delay)
            attempts += 1
            status, body = await self._post(url, envelope, agent, to_xml(event))
            if status == 200:
                break
        return Delivery(status, attempts, self._open_reply(envelope, body) if status == 200 else "")

    def _stamp(self) -> tuple[str, str]:
        return str(int(self._world.clock().timestamp())), self._world.fresh("", 10)

    def _seal(self, envelope: Envelope, message: str) -> str:
        return envelope.seal(message.encode(), self._world.fresh("", 16).encode())

    async def _post(self, url: str, envelope: Envelope, agent: str, message: str) -> tuple[int, bytes]:
        cipher = self._seal(envelope, message)
        timestamp, nonce = self._stamp()
        signature = envelope.sign(timestamp, nonce, cipher)
        query = {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}
        body = to_xml({"ToUserName": self._world.corp_id, "AgentID": agent, "Encrypt": cipher})
        return await self._request("POST", url, query, body.encode(), self._world.limits.callback_seconds)

    async def _request(
        self, method: str, url: str, query: dict[str, str], body: bytes, seconds: float
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise RuntimeError("the emulator is not started")
        headers = {"Content-Type": "text/xml"} if body else {}
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.request(
                method, url, params=query, data=body or None, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                return response.status, await response.content.read(REPLY_BYTES)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, b""

    async def verify(self, *, contacts: bool = False) -> str:
        """Save the URL in the console: "" when the receiver proves itself within 1 s, else why not (40057)."""
        world = self._world
        url = world.contacts_callback_url if contacts else world.callback_url
        envelope = world.contacts_envelope if contacts else world.app_envelope
        secret = world.fresh("", 20)
        cipher = self._seal(envelope, secret)
        timestamp, nonce = self._stamp()
        query = {
            "msg_signature": envelope.sign(timestamp, nonce, cipher),
            "timestamp": timestamp,
            "nonce": nonce,
            "echostr": cipher,
        }
        status, body = await self._request("GET", url, query, b"", world.limits.verify_seconds)
        if status == 200 and body == secret.encode():
            return ""
        return f"40057 status {status}, answered {body[:80]!r}"

    # passive replies

    def _open_reply(self, envelope: Envelope, body: bytes) -> str:
        if not body.lstrip().startswith(b"<"):
            return ""  # an empty body or "success" only acknowledges
        try:
            outer = from_xml(body)
            cipher = outer.get("Encrypt", "")
            if envelope.sign(outer.get("TimeStamp", ""), outer.get("Nonce", ""), cipher) != outer.get("MsgSignature"):
                raise ValueError("signature")
            return envelope.open(cipher).decode()
        except (ValueError, TypeError, AttributeError) as error:
            self._world.ignored.append(f"passive reply: {error}")
            return ""

    def _honour(self, userid: str, reply: str, card: LiveCard | None) -> None:
        try:
            fields = from_xml(reply.encode())
            self._apply(userid, fields, card)
        except (ValueError, KeyError, TypeError, AttributeError, Refusal) as error:
            self._world.ignored.append(f"passive reply: {error!r}")

    def _apply(self, userid: str, fields: dict[str, Any], card: LiveCard | None) -> None:
        world = self._world
        kind = fields["MsgType"]
        wire = {"passive": fields}
        if kind == "update_button" and card:
            replace_button(world, card, userid, fields["Button"]["ReplaceName"], wire)
        elif kind == "update_template_card" and card:
            replace_face(world, card, userid, check_card(card_from_xml(fields["TemplateCard"]), update=True), wire)
        else:
            shown = Shown(world.fresh("MSG", 40), world.clock(), "bot", "text", wire=[wire])
            self._draw(shown, kind, fields)
            world.screens.show(userid, shown)

    def _draw(self, shown: Shown, kind: str, fields: dict[str, Any]) -> None:
        if kind == "text":
            shown.body = cut_bytes(fields["Content"], TEXT_BYTES)
        elif kind == "image":
            shown.kind, shown.image = "image", find_media(self._world, fields["Image"]["MediaId"], "image").data
        elif kind == "news":
            items = fields["Articles"]["item"]
            first = items[0] if isinstance(items, list) else items
            draw_article(shown, {"title": first["Title"], "description": first["Description"], "url": first["Url"]})
        else:
            raise Refusal(40008, kind)
