"""Cards of next steps: planned, due, overdue, done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.cards import words
from bot.cards.card import Button, Card, Row, rows
from bot.cards.clock import Clock
from bot.cards.names import company_entry, numbered, short
from bot.commands import (
    CancelFollowUp,
    CompleteFollowUp,
    Nudge,
    Reschedule,
    ScheduleFollowUp,
    ShowFollowUp,
    ShowTodo,
    Undo,
    WhyReminded,
    WriteFollowUp,
    pack,
)
from scrm.followups import Seen, Todo
from scrm.models import Activity, FollowUp

LISTED = 5  # each has a button, and one is left for what comes after
LIST = "todo"
OFFERS = {"tomorrow": "明天", "day_after": "后天", "monday": "下周一"}
WHEN_IS_PAST = "这个时间已经过了，改到什么时候？"
TODO = "今日待办"
STATUS_NAMES = {"open": "待办", "done": "已完成", "cancelled": "已取消"}


def ask_when(customer: str) -> str:
    """The question after a next step without a time."""
    return f"什么时候跟进{short(customer)}？"


def ask_new_time(customer: str) -> str:
    """The question after 改时间."""
    return f"{short(customer)}的跟进改到什么时候？"


def time_options(offers: Mapping[str, datetime], clock: Clock) -> tuple[tuple[str, datetime], ...]:
    """Times as buttons; two names of one moment make one button."""
    named: dict[datetime, str] = {}
    for name, moment in offers.items():
        named.setdefault(moment, OFFERS.get(name) or clock.when(moment))
    return tuple((text, moment) for moment, text in named.items())


# --- one


def is_moved(row: FollowUp, clock: Clock) -> bool:
    """Whether the reminder comes later than agreed (on a later day, when only the day was said) to suit people."""
    if row.status != "open" or row.alerted_at is not None:
        return False
    return clock.date_of(row.remind_at) > clock.date_of(row.due_at) if row.all_day else row.remind_at > row.due_at


def reminder_text(row: FollowUp, clock: Clock) -> str:
    """When the reminder really comes."""
    return f"{clock.when(row.remind_at)} 提醒，避开休息时间"


def agreed_text(row: FollowUp, clock: Clock) -> str:
    """What was agreed: a moment, or a day."""
    return clock.day_of(row.due_at) if row.all_day else clock.when(row.due_at)


def scheduled_card(seen: Seen, clock: Clock, turn: str) -> Card:
    """The answer to a new next step."""
    return _card(seen, clock, "已安排跟进", buttons=(*_planning(seen.row, clock), _undo(turn)), briefly=True)


def rescheduled_card(seen: Seen, clock: Clock, turn: str) -> Card:
    """The answer to another time."""
    title = f"已改到 {agreed_text(seen.row, clock)}"
    return _card(seen, clock, title, buttons=(*_planning(seen.row, clock), _list(), _undo(turn)), briefly=True)


def amended_card(seen: Seen, clock: Clock) -> Card:
    """A next step that was put right."""
    return _card(seen, clock, "已修改", buttons=_planning(seen.row, clock), briefly=True)


def kept_card(seen: Seen, clock: Clock, turn: str) -> Card:
    """The answer to 仍按原时间."""
    title = f"好的，{clock.when(seen.row.remind_at)} 准时提醒"
    return _card(seen, clock, title, buttons=(*_planning(seen.row, clock), _undo(turn)), briefly=True)


def closed_card(seen: Seen, clock: Clock, turn: str = "") -> Card:
    """A follow-up that is done or cancelled, with what may come next."""
    row = seen.row
    again = Button("安排下一步", pack(ScheduleFollowUp(customer=row.customer_id, deal=row.deal_id)))
    write = (Button("写跟进", pack(WriteFollowUp(followup=row.id)), "primary"),) if row.status == "done" else ()
    buttons = (*write, again, _list(), *((_undo(turn),) if turn else ()))
    return _card(seen, clock, STATUS_NAMES[row.status], buttons=buttons, briefly=True)


def followup_card(seen: Seen, clock: Clock, *, urge: bool = False) -> Card:
    """A follow-up as it is now; `urge`: for a manager who looks at a colleague's."""
    if seen.row.status != "open":
        return closed_card(seen, clock)
    if urge:
        nudge = Button("催办", pack(Nudge(followup=seen.row.id, version=seen.row.version)), "primary")
        return _card(seen, clock, f"{seen.owner.name}的待办", buttons=(nudge, *_acting(seen.row)))
    return _card(
        seen, clock, "待办跟进", buttons=(*_acting(seen.row), _later(seen.row, "hour", "1小时后"), _cancel(seen.row))
    )


def alert_card(seen: Seen, clock: Clock, asked_by: str = "") -> Card:
    """It is time: why, what to do, and the buttons to do it. `asked_by` is the manager who urges."""
    name = short(seen.customer.name)
    title = f"{asked_by}催办 · {name}" if asked_by else f"跟进提醒 · {name}"
    why = Button("为什么", pack(WhyReminded(followup=seen.row.id)))
    return _card(seen, clock, title, buttons=(*_acting(seen.row), why))


def _card(seen: Seen, clock: Clock, title: str, buttons: Sequence[Button], *, briefly: bool = False) -> Card:
    shown = _rows(seen, clock, briefly=briefly)
    return Card(title=title, rows=shown, buttons=tuple(buttons)[:6], view=f"followup:{seen.row.id}")


def _rows(seen: Seen, clock: Clock, *, briefly: bool) -> tuple[Row, ...]:
    row, person = seen.row, seen.contact
    return rows(
        ("客户", " · ".join(part for part in (seen.customer.name, person.name if person else "") if part)),
        ("时间", agreed_text(row, clock) + (_overdue(row, clock) or _when_in_the_day(row, clock))),
        ("提醒", f"{clock.when(row.remind_at)}（已避开休息时间）" if is_moved(row, clock) else None),
        ("事项", action_text(seen)),
        ("商机", seen.deal.name if seen.deal else None),
        ("上次", brief(seen.last, clock) if seen.last and not briefly else None),
    )


def brief(activity: Activity, clock: Clock, length: int = 40) -> str:
    """A record in one line: 11月20日 拜访：聊了报价."""
    text = words.clip(activity.summary.replace("\n", " "), length)
    return f"{clock.day_of(activity.happened_at)} {words.KIND_NAMES[activity.kind]}：{text}"


def action_text(seen: Seen) -> str:
    """What is to be done; empty when it only says to follow up this customer."""
    action = seen.row.action
    plain = action.removeprefix("再").removeprefix("跟进").removeprefix("一下").removesuffix("一下")
    return "" if plain != action and plain in seen.customer.name else action


def _when_in_the_day(row: FollowUp, clock: Clock) -> str:
    """When a whole day's reminder comes, while it is to come."""
    coming = row.status == "open" and row.alerted_at is None and row.all_day and not is_moved(row, clock)
    return f"（{clock.time_of(row.remind_at)} 提醒）" if coming else ""


def _overdue(row: FollowUp, clock: Clock) -> str:
    late = lateness(row, clock)
    return f"（已过 {late}）" if late else ""


def lateness(row: FollowUp, clock: Clock) -> str:
    """How long an open follow-up is overdue: 2 天, 3 小时; empty within the hour (or the day, when only that was said)."""
    if row.status != "open":
        return ""
    if row.all_day:
        days = clock.days_since(row.due_at)
        return f"{days} 天" if days > 0 else ""
    hours = int((clock.now - row.due_at).total_seconds() // 3600)
    return f"{hours // 24} 天" if hours >= 24 else f"{hours} 小时" if hours > 0 else ""


def _planning(row: FollowUp, clock: Clock) -> tuple[Button, ...]:
    keep = (
        (Button("仍按原时间", pack(Reschedule(followup=row.id, keep=True, version=row.version))),)
        if is_moved(row, clock)
        else ()
    )
    change = Button("改时间", pack(Reschedule(followup=row.id, version=row.version)))
    done = Button("完成", pack(CompleteFollowUp(followup=row.id, version=row.version)))  # seldom done when just planned
    return (*keep, change, done)


def _acting(row: FollowUp) -> tuple[Button, ...]:
    return (
        _done(row), _later(row, "tomorrow", "明天"), _later(row, "monday", "下周一"),
        Button("写跟进", pack(WriteFollowUp(followup=row.id))),
    )  # fmt: skip


def _done(row: FollowUp) -> Button:
    return Button("完成", pack(CompleteFollowUp(followup=row.id, version=row.version)), "primary")


def _later(row: FollowUp, to: str, text: str) -> Button:
    return Button(text, pack(Reschedule(followup=row.id, to=to, version=row.version)))


def _cancel(row: FollowUp) -> Button:
    return Button("不用跟了", pack(CancelFollowUp(followup=row.id, version=row.version)))


def _list() -> Button:
    return Button(TODO, pack(ShowTodo()))


def _undo(turn: str) -> Button:
    return Button("撤销", pack(Undo(turn=turn)))


# --- many


def line(seen: Seen, clock: Clock) -> str:
    """A follow-up in one line of a list."""
    row, person = seen.row, seen.contact
    who = " ".join(part for part in (short(seen.customer.name), person.name if person else "") if part)
    action = words.clip(action_text(seen), 24)
    return f"{agreed_text(row, clock)} {who}{'：' if action else ''}{action}{_overdue(row, clock)}"


def label(seen: Seen, clock: Clock) -> str:
    """A follow-up of a customer who is known, as an option to choose."""
    action = words.clip(action_text(seen), 16)
    return f"{action}（{agreed_text(seen.row, clock)}）" if action else agreed_text(seen.row, clock)


def remainder(seen: Seen, clock: Clock) -> str:
    """A follow-up of the customer the card is about, in a sentence: 发正式报价（昨天 10:00），已过 1 天."""
    late = lateness(seen.row, clock)
    return f"{label(seen, clock)}{f'，已过 {late}' if late else ''}"


def full_label(seen: Seen, clock: Clock) -> str:
    """A follow-up as an option to choose, whoever it is with."""
    return f"{short(seen.customer.name)} {label(seen, clock)}"


def alerts_card(due: Sequence[Seen], clock: Clock, asked_by: str = "") -> Card:
    """Several are due together: one card for all of them. `asked_by` is the manager who urges."""
    shown, hidden = due[:LISTED], len(due) - LISTED
    lines = numbered(line(seen, clock) for seen in shown)
    return Card(
        title=f"{asked_by}催办 · {len(due)} 条待办" if asked_by else f"有 {len(due)} 条待办到时间了",
        text=f"{lines}\n… 还有 {hidden} 条，点「{TODO}」查看" if hidden > 0 else lines,
        buttons=(*_entries(shown), _list()),
    )


def todo_card(todo: Todo, clock: Clock, *, everything: bool, page: int = 0) -> Card:
    """我的待办, five at a time: what is overdue, what is for today, and (with `everything`, or when nothing presses) the rest."""
    pressing = [*todo.overdue, *todo.today]
    if not (pressing or todo.later):
        return Card(
            title="没有待办", text="想安排下一步，直接说，比如：\n· 明天下午3点跟进 客户名\n· 下周一给 联系人 打电话"
        )
    everything = everything or not pressing
    listed = [*pressing, *todo.later] if everything else pressing
    start = page * LISTED if page * LISTED < len(listed) else 0
    shown = listed[start : start + LISTED]
    hidden = 0 if everything else len(todo.later)
    title = f"{'全部' if everything else '我的'}待办（{len(listed)}）" if pressing else "今天没有待办"
    if len(listed) == 1:
        title = title if pressing else "今天没有待办，下一条是"
        return _card(shown[0], clock, title, (*_acting(shown[0].row), *_onwards(0, 1, hidden, everything=everything)))
    return Card(
        title=title,
        text=_sections(todo, shown, start + 1, clock),
        buttons=(*_entries(shown, start + 1), *_onwards(start, len(listed), hidden, everything=everything)),
        view=LIST,
    )


def _sections(todo: Todo, shown: Sequence[Seen], first: int, clock: Clock) -> str:
    lines: list[str] = []
    for name, part in (("已过期", todo.overdue), ("今天", todo.today), ("之后", todo.later)):
        here = [seen for seen in shown if seen in part]
        if here:
            lines += [f"{name}（{len(part)}）", numbered((line(seen, clock) for seen in here), first)]
            first += len(here)
    return "\n".join(lines)


def _onwards(start: int, count: int, hidden: int, *, everything: bool) -> tuple[Button, ...]:
    """The one button below a page: the next page, what is not for today, or back to the first page."""
    if start + LISTED < count:
        return (Button(f"更多 {count - start - LISTED} 条", pack(ShowTodo(all=everything, page=start // LISTED + 1))),)
    if hidden:
        return (Button(f"之后 {hidden} 条", pack(ShowTodo(all=True, page=count // LISTED))),)
    return (Button("回到开头", pack(ShowTodo(all=everything))),) if start else ()


def _entries(shown: Sequence[Seen], first: int = 1) -> tuple[Button, ...]:
    return tuple(
        Button(company_entry(number, seen.customer.name), pack(ShowFollowUp(followup=seen.row.id)))
        for number, seen in enumerate(shown, first)
    )
