"""Refusals in the platform's words: a code in the body and a 4xx on the new host, an errcode inside 200 on the old one."""

from __future__ import annotations

from typing import Any

DENIED = "Forbidden.AccessDenied."
PERMISSION, ADDRESS = DENIED + "AccessTokenPermissionDenied", DENIED + "IpNotInWhiteList"
QPS, QUOTA = DENIED + "QpsLimitForAppkeyAndApi", DENIED + "ApiCountLimitForOrg"

NEW: dict[str, tuple[int, str]] = {
    "InvalidAuthentication": (400, "不合法的access_token"),
    "invalidClientIdOrSecret": (400, "无效的clientId或者clientSecret"),
    "unauthorized.client": (401, "unauthorized client"),
    "authFailed": (401, "鉴权失败"),
    "Missingbody": (400, "body is mandatory for this action"),
    "InvalidAction.NotFound": (404, "Specified api is not found, please check your url and method."),
    PERMISSION: (403, "应用尚未开通所需的权限"),
    ADDRESS: (403, "访问ip不在白名单之中"),
    QPS: (403, "应用调用该接口的QPS超过限制"),
    DENIED + "QpsLimitForApi": (403, "该接口的QPS超过限制"),
    DENIED + "QpmLimitForAppkeyAndApi": (403, "应用调用该接口的QPM超过限制"),
    QUOTA: (403, "组织本月的接口调用量已用完"),
    "system.busy": (500, "系统繁忙"),
    "systemBusy": (429, "系统繁忙"),
    "ServiceUnavailable": (500, "The request has failed due to a temporary failure of the server."),
    "system.error": (500, "系统错误"),
    "unknownError": (500, "未知错误"),
    "param.callbackRouteKeyExist": (500, "param.callbackRouteKeyExist"),
    "param.stream.outTrackId": (400, "card is not exist"),
    "param.stream.isFull": (400, "streaming update the parameter isFull is null"),
    "param.stream.content": (400, "content is too large"),
    "invalidParameter.robotCode.empty": (400, "机器人robotCode为空"),
    "invalidParameter.robotCode.auth": (400, "此应用appkey和机器人robotCode不匹配，请使用机器人应用的appkey"),
    "invalidParameter.robotCode.downloadCode": (400, "下载码有误或者已经过期"),
}
"""Status and message by code (DingTalk docs, 错误码); a code that is not here is a 400 that repeats itself."""

OLD: dict[int, str] = {
    -1: "系统繁忙",
    15: "远程服务超时",
    88: "ding talk error",
    40001: "获取access_token时Secret错误，或者access_token无效",
    40004: "不合法的媒体文件类型",
    40005: "不合法的文件类型",
    40006: "不合法的文件大小",
    40014: "不合法的access_token",
    40035: "缺少参数 json",
    40068: "不合法的偏移量",
    40069: "不合法的分页大小",
    40089: "不合法的corpid或corpsecret",
    40104: "企业中无效的手机号",
    41001: "缺少access_token参数",
    41005: "缺少文件数据",
    42001: "access_token已过期",
    43001: "需要GET请求",
    43002: "需要POST请求",
    43004: "无效的HTTP HEADER Content-Type",
    43008: "参数需要multipart类型",
    44001: "空白的文件",
    45001: "文件大小超过限制",
    50002: "员工不在企业可见范围内",
    60003: "部门不存在",
    60020: "访问ip不在白名单之中",
    60121: "找不到该用户",
    90002: "该接口调用太频繁",
    90018: "应用调用该接口太频繁",
    90020: "组织本月的接口调用量已用完",
    300001: "session 不存在",
    400002: "参数错误",
    400105: "不支持的消息类型",
}

OLD_OF = {"InvalidAuthentication": 40014, PERMISSION: 88, ADDRESS: 60020, QPS: 90018, QUOTA: 90020}
"""What the old host says for refusals that both hosts share."""


class Refusal(Exception):
    """An API says no. A string code belongs to the new host, a number to the old one."""

    def __init__(self, code: str | int, message: str = "", **extra: Any) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.extra = code, message, extra


def refuse_if(condition: object, code: str | int, message: str = "") -> None:
    """Raise the refusal when the condition holds."""
    if condition:
        raise Refusal(code, message)


def refusal_body(refusal: Refusal, request_id: str) -> tuple[int, dict[str, Any]]:
    """HTTP status and body."""
    code = refusal.code
    if isinstance(code, int):
        errmsg = refusal.message or OLD.get(code, "error")
        return 200, {"errcode": code, "errmsg": errmsg, "request_id": request_id, **refusal.extra}
    status, message = NEW.get(code, (400, code))
    return status, {"code": code, "requestid": request_id, "message": refusal.message or message, **refusal.extra}
