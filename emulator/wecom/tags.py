"""externalcontact: corp tags and marking customers with them (OD:92117, OD:92118)."""

from __future__ import annotations

from typing import Any

from emulator.wecom.calls import Answer, Call, Endpoint
from emulator.wecom.contacts import GRANT, relation
from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.fields import Fields
from emulator.wecom.messages import check_agent
from emulator.wecom.records import Tag, TagGroup
from emulator.wecom.world import World

NAME_CHARS = 30
MOST_TAGS = 10_000
MOST_ON_CUSTOMER = 3000
ORDER_END = 2**32


def tags_in(world: World, group_id: str) -> list[Tag]:
    """A group's tags, highest order first."""
    return sorted((t for t in world.tags.values() if t.group_id == group_id), key=lambda tag: -tag.order)


def _group_json(world: World, group: TagGroup, only: set[str] | None = None) -> dict[str, Any]:
    return {
        "group_id": group.id,
        "group_name": group.name,
        "create_time": int(group.created.timestamp()),
        "order": group.order,
        "tag": [
            {"id": tag.id, "name": tag.name, "create_time": int(tag.created.timestamp()), "order": tag.order}
            for tag in tags_in(world, group.id)
            if only is None or tag.id in only
        ],
    }


def new_group(world: World, name: str, *, order: int = 0, by_app: bool = False) -> TagGroup:
    """A tag group, which must get a tag at once."""
    group = TagGroup(world.fresh("et", 30), name, world.clock(), order, by_app)
    world.tag_groups[group.id] = group
    return group


def new_tag(world: World, group: TagGroup, name: str, *, order: int = 0, by_app: bool = False) -> Tag:
    """A tag in a group; an equal name in the group is the same tag."""
    for tag in tags_in(world, group.id):
        if tag.name == name:
            return tag
    tag = Tag(world.fresh("et", 30), name, group.id, world.clock(), order, by_app)
    world.tags[tag.id] = tag
    return tag


def drop_tag(world: World, tag_id: str) -> None:
    """A tag disappears, also from customers, and its group with the last one."""
    tag = world.tags.pop(tag_id)
    for contact in world.contacts.values():
        for follow in contact.follows.values():
            follow.tag_ids.discard(tag_id)
    if not tags_in(world, tag.group_id):
        world.tag_groups.pop(tag.group_id, None)


def list_tags(world: World, call: Call) -> Answer:
    """get_corp_tag_list; group_id wins over tag_id, both empty means all."""
    group_ids, tag_ids = call.body.strings("group_id"), set(call.body.strings("tag_id"))
    groups = list(world.tag_groups.values())
    if group_ids:
        return {"tag_group": [_group_json(world, group) for group in groups if group.id in group_ids]}
    if tag_ids:
        found = [_group_json(world, group, tag_ids) for group in groups]
        return {"tag_group": [group for group in found if group["tag"]]}
    return {"tag_group": [_group_json(world, group) for group in groups]}


def _order(body: Fields) -> int:
    order = body.number("order")
    refuse_if(not 0 <= order < ORDER_END, 40058, "order")
    return order


def _target_group(world: World, body: Fields) -> TagGroup | None:
    if group_id := body.text("group_id"):
        found = world.tag_groups.get(group_id)
        refuse_if(found is None, 40068)
        return found
    name = body.text("group_name", missing=40058, most=NAME_CHARS)
    return next((group for group in world.tag_groups.values() if group.name == name), None)


def add_tags(world: World, call: Call) -> Answer:
    """add_corp_tag: an existing group name is reused, an existing tag name is not doubled."""
    body = call.body
    _check_own_agent(world, body)
    wanted = [(tag.text("name", missing=40058, most=NAME_CHARS), _order(tag)) for tag in body.objects("tag")]
    refuse_if(not wanted, 40058, "a group needs a tag")
    order = _order(body)
    group = _target_group(world, body)
    refuse_if(len(world.tags) + len(wanted) > MOST_TAGS, 40126)
    if group is None:
        group = new_group(world, body.text("group_name"), order=order, by_app=True)
    made = {new_tag(world, group, name, order=order, by_app=True).id for name, order in wanted}
    return {"tag_group": _group_json(world, group, made)}


def _check_own_agent(world: World, body: Fields) -> None:
    if "agentid" in body:
        check_agent(world, body)


def _own(world: World, id: str) -> Tag | TagGroup:
    """The tag or group with this id, which the app itself must have made (81011)."""
    found = world.tags.get(id) or world.tag_groups.get(id)
    if found is None:
        raise Refusal(40068)
    refuse_if(not found.by_app, 81011)
    return found


def edit_tag(world: World, call: Call) -> Answer:
    """edit_corp_tag: rename or reorder one tag or group; a name already taken beside it is refused."""
    body = call.body
    _check_own_agent(world, body)
    found = _own(world, body.text("id", missing=40063))
    name = body.text("name", most=NAME_CHARS)
    beside: list[Tag] | list[TagGroup] = (
        tags_in(world, found.group_id) if isinstance(found, Tag) else list(world.tag_groups.values())
    )
    refuse_if(name and any(other.name == name and other is not found for other in beside), 40071)
    order = _order(body) if "order" in body else found.order
    found.name, found.order = name or found.name, order
    return {}


def delete_tags(world: World, call: Call) -> Answer:
    """del_corp_tag."""
    body = call.body
    _check_own_agent(world, body)
    tag_ids, group_ids = body.strings("tag_id"), body.strings("group_id")
    refuse_if(not tag_ids and not group_ids, 40058)
    refuse_if(any(id not in world.tags for id in tag_ids), 40068)
    refuse_if(any(id not in world.tag_groups for id in group_ids), 40068)
    for id in (*tag_ids, *group_ids):
        _own(world, id)
    tag_ids = list(tag_ids)
    for group_id in group_ids:
        tag_ids += [tag.id for tag in tags_in(world, group_id)]
    for tag_id in dict.fromkeys(tag_ids):
        drop_tag(world, tag_id)
    return {}


def mark(world: World, call: Call) -> Answer:
    """mark_tag: put tags on and take tags off one member's relation to one customer."""
    add, remove = call.body.strings("add_tag"), call.body.strings("remove_tag")
    follow = relation(world, call.body)
    refuse_if(not add and not remove, 40058, "add_tag and remove_tag are empty")
    refuse_if(any(tag_id not in world.tags for tag_id in (*add, *remove)), 40068)
    after = (follow.tag_ids | set(add)) - set(remove)
    refuse_if(len(after) > MOST_ON_CUSTOMER, 40058, "too many tags on one customer")
    follow.tag_ids = after
    if world.echo_mark_tag:
        world.owed_events.append(("edit_external_contact", follow.userid, call.body.text("external_userid"), {}))
    return {}


ENDPOINTS = {
    "externalcontact/get_corp_tag_list": Endpoint("POST", list_tags, GRANT),
    "externalcontact/add_corp_tag": Endpoint("POST", add_tags, GRANT),
    "externalcontact/edit_corp_tag": Endpoint("POST", edit_tag, GRANT),
    "externalcontact/del_corp_tag": Endpoint("POST", delete_tags, GRANT),
    "externalcontact/mark_tag": Endpoint("POST", mark, GRANT),
}
