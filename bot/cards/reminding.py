"""Cards about reminders themselves: why one came, who stands in for whom, what sleeps until its day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from bot.cards.card import Button, Card, rows
from bot.cards.clock import Clock
from bot.cards.followups import agreed_text
from bot.cards.idle import goes_to, rule_text
from bot.cards.names import entry, numbered, short
from bot.cards.words import clip
from bot.commands import EndCover, ShowDeal, ShowFollowUp, ShowIdle, Undo, pack
from scrm.covers import StandIn
from scrm.followups import Seen
from scrm.future import Sleeping
from scrm.idle_looks import Found
from scrm.why import Planned

COVER_WHEN = "从哪天到哪天？例如：我12月1日到12月5日休假，李娜代理"
FOR_OTHERS = "替别人安排代理"
PAGE = 5


def why_followup_card(seen: Seen, planned: Planned, clock: Clock) -> Card:
    """Why a follow-up reminded: what was agreed, who planned it with which words, and why at this time."""
    row = seen.row
    words = "" if planned.words.startswith("[") else planned.words
    return Card(
        title=f"为什么提醒 · {short(seen.customer.name)}",
        rows=rows(
            ("依据", "到了约定的跟进时间"),
            ("约定", agreed_text(row, clock)),
            (
                "提醒",
                f"{clock.when(row.remind_at)}{'，避开休息时间' if row.remind_at > row.due_at and not row.all_day else ''}",
            ),
            ("谁定的", f"{planned.who}，{clock.when(planned.at)}" if planned.who and planned.at else seen.owner.name),
            ("原话", f"「{clip(words, 60)}」" if words else None),
        ),
        buttons=(Button("看待办", pack(ShowFollowUp(followup=row.id))),),
    )


def why_idle_card(one: Found, names: dict[int, str], clock: Clock) -> Card:
    """Why a customer reminded: the rule, who set it when, the dates."""
    rule = one.rule
    setter = names.get(rule.set_by, "") if rule.set_by is not None else ""
    return Card(
        title=f"为什么提醒 · {short(one.customer.name)}",
        rows=rows(
            ("规则", rule_text(rule, names)),
            ("谁定的", f"{setter}，{clock.day_of(rule.updated_at)}" if setter else None),
            ("上次进展", f"{clock.day_of(one.since)}（阶段推进、跟进记录、完成待办都算）"),
            ("回收", f"{clock.day(one.due.ends_on)}，{goes_to(rule, names)}" if one.due.ends_on else "只提醒，不回收"),
        ),
        buttons=(Button("怎么办", pack(ShowIdle(customer=one.customer.id))),),
    )


def nothing_reminded_card() -> Card:
    """为什么提醒我, and nothing has."""
    return Card(title="最近没有提醒过您", text="跟进到了时间、客户太久没进展，我才会提醒。")


# --- who stands in


def covered(card: Card, stand_in: StandIn, clock: Clock) -> Card:
    """A card for somebody who is away, as the one who stands in gets it."""
    line = f"{stand_in.name}不在，由{stand_in.cover}代理（到{clock.day(stand_in.last_on)}）"
    return msgspec.structs.replace(card, subtitle=f"{line} · {card.subtitle}" if card.subtitle else line)


def cover_card(name: str, cover: str, first: date, last: date, clock: Clock, turn: str) -> Card:
    """The answer to 我下周休假，李娜代理."""
    return Card(
        title="已安排代理",
        rows=rows(("不在", name), ("代理人", cover), ("时间", _days(first, last, clock))),
        text=f"这几天{name}的提醒和审批发给{cover}，{cover}也能看到和处理{name}的客户。",
        buttons=(Button("撤销", pack(Undo(turn=turn))),),
    )


def told_cover_card(name: str, cover: str, first: date, last: date, clock: Clock) -> Card:
    """To the one who will stand in."""
    return Card(
        title=f"请您代理{name}的工作",
        rows=rows(("不在", name), ("代理人", cover), ("时间", _days(first, last, clock))),
        text=f"这几天{name}的提醒和审批会发给您，卡片上会写明是谁的。",
    )


def cover_ended_card(cover: str, turn: str) -> Card:
    """The answer to 结束代理."""
    return Card(
        title="代理已结束", text=f"提醒和审批不再发给{cover}。", buttons=(Button("撤销", pack(Undo(turn=turn))),)
    )


def covers_card(lines: Sequence[tuple[str, str, date, date]], clock: Clock, *, mine: bool) -> Card:
    """代理人: each line is who is away, who stands in, from when until when."""
    if not lines:
        return Card(title="现在没有代理安排", text="要休假时说一句，比如：我下周休假，李娜代理")
    text = numbered(f"{name}：{cover}代理，{_days(first, last, clock)}" for name, cover, first, last in lines)
    return Card(title="代理安排", text=text, buttons=(Button("结束代理", pack(EndCover())),) if mine else ())


def _days(first: date, last: date, clock: Clock) -> str:
    return clock.day(first) if first == last else f"{clock.day(first)} 到 {clock.day(last)}"


# --- future opportunities


def future_card(sleeping: Sequence[Sleeping], count: int, clock: Clock) -> Card:
    """未来机会: what sleeps until when, and why."""
    if not sleeping:
        return Card(title="没有未来机会", text="还不到时候的商机，可以说：商机名 是未来机会，明年3月招标")
    lines = (
        " · ".join(part for part in (f"{clock.day(one.until)} {one.name}", clip(one.reason, 24), one.owner) if part)
        for one in sleeping
    )
    more = f"\n… 还有 {count - len(sleeping)} 个" if count > len(sleeping) else ""
    return Card(
        title=f"未来机会（{count}）",
        text=numbered(lines) + more,
        buttons=tuple(
            Button(entry(number, one.name), pack(ShowDeal(deal=one.deal_id))) for number, one in enumerate(sleeping, 1)
        ),
        note="到了日子会自动恢复并提醒负责人。",
    )
