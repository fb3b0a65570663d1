"""How WeCom gives the app its access token (OD:91039)."""

from __future__ import annotations

import hashlib
from typing import Any

from bot.platforms.base import Fate, SendError
from bot.platforms.http import Http
from bot.platforms.tokens import REFUSED_SECONDS, AccessTokens, TokenStore
from bot.platforms.wecom.errors import error_of

_WRONG_SECRET = frozenset({"40001", "40013", "41002", "41004", "45031"})


def app_tokens(http: Http, api_base: str, corp_id: str, secret: str, store: TokenStore, **clocks: Any) -> AccessTokens:
    """The tokens of one app; `clocks` are those of AccessTokens."""

    async def ask() -> tuple[object, object]:
        reply = await http.call("GET", f"{api_base}/cgi-bin/gettoken", params={"corpid": corp_id, "corpsecret": secret})
        if error := error_of(reply.status, reply.data):
            if error.code in _WRONG_SECRET:
                raise SendError(Fate.SETUP, error.code, "gettoken", after=REFUSED_SECONDS)
            raise error
        return reply.data.get("access_token"), reply.data.get("expires_in")

    # A changed secret does not find the old one's token; the secret cannot be read from the name.
    name = f"wecom:{corp_id}:{hashlib.sha256(secret.encode()).hexdigest()[:12]}"
    return AccessTokens(name, ask, store, **clocks)
