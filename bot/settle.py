"""What becomes of an outbox row after an attempt: done, later, never; and what its result does to the business."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot import answers, metrics
from bot.cards import words
from bot.cards.admin import trouble_card
from bot.cards.card import Card
from bot.context import PUSH, REPLY, Context, Owed, Settings
from bot.handlers import FAILURES, RESULTS
from bot.outbox import PROBE_MS, Address, address_of, held_as, lease_ms, now_ms, post
from bot.platforms.base import Fate, Outgoing, SendError, Sent
from bot.platforms.http import may_have_acted
from bot.tables import CLAIMED, DONE, EXPIRED, FAILED, NEW, PENDING, CardCopy, Hold, Inbox, Outbox
from scrm import audit, members
from scrm.access import SYSTEM
from scrm.db import table_of
from scrm.prepared import Prepared, padded
from scrm.upsert import insert_once

log = structlog.get_logger("settle")

MAX_UNCLEAR = 5
BACKOFF_MS = (1_000, 2_000, 5_000, 15_000, 60_000, 300_000)
SETUP_MS = (30_000, 60_000, 300_000, 600_000)
QUOTA_MS = 3_600_000


_OUTBOX = table_of(Outbox)
_STILL_OURS = Prepared(
    sa.select(Outbox.id, Outbox.key, Outbox.kind, Outbox.door, Outbox.lane, Outbox.lease_ms).where(
        _OUTBOX.c.id.in_(sa.bindparam("ids", expanding=True)),
        _OUTBOX.c.state == CLAIMED,
        _OUTBOX.c.claimed_by == sa.bindparam("holder"),
    )
)
_ARRIVED = Prepared(
    sa.update(_OUTBOX)
    .where(_OUTBOX.c.id == sa.bindparam("row"))
    .values(state=DONE, sent_ms=sa.bindparam("at"), maybe_sent=False, error="", remote_id=sa.bindparam("remote"))
)
_HAS_CODE = Prepared(
    sa.update(table_of(CardCopy))
    .where(CardCopy.card_id == sa.bindparam("card"))
    .values(response_code=sa.bindparam("code"), sent_ms=sa.bindparam("at"))
)
_LIFT = Prepared(
    sa.delete(table_of(Hold)).where(Hold.door == sa.bindparam("name"), Hold.probe_ms <= sa.bindparam("since"))
)
_RECEIVED = Prepared(sa.select(Inbox.received_ms).where(Inbox.id.in_(sa.bindparam("ids", expanding=True))))
_LATE = Prepared(
    sa.select(Outbox)
    .where(Outbox.state.in_(PENDING), Outbox.expires_ms <= sa.bindparam("now"), Outbox.lease_ms <= sa.bindparam("now"))
    .limit(50)
    .with_for_update(skip_locked=True)
)


def is_simple(item: Outgoing) -> bool:
    """Whether nothing but its own row, its copy and its limit changes when this arrives: no business, no group to be told."""
    return item.kind not in RESULTS and not item.payload.get("group")


def _observe_latency(session: Session, keys: Sequence[str], sent_ms: int) -> None:
    """How long who asked waited: of answers, whose key ends with the event's id."""
    parts = [key.split(":") for key in keys if key.startswith(("reply:", "update:"))]
    ids = [int(ident) for _, ident, *more in parts if ident.isdigit() and not more]
    for received in _RECEIVED.scalars(session, {"ids": padded(ids)}) if ids else ():
        metrics.ANSWER_SECONDS.observe(max(0, sent_ms - received) / 1000)


class Settle:
    """Writes back one attempt in one transaction."""

    def __init__(self, settings: Settings, doors: Sequence[str], clock: Callable[[], datetime]) -> None:
        self._settings, self._doors, self._clock = settings, doors, clock

    def settle(self, session: Session, item: Outgoing, outcome: Sent | SendError, holder: str) -> None:
        """Write the outcome back, unless somebody else has claimed the row since."""
        row = session.get(Outbox, item.id)
        if row is None or row.state != CLAIMED or row.claimed_by != holder:
            return
        if isinstance(outcome, SendError):
            self._failed(session, row, item, outcome)
        else:
            self._sent(session, row, item, outcome)

    def settle_sent(self, session: Session, sent: Sequence[tuple[Outgoing, Sent]], holder: str) -> None:
        """Write back what has simply arrived (see `is_simple`), a few statements for all of it."""
        ours = {"ids": padded(item.id for item, _ in sent), "holder": holder}
        rows = {row.id: row for row in _STILL_OURS.rows(session, ours)}
        arrived, now = [(item, outcome) for item, outcome in sent if item.id in rows], now_ms()
        if not arrived:
            return
        _ARRIVED.run_many(
            session, [{"row": item.id, "at": now, "remote": outcome.remote_id[:200]} for item, outcome in arrived]
        )
        claimed: dict[str, int] = {}
        for row in rows.values():
            name, at = held_as(row), row.lease_ms - lease_ms(row.lane)
            claimed[name] = max(at, claimed.get(name, at))
        for name, at in claimed.items():
            self._lift(session, name, at)
        codes = {item.card_id: outcome.response_code[:200] for item, outcome in arrived if item.kind == "card"}
        if codes:
            _HAS_CODE.run_many(session, [{"card": card, "code": codes[card], "at": now} for card in sorted(codes)])
        _observe_latency(session, [row.key for row in rows.values()], now)

    def expire(self, session: Session) -> None:
        """Give up what is too late to be of use."""
        late = _LATE.records(session, {"now": now_ms()})
        for row in late:
            row.state = EXPIRED
            log.warning("outbox_expired", key=row.key, kind=row.kind, error=row.error)
            self._tell_business(session, row, FAILURES, SendError(Fate.PERMANENT, row.error or "expired"))

    def _sent(self, session: Session, row: Outbox, item: Outgoing, sent: Sent) -> None:
        row.state, row.sent_ms, row.maybe_sent, row.error = DONE, now_ms(), False, ""
        row.remote_id = sent.remote_id[:200]
        self._lift(session, held_as(row), row.lease_ms - lease_ms(row.lane))
        if item.kind == "card":
            session.execute(
                sa.update(CardCopy)
                .where(CardCopy.card_id == row.card_id)
                .values(response_code=sent.response_code[:200], sent_ms=row.sent_ms)
            )
            answers.group_line(session, row, json.loads(row.payload), arrived=True)
        _observe_latency(session, [row.key], row.sent_ms)
        self._tell_business(session, row, RESULTS, sent)

    def _lift(self, session: Session, name: str, claimed_ms: int) -> None:
        # Only a call made as a probe says that the limit is gone; one that was under way when it struck does not.
        _LIFT.run(session, {"name": name, "since": claimed_ms + PROBE_MS})

    def _failed(self, session: Session, row: Outbox, item: Outgoing, error: SendError) -> None:
        row.error = str(error)[:500]
        row.lease_ms = 0
        # Only an attempt without a clear answer may have reached the person.
        row.maybe_sent = item.repeated or error.fate is Fate.UNCLEAR or may_have_acted(error)
        if error.fate is Fate.PERMANENT or (error.fate is Fate.UNCLEAR and row.attempts >= MAX_UNCLEAR):
            self._give_up(session, row, error)
            return
        row.state = NEW
        row.not_before_ms = now_ms() + self._wait_ms(row, error)
        if error.fate is Fate.RATE:
            row.attempts -= 1
            self._delay(session, row) if error.recipient else self._hold(session, held_as(row), error)
        if error.fate in (Fate.SETUP, Fate.QUOTA):
            card = trouble_card(row.door, error.code)
            self.tell_admins(session, card, f"{row.door}:{error.code}", f"o{row.id}", closed=row.door)

    def _wait_ms(self, row: Outbox, error: SendError) -> int:
        if error.after is not None:
            return int(error.after * 1000)
        if error.fate is Fate.RATE:
            return PROBE_MS if error.recipient else 0
        if error.fate is Fate.QUOTA:
            return QUOTA_MS
        steps = SETUP_MS if error.fate is Fate.SETUP else BACKOFF_MS
        return steps[min(row.attempts, len(steps)) - 1]

    def _give_up(self, session: Session, row: Outbox, error: SendError) -> None:
        row.state = FAILED
        log.warning("given_up", key=row.key, kind=row.kind, door=row.door, code=error.code, attempts=row.attempts)
        if row.kind == "card":
            answers.group_line(session, row, json.loads(row.payload), arrived=False)
        if row.kind == "update" and row.member_id is not None:
            # The clicked card cannot be changed any more: one fresh card instead.
            card = msgspec.convert(json.loads(row.payload)["card"], Card)
            fresh = Owed(
                key=f"fresh:{row.key}", kind="card", payload={"card": card}, member_id=row.member_id, lane=REPLY
            )
            if row.key.startswith("update:"):
                post(session, fresh, Address(row.door, row.user_id), row.turn)
        self._tell_business(session, row, FAILURES, error)

    def _tell_business(
        self, session: Session, row: Outbox, table: Mapping[str, Any], outcome: Sent | SendError
    ) -> None:
        handler = table.get(row.kind)
        if handler is None:
            return
        context = Context(session, SYSTEM, self._clock(), self._settings, turn=f"o{row.id}")
        audit.begin(
            session, audit.Turn(context.turn, None, row.kind, words.RESULT_OF.format(kind=row.kind), context.now)
        )
        value = outcome.code if isinstance(outcome, SendError) else outcome.result
        try:
            with session.begin_nested():
                handler(context, json.loads(row.payload), value)
                session.flush()
                answers.post_owed(context, self._doors)
        except Exception as error:
            # The platform has acted: that stays written down, or the row would be sent again for ever.
            log.error("result_not_taken", key=row.key, kind=row.kind, exc_info=error)
            session.info.pop("audit", None)
            row.error = f"result: {type(error).__name__}"

    def _delay(self, session: Session, row: Outbox) -> None:
        """What this recipient is still to get waits as long; others get theirs."""
        waiting = sa.and_(
            Outbox.state == NEW, Outbox.door == row.door, Outbox.user_id == row.user_id,
            Outbox.chat_group == row.chat_group, Outbox.not_before_ms < row.not_before_ms,
        )  # fmt: skip
        session.execute(sa.update(Outbox).where(waiting).values(not_before_ms=row.not_before_ms))

    def _hold(self, session: Session, name: str, error: SendError) -> None:
        values = {
            "door": name,
            "probe_ms": now_ms() + int((error.after or 0) * 1000) + PROBE_MS,
            "reason": error.code[:200],
        }
        insert_once(session, Hold, values, ["door"])

    def tell_admins(self, session: Session, card: Card, trouble: str, turn: str, *, closed: str = "") -> None:
        """One card a day and kind of trouble to the admins, through a door that is not `closed` where there is one."""
        day, others = datetime.now(UTC).date(), [door for door in self._doors if door != closed]
        context = Context(session, SYSTEM, self._clock(), self._settings, turn=turn)
        for member_id in members.admin_ids(session, self._settings.admins):
            context.send(member_id, card, key=f"trouble:{trouble}:{member_id}:{day}", lane=PUSH)
            answers.post_owed(context, others if address_of(session, member_id, others) else self._doors)
