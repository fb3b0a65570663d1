"""The card that says, line by line, what was taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.cards.card import Button, Card, bullets
from bot.cards.clock import Clock
from bot.cards.deals import DEAL_KINDS
from bot.cards.followups import STATUS_NAMES as FOLLOWUP_STATUS_NAMES
from bot.cards.words import KIND_NAMES, ROLE_NAMES, STATUS_NAMES, clip, masked_phone, money
from bot.commands import Undo, pack
from scrm.undoing import Change, InTheWay

MAX_LINES = 8
_NOUNS = {
    "customer": "客户", "contact": "联系人", "deal": "商机", "activity": "跟进记录", "followup": "待办", "contact_tag": "标签",
    "customer_tag": "标签", "channel": "渠道活码", "campaign": "群发", "handover": "移交", "share_request": "协作申请", "customer_alias": "客户别名", "member": "成员", "idle_rule": "回收规则", "pool_rule": "公海规则", "lead": "线索", "lead_rule": "线索规则", "extension": "延期申请", "cover": "代理安排", "pipeline": "销售流程", "stage": "销售阶段", "contract": "合同", "deal_product": "产品", "deal_competitor": "竞品", "deal_contact": "决策链成员",
}  # fmt: skip
_VERBS = {"insert": "删除了新建的", "delete": "恢复了删除的"}
_TAG_VERBS = {"insert": "去掉了", "delete": "恢复了"}

Show = Callable[[Any, Clock], str]


def _text(value: Any, _: Clock) -> str:
    return f"「{clip(str(value), 30)}」"


def _named(names: Mapping[str, str]) -> Show:
    return lambda value, _: f"「{names.get(value, value)}」"


def _moment(value: Any, clock: Clock) -> str:
    return clock.when(datetime.fromisoformat(value))


def _day(value: Any, clock: Clock) -> str:
    return clock.day(date.fromisoformat(value))


# The columns a person knows, as a card calls them; the others (versions, times of reminders) follow from these.
_FIELDS: dict[str, tuple[str, Show]] = {
    "name": ("名称", _text), "title": ("职务", _text), "phone": ("手机", lambda value, _: f"「{masked_phone(value)}」"),
    "stage_id": ("阶段", _text), "amount": ("金额", lambda value, _: money(Decimal(value))), "owner_id": ("负责人", _text),
    "customer_id": ("客户", _text), "deal_id": ("商机", _text), "manager_id": ("主管", _text), "role": ("角色", _named(ROLE_NAMES)), "pushes_a_day": ("每天提醒条数", _text), "due_at": ("时间", _moment),
    "expected_close_on": ("预计签约", _day), "paused_until": ("暂停到", _day), "lost_reason": ("原因", _text), "summary": ("内容", _text),
    "credit_code": ("信用代码", _text), "ends_on": ("到期日", _day), "tier": ("级别", _text), "win_percent": ("赢率", lambda value, _: f"{value}%"), "expected_days": ("标准天数", lambda value, _: f"{value}天"),
    "happened_at": ("时间", _moment), "action": ("事项", _text), "body": ("内容", _text),
}  # fmt: skip
_STATUSES = {
    "deal": STATUS_NAMES, "followup": FOLLOWUP_STATUS_NAMES,
    "campaign": {"draft": "草稿", "sending": "发送中", "sent": "已发送", "failed": "发送失败", "unclear": "结果不明", "cancelled": "已取消"},
    "channel": {"sending": "生成中", "live": "使用中", "failed": "生成失败", "unclear": "结果不明"},
}  # fmt: skip


def undone_card(source: str, changes: Sequence[Change], notes: Sequence[str], clock: Clock, then: str = "") -> Card:
    """`source`: the words that were said, or a button in brackets; `notes` say what could not be taken back outside.

    `then`: the turn that this one stood in the way of, which can go now.
    """
    lines = list(dict.fromkeys(line for change in changes if (line := _line(change, clock))))
    said = f"「{clip(source, 60)}」" if source and not source.startswith("[") else ""
    parts = (said, bullets(lines, MAX_LINES) or "刚才的改动已全部恢复。", *dict.fromkeys(notes))
    onwards = (Button("撤销前面那一条", pack(Undo(turn=then)), "primary"),) if then else ()
    return Card(title="已撤销", text="\n".join(part for part in parts if part), buttons=onwards)


def unmerged_card(source: str, back: str) -> Card:
    """A merge was taken back."""
    said = f"「{clip(source, 60)}」\n" if source and not source.startswith("[") else ""
    return Card(
        title="已撤销合并",
        text=f"{said}「{clip(back, 30)}」已恢复，联系人、商机、跟进、待办、标签和合同都回到原来的客户；合并之后新加的记录留在现在的客户里。",
    )


def in_the_way_card(error: InTheWay, called: Mapping[str, str]) -> Card:
    """What has to go first, and a button that takes it back; `called`: commands as people call them."""
    spoken = error.source and not error.source.startswith("[")
    said = clip(error.source, 60) if spoken else called.get(error.command, "")
    button = Button("撤销后面那一条", pack(Undo(turn=error.later, then=error.turn)), "primary")
    which = f"后面那一条是「{said}」。" if said else ""
    return Card(title="还不能撤销", text="\n".join(part for part in (str(error), which) if part), buttons=(button,))


def _line(change: Change, clock: Clock) -> str:
    noun = _NOUNS.get(change.table)
    if noun is None:
        return ""
    if change.table in ("contact_tag", "customer_tag"):
        whose = change.values.get("contact_id") or change.values.get("customer_id") or ""
        return f"{_TAG_VERBS.get(change.op, '恢复了')}{whose}的标签「{change.values.get('tag_id') or ''}」"
    called = f"{noun}{_name(change)}"
    if change.op != "update":
        return f"{_VERBS[change.op]}{called}"
    back = [text for column, value in change.before.items() if (text := _field(change.table, column, value, clock))]
    return f"{called}：{'，'.join(back)}" if back else ""


def _name(change: Change) -> str:
    values = change.values
    if change.table == "activity":
        parts = [KIND_NAMES.get(values.get("kind") or "", ""), values.get("customer_id")]
    elif change.table == "followup":
        parts = [values.get("customer_id"), values.get("action")]
    else:
        parts = [values.get("name") or (values.get("contact_id") if change.table == "deal_contact" else "")]
    called = " · ".join(clip(part, 30) for part in parts if part)
    return f"「{called}」" if called else ""


def _field(table: str, column: str, value: Any, clock: Clock) -> str:
    if column == "status":
        label, show = "状态", _named(_STATUSES.get(table, {}))
    elif (table, column) == ("deal", "kind"):
        label, show = "类型", _named(DEAL_KINDS)
    else:
        label, show = _FIELDS.get(column, ("", _text))
    if not label:
        return ""
    if column == "paused_until":
        return f"暂停到{show(value, clock)}" if value else "不再暂停"
    return f"{label}改回{show(value, clock)}" if value not in (None, "") else f"不再记{label}"
