"""Delivering what happens to the app: robot messages, events and clicks, over Stream or signed HTTP."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import aiohttp

from emulator.dingtalk.calls import decode, ms
from emulator.dingtalk.records import Card, Delivery, FailedEvent
from emulator.dingtalk.stream import TOPIC_CARD, TOPIC_EVENTS, TOPIC_ROBOT

if TYPE_CHECKING:
    from emulator.dingtalk.world import World

REPLY_BYTES = 1 << 20
CONNECTIONS = 200
QUOTA_GONE = {"errorCode": "20001", "errorMessage": "组织本月的Webhook和Stream推送次数已用完，请联系管理员升级"}
CONTACT_EVENTS = ("user_", "org_", "label_")  # not counted as pushes
CAPITALISED = ("robot_msg_", "todo_task_", "ding_paas_object_data_")  # over HTTP their own fields start upper-case
NOBODY = Delivery(0, 0)


def robot_sign(timestamp: str, secret: str) -> str:
    """The `sign` header of a robot callback (DingTalk docs, 接收消息, HTTP 模式)."""
    return _mac(secret, f"{timestamp}\n{secret}")


def card_sign(timestamp: str, secret: str) -> str:
    """The `x-ddpaas-signature` header of a card callback (卡片回传)."""
    return _mac(secret, timestamp)


def _mac(secret: str, text: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


class Callbacks:
    """The platform's side of every callback."""

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

    # robot messages

    async def message(self, body: dict[str, Any]) -> Delivery:
        """A robot message with its duplicates; without its content once the month's pushes are used up."""
        world = self._world
        if not world.meter.push():
            body = {name: value for name, value in body.items() if name not in ("text", "content")} | QUOTA_GONE
        send = self._message_http if world.mode == "http" else self._message_stream
        async with world.faults.turn():
            copies = world.faults.copies()
            deliveries = [await send(body) for _ in range(1 + copies)]
        return deliveries[0]

    async def _message_stream(self, body: dict[str, Any]) -> Delivery:
        """Lost when nobody is connected; repeated with the same msgId when no ack came in time."""
        limits = self._world.limits
        attempts = 0
        for _ in range(1 + limits.redeliveries):
            ack = await self._world.gateway.push("CALLBACK", TOPIC_ROBOT, body, limits.redeliver_seconds)
            attempts += ack is not None
            if ack is None or ack.code:
                return Delivery(ack.code if ack else 0, attempts, ack.data if ack else None)
        return Delivery(0, attempts)

    async def _message_http(self, body: dict[str, Any]) -> Delivery:
        if not self._world.robot_url:
            return NOBODY
        timestamp = str(ms(self._world.clock()))
        headers = {"timestamp": timestamp, "sign": robot_sign(timestamp, self._world.client_secret)}
        status, answer = await self.post(self._world.robot_url, body, headers, self._world.limits.robot_http_seconds)
        return Delivery(status, 1, answer)

    # events

    async def event(self, event_type: str, data: dict[str, Any]) -> Delivery:
        """An event with its duplicates; retried when not acknowledged, then parked among the failed ones."""
        world = self._world
        if not event_type.startswith(CONTACT_EVENTS):
            world.meter.push()
        event = FailedEvent(event_type, world.fresh("", 32), world.clock(), data)
        send = self._event_http if world.mode == "http" else self._event_stream
        async with world.faults.turn():
            copies = world.faults.copies()
            status, attempts = 0, 0
            for delay in (0.0, *world.limits.event_retry_delays):
                await asyncio.sleep(delay)
                attempts += 1
                status = await send(event)
                if status == 200:
                    break
            for _ in range(copies):
                await send(event)
        if status != 200:
            world.failed_events.append(event)
        return Delivery(status, attempts)

    async def _event_stream(self, event: FailedEvent) -> int:
        world = self._world
        headers = {
            "eventBornTime": str(ms(event.born)),
            "eventCorpId": world.corp_id,
            "eventId": event.event_id,
            "eventType": event.event_type,
            "eventUnifiedAppId": world.client_id,
        }
        ack = await world.gateway.push("EVENT", TOPIC_EVENTS, event.data, world.limits.event_seconds, headers)
        later = ack is not None and isinstance(ack.data, dict) and ack.data.get("status") == "LATER"
        return 0 if ack is None or later else ack.code

    async def _event_http(self, event: FailedEvent) -> int:
        own = {
            key[:1].upper() + key[1:] if event.event_type.startswith(CAPITALISED) else key: value
            for key, value in event.data.items()
        }
        born = ms(event.born)
        head = {"EventType": event.event_type, "EventTime": born, "CorpId": self._world.corp_id, "BizId": str(born)}
        return 200 if await self._sealed({**head, "eventId": event.event_id, **own}) else 0

    async def check_url(self) -> bool:
        """Save the address in the console: whether it answered the encrypted `success` in time."""
        return await self._sealed({"EventType": "check_url"})

    async def _sealed(self, plain: dict[str, Any]) -> bool:
        world, envelope = self._world, self._world.events_envelope
        if not world.events_url:
            return False
        cipher = envelope.seal(json.dumps(plain, ensure_ascii=False).encode(), world.fresh("", 16).encode())
        timestamp, nonce = str(ms(world.clock())), world.fresh("", 16)
        signature = envelope.sign(timestamp, nonce, cipher)
        query = {"signature": signature, "msg_signature": signature, "timestamp": timestamp, "nonce": nonce}
        status, answer = await self.post(
            world.events_url, {"encrypt": cipher}, {}, world.limits.event_http_seconds, query
        )
        return status == 200 and self._is_success(answer)

    def _is_success(self, answer: Any) -> bool:
        envelope = self._world.events_envelope
        try:
            cipher = answer["encrypt"]
            signature = envelope.sign(str(answer["timeStamp"]), answer["nonce"], cipher)
            return bool(signature == answer["msg_signature"] and envelope.open(cipher) == b"success")
        except (ValueError, KeyError, TypeError) as error:
            self._world.ignored.append(f"answer to an event: {error!r}")
            return False

    # clicks

    async def click(self, card: Card, body: dict[str, Any]) -> Delivery:
        """A card callback with its duplicates; the reply is the update for the clicker, None when there is none in time."""
        world = self._world
        world.meter.push()
        send = self._click_stream if card.callback_type == "STREAM" else self._click_http
        async with world.faults.turn():
            copies = world.faults.copies()
            deliveries = [await send(card, body) for _ in range(1 + copies)]
        return deliveries[0]

    async def _click_stream(self, card: Card, body: dict[str, Any]) -> Delivery:
        ack = await self._world.gateway.push("CALLBACK", TOPIC_CARD, body, self._world.limits.card_seconds)
        if ack is None:
            return NOBODY
        answer = ack.data.get("response") if ack.code == 200 and isinstance(ack.data, dict) else None
        return Delivery(ack.code, 1, answer)

    async def _click_http(self, card: Card, body: dict[str, Any]) -> Delivery:
        route = self._world.routes.get(card.route_key)
        if route is None:
            return NOBODY
        timestamp = str(ms(self._world.clock()))
        headers = {
            "x-ddpaas-signature-timestamp": timestamp,
            "x-ddpaas-signature": card_sign(timestamp, route.secret),
        }
        url = self._world.cards_url or route.url
        status, answer = await self.post(url, body, headers, self._world.limits.card_seconds)
        return Delivery(status, 1, answer if status == 200 else None)

    # the wire

    async def post(
        self,
        url: str,
        body: dict[str, Any],
        headers: dict[str, str],
        seconds: float,
        query: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """HTTP status (0: no answer in time) and the decoded JSON of the answer, None when it is none."""
        if self._session is None:
            raise RuntimeError("the emulator is not started")
        headers = {**headers, "Content-Type": "application/json; charset=utf-8"}
        timeout = aiohttp.ClientTimeout(total=seconds)
        data = json.dumps(body, ensure_ascii=False).encode()
        try:
            async with self._session.post(
                url, params=query, data=data, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                status, raw = response.status, await _read(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return 0, None
        try:
            return status, decode(raw)
        except ValueError:
            return status, None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, as far as anybody would read it."""
    raw = b""
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > REPLY_BYTES:
            break
    return raw
