"""The help card by role, with examples of the speaker's own that work as they stand; what was not understood, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.cards.card import Button, Card
from bot.commands import (
    Command,
    Help,
    MyCustomers,
    MyDeals,
    ShowCampaigns,
    ShowChannels,
    ShowDigest,
    ShowMembers,
    ShowOverdue,
    ShowTodo,
    Undo,
    pack,
)

MOST, FEW = 10, 3


@dataclass(frozen=True, slots=True)
class Known:
    """Names of the speaker's own that examples are made of, so that each works as it stands; "" where there is none."""

    customer: str = ""
    person: str = ""
    deal: str = ""
    stage: str = ""  # the one after the deal's
    tag: str = ""
    owner: str = ""  # of a channel code
    member: str = ""
    leader: str = ""


_LEAD = "宏图精密 张总 13800000000 想了解MES"
_NEW = "宏图精密"  # a customer nobody has: the examples of somebody who has none yet begin with making it


def _visit(known: Known) -> str:
    met = f"{known.customer}{known.person}" if known.customer else _NEW
    return f"今天拜访了{met}，聊了二期报价，预算50万，下周三再跟进"


def _sales(known: Known) -> tuple[str, ...]:
    customer = known.customer or _NEW
    return (
        "" if known.customer else f"新建客户 {customer}",
        _visit(known),
        f"明天下午3点跟进{customer}",
        f"查一下{customer}",
        f"{customer} 新商机 年度采购 80万",
        f"{known.deal} 推进到{known.stage}" if known.deal and known.stage else "",
        f"给{known.person or customer}打标签 {known.tag or '高意向'}",
        "我这个月还差多少",
        f"新线索 {_LEAD}",
        "公海",
        "撤销",
    )


def _manager(known: Known) -> tuple[str, ...]:
    look = f"查一下{known.customer}" if known.customer else ""
    return (
        "团队简报",
        "看漏斗",
        "本月预测",
        "本月销售排行",
        "点名",
        "谁的跟进逾期了",
        "待领线索",
        look,
        _visit(known),
        "撤销",
    )


def _marketer(known: Known) -> tuple[str, ...]:
    owner = f"，负责人{known.owner}" if known.owner else ""
    return (
        f"新建渠道活码 秋季展会{owner}，欢迎语：您好，感谢关注",
        f"给标签 {known.tag} 的客户群发：新品上线，回复1了解" if known.tag else "",
        f"给{known.person}打标签 {known.tag or '高意向'}" if known.person else "",
        "渠道列表",
        "群发记录",
        f"新线索 {_LEAD}，来源展会",
    )


def _admin(known: Known) -> tuple[str, ...]:
    return (
        "成员列表",
        "大客户30天没跟进提醒，45天回收",
        "试跑回收规则",
        f"线索规则 华东分给{known.member}，每人最多20条" if known.member else "",
        "公海规则 每人每天最多领5个，冷却7天",
        f"设置{known.member}为主管" if known.member else "",
        f"{known.member}的主管是{known.leader}" if known.member and known.leader else "",
        "团队简报",
        _visit(known),
    )


_EXAMPLES: dict[str, Callable[[Known], tuple[str, ...]]] = {
    "rep": _sales, "manager": _manager, "marketer": _marketer, "admin": _admin,
}  # fmt: skip
_MENUS: dict[str, tuple[tuple[str, Command], ...]] = {
    "rep": (("今日待办", ShowTodo()), ("我的客户", MyCustomers()), ("我的商机", MyDeals())),
    "manager": (
        ("团队简报", ShowDigest()),
        ("团队逾期", ShowOverdue()),
        ("我的待办", ShowTodo()),
        ("团队商机", MyDeals()),
    ),
    "marketer": (("渠道活码", ShowChannels()), ("群发记录", ShowCampaigns())),
    "admin": (
        ("团队简报", ShowDigest()),
        ("成员列表", ShowMembers()),
        ("我的待办", ShowTodo()),
        ("我的客户", MyCustomers()),
    ),
}


def help_card(role: str, name: str, known: Known) -> Card:
    """What this role can say, and its menu."""
    return Card(
        title=f"{name}，您可以这样说",
        text=_listed(role, known),
        buttons=_menu(role),
        note="说一句就行，记错了回复「撤销」。",
        view="help",
    )


def greeting_card(role: str, name: str, known: Known) -> Card:
    """The answer to 你好: who I am, and what to say first."""
    return Card(
        title=f"{name}，您好",
        text=f"我是客户管理助手，跟我说一句就能记下来，比如：\n{_listed(role, known, FEW)}",
        buttons=(*_menu(role)[:2], Button("帮助", pack(Help()))),
    )


def not_understood_card(role: str, known: Known) -> Card:
    """Nothing to do in what was said."""
    return Card(
        title="我没听懂要做什么",
        text=f"这句话没有记录。可以这样告诉我：\n{_listed(role, known, FEW)}",
        buttons=(*_menu(role)[:2], Button("帮助", pack(Help()))),
    )


def _listed(role: str, known: Known, most: int = MOST) -> str:
    examples = [line for line in _EXAMPLES.get(role, _sales)(known) if line]
    return "\n".join(f"· {line}" for line in examples[:most])


def _menu(role: str) -> tuple[Button, ...]:
    entries = _MENUS.get(role, _MENUS["rep"])
    return tuple(
        Button(text, pack(command), "primary" if not index else "default")
        for index, (text, command) in enumerate(entries)
    )


_UNDERSTOOD = {
    "search_knowledge": ("查资料", "请到公司的资料库里查找。"),
    "create_quote": ("做报价", "报价单请在您原来的工具里做。"),
    "record_payment": ("登记回款", "回款请在财务系统里登记。"),
    "assign_customer": ("转移客户", "请联系管理员处理。"),
}


def not_yet_card(intent: str, kept: str = "", turn: str = "") -> Card:
    """Understood, and what to do instead; `kept` names the customer whose record now holds the words, `turn` takes it back."""
    what, instead = _UNDERSTOOD.get(intent, ("做这件事", "请换一种说法，或查看帮助。"))
    text = f"我听懂了：您想{what}。这项功能还没有开放。\n{instead}"
    if kept:
        text += f"\n这句话已记在「{kept}」的跟进记录里。"
    undo = (Button("撤销", pack(Undo(turn=turn))),) if kept else ()
    buttons = (Button("我的商机", pack(MyDeals())), Button("帮助", pack(Help())), *undo)
    return Card(title=f"还不能{what}", text=text, buttons=buttons)
