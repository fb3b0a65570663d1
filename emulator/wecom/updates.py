"""message/update_template_card, and the change in place that passive replies and the AI bot share (OD:94888)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from emulator.wecom.calls import Answer, Call, Endpoint
from emulator.wecom.cards import check_card
from emulator.wecom.drawing import draw_card, grey_out
from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.fields import Fields
from emulator.wecom.records import LiveCard, ResponseCode
from emulator.wecom.world import World

CODE_LIFE = timedelta(hours=72)


def replace_face(world: World, live: LiveCard, userid: str, card: dict[str, Any], wire: dict[str, Any]) -> None:
    """This person's copy of the card gets a new face; its task_id stays what it was when sent."""
    live.faces[userid] = card
    shown = live.shown[userid]
    draw_card(shown, card, world.name_of)
    shown.revision += 1
    shown.wire.append(wire)
    world.screens.changed()


def replace_button(world: World, live: LiveCard, userid: str, text: str, wire: dict[str, Any]) -> None:
    """This person's copy shows `text` on the button pressed last and takes no more presses."""
    shown = live.shown[userid]
    grey_out(shown, text, live.clicked.get(userid, ""))
    shown.revision += 1
    shown.wire.append(wire)
    world.screens.changed()


def _targets(world: World, body: Fields, live: LiveCard) -> tuple[list[str], list[str]]:
    """Recipients to update and the ids that never had the card."""
    users = body.strings("userids", most=1000)
    parties = body.numbers("partyids", most=100)
    tags = body.numbers("tagids", most=100)
    if body.number("atall") == 1:
        return list(live.shown), []
    refuse_if(not users and not parties and not tags, 82101)
    members = [world.member(userid) for userid in users]
    ids = [member.userid if member else userid for member, userid in zip(members, users, strict=True)]
    for party in parties:
        ids += [member.userid for member in world.in_departments(world.subtree(party))]
    found = [userid for userid in dict.fromkeys(ids) if userid in live.shown]
    refuse_if(not found, 82102)
    return found, [userid for userid in users if userid not in found]


def _usable_code(world: World, body: Fields) -> ResponseCode:
    code = world.response_codes.get(body.text("response_code", missing=60140, wrong=60140))
    if code is None or code.used or world.clock() - code.at > CODE_LIFE:
        raise Refusal(60140)
    return code


def update(world: World, call: Call) -> Answer:
    """message/update_template_card: `button.replace_name` greys the buttons, `template_card` replaces the face."""
    body = call.body
    refuse_if(body.number("agentid", missing=41011, wrong=40056) != world.agent_id, 42015)
    code = _usable_code(world, body)
    targets, invalid = _targets(world, body, code.card)
    if "template_card" in body:
        card = check_card(body.raw["template_card"], update=True)
        for userid in targets:
            replace_face(world, code.card, userid, card, body.raw)
    else:
        text = body.object("button", missing=40063).text("replace_name", missing=40063)
        kinds = {code.card.faces[userid]["card_type"] for userid in targets}
        refuse_if(kinds & {"text_notice", "news_notice"}, 40058, "replace_name needs buttons")
        for userid in targets:
            replace_button(world, code.card, userid, text, body.raw)
    code.used = True
    return {"invaliduser": invalid}


ENDPOINTS = {"message/update_template_card": Endpoint("POST", update)}
