"""Cards for managers: the digest, what is overdue, and the word passed on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.cards import words
from bot.cards.card import Button, Card, bullets, rows
from bot.cards.clock import Clock
from bot.cards.followups import action_text, lateness
from bot.cards.names import deal_of, numbered, short
from bot.commands import Nudge, NudgeAll, ShowDigest, ShowOverdue, pack
from scrm.followups import Seen
from scrm.models import Member
from scrm.reports import DealLine, Digest, amount_of

DAILY, ASKED = "今日简报", "团队简报"
LISTED = 5
LATE_LISTED = 3  # on the digest, which has a button to all of them
OVERDUE_LISTED = 8
BUTTONS = 5  # up to this many overdue follow-ups have a button each; of more, each owner has one


def digest_card(digest: Digest, clock: Clock, title: str = ASKED) -> Card:
    """A team's period on one screen: the counts first, then what the manager may want to touch."""
    late = len(digest.overdue)
    overdue = (Button(f"看逾期 {late} 条", pack(ShowOverdue()), "primary"),) if late else ()
    counts = _counts(digest)
    silent = f"三个工作日没有记录：{'、'.join(digest.silent[:10])}" if digest.silent else ""
    return Card(
        title=title,
        subtitle=_period(digest, clock),
        text="\n".join(
            part for part in (counts or "这段时间还没有新的记录。", silent, *_sections(digest, clock)) if part
        ),
        buttons=(*overdue, Button("刷新", pack(ShowDigest()))),
        view="digest",
    )


def _period(digest: Digest, clock: Clock) -> str:
    return f"{clock.when(digest.since)} 至 {clock.when(digest.until)}"


def _counts(digest: Digest) -> str:
    """The numbers, in two lines: what was done, what became of deals."""
    done = (("拜访", digest.visits), ("电话", digest.calls), ("其他跟进", digest.others))
    deals = (("新商机", digest.opened), ("赢单", digest.won), ("丢单", digest.lost), ("推进", digest.moved))
    lines = (
        [f"{name} {count}" for name, count in done if count],
        [_sum(name, lines) for name, lines in deals if lines]
        + ([f"逾期 {len(digest.overdue)} 条"] if digest.overdue else []),
    )
    return "\n".join(" · ".join(line) for line in lines if line)


def _sum(name: str, lines: Sequence[DealLine]) -> str:
    amount = amount_of(lines) if name != "推进" else None
    return f"{name} {len(lines)} 个" + (f"，{words.money(amount)}" if amount else "")


def _sections(digest: Digest, clock: Clock) -> list[str]:
    sections = (
        ("成员", [_person(name, kinds) for name, kinds in digest.people.items()], LISTED),
        ("赢单", [_deal(line) for line in digest.won], LISTED),
        ("丢单", [_deal(line, line.reason) for line in digest.lost], LISTED),
        ("新商机", [_deal(line) for line in digest.opened], LISTED),
        ("推进", [_deal(line, f"{line.before} → {line.after}") for line in digest.moved], LISTED),
        ("逾期", [overdue_line(seen, clock) for seen in digest.overdue], LATE_LISTED),
    )
    return [f"【{name}】\n{bullets(lines, most, '还有')}" for name, lines, most in sections if lines]


def _person(name: str, kinds: dict[str, int]) -> str:
    return f"{name}：" + "，".join(
        f"{words.KIND_NAMES[kind]} {count}" for kind, count in sorted(kinds.items(), key=lambda kind: -kind[1])
    )


def _deal(line: DealLine, detail: str = "") -> str:
    amount = words.money(line.amount) if line.amount is not None else ""
    company = short(line.customer)
    whose = company if deal_of(line.name, company) == line.name else ""
    return " · ".join(part for part in (line.name, whose, amount, detail, line.owner) if part)


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
