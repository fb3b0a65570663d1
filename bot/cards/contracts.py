"""Cards of contracts: until when one runs, and the renewal deal that was opened ahead of its end."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import msgspec

from bot.cards.card import Button, Card, rows
from bot.cards.clock import Clock
from bot.cards.deals import deal_card, undo_button
from bot.cards.words import clip, money
from bot.commands import LoseDeal, ScheduleFollowUp, ShowCustomer, pack
from scrm.deals import Seen
from scrm.models import Contract, Customer

WHOSE = "是哪个客户的合同？"
UNTIL = "合同哪天到期？"
UNTIL_IS_PAST = "这个日子已经过了，合同哪天到期？"


def noted_card(contract: Contract, customer: Customer, opens_on: date, clock: Clock, turn: str) -> Card:
    """The answer to when a contract ends: what the program will do about it, and when."""
    soon = opens_on <= clock.today
    text = "马上为您建好续约商机。" if soon else f"{clock.day(opens_on)}起我会建好续约商机并提醒您。"
    return Card(
        title="已记下合同到期日",
        rows=rows(
            ("合同", contract.name),
            ("客户", customer.name if customer.name != contract.name else None),
            ("到期", _day(contract.ends_on, clock)),
            ("金额", money(contract.amount)),
        ),
        text=text,
        buttons=(Button("看客户", pack(ShowCustomer(customer=customer.id))), undo_button(turn)),
        view=f"customer:{customer.id}",
    )


def renewal_card(seen: Seen, contract: Contract, clock: Clock) -> Card:
    """A contract is about to end: its renewal deal is there, with what to do next."""
    left = (contract.ends_on - clock.today).days
    when = f"还有 {left} 天" if left > 0 else "今天" if not left else f"已过 {-left} 天"
    card, deal = deal_card(seen, clock), seen.deal
    kept = [row for row in card.rows if row.label in ("客户", "阶段", "金额", "决策链", "负责人")]
    follow = Button("安排跟进", pack(ScheduleFollowUp(customer=seen.customer.id, deal=deal.id)), "primary")
    ahead = [button for button in card.buttons if button.text not in ("丢单", "暂停", "历程")]
    rest = (msgspec.structs.replace(button, style="default") for button in ahead)
    lost = Button("不续了", pack(LoseDeal(deal=deal.id, version=deal.version)))
    return Card(
        title=f"该续约了 · {clip(seen.customer.name, 20)}",
        rows=(*rows(("合同到期", f"{_day(contract.ends_on, clock)}（{when}）"), ("商机", deal.name)), *kept),
        text="续约商机已经建好，接下来怎么走？",
        buttons=(follow, *rest, lost),
        view=f"deal:{deal.id}",
    )


def _day(day: date, clock: Clock) -> str:
    return clock.day(day)


def until_options(clock: Clock) -> tuple[tuple[str, datetime], ...]:
    """Days a contract often ends on: the end of this year, a year from today, the end of the next."""
    today = clock.today
    days = (
        ("今年年底", date(today.year, 12, 31)),
        ("一年后", today + timedelta(days=365)),
        ("明年年底", date(today.year + 1, 12, 31)),
    )
    return tuple((text, datetime.combine(day, time(9), clock.zone)) for text, day in days if day > today)
