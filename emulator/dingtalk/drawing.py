"""How cards look: from a template's variables to what a person reads and can tap."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emulator.dingtalk.calls import decode
from emulator.dingtalk.records import Card
from emulator.screen import Button, Shown

STYLES = {"blue": "primary", "red": "danger"}
FLOW = {"1": "处理中…", "2": "正在输入…", "4": "执行中…", "5": "执行失败"}
BUTTON_VARIABLES = ("sys_full_json_obj", "buttons", "btns")
WORDS = {
    "title": ("title", "msgTitle"),
    "body": ("markdown", "content", "msgContent", "staticMsgContent", "tips"),
}
SILENT = {"logo", "flowStatus", "lastMessage", "config"}  # variables that are not words


@dataclass(slots=True)
class Face:
    """One look of a card."""

    title: str = ""
    subtitle: str = ""
    body: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)

    def put_on(self, shown: Shown) -> bool:
        """Make the picture look so; whether that changed anything."""
        changed = False
        for name in ("title", "subtitle", "body", "rows", "buttons"):
            changed |= getattr(shown, name) != getattr(self, name)
            setattr(shown, name, getattr(self, name))
        return changed


def draw_card(card: Card, person: str) -> Face:
    """What one person sees of a card.

    Variables with the names of the public templates are drawn as those draw them; those of any other template become
    rows: a JSON array of {"k", "v"} or {"label", "value"} several, a string one.
    """
    seen = card.seen_by(person)
    face = Face(subtitle=FLOW.get(seen.get("flowStatus", ""), ""))
    face.title = next((seen[name] for name in WORDS["title"] if seen.get(name)), "")
    face.body = "\n\n".join(seen[name] for name in WORDS["body"] if seen.get(name))
    for name, value in seen.items():
        if name in BUTTON_VARIABLES:
            face.buttons += _buttons(value)
        elif name not in SILENT and not any(name in names for names in WORDS.values()):
            face.rows += _rows(name, value)
    return face


def _buttons(value: str) -> list[Button]:
    """The buttons in `{"msgButtons": […]}` or a plain array; a client draws nothing for what it cannot read."""
    listed = _decode(value)
    listed = listed.get("msgButtons") if isinstance(listed, dict) else listed
    return [_button(item) for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _button(item: dict[str, Any]) -> Button:
    """A button; only one with `request` calls back, any other opens its url."""
    calls_back = item.get("request") is True
    url = "" if calls_back else str(item.get("url") or "about:blank")
    key = str(item.get("id") or item.get("actionId") or item.get("text") or "")
    return Button(key, str(item.get("text") or ""), STYLES.get(str(item.get("color")), "default"), url)


def _rows(name: str, value: str) -> list[tuple[str, str]]:
    listed = _decode(value)
    if isinstance(listed, list):
        pairs = [
            (item.get("k") or item.get("label"), item.get("v") or item.get("value"))
            for item in listed
            if isinstance(item, dict)
        ]
        return [(str(label), str(text)) for label, text in pairs if label and text]
    return [(name, value)] if value else []


def _decode(value: str) -> Any:
    try:
        return decode(value)
    except ValueError:
        return None
