"""A card as the variables of DingTalk's public button template, or of a template with the same variables.

`docs/dingtalk-card-template.json` is such a template; `card_template_id` names its imported copy.
"""

from __future__ import annotations

import msgspec

from bot.cards.card import MAX_BUTTONS, Button, Card, Option, Style
from bot.cards.text import MORE, clip, cut_bytes, literal, markdown

PUBLIC_TEMPLATE = "1366a1eb-bc54-4859-ac88-517c56a9acb1.schema"
"""The button template that the official Stream SDK ships for every company: markdown, tips, title, logo, msgButtons."""

MAX_VALUE_BYTES = 1024
"""What one variable may hold (DingTalk docs, 创建并投放卡片, cardParamMap)."""

TITLE_CHARS = 50
BUTTON_CHARS = 20
OPTION_CHARS = 24
NOTE_BYTES = 480
URL_BYTES = 300
MESSAGE_BYTES = 5000
AGAIN = "（重发）"  # on what a person may have got before, where DingTalk cannot tell repeats
_NEAR = 128  # the break between the two text variables goes to the end of a line that is at most this many bytes away
_BREAK = "  \n"  # DingTalk's markdown breaks a line only after two spaces
_COLORS: dict[Style, str] = {"primary": "blue", "danger": "red", "default": "gray"}


def render(card: Card) -> dict[str, str]:
    """The template's variables, each at most 1 KB: what does not fit `markdown` goes on in `tips`, then ends in 更多.

    Every variable is always there, so that merging them into an older state of the card replaces all of it.
    """
    buttons = _buttons(card)
    offered = min(len(buttons), len(_options(card)))
    foot = _foot(card, dropped=len(buttons) < len(_options(card)) + len(card.buttons))
    tail = _BREAK.join([*_question(card, offered), *_link(card)])
    room = 2 * MAX_VALUE_BYTES - _size(foot) - _size(tail) - _NEAR - 4 * len(_BREAK)
    body = cut_bytes(_BREAK.join(_body(card)), room).replace("\n" + MORE, _BREAK + MORE)
    first, rest = _divide(_BREAK.join(part for part in (body, tail) if part))
    return {
        "title": clip(card.title, TITLE_CHARS),
        "markdown": first,
        "tips": "\n".join(part for part in (_unmarked(rest), foot) if part),
        "sys_full_json_obj": _encode(buttons),
    }


def summary(card: Card) -> str:
    """The line in the list of conversations: what happened, and with whom."""
    first = card.rows[0].value if card.rows else card.text.partition("\n")[0]
    return clip(f"{card.title}：{first}" if first else card.title, TITLE_CHARS)


def message(card: Card) -> str:
    """The card as the markdown of a message, for where no card can be sent; what its buttons do is said in words."""
    return markdown(card, MESSAGE_BYTES).replace("\n", _BREAK)


def _body(card: Card) -> list[str]:
    lines = [_line(card.subtitle)] if card.subtitle else []
    lines += [f"**{_line(row.label)}**：{_line(row.value)}" for row in card.rows]
    return lines + [_line(line) for line in card.text.split("\n") if card.text]


def _question(card: Card, offered: int) -> list[str]:
    """The choice's title; with its numbered options where not all of them are `offered` as buttons."""
    if card.choice is None:
        return []
    lines = [f"**{_line(clip(card.choice.title, TITLE_CHARS))}**"]
    if offered < len(card.choice.options):
        texts = [_line(clip(option.text, OPTION_CHARS)) for option in card.choice.options]
        lines += [*(f"{number}. {text}" for number, text in enumerate(texts, 1)), "回复序号即可"]
    return lines


def _link(card: Card) -> list[str]:
    return [f"[打开查看]({card.url})"] if card.url and _size(card.url) <= URL_BYTES else []


def _options(card: Card) -> tuple[Option, ...]:
    """The options that fit beside the card's own buttons."""
    return card.choice.options[: MAX_BUTTONS - len(card.buttons)] if card.choice is not None else ()


def _foot(card: Card, *, dropped: bool) -> str:
    parts = [cut_bytes(card.note, NOTE_BYTES), "其他操作可以直接发文字" if dropped else ""]
    return "\n".join(part for part in parts if part)


def _buttons(card: Card) -> list[dict[str, object]]:
    """The buttons, options first; the last ones are left out when six long commands together pass 1 KB."""
    every = [_button(Button(option.text, option.command)) for option in _options(card)]
    every += [_button(button) for button in card.buttons]
    while _size(_encode(every)) > MAX_VALUE_BYTES:
        every.pop()
    return every


def _button(button: Button) -> dict[str, object]:
    color = _COLORS[button.style]
    return {"text": clip(button.text, BUTTON_CHARS), "color": color, "id": button.command, "request": True}


def _encode(buttons: list[dict[str, object]]) -> str:
    return msgspec.json.encode({"msgButtons": buttons}).decode()


def _line(text: str) -> str:
    """A line of plain text that markdown shows as it is, without emphasis, links or headings of its own."""
    return literal(text.replace("\n", " ")).replace("*", "＊")


def _unmarked(text: str) -> str:
    """Markdown as the plain text that `tips` shows."""
    return text.replace("**", "").replace(_BREAK, "\n")


def _divide(text: str) -> tuple[str, str]:
    """What one variable holds, and the rest: at the end of a line if one is near, never inside a character."""
    head = text.encode()[:MAX_VALUE_BYTES].decode(errors="ignore")
    if head == text:
        return text, ""
    near = head.rfind("\n")
    if near > 0 and _size(head[near:]) <= _NEAR:
        head = head[:near]
    return head.rstrip(" \n"), text[len(head) :].lstrip(" \n")


def _size(text: str) -> int:
    return len(text.encode())
