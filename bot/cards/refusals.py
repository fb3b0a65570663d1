"""Why the platform refused something of marketing, as a sentence with the next step."""

from __future__ import annotations

from bot.cards.card import Card

UNCLEAR = "unclear"  # the code of a call that may or may not have worked, even after looking

# The platform's error codes (OD:90313), told to a marketer.
REASONS: dict[str, str] = {
    "40003": "企业微信不认识这位成员的账号，请检查成员是否还在通讯录里。",
    "40096": "联系人已不在客户列表里。",
    "41041": "活码的使用人超过 100 位。",
    "41045": "企业的活码数量已达上限，请在管理后台删除不用的活码。",
    "41048": "这批联系人都无法送达：对方已不是好友，或本月接收次数已满。",
    "41054": "负责人还没有激活企业微信或完成实名认证，请先在手机上完成。",
    "48002": "应用没有「客户联系」权限，请管理员在「客户联系 → 可调用接口的应用」里勾选本应用。",
    "60011": "负责人不在应用的可见范围内，请管理员在应用设置里加上。",
    "60020": "服务器的 IP 不在应用的可信 IP 里，请管理员添加。",
    "60111": "企业微信里没有这个成员账号。",
    "81013": "成员不在应用的可见范围内，请管理员在应用设置里加上。",
    "84061": "成员与联系人已不是好友关系。",
    "84074": "成员没有「客户联系」权限，请管理员在「客户联系 → 权限配置」里开通。",
    "84083": "成员不在「客户联系」的使用范围内，请管理员在「客户联系 → 权限配置」里开通。",
    "expired": "一天之内一直没有连上企业微信。",
}


def is_unclear(code: str) -> bool:
    """Whether nobody knows what the platform did."""
    return code.split(maxsplit=1)[:1] == [UNCLEAR]


def why(code: str) -> str:
    """The reason behind a platform error code; an unknown code is named so that an administrator can look it up."""
    number = code.split(maxsplit=1)[0] if code else ""
    return REASONS.get(number) or f"企业微信返回错误码 {number or '未知'}，请联系管理员查看。"


def needs_app(title: str, said: str) -> Card:
    """Understood, but this company has no WeCom app to do it with; nothing was written."""
    return Card(
        title=f"还不能{title}",
        text=(
            f"{said}\n"
            "这一步要通过企业微信「客户联系」完成，而机器人还没有接入企业微信自建应用，所以没有做任何改动。\n"
            "请管理员在配置文件的 [wecom] 里填好自建应用，再把它加进「客户联系 → 可调用接口的应用」，之后再说一次即可。"
        ),
    )
