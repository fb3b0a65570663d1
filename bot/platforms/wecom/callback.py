"""The WeCom receivers: a callback is verified, opened, made durable, and only then acknowledged (OD:90238)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from aiohttp import web

from bot.events import AnyEvent, Unknown
from bot.platforms.base import Accept, Rejected
from bot.platforms.crypto import Envelope
from bot.platforms.intake import MAX_BODY, receiver
from bot.platforms.wecom.parse import parse
from bot.platforms.wecom.xml import read_xml

log = structlog.get_logger("wecom")

DONE = "success"


class Callback:
    """One receiver's envelope: the app's, or that of 客户联系 with its own token and key."""

    def __init__(self, token: str, aes_key: str, corp_id: str, name: str = "wecom_app") -> None:
        self.name = name
        self._envelope = Envelope(token, aes_key, corp_id)

    def verify(self, query: Mapping[str, str]) -> str:
        """The answer to URL verification: the decrypted `echostr`. Raises Rejected."""
        # Some proxies decode a plus sign to a space; base64 has no spaces.
        return self._open(query, query.get("echostr", "").replace(" ", "+"))

    def open(self, query: Mapping[str, str], body: bytes) -> tuple[list[AnyEvent], list[str]]:
        """The events in a delivery, and the kinds in it that nobody handles.

        Raises Rejected: 413 for more than 64 KiB, 403 for a bad signature or another receiver, 400 for what does not
        decode. The timestamp is not judged: a repeat, however late, has the key of the first delivery.
        """
        if len(body) > MAX_BODY:
            raise Rejected(413, f"{len(body)} bytes")
        if not query.get("msg_signature"):
            raise Rejected(403, "no signature")
        encrypted = _read(_decode(body)).get("Encrypt")
        if not isinstance(encrypted, str) or not encrypted:
            raise Rejected(400, "no Encrypt")
        try:
            event = parse(_read(self._open(query, encrypted)))
        except Unknown as unknown:
            return [], [unknown.kind]
        return [event] if event is not None else [], []

    def _open(self, query: Mapping[str, str], cipher: str) -> str:
        signature, timestamp, nonce = (query.get(name, "") for name in ("msg_signature", "timestamp", "nonce"))
        return self._envelope.open(signature, timestamp, nonce, cipher)


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Rejected(400, "not UTF-8") from error


def _read(text: str) -> dict[str, Any]:
    """The fields of either variant, told apart by the first character."""
    try:
        if text.lstrip().startswith("{"):
            return msgspec.json.decode(text, type=dict[str, Any])
        return read_xml(text.strip())
    except (ValueError, RecursionError) as error:
        raise Rejected(400, f"does not decode: {type(error).__name__}") from error


def routes(path: str, callback: Callback, accept: Accept) -> list[web.RouteDef]:
    """GET for URL verification, which needs no database, and POST for deliveries."""

    async def verify(request: web.Request, _body: bytes) -> web.Response:
        return web.Response(text=callback.verify(request.query))

    async def receive(request: web.Request, body: bytes) -> web.Response:
        events, unknown = callback.open(request.query, body)
        for kind in unknown:
            log.info("unknown_kind", door=callback.name, kind=kind[:100], hint="bot/platforms/wecom/parse.py reads it")
        await accept(events)
        return web.Response(text=DONE)

    return [web.get(path, receiver(callback.name, verify)), web.post(path, receiver(callback.name, receive))]
