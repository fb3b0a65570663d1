"""Who follows an external contact on WeCom, as the platform reports it, and who owns the contact because of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.models import Channel, Contact, Follow, Identity, Member

PLATFORM = "wecom"  # only WeCom has external contacts


@dataclass(frozen=True, slots=True)
class Arrival:
    """A contact and a member are connected. `channel` is None where the contact came through none of ours."""

    contact: Contact
    follow: Follow
    channel: Channel | None
    began: bool  # the follow lives since now; False for a repeated event
    first: bool  # nobody followed this contact before


@dataclass(frozen=True, slots=True)
class Departure:
    """A follow that ended just now; `successor` is the earliest follow that is left."""

    contact: Contact
    follow: Follow
    successor: Follow | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A follow as the platform lists it."""

    member_id: int
    state: str
    since: datetime


def member_of(session: Session, user_id: str) -> Member | None:
    """The member behind a WeCom userid."""
    identity = sa.select(Identity.member_id).where(Identity.platform == PLATFORM, Identity.user_id == user_id)
    return session.scalars(sa.select(Member).where(Member.id.in_(identity))).one_or_none()


def user_ids(session: Session, member_ids: Iterable[int]) -> dict[int, str]:
    """WeCom userids by member; a member without one is absent."""
    query = sa.select(Identity.member_id, Identity.user_id).where(
        Identity.platform == PLATFORM, Identity.member_id.in_(set(member_ids))
    )
    return dict(session.execute(query).all())


def by_external(session: Session, external_user_id: str) -> Contact | None:
    """The contact with this external_userid, held till the end of the transaction."""
    query = sa.select(Contact).where(Contact.external_user_id == external_user_id).with_for_update()
    return session.scalars(query).one_or_none()


def added(session: Session, external_user_id: str, member: Member, state: str, now: datetime) -> Arrival:
    """The member and the contact are connected, half (the member has not confirmed yet) or fully: one follow in the end.

    Makes a contact, never a customer. A repeated or overtaken event changes nothing (OD:92130).
    """
    contact = by_external(session, external_user_id) or _new_contact(session, external_user_id, member)
    first = earliest(session, contact.id) is None
    channel = session.scalars(sa.select(Channel).where(Channel.state == state)).one_or_none() if state else None
    follow, began = _follow(session, contact, Seen(member.id, state, now))
    if began:
        _settle(session, contact)
    if state and not contact.channel:
        contact.channel = channel.name if channel else state
    return Arrival(contact, follow, channel, began, first and began)


def ended(session: Session, external_user_id: str, member: Member, now: datetime) -> Departure | None:
    """The contact left the member, or the member the contact. None for a repeat, or when they met again since."""
    contact = by_external(session, external_user_id)
    follow = _between(session, member.id, external_user_id)
    if contact is None or follow is None or follow.ended_at is not None or follow.since > now:
        return None
    follow.ended_at = now
    _settle(session, contact)
    return Departure(contact, follow, earliest(session, contact.id))


def reread(
    session: Session, external_user_id: str, name: str, seen: Sequence[Seen], asked_at: datetime
) -> Contact | None:
    """Bring name and follows in line with what the platform listed when it was asked; None when nobody follows a stranger."""
    contact = by_external(session, external_user_id)
    if contact is None:
        if not seen:
            return None
        maker = session.get_one(Member, seen[0].member_id)
        contact = _new_contact(session, external_user_id, maker)
    if name and contact.name != name[:64]:
        contact.name = name[:64]
    for one in seen:
        _follow(session, contact, one)
    listed = {one.member_id for one in seen}
    for follow in living(session, contact.id):
        # A follow that began after the question is missing from the answer without having ended.
        if follow.member_id not in listed and follow.since < asked_at:
            follow.ended_at = asked_at
    _settle(session, contact)
    return contact


def living(session: Session, contact_id: int) -> Sequence[Follow]:
    """The follows of a contact that have not ended, earliest first."""
    query = (
        sa.select(Follow)
        .where(Follow.contact_id == contact_id, Follow.ended_at.is_(None))
        .order_by(Follow.since, Follow.id)
    )
    return session.scalars(query).all()


def earliest(session: Session, contact_id: int) -> Follow | None:
    """The follow that makes its member the owner."""
    return next(iter(living(session, contact_id)), None)


def of_speaker(session: Session, contact: Contact, member_id: int | None) -> Follow | None:
    """The follow a tag is written to: the speaker's own, else the owner's; None when nobody follows."""
    every = living(session, contact.id)
    return next((follow for follow in every if follow.member_id == member_id), every[0] if every else None)


def _new_contact(session: Session, external_user_id: str, member: Member) -> Contact:
    contact = Contact(name="", owner_id=member.id, external_user_id=external_user_id, channel="")
    session.add(contact)
    session.flush()
    return contact


def _between(session: Session, member_id: int, external_user_id: str) -> Follow | None:
    query = sa.select(Follow).where(Follow.member_id == member_id, Follow.external_user_id == external_user_id)
    return session.scalars(query).one_or_none()


def _follow(session: Session, contact: Contact, seen: Seen) -> tuple[Follow, bool]:
    """The follow, and whether it began (or began again) with this."""
    follow = _between(session, seen.member_id, contact.external_user_id or "")
    if follow is None:
        follow = Follow(contact_id=contact.id, member_id=seen.member_id, external_user_id=contact.external_user_id,
                        state=seen.state, since=seen.since)  # fmt: skip
        session.add(follow)
        session.flush()
        return follow, True
    if follow.ended_at is not None and seen.since >= follow.ended_at:
        follow.since, follow.ended_at, follow.state = seen.since, None, seen.state
        session.flush()
        return follow, True
    if seen.state and not follow.state:
        follow.state = seen.state
    return follow, False


def _settle(session: Session, contact: Contact) -> None:
    """The owner is the earliest living follower; when the last one is gone the contact stays with whom it was."""
    session.flush()
    follow = earliest(session, contact.id)
    if follow is not None and contact.owner_id != follow.member_id:
        contact.owner_id = follow.member_id
        session.flush()
