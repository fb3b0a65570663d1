"""Corp tags of WeCom into our tables: the library, and the marks on one follow. Run for the program itself, never undone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from scrm.models import Contact, ContactTag, CustomerTag, Tag


@dataclass(frozen=True, slots=True)
class RemoteTag:
    """A corp tag as the platform has it."""

    id: str
    name: str
    group: str = ""


def adopt(session: Session, remote: RemoteTag) -> Tag:
    """Our tag for a corp tag: known by its id, else by name when that name is not another corp tag's, else new."""
    tag = session.scalars(sa.select(Tag).where(Tag.remote_id == remote.id)).one_or_none()
    if tag is not None:
        return tag
    tag = session.scalars(sa.select(Tag).where(Tag.name == remote.name[:64], Tag.remote_id.is_(None))).one_or_none()
    if tag is None:
        tag = Tag(name=_free_name(session, remote), group_name=remote.group[:64])
        session.add(tag)
    tag.remote_id = remote.id
    tag.group_name = remote.group[:64] or tag.group_name
    session.flush()
    return tag


def library(session: Session, remote: Iterable[RemoteTag]) -> None:
    """Bring our tags in line with the whole corp library: new, renamed, moved to another group, deleted."""
    listed = {tag.id: tag for tag in remote if tag.id}
    known = {str(tag.remote_id): tag for tag in session.scalars(sa.select(Tag).where(Tag.remote_id.is_not(None)))}
    for remote_id, tag in known.items():
        if remote_id not in listed:
            _forget(session, tag)
    _rename(session, [(tag, listed[remote_id]) for remote_id, tag in known.items() if remote_id in listed])
    for remote_id, one in listed.items():
        if remote_id not in known:
            adopt(session, one)


def created(session: Session, name: str, remote_id: str) -> Tag | None:
    """The platform has made the corp tag of this name; None when nobody wants it any more, or it was known already."""
    tag = session.scalars(sa.select(Tag).where(Tag.name == name, Tag.remote_id.is_(None))).one_or_none()
    twin = session.scalars(sa.select(Tag).where(Tag.remote_id == remote_id)).one_or_none()
    if tag is None:
        return None
    if twin is not None:
        _merge(session, tag, twin)
        return twin
    tag.remote_id = remote_id
    session.flush()
    return tag


def marks(session: Session, contact: Contact, member_id: int, remote: Iterable[RemoteTag]) -> None:
    """Make the marks on one follow those the platform has; marks still on their way to the platform stay."""
    wanted = {adopt(session, one).id for one in remote if one.id}
    query = (
        sa.select(ContactTag, Tag.remote_id)
        .join(Tag, Tag.id == ContactTag.tag_id)
        .where(ContactTag.contact_id == contact.id, ContactTag.member_id == member_id)
    )
    have = set()
    for mark, remote_id in session.execute(query).all():
        have.add(mark.tag_id)
        if remote_id is not None and mark.tag_id not in wanted:
            session.delete(mark)
    session.add_all(
        ContactTag(contact_id=contact.id, tag_id=tag_id, member_id=member_id) for tag_id in sorted(wanted - have)
    )
    session.flush()


def marked(session: Session, contact: Contact, member_id: int, add: Collection[str], remove: Collection[str]) -> None:
    """The platform has marked: our rows say so, whatever else came in between."""
    have = set(session.scalars(sa.select(ContactTag.tag_id).where(
        ContactTag.contact_id == contact.id, ContactTag.member_id == member_id)))  # fmt: skip
    on = session.scalars(sa.select(Tag.id).where(Tag.remote_id.in_(list(add)))).all()
    session.add_all(
        ContactTag(contact_id=contact.id, tag_id=tag_id, member_id=member_id) for tag_id in on if tag_id not in have
    )
    off = sa.select(ContactTag).join(Tag).where(
        ContactTag.contact_id == contact.id, ContactTag.member_id == member_id, Tag.remote_id.in_(list(remove))
    )  # fmt: skip
    for mark in session.scalars(off).all():
        session.delete(mark)
    session.flush()


def refused(session: Session, contact: Contact, member_id: int, add: Collection[str]) -> None:
    """The platform will not take these marks: they stay on our side only, so that what was said is kept."""
    query = sa.select(ContactTag).join(Tag).where(
        ContactTag.contact_id == contact.id, ContactTag.member_id == member_id, Tag.remote_id.in_(list(add))
    )  # fmt: skip
    for mark in session.scalars(query).all():
        mark.member_id = None
    session.flush()


def _forget(session: Session, tag: Tag) -> None:
    """Deleted on the platform: it is off every follow; what only we know of it stays."""
    session.execute(sa.delete(ContactTag).where(ContactTag.tag_id == tag.id, ContactTag.member_id.is_not(None)))
    ours = sa.or_(
        sa.exists().where(ContactTag.tag_id == tag.id), sa.exists().where(CustomerTag.tag_id == tag.id)
    )  # fmt: skip
    if tag.words or session.scalar(sa.select(ours)):
        tag.remote_id = None
    else:
        session.delete(tag)
    session.flush()


def _rename(session: Session, pairs: Sequence[tuple[Tag, RemoteTag]]) -> None:
    changed = [(tag, remote) for tag, remote in pairs if tag.name not in _names(remote)]
    # Two tags may have swapped names: all of them step aside first.
    for tag, remote in changed:
        tag.name = f"~{remote.id}"[:64]
    session.flush()
    for tag, remote in changed:
        ours = session.scalars(
            sa.select(Tag).where(Tag.name == remote.name[:64], Tag.remote_id.is_(None))
        ).one_or_none()
        if ours is not None:
            _merge(session, ours, tag)
        tag.name = _free_name(session, remote)
        session.flush()
    for tag, remote in pairs:
        if remote.group and tag.group_name != remote.group[:64]:
            tag.group_name = remote.group[:64]
    session.flush()


def _merge(session: Session, loser: Tag, winner: Tag) -> None:
    """Two tags turned out to be one: who wears the loser wears the winner."""
    other = aliased(ContactTag)
    worn = sa.exists().where(other.contact_id == ContactTag.contact_id, other.tag_id == winner.id,
                             other.member_id.is_not_distinct_from(ContactTag.member_id))  # fmt: skip
    session.execute(sa.delete(ContactTag).where(ContactTag.tag_id == loser.id, worn))
    session.execute(sa.update(ContactTag).where(ContactTag.tag_id == loser.id).values(tag_id=winner.id))
    same = aliased(CustomerTag)
    has = sa.exists().where(same.customer_id == CustomerTag.customer_id, same.tag_id == winner.id)
    session.execute(sa.delete(CustomerTag).where(CustomerTag.tag_id == loser.id, has))
    session.execute(sa.update(CustomerTag).where(CustomerTag.tag_id == loser.id).values(tag_id=winner.id))
    winner.words = winner.words or loser.words
    session.delete(loser)
    session.flush()


def _names(remote: RemoteTag) -> tuple[str, str, str]:
    """Names a corp tag goes by here: WeCom allows one name in two groups, we do not."""
    return remote.name[:64], f"{remote.group}/{remote.name}"[:64], f"{remote.name}/{remote.id}"[:64]


def _free_name(session: Session, remote: RemoteTag) -> str:
    taken = set(session.scalars(sa.select(Tag.name).where(Tag.name.in_(_names(remote)))))
    return next(name for name in _names(remote) if name not in taken)
