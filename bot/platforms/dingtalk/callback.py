"""DingTalk's HTTP mode: robot messages, encrypted events and card callbacks at an address of ours.

The documentation recommends Stream instead: over HTTP a signature covers its timestamp and not the body.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog
from aiohttp import web

from bot.config import DingTalk
from bot.events import Unknown
from bot.platforms.base import Accept, Clock, Fate, Ignored, Outcome, Rejected, SendError
from bot.platforms.crypto import Envelope
from bot.platforms.dingtalk import parse
from bot.platforms.dingtalk.client import Client
from bot.platforms.dingtalk.frames import OUTCOME_SECONDS, response
from bot.platforms.dingtalk.sender import route_key
from bot.platforms.intake import receiver

log = structlog.get_logger("dingtalk.callback")

DOOR: parse.Door = "dingtalk_http"
ROBOT_TOLERANCE = timedelta(hours=1)  # DingTalk docs, 接收消息 (HTTP 模式)
CARD_TOLERANCE = timedelta(minutes=5)
DONE = "success"
PAUSES = (2.0, 10.0, 60.0, 600.0)  # between attempts to register the card callback; the last one for ever


def robot_sign(timestamp: str, secret: str) -> str:
    """The `sign` header of a robot callback."""
    return _mac(secret, f"{timestamp}\n{secret}")


def card_sign(timestamp: str, secret: str) -> str:
    """The `x-ddpaas-signature` header of a card callback."""
    return _mac(secret, timestamp)


def card_secret(config: DingTalk) -> str:
    """What card callbacks are signed with."""
    return config.card_secret or config.client_secret


def routes(
    prefix: str,
    config: DingTalk,
    accept: Accept,
    outcome: Outcome,
    clock: Clock = lambda: datetime.now(UTC),
    ignored: Ignored = lambda _: None,
) -> list[web.RouteDef]:
    """The receivers under `prefix` ("/acme/dingtalk"): events where they are configured, the rest in HTTP mode."""
    callback = Callback(config, accept, outcome, clock, ignored)
    found = []
    if config.mode == "http":
        found.append(web.post(f"{prefix}/robot", receiver("dingtalk_robot", callback.robot)))
        found.append(web.post(f"{prefix}/cards", receiver("dingtalk_cards", callback.card)))
    if config.events is not None:
        found.append(web.post(f"{prefix}/events", receiver("dingtalk_events", callback.event)))
    return found


async def register(client: Client, url: str) -> None:
    """Tell DingTalk that clicks on our cards go to `url` (…/dingtalk/cards). Tries until it works.

    Raises SendError when DingTalk refuses for good.
    """
    body = {
        "callbackRouteKey": route_key(client.config.client_id),
        "callbackUrl": url,
        "apiSecret": card_secret(client.config),
        "forceUpdate": True,
    }
    attempt = 0
    while True:
        try:
            await client.api("POST", "/v1.0/card/callbacks/register", body)
            return
        except SendError as error:
            if error.fate is Fate.PERMANENT:
                raise
            log.warning("card_callback_not_registered", code=error.code)
        await asyncio.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
        attempt += 1


class Callback:
    """One app's receivers. Each raises Rejected for what it refuses and Unavailable when the database is away."""

    def __init__(self, config: DingTalk, accept: Accept, outcome: Outcome, clock: Clock, ignored: Ignored) -> None:
        self._config, self._accept, self._outcome, self._clock = config, accept, outcome, clock
        self._ignored = ignored
        events = config.events
        # App event subscriptions name the client id as receiver (DingTalk docs, 事件订阅 · 加解密).
        self._envelope = Envelope(events.token, events.aes_key, config.client_id) if events is not None else None

    async def robot(self, request: web.Request, body: bytes) -> web.Response:
        """A robot message; stored before the answer, which says nothing into the chat."""
        timestamp, sign = request.headers.get("timestamp", ""), request.headers.get("sign", "")
        self._fresh(timestamp, ROBOT_TOLERANCE)
        _compare(sign, robot_sign(timestamp, self._config.client_secret))
        await self._accept([parse.message(body, DOOR, self._clock(), robot=self._config.robot)])
        return web.json_response({"msgtype": "empty"})

    async def card(self, request: web.Request, body: bytes) -> web.Response:
        """A click; answered with what it changed on the clicker's card, if that is known within 1.2 s."""
        timestamp = request.headers.get("x-ddpaas-signature-timestamp", "")
        sign = request.headers.get("x-ddpaas-signature", "")
        at = self._fresh(timestamp, CARD_TOLERANCE)
        _compare(sign, card_sign(timestamp, card_secret(self._config)))
        try:
            event = parse.click(body, DOOR, parse.digest(timestamp, sign, body), at)
        except Unknown as unknown:
            log.info("dingtalk_kind_ignored", kind=unknown.kind)
            self._ignored(unknown.kind)
            return web.json_response({})
        await self._accept([event])
        return web.json_response(response(await self._outcome(event.key, OUTCOME_SECONDS)))

    async def event(self, request: web.Request, body: bytes) -> web.Response:
        """An encrypted event, or the check of this address when the console saves it; both answered alike."""
        assert self._envelope is not None  # noqa: S101 - the route exists only with an envelope
        query = request.query
        sign = query.get("msg_signature") or query.get("signature", "")
        cipher = parse.mapping(body).get("encrypt")
        if not isinstance(cipher, str):
            raise Rejected(400, "no encrypt")
        data = parse.mapping(self._envelope.open(sign, query.get("timestamp", ""), query.get("nonce", ""), cipher))
        await self._take(data)
        now = str(int(self._clock().timestamp() * 1000))
        sealed = self._envelope.seal(DONE, now, secrets.token_hex(8))
        return web.json_response({
            "msg_signature": sealed.signature,
            "timeStamp": sealed.timestamp,
            "nonce": sealed.nonce,
            "encrypt": sealed.encrypt,
        })  # fmt: skip

    async def _take(self, data: Mapping[str, object]) -> None:
        fields = {name.lower(): value for name, value in data.items()}
        kind, born = str(fields.get("eventtype") or ""), fields.get("eventtime") or fields.get("timestamp")
        if kind == "check_url":
            return
        at = parse.moment(born) if born else self._clock()
        try:
            events = parse.changes(kind, str(fields.get("eventid") or ""), fields, DOOR, at)
        except Unknown as unknown:
            log.info("dingtalk_kind_ignored", kind=unknown.kind)
            self._ignored(unknown.kind)
            return
        await self._accept(events)

    def _fresh(self, timestamp: str, tolerance: timedelta) -> datetime:
        """The moment of a signature. Raises Rejected(403) for one too far from now, either way."""
        try:
            at = parse.moment(timestamp)
        except Rejected as error:
            raise Rejected(403, "no timestamp") from error
        if abs(self._clock() - at) > tolerance:
            raise Rejected(403, "a signature of another time")
        return at


def _compare(given: str, expected: str) -> None:
    if not hmac.compare_digest(given.encode(errors="replace"), expected.encode()):
        raise Rejected(403, "signature")


def _mac(secret: str, text: str) -> str:
    mac = hmac.new(secret.encode(), text.encode(errors="replace"), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()
