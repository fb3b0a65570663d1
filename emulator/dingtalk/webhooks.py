"""Replies through a sessionWebhook, and the message formats it shares with HTTP answers (DingTalk docs, 机器人回复消息)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.dingtalk.calls import Call, Endpoint
from emulator.dingtalk.errors import Refusal, refuse_if
from emulator.dingtalk.records import Conversation
from emulator.dingtalk.world import World
from emulator.screen import Button, Kind, Shown

MENTIONED = 50  # people in one message


def send_by_session(world: World, call: Call) -> dict[str, Any]:
    """POST /robot/sendBySession?session=…: a message into the conversation of the message that brought the address."""
    session = world.sessions.get(call.query.get("session", ""))
    if session is None or call.now >= session.expires:
        raise Refusal(300001)
    show_message(world, session.conversation, call.body, call.wire)
    return {}


def show_message(world: World, conversation: Conversation, body: Mapping[str, Any], wire: dict[str, Any]) -> None:
    """Draw a reply at the end of a conversation; nothing for `empty`, a refusal for what is no message."""
    shown = draw_message(world, body)
    if shown is not None:
        shown.wire = [wire]
        world.show(conversation, shown)


def draw_message(world: World, body: Mapping[str, Any]) -> Shown | None:
    """A picture of the body; None for `empty`. Refuses a missing (40035) or unknown (400105) msgtype and missing members."""
    msgtype = body.get("msgtype")
    refuse_if(not isinstance(msgtype, str) or not msgtype, 40035)
    if msgtype == "empty":
        return None
    draw = DRAWERS.get(str(msgtype))
    if draw is None:
        raise Refusal(400105)
    part = body.get(str(msgtype))
    if not isinstance(part, dict):
        raise _missing(str(msgtype), "")
    at = body.get("at")
    mentioned = at.get("atUserIds") if isinstance(at, dict) else None
    refuse_if(isinstance(mentioned, list) and len(mentioned) > MENTIONED, 400002, "atUserIds")
    return draw(world, part)


def _missing(msgtype: str, member: str) -> Refusal:
    where = f"{msgtype} --》 {member}" if member else msgtype
    return Refusal(400402, f"错误描述:参数 {where} 缺失，或者参数格式不正确; 解决方案:请对照文档检查参数")


def _need(part: Mapping[str, Any], msgtype: str, *names: str) -> list[str]:
    for name in names:
        if not isinstance(part.get(name), str) or not part[name]:
            raise _missing(msgtype, name)
    return [part[name] for name in names]


def _shown(world: World, kind: Kind, title: str = "", body: str = "", buttons: list[Button] | None = None) -> Shown:
    return Shown(world.fresh("msg", 22), world.clock(), "bot", kind, title=title, body=body, buttons=buttons or [])


def _text(world: World, part: Mapping[str, Any]) -> Shown:
    return _shown(world, "text", body=_need(part, "text", "content")[0])


def _markdown(world: World, part: Mapping[str, Any]) -> Shown:
    title, text = _need(part, "markdown", "title", "text")
    return _shown(world, "markdown", title, text)


def _link(world: World, part: Mapping[str, Any]) -> Shown:
    title, text, url = _need(part, "link", "title", "text", "messageUrl")
    return _shown(world, "card", title, text, [Button(url, title, url=url)])


def _action_card(world: World, part: Mapping[str, Any]) -> Shown:
    title, text = _need(part, "actionCard", "title", "text")
    buttons = part.get("btns")
    if not isinstance(buttons, list):
        name, url = _need(part, "actionCard", "singleTitle", "singleURL")
        return _shown(world, "card", title, text, [Button(url, name, url=url)])
    pairs = [_need(item if isinstance(item, dict) else {}, "actionCard.btns", "title", "actionURL") for item in buttons]
    return _shown(world, "card", title, text, [Button(url, name, url=url) for name, url in pairs])


def _feed_card(world: World, part: Mapping[str, Any]) -> Shown:
    links = part.get("links")
    if not isinstance(links, list) or not links:
        raise _missing("feedCard", "links")
    pairs = [_need(item if isinstance(item, dict) else {}, "feedCard.links", "title", "messageURL") for item in links]
    return _shown(world, "card", buttons=[Button(url, name, url=url) for name, url in pairs])


DRAWERS: dict[str, Callable[[World, Mapping[str, Any]], Shown]] = {
    "text": _text,
    "markdown": _markdown,
    "link": _link,
    "actionCard": _action_card,
    "feedCard": _feed_card,
}

ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/robot/sendBySession"): Endpoint(send_by_session, counted=False, token=False),
}
