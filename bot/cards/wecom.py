"""A card as WeCom draws it: template cards for the app (OD:90236) and, with tighter limits, for the AI bot (OD:101032).

Lengths in characters are what a phone shows before it elides; the platform refuses only wrong counts, ids and keys.
Nothing is left for the phone to elide: what does not fit its place goes on in the text, and the text is cut with 更多.

- buttons, or a choice → `button_interaction`: the choice is its drop-down, sent by the button 确定;
- no buttons, but a page to open → `text_notice`;
- neither → markdown;
- an update without buttons → the same card with one grey button 已处理, as a card of this type must have one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.cards.card import MAX_BUTTONS, Card, Choice, Row, Style
from bot.cards.text import at_line, clip, cut_chars, markdown
from bot.commands import Help, pack

CHOOSE = "choose"
"""The key of the button that sends a choice."""
QUESTION = "choice"
"""The question's key: `Click.selected[QUESTION]` is the packed command of the option."""

MARKDOWN_BYTES = 1976  # of 2048: the sender adds a mark of 72 bytes that tells repeats from the same words said twice
BOT_MARKDOWN_BYTES = 20_480
MAX_ROWS = 6
LABEL_CHARS = 5
BUTTON_CHARS = 10
CHOICE_TITLE_CHARS = 12
DONE = "已处理"
_CONFIRM = "确定"
_OTHERS = "其他操作可以直接发文字"
_STYLES: dict[Style, int] = {"primary": 1, "default": 2, "danger": 3}

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many characters each place shows."""

    title: int
    subtitle: int
    value: int
    text: int
    option: int


APP = Limits(title=36, subtitle=44, value=30, text=160, option=16)
BOT = Limits(title=26, subtitle=30, value=26, text=112, option=10)


def render(card: Card, task_id: str) -> Payload:
    """The `msgtype` part of message/send: a template card with this task_id, or markdown that leaves room for a mark."""
    return _message(card, task_id, APP, MARKDOWN_BYTES)


def render_bot(card: Card, task_id: str) -> Payload:
    """The same for the AI bot, whose markdown may have 20480 bytes (OD:101463)."""
    return _message(card, task_id, BOT, BOT_MARKDOWN_BYTES)


def render_update(card: Card, task_id: str, limits: Limits = APP) -> Payload:
    """The `template_card` that takes the place of one that was sent; it keeps the task_id (OD:94888, OD:101032)."""
    if card.buttons or card.choice is not None:
        return _interaction(card, task_id, limits)
    # The key is never sent: the button is grey.
    settled = _interaction(card, task_id, limits, [{"text": DONE, "style": 2, "key": pack(Help())}])
    return {**settled, "replace_text": DONE}


def _message(card: Card, task_id: str, limits: Limits, most: int) -> Payload:
    if card.buttons or card.choice is not None:
        return {"msgtype": "template_card", "template_card": _interaction(card, task_id, limits)}
    if card.url and _fits(card, limits):
        return {"msgtype": "template_card", "template_card": _notice(card, task_id, limits)}
    return {"msgtype": "markdown", "markdown": {"content": markdown(card, most)}}


def _interaction(card: Card, task_id: str, limits: Limits, buttons: list[Payload] | None = None) -> Payload:
    shown = buttons or _buttons(card)
    drawn = {"card_type": "button_interaction", "task_id": task_id, **_face(card, limits), "button_list": shown}
    if card.choice is not None:
        drawn["button_selection"] = _selection(card.choice, limits)
    if card.url:
        drawn["card_action"] = {"type": 1, "url": card.url}
    return drawn


def _notice(card: Card, task_id: str, limits: Limits) -> Payload:
    action = {"type": 1, "url": card.url}
    return {"card_type": "text_notice", "task_id": task_id, **_face(card, limits), "card_action": action}


def _face(card: Card, limits: Limits) -> Payload:
    """Title, rows and text, which the three places that hold text share: first the box of quotes, then the body."""
    rows, spilled = _rows(card, limits)
    title: Payload = {"title": clip(card.title, limits.title)}
    if 0 < len(card.subtitle) <= limits.subtitle:
        title["desc"] = card.subtitle
    face: Payload = {"main_title": title}
    quote, body = _texts(_words(card, spilled, limits), _foot(card), limits)
    if quote:
        face["quote_area"] = {"type": 0, "quote_text": quote}
    if body:
        face["sub_title_text"] = body
    if rows:
        face["horizontal_content_list"] = [{"keyname": row.label, "value": row.value} for row in rows]
    return face


def _rows(card: Card, limits: Limits) -> tuple[list[Row], list[Row]]:
    """The rows that fit their places, and those that go on in the text."""
    fitting = [row for row in card.rows if _row_fits(row, limits)][:MAX_ROWS]
    return fitting, [row for row in card.rows if row not in fitting]


def _row_fits(row: Row, limits: Limits) -> bool:
    one_line = "\n" not in row.value
    return 0 < len(row.label) <= LABEL_CHARS and len(row.value) <= limits.value and one_line


def _fits(card: Card, limits: Limits) -> bool:
    """Whether a card with no buttons loses nothing as a template card; markdown holds more."""
    _, spilled = _rows(card, limits)
    return len("\n".join([*_words(card, spilled, limits), _foot(card)])) <= limits.text


def _words(card: Card, spilled: list[Row], limits: Limits) -> list[str]:
    words = [card.title] if len(card.title) > limits.title else []
    if len(card.subtitle) > limits.subtitle:
        words.append(card.subtitle)
    words += [f"{row.label}：{row.value}" if row.label else row.value for row in spilled]
    if card.text:
        words.append(card.text)
    if card.choice is not None:
        words += _spelled([option.text for option in card.choice.options], limits.option)
    return words + _spelled([button.text for button in card.buttons], BUTTON_CHARS)


def _foot(card: Card) -> str:
    left_out = card.choice is not None and len(card.buttons) >= MAX_BUTTONS
    return "\n".join(part for part in (card.note, _OTHERS if left_out else "") if part)


def _texts(words: list[str], foot: str, limits: Limits) -> tuple[str, str]:
    """What stands in the quote box and in the body below it. The foot always stays, even when words are cut."""
    text = "\n".join(words)
    foot = cut_chars(foot, limits.text // 2)
    room = limits.text - len(foot) - 1 if foot else limits.text
    quote = ""
    if len(text) > room:
        quote = at_line(text[: limits.text])
        text = text[len(quote) :].lstrip("\n")
    body = cut_chars(text, room)
    return quote, "\n".join(part for part in (body, foot) if part)


def _buttons(card: Card) -> list[Payload]:
    """At most six; of several with one command, which WeCom refuses (42039), the first."""
    labels = _labels([button.text for button in card.buttons], BUTTON_CHARS)
    drawn: dict[str, Payload] = {}
    if card.choice is not None:
        drawn[CHOOSE] = {"text": _CONFIRM, "style": 1, "key": CHOOSE}
    for button, label in zip(card.buttons, labels, strict=True):
        drawn.setdefault(button.command, {"text": label, "style": _STYLES[button.style], "key": button.command})
    return list(drawn.values())[:MAX_BUTTONS]


def _selection(choice: Choice, limits: Limits) -> Payload:
    labels = _labels([option.text for option in choice.options], limits.option)
    options: dict[str, Payload] = {}
    for option, label in zip(choice.options, labels, strict=True):
        options.setdefault(option.command, {"id": option.command, "text": label})
    title = clip(choice.title, CHOICE_TITLE_CHARS)
    return {"question_key": QUESTION, "title": title, "option_list": list(options.values())}


def _labels(texts: list[str], limit: int) -> list[str]:
    """The texts as buttons or options show them: a long one gets its number, under which the text spells it out."""
    return [text if len(text) <= limit else clip(f"{place}. {text}", limit) for place, text in enumerate(texts, 1)]


def _spelled(texts: list[str], limit: int) -> list[str]:
    return [f"{place}. {text}" for place, text in enumerate(texts, 1) if len(text) > limit]
