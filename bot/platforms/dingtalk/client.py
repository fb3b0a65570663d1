"""Authorised calls to DingTalk's two hosts: api.dingtalk.com (`api`) and oapi.dingtalk.com (`old`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from yarl import URL

from bot.config import DingTalk
from bot.platforms.base import Fate, SendError
from bot.platforms.dingtalk.errors import error_of
from bot.platforms.http import UNREACHABLE, Http, Reply
from bot.platforms.tokens import AccessTokens

_UNCOUNTED = {Fate.RATE, Fate.QUOTA, Fate.TOKEN}  # refused before it was counted (DingTalk docs, API 调用量)

Meter = Callable[[str], None]
"""Told "api" once for each call that counts against the month's budget."""


class Client:
    """One app's access to the API. Every method raises SendError; a refused token is renewed once."""

    def __init__(self, config: DingTalk, http: Http, tokens: AccessTokens, meter: Meter = lambda _: None) -> None:
        self.config, self._http, self._tokens, self._meter = config, http, tokens, meter

    async def api(self, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """A counted call of the new host, `path` from /v1.0/ on; the answer."""

        async def call(token: str) -> Reply:
            headers = {"x-acs-dingtalk-access-token": token}
            return await self._http.call(method, self.config.api_base + path, body=body, headers=headers)

        return await self._authorised(call, counted=True)

    async def old(self, path: str, body: Mapping[str, Any]) -> Any:
        """A call of the old host's contacts, which do not count; the `result` of the answer."""

        async def call(token: str) -> Reply:
            return await self._http.call(
                "POST", self.config.oapi_base + path, body=body, params={"access_token": token}
            )

        return (await self._authorised(call, counted=False)).get("result")

    async def upload(self, picture: bytes, name: str) -> str:
        """The media id of a picture (PNG, at most 20 MB)."""

        async def call(token: str) -> Reply:
            form = aiohttp.FormData()
            form.add_field("type", "image")
            form.add_field("media", picture, filename=name, content_type="image/png")
            url = self.config.oapi_base + "/media/upload"
            return await self._http.call("POST", url, params={"access_token": token}, form=form, seconds=30)

        media_id = (await self._authorised(call, counted=True)).get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise SendError(Fate.RETRY, "broken", "no media_id")
        return media_id

    async def webhook(self, url: str, body: Mapping[str, Any]) -> None:
        """A reply through a session webhook, which needs no token and costs no call.

        The address comes out of a message, and over HTTP a message's body is not signed: it must be DingTalk's own.
        """
        if not self._is_own(url):
            raise SendError(Fate.PERMANENT, "foreign webhook")
        reply = await self._http.call("POST", url, body=body)
        if error := error_of(reply.status, reply.data):
            raise error

    def _is_own(self, url: str) -> bool:
        try:
            address = URL(url)
            if address.scheme == "https" and (address.host or "").endswith(".dingtalk.com"):
                return True
            return address.origin() in (URL(self.config.oapi_base).origin(), URL(self.config.api_base).origin())
        except ValueError:
            return False

    async def _authorised(self, call: Callable[[str], Awaitable[Reply]], *, counted: bool) -> Mapping[str, Any]:
        token = await self._tokens.get()
        try:
            return await self._once(call, token, counted)
        except SendError as error:
            if error.fate is not Fate.TOKEN:
                raise
        return await self._once(call, await self._tokens.get(stale=token), counted)

    async def _once(self, call: Callable[[str], Awaitable[Reply]], token: str, counted: bool) -> Mapping[str, Any]:
        error: SendError | None
        try:
            reply = await call(token)
        except SendError as lost:
            error = lost
        else:
            error = error_of(reply.status, reply.data)
        if counted and not (error is not None and (error.fate in _UNCOUNTED or error.code == UNREACHABLE)):
            self._meter("api")
        if error is not None:
            raise error
        return reply.data
