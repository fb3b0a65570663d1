"""The two API hosts of DingTalk in one, scripted: answers what a test says, remembers what it was asked."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from aiohttp import web

ACCESS_TOKEN = "/v1.0/oauth2/accessToken"


@dataclass(frozen=True)
class Asked:
    """One call as it arrived."""

    method: str
    path: str
    token: str
    body: Any


class Api:
    """Answers each path with the responses queued for it, the last one again and again; 200 {} where none is."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.base_url = ""
        self.tokens = 0
        self._answers: dict[str, list[web.Response]] = defaultdict(list)
        self._runner: web.AppRunner | None = None

    async def start(self) -> Api:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._receive)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def answer(self, path: str, *bodies: Any, status: int = 200) -> None:
        """Queue answers: JSON values, or ready bytes."""
        for body in bodies:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self._answers[path].append(web.Response(body=raw, status=status, content_type="application/json"))

    def calls(self, path: str) -> list[Asked]:
        """What was asked of one path."""
        return [asked for asked in self.asked if asked.path == path]

    async def _receive(self, request: web.Request) -> web.Response:
        token = request.headers.get("x-acs-dingtalk-access-token") or request.query.get("access_token", "")
        raw = await request.read()
        body = json.loads(raw) if request.content_type == "application/json" and raw else raw
        self.asked.append(Asked(request.method, request.path, token, body))
        queued = self._answers[request.path]
        if queued:
            answer = queued.pop(0) if len(queued) > 1 else queued[0]
            return web.Response(body=answer.body, status=answer.status, content_type="application/json")
        if request.path == ACCESS_TOKEN:
            self.tokens += 1
            return web.json_response({"accessToken": f"token-{self.tokens}", "expireIn": 7200})
        return web.json_response({})
