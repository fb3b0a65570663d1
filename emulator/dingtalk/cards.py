"""Interactive cards: instances, their delivery into chats, updates, typewriter streaming (DingTalk docs, 互动卡片)."""

from __future__ import annotations

from typing import Any

from emulator.dingtalk.calls import Call, Endpoint, Fields
from emulator.dingtalk.drawing import draw_card
from emulator.dingtalk.errors import Refusal, refuse_if
from emulator.dingtalk.records import Card, Conversation, Route
from emulator.dingtalk.world import World
from emulator.screen import Shown

BAD = "param.invalid"
SPACES = {
    "IM_ROBOT": ("imRobotOpenSpaceModel", "imRobotOpenDeliverModel"),
    "IM_GROUP": ("imGroupOpenSpaceModel", "imGroupOpenDeliverModel"),
    "IM_SINGLE": ("imSingleOpenSpaceModel", "imSingleOpenDeliverModel"),
    "ONE_BOX": ("topOpenSpaceModel", "topOpenDeliverModel"),
    "COFEED": ("coFeedOpenSpaceModel", "coFeedOpenDeliverModel"),
    "DOC": ("docOpenSpaceModel", "docOpenDeliverModel"),
}
SPACE_PREFIX = "dtv1.card//"
KEY_BYTES = 100
WIRE = 50  # calls a picture remembers
ILLEGAL = "spaceId is illegal"
OK = {"success": True, "result": True}

Space = tuple[str, str]


# creating


def create(world: World, call: Call) -> dict[str, Any]:
    """POST /v1.0/card/instances: an instance that nobody sees yet."""
    card = _create(world, call.fields(BAD))
    return {"success": True, "result": card.out_track_id}


def create_and_deliver(world: World, call: Call) -> dict[str, Any]:
    """POST /v1.0/card/instances/createAndDeliver; a failed delivery hides inside the 200."""
    body = call.fields(BAD)
    spaces = _spaces(body)
    _check_models(body, spaces, {kind for kind, (model, _) in SPACES.items() if model in body})
    card = _create(world, body)
    results = [_deliver(world, card, space, body, call.wire) for space in spaces]
    return {"success": True, "result": {"outTrackId": card.out_track_id, "deliverResults": results}}


def deliver(world: World, call: Call) -> dict[str, Any]:
    """POST /v1.0/card/instances/deliver: an existing instance into further chats."""
    body = call.fields(BAD)
    card = _find(world, body)
    spaces = _spaces(body)
    _check_models(body, spaces, card.space_models)
    return {"success": True, "result": [_deliver(world, card, space, body, call.wire) for space in spaces]}


def change_spaces(world: World, call: Call) -> dict[str, Any]:
    """PUT /v1.0/card/instances/spaces: more space models for an existing card."""
    body = call.fields(BAD)
    card = _find(world, body)
    models = {kind for kind, (model, _) in SPACES.items() if model in body}
    refuse_if(not models, "param.openSpaceModelInvalid")
    card.space_models |= models
    return OK


def _create(world: World, body: Fields) -> Card:
    template_id = body.text("cardTemplateId", "param.cardTemplateIdEmpty")
    out_track_id = body.text("outTrackId", "param.outTrackIdEmpty")
    template = world.templates.get(template_id)
    if template is None:
        raise Refusal("param.templateNotExist")
    refuse_if(not template.published, "param.templateUnpublished")
    refuse_if(out_track_id in world.cards, "param.cardAlreadyExist")
    refuse_if("cardParamMap" not in body.object("cardData"), "param.cardPublicDataEmpty")
    id_type = body.number("userIdType", 1)
    creator = body.text("userId")
    refuse_if(creator and world.by_user_id(creator, id_type) is None, "param.userIdNotExist")
    callback_type = body.text("callbackType") or "HTTP"
    refuse_if(callback_type not in ("STREAM", "HTTP"), BAD, "callbackType")
    public = _params(world, body.object("cardData"))
    card = Card(out_track_id, template, callback_type, body.text("callbackRouteKey"), public)
    card.private = _private(world, body, id_type)
    card.space_models = {kind for kind, (model, _) in SPACES.items() if model in body}
    return world.keep(world.cards, out_track_id, card)


def _find(world: World, body: Fields, missing: str = "param.cardNotExist") -> Card:
    card = world.cards.get(body.text("outTrackId", "param.outTrackIdEmpty"))
    if card is None:
        raise Refusal(missing)
    return card


def _params(world: World, data: Fields) -> dict[str, str]:
    """A cardParamMap: strings to strings, each value at most 1 KB."""
    params = data.object("cardParamMap").raw
    most = world.limits.card_value_bytes
    for key, value in params.items():
        refuse_if(not isinstance(value, str), BAD, f"{key} must be a string")
        refuse_if(len(key.encode()) > KEY_BYTES, BAD, "key is too long")
        refuse_if(most is not None and len(value.encode()) > most, BAD, f"{key} is longer than {most} bytes")
    return dict(params)


def _private(world: World, body: Fields, id_type: int) -> dict[str, dict[str, str]]:
    """privateData by staff id."""
    data = body.object("privateData")
    found = {}
    for user_id in data.raw:
        member = world.by_user_id(user_id, id_type)
        refuse_if(member is None, "param.userIdNotExist")
        found[member.staff_id if member else user_id] = _params(world, data.object(user_id))
    return found


# delivering


def _spaces(body: Fields) -> list[Space]:
    """The listed spaces as (type, id); types are read whatever their case."""
    spaces = []
    for part in body.text("openSpaceId", "param.openSpaceIdEmpty").split(";"):
        kind, _, ident = part.removeprefix(SPACE_PREFIX).partition(".")
        legal = part.startswith(SPACE_PREFIX) and kind.upper() in SPACES and ident
        refuse_if(not legal, "param.openSpaceIdInvalid")
        spaces.append((kind.upper(), ident))
    return spaces


def _check_models(body: Fields, spaces: list[Space], space_models: set[str]) -> None:
    refuse_if(not any(model in body for _, model in SPACES.values()), "param.openDeliverModelEmpty")
    for kind, _ in spaces:
        refuse_if(SPACES[kind][1] not in body, "param.spaceDeliverModelEmpty")
        refuse_if(kind not in space_models, "param.openSpaceModelInvalid")


def _deliver(world: World, card: Card, space: Space, body: Fields, wire: dict[str, Any]) -> dict[str, Any]:
    """One entry of deliverResults."""
    kind, ident = space
    result = {"spaceType": kind, "spaceId": ident, "success": False}
    if world.refused_deliveries:
        return result | {"errorMsg": world.refused_deliveries.popleft()}
    model = body.object(SPACES[kind][1])
    # Who sends is optional one-to-one: then it is the app's own robot.
    robot = model.text("robotCode") or (world.robot_code if kind == "IM_ROBOT" else "")
    conversation = _conversation(world, space, body.number("userIdType", 1))
    if conversation is None or robot != world.robot_code:
        return result | {"errorMsg": "robotCode is illegal" if conversation else ILLEGAL}
    phones = world.phones_of(conversation)
    if "recipients" in model:
        phones = [phone for phone in phones if phone in model.strings("recipients")]
    for phone in phones:
        if phone not in card.spaces:
            _show(world, card, phone, conversation, wire)
        card.spaces[phone] = space
    return result | {"success": True, "carrierId": world.fresh("", 32), "errorMsg": ""}


def _conversation(world: World, space: Space, id_type: int) -> Conversation | None:
    kind, ident = space
    if kind == "IM_ROBOT":
        member = world.reachable(ident, id_type)
        return Conversation(member.staff_id) if member else None
    group = world.groups.get(ident) if kind == "IM_GROUP" else None
    usable = group and group.has_robot and not group.disbanded and not group.external
    return Conversation("", group) if usable else None


def _show(world: World, card: Card, phone: str, conversation: Conversation, wire: dict[str, Any]) -> None:
    group = conversation.group.conversation_id if conversation.group else ""
    shown = Shown(card.out_track_id, world.clock(), "bot", "card", group, wire=[wire])
    draw_card(card, phone).put_on(shown)
    card.shown[phone] = shown
    world.screens.show(phone, shown)


# changing


def update(world: World, call: Call) -> dict[str, Any]:
    """PUT /v1.0/card/instances: replaces the variables, or merges them by key."""
    body = call.fields(BAD)
    card = _find(world, body)
    refuse_if("cardData" not in body and "privateData" not in body, "param.cardDataAndPrivateDataBothEmpty")
    options = body.object("cardUpdateOptions")
    public = _params(world, body.object("cardData")) if "cardData" in body else None
    private = _private(world, body, body.number("userIdType", 1))
    if public is not None:
        card.public = {**card.public, **public} if options.flag("updateCardDataByKey") else public
    by_key = options.flag("updatePrivateDataByKey")
    for person, params in private.items():
        card.private[person] = {**card.private.get(person, {}), **params} if by_key else params
    card.answered.clear()
    redraw(world, card, call.wire)
    return OK


def redraw(world: World, card: Card, wire: dict[str, Any], *phones: str) -> None:
    """Change the pictures in place; only a visible change is a revision."""
    for phone in phones or card.shown:
        shown = card.shown[phone]
        shown.wire[:] = [*shown.wire[-WIRE:], wire]
        if draw_card(card, phone).put_on(shown):
            shown.revision += 1
    world.screens.changed()


def apply_answer(world: World, card: Card, person: str, answer: Any) -> bool:
    """Show a callback's answer to the one who clicked; False when it is none, and then nothing changes."""
    if not isinstance(answer, dict):
        return False
    fields = Fields(answer, BAD)
    try:
        options = fields.object("cardUpdateOptions")
        public, private = _params(world, fields.object("cardData")), _params(world, fields.object("userPrivateData"))
        by_key = options.flag("updateCardDataByKey") or "cardData" not in fields
    except Refusal as refusal:
        world.ignored.append(f"answer to a click: {refusal}")
        return False
    if not public and not private:
        return True
    # Without by-key the variables that are not named become empty, as in an update.
    hidden = {} if by_key else dict.fromkeys(card.public, "")
    card.answered[person] = {**hidden, **public, **private}
    redraw(world, card, {"answer": answer}, person)
    return True


def streaming(world: World, call: Call) -> dict[str, Any]:
    """PUT /v1.0/card/streaming: one frame of typewriter text; the same guid counts once, nothing after the last frame."""
    body = call.fields(BAD)
    card = _find(world, body, "param.stream.outTrackId")
    key = body.text("key", "param.stream.keyEmpty")
    refuse_if("content" not in body, "param.stream.contentEmpty")
    content, guid = body.text("content"), body.text("guid", "param.stream.guidEmpty")
    full = body.flag("isFull", "param.stream.isFull")
    refuse_if(key not in card.template.streamed, "unknownError")
    text = content if full else card.public.get(key, "") + content
    most = world.limits.stream_bytes
    refuse_if(most is not None and len(text.encode()) > most, "param.stream.content")
    if guid in card.guids or card.finalized:
        return OK
    card.guids.add(guid)
    card.finalized = body.flag("isFinalize")
    card.public[key] = text
    if body.flag("isError"):
        card.public["flowStatus"] = "5"
    redraw(world, card, call.wire)
    return OK


# callbacks


def register(world: World, call: Call) -> dict[str, Any]:
    """POST /v1.0/card/callbacks/register: one address for one callbackRouteKey."""
    body = call.fields(BAD)
    key = body.text("callbackRouteKey", "param.callbackRouteKeyEmpty")
    url = body.text("callbackUrl", "param.callbackUrlEmpty")
    refuse_if(key in world.routes and not body.flag("forceUpdate"), "param.callbackRouteKeyExist")
    route = Route(url, body.text("apiSecret") or world.fresh("", 32))
    world.keep(world.routes, key, route)
    return {"success": True, "result": {"callbackUrl": url, "apiSecret": route.secret}}


WRITE = ("Card.Instance.Write",)
SEND = (*WRITE, "qyapi_robot_sendmsg")

ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/v1.0/card/instances"): Endpoint(create, WRITE),
    ("PUT", "/v1.0/card/instances"): Endpoint(update, WRITE),
    ("POST", "/v1.0/card/instances/deliver"): Endpoint(deliver, SEND),
    ("POST", "/v1.0/card/instances/createAndDeliver"): Endpoint(create_and_deliver, SEND),
    ("PUT", "/v1.0/card/instances/spaces"): Endpoint(change_spaces, WRITE),
    ("PUT", "/v1.0/card/streaming"): Endpoint(streaming, ("Card.Streaming.Write",)),
    ("POST", "/v1.0/card/callbacks/register"): Endpoint(register, WRITE),
}
