"""What we owe the platforms: posted inside the transaction that caused it, claimed in batches, sent, written back."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.cards.card import Card
from bot.context import URGENT, Owed
from bot.events import Origin
from bot.platforms.base import Outgoing
from bot.tables import CLAIMED, EXPIRED, NEW, PENDING, CardCopy, Hold, Outbox
from scrm.models import Identity
from scrm.upsert import insert_once

CALLS = frozenset({
    "welcome", "mark_tag", "create_tag", "read_tags", "read_contact", "contact_way", "group_send", "group_send_results", "cancel_group_send",
    "read_directory", "assist",
})  # fmt: skip
CALL = "call"  # the door of rows that are platform calls, not messages

# What a dead process had claimed waits so long; for an urgent row that is within the 20 s of a welcome code.
LEASE_MS, URGENT_LEASE_MS = 30_000, 8_000
PROBE_MS = 1_000  # while a rate limit holds, one probe in this time
# Beyond these a moment in the table is one of a clock that has been set back since.
LONGEST_HOLD_MS, LONGEST_WAIT_MS, SKEW_MS = 15 * 60_000, 2 * 3_600_000, 60_000
KEEP_TRYING = timedelta(hours=24)
BATCH = 32
# WeCom drops silently past 30 messages a minute and 1,000 an hour for one member (OD:90236); the AI bot answers 45009.
MINUTE_BUDGET, HOUR_BUDGET = {"wecom_app": 28, "wecom_bot": 28}, {"wecom_app": 950, "wecom_bot": 950}


def now_ms() -> int:
    """The real clock in milliseconds."""
    return int(time.time() * 1000)


def lease_ms(lane: int) -> int:
    """How long a claim in this lane lasts, in milliseconds."""
    return URGENT_LEASE_MS if lane == URGENT else LEASE_MS


def card_id_of(key: str) -> str:
    """The task_id or outTrackId of an outbox row: the same row always has the same."""
    return "c" + hashlib.sha256(key.encode()).hexdigest()[:31]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: a door and a user id on it."""

    door: str
    user_id: str
    group: str = ""


def door_of(origin: Origin) -> str:
    """The outgoing door of the way a message came in; both DingTalk modes send alike."""
    return "dingtalk" if origin.platform == "dingtalk" else origin.door


def address_of(session: Session, member_id: int, doors: Sequence[str]) -> Address | None:
    """Where pushes reach this member: the identity used last, through the door used last or the first configured."""
    identities = session.scalars(
        sa.select(Identity)
        .where(Identity.member_id == member_id)
        .order_by(sa.nulls_last(Identity.used_at.desc()), Identity.id)
    ).all()
    for identity in identities:
        if identity.door in doors:
            return Address(identity.door, identity.user_id)
        for door in doors:
            if door.startswith(identity.platform):
                return Address(door, identity.user_id)
    return None


def post(session: Session, owed: Owed, address: Address, turn: str, *, extra: Mapping[str, Any] | None = None) -> str:
    """Write down one owed thing; returns its card id. Owing the same key twice is owing it once."""
    now = now_ms()
    payload = {
        name: msgspec.to_builtins(value) if isinstance(value, Card) else value for name, value in owed.payload.items()
    }
    payload.update(extra or {})
    card_id = card_id_of(owed.key)
    values = {
        "key": owed.key[:200], "kind": owed.kind, "door": address.door, "user_id": address.user_id, "chat_group": address.group,
        "member_id": owed.member_id, "card_id": card_id, "turn": turn, "lane": owed.lane, "payload": json.dumps(payload, ensure_ascii=False),
        "state": NEW, "created_ms": now, "not_before_ms": 0 if owed.not_before is None else int(owed.not_before.timestamp() * 1000),
        "expires_ms": now + int((owed.expires or KEEP_TRYING).total_seconds() * 1000),
        "attempts": 0, "maybe_sent": False, "claimed_by": "", "lease_ms": 0, "remote_id": "", "error": "",
    }  # fmt: skip
    inserted = insert_once(session, Outbox, values, ["key"])
    card = owed.payload.get("card")
    if inserted and owed.kind == "card" and isinstance(card, Card) and card.view and owed.member_id is not None:
        copy = {
            "card_id": card_id, "member_id": owed.member_id, "door": address.door, "user_id": address.user_id, "view": card.view,
            "turn": turn, "response_code": "", "sent_ms": 0,
        }  # fmt: skip
        insert_once(session, CardCopy, copy, ["card_id"])
    return card_id


def withdraw(session: Session, key: str) -> bool:
    """Give up what is owed under this key, unless it has been tried; whether it was given up."""
    untouched = sa.and_(Outbox.key == key, Outbox.state == NEW, Outbox.attempts == 0)
    given_up = sa.update(Outbox).where(untouched).values(state=EXPIRED).returning(Outbox.id)
    return session.execute(given_up).first() is not None


def supersede(session: Session, address: Address, card_id: str) -> None:
    """Give up the changes of this card that have not been tried: a newer one is owed."""
    older = sa.and_(
        Outbox.kind == "update", Outbox.state == NEW, Outbox.attempts == 0, Outbox.door == address.door,
        Outbox.user_id == address.user_id, Outbox.payload.contains(f'"target": "{card_id}"', autoescape=True),
    )  # fmt: skip
    session.execute(sa.update(Outbox).where(older).values(state=EXPIRED))


# --- claiming


def claim(
    session: Session, doors: Iterable[str], holder: str, limit: int = BATCH, *, reclaim: bool = True
) -> list[Outgoing]:
    """Rows that are due for these doors, claimed for `holder` under a lease: urgent first, in order per recipient.

    `reclaim`: also those that another had claimed and has not settled in time.
    """
    now = now_ms()
    held, probing = _held(session, set(doors), now)
    always = [] if reclaim else [Outbox.state == NEW]
    rows = _claimable(session, set(doors), now, limit, *always, *(~_struck(name) for name in held))
    for name in probing:
        rows += _claimable(session, set(doors), now, 1, *always, _struck(name))
    items = []
    for row in rows:
        if (wait := _over_budget(session, row, now)) > 0:
            row.not_before_ms = now + wait
            continue
        repeated = row.maybe_sent
        row.state, row.claimed_by, row.lease_ms = CLAIMED, holder, now + lease_ms(row.lane)
        row.attempts += 1
        row.maybe_sent = True  # until we know better: a crash from here on may have sent it
        items.append(_outgoing(row, repeated))
        session.flush()
    _note_flying(session, [row.card_id for row in rows if row.state == CLAIMED and row.kind == "card"], now)
    return items


def _note_flying(session: Session, cards: Sequence[str], now: int) -> None:
    """A card on its way may be on the phone already: what changes from here on is owed to it too."""
    if cards:
        session.execute(sa.update(CardCopy).where(CardCopy.card_id.in_(cards)).values(sent_ms=now))


def held_as(row: Outbox) -> str:
    """What a rate limit that struck this row holds, as the platforms count: a door's messages, its updates, one kind of call."""
    return f"{row.door}:{row.kind}" if row.door == CALL or row.kind == "update" else row.door


def _struck(name: str) -> sa.ColumnElement[bool]:
    """The rows that this limit holds: see `held_as`."""
    door, _, kind = name.partition(":")
    return sa.and_(Outbox.door == door, Outbox.kind == kind if kind else Outbox.kind != "update")


def _claimable(
    session: Session, doors: set[str], now: int, limit: int, *conditions: sa.ColumnElement[bool]
) -> list[Outbox]:
    if not doors:
        return []
    earlier = sa.orm.aliased(Outbox)
    # A recipient's messages leave in order; one that backs off does not hold up the rest.
    ahead = sa.exists().where(
        earlier.state.in_(PENDING), earlier.door == Outbox.door, earlier.user_id == Outbox.user_id, Outbox.user_id != "",
        earlier.id < Outbox.id, earlier.lane <= Outbox.lane, earlier.not_before_ms <= now,
        sa.or_(earlier.state == NEW, earlier.lease_ms > now),
    )  # fmt: skip
    query = (
        sa.select(Outbox)
        .where(
            Outbox.door.in_(doors),
            sa.or_(Outbox.not_before_ms <= now, _waits_for_a_clock_set_back(now)),
            Outbox.expires_ms > now,
            sa.or_(Outbox.state == NEW, sa.and_(Outbox.state == CLAIMED, Outbox.lease_ms <= now)),
            ~ahead,
            *conditions,
        )
        .order_by(Outbox.lane, Outbox.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query))


def _waits_for_a_clock_set_back(now: int) -> sa.ColumnElement[bool]:
    """What was tried and would wait longer than anything waits after a failure: the machine's clock was ahead then."""
    return sa.and_(Outbox.error != "", Outbox.not_before_ms > now + LONGEST_WAIT_MS)


def _held(session: Session, doors: set[str], now: int) -> tuple[set[str], list[str]]:
    """What rate limits hold (see `held_as`), and of that whose turn to probe has come (one a second, replicas together)."""
    held = {hold.door: hold for hold in session.scalars(sa.select(Hold)) if hold.door.partition(":")[0] in doors}
    probing = []
    for name, hold in held.items():
        taken = session.execute(
            sa.update(Hold)
            .where(Hold.door == name, Hold.probe_ms == hold.probe_ms)
            .where(sa.or_(Hold.probe_ms <= now, Hold.probe_ms > now + LONGEST_HOLD_MS))
            .values(probe_ms=now + PROBE_MS)
            .returning(Hold.door)
        )
        if taken.first() is not None:
            probing.append(name)
    return set(held), probing


def _over_budget(session: Session, row: Outbox, now: int) -> int:
    """Milliseconds to wait so that the platform does not drop this message silently; 0 = go."""
    per_minute = MINUTE_BUDGET.get(row.door)
    if per_minute is None or row.kind == "update" or not row.user_id:
        return 0
    recent = sa.select(sa.func.count()).where(
        Outbox.door == row.door, Outbox.user_id == row.user_id, Outbox.kind != "update", Outbox.id != row.id,
        sa.or_(Outbox.sent_ms.between(now - 60_000, now + SKEW_MS), sa.and_(Outbox.state == CLAIMED, Outbox.lease_ms > now)),
    )  # fmt: skip
    if (session.scalar(recent) or 0) >= per_minute:
        return 5_000
    hour = sa.select(sa.func.count()).where(
        Outbox.door == row.door,
        Outbox.user_id == row.user_id,
        Outbox.kind != "update",
        Outbox.sent_ms.between(now - 3_600_000, now + SKEW_MS),
    )
    return 60_000 if (session.scalar(hour) or 0) >= HOUR_BUDGET[row.door] else 0


def _outgoing(row: Outbox, repeated: bool) -> Outgoing:
    return Outgoing(
        id=row.id, key=row.key, kind=row.kind, door="" if row.door == CALL else row.door, user_id=row.user_id, payload=json.loads(row.payload),
        card_id=row.card_id, repeated=repeated, group=row.chat_group, urgent=row.lane == URGENT,
    )  # fmt: skip


# --- what else others ask of the table


def waiting(session: Session, doors: Iterable[str]) -> int:
    """How many rows for these doors are not sent yet and due."""
    due = sa.select(sa.func.count()).where(
        Outbox.state.in_(PENDING), Outbox.door.in_(list(doors)), Outbox.not_before_ms <= now_ms()
    )
    return session.scalar(due) or 0


def next_due_ms(session: Session, doors: Iterable[str], until_ms: int) -> int | None:
    """When the next unclaimed row for these doors may be tried, if that is before `until_ms`; None when there is none."""
    free = sa.select(sa.func.min(Outbox.not_before_ms)).where(
        Outbox.state == NEW, Outbox.door.in_(list(doors)), Outbox.not_before_ms < until_ms, Outbox.expires_ms > now_ms()
    )
    return session.scalar(free)
