"""Cards about customers and deals that may be there already: the warning, 申请协作, and 合并客户."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.card import Button, Card, rows
from bot.cards.names import ENTRY, short, shorts
from bot.cards.words import clip, money
from bot.commands import ConfirmMerge, DecideShare, ScheduleFollowUp, ShowCustomer, Undo, pack
from scrm.deal_doubles import Alike, DealIsThere
from scrm.doubles import Double, IsADouble, Why
from scrm.merging import Side
from scrm.models import Customer
from scrm.shares import Asked, view

_WHY: dict[Why, str] = {"code": "信用代码相同", "same": "同名", "phone": "电话相同", "alike": "名称相近"}
_COUNTED = (
    ("联系人", "位"),
    ("商机", "个"),
    ("跟进记录", "条"),
    ("待办", "条"),
    ("合同", "份"),
    ("标签", "个"),
)  # merging.COUNTED
WHICH_TWO = "合并哪两家客户？请把两个名称都说一遍，例如：合并客户 A 和 B"
SOMEBODY, NOBODY = "已有同事在跟进", "在公海，暂无负责人"


def double_question(error: IsADouble) -> tuple[str, str]:
    """The warning before a customer is saved: what is known of those it may be, as far as the speaker may know it."""
    lines = [f"· {_line(double)}" for double in error.found]
    certain = any(double.certain and not double.seen for double in error.found)
    other = "确实是另一家，就把名称说全一点再建，例如加上城市。" if certain else ""
    return f"可能重复：{clip(error.name, 24)}", "\n".join(part for part in (*lines, other) if part)


def _line(double: Double) -> str:
    if not double.seen:
        who = SOMEBODY if double.owned else NOBODY
        return f"{_WHY[double.why]}的客户，{who}"
    owner = f"负责人 {double.owner}" if double.owner else NOBODY
    return f"{clip(double.name, 24)}（{_WHY[double.why]}），{owner}"


def deal_question(error: DealIsThere) -> tuple[str, str]:
    """The warning before a deal is saved: what is there of the same name or product."""
    lines = [
        " · ".join(
            part for part in (f"{clip(one.name, 24)}（{_same(one)}）", one.stage, money(one.amount), one.owner) if part
        )
        for one in error.found
    ]
    return f"可能重复的商机：{clip(error.name, 20)}", "\n".join(f"· {line}" for line in lines)


def _same(one: Alike) -> str:
    return f"产品 {clip(one.product, 12)} 相同" if one.product else "同名"


def asked_card(asked: Asked, heard: Sequence[str], turn: str) -> Card:
    """The answer to 申请协作; whom it went to is not named: the asker does not see the customer."""
    to = "负责人" if asked.owner in heard else "主管" if heard else "管理员"
    return Card(
        title=f"已申请协作 · {clip(asked.row.called, 24)}",
        text=f"已发给这家客户的{to}，答复后会通知您。"
        + ("\n您刚才说的内容已留着，同意后和通知一起给您。" if asked.row.words else ""),
        buttons=(Button("撤销", pack(Undo(turn=turn))),),
    )


def decide_card(asked: Asked, turn: str = "") -> Card:
    """To the owner: 同意 or 不同意; once decided, what was decided."""
    row = asked.row
    decided = {"approved": "已同意协作", "refused": "未同意协作"}.get(row.status)
    buttons = (
        Button("同意", pack(DecideShare(request=row.id, approve=True)), "primary"),
        Button("不同意", pack(DecideShare(request=row.id, approve=False))),
        Button("看客户", pack(ShowCustomer(customer=row.customer_id))),
    )
    undo = (Button("撤销", pack(Undo(turn=turn))),) if turn else ()
    return Card(
        title=f"{decided or '协作申请'} · {short(asked.customer.name)}",
        rows=rows(("申请人", asked.who), ("负责人", asked.owner), ("答复", asked.by)),
        text="" if decided else f"{asked.who}也在接触这家客户。同意后，{asked.who}能看到并跟进它，负责人不变。",
        buttons=undo if decided else buttons,
        view=view(row),
    )


def decided_card(asked: Asked) -> Card:
    """To the one who asked; the customer and who owns it are named only now that they are in sight."""
    row = asked.row
    if row.status != "approved":
        return Card(title=f"协作未同意 · {clip(row.called, 24)}", text="对方没有同意协作。需要的话，请和您的主管沟通。")
    said = f"\n您当时说的是：\n{clip(row.words, 200)}\n把这句话再发一遍，就记到这家客户上。" if row.words else ""
    return Card(
        title=f"可以协作了 · {short(asked.customer.name)}",
        rows=rows(("负责人", asked.owner)),
        text=f"{asked.by}同意了，您现在能看到并跟进这家客户。{said}",
        buttons=(
            Button("看客户", pack(ShowCustomer(customer=row.customer_id)), "primary"),
            Button("安排跟进", pack(ScheduleFollowUp(customer=row.customer_id))),
        ),
    )


def merge_card(gone: Side, keep: Side) -> Card:
    """Before a merge: what both have, and a button for each name that may stay; the second is offered first."""
    stays, goes = shorts([keep.name, gone.name])
    buttons = (
        Button(clip(f"保留{stays}", ENTRY), pack(ConfirmMerge(keep=keep.id, gone=gone.id)), "primary"),
        Button(clip(f"保留{goes}", ENTRY), pack(ConfirmMerge(keep=gone.id, gone=keep.id))),
    )
    other_owner = (
        "两家的负责人不同：名称保留哪家，就归哪家的负责人，另一位自动成为协作人。"
        if keep.owner_id != gone.owner_id
        else ""
    )
    return Card(
        title="合并客户：保留哪个名称？",
        text="\n".join(part for part in (_side(keep), _side(gone), other_owner) if part),
        buttons=buttons,
        note="两家的全部记录合到一起，另一个名称作为别名还能查到；24 小时内可以撤销",
    )


def _side(side: Side) -> str:
    return f"· {clip(side.name, 24)}（{side.owner or NOBODY}）\n  {_counts(side) or '还没有记录'}"


def _counts(side: Side) -> str:
    return " · ".join(f"{label} {n} {unit}" for (label, unit), n in zip(_COUNTED, side.counts, strict=True) if n)


def merged_card(keep: Customer, moved: Side, owner: str, turn: str) -> Card:
    """After a merge: what came over. It shows no view: redrawn as the customer it would lose its 撤销."""
    return Card(
        title=f"已合并到 {short(keep.name)}",
        rows=rows(("并入", moved.name), ("负责人", owner or NOBODY), ("合过来", _counts(moved) or "没有记录")),
        buttons=(
            Button("看客户", pack(ShowCustomer(customer=keep.id)), "primary"),
            Button("撤销", pack(Undo(turn=turn))),
        ),
        note=f"说「{clip(short(moved.name), 12)}」也能查到它",
    )


def merged_note(keep: Customer, gone: str, owner: str, who: str) -> Card:
    """To an owner who did not merge them: what became of the customer."""
    return Card(
        title=f"客户已合并 · {short(keep.name)}",
        rows=rows(("并入", gone), ("负责人", owner or NOBODY), ("操作人", who)),
        text="两家的记录已经合到一起。",
        buttons=(Button("看客户", pack(ShowCustomer(customer=keep.id)), "primary"),),
    )
