"""Cards of leads: one, their list, what became of one, and the rules that give them out."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.card import Button, Card, Style, rows
from bot.cards.clock import Clock
from bot.cards.names import entry, numbered, page_of
from bot.cards.words import clip, masked_phone, money
from bot.commands import (
    ContactLead,
    CreateDeal,
    DiscardLead,
    DropLeadRule,
    FreeLead,
    PassLead,
    QualifyLead,
    ScheduleFollowUp,
    ShowCustomer,
    ShowDeal,
    ShowLead,
    ShowLeadRules,
    ShowLeads,
    TakeLead,
    Undo,
    pack,
)
from scrm.lead_rules import Shown
from scrm.leads import PAGE, label
from scrm.models import Lead, LeadRule
from scrm.qualifying import Qualified

WHO_GETS = "这条线索分给谁？"
WHOSE = "「{name}」是哪家公司的？"
ALONE = "没有公司，就叫「{name}」"
NAMESAKE = "{name}（尾号{tail}）"
WHY_INVALID = "为什么无效？"
REASONS = (
    ("空号或打不通", "空号或打不通"),
    ("没有需求", "没有需求"),
    ("不是目标客户", "不是目标客户"),
    ("重复", "重复"),
)
INVALID, FREED, GIVEN = "线索已标为无效", "已放回，谁都可以领", "已分给{name}"
_STATUSES = {"qualified": "已转客户", "invalid": "无效"}
_SAY = "说一句就能记，例如：\n新线索 宏图精密 张总 13800000000 想了解MES，来源官网"
_AFTER_CALL = "打完说一句结果，例如：\n· 线索{name}转客户\n· 线索{name}无效，空号"
_SAY_RULE = "管理员可以说：\n· 线索规则 华东分给李娜、王磊，每人最多20条，9点到18点\n· 线索规则 其他分给陈静"


def noted_title(lead: Lead, given: str, *, mine: bool) -> str:
    """Of the answer to a new lead; `given` is who got it by the rules."""
    what = (
        "已记线索"
        if mine
        else f"已记线索，分给{given}"
        if given
        else "已记线索，等着分配"
        if lead.waits
        else "已记线索，等人领取"
    )
    return f"{what} · {clip(label(lead), 24)}"


def taken_title(lead: Lead) -> str:
    """Of the answer to 领取."""
    return f"已领取线索 · {clip(label(lead), 24)}"


def contact_title(lead: Lead) -> str:
    """Of the answer to 去联系."""
    return f"去联系 · {clip(label(lead), 24)}"


def lead_card(
    lead: Lead, owner: str, clock: Clock, *, mine: bool, sells: bool, leads_team: bool, turn: str = "", title: str = "",
    calling: bool = False,
) -> Card:  # fmt: skip
    """One lead; the number in full for its owner. With a turn, the answer to a new one; `calling`: to 去联系."""
    open_ = lead.status == "open"
    return Card(
        title=title or f"{_STATUSES.get(lead.status, '线索')} · {clip(label(lead), 24)}",
        subtitle=" · ".join(part for part in (lead.source, f"记于{clock.day_of(lead.created_at)}") if part),
        rows=rows(
            ("职务", lead.title),
            ("电话", lead.phone if mine else masked_phone(lead.phone)),
            ("需求", " · ".join(dict.fromkeys(part for part in (lead.product, lead.need) if part))),
            ("预算", money(lead.amount)),
            ("地区", " · ".join(part for part in (lead.region, lead.tier) if part)),
            ("负责人", owner or ("等着按规则分配" if lead.waits else "还没有人领")),
            ("原因", lead.reason),
        ),
        text=_AFTER_CALL.format(name=clip(lead.name, 12)) if calling and open_ else "",
        buttons=(
            *(_buttons(lead, mine=mine, sells=sells, leads_team=leads_team) if open_ else ()),
            *((Button("看客户", pack(ShowCustomer(customer=lead.customer_id))),) if lead.customer_id else ()),
            *((Button("撤销", pack(Undo(turn=turn))),) if turn else ()),
        ),
        view=f"lead:{lead.id}",
    )


def _buttons(lead: Lead, *, mine: bool, sells: bool, leads_team: bool) -> tuple[Button, ...]:
    take: tuple[Button, ...]
    if lead.owner_id is None and sells:
        take = (Button("领取", pack(TakeLead(lead=lead.id)), "primary"),)
    elif mine and lead.phone and lead.contacted_at is None:
        take = (_call(lead, "primary"), Button("转客户", pack(QualifyLead(lead=lead.id))))
    else:
        take = (Button("转客户", pack(QualifyLead(lead=lead.id)), "primary"),) if sells else ()
    return (
        *take,
        *((Button("分给…", pack(PassLead(lead=lead.id))),) if leads_team else ()),
        *(
            (Button("无效", pack(DiscardLead(lead=lead.id))),)
            if lead.owner_id is not None or not sells or leads_team
            else ()
        ),
        *((Button("放回", pack(FreeLead(lead=lead.id))),) if mine and sells else ()),
    )


def _call(lead: Lead, style: Style = "default") -> Button:
    return Button("去联系", pack(ContactLead(lead=lead.id)), style)


def got_card(lead: Lead, giver: str) -> Card:
    """To whom a lead was given: by a colleague, or by the rules ("")."""
    return Card(
        title=f"{f'{giver}分给您' if giver else '新分到'}一条线索 · {clip(label(lead), 18)}",
        rows=rows(
            ("电话", lead.phone), ("需求", lead.need or lead.product), ("预算", money(lead.amount)), ("来源", lead.source)
        ),
        buttons=(
            _call(lead, "primary"),
            Button("转客户", pack(QualifyLead(lead=lead.id))),
            Button("放回", pack(FreeLead(lead=lead.id))),
            Button("无效", pack(DiscardLead(lead=lead.id))),
        ),
    )  # fmt: skip


def got_many_card(found: Sequence[Lead]) -> Card:
    """To whom several leads were given at once."""
    shown = found[: PAGE - 1]
    lines = [" · ".join(filter(None, (clip(label(one), 16), clip(one.need or one.product, 14)))) for one in shown]
    more = len(found) - len(shown)
    return Card(
        title=f"新分到 {len(found)} 条线索",
        text="\n".join(part for part in (numbered(lines), f"另有 {more} 条" if more else "") if part),
        buttons=(
            *(Button(entry(number, label(one)), pack(ShowLead(lead=one.id))) for number, one in enumerate(shown, 1)),
            Button("我的线索", pack(ShowLeads())),
        ),
    )


def qualified_card(made: Qualified, turn: str) -> Card:
    """The answer to 转客户."""
    deal = made.deal
    onward = (
        Button("看商机", pack(ShowDeal(deal=deal.id)), "primary")
        if deal is not None
        else Button("新建商机", pack(CreateDeal(customer=made.customer.id)), "primary")
    )
    return Card(
        title=f"线索已转客户 · {clip(made.customer.name, 22)}",
        rows=rows(
            ("客户", made.customer.name),
            ("联系人", " ".join(part for part in (made.contact.name, made.contact.title) if part)),
            ("商机", deal.name if deal is not None else ""),
            ("来源", made.lead.source),
        ),
        buttons=(
            onward,
            Button("安排跟进", pack(ScheduleFollowUp(customer=made.customer.id))),
            Button("撤销", pack(Undo(turn=turn))),
        ),
        view=f"customer:{made.customer.id}",
    )


def gone_card(lead: Lead, said: str, turn: str) -> Card:
    """The answer to 无效, 放回 and 分给…."""
    return Card(
        title=f"{said} · {clip(label(lead), 20)}",
        rows=rows(("原因", lead.reason)),
        buttons=(Button("我的线索", pack(ShowLeads())), Button("撤销", pack(Undo(turn=turn)))),
    )


def list_card(leads: Sequence[Lead], total: int, page: int, clock: Clock, *, free: bool) -> Card:
    """One page of leads, each a tap away."""
    other = Button("我的线索", pack(ShowLeads())) if free else Button("待领线索", pack(ShowLeads(free=True)))
    if not total:
        return Card(title="没有待领的线索" if free else "还没有线索", text=_SAY, buttons=(other,))
    lines = [f"{number}. {_line(one, clock)}" for number, one in enumerate(leads, page * PAGE + 1)]
    more = (page + 1) * PAGE < total
    return Card(
        title=f"{'待领线索' if free else '线索'} {total} 条",
        subtitle=page_of(page, PAGE, total),
        text="\n".join(lines) or "这一页已经没有了。",
        buttons=(
            *(
                Button(entry(number, label(one)), pack(ShowLead(lead=one.id)))
                for number, one in enumerate(leads, page * PAGE + 1)
            ),
            Button("下一页", pack(ShowLeads(page=page + 1, free=free))) if more else other,
        ),
    )


def _line(lead: Lead, clock: Clock) -> str:
    untouched = "未联系" if lead.owner_id is not None and lead.contacted_at is None else ""
    facts = (clip(label(lead), 16), clip(lead.need or lead.product, 14), clock.day_of(lead.created_at), untouched)
    return " · ".join(part for part in facts if part)


# --- rules


def rule_text(shown: Shown) -> str:
    """A rule in the words it can be said in: 华东分给李娜、王磊，每人最多20条."""
    most = f"，每人最多{shown.rule.capacity}条" if shown.rule.capacity else ""
    rule = shown.rule
    span = f"，{_clock(rule.opens)}到{_clock(rule.closes)}" if rule.opens != rule.closes else ""
    return f"{rule.scope or '其他'}分给{'、'.join(shown.names)}{most}{span}"


def _clock(minutes: int) -> str:
    """9点, 9点半, 9:15."""
    hour, minute = divmod(minutes, 60)
    return f"{hour}点" if not minute else f"{hour}点半" if minute == 30 else f"{hour}:{minute:02}"


def rules_card(rules: Sequence[Shown], *, defines: bool, turn: str = "") -> Card:
    """线索规则; with a turn, the answer to a new one."""
    if not rules:
        return Card(title="还没有线索规则", text=f"新线索由记的人跟进，市场和导入的谁都可以领。\n{_SAY_RULE}")
    drops = tuple(
        Button(f"删除 {number}", pack(DropLeadRule(rule=one.rule.id))) for number, one in enumerate(rules[:4], 1)
    )
    return Card(
        title="线索规则已生效" if turn else "线索规则",
        text=numbered(rule_text(one) for one in rules),
        buttons=(
            *((Button("撤销", pack(Undo(turn=turn))), Button("全部规则", pack(ShowLeadRules()))) if turn else ()),
            *(drops if defines and not turn else ()),
        ),
        note="轮流分配，休假的、满了的跳过。没有规则管的谁都可以领；不在分配时间或都满了的，先等着，也可以领。",
    )


def dropped_card(rule: LeadRule, turn: str) -> Card:
    """The answer to 删除线索规则."""
    return Card(title=f"线索规则已删除 · {rule.scope or '其他'}", buttons=(Button("撤销", pack(Undo(turn=turn))),))
