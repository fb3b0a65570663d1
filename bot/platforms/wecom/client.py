"""Calls to the WeCom API: token in the query, outcome in `errcode`, one refresh of the token (OD:90313)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import aiohttp

from bot.platforms.base import Fate
from bot.platforms.http import Http, Reply
from bot.platforms.tokens import AccessTokens
from bot.platforms.wecom.errors import error_of


class WeComClient:
    """The API of one app. Every call raises SendError with the platform's code and what to do about it."""

    def __init__(self, http: Http, api_base: str, tokens: AccessTokens) -> None:
        self.http = http
        self._base, self._tokens = f"{api_base}/cgi-bin/", tokens

    async def get(self, path: str, **params: str) -> Mapping[str, Any]:
        """The answer to a GET of `path` below /cgi-bin/."""
        return await self._call("GET", path, params, None, None)

    async def post(self, path: str, body: Mapping[str, Any], **params: str) -> Mapping[str, Any]:
        """The answer to a POST of JSON."""
        return await self._call("POST", path, params, body, None)

    async def upload(self, kind: str, name: str, data: bytes) -> str:
        """The media_id of an upload, good for three days (OD:90253). `kind`: image, voice, video or file."""
        answer = await self._call("POST", "media/upload", {"type": kind}, None, (name, data))
        return str(answer.get("media_id", ""))

    async def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
        media: tuple[str, bytes] | None,
    ) -> Mapping[str, Any]:
        token = await self._tokens.get()
        reply = await self._exchange(method, path, {**params, "access_token": token}, body, media)
        error = error_of(reply.status, reply.data)
        if error is not None and error.fate is Fate.TOKEN:
            token = await self._tokens.get(stale=token)
            reply = await self._exchange(method, path, {**params, "access_token": token}, body, media)
            error = error_of(reply.status, reply.data)
        if error is not None:
            raise error
        return reply.data

    async def _exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
        media: tuple[str, bytes] | None,
    ) -> Reply:
        form = _form(*media) if media is not None else None
        return await self.http.call(method, self._base + path, params=params, body=body, form=form)


def _form(name: str, data: bytes) -> aiohttp.FormData:
    """One part named "media"; made anew for each attempt, as a form is used up by sending it."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("media", io.BytesIO(data), filename=name, content_type="application/octet-stream")
    return form
