"""Tags: put on and taken off by a sentence, set by the words of a note, and written back to the platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bot.cards import tags as cards
from bot.cards.card import Card
from bot.commands import TagContact, UntagContact
from bot.context import PUSH, REPLY, Context, Owed
from bot.nlu.auto_tags import AUTO_TAGS, affirmed
from scrm import follows, lookup, tag_sync, tags
from scrm.errors import Missing
from scrm.models import Audit, Contact, Customer, Tag
from scrm.tag_sync import RemoteTag

log = structlog.get_logger("tags")


def tag_contact(command: TagContact, context: Context) -> Card:
    """Tag a contact, or the customer when no contact is named."""
    wanted = [name for raw in command.tags if (name := raw.strip())]
    if not wanted:
        return cards.which_tag()
    subject = _subject(command, context)
    if isinstance(subject, Contact):
        change = put_on(context, subject, wanted, context.actor.member_id)
        return cards.tagged(
            _facts(context, subject), [tag.name for tag in change.changed], change.unchanged, context.turn
        )
    changed = tags.put_on_customer(context.session, subject, wanted)
    context.touch(f"customer:{subject.id}")
    return cards.tagged(
        _facts(context, subject), [tag.name for tag in changed.changed], changed.unchanged, context.turn
    )


def untag_contact(command: UntagContact, context: Context) -> Card:
    """Take tags off a contact, or off the customer when no contact is named."""
    wanted = [name for raw in command.tags if (name := raw.strip())]
    if not wanted:
        return cards.which_tag()
    subject = _subject(command, context)
    if isinstance(subject, Contact):
        removed = tags.take_off(context.session, subject, wanted)
        for member_id in {one.member_id for one in removed if one.member_id is not None}:
            owe_marks(context, subject, member_id, remove=[one.tag for one in removed if one.member_id == member_id])
        _touch(context, subject)
    else:
        removed = tags.take_off_customer(context.session, subject, wanted)
        context.touch(f"customer:{subject.id}")
    gone = list(dict.fromkeys(one.tag.name for one in removed))
    return cards.untagged(_facts(context, subject), gone, [name for name in wanted if name not in gone], context.turn)


def auto_tag(context: Context, contact_ids: Sequence[int], customer_id: int, text: str) -> tuple[str, ...]:
    """Set the tags whose words a note says, on the contacts of the note, else on its customer; names of tags that are new."""
    wanted = tags.said(context.session, text, affirmed, AUTO_TAGS)
    if not wanted:
        return ()
    if not contact_ids:
        customer = context.session.get_one(Customer, customer_id)
        return tuple(tag.name for tag in tags.put_on_customer(context.session, customer, wanted).changed)
    fresh: dict[str, None] = {}
    for contact_id in contact_ids:
        change = put_on(context, context.session.get_one(Contact, contact_id), wanted, context.actor.member_id)
        fresh.update(dict.fromkeys(tag.name for tag in change.changed))
    return tuple(fresh)


def put_on(context: Context, contact: Contact, names: Sequence[str], speaker_id: int | None) -> tags.Change:
    """Tag a contact and owe the platform the marks."""
    change = tags.put_on(context.session, contact, names, speaker_id)
    if change.member_id is not None:
        owe_marks(context, contact, change.member_id, add=change.changed)
    _touch(context, contact)
    return change


def owe_marks(
    context: Context, contact: Contact, member_id: int, *, add: Sequence[Tag] = (), remove: Sequence[Tag] = ()
) -> None:
    """Owe the marks on one follow; a tag the platform does not have yet is created first, and its result owes the mark."""
    user_id = follows.user_ids(context.session, [member_id]).get(member_id)
    if not context.settings.has_wecom_app or contact.external_user_id is None or user_id is None:
        return
    for tag in add:
        if tag.remote_id is None:
            payload = {"name": tag.name, "group": tag.group_name or cards.GROUP}
            context.owe(Owed(key=f"create_tag:{context.turn}:{tag.id}", kind="create_tag", payload=payload))
    on, off = [tag.remote_id for tag in add if tag.remote_id], [tag.remote_id for tag in remove if tag.remote_id]
    if on or off:
        ids = "+".join(str(tag.id) for tag in add) + "-" + "-".join(str(tag.id) for tag in remove)
        marks: dict[str, Any] = {
            "user_id": user_id,
            "external_user_id": contact.external_user_id,
            "add": on,
            "remove": off,
        }
        key = f"mark:{context.turn}:{contact.id}:{member_id}:{ids}"
        context.owe(Owed(key=key, kind="mark_tag", payload=marks, lane=REPLY))


def undoing(context: Context, row: Audit) -> str:
    """Before a tagging is taken back: the reverse mark on the platform. Nothing to say on the card."""
    values = row.after if row.op == "insert" else row.before if row.op == "delete" else None
    if values is None or values["member_id"] is None:
        return ""
    contact = context.session.get(Contact, values["contact_id"])
    tag = context.session.get(Tag, values["tag_id"])
    if contact is not None and tag is not None and row.op == "insert":
        owe_marks(context, contact, values["member_id"], remove=[tag])
    elif contact is not None and tag is not None:
        owe_marks(context, contact, values["member_id"], add=[tag])
    return ""


# --- what comes back from the platform


def tag_created(context: Context, payload: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The corp tag exists: everybody who wears it is marked."""
    tag = tag_sync.created(context.session, payload["name"], result["remote_id"])
    for contact, member_id in tags.wearers(context.session, tag) if tag else ():
        owe_marks(context, contact, member_id, add=[tag] if tag else ())


def marked(context: Context, payload: Mapping[str, Any], _result: Mapping[str, Any]) -> None:
    """The platform has the marks."""
    found = _follow_of(context, payload)
    if found is not None:
        tag_sync.marked(context.session, *found, payload["add"], payload["remove"])


def library_read(context: Context, _payload: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The corp's tag library as it is now."""
    tag_sync.library(
        context.session,
        [RemoteTag(tag["id"], tag["name"], group["name"]) for group in result["groups"] for tag in group["tags"]],
    )


def mark_refused(context: Context, payload: Mapping[str, Any], code: str) -> None:
    """The platform refuses the marks: the tags stay on our side."""
    log.warning("mark_refused", code=code, external_user_id=payload["external_user_id"])
    found = _follow_of(context, payload)
    if found is not None:
        tag_sync.refused(context.session, *found, payload["add"])


def create_refused(context: Context, payload: Mapping[str, Any], code: str) -> None:
    """The platform refuses the tag: it stays ours only; the next tagging tries again."""
    log.warning("create_tag_refused", code=code, tag=payload["name"])


def read_refused(context: Context, _payload: Mapping[str, Any], code: str) -> None:
    """The library could not be read; the next change of it tries again."""
    log.warning("read_tags_refused", code=code)


def owe_library(context: Context, key: str) -> None:
    """Owe a fresh reading of the tag library."""
    context.owe(Owed(key=f"read_tags:{key}", kind="read_tags", payload={}, lane=PUSH))


# --- within


def _subject(command: TagContact | UntagContact, context: Context) -> Contact | Customer:
    if isinstance(command.contact, int):  # known: who may see the person need not see the company
        return lookup.contact(context.session, context.actor, command.contact)
    customer = (
        lookup.customer(context.session, context.actor, command.customer) if command.customer is not None else None
    )
    if command.contact is not None:
        return lookup.contact(context.session, context.actor, command.contact, customer)
    if customer is None:
        raise Missing("contact", cards.WHOM)
    return customer


def _facts(context: Context, subject: Contact | Customer) -> cards.Tagged:
    if isinstance(subject, Customer):
        names = tags.customer_names(context.session, subject.id)
        return cards.Tagged(f"customer:{subject.id}", subject.name, names, customer_id=subject.id)
    customer = context.session.get(Customer, subject.customer_id) if subject.customer_id else None
    may_look = customer is not None and lookup.is_seen(context.session, context.actor, customer)
    synced = context.settings.has_wecom_app and bool(follows.living(context.session, subject.id))
    return cards.Tagged(
        f"contact:{subject.id}",
        subject.name,
        tags.names(context.session, subject),
        customer.name if customer else "",
        subject.customer_id if may_look else None,
        synced,
    )


def _touch(context: Context, contact: Contact) -> None:
    context.touch(f"contact:{contact.id}")
    if contact.customer_id is not None:
        context.touch(f"customer:{contact.customer_id}")


def _follow_of(context: Context, payload: Mapping[str, Any]) -> tuple[Contact, int] | None:
    """The contact and member of a mark, while that follow lives."""
    contact = follows.by_external(context.session, payload["external_user_id"])
    member = follows.member_of(context.session, payload["user_id"])
    if contact is None or member is None:
        return None
    lives = any(follow.member_id == member.id for follow in follows.living(context.session, contact.id))
    return (contact, member.id) if lives else None


HANDLERS = {TagContact: tag_contact, UntagContact: untag_contact}
RESULTS = {"create_tag": tag_created, "mark_tag": marked, "read_tags": library_read}
UNDOING = {"contact_tag": undoing}
FAILURES = {"create_tag": create_refused, "mark_tag": mark_refused, "read_tags": read_refused}
