"""The rules of a template card, field by field, with the code of each refusal (OD:90236; OD:101032 for the AI bot).

Lengths the documentation calls recommended only make a phone cut the text, so they are not refused; array sizes, ids,
keys and required fields are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.fields import Fields

TYPES = ("text_notice", "news_notice", "button_interaction", "vote_interaction", "multiple_interaction")
INTERACTIVE = TYPES[2:]
TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
KEY_BYTES = 1024
ID_BYTES = 128


def check_card(raw: Any, *, bot: bool = False, update: bool = False) -> dict[str, Any]:
    """The card if it follows every rule, else `Refusal`; `update` waives task_id, `bot` adds the AI bot's limits."""
    if not isinstance(raw, dict):
        raise Refusal(40058, "template_card missing")
    card = Fields(raw)
    kind = card.text("card_type", missing=42031, wrong=42031)
    refuse_if(kind not in TYPES, 42031)
    has_menu = _check_menu(card, kind)
    _check_task_id(card, required=not update and (kind in INTERACTIVE or has_menu))
    refuse_if("replace_text" in card and (not update or not calls_back(raw)), 40058, "replace_text")
    card.text("replace_text")
    _check_common(card, kind, bot)
    _BY_TYPE[kind](card, bot)
    return raw


def calls_back(card: dict[str, Any]) -> bool:
    """Whether the card can report a press, which needs a receiver and comes with a response code."""
    return card["card_type"] in INTERACTIVE or bool(card.get("action_menu"))


def _check_task_id(card: Fields, *, required: bool) -> None:
    task_id = card.text("task_id", missing=42014 if required else 0, wrong=42014)
    refuse_if(task_id and not TASK_ID.fullmatch(task_id), 42014)


def _check_menu(card: Fields, kind: str) -> bool:
    if "action_menu" not in card or kind in ("vote_interaction", "multiple_interaction"):
        return False
    actions = card.object("action_menu").objects("action_list")
    refuse_if(not 1 <= len(actions) <= 3, 40058, "action_list")
    for action in actions:
        action.text("text", missing=40058)
    keys = [action.text("key", missing=40058, most_bytes=KEY_BYTES) for action in actions]
    refuse_if(len(set(keys)) != len(keys), 42051)
    return True


def _check_common(card: Fields, kind: str, bot: bool) -> None:
    source = card.object("source")
    source.text("icon_url")
    source.text("desc")
    refuse_if(source.number("desc_color") not in (0, 1, 2, 3), 40058, "desc_color")
    title = card.object("main_title")
    title.text("title")
    title.text("desc")
    card.text("sub_title_text")
    if kind in ("vote_interaction", "multiple_interaction"):
        return
    _check_area(card.object("quote_area"), ("title", "quote_text"))
    _check_rows(card, bot)


def _check_target(item: Fields, kind: int) -> None:
    """A type 1 needs a url with a scheme, a type 2 a mini program."""
    if kind == 1:
        refuse_if("://" not in item.text("url", missing=42028), 42028)
    if kind == 2:
        item.text("appid", missing=42030)


def _check_area(area: Fields, texts: tuple[str, ...]) -> None:
    kind = area.number("type")
    refuse_if(kind not in (0, 1, 2), 40058, "type")
    _check_target(area, kind)
    for name in texts:
        area.text(name)


def _check_rows(card: Fields, bot: bool) -> None:
    rows = card.objects("horizontal_content_list")
    refuse_if(len(rows) > 6, 42035)
    for row in rows:
        row.text("keyname", missing=42027)
        row.text("value")
        kind = row.number("type")
        refuse_if(kind not in ((0, 1, 3) if bot else (0, 1, 2, 3)), 40058, "horizontal_content_list.type")
        if kind == 1:
            row.text("url", missing=42028)
        if kind == 2:
            row.text("media_id", missing=42029)
        if kind == 3:
            row.text("userid", missing=42050, wrong=42050)


def _check_jumps(card: Fields, bot: bool) -> None:
    jumps = card.objects("jump_list")
    refuse_if(len(jumps) > 3, 42042)
    for jump in jumps:
        jump.text("title", missing=42033)
        kind = jump.number("type")
        refuse_if(kind not in ((0, 1, 2, 3) if bot else (0, 1, 2)), 40058, "jump_list.type")
        _check_target(jump, kind)


def _check_action(card: Fields, *, required: bool) -> None:
    action = card.object("card_action", missing=42045 if required else 0, wrong=42045)
    kind = action.number("type", wrong=42045)
    refuse_if(kind not in ((1, 2) if required else (0, 1, 2)), 42045)
    _check_target(action, kind)


def _check_text_notice(card: Fields, bot: bool) -> None:
    refuse_if(not card.object("main_title").text("title") and not card.text("sub_title_text"), 42033)
    emphasis = card.object("emphasis_content")
    emphasis.text("title")
    emphasis.text("desc")
    _check_jumps(card, bot)
    _check_action(card, required=True)


def _check_news_notice(card: Fields, bot: bool) -> None:
    card.object("main_title").text("title", missing=42033)
    area = card.object("image_text_area")
    if "image_text_area" in card:
        area.text("image_url", missing=42044)
    else:
        card.object("card_image", missing=42044).text("url", missing=42044)
    _check_area(area, ("title", "desc"))
    ratio = card.object("card_image").raw.get("aspect_ratio", 1.3)
    refuse_if(isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 1.3 <= ratio <= 2.25, 42044, "ratio")
    lines = card.objects("vertical_content_list")
    refuse_if(len(lines) > 4, 42036)
    for line in lines:
        line.text("title", missing=42033)
        line.text("desc")
    _check_jumps(card, bot)
    _check_action(card, required=True)


def _check_buttons(card: Fields, bot: bool) -> None:
    card.object("main_title").text("title", missing=42033)
    buttons = card.objects("button_list", wrong=42038)
    refuse_if(not 1 <= len(buttons) <= 6, 42038, "button_list size")
    for button in buttons:
        button.text("text", missing=42038, wrong=42038)
        button.number("style")
        kind = button.number("type")
        refuse_if(kind not in ((0,) if bot else (0, 1)), 40058, "button_list.type")
        if kind == 1:
            _check_target(button, 1)
    keys = [b.text("key", missing=42039, most_bytes=KEY_BYTES, wrong=42039) for b in buttons if not b.number("type")]
    refuse_if(len(set(keys)) != len(keys), 42039)
    if "button_selection" in card:
        _check_question(card.object("button_selection"), 10)
    _check_action(card, required=False)


def _check_question(question: Fields, most: int) -> None:
    question.text("question_key", missing=42043, most_bytes=KEY_BYTES, wrong=42043)
    question.text("title")
    question.text("selected_id")
    question.flag("disable")
    options = question.objects("option_list")
    refuse_if(not 1 <= len(options) <= most, 42037)
    for option in options:
        option.text("text", missing=42041, wrong=42041)
        option.flag("is_checked")
    ids = [option.text("id", missing=42040, most_bytes=ID_BYTES, wrong=42040) for option in options]
    refuse_if(len(set(ids)) != len(ids), 42040)


def _check_submit(card: Fields) -> None:
    submit = card.object("submit_button", missing=42046)
    submit.text("key", missing=42046, most_bytes=KEY_BYTES, wrong=42046)
    submit.text("text", missing=42049, wrong=42049)


def _check_vote(card: Fields, bot: bool) -> None:
    card.object("main_title", missing=40058)
    box = card.object("checkbox", missing=42043)
    _check_question(box, 20)
    refuse_if(box.number("mode") not in (0, 1), 40058, "checkbox.mode")
    _check_submit(card)


def _check_multiple(card: Fields, bot: bool) -> None:
    card.object("main_title", missing=40058)
    selects = card.objects("select_list", wrong=42047)
    refuse_if(not 1 <= len(selects) <= 3, 42047)
    for select in selects:
        _check_question(select, 10)
    keys = [select.text("question_key") for select in selects]
    refuse_if(len(set(keys)) != len(keys), 42043)
    _check_submit(card)


_BY_TYPE: dict[str, Callable[[Fields, bool], None]] = {
    "text_notice": _check_text_notice,
    "news_notice": _check_news_notice,
    "button_interaction": _check_buttons,
    "vote_interaction": _check_vote,
    "multiple_interaction": _check_multiple,
}
