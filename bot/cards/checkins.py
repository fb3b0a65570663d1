"""The card of a check-in."""

from __future__ import annotations

from datetime import datetime

from bot.cards.card import Button, Card, rows
from bot.cards.words import visit_example
from bot.commands import MyCustomers, ShowTodo, pack


def checked_in_card(label: str, local: datetime, customer: str) -> Card:
    """Where and when, and what to say next, of a customer of the speaker's own ("" for none)."""
    return Card(
        title="已签到",
        rows=rows(("地点", label or "已记录位置"), ("时间", f"{local:%H:%M}")),
        text=f"今天接下来记录的拜访会带上这个地点，例如：\n{visit_example(customer)}",
        buttons=(Button("今日待办", pack(ShowTodo())), Button("我的客户", pack(MyCustomers()))),
    )
