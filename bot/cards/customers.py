"""Cards of customers: made, briefed, listed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.cards.card import Button, Card, rows
from bot.cards.names import company_entry, deal_of, page_of, short, shorts
from bot.cards.words import KIND_NAMES, ago, clip, masked_phone, money, when
from bot.commands import (
    CreateDeal,
    MyCustomers,
    ScheduleFollowUp,
    ShowCampaigns,
    ShowChannels,
    ShowCustomer,
    ShowDeal,
    ShowFollowUp,
    Undo,
    pack,
)
from scrm.customers import PAGE, Brief, OpenDeal
from scrm.models import Activity, Contact, Customer

SHOWN_DEALS = 3
SUMMARY = 34  # of three activities, so that people and deals fit above them on every phone
LIST = "customers"
MAKE_ANYWAY = "仍然新建"
WHOSE_CODE = "是哪家客户的信用代码？"
_ROLES = {"decision_maker": "决策人", "influencer": "影响人", "user": "使用人", "gatekeeper": "把关人"}


def created_card(customer: Customer, turn: str) -> Card:
    """A new customer."""
    return Card(
        title=f"已新建客户 · {clip(customer.name, 24)}",
        rows=rows(("信用代码", customer.credit_code or ""), ("电话", masked_phone(customer.phone))),
        note=f"接下来可以说：{short(customer.name)} 新商机 名称 80万",
        buttons=(
            Button("安排跟进", pack(ScheduleFollowUp(customer=customer.id)), "primary"),
            Button("新建商机", pack(CreateDeal(customer=customer.id))),
            Button("撤销", pack(Undo(turn=turn))),
        ),
        view=f"customer:{customer.id}",
    )


def coded_card(customer: Customer, before: str, turn: str) -> Card:
    """The credit code was noted, or another put in its place."""
    return Card(
        title=f"已{'更正' if before else '登记'}信用代码 · {short(customer.name)}",
        rows=rows(("信用代码", customer.credit_code or ""), ("原来是", before)),
        buttons=(Button("看客户", pack(ShowCustomer(customer=customer.id))), Button("撤销", pack(Undo(turn=turn)))),
        view=f"customer:{customer.id}",
    )


def is_a_trade(said: str) -> str:
    """The question before a customer is made whose name is only a trade."""
    return f"「{clip(said, 16)}」像是行业，不像公司的名称，确定这样新建吗？"


def brief_card(brief: Brief, zone: ZoneInfo, now: datetime, *, phones: bool = False) -> Card:
    """One screen before walking in: people (with their `phones` for the owner), open deals, last activities, next step, tags."""
    customer, step = brief.customer, brief.next_step
    next_step = f"{when(step.due_at, zone, now)} {step.action}".strip() if step is not None else "还没有安排"
    lines = [f"· {_activity(activity, '' if who == brief.owner else who, now)}" for activity, who in brief.activities]
    return Card(
        title=clip(customer.name, 30),
        subtitle=" · ".join(part for part in (customer.tier, customer.region) if part),
        rows=rows(
            ("负责人", brief.owner or "公海"),
            ("协作", "、".join(brief.helpers)),
            ("联系人", "、".join(_person(person, phones=phones) for person in brief.people[:4])),
            ("商机", _deals(brief) or "暂无进行中的商机"),
            ("下一步", next_step),
            ("标签", "、".join(brief.tags)),
            ("电话", masked_phone(customer.phone)),
            ("信用代码", customer.credit_code or ""),
        ),
        text="最近跟进\n" + "\n".join(lines) if lines else "还没有跟进记录",
        buttons=_brief_buttons(brief),
        view=f"customer:{customer.id}",
    )


def _activity(activity: Activity, who: str, now: datetime) -> str:
    """One line; `who` is named where it was not the owner."""
    did = " ".join(
        part for part in (ago(activity.happened_at, now), who, KIND_NAMES.get(activity.kind, "跟进")) if part
    )
    return f"{did}：{clip(activity.summary, SUMMARY)}"


def _deals(brief: Brief) -> str:
    named = [
        f"{_deal_name(item, brief)}（{' '.join(filter(None, (item.stage, money(item.deal.amount))))}）"
        for item in brief.deals[:SHOWN_DEALS]
    ]
    return "、".join(named) + (" 等" if len(brief.deals) > SHOWN_DEALS else "")


def _deal_name(item: OpenDeal, brief: Brief) -> str:
    return deal_of(item.deal.name, brief.customer.name)


def _person(person: Contact, *, phones: bool) -> str:
    role = _ROLES.get(person.role, "")
    inside = " ".join(part for part in (person.title, role if role == "决策人" else "") if part)
    called = f"{person.name}（{inside}）" if inside else person.name
    return f"{called} {person.phone}" if phones and person.phone else called


def _brief_buttons(brief: Brief) -> tuple[Button, ...]:
    buttons = []
    if brief.next_step is not None:
        buttons.append(Button("看待办", pack(ShowFollowUp(followup=brief.next_step.id)), "primary"))
    else:
        buttons.append(Button("安排跟进", pack(ScheduleFollowUp(customer=brief.customer.id)), "primary"))
    buttons += [
        Button(clip(_deal_name(item, brief), 10), pack(ShowDeal(deal=item.deal.id)))
        for item in brief.deals[:SHOWN_DEALS]
    ]
    return tuple(buttons)


def list_card(customers: Sequence[Customer], total: int, page: int, now: datetime, *, creates: bool = True) -> Card:
    """One page of customers, each a tap away; `creates`: this person may make one."""
    if not total and not creates:
        return Card(
            title="没有您负责的客户",
            text="渠道和群发带来的联系人，在这里看：",
            buttons=(Button("渠道活码", pack(ShowChannels())), Button("群发记录", pack(ShowCampaigns()))),
        )
    if not total:
        return Card(title="还没有客户", text="说一句就能新建，例如：\n新建客户 宏图精密")
    lines = [
        f"{page * PAGE + index + 1}. {name}{_last(customer, now)}"
        for index, (name, customer) in enumerate(zip(shorts([one.name for one in customers]), customers, strict=True))
    ]
    entries = [
        Button(company_entry(number, customer.name), pack(ShowCustomer(customer=customer.id)))
        for number, customer in enumerate(customers, page * PAGE + 1)
    ]
    return Card(
        title=f"客户 {total} 家",
        subtitle=page_of(page, PAGE, total),
        text="\n".join(lines) or "这一页已经没有客户了。",
        buttons=(*entries, *_turning(page, total)),
        note="回复「查一下 客户名」看详情",
        view=LIST,
    )


def _turning(page: int, total: int) -> tuple[Button, ...]:
    """The one button below a page: the next, or from the last the first."""
    if (page + 1) * PAGE < total:
        return (Button("下一页", pack(MyCustomers(page=page + 1))),)
    return (Button("回到第一页", pack(MyCustomers())),) if page else ()


def _last(customer: Customer, now: datetime) -> str:
    return f" · {ago(customer.last_activity_at, now)}跟进" if customer.last_activity_at else " · 还没跟进"
