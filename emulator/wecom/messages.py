"""message/send and message/recall: who gets it, what is refused, what is dropped (OD:90236, OD:94867)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from emulator.screen import Kind, Shown
from emulator.wecom.calls import Answer, Call, Endpoint
from emulator.wecom.cards import calls_back, check_card
from emulator.wecom.drawing import draw_article, draw_card
from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.fields import Fields
from emulator.wecom.media import find_media
from emulator.wecom.records import LiveCard, Member, SentMessage
from emulator.wecom.world import World

TEXT_BYTES = 2048
URL_BYTES = 2048
DUPLICATE_DEFAULT, DUPLICATE_MOST = 1800, 14400  # seconds
RECALL_WITHIN = timedelta(hours=24)
Draw = Callable[[Shown], None]


def check_agent(world: World, body: Fields) -> None:
    """The agentid must be there (41011), an integer (40056) and the token's own (301002)."""
    agent = body.number("agentid", missing=41011, wrong=40056)
    refuse_if(agent != world.agent_id, 301002)


def cut_bytes(text: str, most: int) -> str:
    """The longest beginning of `text` within `most` UTF-8 bytes."""
    return text.encode()[:most].decode(errors="ignore")


# what each msgtype needs, and how it looks


def _text(world: World, body: Fields) -> Draw:
    content = body.object("text", missing=44004).text("content", missing=44004)
    return _says("text", cut_bytes(content, TEXT_BYTES))


def _markdown(world: World, body: Fields) -> Draw:
    content = body.object("markdown", missing=44004).text("content", missing=44004)
    refuse_if(len(content.encode()) > TEXT_BYTES, 45002)
    return _says("markdown", content)


def _says(kind: Kind, content: str) -> Draw:
    def draw(shown: Shown) -> None:
        shown.kind, shown.body = kind, content

    return draw


def _media(kind: Kind, name: str) -> Callable[[World, Fields], Draw]:
    def check(world: World, body: Fields) -> Draw:
        item = body.object(name, missing=40007)
        media = find_media(world, item.text("media_id", missing=41006), name)
        title = item.text("title", most_bytes=128) or media.filename
        item.text("description", most_bytes=512)

        def draw(shown: Shown) -> None:
            shown.kind, shown.title = kind, title
            shown.image = media.data if kind == "image" else b""

        return draw

    return check


def _check_url(url: str) -> None:
    refuse_if("://" not in url, 45034)
    refuse_if(len(url.encode()) > URL_BYTES, 40058, "url")


def _textcard(world: World, body: Fields) -> Draw:
    card = body.object("textcard", missing=41016)
    card.text("title", missing=41016, most=128)
    card.text("description", missing=41033, most=512)
    card.text("btntxt")
    _check_url(card.text("url", missing=41010))
    return lambda shown: draw_article(shown, card.raw)


def _news(world: World, body: Fields) -> Draw:
    refuse_if(body.number("safe") == 1, 40074)
    articles = body.object("news", missing=41016).objects("articles")
    refuse_if(not 1 <= len(articles) <= 8, 45008)
    for article in articles:
        article.text("title", missing=41016, most_bytes=128)
        article.text("description", most_bytes=512)
        article.text("picurl")
        if not article.text("appid"):
            _check_url(article.text("url", missing=41010))
    return lambda shown: draw_article(shown, articles[0].raw)


def _template_card(world: World, body: Fields) -> Draw:
    card = check_card(body.raw.get("template_card"))
    refuse_if(calls_back(card) and not world.callback_url, 43012)
    refuse_if(card.get("task_id") and ("app", card["task_id"]) in world.cards, 42014, "task_id is taken")
    return lambda shown: draw_card(shown, card, world.name_of)


KINDS: dict[str, Callable[[World, Fields], Draw]] = {
    "text": _text,
    "markdown": _markdown,
    "image": _media("image", "image"),
    "voice": _media("voice", "voice"),
    "video": _media("file", "video"),
    "file": _media("file", "file"),
    "textcard": _textcard,
    "news": _news,
    "template_card": _template_card,
}


# who gets it


def _split(body: Fields, name: str, most: int, code: int) -> list[str]:
    items = [item for item in body.text(name).split("|") if item]
    refuse_if(len(items) > most, code)
    return items


def _department_members(world: World, party: str) -> list[Member] | None:
    if not party.isascii() or not party.isdigit() or len(party) > 9 or int(party) not in world.departments:
        return None
    return world.in_departments(world.subtree(int(party)))


def _recipients(world: World, body: Fields) -> tuple[list[Member], dict[str, str]]:
    """The members to send to and the invalid lists; refused when there is no target or none is valid."""
    users, parties = _split(body, "touser", 1000, 40032), _split(body, "toparty", 100, 82002)
    tags = _split(body, "totag", 100, 82003)
    refuse_if(not users and not parties and not tags, 81012)
    if users == ["@all"]:
        found = [member for member in world.members.values() if member.active and not member.left]
        refuse_if(not found, 81013)
        return found, {"invaliduser": "", "invalidparty": "", "invalidtag": ""}
    members: dict[str, Member] = {}
    bad_users, bad_parties = [], []
    for userid in users:
        member = world.member(userid)
        if member and member.active:
            members[member.userid] = member
        else:
            bad_users.append(userid.lower())
    for party in parties:
        inside = _department_members(world, party)
        if inside is None:
            bad_parties.append(party)
        members |= {member.userid: member for member in inside or [] if member.active}
    refuse_if(not members, 81013)  # the directory has no member tags, so every totag is invalid
    lists = {"invaliduser": bad_users, "invalidparty": bad_parties, "invalidtag": tags}
    return list(members.values()), {name: "|".join(ids) for name, ids in lists.items()}


def _fingerprint(body: Fields) -> str:
    parts = ("touser", "toparty", "totag", "msgtype", body.text("msgtype"))
    return json.dumps({name: body.raw.get(name) for name in parts}, sort_keys=True)


def _swallowed(world: World, body: Fields) -> str:
    """The msgid of an equal message inside the duplicate window, else empty."""
    window = body.number("duplicate_check_interval", DUPLICATE_DEFAULT)
    refuse_if(not 0 <= window <= DUPLICATE_MOST, 40058, "duplicate_check_interval")
    if not body.flag("enable_duplicate_check"):
        return ""
    at, msgid = world.duplicates.get(_fingerprint(body), (None, ""))
    return msgid if at and world.clock() - at < timedelta(seconds=window) else ""


def send(world: World, call: Call) -> Answer:
    """message/send."""
    body = call.body
    check_agent(world, body)
    kind = body.text("msgtype", missing=40008, wrong=40008)
    refuse_if(kind not in KINDS, 40008)
    safe = body.number("safe")
    refuse_if(safe not in (0, 1), 40058, "safe=2 is for mpnews")
    members, invalid = _recipients(world, body)
    if msgid := _swallowed(world, body):
        return {**invalid, "unlicenseduser": "", "msgid": msgid}
    draw = KINDS[kind](world, body)
    msgid = world.fresh("MSG", 40)
    world.keep(world.duplicates, _fingerprint(body), (world.clock(), msgid))
    answer: dict[str, Any] = {**invalid, "unlicenseduser": "", "msgid": msgid}
    card = body.raw["template_card"] if kind == "template_card" else {}
    shown_id = card.get("task_id") or msgid
    shown = {member.userid: _show(world, member.userid, shown_id, body, draw) for member in members}
    world.keep(world.messages, msgid, SentMessage(msgid, world.clock(), shown))
    if kind == "template_card":
        live = LiveCard("app", shown_id, dict.fromkeys(shown, card), shown)
        world.keep(world.cards, ("app", shown_id), live)
        if calls_back(card):
            answer["response_code"] = world.new_response_code(live)
    return answer


def _show(world: World, userid: str, shown_id: str, body: Fields, draw: Draw) -> Shown:
    shown = Shown(shown_id, world.clock(), "bot", "text", wire=[body.raw])
    draw(shown)
    if world.member_meter.take(userid, world.real(), world.limits.member_minute, world.limits.member_hour):
        world.screens.show(userid, shown)
    else:
        world.ignored.append(f"message to {userid} above the limit per member")
    return shown


def recall(world: World, call: Call) -> Answer:
    """message/recall."""
    sent = world.messages.get(call.body.text("msgid", missing=40058))
    if sent is None:
        raise Refusal(40058, "msgid")
    refuse_if(call.now - sent.at > RECALL_WITHIN, 42052)
    for userid, shown in sent.shown.items():
        world.screens.remove(userid, shown)
    return {}


ENDPOINTS = {
    "message/send": Endpoint("POST", send),
    "message/recall": Endpoint("POST", recall),
}
