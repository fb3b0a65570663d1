"""Putting right what a member has just recorded: only the facts named change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import activities, deals, followups
from scrm.access import Actor
from scrm.audit import UNDO_WINDOW
from scrm.errors import Refused
from scrm.hours import Hours
from scrm.models import Activity, Audit, Contact, Customer, Deal, FollowUp

_TABLES: dict[str, type[Any]] = {"activity": Activity, "followup": FollowUp, "deal": Deal}
KINDS = frozenset(_TABLES)
_LIVING = (
    Audit.undone_at.is_(None),
    Audit.table_name.in_(list(_TABLES)),
    Audit.command != "undo",
    Audit.op != "delete",
)
_REVISIONS = frozenset({"amend", "supplement"})  # commands that go on with what was recorded before
MOST_REVISIONS = 20


class NothingToAmend(Refused):
    """Nothing was recorded within a day, or not the kind of thing that has the fact named."""

    sentence = "没有找到可以修改的最近一条记录，请把客户和内容一起再说一遍。"


@dataclass(slots=True)
class Recorded:
    """What the member's last message on an activity, a follow-up or a deal left behind, as it is now."""

    turn: str
    activity: Activity | None = None
    followup: FollowUp | None = None
    deal: Deal | None = None

    @property
    def customer_id(self) -> int:
        """The customer it is about. Raises NothingToAmend when all of it is gone."""
        row = self.activity or self.followup or self.deal
        if row is None:
            raise NothingToAmend
        return row.customer_id

    def is_of(self, later: Recorded) -> bool:
        """Whether a later message was about something this one recorded."""
        mine = {id(row) for row in (self.activity, self.followup, self.deal) if row is not None}
        return any(id(row) in mine for row in (later.activity, later.followup, later.deal))

    def with_what_follows(self, later: Recorded) -> Recorded:
        """This message's records, and those that only a later one has."""
        return Recorded(
            self.turn, self.activity or later.activity, self.followup or later.followup, self.deal or later.deal
        )


def just_recorded(session: Session, actor: Actor, now: datetime, kinds: Collection[str] = KINDS) -> Recorded:
    """What the actor recorded last of these kinds, within 24 hours, with what was put right or added since.

    Raises NothingToAmend.
    """
    latest = sa.func.max(Audit.id)
    turns = session.execute(
        sa.select(Audit.turn, sa.func.max(Audit.command))
        .where(Audit.member_id == actor.member_id, Audit.at >= now - UNDO_WINDOW, Audit.table_name.in_(kinds), *_LIVING)
        .group_by(Audit.turn)
        .order_by(latest.desc())
        .limit(MOST_REVISIONS)
    )
    found: Recorded | None = None
    for turn, command in turns:
        here = _left_by(session, turn)
        if found is not None and not here.is_of(found):
            break
        found = here if found is None else here.with_what_follows(found)
        if command not in _REVISIONS:
            break
    if found is None:
        raise NothingToAmend
    return found


def _left_by(session: Session, turn: str) -> Recorded:
    found = Recorded(turn)
    rows = session.execute(
        sa.select(Audit.table_name, Audit.record_id).where(Audit.turn == turn, *_LIVING).order_by(Audit.id)
    )
    for table, record_id in rows:
        setattr(found, table, session.get(_TABLES[table], int(record_id)))
    if found.activity is not None and found.deal is not None and found.deal.customer_id != found.activity.customer_id:
        found.deal = None  # the record has been moved to another customer since
    return found


def amount(session: Session, found: Recorded, yuan: Decimal) -> None:
    """Another amount for what was recorded. Raises NothingToAmend for a mere follow-up."""
    if found.activity is None and found.deal is None:
        raise NothingToAmend
    if found.activity is not None:
        found.deal = found.deal or _took_amount(session, found.activity)
        found.activity.amount = yuan
    if found.deal is not None:
        deals.set_amount(session, found.deal, yuan)


def _took_amount(session: Session, activity: Activity) -> Deal | None:
    """The activity's deal, when its amount is the one that was said there."""
    deal = session.get(Deal, activity.deal_id) if activity.deal_id is not None else None
    return deal if deal is not None and activity.amount is not None and deal.amount == activity.amount else None


def next_step(
    session: Session, actor: Actor, hours: Hours, found: Recorded, due_at: datetime, all_day: bool, now: datetime
) -> None:
    """Another time for the next step; one that had none gets it. Raises followups.SameTime."""
    if found.followup is not None and found.followup.status == "open":
        followups.reschedule(session, actor, hours, found.followup, due_at, all_day, version=None, now=now)
        return
    customer = session.get_one(Customer, found.customer_id)
    found.followup = followups.schedule(
        session,
        actor,
        hours,
        customer,
        due_at=due_at,
        all_day=all_day,
        now=now,
        deal=found.deal,
        activity=found.activity,
    )


def customer(session: Session, found: Recorded, company: Customer) -> None:
    """It was another customer: everything recorded moves there; what was only changed at the wrong one is put back."""
    first_met = _first_met(session, found.turn)
    for person in first_met:
        person.customer_id = company.id
    if found.activity is not None:
        activities.move_to(session, found.activity, company, keep={person.id for person in first_met})
    if found.followup is not None:
        met = found.followup.contact_id if found.followup.contact_id in {person.id for person in first_met} else None
        found.followup.customer_id, found.followup.contact_id, found.followup.deal_id = company.id, met, None
    if found.deal is not None:
        _move_deal(session, found, found.deal, company)
    session.flush()


def _first_met(session: Session, turn: str) -> list[Contact]:
    made = sa.select(Audit.record_id).where(
        Audit.turn == turn, Audit.table_name == "contact", Audit.op == "insert", Audit.undone_at.is_(None)
    )
    ids = [int(ident) for ident in session.scalars(made)]
    return list(session.scalars(sa.select(Contact).where(Contact.id.in_(ids)))) if ids else []


def _move_deal(session: Session, found: Recorded, deal: Deal, company: Customer) -> None:
    changes = session.scalars(
        sa.select(Audit).where(Audit.turn == found.turn, Audit.table_name == "deal", Audit.record_id == str(deal.id))
    )
    for change in changes:
        if change.op == "insert":
            deal.customer_id = company.id
            return
        if "amount" in (change.before or {}):
            before = (change.before or {})["amount"]
            deal.amount = Decimal(before) if before is not None else None
    found.deal = None
