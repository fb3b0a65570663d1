"""The emulator on a real socket: routing, the checks before every API, recording and faults."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

from aiohttp import BodyPartReader, hdrs, web

from emulator.faults import Fault
from emulator.wecom import campaigns, contacts, directory, media, messages, tags, transfers, updates, ways
from emulator.wecom.calls import Answer, Blob, Call, Endpoint, Upload
from emulator.wecom.clients import Clients
from emulator.wecom.errors import Refusal, refusal_body, refuse_if
from emulator.wecom.fields import Fields

MODULES = (campaigns, contacts, directory, media, messages, tags, transfers, updates, ways)
ENDPOINTS: dict[str, Endpoint] = {path: entry for module in MODULES for path, entry in module.ENDPOINTS.items()}
API = "/cgi-bin/"
SECRET_QUERY = ("access_token", "corpsecret")
BODY_BYTES = 24 << 20
JSON_BYTES = 2 << 20
WRONG_JSON = "Warning: wrong json format."


class WeComEmulator(Clients):
    """A stand-in for qyapi.weixin.qq.com and openws.work.weixin.qq.com that refuses what they refuse.

    `clock` gives business time (tokens, media, response codes, CreateTime); rate windows, the welcome code's 20 s and
    the socket's 5 s run on the real clock. Members, tags, contact ways and the rest are plain attributes.
    """

    _runner: web.AppRunner | None = None

    # lifetime

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the base URL; `port` 0 takes a free one."""
        app = web.Application(client_max_size=BODY_BYTES)
        app.router.add_route("*", "/{tail:.*}", self._route)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        address = self._runner.addresses[0]
        self.base_url = f"http://{host}:{address[1]}"
        await self.callbacks.start()
        return self.base_url

    async def stop(self) -> None:
        """Close every connection; state stays readable."""
        for task in self.background:
            task.cancel()
        await asyncio.gather(*self.background, return_exceptions=True)
        await self.bot.close()
        await self.callbacks.stop()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    @property
    def ws_url(self) -> str:
        """Where the AI bot connects."""
        return self.base_url.replace("http", "ws", 1) + "/ws"

    def config(self, *, app: bool = True, contacts: bool = True, bot: bool = False) -> dict[str, Any]:
        """The [wecom] section that makes a bot talk to this emulator."""
        section: dict[str, Any] = {}
        if app:
            envelope = self.app_envelope
            section |= {"corp_id": self.corp_id, "agent_id": self.agent_id, "secret": self.secret}
            section |= {"token": envelope.token, "aes_key": envelope.aes_key, "api_base": self.base_url}
        if app and contacts:
            section["contacts"] = {"token": self.contacts_envelope.token, "aes_key": self.contacts_envelope.aes_key}
        if bot:
            section["bot"] = {"bot_id": self.bot_id, "secret": self.bot_secret, "url": self.ws_url}
        return section

    async def verify_url(self, *, contacts: bool = False) -> str:
        """Save the callback URL in the console: "" when it is accepted, else the reason."""
        return await self.callbacks.verify(contacts=contacts)

    # what a test looks at or breaks

    @property
    def tokens_issued(self) -> int:
        """Different access tokens handed out so far."""
        return self.tokens.issued

    @property
    def gettoken_calls(self) -> int:
        """How often anybody asked for one."""
        return self.tokens.asked

    def expire_tokens(self) -> None:
        """The present token answers 42001 from now on."""
        self.tokens.expire()

    def revoke_tokens(self) -> None:
        """The present token answers 40014 from now on."""
        self.tokens.revoke()

    def drop_sockets(self) -> None:
        """Every bot connection dies without a goodbye."""
        self.bot.drop()

    # requests

    async def _route(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith(API):
            return await self._api(request)
        if request.headers.get(hdrs.UPGRADE, "").lower() == "websocket":
            return await self.bot.serve(request)
        return self._static(request.path)

    def _static(self, path: str) -> web.Response:
        if path in self.pictures:
            return web.Response(body=self.pictures[path], content_type="image/png")
        if path.startswith("/qr/"):
            way = self.contact_ways.get(path.removeprefix("/qr/").removesuffix(".png"))
            if way:
                return web.Response(body=ways.qr_png(way), content_type="image/png")
        expires, data, filename = self.bot.files.get(path, (0.0, b"", ""))
        if self.real() < expires:
            return _response(Blob(data, "application/octet-stream", filename))
        return web.Response(status=404)

    async def _api(self, request: web.Request) -> web.StreamResponse:
        name = request.path.removeprefix(API)
        fault = self.faults.take(request.path, name) or Fault()
        if fault.hang and not fault.act:
            await asyncio.sleep(fault.hang)
        self.under_way[name] += 1
        try:
            answer = await self._answer(request, name, fault)
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        finally:
            self.under_way[name] -= 1
        if fault.hang and fault.act:
            await asyncio.sleep(fault.hang)
        if fault.drop and request.transport:
            request.transport.abort()
        if fault.status is not None or fault.body is not None:
            return web.Response(status=fault.status or 200, body=fault.body or b"")
        return _response(answer)

    async def _answer(self, request: web.Request, name: str, fault: Fault) -> Answer:
        record: dict[str, Any] = {
            "method": request.method,
            "path": request.path,
            "query": {key: value for key, value in request.query.items() if key not in SECRET_QUERY},
            "body": None,
            "at": self.clock(),
        }
        self.calls.append(record)
        answer: Answer = refusal_body(fault.errcode or 0)
        try:
            body, upload = await _read(request, ENDPOINTS.get(name))
            record["body"] = body
            if fault.act or not fault.answers:
                answer = self._checked(request, name, body, upload)
        except Refusal as refusal:
            answer = refusal_body(refusal.code, refusal.say, client=request.remote or "")
            answer |= refusal.extra
        if fault.errcode is not None:
            answer = refusal_body(fault.errcode, client=request.remote or "")
        record["response"] = answer if isinstance(answer, dict) else f"{len(answer.data)} bytes"
        if self.owed_events:
            self.run(self.deliver_owed())
        return answer

    def _checked(self, request: web.Request, name: str, body: Any, upload: Upload | None) -> Answer:
        """The checks every API makes, then the API itself."""
        endpoint = ENDPOINTS.get(name)
        if endpoint is None:
            raise Refusal(48001, f"unknown api {name}")
        client = request.remote or ""
        if endpoint.needs_token:
            self.tokens.check(request.query.get("access_token", ""))
            refuse_if(self.trusted_ips is not None and client not in self.trusted_ips, 60020)
        refuse_if(request.method != endpoint.method, 40063, f"use {endpoint.method}")
        refuse_if(endpoint.grant and endpoint.grant not in self.granted, 48002)
        self.tokens.check_rate(request.path)
        refuse_if(self.under_way[name] > self.limits.concurrent.get(request.path, 10**9), 45033)
        refuse_if(
            endpoint.method == "POST" and not endpoint.multipart and not isinstance(body, dict), 40058, WRONG_JSON
        )
        query = dict(request.query)
        fields = Fields(body if isinstance(body, dict) else {})
        byte_range = request.headers.get(hdrs.RANGE, "")
        answer = endpoint.run(self, Call(name, query, fields, self.clock(), upload, byte_range, client))
        return answer if isinstance(answer, Blob) else {"errcode": 0, "errmsg": "ok", **answer}


async def _read(request: web.Request, endpoint: Endpoint | None) -> tuple[Any, Upload | None]:
    """The JSON body (None when it is not JSON) or the upload of a multipart body."""
    if endpoint and endpoint.multipart:
        return None, await _read_upload(request)
    raw = await request.content.read(JSON_BYTES + 1) if request.can_read_body else b""
    while raw and len(raw) <= JSON_BYTES and not request.content.at_eof():
        raw += await request.content.readany()
    if len(raw) > JSON_BYTES:
        raise web.HTTPRequestEntityTooLarge(JSON_BYTES, len(raw))
    try:
        return (json.loads(raw.decode()) if raw else None), None
    except (ValueError, RecursionError):
        return None, None


async def _read_upload(request: web.Request) -> Upload | None:
    if not request.content_type.startswith("multipart/"):
        return None
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "media":
                return Upload(part.filename or "", part.headers.get(hdrs.CONTENT_TYPE, ""), bytes(await part.read()))
    except (ValueError, AssertionError):
        raise Refusal(40058, "multipart") from None
    return None


def _response(answer: Answer) -> web.Response:
    if isinstance(answer, dict):
        return web.json_response(answer, dumps=lambda value: json.dumps(value, ensure_ascii=False))
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(answer.filename)}"}
    if answer.partial:
        headers["Content-Range"] = answer.partial
    status = 206 if answer.partial else 200
    return web.Response(status=status, body=answer.data, content_type=answer.content_type, headers=headers)
