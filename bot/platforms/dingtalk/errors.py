"""From what DingTalk answers to what we do about it: the only place that knows its error codes (全局错误码)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.platforms.base import Fate, SendError

CARD_EXISTS = "param.cardAlreadyExist"
CARD_UNKNOWN = "param.cardNotExist"
USER_UNKNOWN = frozenset({"60121", "33012", "50002"})  # not in the company, or outside the app's visible range
NO_UNIT = "60003"
NO_SCOPE = frozenset({"Forbidden.AccessDenied.AccessTokenPermissionDenied", "60011"})
IP_REFUSED = frozenset({"Forbidden.AccessDenied.IpNotInWhiteList", "60020"})
BAN_SECONDS = 300.0  # 10,000 calls in 20 s from one address: no API answers for five minutes

_DENIED = "Forbidden.AccessDenied."

FATES: dict[str, Fate] = {
    # api.dingtalk.com: HTTP 4xx or 5xx with a `code`
    "InvalidAuthentication": Fate.TOKEN,
    _DENIED + "QpsLimitForAppkeyAndApi": Fate.RATE,
    _DENIED + "QpsLimitForApi": Fate.RATE,
    _DENIED + "QpmLimitForAppkeyAndApi": Fate.RATE,
    _DENIED + "ApiCountLimitForOrg": Fate.QUOTA,
    _DENIED + "AccessTokenPermissionDenied": Fate.SETUP,
    _DENIED + "IpNotInWhiteList": Fate.SETUP,
    "system.busy": Fate.RETRY,
    "systemBusy": Fate.RETRY,
    "system.updateCallbackFailed": Fate.RETRY,
    "send.too.fast": Fate.RATE,  # throttling of robots is HTTP 400
    "send.byToken.tooFast": Fate.RATE,
    "too.many.group": Fate.RATE,
    "too.many.people": Fate.RATE,
    "authFailed": Fate.SETUP,
    "invalidClientIdOrSecret": Fate.SETUP,
    "invalidParameter.robotCode.notExsit": Fate.SETUP,
    "invalidParameter.robotCode.auth": Fate.SETUP,
    "bot.stopped": Fate.SETUP,
    "param.templateNotExist": Fate.SETUP,
    "param.templateUnpublished": Fate.SETUP,
    # oapi.dingtalk.com: HTTP 200 with an `errcode`
    "-1": Fate.RETRY,
    "15": Fate.RETRY,
    "400001": Fate.RETRY,
    "49000": Fate.RETRY,
    "40001": Fate.TOKEN,
    "40014": Fate.TOKEN,
    "41001": Fate.TOKEN,
    "42001": Fate.TOKEN,
    "33001": Fate.SETUP,
    "40089": Fate.SETUP,
    "43007": Fate.SETUP,
    "50004": Fate.SETUP,
    "60011": Fate.SETUP,
    "60020": Fate.SETUP,
    "88": Fate.SETUP,  # refused at the gateway without a sub_code of this table
    "90002": Fate.RATE,
    "90018": Fate.RATE,
    "90020": Fate.QUOTA,
    "130101": Fate.RATE,
    "410100": Fate.RATE,
}


def fate_of(status: int, code: str) -> Fate:
    """What to do about this code; an unknown one is judged by the HTTP status (200: never works)."""
    if code in FATES:
        return FATES[code]
    if status >= 500:
        # Also 504, after which the call may have acted: a card is repeated under the same outTrackId.
        return Fate.RETRY
    return {401: Fate.TOKEN, 403: Fate.SETUP, 408: Fate.RETRY, 429: Fate.RATE}.get(status, Fate.PERMANENT)


def error_of(status: int, body: Mapping[str, Any]) -> SendError | None:
    """What a decoded answer says went wrong; None when all went well."""
    if body.get("punish"):
        return SendError(Fate.RATE, "1111", "address banned for five minutes", after=BAN_SECONDS)
    code, text = _said(status, body)
    if status == 504:
        code = ""  # "http_504" tells the outbox that the call may have acted
    return SendError(fate_of(status, code), code or f"http_{status}", text) if code or status >= 400 else None


def undelivered(results: object) -> SendError | None:
    """The failure that hides in the `deliverResults` of a 200 (创建并投放卡片); None = all went well."""
    for result in results if isinstance(results, list) else []:
        if isinstance(result, Mapping) and result.get("success") is False:
            return SendError(Fate.PERMANENT, "undelivered", str(result.get("errorMsg") or "")[:200])
    return None


def unreached(answer: Mapping[str, Any]) -> SendError | None:
    """Recipients that a robot message did not reach although it was answered with 200 (oToMessages/batchSend)."""
    if answer.get("invalidStaffIdList"):
        return SendError(Fate.PERMANENT, "invalidStaffIdList", "no such member, or outside the robot's visible range")
    if answer.get("flowControlledStaffIdList"):
        return SendError(Fate.RATE, "flowControlledStaffIdList", "this member gets too many messages", recipient=True)
    return None


def _said(status: int, body: Mapping[str, Any]) -> tuple[str, str]:
    """The code ("" = none) and the text of an answer of either host."""
    if status >= 400:
        return str(body.get("code") or ""), str(body.get("message") or "")[:200]
    # The gateway wraps its own refusals in errcode 88 and says in sub_code what it is.
    code, text = str(body.get("errcode") or ""), str(body.get("errmsg") or "")
    sub = str(body.get("sub_code") or "")
    if code == "88" and sub:
        code, text = (sub if sub in FATES else code), f"{sub} {body.get('sub_msg') or text}"
    if not code.strip("0") and body.get("success") is False:
        return "success=false", text[:200]
    return ("" if code == "0" else code), text[:200]
