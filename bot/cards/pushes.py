"""Cards about how many reminders come: the one that sums up what was held back, and the limit itself."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.card import Button, Card
from bot.cards.names import entry, numbered
from bot.commands import ShowHeld, ShowHeldPush, ShowTodo, Undo, pack

LISTED = 5
MOST_LINES = 20
HOW_MANY = "每天最多提醒几条？"
COUNTS = (("10条", 10), ("20条", 20), ("不限", 0))
_ALWAYS = "约好几点的跟进、要您决定的事和回收倒计时不受限制。"


def summary_card(pushes: Sequence[tuple[int, str]], count: int = 0) -> Card:
    """What was held back: ids and titles, those that have a button first; `count` in all."""
    count = max(count, len(pushes))
    shown, lines = pushes[:LISTED], numbered(title for _, title in pushes[:MOST_LINES])
    hidden = count - min(len(pushes), MOST_LINES)
    more = (Button(f"更多 {count - len(shown)} 条", pack(ShowHeld(after=shown[-1][0]))),) if count > len(shown) else ()
    return Card(
        title=f"合并的提醒（{count}）",
        text=f"{lines}\n… 还有 {hidden} 条" if hidden > 0 else lines,
        buttons=(
            *(Button(entry(n, title), pack(ShowHeldPush(push=ident))) for n, (ident, title) in enumerate(shown, 1)),
            *more,
        ),
        note="今天的提醒已到上限，不急的合成这一张。说「每天最多提醒我30条」可以改。",
    )


def nothing_held_card() -> Card:
    """合并的提醒, and there is none."""
    return Card(title="没有合并的提醒", text="一天的提醒超过上限时，不急的才会合成一张。", buttons=(_todo(),))


def gone_card() -> Card:
    """A reminder of more than a week ago."""
    return Card(title="这条提醒已经过期", buttons=(_todo(),))


def limit_card(most: int, turn: str = "") -> Card:
    """How many reminders come a day at most; with a turn, the answer to a change."""
    said = f"每天最多提醒 {most} 条" if most else "每天提醒不限条数"
    rest = f"超过的合成一张，17:30 或第二天早上给您。{_ALWAYS}" if most else ""
    return Card(
        title=f"已改为{said}" if turn else said,
        text=rest,
        buttons=(Button("撤销", pack(Undo(turn=turn))),) if turn else (),
        note="" if turn else "说「每天最多提醒我10条」或「提醒不限条数」可以改。",
    )


def _todo() -> Button:
    return Button("今日待办", pack(ShowTodo()))
