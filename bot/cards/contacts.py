"""Cards of contacts."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.card import Button, Card, rows
from bot.cards.words import masked_phone
from bot.commands import ShowCustomer, Undo, pack
from scrm.models import Contact

WHO = "联系人叫什么名字？"


def put_card(contact: Contact, customer: str, tags: Sequence[str], is_new: bool, turn: str) -> Card:
    """A person who is new or has new facts."""
    return contact_card(contact, customer, tags, title="已新建联系人" if is_new else "已更新联系人", turn=turn)


def contact_card(
    contact: Contact, customer: str, tags: Sequence[str], *, title: str = "联系人", turn: str = ""
) -> Card:
    """A person as known."""
    buttons = []
    if contact.customer_id is not None:
        buttons.append(Button("看客户", pack(ShowCustomer(customer=contact.customer_id)), "primary"))
    if turn:
        buttons.append(Button("撤销", pack(Undo(turn=turn))))
    return Card(
        title=f"{title} · {contact.name or '微信联系人'}",
        rows=rows(
            ("客户", customer),
            ("职务", contact.title),
            ("手机", masked_phone(contact.phone)),
            ("渠道", contact.channel),
            ("标签", "、".join(tags)),
        ),
        buttons=tuple(buttons),
        view=f"contact:{contact.id}",
    )
