"""What every change of a versioned record does first: hold the row, and compare the version a button was made with."""

from __future__ import annotations

from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.access import Actor
from scrm.audit import Turn
from scrm.errors import AlreadySo, DomainError, Outdated
from scrm.models import Audit, Customer, Deal, FollowUp, Lead, Member

R = TypeVar("R", Customer, Deal, FollowUp, Lead)


class Already(AlreadySo):
    """Base of the sentences of one noun that say what is already so; `values` fill the sentence."""

    def __init__(self, view: str, **values: Any) -> None:
        DomainError.__init__(self, **values)
        self.view = view


class ChangedByYou(Outdated):
    """The one who clicks an old card changed the record himself."""

    sentence = "您刚更新过，已为您显示最新内容。"


def event_id(session: Session) -> int | None:
    """The id of the event this transaction handles; None in a job."""
    turn: Turn | None = session.info.get("turn")
    return int(turn.key[1:]) if turn and turn.key[:1] == "e" and turn.key[1:].isdigit() else None


def hold(session: Session, row: R) -> R:
    """The row as it is now, held until this transaction ends, so that of two people at once the second sees the first."""
    session.flush()  # a refresh forgets what is not flushed
    session.refresh(row, with_for_update=True)
    return row


def held(query: sa.Select[R]) -> sa.Select[R]:
    """The query with its rows held, each as it is now: what this session has read before may be old."""
    return query.with_for_update().execution_options(populate_existing=True)


def check(session: Session, actor: Actor, row: Customer | Deal | FollowUp, version: int | None, view: str) -> None:
    """Raises Outdated, naming who changed the row last, unless `version` (None = not from a button) is the row's own."""
    if version is None or version == row.version:
        return
    changer = session.scalar(
        sa.select(Audit.member_id)
        .where(Audit.table_name == row.__tablename__, Audit.record_id == str(row.id))
        .order_by(Audit.id.desc())
        .limit(1)
    )
    if changer is not None and changer == actor.member_id:
        raise ChangedByYou(view)
    member = session.get(Member, changer) if changer is not None else None
    raise Outdated(view, member.name if member else "")
