"""Cards of the roll-call: one deal at a time with three buttons, and what was promised beside what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from bot.cards import words
from bot.cards.card import Button, Card, Style, rows
from bot.cards.clock import Clock
from bot.cards.figures import percent
from bot.cards.forecasts import rounded
from bot.commands import CallTheRoll, MyDeals, PromiseDeal, ShowPromises, ShowRoll, pack
from scrm.metrics import promises
from scrm.metrics.part import Days
from scrm.metrics.promises import Asked, Record
from scrm.models import PROMISES, Member

VIEW = "roll"
WORDS = {"sure": "稳", "maybe": "争取", "no": "没戏"}
LISTED = 8


def roll_card(found: Sequence[Asked], place: int | None, month: Days, clock: Clock, asked_by: str = "") -> Card:
    """The deal at `place`, else the first without an answer; when all have one, what was said of them."""
    if not found:
        return Card(title="本月没有要表态的商机", text="预计本月签约的商机会出现在这里。", view=VIEW)
    open_ = [index for index, one in enumerate(found) if not one.word]
    at = place if place is not None and 0 <= place < len(found) else (open_[0] if open_ else None)
    if at is None:
        return _said(found, month)
    one = found[at]
    before = (Button("上一个", pack(ShowRoll(place=at - 1))),) if at else ()
    return Card(
        title=f"{month.first.month}月能签吗：{one.deal.name}",
        subtitle=" · ".join(part for part in (f"{at + 1}/{len(found)}", f"{asked_by}在问" if asked_by else "") if part),
        rows=rows(
            ("客户", one.customer),
            ("金额", words.money(one.deal.amount)),
            ("阶段", one.stage.name),
            ("预计签约", clock.day(one.deal.expected_close_on) if one.deal.expected_close_on else ""),
            ("刚才说的", WORDS.get(one.word, "")),
        ),
        buttons=(*(_answer(one, month.first, word) for word in PROMISES), *before),
        view=VIEW,
    )


def _answer(one: Asked, month: date, word: str) -> Button:
    style: Style = "primary" if word == "sure" else "default"
    return Button(WORDS[word], pack(PromiseDeal(deal=one.deal.id, month=month, word=word)), style)


def _said(found: Sequence[Asked], month: Days) -> Card:
    sums = [
        f"{WORDS[word]} {len(some)} 个 {words.money(_amount(some))}"
        for word in PROMISES
        if (some := [one for one in found if one.word == word])
    ]
    return Card(
        title=f"{month.first.month}月的承诺记下了",
        subtitle=" · ".join(sums),
        text="\n".join(f"· {WORDS[one.word]} {one.deal.name} {words.money(one.deal.amount)}" for one in found[:LISTED]),
        buttons=(Button("从头改", pack(ShowRoll(place=0))), Button("看商机", pack(MyDeals()))),
        view=VIEW,
    )


def _amount(found: Sequence[Asked]) -> Decimal:
    return sum((one.deal.amount or Decimal(0) for one in found), Decimal(0))


def called_card(asked: Sequence[tuple[Member, int]], month: Days, arrives: str) -> Card:
    """Who is asked now, and about how many deals."""
    if not asked:
        return Card(
            title="没有要问的商机",
            text="预计本月签约的商机都已经表过态，或者还没有填预计签约日。",
            buttons=(Button("看承诺", pack(ShowPromises())),),
        )
    return Card(
        title=f"已向 {len(asked)} 人点名",
        subtitle=arrives,
        text="\n".join(f"· {member.name} {count} 个商机" for member, count in asked[:LISTED]),
        buttons=(Button("看承诺", pack(ShowPromises())),),
        note="他们在卡片上点「稳」「争取」「没戏」，月底和结果对照。",
    )


def arrival(at: str) -> str:
    """When those asked get the card, where that is not at once."""
    return f"{at} 送达，避开休息时间"


def promises_card(
    when: str, who: str, found: Sequence[Record], waiting: Sequence[tuple[Member, int]], *, calls: bool, over: bool
) -> Card:
    """By word and by person: promised, and won of it."""
    buttons = (Button("点名", pack(CallTheRoll()), "primary"),) if calls and waiting and not over else ()
    if not found:
        return Card(
            title=f"{when}还没有承诺",
            subtitle=who,
            text="主管说「点名」，机器人逐个问大家本月的商机。",
            buttons=buttons,
        )
    silent = "、".join(f"{member.name} {count} 个" for member, count in waiting[:LISTED])
    return Card(
        title=f"{when}承诺与结果",
        subtitle=who,
        rows=rows(
            *((WORDS[word], _row(promises.together(found, word))) for word in PROMISES),
            ("还没说", silent if not over else ""),
        ),
        text="\n".join(f"· {record.member.name}：{_person(record)}" for record in found[:LISTED]),
        buttons=buttons,
        note="金额是表态时的金额；兑现按赢单个数算。",
    )


def _row(count: promises.Count) -> str:
    if not count.deals:
        return ""
    return f"{count.deals} 个 {rounded(count.amount)}，赢 {count.won} 个（{percent(count.kept)}）"


def _person(record: Record) -> str:
    parts = [(WORDS[word], record.counts[word]) for word in PROMISES if record.counts[word].deals]
    return "，".join(f"{name} {count.deals} 赢 {count.won}" for name, count in parts)
