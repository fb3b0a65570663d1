"""Cards for managers: the digest, what is overdue, and the word passed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.cards import words
from bot.cards.card import MAX_BUTTONS, Button, Card, bullets, rows
from bot.cards.clock import Clock
from bot.cards.followups import action_text, lateness
from bot.cards.names import deal_of, numbered, short
from bot.commands import (
    Comment,
    HandOver,
    Nudge,
    NudgeAll,
    ShowDeal,
    ShowDigest,
    ShowOverdue,
    ShowSilent,
    ShowStuck,
    ShowTodo,
    pack,
)
from scrm.followups import Seen
from scrm.models import Member
from scrm.reports import DealLine, Digest, Plan, Tally

DAILY, WEEKLY, ASKED = "今日简报", "本周简报", "团队简报"
COMMENT = 500  # characters of a comment
LISTED = 5
LATE_LISTED = 3  # on the digest, which has a button to all of them
OVERDUE_LISTED = 8
SILENT = 10  # names of those without a record
BUTTONS = 5  # up to this many overdue follow-ups have a button each; of more, each owner has one


def digest_card(digest: Digest, clock: Clock, title: str = ASKED) -> Card:
    """A team's period on one screen: the counts first, then what the manager may want to touch, with a button for each."""
    counts = counted(digest)
    quiet = "、".join(digest.silent[:SILENT]) + (f" 等 {len(digest.silent)} 人" if len(digest.silent) > SILENT else "")
    silent = f"三个工作日没有记录：{quiet}" if quiet else ""
    advice = _advice(digest, clock)
    look = (
        Button(f"看逾期 {digest.late} 条", pack(ShowOverdue()), "primary") if digest.late else None,
        Button(f"看停滞 {digest.stuck.count} 个", pack(ShowStuck())) if digest.stuck else None,
        Button(f"看沉默 {len(digest.silent)} 人", pack(ShowSilent())) if digest.silent else None,
    )
    buttons = [
        *(button for button in look if button),
        *(button for _, button in advice),
        Button("刷新", pack(ShowDigest())),
    ]
    return Card(
        title=title,
        subtitle=_period(digest, clock),
        text="\n".join(
            part
            for part in (
                counts or "这段时间还没有新的记录。", _outlook(digest), silent, _advised(advice), *_sections(digest, clock),
            )
            if part
        ),
        buttons=tuple(buttons[:MAX_BUTTONS]),
        view="digest",
    )  # fmt: skip


def _outlook(digest: Digest) -> str:
    """What is won and to be expected this month, beside the target."""
    forecast = digest.forecast
    if forecast is None or not (forecast.target or forecast.expected):
        return ""
    target = (
        f"目标 {words.money(forecast.target)}，完成 {forecast.won / forecast.target:.0%}" if forecast.target else ""
    )
    parts = (target, f"已赢单 {words.money(forecast.won)}", f"预测 {words.money(forecast.expected)}")
    return f"本月：{' · '.join(part for part in parts if part)}"


def _advice(digest: Digest, clock: Clock) -> list[tuple[str, Button]]:
    """Up to three things to do now: urge who is latest, find another owner for what is stuck, say a word on a win or a loss."""
    found = []
    if digest.latest is not None:
        member, name, count = digest.latest
        found.append((f"{name}逾期最多，{count} 条", Button(f"催办{name}", pack(NudgeAll(member=member)))))
    if digest.stuck:
        line = digest.stuck.lines[0]
        why = f"{line.name}在{line.after}停了 {clock.days_since(line.since)} 天，由{line.owner}负责"
        found.append((why, Button("改派", pack(HandOver(customer=line.customer_id)))))
    closed = digest.won.lines or digest.lost.lines
    if closed:
        line = closed[0]
        verb = "赢下" if digest.won.lines else "丢了"
        found.append((f"{line.owner}{verb}{_priced(line)}", Button(f"点评{line.owner}", pack(Comment(deal=line.id)))))
    return found


def _priced(line: DealLine) -> str:
    return f"{line.name}（{words.money(line.amount)}）" if line.amount else line.name


def _advised(advice: Sequence[tuple[str, Button]]) -> str:
    return f"【建议】\n{numbered(f'{why} → {button.text}' for why, button in advice)}" if advice else ""


def _period(digest: Digest, clock: Clock) -> str:
    return f"{clock.when(digest.since)} 至 {clock.when(digest.until)}"


def counted(digest: Digest) -> str:
    """The numbers, in two lines: what was done, what became of deals."""
    done = (("拜访", digest.visits), ("电话", digest.calls), ("其他跟进", digest.others))
    deals = (("新商机", digest.opened), ("赢单", digest.won), ("丢单", digest.lost), ("推进", digest.moved))
    lines = (
        [f"{name} {count}" for name, count in done if count],
        [_sum(name, tally) for name, tally in deals if tally]
        + ([f"逾期 {digest.late} 条"] if digest.late else [])
        + ([f"停滞 {digest.stuck.count} 个"] if digest.stuck else []),
    )
    return "\n".join(" · ".join(line) for line in lines if line)


def _sum(name: str, tally: Tally) -> str:
    amount = tally.amount if name != "推进" else None
    return f"{name} {tally.count} 个" + (f"，{words.money(amount)}" if amount else "")


def _sections(digest: Digest, clock: Clock) -> list[str]:
    people = [_person(name, kinds) for name, kinds in digest.people.items()]
    deals: tuple[tuple[str, Tally, Callable[[DealLine], str]], ...] = (
        ("赢单", digest.won, lambda line: ""),
        ("丢单", digest.lost, lambda line: line.reason),
        ("新商机", digest.opened, lambda line: ""),
        ("推进", digest.moved, lambda line: f"{line.before} → {line.after}"),
        ("停滞", digest.stuck, lambda line: f"{line.after} {clock.days_since(line.since)} 天"),
    )
    sections = [("成员", people[:LISTED], len(people))]
    sections += [
        (name, [_deal(line, detail(line)) for line in tally.lines[:LISTED]], tally.count)
        for name, tally, detail in deals
    ]
    sections.append(("逾期", [overdue_line(seen, clock) for seen in digest.overdue[:LATE_LISTED]], digest.late))
    return [f"【{name}】\n{listed(lines, count)}" for name, lines, count in sections if lines]


def listed(lines: Sequence[str], count: int) -> str:
    more = f"\n… 还有 {count - len(lines)} 条" if count > len(lines) else ""
    return bullets(lines, len(lines)) + more


def _person(name: str, kinds: dict[str, int]) -> str:
    return f"{name}：" + "，".join(
        f"{words.KIND_NAMES[kind]} {count}" for kind, count in sorted(kinds.items(), key=lambda kind: -kind[1])
    )


def _deal(line: DealLine, detail: str = "") -> str:
    amount = words.money(line.amount) if line.amount is not None else ""
    company = short(line.customer)
    whose = company if deal_of(line.name, company) == line.name else ""
    return " · ".join(part for part in (line.name, whose, amount, detail, line.owner) if part)


# --- a rep's morning


def plan_card(plan: Plan, clock: Clock) -> Card:
    """What a rep has today: how much is overdue, when something is due, and the deals to push with why.

    Follow-ups are counted, not named: each has its own alert at its own time, and is told once.
    """
    push = [f"{deal_named(line)}，在{line.after}停了 {clock.days_since(line.since)} 天" for line in plan.push.lines]
    times = "、".join(dict.fromkeys(clock.time_of(seen.row.due_at) for seen in plan.today if not seen.row.all_day))
    deals = tuple(Button(f"看{words.clip(line.name, 8)}", pack(ShowDeal(deal=line.id))) for line in plan.push.lines[:3])
    todo = (Button("今日待办", pack(ShowTodo()), "primary"),) if plan.overdue or plan.today else ()
    return Card(
        title="今日计划",
        rows=rows(
            ("已过时间", f"{len(plan.overdue)} 条" if plan.overdue else ""),
            ("今天", f"{len(plan.today)} 条" + (f"（{times}）" if times else "") if plan.today else ""),
            ("该推进", f"{plan.push.count} 个商机" if plan.push else ""),
        ),
        text=listed(push, plan.push.count) if push else "",
        buttons=(*todo, *deals),
    )


def deal_named(line: DealLine) -> str:
    return " · ".join(
        part for part in (line.name, short(line.customer), words.money(line.amount) if line.amount else "") if part
    )


# --- what a digest leads to


def stuck_card(count: int, lines: Sequence[DealLine], clock: Clock) -> Card:
    """Deals that stay too long in their stage, each with a way in."""
    if not lines:
        return Card(title="没有停滞的商机", text="在谈的商机都在正常推进。")
    told = numbered(_deal(line, f"{line.after} {clock.days_since(line.since)} 天") for line in lines)
    return Card(
        title=f"{count} 个商机停滞",
        text=told + (f"\n… 还有 {count - len(lines)} 个" if count > len(lines) else ""),
        buttons=tuple(Button(f"看商机 {number}", pack(ShowDeal(deal=line.id))) for number, line in enumerate(lines, 1)),
        note="在一个阶段停留超过标准天数（没设的按 14 天）",
    )


def silent_card(found: Sequence[tuple[Member, datetime | None]], clock: Clock) -> Card:
    """Who has not recorded anything for three working days, each with a word to send."""
    if not found:
        return Card(title="大家都有记录", text="三个工作日内，团队里每位销售都记过跟进。")
    shown = found[:MAX_BUTTONS]
    told = [f"{member.name}：{f'上次记录 {clock.day_of(at)}' if at else '还没有记录'}" for member, at in shown]
    return Card(
        title=f"{len(found)} 位销售三个工作日没有记录",
        text=numbered(told) + (f"\n… 还有 {len(found) - len(shown)} 位" if len(found) > len(shown) else ""),
        buttons=tuple(Button(f"问问{member.name}", pack(Comment(member=member.id))) for member, _ in shown),
    )


def ask_comment(name: str, about: str) -> str:
    """The question that the next sentence answers."""
    return f"想对{name}说什么？" + (f"（{about}）" if about else "") + "直接发一句就行。"


def kept_comment(text: str) -> str:
    """A comment as it stands among the records of its deal."""
    return f"点评：{text}"


def comment_card(author: str, text: str, about: str, deal: int | None) -> Card:
    """What a manager said, as the one concerned gets it."""
    look = (Button("看商机", pack(ShowDeal(deal=deal)), "primary"),) if deal is not None else ()
    return Card(
        title=f"{author}点评了您", subtitle=about, text=words.clip(text, COMMENT),
        buttons=(*look, Button("我的待办", pack(ShowTodo()))),
    )  # fmt: skip


def commented_card(name: str, text: str, about: str, arrives: datetime, clock: Clock) -> Card:
    """The answer to 点评."""
    return Card(
        title=f"已发给{name}",
        rows=rows(("关于", about), ("点评", words.clip(text, COMMENT)), ("送达", _arrival(arrives, clock))),
    )


# --- overdue


def overdue_line(seen: Seen, clock: Clock) -> str:
    """An overdue follow-up in one line: owner, customer, since when."""
    late = lateness(seen.row, clock)
    since = f"逾期 {late}" if late else "刚到期"
    action = words.clip(action_text(seen), 20)
    return f"{seen.owner.name} · {short(seen.customer.name)}{'：' if action else ''}{action}（{since}）"


def overdue_card(late: Sequence[Seen], count: int, clock: Clock, title: str = "") -> Card:
    """The team's overdue follow-ups, each with a way to urge its owner."""
    if not late:
        return Card(title="没有逾期的待办", text="团队的待办都按时处理了。")
    if len(late) == 1:
        lines, buttons = overdue_line(late[0], clock), (_nudge("催办", late[0]),)
        return Card(title=title or "1 条待办逾期", text=lines, buttons=buttons)
    shown = late[:OVERDUE_LISTED]
    more = f"\n… 还有 {count - len(shown)} 条" if count > len(shown) else ""
    few = count <= BUTTONS
    return Card(
        title=title or f"{count} 条待办逾期",
        text=numbered(overdue_line(seen, clock) for seen in shown) + more,
        buttons=tuple(_nudge(f"催办 {number}", seen) for number, seen in enumerate(shown, 1))
        if few
        else _by_owner(late),
        note="" if few else "点「催办」，这位同事名下的逾期待办会合成一张卡片发过去",
    )


def _by_owner(late: Sequence[Seen]) -> tuple[Button, ...]:
    """A button for each of those who are late, in the order of their oldest."""
    owners = {seen.owner.id: seen.owner for seen in late}
    return tuple(Button(f"催办{owner.name}", pack(NudgeAll(member=owner.id))) for owner in list(owners.values())[:6])


def escalation_card(late: Sequence[Seen], clock: Clock) -> Card:
    """What has stayed overdue, pushed to the manager."""
    return overdue_card(late, len(late), clock, f"{len(late)} 条待办逾期未处理")


def _nudge(text: str, seen: Seen) -> Button:
    return Button(text, pack(Nudge(followup=seen.row.id, version=seen.row.version)))


def nudged_card(seen: Seen, arrives: datetime, clock: Clock) -> Card:
    """The answer to 催办: who hears of it, and when."""
    return Card(
        title=f"已催办{seen.owner.name}",
        rows=rows(("客户", seen.customer.name), ("事项", action_text(seen)), ("送达", _arrival(arrives, clock))),
        buttons=(Button("看逾期", pack(ShowOverdue())),),
    )


def all_nudged_card(owner: Member, late: Sequence[Seen], arrives: datetime, clock: Clock) -> Card:
    """The answer to 催办 of everything one member is late with."""
    return Card(
        title=f"已催办{owner.name}",
        rows=rows(("待办", f"{len(late)} 条逾期"), ("送达", _arrival(arrives, clock))),
        buttons=(Button("看逾期", pack(ShowOverdue())),),
    )


def nothing_late_card(owner: Member) -> Card:
    """催办 of somebody who has caught up."""
    return Card(
        title=f"{owner.name}没有逾期的待办了",
        text="都已经处理，不用催办。",
        buttons=(Button("看逾期", pack(ShowOverdue())),),
    )


def _arrival(arrives: datetime, clock: Clock) -> str:
    return "马上" if arrives <= clock.now else f"{clock.when(arrives)}，避开休息时间"
