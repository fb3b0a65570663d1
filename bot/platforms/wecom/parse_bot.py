"""What the AI bot's connection delivers, as events (OD:100719, OD:101027, OD:101463)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from bot.events import AnyEvent, Click, Enter, Message, Origin, Unheard, Unknown
from bot.platforms.base import Rejected
from bot.platforms.wecom.parse import MAX_SECONDS

MESSAGE, ENTER, CLICK = "message", "enter", "click"
"""What a callback was decides which command may answer it: `Origin.reply_token` is this word, a colon, and the req_id."""

_ANSWER_WITHIN = {MESSAGE: timedelta(hours=24), ENTER: timedelta(seconds=5), CLICK: timedelta(seconds=5)}
_UNHEARD: dict[str, Literal["image", "file", "video"]] = {"image": "image", "file": "file", "video": "video"}
_IGNORED = {"feedback_event"}
_MENTION = re.compile(r"^\s*@\S+\s*")  # WeCom ends a mention with a space, often U+2005

Fields = Mapping[str, Any]


def parse_bot(body: Fields, req_id: str, received: datetime) -> AnyEvent | None:
    """The event in the body of a callback frame; None = deliberately ignored.

    `received` (aware UTC) starts the time in which the answer must be given, and stands in for a missing create_time.
    Raises Unknown for a kind nobody handles, Rejected(400) where a needed field is missing.
    """
    kind = _text(body, "msgtype")
    if kind == "event":
        return _event(body, req_id, received)
    key, origin, sent_at = _common(body, MESSAGE, req_id, received)
    if kind in _UNHEARD:
        return Unheard(key, origin, sent_at, kind=_UNHEARD[kind])
    if kind not in ("text", "mixed", "voice"):
        raise Unknown(kind or "no msgtype")
    words = _words(body)
    if not words and kind != "text":
        return Unheard(key, origin, sent_at, kind="voice" if kind == "voice" else "image")
    text = _MENTION.sub("", words) if origin.group else words
    via: Literal["voice", "text"] = "voice" if kind == "voice" else "text"
    return Message(key, origin, sent_at, text=text.strip(), via=via, quoted=_words(_object(body, "quote")))


def _event(body: Fields, req_id: str, received: datetime) -> AnyEvent | None:
    event = _object(body, "event")
    kind = _text(event, "eventtype")
    if kind in _IGNORED:
        return None
    if kind == "enter_chat":
        return Enter(*_common(body, ENTER, req_id, received))
    if kind != "template_card_event":
        raise Unknown(f"event {kind}")
    click = _object(event, "template_card_event")
    button, card = _text(click, "event_key"), _text(click, "task_id")
    if not button:
        raise Rejected(400, "no event_key")
    return Click(*_common(body, CLICK, req_id, received), button=button, card=card, selected=_selected(click))


def _common(body: Fields, kind: str, req_id: str, received: datetime) -> tuple[str, Origin, datetime]:
    """Key, origin and time."""
    sender = _object(body, "from")
    user = _text(sender, "userid")
    if not user:
        raise Rejected(400, "no from.userid")
    origin = Origin(
        platform="wecom",
        door="wecom_bot",
        user_id=user,
        corp_id=_text(sender, "corpid"),  # for people of other companies only
        group=_text(body, "chatid") if _text(body, "chattype") == "group" else "",
        reply_token=f"{kind}:{req_id}" if req_id else "",
        reply_until=received + _ANSWER_WITHIN[kind],
    )
    return _key(body), origin, _sent_at(body, received)


def _key(body: Fields) -> str:
    message = _text(body, "msgid")
    return f"wecom_bot:{message or hashlib.sha256(msgspec.json.encode(body, order='sorted')).hexdigest()[:40]}"


def _sent_at(body: Fields, received: datetime) -> datetime:
    value = body.get("create_time")
    known = isinstance(value, int) and 0 < value <= MAX_SECONDS
    return datetime.fromtimestamp(value, UTC) if known and isinstance(value, int) else received


def _words(body: Fields) -> str:
    """What was written or spoken in a message or a quote: the transcript of a voice, the text parts of a mixed one."""
    if _text(body, "msgtype") == "mixed":
        items = _object(body, "mixed").get("msg_item")
        parts = [_words(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        return "\n".join(part for part in parts if part)
    return _text(_object(body, "text"), "content") or _text(_object(body, "voice"), "content")


def _selected(click: Fields) -> dict[str, str]:
    items = _object(click, "selected_items").get("selected_item")
    answers = {}
    for item in items if isinstance(items, list) else []:
        options = _object(item, "option_ids").get("option_id") if isinstance(item, dict) else None
        if isinstance(options, list) and options and isinstance(options[0], str):
            answers[_text(item, "question_key")] = options[0]
    return answers


def _object(fields: Fields, name: str) -> Fields:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
