"""Cards of customers without progress: reminder, countdown, what became of them, extensions, and the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.cards.card import Button, Card, bullets, rows
from bot.cards.clock import Clock
from bot.cards.names import company_entry, numbered, short
from bot.commands import (
    AskExtension,
    DecideExtension,
    DropIdleRule,
    FollowToday,
    GiveUp,
    PassOn,
    ShowCustomer,
    ShowIdle,
    ShowIdleRules,
    TryIdleRules,
    Undo,
    WhyReminded,
    pack,
)
from scrm.idle_extensions import Asked
from scrm.idle_looks import Found
from scrm.models import Customer, IdleRule

LISTED = 5
WHO_TAKES = "转给哪位同事？"
HOW_LONG = "要延期几天？"
WHICH_CUSTOMER = "是哪个客户要延期？"
EXTENSIONS = (("7天", 7), ("14天", 14), ("30天", 30))
POOL = "公海"
STEPS = {"remind": "提醒负责人", "manager": "通知主管", "count": "进入回收倒计时", "recycle": "回收"}


# --- what the clock says


def told_card(found: Sequence[Found], clock: Clock, names: Mapping[int, str]) -> Card:
    """To the owner: customers that need attention, one in full, several as a list."""
    if len(found) > 1:
        return _list(found, clock, f"{len(found)} 个客户该跟进了", buttons=True)
    one = found[0]
    return idle_card(one, clock, names)


def idle_card(one: Found, clock: Clock, names: Mapping[int, str]) -> Card:
    """One customer without progress: since when, what comes next, and what can be done."""
    customer, due = one.customer, one.due
    count = due.step == "count"
    title = f"{_left(one, clock)}回收 · {short(customer.name)}" if count else f"该跟进了 · {short(customer.name)}"
    return Card(
        title=title,
        rows=rows(
            ("客户", customer.name),
            ("商机", "、".join(one.deals[:3])),
            ("上次进展", _since(one, clock)),
            ("回收", f"{clock.day(due.ends_on)}，{goes_to(one.rule, names)}" if due.ends_on else None),
        ),
        text="" if not count else "到期前有跟进、推进或完成待办，就不会回收。",
        buttons=(
            Button("今天跟进", pack(FollowToday(customer=customer.id)), "primary"),
            *((Button("申请延期", pack(AskExtension(customer=customer.id))),) if due.ends_on else ()),
            Button("转给…", pack(PassOn(customer=customer.id))),
            Button("放弃", pack(GiveUp(customer=customer.id))),
            Button("为什么", pack(WhyReminded(customer=customer.id))),
        ),
        view=f"idle:{customer.id}",
    )


def passed_card(customer: Customer, to: str, turn: str) -> Card:
    """The answer to 转给…."""
    return Card(
        title=f"已转给{to} · {short(customer.name)}",
        text="商机阶段、跟进记录和待办都保留，没有记为丢单。",
        buttons=(Button("撤销", pack(Undo(turn=turn))),),
    )


def got_card(customer: Customer, giver: str) -> Card:
    """To the colleague who gets a customer."""
    look = Button("看客户", pack(ShowCustomer(customer=customer.id)), "primary")
    return Card(title=f"{giver}转给您一个客户 · {short(customer.name)}", text="商机、记录和待办都在。", buttons=(look,))


def fine_card(customer: Customer) -> Card:
    """No rule watches this customer any more, or it is somebody else's."""
    look = Button("看客户", pack(ShowCustomer(customer=customer.id)))
    return Card(title=f"{short(customer.name)}现在不用提醒", text="没有规则在看它，或已经没有负责人。", buttons=(look,))


def manager_card(found: Sequence[Found], clock: Clock, names: Mapping[int, str]) -> Card:
    """To the manager: customers of the team that stay without progress."""
    lines = [f"{names.get(one.owner_id, '')} · {found_line(one, clock)}" for one in found]
    return _listing(found, lines, f"{len(found)} 个客户一直没进展")


def recycled_card(found: Sequence[Found], clock: Clock, names: Mapping[int, str]) -> Card:
    """To the one who had them, and the manager: customers that were taken back."""
    lines = [f"{short(one.customer.name)}，{goes_to(one.rule, names)}（{_since(one, clock)}）" for one in found]
    return Card(
        title=f"已回收 · {short(found[0].customer.name)}" if len(found) == 1 else f"已回收 {len(found)} 个客户",
        text=f"{bullets(lines, LISTED, '还有')}\n商机阶段、跟进记录和待办都保留，没有记为丢单。",
    )


def received_card(found: Sequence[Found], clock: Clock) -> Card:
    """To the one who gets them by a rule."""
    return _list(found, clock, f"分给您 {len(found)} 个客户")


def _list(found: Sequence[Found], clock: Clock, title: str, *, buttons: bool = False) -> Card:
    return _listing(found, [found_line(one, clock) for one in found], title, idle=buttons)


def _listing(found: Sequence[Found], lines: Sequence[str], title: str, *, idle: bool = False) -> Card:
    shown, hidden = found[:LISTED], len(found) - LISTED
    more = (
        f"\n… 还有 {hidden} 个，明天继续提醒" if hidden > 0 and idle else f"\n… 还有 {hidden} 个" if hidden > 0 else ""
    )
    return Card(
        title=title,
        text=numbered(lines[:LISTED]) + more,
        buttons=tuple(
            Button(
                company_entry(number, one.customer.name),
                pack(ShowIdle(customer=one.customer.id) if idle else ShowCustomer(customer=one.customer.id)),
            )
            for number, one in enumerate(shown, 1)
        ),
    )


def found_line(one: Found, clock: Clock) -> str:
    """A customer without progress in one line: 腾讯科技（35 天没进展，2 天后回收）."""
    tail = f"，{_left(one, clock)}回收" if one.due.step == "count" else ""
    return f"{short(one.customer.name)}（{_since(one, clock)}{tail}）"


def _left(one: Found, clock: Clock) -> str:
    left = one.due.left
    return (
        f"{left} 天后"
        if left > 1
        else "明天"
        if one.due.ends_on and (one.due.ends_on - clock.today).days == 1
        else "下个工作日"
    )


def _since(one: Found, clock: Clock) -> str:
    days = clock.days_since(one.since)
    return f"{clock.day_of(one.since)}，已 {days} 天" if days > 2 else clock.day_of(one.since)


def goes_to(rule: IdleRule, names: Mapping[int, str]) -> str:
    """Where what is taken back goes: 放入公海 · 转给王磊."""
    return f"转给{names.get(rule.assign_to, '同事')}" if rule.assign_to is not None else f"放入{POOL}"


# --- extensions


def asked_card(asked: Asked, managers: Sequence[str], clock: Clock, turn: str) -> Card:
    """The answer to 申请延期."""
    return Card(
        title=f"已申请延期 · {short(asked.customer.name)}",
        rows=rows(
            ("延到", clock.day(asked.row.until)),
            ("审批", "、".join(managers)),
            ("理由", asked.row.reason),
        ),
        text="批下来之前不会回收，最多等 3 个工作日。",
        buttons=(Button("撤销", pack(Undo(turn=turn))),),
    )


def decide_card(asked: Asked, clock: Clock) -> Card:
    """To the manager: 同意 or 不同意; once decided, what was decided."""
    row = asked.row
    decided = {"approved": "已同意延期", "refused": "未同意延期"}.get(row.status)
    buttons = (
        Button("同意", pack(DecideExtension(extension=row.id, approve=True)), "primary"),
        Button("不同意", pack(DecideExtension(extension=row.id, approve=False))),
        Button("看客户", pack(ShowCustomer(customer=row.customer_id))),
    )
    return Card(
        title=f"{decided or '延期申请'} · {short(asked.customer.name)}",
        rows=rows(
            ("申请人", asked.who),
            ("延期", f"{row.days} 天，到 {clock.day(row.until)}"),
            ("理由", row.reason),
            ("审批", asked.by),
        ),
        buttons=() if decided else buttons,
        view=f"extension:{row.id}",
    )


def decided_card(asked: Asked, clock: Clock) -> Card:
    """To the one who asked: what the manager decided."""
    yes = asked.row.status == "approved"
    text = (
        f"{asked.by}同意了，{clock.day(asked.row.until)}之前不会回收。" if yes else f"{asked.by}没有同意，倒计时照常。"
    )
    customer = asked.customer
    buttons = (Button("今天跟进", pack(FollowToday(customer=customer.id)), "primary"),)
    return Card(title=f"延期{'已批准' if yes else '未批准'} · {short(customer.name)}", text=text, buttons=buttons)


# --- rules


def rule_text(rule: IdleRule, names: Mapping[int, str]) -> str:
    """A rule in the words it can be said in: 大客户30天没跟进提醒，37天通知主管，45天回收."""
    unit = "个工作日" if rule.working else "天"
    parts = [f"{scope_text(rule)}{rule.remind_days}{unit}没跟进提醒", f"{rule.manager_days}{unit}通知主管"]
    if rule.recycle_days is not None:
        to = f"给{name}" if (name := _name(names, rule.assign_to)) else ""
        parts.append(f"{rule.recycle_days}{unit}回收{to}")
    return "，".join(parts)


def scope_text(rule: IdleRule) -> str:
    """What a rule is for: 大客户谈判阶段."""
    return f"{rule.tier}{rule.stage}{'阶段' if rule.stage else ''}" or "所有客户"


def rules_card(rules: Sequence[IdleRule], names: Mapping[int, str], *, defines: bool) -> Card:
    """回收规则."""
    how = "管理员可以说：\n· 大客户30天没跟进提醒，45天回收\n· 谈判阶段10个工作日没进展提醒"
    if not rules:
        return Card(title="还没有回收规则", text=how)
    drops = tuple(
        Button(f"删除 {number}", pack(DropIdleRule(rule=rule.id))) for number, rule in enumerate(rules[:4], 1)
    )
    return Card(
        title="回收规则",
        text=numbered(f"{rule_text(rule, names)}{_set_by(rule, names)}" for rule in rules),
        buttons=(Button("试跑", pack(TryIdleRules())), *drops) if defines else (),
        note="阶段规则优先于级别规则；倒计时按工作日。",
    )


def _set_by(rule: IdleRule, names: Mapping[int, str]) -> str:
    name = _name(names, rule.set_by)
    return f"（{name}设）" if name else ""


def _name(names: Mapping[int, str], ident: int | None) -> str:
    return names.get(ident, "") if ident is not None else ""


def defined_card(rule: IdleRule, names: Mapping[int, str], turn: str) -> Card:
    """The answer to a rule."""
    return Card(
        title="规则已生效",
        text=f"{rule_text(rule, names)}。\n回收前 3 个工作日每天提醒一次。",
        buttons=(
            Button("试跑", pack(TryIdleRules()), "primary"),
            Button("全部规则", pack(ShowIdleRules())),
            Button("撤销", pack(Undo(turn=turn))),
        ),
    )


def dropped_card(rule: IdleRule, names: Mapping[int, str], turn: str) -> Card:
    """The answer to 删除回收规则."""
    return Card(title="规则已删除", text=rule_text(rule, names), buttons=(Button("撤销", pack(Undo(turn=turn))),))


def foreseen_card(
    looked: int, found: Sequence[Found], clock: Clock, names: Mapping[int, str], proposed: str = ""
) -> Card:
    """试跑: what would happen today; nothing is done."""
    by_step = {step: [one for one in found if one.due.step == step] for step in STEPS}
    parts = [
        f"【{name} {len(by_step[step])} 个】\n"
        + bullets(
            (f"{names.get(one.owner_id, '')} · {found_line(one, clock)}" for one in by_step[step]), LISTED, "还有"
        )
        for step, name in STEPS.items()
        if by_step[step]
    ]
    return Card(
        title="试跑结果：今天没有要处理的" if not parts else f"试跑结果：今天涉及 {len(found)} 个客户",
        subtitle=proposed,
        text="\n".join(parts) or f"看了 {looked} 个有负责人的客户。",
        note="只是试跑，没有提醒任何人，也没有改动。",
    )
