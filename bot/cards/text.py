"""A card as words: markdown for where no card can be sent, and plain text for where not even that."""

from __future__ import annotations

import re

from bot.cards.card import Card

MORE = "… 更多"
_LAST_HEADING = re.compile(r"\n【[^】\n]*】\s*$")
_LINE_START = re.compile(r"^(\s*)([#>]+)(?=\s)", re.MULTILINE)


def markdown(card: Card, limit: int, *, foot: str = "") -> str:
    """The card as WeCom markdown of at most `limit` bytes (OD:90236): what does not fit is cut at a line with 更多.

    `foot` and the page to open always fit; what buttons would do is said in words, as there are none.
    """
    body = [f"**{literal(card.title)}**", literal(card.subtitle)]
    body += [f"> {literal(row.label)}：{literal(row.value)}" for row in card.rows]
    body += [literal(card.text), *_questions(card)]
    tail = [f"[打开查看]({card.url})" if card.url else "", literal(card.note), _hint(card), foot]
    return _join(body, tail, limit)


def plain(card: Card, limit: int) -> str:
    """The card as plain text of at most `limit` bytes."""
    body = [
        card.title,
        card.subtitle,
        *(f"{row.label}：{row.value}" for row in card.rows),
        card.text,
        *_questions(card),
    ]
    return _join(body, [card.url, card.note, _hint(card)], limit)


def literal(text: str) -> str:
    """Text that WeCom's markdown leaves as it is: it has no escapes, so its signs become their wide forms."""
    wide = text.replace("](", "］(").replace("**", "＊＊").replace("<", "＜").replace("`", "｀")
    return _LINE_START.sub(lambda match: match[1] + match[2].replace("#", "＃").replace(">", "＞"), wide)


def cut_bytes(text: str, limit: int) -> str:
    """The text in at most `limit` bytes of UTF-8, ending in 更多 where it was cut: at a line if one is near its end."""
    if len(text.encode()) <= limit:
        return text
    head = text.encode()[: max(0, limit - len(MORE.encode()) - 1)].decode(errors="ignore")
    return at_line(head) + "\n" + MORE


def cut_chars(text: str, limit: int) -> str:
    """The text in at most `limit` characters, ending in 更多 where it was cut: at a line if one is near its end."""
    if len(text) <= limit:
        return text
    return at_line(text[: max(0, limit - len(MORE) - 1)]) + "\n" + MORE


def at_line(text: str) -> str:
    """The text up to the end of its last whole line, unless that would lose more than half of it; no heading is left last."""
    end = text.rfind("\n")
    return _LAST_HEADING.sub("", (text[:end] if end > len(text) // 2 else text).rstrip())


def clip(text: str, limit: int) -> str:
    """One line of at most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _questions(card: Card) -> list[str]:
    if card.choice is None:
        return []
    options = [f"{number}. {option.text}" for number, option in enumerate(card.choice.options, 1)]
    return [card.choice.title, *options, "回复序号即可"]


def _hint(card: Card) -> str:
    return f"可以直接回复：{'、'.join(button.text for button in card.buttons)}" if card.buttons else ""


def _join(body: list[str], tail: list[str], limit: int) -> str:
    foot = "\n".join(part for part in tail if part)
    room = limit - len(foot.encode()) - 1 if foot else limit
    head = cut_bytes("\n".join(part for part in body if part), max(room, 0))
    return f"{head}\n{foot}" if foot else head
