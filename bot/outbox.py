"""What we owe the platforms: posted inside the transaction that caused it, claimed in batches, sent, written back."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.bulk import insert_many
from bot.cards.card import Card
from bot.context import URGENT, Owed
from bot.events import Origin
from bot.platforms.base import Outgoing
from bot.tables import CLAIMED, EXPIRED, HELD, NEW, PENDING, CardCopy, Hold, Outbox
from scrm.db import one_of, table_of
from scrm.models import Identity
from scrm.prepared import Prepared, padded
from scrm.upsert import insert_once

CALLS = frozenset({
    "welcome", "mark_tag", "create_tag", "read_tags", "read_contact", "contact_way", "group_send", "group_send_results", "cancel_group_send", "transfer_contacts", "transfer_results",
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
    return addresses_of(session, [member_id], doors).get(member_id)


def addresses_of(session: Session, member_ids: Collection[int], doors: Sequence[str]) -> dict[int, Address]:
    """The same for many members, by id, with one query; whoever cannot be reached is not in it."""
    found: dict[int, Address] = {}
    for member_id, platform, user_id, used in _IDENTITIES.rows(session, {"ids": member_ids}):
        door = used if used in doors else next((door for door in doors if door.startswith(platform)), "")
        if door:
            found.setdefault(member_id, Address(door, user_id))
    return found


_IDENTITIES = Prepared(
    sa.select(Identity.member_id, Identity.platform, Identity.user_id, Identity.door)
    .where(one_of(Identity.member_id, "ids"))
    .order_by(sa.nulls_last(Identity.used_at.desc()), Identity.id)
)


def post(session: Session, owed: Owed, address: Address, turn: str, *, extra: Mapping[str, Any] | None = None) -> str:
    """Write down one owed thing; returns its card id. Owing the same key twice is owing it once."""
    values = _values(owed, address, turn, extra)
    copy = _copy(owed, values)
    if insert_once(session, Outbox, values, ["key"]) and copy is not None:
        insert_once(session, CardCopy, copy, ["card_id"])
    return str(values["card_id"])


def post_many(session: Session, many: Sequence[tuple[Owed, Address]], turn: str) -> None:
    """Write down many owed things in their order, with two statements for all of them."""
    rows = [(owed, _values(owed, address, turn, None)) for owed, address in many]
    insert_many(session, Outbox, [values for _, values in rows], "key")
    insert_many(
        session, CardCopy, [copy for owed, values in rows if (copy := _copy(owed, values)) is not None], "card_id"
    )


def _values(owed: Owed, address: Address, turn: str, extra: Mapping[str, Any] | None) -> dict[str, Any]:
    now, not_before = now_ms(), owed.held_until or owed.not_before
    return {
        "key": owed.key[:200], "kind": owed.kind, "door": address.door, "user_id": address.user_id, "chat_group": address.group,
        "member_id": owed.member_id, "card_id": card_id_of(owed.key), "turn": turn, "lane": owed.lane, "payload": msgspec.json.encode({**owed.payload, **(extra or {})}).decode(),
        "state": NEW if owed.held_until is None else HELD, "created_ms": now, "not_before_ms": 0 if not_before is None else int(not_before.timestamp() * 1000),
        "push_day": owed.push_day,
        "expires_ms": now + int((owed.expires or KEEP_TRYING).total_seconds() * 1000),
        "attempts": 0, "maybe_sent": False, "claimed_by": "", "lease_ms": 0, "remote_id": "", "error": "",
    }  # fmt: skip


def _copy(owed: Owed, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is noted of a card that shows something, so that it can be redrawn."""
    card = owed.payload.get("card")
    if owed.kind != "card" or not isinstance(card, Card) or not card.view or owed.member_id is None:
        return None
    kept = {name: values[name] for name in ("card_id", "member_id", "door", "user_id", "turn")}
    return {**kept, "view": card.view, "response_code": "", "sent_ms": 0}


def withdraw(session: Session, key: str) -> bool:
    """Give up what is owed under this key, unless it has been tried; whether it was given up."""
    untouched = sa.and_(Outbox.key == key, Outbox.state == NEW, Outbox.attempts == 0)
    given_up = sa.update(Outbox).where(untouched).values(state=EXPIRED).returning(Outbox.id)
    return session.execute(given_up).first() is not None


def supersede(session: Session, address: Address, card_id: str) -> None:
    """Give up the changes of this card that have not been tried: a newer one is owed."""
    older = sa.and_(
        Outbox.kind == "update", Outbox.state == NEW, Outbox.attempts == 0, Outbox.door == address.door,
        Outbox.user_id == address.user_id, Outbox.payload.contains(f'"target":"{card_id}"', autoescape=True),
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
    if not rows:
        return []
    going, waiting = _within_budget(session, rows, now)
    for wait, ids in waiting.items():
        session.execute(sa.update(_OUTBOX).where(_OUTBOX.c.id.in_(ids)).values(not_before_ms=now + wait))
    # `maybe_sent` until we know better: a crash from here on may have sent it
    if going:
        leases = {"urgent": now + URGENT_LEASE_MS, "normal": now + LEASE_MS}
        _CLAIM.run(session, {"ids": padded(row.id for row in going), "holder": holder, **leases})
    _note_flying(session, [row.card_id for row in going if row.kind == "card"], now)
    return [_outgoing(row) for row in going]


_OUTBOX = table_of(Outbox)
_CLAIM = Prepared(
    sa.update(_OUTBOX)
    .where(_OUTBOX.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(
        state=CLAIMED, claimed_by=sa.bindparam("holder"), attempts=_OUTBOX.c.attempts + 1, maybe_sent=True,
        lease_ms=sa.case((_OUTBOX.c.lane == URGENT, sa.bindparam("urgent")), else_=sa.bindparam("normal")),
    )
)  # fmt: skip


def _note_flying(session: Session, cards: Sequence[str], now: int) -> None:
    """A card on its way may be on the phone already: what changes from here on is owed to it too."""
    if cards:
        _FLYING.run(session, {"cards": padded(cards), "at": now})


_FLYING = Prepared(
    sa.update(table_of(CardCopy))
    .where(CardCopy.card_id.in_(sa.bindparam("cards", expanding=True)))
    .values(sent_ms=sa.bindparam("at"))
)


def held_as(row: Any) -> str:
    """What a rate limit that struck this row holds, as the platforms count: a door's messages, its updates, one kind of call."""
    return f"{row.door}:{row.kind}" if row.door == CALL or row.kind == "update" else row.door


def _struck(name: str) -> sa.ColumnElement[bool]:
    """The rows that this limit holds: see `held_as`."""
    door, _, kind = name.partition(":")
    return sa.and_(Outbox.door == door, Outbox.kind == kind if kind else Outbox.kind != "update")


def _claimable(
    session: Session, doors: set[str], now: int, limit: int, *conditions: sa.ColumnElement[bool]
) -> list[Any]:
    if not doors:
        return []
    values = {"doors": padded(doors), "now": now, "never": now + LONGEST_WAIT_MS, "limit": limit}
    return list(session.execute(_due().where(*conditions), values)) if conditions else _DUE.rows(session, values)


def _due() -> sa.Select[Any]:
    earlier = sa.orm.aliased(Outbox)
    now: sa.BindParameter[int] = sa.bindparam("now")
    # A recipient's messages leave in order; one that backs off does not hold up the rest.
    ahead = sa.exists().where(
        earlier.state.in_(PENDING), earlier.door == Outbox.door, earlier.user_id == Outbox.user_id, Outbox.user_id != "",
        earlier.id < Outbox.id, earlier.lane <= Outbox.lane, earlier.not_before_ms <= now,
        sa.or_(earlier.state == NEW, earlier.lease_ms > now),
    )  # fmt: skip
    # What was tried and would wait longer than anything waits after a failure: the machine's clock was ahead then.
    set_back = sa.and_(Outbox.error != "", Outbox.not_before_ms > sa.bindparam("never"))
    return (
        sa.select(*_OUTBOX.c)
        .where(
            Outbox.door.in_(sa.bindparam("doors", expanding=True)),
            sa.or_(Outbox.not_before_ms <= now, set_back),
            Outbox.expires_ms > now,
            sa.or_(Outbox.state == NEW, sa.and_(Outbox.state == CLAIMED, Outbox.lease_ms <= now)),
            ~ahead,
        )
        .order_by(Outbox.lane, Outbox.id)
        .limit(sa.bindparam("limit"))
        .with_for_update(skip_locked=True)
    )


_DUE = Prepared(_due())


def _held(session: Session, doors: set[str], now: int) -> tuple[set[str], list[str]]:
    """What rate limits hold (see `held_as`), and of that whose turn to probe has come (one a second, replicas together)."""
    held = {hold.door: hold for hold in _HOLDS.records(session) if hold.door.partition(":")[0] in doors}
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


_HOLDS = Prepared(sa.select(Hold))


def _within_budget(session: Session, rows: Sequence[Any], now: int) -> tuple[list[Any], dict[int, list[int]]]:
    """The rows that may go, and the ids of those that wait so many milliseconds, so that the platform drops none silently."""
    metered = {row.user_id for row in rows if _is_metered(row)}
    if not metered:
        return list(rows), {}
    window = {
        "users": padded(metered),
        "minute": now - 60_000,
        "hour": now - 3_600_000,
        "until": now + SKEW_MS,
        "now": now,
    }
    minutes, hours = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for door, user_id, in_minute, in_hour in _SENT_LATELY.rows(session, window):
        minutes[door, user_id], hours[door, user_id] = in_minute, in_hour
    for door, user_id, flying in _FLYING_NOW.rows(session, window):
        minutes[door, user_id] += flying
    going, waiting = [], defaultdict[int, list[int]](list)
    for row in rows:
        to = (row.door, row.user_id)
        if _is_metered(row) and minutes[to] >= MINUTE_BUDGET[row.door]:
            waiting[5_000].append(row.id)
        elif _is_metered(row) and hours[to] >= HOUR_BUDGET[row.door]:
            waiting[60_000].append(row.id)
        else:
            minutes[to] += row.kind != "update"
            going.append(row)
    return going, waiting


def _is_metered(row: Any) -> bool:
    return row.door in MINUTE_BUDGET and row.kind != "update" and row.user_id != ""


def _to_these() -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Outbox.door.in_(list(MINUTE_BUDGET)),
        Outbox.user_id.in_(sa.bindparam("users", expanding=True)),
        Outbox.kind != "update",
    )


_SENT_LATELY = Prepared(
    sa.select(
        Outbox.door,
        Outbox.user_id,
        sa.func.sum(sa.case((Outbox.sent_ms >= sa.bindparam("minute"), 1), else_=0)),
        sa.func.count(),
    )
    .where(*_to_these(), Outbox.sent_ms.between(sa.bindparam("hour"), sa.bindparam("until")))
    .group_by(Outbox.door, Outbox.user_id)
)
_FLYING_NOW = Prepared(
    sa.select(Outbox.door, Outbox.user_id, sa.func.count())
    .where(*_to_these(), Outbox.state == CLAIMED, Outbox.lease_ms > sa.bindparam("now"))
    .group_by(Outbox.door, Outbox.user_id)
)


def _outgoing(row: Any) -> Outgoing:
    return Outgoing(
        id=row.id, key=row.key, kind=row.kind, door="" if row.door == CALL else row.door, user_id=row.user_id, payload=json.loads(row.payload),
        card_id=row.card_id, repeated=row.maybe_sent, group=row.chat_group, urgent=row.lane == URGENT,
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
