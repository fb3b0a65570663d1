"""Cards of the public pool: its list, a customer in it, what became of one, and the rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.cards.card import Button, Card, rows
from bot.cards.clock import Clock
from bot.cards.names import company_entry, deal_of, page_of, short, shorts
from bot.cards.words import ago, clip, money
from bot.commands import (
    AssignPooled,
    ClaimCustomer,
    ScheduleFollowUp,
    ShowCustomer,
    ShowIdleRules,
    ShowPool,
    ShowPooled,
    ShowPoolRule,
    Undo,
    pack,
)
from scrm.models import Customer, PoolRule
from scrm.pool import PAGE, Pooled

_REASONS = {"idle": "长时间没有跟进，自动回收"}
WHO_GETS = "分配给哪位同事？"
WHICH_CUSTOMER = "把哪个客户放回公海？"
_SAY_RULE = "管理员可以说：\n公海规则 每人每天最多领5个，最多持有100个，冷却7天"


def list_card(customers: Sequence[Customer], total: int, page: int, now: datetime) -> Card:
    """One page of the pool, each a tap away."""
    if not total:
        return Card(title="公海里没有客户", text="放回的、到期回收的客户会出现在这里。")
    names = shorts([one.name for one in customers])
    lines = [
        f"{number}. {' · '.join(part for part in (name, one.tier, one.region, _last(one, now)) if part)}"
        for number, (name, one) in enumerate(zip(names, customers, strict=True), page * PAGE + 1)
    ]
    entries = [
        Button(company_entry(number, one.name), pack(ShowPooled(customer=one.id)))
        for number, one in enumerate(customers, page * PAGE + 1)
    ]
    more = (page + 1) * PAGE < total
    turning = (Button("下一页", pack(ShowPool(page=page + 1))),) if more else ()
    back = (Button("回到第一页", pack(ShowPool())),) if page and not more else ()
    return Card(
        title=f"公海 {total} 家",
        subtitle=page_of(page, PAGE, total),
        text="\n".join(lines) or "这一页已经没有客户了。",
        buttons=(*entries, *turning, *back),
        note="回复「领取 客户名」就归您跟进",
    )


def _last(customer: Customer, now: datetime) -> str:
    return f"{ago(customer.last_activity_at, now)}跟进" if customer.last_activity_at else "没跟进过"


def pooled_card(pooled: Pooled, clock: Clock, *, gives: bool) -> Card:
    """A customer in the pool: what helps to decide; people and phones come with the claim. `gives`: may give it to somebody."""
    customer, entry = pooled.customer, pooled.entry
    deals = "、".join(
        " ".join(filter(None, (deal_of(deal.name, customer.name), money(deal.amount)))) for deal in pooled.deals
    )
    came = clock.day_of(entry.released_at) if entry is not None else ""
    return Card(
        title=f"公海 · {clip(customer.name, 24)}",
        subtitle=" · ".join(part for part in (customer.tier, customer.region) if part),
        rows=rows(
            ("商机", deals),
            ("上次跟进", clock.day_of(customer.last_activity_at) if customer.last_activity_at else "还没有"),
            ("进公海", f"{came}，之前由{pooled.previous}负责" if pooled.previous else came),
            ("原因", _REASONS.get(entry.reason, entry.reason) if entry is not None else ""),
        ),
        buttons=(
            Button("领取", pack(ClaimCustomer(customer=customer.id)), "primary"),
            *((Button("分配给…", pack(AssignPooled(customer=customer.id))),) if gives else ()),
            Button("看公海", pack(ShowPool())),
        ),
        view=f"pooled:{customer.id}",
    )


def taken_card() -> Card:
    """A customer that was shown in the pool and is not in it any more."""
    return Card(
        title="已经不在公海了", text="这个客户刚被领走或分配了。", buttons=(Button("看公海", pack(ShowPool())),)
    )


def claimed_card(customer: Customer, turn: str) -> Card:
    """The answer to 领取."""
    return Card(
        title=f"已领取 · {short(customer.name)}",
        text="现在由您负责，联系人、商机和记录都在。",
        buttons=(
            Button("看客户", pack(ShowCustomer(customer=customer.id)), "primary"),
            Button("安排跟进", pack(ScheduleFollowUp(customer=customer.id))),
            Button("撤销", pack(Undo(turn=turn))),
        ),
        view=f"customer:{customer.id}",
    )


def released_card(customer: Customer, reason: str, turn: str) -> Card:
    """The answer to 放回公海 and 放弃."""
    return Card(
        title=f"已放入公海 · {short(customer.name)}",
        rows=rows(("原因", reason)),
        text="商机阶段、跟进记录和待办都保留，没有记为丢单。",
        buttons=(Button("撤销", pack(Undo(turn=turn))),),
    )


def assigned_card(customer: Customer, to: str, turn: str) -> Card:
    """The answer to 分配给…."""
    return Card(
        title=f"已分配给{to} · {short(customer.name)}",
        text="已通知对方。",
        buttons=(Button("撤销", pack(Undo(turn=turn))),),
    )


def got_card(customer: Customer, giver: str) -> Card:
    """To whom a customer was given."""
    return Card(
        title=f"{giver}分配给您一个客户 · {short(customer.name)}",
        text="来自公海，商机和记录都在。",
        buttons=(
            Button("看客户", pack(ShowCustomer(customer=customer.id)), "primary"),
            Button("安排跟进", pack(ScheduleFollowUp(customer=customer.id))),
        ),
    )


def rule_card(rule: PoolRule, *, defines: bool, turn: str = "") -> Card:
    """公海规则; with a turn, the answer to a new one."""
    return Card(
        title="公海规则已生效" if turn else "公海规则",
        rows=rows(
            ("每天领取", f"每人最多 {rule.per_day} 个" if rule.per_day else "不限"),
            ("最多持有", f"每人 {rule.holds} 个" if rule.holds else "不限"),
            ("冷却", f"{rule.cooldown_days} 天内原负责人不能再领" if rule.cooldown_days else "没有"),
        ),
        text="" if turn or not defines else _SAY_RULE,
        buttons=(
            *((Button("撤销", pack(Undo(turn=turn))),) if turn else ()),
            Button("看公海", pack(ShowPool())),
            *((Button("公海规则", pack(ShowPoolRule())),) if turn else (Button("回收规则", pack(ShowIdleRules())),)),
        ),
    )
