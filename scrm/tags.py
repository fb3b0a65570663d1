"""Tags of contacts and customers, kept in step with the corp tags of WeCom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import follows
from scrm.errors import DomainError
from scrm.models import Contact, ContactTag, Customer, CustomerTag, Follow, Tag
from scrm.prepared import Prepared
from scrm.upsert import insert_once

MAX_NAME = 30  # characters of a corp tag (OD:92696)
MAX_AT_ONCE = 20

Affirmed = Callable[[str, Iterable[str]], Sequence[str]]  # which of the words a text says without denying them


class TagTooLong(DomainError):
    """WeCom would refuse the name."""

    sentence = "标签「{tag}」太长了，标签名最多 30 个字。"


class TooManyTags(DomainError):
    """More tags in one sentence than anybody means."""

    sentence = "一次最多打 20 个标签，请分几次说。"


@dataclass(frozen=True, slots=True)
class Change:
    """What tagging changed: names that are new (or gone), names that changed nothing, and the follow they were written to."""

    changed: tuple[Tag, ...]
    unchanged: tuple[str, ...]
    member_id: int | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """A tag taken off, and the follow it was on (None: ours only)."""

    tag: Tag
    member_id: int | None


def ensure(session: Session, name: str, group: str = "") -> Tag:
    """The tag of this name, made on the way. Raises TagTooLong.

    The library is not part of anybody's undo: a tag made here stays when the tagging is taken back.
    """
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME:
        raise TagTooLong(tag=name)
    query = sa.select(Tag).where(Tag.name == name)
    tag = session.scalars(query).one_or_none()
    if tag is None:
        insert_once(session, Tag, {"name": name, "group_name": group}, ["name"])
        tag = session.scalars(query).one()
    return tag


def ensure_all(session: Session, tag_names: Iterable[str]) -> list[Tag]:
    """The tags of these names, made on the way. Raises TagTooLong, TooManyTags."""
    return [ensure(session, name) for name in _clean(tag_names)]


def find(session: Session, names: Iterable[str]) -> tuple[list[Tag], list[str]]:
    """Known tags in the order of the names, and the names nobody knows."""
    wanted = _clean(names)
    known = {tag.name: tag for tag in session.scalars(sa.select(Tag).where(Tag.name.in_(wanted)))}
    return [known[name] for name in wanted if name in known], [name for name in wanted if name not in known]


def library(session: Session) -> list[str]:
    """All tag names, those most worn by contacts first."""
    worn = sa.func.count(ContactTag.id)
    query = (
        sa.select(Tag.name)
        .outerjoin(ContactTag, ContactTag.tag_id == Tag.id)
        .group_by(Tag.id)
        .order_by(worn.desc(), Tag.id)
    )
    return list(session.scalars(query))


# --- who wears what


def _counts() -> sa.ColumnElement[bool]:
    """A mark counts when it is ours only, or on a follow that lives."""
    # Asked by contact, which has few follows; an EXISTS on both columns lets a planner go by member, who has thousands.
    living = sa.select(Follow.member_id).where(Follow.contact_id == ContactTag.contact_id, Follow.ended_at.is_(None))
    return sa.or_(ContactTag.member_id.is_(None), ContactTag.member_id.in_(living.correlate(ContactTag)))


def names_of(session: Session, contact_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Tag names by contact: the union of its living follows' tags and our own."""
    query = (
        sa.select(ContactTag.contact_id, Tag.name)
        .join(Tag, Tag.id == ContactTag.tag_id)
        .where(ContactTag.contact_id.in_(set(contact_ids)), _counts())
        .group_by(ContactTag.contact_id, Tag.id, Tag.name)
        .order_by(sa.func.min(ContactTag.id))
    )
    names: dict[int, list[str]] = defaultdict(list)
    for contact_id, name in session.execute(query):
        names[contact_id].append(name)
    return {contact_id: tuple(found) for contact_id, found in names.items()}


def names(session: Session, contact: Contact) -> tuple[str, ...]:
    """The contact's tag names."""
    return names_of(session, [contact.id]).get(contact.id, ())


def customer_names(session: Session, customer_id: int) -> tuple[str, ...]:
    """The customer's own tag names."""
    query = sa.select(Tag.name).join(CustomerTag).where(CustomerTag.customer_id == customer_id).order_by(Tag.id)
    return tuple(session.scalars(query))


def wearing(tags: Sequence[Tag]) -> sa.ColumnElement[bool]:
    """A clause on Contact: wears every one of these tags."""
    worn = (sa.select(ContactTag.contact_id).where(ContactTag.tag_id == tag.id, _counts()) for tag in tags)
    return sa.and_(sa.true(), *(Contact.id.in_(contacts) for contacts in worn))


def wearers(session: Session, tag: Tag) -> list[tuple[Contact, int]]:
    """Contacts with the members on whose living follow the tag stands."""
    query = (
        sa.select(Contact, ContactTag.member_id)
        .join(ContactTag, ContactTag.contact_id == Contact.id)
        .where(ContactTag.tag_id == tag.id, ContactTag.member_id.is_not(None), _counts())
    )
    return [(contact, member_id) for contact, member_id in session.execute(query) if member_id is not None]


# --- putting on and taking off


def put_on(session: Session, contact: Contact, tag_names: Iterable[str], speaker_id: int | None) -> Change:
    """Tag a contact on the speaker's own follow, else on the owner's, else on our side only. Raises TagTooLong, TooManyTags."""
    follow = follows.of_speaker(session, contact, speaker_id)
    member_id = follow.member_id if follow else None
    worn = set(names(session, contact)) if member_id is None else _on_follow(session, contact, member_id)
    fresh = [name for name in _clean(tag_names) if name not in worn]
    tags = [ensure(session, name) for name in fresh]
    session.add_all(ContactTag(contact_id=contact.id, tag_id=tag.id, member_id=member_id) for tag in tags)
    session.flush()
    return Change(tuple(tags), tuple(name for name in _clean(tag_names) if name in worn), member_id)


def put_on_customer(session: Session, customer: Customer, tag_names: Iterable[str]) -> Change:
    """Tag a customer. Raises TagTooLong, TooManyTags."""
    worn = set(customer_names(session, customer.id))
    tags = [ensure(session, name) for name in _clean(tag_names) if name not in worn]
    session.add_all(CustomerTag(customer_id=customer.id, tag_id=tag.id) for tag in tags)
    session.flush()
    return Change(tuple(tags), tuple(name for name in _clean(tag_names) if name in worn))


def take_off(session: Session, contact: Contact, tag_names: Iterable[str]) -> list[Removed]:
    """Take tags off a contact, from every living follow and from our side."""
    query = (
        sa.select(ContactTag, Tag)
        .join(Tag, Tag.id == ContactTag.tag_id)
        .where(ContactTag.contact_id == contact.id, Tag.name.in_(_clean(tag_names)), _counts())
    )
    removed = []
    for mark, tag in session.execute(query).all():
        session.delete(mark)
        removed.append(Removed(tag, mark.member_id))
    session.flush()
    return removed


def take_off_customer(session: Session, customer: Customer, tag_names: Iterable[str]) -> list[Removed]:
    """Take tags off a customer."""
    query = (
        sa.select(CustomerTag, Tag)
        .join(Tag)
        .where(CustomerTag.customer_id == customer.id, Tag.name.in_(_clean(tag_names)))
    )
    removed = []
    for mark, tag in session.execute(query).all():
        session.delete(mark)
        removed.append(Removed(tag, None))
    session.flush()
    return removed


_WITH_WORDS = Prepared(sa.select(Tag.name, Tag.words).where(Tag.words != ""))


def said(session: Session, text: str, affirmed: Affirmed, defaults: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Names of the tags whose words a note says: the company's own words (`Tag.words`), `defaults` for other tags."""
    own = {name: tuple(words.split()) for name, words in _WITH_WORDS.rows(session)}
    return tuple(name for name, words in {**defaults, **own}.items() if affirmed(text, words))


def _on_follow(session: Session, contact: Contact, member_id: int) -> set[str]:
    marks = sa.select(Tag.name).join(ContactTag, ContactTag.tag_id == Tag.id)
    return set(session.scalars(marks.where(ContactTag.contact_id == contact.id, ContactTag.member_id == member_id)))


def _clean(tag_names: Iterable[str]) -> list[str]:
    every = list(dict.fromkeys(name for raw in tag_names if (name := raw.strip())))
    if len(every) > MAX_AT_ONCE:
        raise TooManyTags
    return every
