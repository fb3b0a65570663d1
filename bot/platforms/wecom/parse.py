"""What WeCom delivers to the app and to the 客户联系 receiver, as events (OD:90239, OD:90240, OD:90970, OD:92130)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from bot.events import (
    AnyEvent,
    Click,
    ContactChange,
    DirectoryChange,
    Enter,
    Location,
    MenuClick,
    Message,
    Origin,
    TagChange,
    Unheard,
    Unknown,
)
from bot.platforms.base import Rejected

Fields = Mapping[str, Any]
Change = Literal["added", "half_added", "edited", "left", "deleted", "transfer_failed"]

MAX_SECONDS = 4_102_444_800  # the year 2100: a later CreateTime is no time
_ENVELOPE = {"ToUserName", "AgentID"}  # may differ where the app and the 客户联系 receiver hear of the same thing
_UNHEARD: dict[str, Literal["voice", "image", "video", "link", "file"]] = {
    "voice": "voice",
    "image": "image",
    "video": "video",
    "link": "link",
    "file": "file",
}
# Known and of no use here: the passive position report, pages opened, joining and leaving the visible range (the
# directory tells), results of jobs we never start.
_IGNORED = {
    "LOCATION", "subscribe", "unsubscribe", "view", "view_miniprogram", "batch_job_result", "upload_media_job_finish",
    "share_agent_change", "share_chain_change",
}  # fmt: skip
_CONTACT_CHANGES: dict[str, Change] = {
    "add_external_contact": "added",
    "add_half_external_contact": "half_added",
    "edit_external_contact": "edited",
    "del_external_contact": "deleted",
    "del_follow_user": "left",
    "transfer_fail": "transfer_failed",
}


def parse(fields: Fields) -> AnyEvent | None:
    """The event in an opened callback (XML or JSON variant: the names are the same); None = deliberately ignored.

    Raises Unknown for a kind nobody handles, Rejected(400) where a needed field is missing or makes no sense.
    """
    kind = text_of(fields, "MsgType")
    if kind == "event":
        return _event(fields)
    if kind == "text":
        return Message(key_of(fields), _origin(fields), _sent_at(fields), text=text_of(fields, "Content").strip())
    if kind == "location":
        return _location(fields)
    if kind in _UNHEARD:
        detail = text_of(fields, "Title") or text_of(fields, "Url")
        return Unheard(key_of(fields), _origin(fields), _sent_at(fields), kind=_UNHEARD[kind], detail=detail)
    if not kind:
        raise Rejected(400, "no MsgType")
    raise Unknown(kind)


def text_of(fields: Fields, name: str) -> str:
    """The field as text; "" when it is absent. Raises Rejected(400) when it is an object or a list."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Rejected(400, f"{name} is no text")


def key_of(fields: Fields) -> str:
    """The same for every delivery of one thing: MsgId, or for events, which have none, a digest of all they say.

    The documentation names FromUserName and CreateTime (OD:90238), but several system events share both; a card event
    carries its ResponseCode, so that two presses differ and a redelivery does not.
    """
    if message := text_of(fields, "MsgId"):
        return f"wecom:{message}"
    said = sorted((name, value) for name, value in fields.items() if name not in _ENVELOPE)
    digest = hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()[:40]
    return f"wecom:{text_of(fields, 'Event')[:40]}:{text_of(fields, 'CreateTime')[:12]}:{digest}"


def _event(fields: Fields) -> AnyEvent | None:
    kind = text_of(fields, "Event")
    if kind in _IGNORED:
        return None
    reader = _EVENTS.get(kind)
    if reader is None:
        change = text_of(fields, "ChangeType")
        raise Unknown(f"event {kind} {change}".strip())
    return reader(fields)


def _enter(fields: Fields) -> AnyEvent:
    return Enter(key_of(fields), _origin(fields), _sent_at(fields))


def _menu(fields: Fields) -> AnyEvent:
    return MenuClick(key_of(fields), _origin(fields), _sent_at(fields), menu=_needed(fields, "EventKey"))


def _click(fields: Fields) -> AnyEvent:
    return Click(
        key_of(fields),
        _origin(fields),
        _sent_at(fields),
        button=_needed(fields, "EventKey"),
        card=text_of(fields, "TaskId"),
        response_code=text_of(fields, "ResponseCode"),
        selected=dict(_selected(fields.get("SelectedItems"))),
    )


def _selected(items: Any) -> list[tuple[str, str]]:
    """Question and chosen option. Older deliveries spell OptionIds with a slip: OpitonIds."""
    answers = []
    for item in _many(items, "SelectedItem"):
        if not isinstance(item, dict):
            raise Rejected(400, "SelectedItem is no object")
        options = item.get("OptionIds") or item.get("OpitonIds")
        chosen = _many(options, "OptionId") or _many(options, "OpitonId")
        if chosen and isinstance(chosen[0], str):
            answers.append((text_of(item, "QuestionKey"), chosen[0]))
    return answers


def _many(value: Any, name: str) -> list[Any]:
    """The repeated elements in a container: XML gives a container of one or many, JSON may give the list itself."""
    inner = value.get(name) if isinstance(value, dict) else value
    if isinstance(inner, list):
        return inner
    return [inner] if inner else []


def _location(fields: Fields) -> AnyEvent:
    return Location(
        key_of(fields),
        _origin(fields),
        _sent_at(fields),
        latitude=_degrees(fields, "Location_X", 90),
        longitude=_degrees(fields, "Location_Y", 180),
        label=text_of(fields, "Label").strip(),
    )


def _contact(fields: Fields) -> AnyEvent | None:
    kind = text_of(fields, "ChangeType")
    if kind == "msg_audit_approved":
        return None
    if kind not in _CONTACT_CHANGES:
        raise Unknown(f"event change_external_contact {kind}")
    return ContactChange(
        key_of(fields),
        _origin(fields, "UserID"),
        _sent_at(fields),
        change=_CONTACT_CHANGES[kind],
        external_user_id=_needed(fields, "ExternalUserID"),
        state=text_of(fields, "State"),
        welcome_code=text_of(fields, "WelcomeCode"),
        detail=text_of(fields, "Source") or text_of(fields, "FailReason"),
    )


def _directory(fields: Fields) -> AnyEvent | None:
    kind = text_of(fields, "ChangeType")
    if kind == "update_tag":
        return None
    if kind.endswith("_user"):
        # A renamed member is one id gone and one new: everything is read again.
        user = "" if text_of(fields, "NewUserID") else _needed(fields, "UserID")
        return DirectoryChange(
            key_of(fields), _origin(fields), _sent_at(fields), user_id=user, left=kind == "delete_user"
        )
    if kind.endswith("_party"):
        return DirectoryChange(key_of(fields), _origin(fields), _sent_at(fields))
    raise Unknown(f"event change_contact {kind}")


def _tags(fields: Fields) -> AnyEvent:
    return TagChange(key_of(fields), _origin(fields), _sent_at(fields), remote_id=text_of(fields, "Id"))


_EVENTS: dict[str, Callable[[Fields], AnyEvent | None]] = {
    "enter_agent": _enter,
    "click": _menu,
    "template_card_event": _click,
    "template_card_menu_event": _click,
    "change_external_contact": _contact,
    "change_contact": _directory,
    "change_external_tag": _tags,
}


def _origin(fields: Fields, who: str = "FromUserName") -> Origin:
    """The speaker; for changes of contacts the member concerned, as those events come from "sys"."""
    return Origin(platform="wecom", door="wecom_app", user_id=_needed(fields, who))


def _needed(fields: Fields, name: str) -> str:
    value = text_of(fields, name)
    if not value:
        raise Rejected(400, f"no {name}")
    return value


def _sent_at(fields: Fields) -> datetime:
    text = _needed(fields, "CreateTime")
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= MAX_SECONDS):
        raise Rejected(400, "CreateTime is no time")
    return datetime.fromtimestamp(int(text), UTC)


def _degrees(fields: Fields, name: str, most: int) -> float:
    try:
        value = float(_needed(fields, name))
    except ValueError as error:
        raise Rejected(400, f"{name} is no number") from error
    if not math.isfinite(value) or abs(value) > most:
        raise Rejected(400, f"{name} is no place")
    return value
