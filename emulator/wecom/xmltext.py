"""XML as the platform writes it, and reading a receiver's answer with its PascalCase cards (OD:90239, OD:90241)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from emulator.wecom.errors import Refusal

INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # must not occur in XML
CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
IRREGULAR = {"KeyName": "keyname", "UserId": "userid", "AppId": "appid", "PagePath": "pagepath", "CheckBox": "checkbox"}
LISTS = {
    "horizontal_content_list", "jump_list", "vertical_content_list", "button_list", "action_list", "option_list",
    "select_list",
}  # fmt: skip
INTEGERS = {"type", "style", "desc_color", "mode"}
BOOLEANS = {"is_checked", "disable"}


def to_xml(fields: Mapping[str, Any], root: str = "xml") -> str:
    """`<xml>…</xml>`: strings in CDATA, numbers bare, mappings nested, lists repeated under their name."""
    return f"<{root}>{''.join(_element(name, value) for name, value in fields.items())}</{root}>"


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return to_xml(value, name)
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, str):
        safe = INVALID.sub("", value).replace("]]>", "]]]]><![CDATA[>")
        return f"<{name}><![CDATA[{safe}]]></{name}>"
    return f"<{name}>{value}</{name}>"


def from_xml(data: bytes) -> dict[str, Any]:
    """The root's children: text, nested dicts, and lists where a name repeats; ValueError when it is not XML."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ValueError("document type definitions are refused")
    try:
        value = _value(ElementTree.fromstring(data))  # noqa: S314 - no DTD gets here, so no entity expands
    except ElementTree.ParseError as error:
        raise ValueError("not XML") from error
    return value if isinstance(value, dict) else {}


def _value(element: ElementTree.Element) -> Any:
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        value = _value(child)
        if child.tag in found:
            earlier = found[child.tag]
            found[child.tag] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            found[child.tag] = value
    return found


def card_from_xml(value: Any) -> dict[str, Any]:
    """A template card in the API's JSON names and types from the PascalCase of a passive reply."""
    card = _card_value("", value)
    if not isinstance(card, dict):
        raise Refusal(40058, "TemplateCard")
    return card


def _card_value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_card_value("", item) for item in value]
    if isinstance(value, dict):
        names = {key: IRREGULAR.get(key) or CAPITAL.sub("_", key).lower() for key in value}
        read = {names[key]: _card_value(names[key], item) for key, item in value.items()}
        return {key: [item] if key in LISTS and not isinstance(item, list) else item for key, item in read.items()}
    try:
        if name in INTEGERS:
            return int(value)
        if name == "aspect_ratio":
            return float(value)
    except ValueError as error:
        raise Refusal(40058, name) from error
    return value.lower() in ("true", "1") if name in BOOLEANS else value
