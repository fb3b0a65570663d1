"""The emulator on a real socket: routing, the checks before every API, recording and faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import BodyPartReader, hdrs, web

from emulator.dingtalk import cards, directory, media, robot, stream, tokens, webhooks
from emulator.dingtalk.calls import Call, Endpoint, Upload, decode
from emulator.dingtalk.errors import ADDRESS, OLD_OF, PERMISSION, Refusal, refusal_body, refuse_if
from emulator.dingtalk.phones import Phones
from emulator.dingtalk.records import Mode
from emulator.dingtalk.stream import CONNECT
from emulator.faults import Fault

MODULES = (cards, directory, media, robot, stream, tokens, webhooks)
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    key: entry for module in MODULES for key, entry in module.ENDPOINTS.items()
}
NEW_HOST, FILES = "/v1.0/", "/files/"
LEGACY_CARDS = (
    "/v1.0/im/v1.0/robot/interactiveCards/send",
    "/v1.0/im/robots/interactiveCards",
    "/v1.0/im/interactiveCards/send",
    "/v1.0/im/interactiveCards",
)
SECRETS = {
    "appKey", "appSecret", "appsecret", "clientSecret", "client_secret", "apiSecret", "access_token", "accessToken",
    "ticket", "session",
}  # fmt: skip
BODY_BYTES = 24 << 20
JSON_BYTES = 2 << 20
BAN_CALLS_SECONDS, BAN_SECONDS = 20.0, 300.0


class DingTalkEmulator(Phones):
    """A stand-in for api.dingtalk.com, oapi.dingtalk.com and the Stream gateway that refuses what they refuse.

    `clock` gives business time (tokens, sessions, months, createAt); tickets, rates and time-outs run on the real clock.
    Groups, cards, check-ins and the rest are plain attributes; `limits` and `faults` say what goes wrong.
    """

    _runner: web.AppRunner | None = None
    _banned_until = 0.0  # on the real clock; every caller on loopback is one address

    # lifetime

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the base URL of both API hosts; `port` 0 takes a free one."""
        app = web.Application(client_max_size=BODY_BYTES)
        app.router.add_route("*", "/{tail:.*}", self._route)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        await self.callbacks.start()
        self.listening = True
        self.base_url = f"http://{host}:{self._runner.addresses[0][1]}"
        return self.base_url

    async def stop(self) -> None:
        """Close every connection; state stays readable, and `start` listens again."""
        self.listening = False
        for task in self.background:
            task.cancel()
        await asyncio.gather(*self.background, return_exceptions=True)
        await self.gateway.close()
        await self.callbacks.stop()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    def config(self, mode: Mode | None = None) -> dict[str, Any]:
        """The [dingtalk] section that makes a bot talk to this emulator."""
        events = self.events_envelope
        return {
            "client_id": self.client_id, "client_secret": self.client_secret, "robot_code": self.robot_code,
            "mode": mode or self.mode, "card_template_id": "", "card_secret": self.card_secret, "api_base": self.base_url,
            "oapi_base": self.base_url, "events": {"token": events.token, "aes_key": events.aes_key},
        }  # fmt: skip

    async def verify_url(self) -> bool:
        """Save the address of events in the console: whether it is accepted."""
        return await self.callbacks.check_url()

    # what a test looks at or breaks

    @property
    def token_calls(self) -> int:
        """How often anybody asked for an access token."""
        return self.tokens.asked

    @property
    def api_calls_counted(self) -> int:
        """API calls of this month that count against its quota."""
        return self.meter.api_calls

    @property
    def pushes_counted(self) -> int:
        """Webhook and Stream pushes of this month that count against its quota."""
        return self.meter.pushes

    @property
    def connections(self) -> int:
        """Stream connections that are open now."""
        return len(self.gateway.connections)

    async def wait_connected(self, count: int = 1, timeout: float = 5.0) -> None:  # noqa: ASYNC109
        """Return once Stream connections have been opened `count` times since the start; TimeoutError in vain."""
        await self.gateway.wait_opened(count, timeout)

    def expire_tokens(self) -> None:
        """The present token is too old from now on."""
        self.tokens.expire()

    def expire_sessions(self) -> None:
        """Every sessionWebhook given out so far is dead."""
        self.sessions.clear()

    def exhaust_api_quota(self) -> None:
        """The month's API calls are used up."""
        self.meter.exhaust(api=True)

    def exhaust_push_quota(self) -> None:
        """The month's pushes are used up: robot messages arrive without their content."""
        self.meter.exhaust(pushes=True)

    def fail_deliveries(self, times: int = 1, message: str = cards.ILLEGAL) -> None:
        """The next card deliveries fail inside a 200."""
        self.refused_deliveries.extend([message] * times)

    def drop_sockets(self) -> None:
        """Every Stream connection dies without a goodbye."""
        self.gateway.drop()

    async def send_disconnect(self) -> None:
        """Ask every client to reconnect; its old connection is deaf for `limits.deaf_seconds`, then closed."""
        await self.gateway.disconnect()

    def cut_frames(self, count: int = 1) -> None:
        """The next frames break off in the middle, and their connections with them."""
        self.gateway.cut_next += count

    def lose_acks(self, count: int = 1) -> None:
        """The next acks get lost on the way to the platform."""
        self.gateway.lose_next += count

    # requests

    async def _route(self, request: web.Request) -> web.StreamResponse:
        if request.path == CONNECT:
            return await self.gateway.serve(request)
        if request.path.startswith(FILES):
            return self._file(request.path.removeprefix(FILES).removesuffix(".file"))
        return await self._api(request)

    def _file(self, code: str) -> web.Response:
        found = self.downloads.get(code)
        if found is None or self.clock() >= found.expires:
            return web.Response(status=404)
        return web.Response(body=found.data, content_type="application/octet-stream")

    async def _api(self, request: web.Request) -> web.StreamResponse:
        if self._is_banned():
            ban = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": self.fresh("", 32)}
            return web.json_response(ban, status=self.limits.ban_status)
        fault = self.faults.take(request.path) or Fault()
        if fault.hang and not fault.act:
            await asyncio.sleep(fault.hang)
        try:
            status, answer = await self._answer(request, fault)
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        if fault.hang and fault.act:
            await asyncio.sleep(fault.hang)
        if fault.drop and request.transport:
            request.transport.abort()
        headers = {"x-acs-request-id": self.fresh("", 32), "x-acs-trace-id": self.fresh("", 32)}
        if fault.body is not None:
            return web.Response(status=fault.status or 200, body=fault.body, headers=headers)
        text = json.dumps(answer, ensure_ascii=False)
        headers[hdrs.CONTENT_TYPE] = "application/json;charset=utf-8"
        return web.Response(status=status, body=text.encode(), headers=headers)

    async def _answer(self, request: web.Request, fault: Fault) -> tuple[int, dict[str, Any]]:
        """Status and body, as the platform or the fault wants them; recorded."""
        record: dict[str, Any] = {
            "method": request.method, "path": request.path, "query": _cut(request.query), "body": None, "at": self.clock()
        }  # fmt: skip
        self.calls.append(record)
        status, answer = 200, {}
        try:
            if fault.act or not fault.answers:
                answer = await self._checked(request, record)
            if fault.errcode is not None:
                raise Refusal(fault.errcode)
            if fault.status is not None:
                status, answer = fault.status, refusal_body(Refusal("ServiceUnavailable"), self.fresh("", 32))[1]
        except Refusal as refusal:
            status, answer = refusal_body(_for_host(request.path, refusal), self.fresh("", 32))
        record["status"], record["response"] = status, _cut(answer)
        return status, answer

    async def _checked(self, request: web.Request, record: dict[str, Any]) -> dict[str, Any]:
        """The checks every API makes, then the API itself."""
        endpoint = _endpoint(request.method, request.path)
        old_host = not request.path.startswith(NEW_HOST)
        if endpoint.token:
            header = request.headers.get("x-acs-dingtalk-access-token", "")
            self.tokens.check(request.query.get("access_token", "") if old_host else header, old_host=old_host)
        refuse_if(self.allowed_ips is not None and request.remote not in self.allowed_ips, ADDRESS)
        lacking = [scope for scope in endpoint.scopes if scope not in self.scopes]
        if lacking:
            raise _denied(lacking, old_host=old_host)
        self.meter.call(f"{request.method} {request.path}", counted=endpoint.counted)
        body, upload = {}, None
        if endpoint.multipart:
            upload = await _read_upload(request)
        elif request.method != "GET":
            body = await _read_json(request, old_host=old_host)
            record["body"] = _cut(body)
        answer = endpoint.run(self, Call(request.path, request.query, body, record["at"], record, upload))
        return {"errcode": 0, "errmsg": "ok", "request_id": self.fresh("", 12), **answer} if old_host else answer

    def _is_banned(self) -> bool:
        now, most = self.real(), self.limits.calls_per_address
        if most is not None and self.meter.too_many("address", most, BAN_CALLS_SECONDS):
            self._banned_until = now + BAN_SECONDS
        return now < self._banned_until


def _endpoint(method: str, path: str) -> Endpoint:
    """The table's entry; an unknown path is 404 on both hosts, a wrong verb on the old one an errcode."""
    parts = path.split("/")
    if path.startswith("/v1.0/oauth2/") and len(parts) == 5 and parts[4] == "token":
        path = tokens.UNIFIED
    if path in LEGACY_CARDS:
        raise _denied(["qyapi_interactive_card"], old_host=False)  # closed to new apps since 2024-12-31
    found = ENDPOINTS.get((method, path))
    if found is not None:
        return found
    for verb, code in (("GET", 43001), ("POST", 43002)):
        refuse_if(not path.startswith(NEW_HOST) and (verb, path) in ENDPOINTS, code)
    raise Refusal("InvalidAction.NotFound")


def _denied(scopes: list[str], *, old_host: bool) -> Refusal:
    say = f"应用尚未开通所需的权限：[{', '.join(scopes)}]"
    if old_host:
        return Refusal(88, sub_code="60011", sub_msg=say)
    return Refusal(PERMISSION, say, accessdenieddetail={"requiredScopes": scopes})


def _for_host(path: str, refusal: Refusal) -> Refusal:
    """A refusal both hosts share, in the words of the one that was called."""
    if path.startswith(NEW_HOST) or refusal.code not in OLD_OF:
        return refusal
    return Refusal(OLD_OF[str(refusal.code)], refusal.message, **refusal.extra)


def _cut(value: Any) -> Any:
    """A copy without credentials."""
    if isinstance(value, Mapping):
        return {name: "…" if name in SECRETS else _cut(item) for name, item in value.items()}
    return [_cut(item) for item in value] if isinstance(value, list) else value


async def _read_json(request: web.Request, *, old_host: bool) -> dict[str, Any]:
    refuse_if(old_host and request.content_type != "application/json", 43004)
    raw = b""
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > JSON_BYTES:
            raise web.HTTPRequestEntityTooLarge(JSON_BYTES, len(raw))
    try:
        body = decode(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(40035 if old_host else "Missingbody")
    return body


async def _read_upload(request: web.Request) -> Upload | None:
    """The parts of a multipart body; None for any other body."""
    if not request.content_type.startswith("multipart/"):
        return None
    kind, filename, data = "", "", None
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "type":
                kind = (await part.text())[:20]
            elif isinstance(part, BodyPartReader) and part.name == "media":
                filename, data = part.filename or "", bytes(await part.read())
    except (ValueError, AssertionError, RuntimeError):
        raise Refusal(43008) from None
    return Upload(kind, filename, data)
