"""Cards about external contacts: one has come, one has gone, a handover failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.cards.card import Button, Card, rows
from bot.cards.tags import join
from bot.commands import DiscardLead, FreeLead, QualifyLead, ShowCustomer, pack

NAMELESS = "新联系人"
TRANSFER_REASONS = {
    "customer_refused": "客户拒绝了转接。",
    "customer_limit_exceed": "接替成员的客户数已达上限。",
}


@dataclass(frozen=True, slots=True)
class Person:
    """What a card says about an external contact; `name` is empty until it has been read."""

    name: str
    channel: str
    customer: str = ""
    customer_id: int | None = None
    tags: tuple[str, ...] = ()


def arrived(person: Person, lead_id: int | None = None) -> Card:
    """To the member: somebody new is in the private domain; `lead_id`: and a lead of the member's."""
    name = person.name or NAMELESS
    return Card(
        title=f"{'新线索' if lead_id else '新增联系人'} · {name}",
        rows=rows(("渠道", person.channel), ("标签", join(person.tags)), ("客户", person.customer)),
        text=f"聊完之后说一句就能记下来，例如：给{person.name}打标签 高意向" if person.name else "",
        buttons=(*_show(person), *(_lead(lead_id) if lead_id else ())),
    )


def _lead(lead_id: int) -> tuple[Button, ...]:
    return (
        Button("转客户", pack(QualifyLead(lead=lead_id)), "primary"),
        Button("放回", pack(FreeLead(lead=lead_id))),
        Button("无效", pack(DiscardLead(lead=lead_id))),
    )


def left(person: Person, since: datetime, heir: str, zone: ZoneInfo) -> Card:
    """To the member whom a contact deleted; `heir` is the colleague who still is in touch."""
    lost = (
        f"同事{heir}还是对方的好友，这位联系人已归{heir}负责。"
        if heir
        else "公司里已没有人加着对方微信，需要的话请换个方式联系。"
    )
    return Card(
        title=f"客户流失 · {person.name or '联系人'}",
        subtitle="对方在微信里删除了您",
        rows=rows(
            ("客户", person.customer), ("渠道", person.channel), ("标签", join(person.tags)),
            ("加为好友", f"{since.astimezone(zone):%Y年%-m月%-d日}"),
        ),
        text=lost,
        buttons=_show(person),
    )  # fmt: skip


def transfer_failed(person: Person, taker: str, reason: str) -> Card:
    """To the owner and to whom the contact should have gone."""
    return Card(
        title=f"客户继承失败 · {person.name or '联系人'}",
        rows=rows(("接替成员", taker), ("客户", person.customer)),
        text=f"{TRANSFER_REASONS.get(reason, '企业微信没有说明原因。')}这位联系人仍由原成员负责，可在企业微信管理后台换一位成员再分配。",
        buttons=_show(person),
    )


def _show(person: Person) -> tuple[Button, ...]:
    return (Button("看客户", pack(ShowCustomer(customer=person.customer_id))),) if person.customer_id else ()
