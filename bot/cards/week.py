"""Cards of a rep's week: written from the records, looked at again when edited, sent to the leader."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.card import Button, Card, bullets
from bot.cards.clock import Clock
from bot.cards.reports import counted, deal_named, listed
from bot.commands import Comment, SendWeek, ShowDigest, pack
from scrm.reports import Digest

LISTED = 5
ASK_WEEK = "请直接发修改后的周报全文，给您看过再送。"
CHECKED = (("发给主管", True), ("再改一下", False))
NO_LEADER = "还没有设置您的主管，周报没有发出。请管理员说：某某的主管是某某。"


def week_text(digest: Digest, open_today: int, clock: Clock) -> str:
    """A rep's week in words, from the records alone."""
    parts = [counted(digest) or "本周还没有记录。"]
    for name, tally in (("赢单", digest.won), ("丢单", digest.lost), ("新商机", digest.opened), ("推进", digest.moved)):
        if tally:
            told = [
                f"{deal_named(line)}{f'（{line.before} → {line.after}）' if name == '推进' else ''}"
                for line in tally.lines
            ]
            parts.append(f"【{name}】\n{listed(told, tally.count)}")
    if digest.stuck:
        told = [f"{deal_named(line)}，在{line.after} {clock.days_since(line.since)} 天" for line in digest.stuck.lines]
        parts.append(f"【要推进】\n{listed(told, digest.stuck.count)}")
    if open_today:
        parts.append(f"【下周】待办 {open_today} 条")
    return "\n".join(parts)


def week_card(name: str, period: str, text: str) -> Card:
    """The week as it would go to the leader."""
    return Card(
        title=f"{name}的周报", subtitle=period, text=text,
        buttons=(Button("发给主管", pack(SendWeek()), "primary"), Button("修改", pack(SendWeek(edit=True)))),
        note="按记录写成",
    )  # fmt: skip


def check_week(text: str, written: str) -> str:
    """The second look at an edited week: as it would go, and which lines of the records it leaves out."""
    kept = {_bare(line) for line in text.splitlines()}
    left_out = [line for line in written.splitlines() if _bare(line) and _bare(line) not in kept]
    missing = f"\n\n和记录写的比，没有了：\n{bullets((_bare(line) for line in left_out), LISTED)}" if left_out else ""
    return f"周报这样发给主管？\n{text}{missing}"


def _bare(line: str) -> str:
    return line.strip().removeprefix("· ").strip()


def week_told_card(name: str, period: str, text: str, member: int, *, edited: bool) -> Card:
    """A rep's week, as the leader gets it."""
    comment = Button(f"点评{name}", pack(Comment(member=member)), "primary")
    return Card(
        title=f"{name}的周报", subtitle=period, text=text, buttons=(comment, Button("团队简报", pack(ShowDigest()))),
        note="本人修改过" if edited else "按记录写成",
    )  # fmt: skip


def week_sent_card(leaders: Sequence[str], text: str) -> Card:
    """The answer to 发给主管."""
    return (
        Card(title=f"周报已发给{'、'.join(leaders)}", text=text)
        if leaders
        else Card(title="周报没有发出", text=NO_LEADER)
    )


def week_period(digest: Digest, clock: Clock) -> str:
    """The days of the week so far."""
    return f"{clock.day_of(digest.since)} 至 {clock.day_of(digest.until)}"
