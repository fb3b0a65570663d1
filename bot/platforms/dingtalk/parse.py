"""What DingTalk delivers, as events: the same bodies come over Stream and over HTTP (DingTalk docs, Stream mode)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from bot.events import AnyEvent, Click, DirectoryChange, Message, Origin, Unheard, Unknown
from bot.platforms.base import Rejected

Door = Literal["dingtalk_stream", "dingtalk_http"]

QUOTA_GONE = "20001"  # the robot frame carries this instead of its text once the month's pushes are used up
COMMAND = "command"  # the parameter that carries a packed command on a card of our own template
MAX_PEOPLE = 100  # more in one event: the whole directory is read again instead

_LEFT = "user_leave_org"
_PEOPLE = {_LEFT, "user_add_org", "user_modify_org", "user_active_org", "org_admin_add", "org_admin_remove"}
_UNITS = {"org_dept_create", "org_dept_modify", "org_dept_remove"}
_INVISIBLE = "\u200b\ufeff"

S = TypeVar("S")


class _Robot(Struct, rename="camel"):
    """A robot message; only what is used is declared, so that nothing else can be malformed."""

    msg_id: str
    msgtype: str = ""
    create_at: int | None = None
    conversation_type: str | int = "1"
    conversation_id: str = ""
    sender_nick: str | None = None
    sender_staff_id: str | None = None
    sender_corp_id: str | None = None
    robot_code: str | None = None
    session_webhook: str | None = None
    session_webhook_expired_time: int | None = None
    text: dict[str, Any] | None = None
    content: Any = None
    error_code: str | int | None = None
    err_code: str | int | None = None


class _Callback(Struct, rename="camel"):
    """A card callback; `value` is another spelling of `content`."""

    out_track_id: str
    user_id: str
    type: str = "actionCallback"
    corp_id: str | None = None
    space_type: str | None = None
    space_id: str | None = None
    content: Any = None
    value: Any = None


def message(body: bytes | str | Mapping[str, Any], door: Door, now: datetime, *, robot: str = "") -> Message | Unheard:
    """The event of a robot message. With `robot`, one for another robot is refused. Raises Rejected."""
    raw = _shape(body, _Robot)
    if not raw.msg_id:
        raise Rejected(400, "a robot message without msgId")
    if robot and raw.robot_code and raw.robot_code != robot:
        raise Rejected(403, "a message for another robot")
    key, origin = f"dingtalk:m:{raw.msg_id}", _origin(raw, door)
    sent_at = moment(raw.create_at) if raw.create_at is not None else now
    code = str(raw.error_code or raw.err_code or "")
    if code and not raw.text and not raw.content:
        return Unheard(key, origin, sent_at, kind="other", detail="quota" if code == QUOTA_GONE else f"error {code}")
    words, via, quoted = _words(raw)
    if words is not None:
        return Message(key, origin, sent_at, text=words, via=via, quoted=quoted)
    kind, detail = _unheard(raw)
    return Unheard(key, origin, sent_at, kind=kind, detail=detail)


def click(body: bytes | str | Mapping[str, Any], door: Door, key: str, at: datetime) -> Click:
    """The event of a card callback, which carries no id and no time of its own. Raises Rejected, Unknown."""
    raw = _shape(body, _Callback)
    if raw.type != "actionCallback":
        raise Unknown(f"card callback {raw.type[:40]}")
    if not raw.user_id or not raw.out_track_id:
        raise Rejected(400, "a card callback without userId or outTrackId")
    content = _mapping(raw.content if raw.content is not None else raw.value)
    private = _mapping(content.get("cardPrivateData"))
    params = _mapping(private.get("params"))
    actions = private.get("actionIds")
    action = next((item for item in actions if isinstance(item, str)), "") if isinstance(actions, list) else ""
    command = params.get(COMMAND)
    button = command if isinstance(command, str) and command else action
    if not button:
        raise Unknown("card callback without an action")
    in_group = (raw.space_type or "").upper() == "IM_GROUP"
    group = raw.space_id or "" if in_group else ""
    origin = Origin("dingtalk", door, raw.user_id, corp_id=raw.corp_id or "", group=group)
    return Click(f"dingtalk:c:{key}", origin, at, button=button, card=raw.out_track_id, selected=_selected(params))


def costs_push(kind: str) -> bool:
    """Whether an event that nobody handles counts against the month's pushes: those of the contacts do not."""
    return not kind.startswith(("user_", "org_", "label_"))


def changes(kind: str, event_id: str, data: Mapping[str, Any], door: Door, at: datetime) -> list[AnyEvent]:
    """The events of a subscribed event; its keys are read whatever their case. Raises Unknown."""
    fields = {str(name).lower(): value for name, value in data.items()}
    if kind not in _PEOPLE | _UNITS:
        raise Unknown(kind[:80] or "event without a type")
    key = f"dingtalk:e:{event_id or digest(kind, msgspec.json.encode(fields, order='sorted'))}"
    origin = Origin("dingtalk", door, "", corp_id=_text(fields.get("corpid")))
    people = _people(fields.get("userid")) if kind in _PEOPLE else []
    if not 0 < len(people) <= MAX_PEOPLE:
        return [DirectoryChange(key, origin, at)]
    return [DirectoryChange(f"{key}:{person}", origin, at, user_id=person, left=kind == _LEFT) for person in people]


def moment(milliseconds: object) -> datetime:
    """An epoch in ms (a number or its digits) as aware UTC. Raises Rejected for what is no moment."""
    try:
        return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Rejected(400, "a time that is none") from error


def mapping(data: bytes | str | Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object that may already be decoded. Raises Rejected."""
    try:
        value = msgspec.json.decode(data) if isinstance(data, (bytes, str)) else data
    except (msgspec.DecodeError, UnicodeDecodeError, UnicodeEncodeError, RecursionError) as error:
        raise Rejected(400, "not JSON") from error
    return dict(value) if isinstance(value, Mapping) else _no_object()


def digest(*parts: bytes | str) -> str:
    """An identity for what has none: a hash of everything that tells it from others."""
    joined = b"\n".join(part.encode() if isinstance(part, str) else part for part in parts)
    return hashlib.sha256(joined).hexdigest()[:40]


def _no_object() -> NoReturn:
    raise Rejected(400, "not a JSON object")


def _shape(body: bytes | str | Mapping[str, Any], shape: type[S]) -> S:
    try:
        return msgspec.convert(mapping(body), shape, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Rejected(400, f"malformed: {str(error)[:120]}") from error


def _origin(raw: _Robot, door: Door) -> Origin:
    until = raw.session_webhook_expired_time
    return Origin(
        "dingtalk",
        door,
        raw.sender_staff_id or "",
        corp_id=raw.sender_corp_id or "",
        name=raw.sender_nick or "",
        group=raw.conversation_id if str(raw.conversation_type) == "2" else "",
        reply_token=raw.session_webhook or "",
        reply_until=moment(until) if raw.session_webhook and until else None,
    )


def _words(raw: _Robot) -> tuple[str | None, Literal["text", "voice"], str]:
    """What was said (None: nothing that can be read), how, and what it answers."""
    content = _mapping(raw.content)
    if raw.msgtype == "audio":
        return _clean(_text(content.get("recognition"))) or None, "voice", ""
    if raw.msgtype == "richText":
        return _clean(_joined(content.get("richText"))) or None, "text", ""
    if raw.msgtype == "text" and raw.text is not None:
        said = raw.text.get("content")
        return (_clean(said), "text", _quoted(raw.text)) if isinstance(said, str) else (None, "text", "")
    return None, "text", ""


def _unheard(raw: _Robot) -> tuple[Literal["voice", "image", "file", "video", "link", "other"], str]:
    content = _mapping(raw.content)
    if raw.msgtype == "audio":
        return "voice", ""
    if raw.msgtype in ("richText", "picture"):
        return "image", ""
    if raw.msgtype == "file":
        return "file", _text(content.get("fileName"))
    return ("video", "") if raw.msgtype == "video" else ("other", raw.msgtype[:40])


def _joined(parts: object) -> str:
    """The texts of a rich text, pictures left out."""
    if not isinstance(parts, list):
        return ""
    return "".join(_text(part.get("text")) for part in parts if isinstance(part, dict))


def _quoted(text: Mapping[str, Any]) -> str:
    content = _mapping(_mapping(text.get("repliedMsg")).get("content"))
    return _clean(_text(content.get("text")) or _joined(content.get("richText")))


def _selected(params: Mapping[str, Any]) -> dict[str, str]:
    """What was chosen in the card's fields; a select answers {index, value}."""
    chosen = {}
    for name, value in params.items():
        picked = value.get("value") if isinstance(value, dict) else value
        if name != COMMAND and isinstance(picked, (str, int, float)):
            chosen[str(name)] = str(picked)
    return chosen


def _people(value: object) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(item for item in listed if isinstance(item, str) and item))


def _mapping(value: object) -> Mapping[str, Any]:
    """An object, or one inside a JSON string; anything else is empty."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _clean(text: str) -> str:
    """Without the space that stays behind where DingTalk cut the leading @robot away."""
    return text.strip().strip(_INVISIBLE).strip()
