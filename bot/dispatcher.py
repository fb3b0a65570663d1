"""One event, one transaction: the next that is due, its turn, and what becomes of one that breaks."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot import answers, metrics
from bot.cards import errors as error_cards
from bot.cards import words
from bot.cards.card import Card
from bot.context import Settings
from bot.events import AnyEvent
from bot.names import Names
from bot.nlu.frame import Scope
from bot.nlu.lazy import compile_all
from bot.nlu.understand import understand
from bot.outbox import now_ms
from bot.tables import DONE, FAILED, NEW, Inbox
from bot.turn import NeedsPerson, Shared, Turn
from scrm.db import table_of
from scrm.prepared import Prepared, padded

log = structlog.get_logger("dispatcher")
_decoder = msgspec.json.Decoder(AnyEvent)

MAX_ATTEMPTS = 3
RETRY_MS = 500  # after the first failure, twice that after the second
LONGEST_MS = 60_000  # nothing waits so long: the machine's clock was ahead when that was written


@dataclass(frozen=True, slots=True)
class Handled:
    """What one event led to; `update` is the card for the clicker's own view, where a door wants it at once."""

    row_id: int
    key: str
    kind: str
    outcome: str
    update: Card | None = None


class Dispatcher:
    """Takes events off the inbox in order per speaker and answers each in one transaction."""

    def __init__(self, settings: Settings, doors: Sequence[str]) -> None:
        self._shared = Shared(settings, doors, Names(), threading.Lock())

    def warm_up(self, session: Session) -> None:
        """Build the lexicon before the first sentence comes."""
        shared = self._shared
        compile_all()
        with shared.understanding:
            scope = Scope(zone=shared.settings.zone)
            understand(words.KIND_NAMES["visit"], datetime.now(UTC), shared.names.lexicon(session), scope)

    def handle_next(
        self, session: Session, skip: Sequence[int], strangers: frozenset[tuple[str, str]], seen: list[int]
    ) -> Handled | NeedsPerson | None:
        """Handle the next event that is due; None when there is none.

        `skip`: rows whose speaker is being looked up. `strangers`: (platform, user id) the directory does not know.
        `seen` gets the row's id, so that the caller knows which event broke when this raises.
        """
        row = _next_row(session, skip)
        if row is None:
            return None
        seen.append(row.id)
        started = time.perf_counter()
        event = _decoder.decode(row.payload)
        turn = Turn(self._shared, session, row, event)
        needed = turn.identify(strangers)
        if needed is not None:
            return needed
        update, outcome = turn.run()
        _DONE.run(session, {"row": row.id, "at": now_ms()})
        seconds = time.perf_counter() - started
        metrics.EVENTS.labels(row.kind, outcome).inc()
        metrics.EVENT_SECONDS.labels(row.kind).observe(seconds)
        log.info("event", id=row.id, kind=row.kind, speaker=row.speaker, outcome=outcome, ms=round(seconds * 1000, 1))
        return Handled(row.id, row.key, row.kind, outcome, update)

    def fail(self, session: Session, row_id: int, error: BaseException) -> None:
        """Keep an event whose handling broke: retried twice, then left for `replay`; the person is told an id that is in the log."""
        row = session.get(Inbox, row_id, with_for_update=True)  # two workers may have broken on the same row
        if row is None or row.state != NEW:
            return
        row.attempts += 1
        error_id = uuid.uuid4().hex[:8]
        row.error = f"{error_id} {type(error).__name__}: {error}"[:500]
        log.error("event_failed", id=row.id, error_id=error_id, attempt=row.attempts, exc_info=error)
        if row.attempts < MAX_ATTEMPTS:
            row.not_before_ms = now_ms() + RETRY_MS * row.attempts
            return
        row.state, row.done_ms = FAILED, now_ms()
        metrics.EVENTS.labels(row.kind, "failed").inc()
        try:
            with session.begin_nested():
                turn = Turn(self._shared, session, row, _decoder.decode(row.payload))
                turn.identify(frozenset())
                answers.post_apology(turn.context, turn.event, error_cards.unknown_error_card(error_id), error_id)
        except Exception as broken:  # what broke the handling may break the apology too: the event is kept all the same
            log.error("apology_failed", id=row.id, error_id=error_id, exc_info=broken)


def _next_row(session: Session, skip: Sequence[int]) -> Inbox | None:
    """The next due event whose speaker has nothing earlier waiting. The row stays locked until this transaction ends."""
    now = now_ms()
    values = {"now": now, "never": now + LONGEST_MS, "skip": padded(skip)}
    return next(iter((_NEXT_BUT if skip else _NEXT).records(session, values)), None)


def _next() -> sa.Select[Inbox]:
    earlier, due = sa.orm.aliased(Inbox), Inbox.not_before_ms <= sa.bindparam("now")
    before = sa.exists().where(earlier.speaker == Inbox.speaker, earlier.state == NEW, earlier.id < Inbox.id)
    return (
        sa.select(Inbox)
        .where(Inbox.state == NEW, sa.or_(due, Inbox.not_before_ms > sa.bindparam("never")), ~before)
        .order_by(Inbox.lane, Inbox.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


_NEXT = Prepared(_next())
_NEXT_BUT = Prepared(_next().where(Inbox.id.not_in(sa.bindparam("skip", expanding=True))))
_DONE = Prepared(
    sa.update(table_of(Inbox)).where(Inbox.id == sa.bindparam("row")).values(state=DONE, done_ms=sa.bindparam("at"))
)
