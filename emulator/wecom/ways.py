"""externalcontact: contact ways, the QR codes a customer scans to add a member (渠道活码; OD:92228)."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import segno

from emulator.wecom.calls import Answer, Call, Endpoint, clamp, page
from emulator.wecom.contacts import GRANT
from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.fields import Fields
from emulator.wecom.records import ContactWay
from emulator.wecom.world import World

SINGLE, MULTI = 1, 2
MINI_PROGRAM, QR = 1, 2
TEXT_CHARS = 30
MOST_PEOPLE = 100
MOST_WAYS = 500_000
LIST_DAYS = timedelta(days=90)
DEFAULTS: dict[str, Any] = {
    "remark": "",
    "skip_verify": True,
    "state": "",
    "user": [],
    "party": [],
    "is_temp": False,
    "is_exclusive": False,
    "mark_source": True,
    "conclusions": {},
}


def _check_common(world: World, body: Fields) -> None:
    """The rules shared by add and update: lengths, style and people."""
    body.text("remark", most=TEXT_CHARS)
    body.text("state", most=TEXT_CHARS)
    for name in ("skip_verify", "is_exclusive", "mark_source"):
        body.flag(name)
    refuse_if(body.flag("is_temp"), 48002, "is_temp is for medical companies")
    body.object("conclusions").object("text").text("content", most_bytes=4000)
    if "style" in body:
        refuse_if(body.number("style", wrong=41042) not in (1, 2, 3), 41042)


def _check_people(world: World, kind: int, users: list[str], parties: list[int]) -> None:
    if kind == SINGLE:
        refuse_if(len(users) != 1 or parties, 40058, "type 1 needs exactly one user")
    refuse_if(not users and not parties, 40058, "user and party are empty")
    refuse_if(any(party not in world.departments for party in parties), 60123)
    reached = set(users)
    for party in parties:
        reached |= {member.userid for member in world.in_departments(world.subtree(party))}
    refuse_if(len(reached) > MOST_PEOPLE, 41041)
    for userid in users:
        member = world.member(userid)
        if member is None:
            raise Refusal(40003)
        refuse_if(not member.active, 41054)


def add(world: World, call: Call) -> Answer:
    """add_contact_way."""
    body = call.body
    kind = body.number("type", missing=41037, wrong=41039)
    scene = body.number("scene", missing=41038, wrong=41040)
    refuse_if(kind not in (SINGLE, MULTI), 41039)
    refuse_if(scene not in (MINI_PROGRAM, QR), 41040)
    _check_common(world, body)
    _check_people(world, kind, body.strings("user"), body.numbers("party"))
    refuse_if(len(world.contact_ways) >= MOST_WAYS, 41045)
    fields = DEFAULTS | {name: body.raw[name] for name in ("type", "scene", "style", *DEFAULTS) if name in body}
    way = ContactWay(world.fresh("cfg", 24), world.clock(), fields)
    if scene == QR:
        way.qr_code = f"{world.base_url}/qr/{way.config_id}.png"
    world.contact_ways[way.config_id] = way
    return {"config_id": way.config_id} | ({"qr_code": way.qr_code} if way.qr_code else {})


def _find(world: World, call: Call) -> ContactWay:
    way = world.contact_ways.get(call.body.text("config_id", missing=41043, wrong=41044))
    if way is None:
        raise Refusal(41044)
    return way


def get(world: World, call: Call) -> Answer:
    """get_contact_way."""
    way = _find(world, call)
    return {"contact_way": {"config_id": way.config_id, **way.fields, "qr_code": way.qr_code}}


def list_ways(world: World, call: Call) -> Answer:
    """list_contact_way: ids of the ways made in the window, by default the last 90 days."""
    end = call.body.number("end_time", int(call.now.timestamp()))
    start = call.body.number("start_time", end - int(LIST_DAYS.total_seconds()))
    refuse_if(start > end, 40058, "start_time")
    ways = [way for way in world.contact_ways.values() if start <= int(way.created.timestamp()) <= end]
    ways, cursor = page(ways, call.body.text("cursor"), clamp(call.body.number("limit", 100), 1000, 100))
    return {"contact_way": [{"config_id": way.config_id} for way in ways], "next_cursor": cursor}


def update(world: World, call: Call) -> Answer:
    """update_contact_way: given fields replace; type and scene stay."""
    way, body = _find(world, call), call.body
    _check_common(world, body)
    given = {name: body.raw[name] for name in ("style", *DEFAULTS) if name in body}
    after = Fields(way.fields | given)
    _check_people(world, after.number("type"), after.strings("user"), after.numbers("party"))
    way.fields = after.raw
    return {}


def delete(world: World, call: Call) -> Answer:
    """del_contact_way."""
    del world.contact_ways[_find(world, call).config_id]
    return {}


def qr_png(way: ContactWay) -> bytes:
    """The picture behind `qr_code`: a scannable code that leads to the way."""
    out = io.BytesIO()
    segno.make(f"https://u.wechat.example/{way.config_id}", error="m").save(out, kind="png", scale=8, border=2)
    return out.getvalue()


ENDPOINTS = {
    "externalcontact/add_contact_way": Endpoint("POST", add, GRANT),
    "externalcontact/get_contact_way": Endpoint("POST", get, GRANT),
    "externalcontact/list_contact_way": Endpoint("POST", list_ways, GRANT),
    "externalcontact/update_contact_way": Endpoint("POST", update, GRANT),
    "externalcontact/del_contact_way": Endpoint("POST", delete, GRANT),
}
