"""Members: roles and leaders by an admin, 绑定 by anybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot import commands as c
from bot.cards import people as cards
from bot.cards.card import Card
from bot.cards.words import SPOKEN_ROLES
from bot.context import BULK, Context, Owed
from bot.events import DirectoryChange
from scrm import binding, lookup, members
from scrm.errors import Ambiguous, UnknownName
from scrm.members import UnknownRole
from scrm.models import Member

SETTLE = timedelta(minutes=1)


def set_role(command: c.SetRole, context: Context) -> Card:
    """设置李娜为主管."""
    member = lookup.member(context.session, command.member)
    role = SPOKEN_ROLES.get(command.role, command.role)
    if role not in members.ROLES:
        raise UnknownRole(role=command.role)
    return cards.role_card(members.set_role(context.session, member.id, role))


def set_manager(command: c.SetManager, context: Context) -> Card:
    """李娜的主管是王强."""
    member = lookup.member(context.session, command.member)
    manager = _leader(context, command.manager)
    return cards.manager_card(members.set_manager(context.session, member.id, manager.id), manager)


def _leader(context: Context, ref: c.Ref) -> Member:
    """The leader meant; a question about the name is about the leader."""
    try:
        return lookup.member(context.session, ref)
    except Ambiguous as several:
        raise Ambiguous("manager", several.spoken, several.candidates) from several
    except UnknownName as unknown:
        raise UnknownName("manager", unknown.spoken, unknown.close) from unknown


def rename_member(command: c.RenameMember, context: Context) -> Card:
    """成员 wm_lina 叫李娜."""
    member = lookup.member(context.session, command.member)
    before = member.name
    return cards.renamed_card(members.rename(context.session, member.id, command.new_name), before)


def show_members(_: c.ShowMembers, context: Context) -> Card:
    """成员列表."""
    people = members.everybody(context.session)
    admins = members.admin_ids(context.session, context.settings.admins)
    return cards.members_card(people, {member.id: member.name for member in people}, admins)


def bind(command: c.Bind, context: Context) -> Card:
    """A code for the other platform, or the linking itself."""
    if context.event is None or context.actor.member_id is None:
        raise LookupError("a binding comes from a person")
    origin = context.event.origin
    if not command.code:
        return cards.code_card(
            binding.make_code(context.session, context.actor.member_id, origin.platform, context.now)
        )
    member = binding.link(
        context.session, command.code, origin.platform, origin.user_id, context.now, context.settings.admins
    )
    return cards.bound_card(member) if member is not None else cards.wrong_code_card()


def directory_changed(event: DirectoryChange, context: Context) -> None:
    """Somebody joined, changed or left: that person is read again, or everybody when the platform does not say who."""
    platform = event.origin.platform
    if platform not in context.settings.directories:
        return
    if event.user_id and event.left:
        members.person_left(context.session, platform, event.user_id, context.now)
        return
    payload = {"platform": platform, "user_id": event.user_id}
    if event.user_id:
        context.owe(Owed(key=f"directory:{event.key}", kind="read_directory", payload=payload, lane=BULK))
        return
    # Moving a department brings an event for each below it: those of one minute are one reading, after that minute.
    moment = datetime.now(UTC)
    soon = Owed(
        key=f"directory:{platform}:{moment:%Y%m%d%H%M}",
        kind="read_directory",
        payload=payload,
        lane=BULK,
        not_before=moment + SETTLE,
    )
    context.owe(soon)


HANDLERS = {
    c.SetRole: set_role,
    c.SetManager: set_manager,
    c.RenameMember: rename_member,
    c.ShowMembers: show_members,
    c.Bind: bind,
}
EVENTS = {DirectoryChange: directory_changed}
