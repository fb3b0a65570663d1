"""代理人: while somebody is away, a colleague gets that person's alerts and approvals."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.errors import Refused
from scrm.models import Cover, Member
from scrm.prepared import Prepared


class CoverOfOneself(Refused):
    """Nobody stands in for himself."""

    sentence = "代理人不能是自己，请说一位同事，例如：我下周休假，李娜代理"


class NoCover(Refused):
    """Nothing to end."""

    sentence = "现在没有安排代理。"


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who gets what is for `member`, and until when (local day)."""

    member_id: int
    name: str
    cover_id: int
    cover: str
    last_on: date


def arrange(session: Session, member_id: int, cover_id: int, first_on: date, last_on: date) -> Cover:
    """The colleague stands in on these days; earlier plans for any of them give way. Raises CoverOfOneself."""
    if member_id == cover_id:
        raise CoverOfOneself
    for known in _of(session, member_id, first_on):
        if known.first_on <= last_on:
            session.delete(known)
    row = Cover(member_id=member_id, cover_id=cover_id, first_on=first_on, last_on=last_on)
    session.add(row)
    session.flush()
    return row


def end(session: Session, member_id: int, today: date) -> Cover:
    """The plan that runs, or the next one, is no more. Raises NoCover."""
    found = _of(session, member_id, today)
    if not found:
        raise NoCover
    session.delete(found[0])
    session.flush()
    return found[0]


def _of(session: Session, member_id: int, today: date) -> list[Cover]:
    query = sa.select(Cover).where(Cover.member_id == member_id, Cover.last_on >= today)
    return list(session.scalars(query.order_by(Cover.first_on, Cover.id)))


def around(session: Session, member_id: int, today: date) -> list[Cover]:
    """Plans that run or are to come, in which this member is away or stands in."""
    theirs = sa.or_(Cover.member_id == member_id, Cover.cover_id == member_id)
    return list(
        session.scalars(sa.select(Cover).where(theirs, Cover.last_on >= today).order_by(Cover.first_on).limit(20))
    )


def stand_ins(session: Session, member_ids: Collection[int], today: date) -> dict[int, StandIn]:
    """Of these members those who are away today, each with the active colleague who stands in. One query, or two when a cover is away too."""
    found = _stand_ins(session, member_ids, today)
    further = _stand_ins(session, {one.cover_id for one in found.values()} - set(found), today) if found else {}
    return {
        ident: StandIn(ident, one.name, further[one.cover_id].cover_id, further[one.cover_id].cover, one.last_on)
        if one.cover_id in further and further[one.cover_id].cover_id != ident
        else one
        for ident, one in found.items()
    }


_AWAY, _COVERING = sa.orm.aliased(Member), sa.orm.aliased(Member)
_TODAY = sa.bindparam("today", type_=sa.Date())
_STAND_INS = (  # built once: it is asked with everything that is pushed
    sa.select(Cover.member_id, _AWAY.name, Cover.cover_id, _COVERING.name.label("cover"), Cover.last_on)
    .join(_AWAY, _AWAY.id == Cover.member_id)
    .join(_COVERING, _COVERING.id == Cover.cover_id)
    .where(Cover.first_on <= _TODAY, Cover.last_on >= _TODAY, _COVERING.active)
    .order_by(Cover.id)
)
_COVERED = Prepared(
    sa.select(Cover.member_id).where(
        Cover.cover_id == sa.bindparam("cover"), Cover.first_on <= _TODAY, Cover.last_on >= _TODAY
    )
)


def _stand_ins(session: Session, member_ids: Collection[int], today: date) -> dict[int, StandIn]:
    if not member_ids:
        return {}
    rows = session.execute(_STAND_INS, {"today": today}).all()  # few people are away at once: all of them
    return {row.member_id: StandIn(*row) for row in rows if row.member_id in member_ids}


def covered_by(session: Session, cover_id: int | None, today: date) -> set[int]:
    """Those for whom this member stands in today."""
    return set(_COVERED.scalars(session, {"cover": cover_id, "today": today}))
