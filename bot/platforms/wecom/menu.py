"""The app's menu: three columns of packed commands, shown below the conversation (OD:90231)."""

from __future__ import annotations

from typing import Any

from bot.commands import (
    Command,
    Help,
    MyCustomers,
    MyDeals,
    ShowCampaigns,
    ShowChannels,
    ShowDigest,
    ShowOverdue,
    ShowTodo,
    Undo,
    pack,
)
from bot.platforms.wecom.client import WeComClient


def _key(name: str, command: Command) -> dict[str, Any]:
    return {"type": "click", "name": name, "key": pack(command)}


MENU: list[dict[str, Any]] = [
    {
        "name": "待办",
        "sub_button": [
            _key("今日待办", ShowTodo()),
            _key("全部待办", ShowTodo(all=True)),
            _key("团队简报", ShowDigest()),
            _key("团队逾期", ShowOverdue()),
        ],
    },
    {
        "name": "客户",
        "sub_button": [
            _key("我的客户", MyCustomers()),
            _key("我的商机", MyDeals()),
            _key("渠道列表", ShowChannels()),
            _key("群发记录", ShowCampaigns()),
        ],
    },
    {"name": "帮助", "sub_button": [_key("能说什么", Help()), _key("撤销", Undo())]},
]
"""At most three columns of at most five keys; a column's name has at most 16 bytes, a key's 40."""


async def install(client: WeComClient, agent_id: int) -> None:
    """Put the menu in place; members see it when they next open the app. Raises SendError."""
    await client.post("menu/create", {"button": MENU}, agentid=str(agent_id))
