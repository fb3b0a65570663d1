"""Cards about tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.cards.card import Button, Card, rows
from bot.commands import ShowCustomer, Undo, pack

GROUP = "销售标签"  # the corp tag group of tags that were made in chat
WHOM = "要给哪位联系人或客户处理标签？"


@dataclass(frozen=True, slots=True)
class Tagged:
    """Whom a tag card is about, with all its tag names as they are now."""

    view: str
    name: str
    tags: tuple[str, ...]
    customer: str = ""
    customer_id: int | None = None
    synced: bool = False


def tagged(subject: Tagged, fresh: Sequence[str], known: Sequence[str], turn: str) -> Card:
    """After 打标签."""
    if not fresh:
        return _card(f"标签没有变化 · {subject.name}", subject, f"之前已经有「{join(known)}」了。", ())
    already = f"「{join(known)}」之前已经有了。" if known else ""
    return _card(f"已打标签 · {subject.name}", subject, already, (_undo(turn),), ("新增", join(fresh)))


def untagged(subject: Tagged, gone: Sequence[str], unknown: Sequence[str], turn: str) -> Card:
    """After 去标签."""
    if not gone:
        return _card(f"标签没有变化 · {subject.name}", subject, f"本来就没有「{join(unknown)}」。", ())
    missing = f"「{join(unknown)}」本来就没有。" if unknown else ""
    return _card(f"已去标签 · {subject.name}", subject, missing, (_undo(turn),), ("去掉", join(gone)))


def which_tag() -> Card:
    """A sentence about tags that names none."""
    return Card(
        title="是哪个标签？", text="请把标签也说出来，例如：\n· 给王先生打标签 高意向\n· 去掉王先生的标签 高意向"
    )


def join(names: Sequence[str]) -> str:
    """Tag names as one line."""
    return "、".join(names)


def _card(title: str, subject: Tagged, text: str, buttons: tuple[Button, ...], *changes: tuple[str, str]) -> Card:
    show = (Button("看客户", pack(ShowCustomer(customer=subject.customer_id))),) if subject.customer_id else ()
    return Card(
        title=title,
        rows=rows(*changes, ("客户", subject.customer), ("现有标签", join(subject.tags) or "无")),
        text=text,
        buttons=(*buttons, *show),
        view=subject.view,
        note="会同步到企业微信的客户标签" if subject.synced and buttons else "",
    )


def _undo(turn: str) -> Button:
    return Button("撤销", pack(Undo(turn=turn)))
