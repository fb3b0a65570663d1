"""How many pushes reach one person a day: beyond that, those that can wait come together on one card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.cards.card import Card
from bot.context import Context, Owed
from bot.outbox import Address
from bot.tables import CLAIMED, DONE, EXPIRED, FAILED, HELD, NEW, Outbox
from scrm import calendar
from scrm.db import one_of, table_of
from scrm.hours import Hours
from scrm.models import Member
from scrm.prepared import Prepared

SUMMED = "summed"  # what the row of a push says once the card that sums it up is owed
SUMMARY_AT = time(17, 30)  # local: what the day held back
BATCH = 2000
_OUTBOX = table_of(Outbox)


@dataclass(frozen=True, slots=True)
class HeldPush:
    """A push that came on the summing card instead of by itself."""

    id: int
    card: Card


def within_the_day(context: Context, placed: list[tuple[Owed, Address]]) -> list[tuple[Owed, Address]]:
    """What is owed, with those held back that can wait and are beyond what their person gets a day. Two queries, or none."""
    waiting = {owed.member_id for owed, _ in placed if owed.may_wait and owed.member_id is not None}
    if not waiting:
        return placed
    own = dict[int, int](_OWN_LIMITS.rows(context.session, {"ids": waiting}))
    days = {owed.push_day for owed, _ in placed if owed.push_day is not None}
    told = Counter[tuple[int | None, int | None]]()
    for member_id, day, many in _TOLD.rows(context.session, {"ids": waiting, "first": min(days), "last": max(days)}):
        told[member_id, day] = many
    kept = []
    for owed, address in placed:
        most = own.get(owed.member_id or 0, context.settings.pushes_a_day)
        whose = (owed.member_id, owed.push_day)
        if owed.may_wait and most and told[whose] >= most:
            owed = replace(owed, held_until=_summary_after(context, owed.not_before or context.now))
        else:
            told[whose] += 1
        kept.append((owed, address))
    return kept


_OWN_LIMITS = Prepared(
    sa.select(Member.id, Member.pushes_a_day).where(one_of(Member.id, "ids"), Member.pushes_a_day.is_not(None))
)
_TOLD = Prepared(
    sa.select(Outbox.member_id, Outbox.push_day, sa.func.count())
    .where(
        one_of(Outbox.member_id, "ids"),
        Outbox.push_day.between(sa.bindparam("first"), sa.bindparam("last")),
        Outbox.push_day.is_not(None),
        Outbox.state.in_((NEW, CLAIMED, DONE, FAILED)),
    )
    .group_by(Outbox.member_id, Outbox.push_day)
)


def _summary_after(context: Context, moment: datetime) -> datetime:
    """When what is held back at this moment is summed up: this working day's evening, else with the next morning's digest."""
    settings = context.settings
    hours = Hours(settings.zone, time.fromisoformat(settings.quiet_from), time.fromisoformat(settings.quiet_until))
    day = hours.day(moment)
    evening = hours.at(day, SUMMARY_AT)
    if calendar.is_workday(day) and moment < evening and not hours.is_quiet(evening):
        return evening
    return hours.disturbable(hours.at(calendar.next_workday(day), time.fromisoformat(settings.digest_at)))


def claim_held(session: Session, now: datetime) -> dict[int, list[HeldPush]]:
    """What is to be summed up now, by person, in the order in which it was held back; each is given out once."""
    due = sa.select(_OUTBOX.c.id).where(_OUTBOX.c.state == HELD, _OUTBOX.c.not_before_ms <= _ms(now))
    ids = session.scalars(due.order_by(_OUTBOX.c.id).limit(BATCH).with_for_update(skip_locked=True)).all()
    if not ids:
        return {}
    summed = sa.update(_OUTBOX).where(_OUTBOX.c.id.in_(ids), _OUTBOX.c.state == HELD)
    rows = session.execute(
        summed.values(state=EXPIRED, error=SUMMED).returning(_OUTBOX.c.id, _OUTBOX.c.member_id, _OUTBOX.c.payload)
    )
    found: dict[int, list[HeldPush]] = {}
    for row in sorted(rows, key=lambda one: one.id):
        found.setdefault(row.member_id, []).append(HeldPush(row.id, _card(row.payload)))
    return found


def summed_up(session: Session, member_id: int, after: int, limit: int) -> tuple[Sequence[HeldPush], int]:
    """This person's pushes that were summed up, newer than `after`, and how many there are of these (7 days)."""
    mine = sa.and_(_OUTBOX.c.member_id == member_id, _OUTBOX.c.push_day.is_not(None), _OUTBOX.c.error == SUMMED)
    still = sa.and_(mine, _OUTBOX.c.id > after, _OUTBOX.c.payload != "{}")
    count = session.scalar(sa.select(sa.func.count()).select_from(_OUTBOX).where(still)) or 0
    rows = session.execute(sa.select(_OUTBOX.c.id, _OUTBOX.c.payload).where(still).order_by(_OUTBOX.c.id).limit(limit))
    return [HeldPush(row.id, _card(row.payload)) for row in rows], count


def summed_card(session: Session, member_id: int, ident: int) -> Card | None:
    """One of these as it would have come; None when it is not this person's, or gone."""
    rows = summed_up(session, member_id, ident - 1, 1)[0]
    return next((row.card for row in rows if row.id == ident), None)


def _card(payload: str) -> Card:
    return msgspec.convert(json.loads(payload)["card"], Card)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
