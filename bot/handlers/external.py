"""What happens between members and external contacts: welcomed within seconds, followed, tagged, and told to the owner."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.cards import external as cards
from bot.context import REPLY, URGENT, Context, Owed
from bot.events import ContactChange, TagChange
from bot.handlers.tags import owe_library, put_on
from scrm import follows, leads, members, tag_sync, tags
from scrm.follows import Arrival, Seen
from scrm.models import Contact, Customer, Member
from scrm.tag_sync import RemoteTag

log = structlog.get_logger("external")

# A welcome code dies 20 s after the event (OD:92137). The platform's clock need not be ours: we give ourselves 20 s from
# now, and a code that has died before is refused there.
WELCOME_WINDOW = timedelta(seconds=20)


def contact_changed(event: ContactChange, context: Context) -> None:
    """An external contact and a member: connected, edited, parted, or a handover that failed."""
    member = _member(event, context)
    match event.change:
        case "added" | "half_added":
            _arrived(event, context, member)
        case "edited":
            _owe_reading(context, event.external_user_id)
        case "left" | "deleted":
            _parted(event, context, member)
        case "transfer_failed":
            _transfer_failed(event, context, member)


def tags_changed(event: TagChange, context: Context) -> None:
    """The tag library changed: it is read again."""
    owe_library(context, event.key)


def _arrived(event: ContactChange, context: Context, member: Member) -> None:
    arrival = follows.added(context.session, event.external_user_id, member, event.state, event.sent_at)
    _owe_welcome(event, context, arrival, member)
    if not arrival.began:
        return
    if arrival.channel is not None and arrival.channel.tag_names:
        put_on(context, arrival.contact, arrival.channel.tag_names, member.id)
    # The owner hears of a new contact by name: once the name has been read.
    _owe_reading(context, event.external_user_id, tell=member.id if arrival.first else None)
    _touch(context, arrival.contact)


def _owe_welcome(event: ContactChange, context: Context, arrival: Arrival, member: Member) -> None:
    if not event.welcome_code:
        return
    words = (arrival.channel.welcome if arrival.channel else "") or context.settings.welcome
    payload = {"code": event.welcome_code, "text": words.replace("{member}", member.name)}
    context.owe(
        Owed(key=f"welcome:{event.welcome_code}", kind="welcome", payload=payload, lane=URGENT, expires=WELCOME_WINDOW)
    )


def _parted(event: ContactChange, context: Context, member: Member) -> None:
    departure = follows.ended(context.session, event.external_user_id, member, event.sent_at)
    if departure is None:
        return
    _touch(context, departure.contact)
    if event.change == "left":  # a member who deletes a contact knows it
        heir = context.session.get(Member, departure.successor.member_id) if departure.successor else None
        facts = _facts(context, departure.contact)
        card = cards.left(facts, departure.follow.since, heir.name if heir else "", context.settings.zone)
        context.send(member.id, card, f"left:{event.key}", may_wait=True)


def _transfer_failed(event: ContactChange, context: Context, member: Member) -> None:
    contact = follows.by_external(context.session, event.external_user_id)
    if contact is None:
        return
    card = cards.transfer_failed(_facts(context, contact), member.name, event.detail)
    for member_id in sorted({member.id, contact.owner_id or member.id}):
        context.send(member_id, card, f"transfer_failed:{event.key}:{member_id}")


# --- what comes back from the platform


def contact_read(context: Context, payload: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Name, follows and tags of a contact as the platform has them."""
    session, asked_at = context.session, datetime.fromisoformat(payload["asked_at"])
    listed = [
        (member, follow) for follow in result["follows"] if (member := follows.member_of(session, follow["user_id"]))
    ]
    seen = [Seen(member.id, follow["state"], _since(follow, asked_at)) for member, follow in listed]
    contact = follows.reread(session, payload["external_user_id"], result["name"], seen, asked_at)
    if contact is None:
        return
    for member, follow in listed:
        remote = [RemoteTag(tag["id"], tag["name"], tag["group"]) for tag in follow["tags"]]
        tag_sync.marks(session, contact, member.id, remote)
    first = payload.get("tell") is not None
    lead = leads.from_channel(session, contact) if first else None
    _touch(context, contact)
    _tell(context, payload, contact, lead.id if lead is not None and lead.owner_id == payload["tell"] else None)


def reading_refused(context: Context, payload: Mapping[str, Any], code: str) -> None:
    """The contact cannot be read; its owner hears of it without a name."""
    log.warning("read_contact_refused", code=code, external_user_id=payload["external_user_id"])
    contact = follows.by_external(context.session, payload["external_user_id"])
    if contact is not None:
        _tell(context, payload, contact)


def welcome_refused(_context: Context, payload: Mapping[str, Any], code: str) -> None:
    """Too late, or somebody wrote first: nothing anybody could do about it now."""
    log.warning("welcome_refused", code=code, welcome_code=payload["code"])


def _tell(context: Context, payload: Mapping[str, Any], contact: Contact, lead_id: int | None = None) -> None:
    if payload.get("tell") is not None:
        key = f"new_contact:{contact.external_user_id}:{payload['asked_at']}"
        context.send(payload["tell"], cards.arrived(_facts(context, contact), lead_id), key)


# --- within


def _member(event: ContactChange, context: Context) -> Member:
    """The member of the event; one the directory has not brought yet is known by the userid until it does."""
    origin = event.origin
    known = follows.member_of(context.session, origin.user_id)
    return known or members.ensure(context.session, origin.platform, origin.user_id, origin.user_id, now=context.now)


def _owe_reading(context: Context, external_user_id: str, tell: int | None = None) -> None:
    payload = {"external_user_id": external_user_id, "asked_at": context.now.isoformat(), "tell": tell}
    context.owe(
        Owed(key=f"read_contact:{context.turn}:{external_user_id}", kind="read_contact", payload=payload, lane=REPLY)
    )


def _facts(context: Context, contact: Contact) -> cards.Person:
    customer = context.session.get(Customer, contact.customer_id) if contact.customer_id else None
    worn = tags.names(context.session, contact)
    return cards.Person(contact.name, contact.channel, customer.name if customer else "", contact.customer_id, worn)


def _touch(context: Context, contact: Contact) -> None:
    context.touch(f"contact:{contact.id}")
    if contact.customer_id is not None:
        context.touch(f"customer:{contact.customer_id}")


def _since(follow: Mapping[str, Any], asked_at: datetime) -> datetime:
    """When a follow began, in epoch seconds; 0 where the platform does not say, which must not make it the earliest."""
    return datetime.fromtimestamp(follow["since"], UTC) if follow["since"] else asked_at


EVENTS = {ContactChange: contact_changed, TagChange: tags_changed}
RESULTS = {"read_contact": contact_read}
FAILURES = {"read_contact": reading_refused, "welcome": welcome_refused}
