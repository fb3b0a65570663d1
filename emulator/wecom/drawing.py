"""From the platform's message JSON to what a phone draws; nothing is checked here, that happened before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.screen import Button, Choice, Shown

Names = Callable[[str], str]  # userid -> name on the card
STYLES = {1: "primary", 3: "danger"}
MENU = "menu"  # style of a button behind the card's ⋯


def _rows(card: dict[str, Any], names: Names) -> list[tuple[str, str]]:
    rows = []
    for item in card.get("horizontal_content_list") or []:
        value = item.get("value") or (names(item["userid"]) if item.get("userid") else item.get("url", ""))
        rows.append((item["keyname"], value))
    rows += [(item["title"], item.get("desc", "")) for item in card.get("vertical_content_list") or []]
    if emphasis := card.get("emphasis_content"):
        rows.append((emphasis.get("desc", ""), emphasis.get("title", "")))
    return rows


def _body(card: dict[str, Any]) -> str:
    quote = card.get("quote_area") or {}
    area = card.get("image_text_area") or {}
    lines = [quote.get("title", ""), quote.get("quote_text", ""), card.get("sub_title_text", "")]
    return "\n".join(line for line in [*lines, area.get("title", ""), area.get("desc", "")] if line)


def _buttons(card: dict[str, Any]) -> list[Button]:
    buttons = [
        Button(item.get("key", ""), item["text"], STYLES.get(item.get("style", 1), "default"), item.get("url", ""))
        for item in card.get("button_list") or []
    ]
    buttons += [Button("", item["title"], url=item.get("url", "")) for item in card.get("jump_list") or []]
    action = card.get("card_action") or {}
    if action.get("type") == 1 and not card.get("button_list"):
        buttons.append(Button("", "查看详情", url=action["url"]))
    menu = (card.get("action_menu") or {}).get("action_list") or []
    return buttons + [Button(item["key"], item["text"], MENU) for item in menu]


def questions(card: dict[str, Any]) -> list[dict[str, Any]]:
    """The select fields of a card, each with question_key and option_list."""
    single = [card[name] for name in ("button_selection", "checkbox") if card.get(name)]
    return single + list(card.get("select_list") or [])


def preselected(question: dict[str, Any]) -> list[str]:
    """The options a phone starts with: the checked ones, the selected one, else the first of a drop-down."""
    options = question["option_list"]
    if any("is_checked" in option for option in options) or "mode" in question:
        return [option["id"] for option in options if option.get("is_checked")]
    ids = [option["id"] for option in options]
    return [question["selected_id"]] if question.get("selected_id") in ids else ids[:1]


def _choice(card: dict[str, Any]) -> Choice | None:
    for question in questions(card):
        options = [(option["id"], option["text"]) for option in question["option_list"]]
        selected = (preselected(question) or [""])[0]
        return Choice(question["question_key"], question.get("title", ""), options, selected)
    return None


def draw_card(shown: Shown, card: dict[str, Any], names: Names) -> None:
    """Put a template card's face on `shown`, replacing what was there."""
    title = card.get("main_title") or {}
    shown.kind = "card"
    shown.title, shown.subtitle = title.get("title", ""), title.get("desc", "")
    shown.body = _body(card)
    shown.rows = _rows(card, names)
    for other in questions(card)[1:]:  # a phone draws several drop-downs; the common picture has room for one
        shown.rows.append((other.get("title", ""), " / ".join(option["text"] for option in other["option_list"])))
    shown.buttons = _buttons(card)
    shown.choice = _choice(card)
    submit = card.get("submit_button")
    shown.submit = Button(submit["key"], submit["text"], "primary") if submit else None
    shown.disabled = any(question.get("disable") for question in questions(card))
    if text := card.get("replace_text"):
        grey_out(shown, text, "")


def grey_out(shown: Shown, text: str, key: str) -> None:
    """The pressed button (or the only one meant) carries `text` and nothing can be pressed any more."""
    shown.disabled = True
    if shown.submit:
        shown.submit = Button(shown.submit.key, text, "disabled")
        return
    callbacks = [button for button in shown.buttons if not button.url and button.style != MENU]
    pressed = next((button for button in callbacks if button.key == key), callbacks[0] if callbacks else None)
    for button in callbacks:
        button.style = "disabled"
        if button is pressed:
            button.text = text


def draw_article(shown: Shown, article: dict[str, Any]) -> None:
    """A textcard or the first article of a news message."""
    shown.kind = "card"
    shown.title, shown.body = article.get("title", ""), article.get("description", "")
    if article.get("url"):
        shown.buttons = [Button("", article.get("btntxt") or "详情", url=article["url"])]
