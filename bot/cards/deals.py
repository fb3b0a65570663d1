"""Cards of deals: what happened, where it stands, and the next step as a button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial

import msgspec

from bot.cards import words
from bot.cards.card import Button, Card, Row, rows
from bot.cards.clock import Clock
from bot.cards.deal_words import ask_for, fact_names, known_rows
from bot.cards.followups import brief
from bot.cards.names import deal_of, entry, numbered, page_of, short
from bot.commands import (
    BackReason,
    Command,
    CreateDeal,
    LoseDeal,
    LossReason,
    MoveDeal,
    MyDeals,
    PauseDeal,
    ReopenDeal,
    ShowCourse,
    ShowCustomer,
    ShowDeal,
    Undo,
    VoidReason,
    WinDeal,
    pack,
)
from scrm.deals import Seen
from scrm.defaults import BACK_REASONS, LOST_REASONS, VOID_REASONS
from scrm.models import Customer, Deal, Stage
from scrm.pipeline import is_back

LIST = "deals"
OFFERED_REASONS = 5  # 丢单 lies beside 赢单: the sixth button takes it back
PAGE = 5  # each has a button, and one is left for the next page
CONTRACT = "合同哪天到期？说一句「合同明年年底到期」，到期前我会建好续约商机并提醒您。"
UNTIL = "暂停到什么时候？到那天我会提醒您。"
UNTIL_IS_PAST = "这个日子已经过了，暂停到什么时候？"
DEAL_KINDS = {"new": "新签", "renewal": "续签", "expansion": "再销售"}


def kind_name(kind: str) -> str:
    """What a kind of deal is called; one that the company defined has its own name."""
    return DEAL_KINDS.get(kind, kind)


def default_name(customer: str, kind: str = "") -> str:
    """What a deal is called that was not given a name."""
    return f"{short(customer)}{kind_name(kind) if kind not in ('', 'new') else ''}商机"


def no_deal_card(customer: Customer, stage: Stage | None, closed: Deal | None, *, kept_in: str = "") -> Card:
    """Something was to become of a deal, and the customer has none that is open: one tap makes it, in that stage.

    `closed`: the one that was closed last. `kept_in`: the turn that wrote the sentence down as a note.
    """
    made = CreateDeal(customer=customer.id, stage=stage.id if stage is not None else None)
    name = short(customer.name)
    kept = "这句话先记在客户的跟进记录里了。\n" if kept_in else ""
    last = f"上一个商机「{closed.name}」{words.STATUS_NAMES[closed.status]}。\n" if closed is not None else ""
    entering = f"，阶段为{stage.name}" if stage is not None else ""
    look = (
        Button("看客户", pack(ShowCustomer(customer=customer.id)))
        if closed is None
        else Button("看上一个商机", pack(ShowDeal(deal=closed.id)))
    )
    return Card(
        title=f"{name}没有进行中的商机",
        text=f"{kept}{last}点「新建商机」直接建一个{entering}；要带上名称和金额，就说：\n· {name} 新商机 年度采购 80万",
        buttons=(Button("新建商机", pack(made), "primary"), look, *((undo_button(kept_in),) if kept_in else ())),
        view=f"customer:{customer.id}",
    )


def deal_card(seen: Seen, clock: Clock) -> Card:
    """A deal as it is now."""
    return _card(seen, clock, f"商机 · {seen.deal.name}", named=True)


def amended_card(seen: Seen, clock: Clock) -> Card:
    """A deal that was put right."""
    return _card(seen, clock, "已修改")


def repriced_card(seen: Seen, clock: Clock, turn: str) -> Card:
    """The answer to 更新金额."""
    return _card(seen, clock, "商机 · 金额已更新", turn=turn)


def created_card(seen: Seen, clock: Clock, turn: str) -> Card:
    """The answer to a new deal."""
    text = "" if seen.deal.amount is not None else "金额可以随时补，比如「金额改成 50万」。"
    return _card(seen, clock, "已新建商机", text=text, turn=turn)


def moved_card(seen: Seen, before: Stage, clock: Clock, turn: str, reason: str = "") -> Card:
    """The answer to a move; on the last stage it asks whether the deal is won, back without a reason why."""
    if is_back(before, seen.stage):
        card = _card(seen, clock, f"商机 · 退回到{seen.stage.name}", turn=turn)
        if reason:
            return _because(card, reason)
        return _asking(card, "为什么退回？点一下就好。", BACK_REASONS, partial(BackReason, seen.deal.id), turn)
    if before.id == seen.stage.id:  # it was paused there
        return _because(reopened_card(seen, "paused", clock, turn), reason)
    asks = seen.next is None and seen.deal.status == "open"
    card = _card(
        seen, clock, f"商机 · 推进到{seen.stage.name}", text="赢单了吗？" if asks else ask_for(seen.missing), turn=turn
    )
    if not asks:
        return card
    deal = seen.deal
    buttons = (
        Button("赢单", pack(WinDeal(deal=deal.id, version=deal.version)), "primary"),
        Button("还没有", pack(ShowDeal(deal=deal.id))), undo_button(turn),
    )  # fmt: skip
    return Card(title=card.title, rows=card.rows, text=card.text, buttons=buttons, view=card.view)


def won_card(seen: Seen, clock: Clock, turn: str) -> Card:
    """The answer to a win."""
    return msgspec.structs.replace(_card(seen, clock, "恭喜赢单", turn=turn), note=CONTRACT)


def lost_card(seen: Seen, clock: Clock, turn: str) -> Card:
    """The answer to a loss; without a reason it asks for one, the loss is recorded already."""
    card = _card(seen, clock, "商机 · 已丢单", turn=turn)
    if seen.deal.lost_reason:
        return card
    return _asking(card, "主要是什么原因？点一下就好。", LOST_REASONS, partial(LossReason, seen.deal.id), turn)


def void_card(seen: Seen, clock: Clock, turn: str) -> Card:
    """The answer to a deal made void; without a reason it asks for one."""
    card = _card(seen, clock, "商机 · 已作废", turn=turn)
    if seen.deal.lost_reason:
        return card
    return _asking(card, "为什么作废？点一下就好。", VOID_REASONS, partial(VoidReason, seen.deal.id), turn)


def _asking(card: Card, question: str, reasons: Sequence[str], why: Callable[[int], Command], turn: str) -> Card:
    """What was done is done; why, is one tap."""
    buttons = (Button(text, pack(why(number))) for number, text in enumerate(reasons[:OFFERED_REASONS]))
    return msgspec.structs.replace(card, text=question, buttons=(*buttons, undo_button(turn)))


def paused_card(seen: Seen, clock: Clock, turn: str, reason: str = "") -> Card:
    """The answer to a pause."""
    return _because(_card(seen, clock, "商机 · 已暂停", turn=turn), reason)


def kind_card(seen: Seen, before: Stage, clock: Clock, turn: str) -> Card:
    """The answer to another kind; `before` is the stage it was in."""
    text = f"换了销售流程：「{before.name}」对应到「{seen.stage.name}」。" if before.name != seen.stage.name else ""
    return _card(seen, clock, f"商机 · 已改为{kind_name(seen.deal.kind)}", text=text, turn=turn)


def _because(card: Card, reason: str) -> Card:
    return msgspec.structs.replace(card, rows=(*card.rows, Row("原因", reason))) if reason else card


def reopened_card(seen: Seen, before: str, clock: Clock, turn: str) -> Card:
    """The answer to a reopening; `before` is the status it had."""
    return _card(seen, clock, "商机 · 已恢复" if before == "paused" else "商机 · 已重新打开", turn=turn)


def woken_card(seen: Seen, clock: Clock, reason: str = "") -> Card:
    """The day a deal was paused until has come; `reason`: why it slept."""
    card = _card(seen, clock, f"暂停到期 · {seen.deal.name}", text="商机已恢复为进行中，接下来怎么走？", named=True)
    return _because(card, reason)


def deals_card(page: Sequence[Seen], number: int, count: int, amount: Decimal, clock: Clock, *, team: bool) -> Card:
    """我的商机 (of a manager: the team's, with their owners), one page of them."""
    if not count:
        return Card(title="还没有进行中的商机", text="新建一个，直接说：\n· 客户名 新商机 年度采购 80万")
    first = number * PAGE + 1
    onwards = (Button("下一页", pack(MyDeals(page=number + 1))),) if count >= first + PAGE else ()
    return Card(
        title=f"{'团队' if team else '我的'}商机（{count}）",
        subtitle=" · ".join(
            part for part in (f"合计 {words.money(amount)}" if amount else "", page_of(number, PAGE, count)) if part
        ),
        text=numbered((_line(seen, clock, team=team) for seen in page), first),
        buttons=(
            *_entries(page, first),
            *(onwards or ((Button("回到第一页", pack(MyDeals())),) if number else ())),
        ),
        view=LIST,
    )


def _line(seen: Seen, clock: Clock, *, team: bool) -> str:
    name, company = seen.deal.name, short(seen.customer.name)
    whose = company if deal_of(name, company) == name and not name.startswith(company) else ""
    parts = (name, whose, _standing(seen, clock), _money(seen.deal), seen.owner if team else "")
    return " · ".join(part for part in parts if part)


def _entries(page: Sequence[Seen], first: int) -> tuple[Button, ...]:
    """A page of deals as buttons, each by what it is called beside its customer. The lines above spell it out."""
    return tuple(
        Button(entry(place, deal_of(seen.deal.name, seen.customer.name)), pack(ShowDeal(deal=seen.deal.id)))
        for place, seen in enumerate(page, first)
    )


def _card(seen: Seen, clock: Clock, title: str, *, text: str = "", turn: str = "", named: bool = False) -> Card:
    undo = (undo_button(turn),) if turn else ()
    return Card(
        title=title,
        rows=_rows(seen, clock, named=named),
        text=text,
        buttons=(*_steps(seen)[: 6 - len(undo)], *(undo if undo or not named else (_course(seen.deal),))),
        view=f"deal:{seen.deal.id}",
    )


def _rows(seen: Seen, clock: Clock, *, named: bool) -> tuple[Row, ...]:
    deal = seen.deal
    closed = clock.day_of(deal.closed_at) if deal.closed_at is not None else None
    return rows(
        ("商机", None if named else deal.name),
        ("客户", seen.customer.name),
        ("阶段", _standing(seen, clock)),
        ("金额", _money(deal)),
        ("原因", deal.lost_reason),
        ("结束", closed),
        ("进度", _progress(seen, clock) if named and deal.status == "open" else None),
        ("类型", kind_name(deal.kind) if deal.kind != "new" and not closed else None),
        *(known_rows(seen, clock) if named and not closed else ()),
        ("还差", fact_names(seen.missing) if named else None),
        ("负责人", seen.owner if named and not closed else None),
        ("最近", brief(seen.last, clock, 30) if seen.last is not None and named else None),
    )


def _standing(seen: Seen, clock: Clock) -> str:
    deal = seen.deal
    place = f"{seen.stage.name}（{seen.stages.index(seen.stage) + 1}/{len(seen.stages)}）"
    if deal.status == "open":
        return place
    if deal.status == "paused" and deal.paused_until is not None:
        return f"{place}，暂停到 {clock.day(deal.paused_until)}"
    return words.STATUS_NAMES[deal.status]


def _progress(seen: Seen, clock: Clock) -> str:
    """How long it has been in its stage beside the expected days, and how likely the stage says it is to be won."""
    days, expected, percent = clock.days_since(seen.deal.stage_since), seen.stage.expected_days, seen.stage.win_percent
    over = (
        f"，超出标准 {days - expected} 天"
        if expected and days > expected
        else f"，标准 {expected} 天"
        if expected
        else ""
    )
    return f"本阶段第 {days + 1} 天{over}" + (f" · 赢率 {percent}%" if percent is not None else "")


def _money(deal: Deal) -> str | None:
    return words.money(deal.amount) if deal.amount is not None else None


def _steps(seen: Seen) -> tuple[Button, ...]:
    deal, following = seen.deal, seen.next
    if deal.status not in ("open", "paused"):
        return (Button("重新打开", pack(ReopenDeal(deal=deal.id, version=deal.version))),)
    made = []
    if deal.status == "paused":
        made.append(Button("恢复", pack(ReopenDeal(deal=deal.id, version=deal.version)), "primary"))
    if following is not None:
        move = MoveDeal(stage=following.id, deal=deal.id, version=deal.version)
        made.append(Button(f"推进到{following.name}", pack(move), "default" if made else "primary"))
    made.append(Button("赢单", pack(WinDeal(deal=deal.id, version=deal.version))))
    made.append(Button("丢单", pack(LoseDeal(deal=deal.id, version=deal.version))))
    if deal.status == "open":
        made.append(Button("暂停", pack(PauseDeal(deal=deal.id, version=deal.version))))
    return tuple(made)


def _course(deal: Deal) -> Button:
    return Button("历程", pack(ShowCourse(deal=deal.id)))


def undo_button(turn: str) -> Button:
    """撤销 of what this turn did."""
    return Button("撤销", pack(Undo(turn=turn)))


def pause_options(clock: Clock) -> tuple[tuple[str, datetime], ...]:
    """Days to pause until: one week, one month, next quarter."""
    today = clock.today
    months = today.year * 12 + (today.month - 1) // 3 * 3 + 3  # months since year 0 at the start of the next quarter
    quarter = date(months // 12, months % 12 + 1, 1)
    days = (("一周后", today + timedelta(days=7)), ("一个月后", today + timedelta(days=30)), ("下季度", quarter))
    return tuple((text, datetime.combine(day, time(9), clock.zone)) for text, day in days)


def no_such_stage(spoken: str) -> str:
    """The question after a stage that the deal's pipeline does not have."""
    return f"这个商机没有「{spoken}」阶段，推进到哪一步？"
