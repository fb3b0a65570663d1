"""What the AI bot may answer and send over its connection, and where that appears (OD:101031, OD:101032, OD:101463)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from emulator.screen import Kind, Shown
from emulator.wecom.botuploads import BotUploads
from emulator.wecom.cards import check_card
from emulator.wecom.drawing import draw_card
from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.fields import Fields
from emulator.wecom.media import find_media
from emulator.wecom.messages import cut_bytes
from emulator.wecom.records import LiveCard
from emulator.wecom.tokens import Meter
from emulator.wecom.updates import replace_face
from emulator.wecom.world import World

CONTENT_BYTES = 20_480
MOST_PICTURES = 10
ANSWER_SECONDS = 24 * 3600.0
MEDIA_KINDS: dict[str, Kind] = {"image": "image", "file": "file", "voice": "voice", "video": "file"}
PUSHED = ("markdown", "template_card", *MEDIA_KINDS)
Draw = Callable[[Shown], None]


@dataclass(slots=True)
class Stream:
    """A streamed answer while it grows; `first` is on the real clock."""

    shown: Shown
    first: float
    finished: bool = False


@dataclass(slots=True)
class Asked:
    """One callback that may be answered by its req_id; `at` is on the real clock."""

    req_id: str
    kind: str  # message | enter_chat | template_card_event | feedback_event
    userid: str
    group: str
    at: float
    card: LiveCard | None = None
    streams: dict[str, Stream] = field(default_factory=dict)
    answered: bool = False


class BotReplies:
    """Answers, welcomes, updates and pushes of the bot."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.asked: dict[str, Asked] = {}
        self.spoken: set[str] = set()  # userids and group ids that have messaged the bot
        self.groups: dict[str, set[str]] = {}
        self.uploads = BotUploads(world)
        self._meter = Meter()

    def readers(self, userid: str, group: str | None) -> set[str]:
        """Whose phones show this conversation."""
        if not group:
            return {userid}
        members = self.groups.setdefault(group, set())
        members.add(userid)
        return members

    # the four commands

    def respond(self, req_id: str, body: Fields) -> dict[str, Any]:
        """aibot_respond_msg: to a message, for 24 h; all frames of a stream carry the message's req_id."""
        asked = self._find(req_id, "message", ANSWER_SECONDS)
        kind = body.text("msgtype", missing=40008, wrong=40008)
        if kind == "stream":
            self._stream(asked, body)
        elif kind == "stream_with_template_card":
            if "template_card" in body:
                self._check_new_card(body)
            self._stream(asked, body)
            if "template_card" in body:
                self._show_card(self.readers(asked.userid, asked.group), asked.group, body)
        else:
            refuse_if(kind not in PUSHED, 40008)
            self._send(asked.group or asked.userid, self.readers(asked.userid, asked.group), asked.group, body)
        return {}

    def welcome(self, req_id: str, body: Fields) -> dict[str, Any]:
        """aibot_respond_welcome_msg: once, within 5 s of enter_chat; text or a card."""
        asked = self._find(req_id, "enter_chat", self._world.limits.bot_event_seconds)
        kind = body.text("msgtype", missing=40008, wrong=40008)
        refuse_if(kind not in ("text", "template_card"), 40008)
        self._send(asked.userid, {asked.userid}, "", body)
        asked.answered = True
        return {}

    def update(self, req_id: str, body: Fields) -> dict[str, Any]:
        """aibot_respond_update_msg: once, within 5 s of the press, the same task_id; no userids means everybody."""
        asked = self._find(req_id, "template_card_event", self._world.limits.bot_event_seconds)
        live = asked.card
        if live is None:
            raise Refusal(846605)
        refuse_if(body.text("response_type") != "update_template_card", 40058, "response_type")
        card = check_card(body.raw.get("template_card"), bot=True, update=True)
        refuse_if(card.get("task_id") != live.task_id, 42014, "task_id must stay the same")
        userids = body.strings("userids") or list(live.shown)
        known = [userid for userid in userids if userid in live.shown]
        refuse_if(not known, 82102)
        for userid in known:
            replace_face(self._world, live, userid, card, body.raw)
        asked.answered = True
        return {}

    def send(self, req_id: str, body: Fields) -> dict[str, Any]:
        """aibot_send_msg: only into a chat somebody has spoken in."""
        chat, chat_type = body.text("chatid", missing=93006), body.number("chat_type")
        refuse_if(chat_type not in (0, 1, 2), 40058, "chat_type")
        group = chat if chat_type == 2 or (chat_type == 0 and chat in self.groups) else ""
        refuse_if(chat not in self.spoken or bool(group) != (chat in self.groups), 93006)
        kind = body.text("msgtype", missing=40008, wrong=40008)
        refuse_if(kind not in PUSHED, 40008)
        self._send(chat, self.groups[group] if group else {chat}, group, body)
        return {}

    # how they are done

    def _find(self, req_id: str, kind: str, seconds: float) -> Asked:
        asked = self.asked.get(req_id)
        if asked is None or asked.kind != kind or asked.answered or self._world.real() - asked.at > seconds:
            raise Refusal(846605)
        return asked

    def _count(self, conversation: str) -> None:
        limits = self._world.limits
        counted = self._meter.take(conversation, self._world.real(), limits.chat_minute, limits.chat_hour)
        refuse_if(not counted, 45009)

    def _send(self, conversation: str, readers: Iterable[str], group: str, body: Fields) -> None:
        if body.text("msgtype") == "template_card":
            self._check_new_card(body)
            self._count(conversation)
            self._show_card(readers, group, body)
            return
        draw = self._content(body)
        self._count(conversation)
        self._show(readers, group, draw, body.raw)

    def _content(self, body: Fields) -> Draw:
        kind = body.text("msgtype")
        item = body.object(kind, missing=40058)
        if kind in ("markdown", "text"):
            content = item.text("content", missing=44004)
            refuse_if(len(content.encode()) > CONTENT_BYTES, 45002)
            return _says("markdown" if kind == "markdown" else "text", content)
        media = find_media(self._world, item.text("media_id", missing=41006), kind, door="bot")
        title = item.text("title", most_bytes=128)
        item.text("description", most_bytes=512)

        def draw(shown: Shown) -> None:
            shown.kind, shown.title = MEDIA_KINDS[kind], title or media.filename
            shown.image = media.data if kind == "image" else b""

        return draw

    def _show(self, readers: Iterable[str], group: str, draw: Draw, wire: dict[str, Any]) -> Shown:
        shown = Shown(self._world.fresh("BOT", 24), self._world.clock(), "bot", "text", group, wire=[wire])
        draw(shown)
        for userid in sorted(readers):
            self._world.screens.show(userid, shown)
        return shown

    def _check_new_card(self, body: Fields) -> dict[str, Any]:
        card = check_card(body.raw.get("template_card"), bot=True)
        refuse_if(card.get("task_id") and ("bot", card["task_id"]) in self._world.cards, 42014, "task_id is taken")
        return card

    def _show_card(self, readers: Iterable[str], group: str, body: Fields) -> None:
        world = self._world
        card = self._check_new_card(body)
        task_id = card.get("task_id") or world.fresh("BOT", 24)
        live = LiveCard("bot", task_id, {}, {}, conversation=group)
        for userid in sorted(readers):
            shown = Shown(task_id, world.clock(), "bot", "card", group, wire=[body.raw])
            draw_card(shown, card, world.name_of)
            live.faces[userid], live.shown[userid] = card, shown
            world.screens.show(userid, shown)
        world.keep(world.cards, ("bot", task_id), live)

    def _stream(self, asked: Asked, body: Fields) -> None:
        frame = body.object("stream", missing=40058)
        stream_id = frame.text("id", missing=40058)
        finish = frame.flag("finish")
        content = cut_bytes(frame.text("content"), CONTENT_BYTES)
        self._note_excess(frame, finish=finish, first=stream_id not in asked.streams)
        stream = asked.streams.get(stream_id)
        if stream is None:
            self._count(asked.group or asked.userid)
            readers = self.readers(asked.userid, asked.group)
            shown = self._show(readers, asked.group, _says("markdown", content), body.raw)
            asked.streams[stream_id] = Stream(shown, self._world.real(), finish)
            return
        late = self._world.real() - stream.first > self._world.limits.stream_seconds
        refuse_if(stream.finished or late, 846608)
        stream.shown.body, stream.finished = content, finish
        stream.shown.revision += 1
        stream.shown.wire.append(body.raw)
        self._world.screens.changed()

    def _note_excess(self, frame: Fields, *, finish: bool, first: bool) -> None:
        """The platform trims these without an error; `ignored` says so."""
        pictures = frame.objects("msg_item")
        excess = {
            "content cut": len(frame.text("content").encode()) > CONTENT_BYTES,
            "msg_item without finish": bool(pictures) and not finish,
            "too many pictures": len(pictures) > MOST_PICTURES,
            "feedback in a later frame": "feedback" in frame and not first,
        }
        self._world.ignored.extend(f"stream: {what}" for what, found in excess.items() if found)


def _says(kind: Kind, content: str) -> Draw:
    def draw(shown: Shown) -> None:
        shown.kind, shown.body = kind, content

    return draw
