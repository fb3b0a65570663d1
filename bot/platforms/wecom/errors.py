"""From what WeCom answers to what we do about it: the only place that knows its error codes (OD:90313)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bot.platforms.base import Fate, SendError
from bot.platforms.http import BROKEN

OK = 0
DUPLICATE_TASK = "42014"  # a card with this task_id was sent before
TOO_OFTEN = "45009"
CODE_USED = "60140"  # the response code was used, or is older than 72 h
WELCOME_DONE = "41051"  # the welcome was sent, or the two are chatting already
TAG_EXISTS = "40071"
NO_SUCH_USER = "60111"
NO_CONTACT = frozenset({"84061", "40096"})  # nobody we can see knows this external contact
RATE_SECONDS = 5.0  # a limit holds for the window that was hit, a minute at least; one probe now and then finds its end


class Rule(NamedTuple):
    """What to do about a code, and what to tell an administrator about it."""

    fate: Fate
    advice: str = ""


RULES: dict[int, Rule] = {
    -1: Rule(Fate.RETRY, "企业微信系统繁忙，请稍后再试"),
    6000: Rule(Fate.RETRY),
    41063: Rule(Fate.RETRY),  # the mass send is still being handed out
    41096: Rule(Fate.RETRY),  # another app is sending the welcome
    40014: Rule(Fate.TOKEN),
    42001: Rule(Fate.TOKEN),
    40001: Rule(
        Fate.TOKEN,
        "Secret 不正确：请到管理后台「应用管理 → 自建应用」查看 Secret，粘贴到 wecom.secret；确认应用没有停用",
    ),
    45009: Rule(Fate.RATE, "接口调用太频繁，或因多次使用错误的 Secret 被暂时封禁，请一小时后再试"),
    45033: Rule(Fate.RATE, "并发调用太多，请稍后再试"),
    41078: Rule(Fate.RATE),
    40013: Rule(
        Fate.SETUP, "企业 ID 不正确：请到管理后台「我的企业 → 企业信息」最下方复制企业 ID，粘贴到 wecom.corp_id"
    ),
    40056: Rule(Fate.SETUP, "AgentId 不正确：请到管理后台「应用管理 → 自建应用」复制 AgentId，粘贴到 wecom.agent_id"),
    301002: Rule(
        Fate.SETUP, "AgentId 与 Secret 不是同一个应用：请从同一个应用的页面复制 wecom.agent_id 和 wecom.secret"
    ),
    41011: Rule(Fate.SETUP, "没有填写 wecom.agent_id"),
    43012: Rule(Fate.SETUP, "应用没有设置接收消息的网址：请到应用页面「接收消息 → 设置 API 接收」填写回调网址"),
    45031: Rule(Fate.SETUP, "Secret 需要重置：请到应用页面重新获取 Secret，粘贴到 wecom.secret"),
    48001: Rule(Fate.SETUP, "应用没有调用这个接口的权限"),
    48002: Rule(Fate.SETUP, "应用没有客户联系权限：请到管理后台「客户联系 → API → 可调用接口的应用」勾选这个应用"),
    48006: Rule(Fate.SETUP, "应用长期不用，接口权限被收回：请到应用页面恢复"),
    48009: Rule(Fate.SETUP, "应用没有读取通讯录详情的权限"),
    50003: Rule(Fate.SETUP, "应用已停用：请到应用页面启用"),
    60020: Rule(Fate.SETUP, "服务器的 IP 不在白名单：请到应用页面「开发者接口 → 企业可信IP」添加"),
    84074: Rule(Fate.PERMANENT, "成员没有客户联系权限：请到管理后台「客户联系 → 权限配置」加入使用范围"),
    41054: Rule(Fate.PERMANENT, "成员还没有激活企业微信"),
    60011: Rule(Fate.PERMANENT, "成员或部门不在应用的可见范围内：请到应用页面调整「可见范围」"),
    81013: Rule(Fate.PERMANENT, "接收人不在应用的可见范围内，或已离职"),
    846605: Rule(Fate.PERMANENT),  # AI bot: the req_id is unknown or too old
    846608: Rule(Fate.PERMANENT),
    93006: Rule(Fate.PERMANENT),  # AI bot: nobody has spoken in this chat
}


def fate_of(code: int) -> Fate:
    """What to do about this code; one that is not in the table will never work."""
    rule = RULES.get(code)
    return rule.fate if rule is not None else Fate.PERMANENT


def advice_of(code: str) -> str:
    """What an administrator can do about a code, in one Chinese sentence without a full stop; "" when there is none."""
    rule = RULES.get(int(code)) if code.lstrip("-").isdigit() and len(code) < 10 else None
    return rule.advice if rule is not None else ""


def error_of(status: int, data: Mapping[str, Any]) -> SendError | None:
    """What a decoded answer says went wrong; None when all went well. An answer without `errcode` is no answer."""
    code = data.get("errcode")
    if isinstance(code, str) and code.lstrip("-").isdigit() and len(code) < 10:
        code = int(code)
    if not isinstance(code, int) or isinstance(code, bool):
        return SendError(Fate.RETRY, BROKEN if status == 200 else f"http_{status}", "no errcode")
    if code == OK:
        return None if status == 200 else SendError(Fate.RETRY, f"http_{status}")
    fate = fate_of(code)
    after = RATE_SECONDS if fate is Fate.RATE else None
    return SendError(fate, str(code), str(data.get("errmsg", ""))[:300], after)
