"""How DingTalk gives the app its access token, good for both hosts (DingTalk docs, 获取企业内部应用的 accessToken)."""

from __future__ import annotations

import hashlib
from typing import Any

from bot.config import DingTalk
from bot.platforms.dingtalk.errors import error_of
from bot.platforms.http import Http
from bot.platforms.tokens import AccessTokens, TokenStore


def app_tokens(config: DingTalk, http: Http, store: TokenStore, **clocks: Any) -> AccessTokens:
    """The tokens of one app; `clocks` are those of AccessTokens."""
    body = {"appKey": config.client_id, "appSecret": config.client_secret}

    async def ask() -> tuple[object, object]:
        reply = await http.call("POST", f"{config.api_base}/v1.0/oauth2/accessToken", body=body)
        if error := error_of(reply.status, reply.data):
            raise error
        return reply.data.get("accessToken"), reply.data.get("expireIn")

    # A changed secret does not find the old one's token.
    app = hashlib.sha256(f"{config.client_id}:{config.client_secret}".encode()).hexdigest()[:24]
    return AccessTokens(f"dingtalk:{app}", ask, store, **clocks)
