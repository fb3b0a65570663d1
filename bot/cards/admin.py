"""Cards for the administrator: what needs a person."""

from __future__ import annotations

from bot.cards.card import Card, rows

_DOORS = {
    "wecom_app": "企业微信自建应用",
    "wecom_bot": "企业微信智能机器人",
    "dingtalk": "钉钉",
    "call": "企业微信客户联系",
}
_BUDGETS = {"dingtalk_api": "钉钉接口调用", "dingtalk_push": "钉钉消息推送"}


def trouble_card(door: str, code: str) -> Card:
    """A door refuses to work until somebody changes a setting."""
    return Card(
        title="需要处理 · 平台拒绝了机器人的请求",
        rows=rows(("平台", _DOORS.get(door, door)), ("错误码", code)),
        text="消息已保留，恢复后自动补发。请在服务器上运行 scrm-bot check，它会告诉您要改哪一项。",
    )


def replaced_card() -> Card:
    """Another program has logged in with our AI bot."""
    return Card(
        title="需要处理 · 智能机器人被别的程序占用",
        text="有别的程序用同一个 Bot ID 登录了企业微信智能机器人，这里的连接被断开，同事在机器人里说的话收不到。"
        "请停掉那个程序，或给它换一个机器人。这里过一会儿会自动重连，次数越多等得越久。",
    )


def budget_card(name: str, used: int, limit: int) -> Card:
    """80 % of a monthly budget is gone."""
    return Card(
        title=f"额度提醒 · {_BUDGETS.get(name, name)}已用 {used * 100 // limit}%",
        rows=rows(("本月已用", f"{used:,} 次"), ("本月额度", f"{limit:,} 次")),
        text="额度用完后钉钉会拒绝发送卡片。可在钉钉管理后台升级版本或购买接口增购包；机器人已减少卡片同步刷新。",
    )
