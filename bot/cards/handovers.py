"""Cards of a hand-over: what would move, how far it is, and the new owner's brief."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.cards import words
from bot.cards.card import Button, Card, bullets, rows
from bot.cards.clock import Clock
from bot.cards.names import short
from bot.commands import CancelHandOver, ConfirmHandOver, HandOver, MyCustomers, ShowHandOver, ShowTodo, Undo, pack
from scrm.handovers import Brief, Line, view
from scrm.models import HandOver as Row
from scrm.models import Member

WHO_TAKES = "转给谁？"
WHOSE = "要移交谁的客户？"
NO_APP = "没有接企业微信自建应用，只移交这里的记录；微信好友请在企业微信管理后台分配。"
NO_ACCOUNT = "有一位没有企业微信账号，只移交这里的记录。"
NOT_BACK = "企业微信的客户继承发起后平台收不回来；这里的记录 24 小时内可以撤销。"
BACK = "这里的记录 24 小时内可以撤销。"
STARTED_STAYS = "企业微信客户继承已经发起，平台不能收回，请在管理后台处理。"
_OUTCOMES = {
    "done": "已完成",
    "waiting": "等待客户确认（24 小时后自动完成）",
    "refused": "客户拒绝",
    "full": "接手人客户数已满",
}
_CODES = {
    "40096": "不是企业微信好友", "40099": "接手人客户数已满", "40100": "正在转接中", "40129": "正在转接中", "40128": "90 天内已转接过两次",
    "40131": "原成员已不是好友", "60111": "成员账号无效", "84074": "接手人没有客户联系权限",
}  # fmt: skip


def plan_card(row: Row, giver: Member, taker: Member, friends: int, *, customer: str, hindrance: str) -> Card:
    """What would move; `friends` contacts on WeCom, or why the platform is left out (`hindrance`)."""
    return Card(
        title=f"确认移交：{giver.name} → {taker.name}",
        subtitle=customer,
        rows=rows(*_counts(row), ("微信好友", f"{friends} 位，发起客户继承" if friends and not hindrance else "")),
        text="商机的阶段和历程、跟进记录都跟着客户走；已赢单、丢单的商机仍记在原负责人名下。",
        buttons=(
            Button("确认移交", pack(ConfirmHandOver(handover=row.id)), "primary"),
            Button("取消", pack(CancelHandOver(handover=row.id))),
        ),
        note=f"{hindrance}{BACK}" if hindrance else NOT_BACK if friends else BACK,
        view=view(row.id),
    )


def state_card(
    row: Row, giver: Member, taker: Member, progress: Mapping[tuple[str, str], int], *, customer: str, hindrance: str
) -> Card:
    """A hand-over that was confirmed, taken back or cancelled."""
    if row.status == "cancelled":
        return Card(title="已取消移交", text=f"{giver.name}的客户没有变动。", view=view(row.id))
    back = row.status == "draft"
    waiting = any(status == "waiting" for status, _ in progress)
    undo = () if back else (Button("撤销", pack(Undo(turn=row.turn))),)
    return Card(
        title=f"{'已撤销移交' if back else '已移交'}：{giver.name} → {taker.name}",
        subtitle=customer,
        rows=() if back else rows(*_counts(row)),
        text=_transfers(progress),
        buttons=(
            *((Button("刷新", pack(ShowHandOver(handover=row.id, refresh=True)), "primary"),) if waiting else ()),
            *undo,
        ),
        note=hindrance or (NOT_BACK if progress and not back else ""),
        view=view(row.id),
    )


def _counts(row: Row) -> tuple[tuple[str, str], ...]:
    pairs = (("客户", row.customers, "家"), ("在谈商机", row.deals, "个"), ("待办", row.followups, "条"))
    return tuple((label, f"{count} {unit}") for label, count, unit in pairs if count)


def _transfers(progress: Mapping[tuple[str, str], int]) -> str:
    if not progress:
        return ""
    total = sum(progress.values())
    done = sum(count for (status, _), count in progress.items() if status == "done")
    lines = [f"{_outcome(status, code)} {count} 位" for (status, code), count in sorted(progress.items())]
    return f"企业微信客户继承：{done}/{total} 位\n{bullets(lines, 6)}"


def _outcome(status: str, code: str) -> str:
    return _OUTCOMES.get(status) or f"失败（{_CODES.get(code, '没有转接记录' if not code else f'错误码 {code}')}）"


def brief_card(row: Row, giver: Member, maker: str, brief: Brief, clock: Clock) -> Card:
    """To the new owner: what he now has, what is due, each customer in a line."""
    more = row.customers - len(brief.lines)
    listed = "\n".join(f"· {_line(line, clock)}" for line in brief.lines)
    return Card(
        title=f"{giver.name}的客户移交给您了",
        subtitle=f"{maker}发起" if maker else "",
        rows=rows(*_counts(row), ("先处理", f"{brief.due} 条一天内到期或已逾期" if brief.due else "")),
        text=f"{listed}\n… 还有 {more} 家" if more > 0 and listed else listed,
        buttons=(Button("我的客户", pack(MyCustomers()), "primary"), Button("我的待办", pack(ShowTodo(all=True)))),
    )


def _line(line: Line, clock: Clock) -> str:
    deals = f"商机 {line.deals} 个" if line.deals > 1 else ""
    amount = words.money(line.amount) if line.amount else ""
    due = f"{clock.when(line.due_at)} 跟进" if line.due_at else "没有待办"
    return " · ".join(part for part in (short(line.name), deals, line.stage, amount, due) if part)


def taken_back_card(giver: Member, maker: str) -> Card:
    """To who had got them: it was taken back."""
    return Card(
        title=f"移交已撤销：{giver.name}的客户",
        text=f"{maker or '管理员'}撤销了这次移交，这些客户、商机和待办仍由{giver.name}负责。",
        buttons=(Button("我的客户", pack(MyCustomers())),),
    )


def taker_options(team: Sequence[Member]) -> tuple[tuple[str, int], ...]:
    """Whom it could go to, as a question offers them."""
    return tuple((member.name, member.id) for member in team)


def reassign(text: str, customer_id: int) -> Button:
    """改派 of one customer."""
    return Button(text, pack(HandOver(customer=customer_id)))
