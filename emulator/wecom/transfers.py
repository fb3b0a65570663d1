"""externalcontact: handing customers over, from members who stay and from those who left (OD:92125, OD:94096)."""

from __future__ import annotations

from datetime import timedelta

from emulator.wecom.calls import Answer, Call, Endpoint, page
from emulator.wecom.contacts import GRANT
from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.records import Contact, Follow, Transfer
from emulator.wecom.world import World

DONE, WAITING, REFUSED, FULL = 1, 2, 3, 4
COMPLETES_AFTER = timedelta(hours=24)
OFTEN_WINDOW, OFTEN = timedelta(days=90), 2
PAGE = 1000


def _refusal_of(world: World, contact: Contact | None, handover: str, takeover: str, *, resigned: bool) -> int:
    """The per-customer error code, 0 when the customer can be handed over."""
    if contact is None:
        return 40096
    if handover == takeover:
        return 40130
    if handover not in contact.follows:
        return 40131
    earlier = [t for t in world.transfers if t.external_userid == contact.external_userid]
    if any(transfer.status == WAITING for transfer in earlier):
        return 40129
    lately = [t for t in earlier if not t.resigned and world.clock() - t.at < OFTEN_WINDOW and t.status != REFUSED]
    return 40128 if not resigned and len(lately) >= OFTEN else 0


def _transfer(world: World, call: Call, *, resigned: bool) -> Answer:
    body = call.body
    handover, takeover = body.text("handover_userid", missing=40063), body.text("takeover_userid", missing=40063)
    ids = body.strings("external_userid", most=100)
    refuse_if(not ids, 40063, "external_userid")
    body.text("transfer_success_msg", most=200)
    refuse_if(handover not in world.members, 60111)
    refuse_if(resigned and not world.members[handover].left, 40097)
    refuse_if(not resigned and world.members[handover].left, 60111)
    member = world.member(takeover)
    if member is None:
        raise Refusal(60111)
    refuse_if(not member.active, 84074)
    rows = []
    for id in ids:
        code = _refusal_of(world, world.contacts.get(id), handover, member.userid, resigned=resigned)
        if not code:
            world.transfers.append(Transfer(id, handover, member.userid, call.now, resigned))
        rows.append({"external_userid": id, "errcode": code})
    return {"customer": rows}


def finish(world: World, transfer: Transfer, *, refused: bool = False) -> None:
    """The customer accepts (or lets 24 hours pass) or refuses; the events this causes are owed to the receiver."""
    transfer.done_at = world.clock()
    external, old, new = transfer.external_userid, transfer.handover, transfer.takeover
    if refused:
        transfer.status = REFUSED
        world.owed_events.append(("transfer_fail", new, external, {"FailReason": "customer_refused"}))
        return
    transfer.status = DONE
    contact = world.contacts[external]
    before = contact.follows.pop(old, None)
    contact.follows[new] = Follow(new, world.clock(), add_way=202, tag_ids=set(before.tag_ids) if before else set())
    world.owed_events.append(("del_external_contact", old, external, {"Source": "DELETE_BY_TRANSFER"}))
    world.owed_events.append(("add_external_contact", new, external, {}))


def _result(world: World, call: Call, *, resigned: bool) -> Answer:
    handover = call.body.text("handover_userid", missing=40063)
    takeover = call.body.text("takeover_userid", missing=40063)
    found = [t for t in world.transfers if (t.handover, t.takeover, t.resigned) == (handover, takeover, resigned)]
    for transfer in found:
        if transfer.status == WAITING and call.now - transfer.at >= COMPLETES_AFTER:
            finish(world, transfer)
    found, cursor = page(found, call.body.text("cursor"), PAGE)
    rows = [
        {
            "external_userid": t.external_userid,
            "status": t.status,
            "takeover_time": int(t.done_at.timestamp()) if t.done_at else 0,
        }
        for t in found
    ]
    return {"customer": rows, "next_cursor": cursor}


def transfer_customer(world: World, call: Call) -> Answer:
    """transfer_customer: from a member who is still there."""
    return _transfer(world, call, resigned=False)


def transfer_result(world: World, call: Call) -> Answer:
    """transfer_result."""
    return _result(world, call, resigned=False)


def resigned_transfer(world: World, call: Call) -> Answer:
    """resigned/transfer_customer: from a member who has left."""
    return _transfer(world, call, resigned=True)


def resigned_result(world: World, call: Call) -> Answer:
    """resigned/transfer_result."""
    return _result(world, call, resigned=True)


def unassigned(world: World, call: Call) -> Answer:
    """get_unassigned_list: customers of members who have left."""
    rows = [
        {"handover_userid": userid, "external_userid": contact.external_userid, "dimission_time": 0}
        for contact in world.contacts.values()
        for userid in contact.follows
        if userid in world.members and world.members[userid].left
    ]
    size = call.body.number("page_size", PAGE)
    refuse_if(not 1 <= size <= PAGE, 40058, "page_size")
    rows, cursor = page(rows, call.body.text("cursor"), size)
    return {"info": rows, "is_last": not cursor, "next_cursor": cursor}


ENDPOINTS = {
    "externalcontact/transfer_customer": Endpoint("POST", transfer_customer, GRANT),
    "externalcontact/transfer_result": Endpoint("POST", transfer_result, GRANT),
    "externalcontact/resigned/transfer_customer": Endpoint("POST", resigned_transfer, GRANT),
    "externalcontact/resigned/transfer_result": Endpoint("POST", resigned_result, GRANT),
    "externalcontact/get_unassigned_list": Endpoint("POST", unassigned, GRANT),
}
