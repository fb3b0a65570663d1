"""Runs the table of jobs as of a moment: each in its own transaction, so that one broken job does not stop the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot import answers, budget, metrics
from bot.cards import words
from bot.cards.admin import budget_card
from bot.context import BULK, Context, Owed, Settings
from bot.outbox import now_ms
from bot.store import Store
from bot.tables import DONE, EXPIRED, FAILED, CardCopy, DraftRow, Inbox, JobRun, Outbox
from scheduler.deal_jobs import JOBS as DEAL_JOBS
from scheduler.idle_jobs import JOBS as IDLE_JOBS
from scheduler.jobs import CLAIMED_APART
from scheduler.jobs import JOBS as FOLLOW_UP_JOBS
from scheduler.lead_jobs import JOBS as LEAD_JOBS
from scheduler.marketing_jobs import JOBS as MARKETING_JOBS
from scheduler.push_jobs import JOBS as PUSH_JOBS
from scrm import audit, members
from scrm.access import SYSTEM
from scrm.db import why_away
from scrm.upsert import insert_once

log = structlog.get_logger("jobs")

Job = Callable[[Context], int]
MOST_ROUNDS, SIDE_BY_SIDE = 1000, 3
BREATH_SECONDS = 0.002  # between two batches: whoever waits for SQLite's only writer gets it
DAY_MS = 24 * 3_600_000
PAYLOAD_DAYS, KEY_DAYS = 7, 40
CLEAN_BATCH = 500
SYNC_HOUR = 3  # local; the directory is read once a day, when nobody is talking


def sync_members(context: Context) -> int:
    """Once a local day from 03:00: read every directory."""
    if context.local(context.now).hour < SYNC_HOUR or not first_today(context, "sync_members"):
        return 0
    for platform in sorted(context.settings.directories):
        context.owe(
            Owed(
                key=f"directory:{platform}:{context.today}",
                kind="read_directory",
                payload={"platform": platform},
                lane=BULK,
            )
        )
    return len(context.settings.directories)


def warn_budgets(context: Context) -> int:
    """Tell the admins once a month when 80 % of a platform's budget is gone."""
    passed = budget.to_warn(context.session)
    for name, used, limit in passed:
        for member_id in members.admin_ids(context.session, context.settings.admins):
            context.send(member_id, budget_card(name, used, limit), key=f"budget:{name}:{budget.period()}:{member_id}")
    return len(passed)


def clean_up(context: Context) -> int:
    """Once a local day, a batch at a time: empty payloads after 7 days, forget keys after 40."""
    if context.session.get(JobRun, ("clean_up", str(context.today))) is not None:
        return 0
    now = now_ms()
    old, ancient = now - PAYLOAD_DAYS * DAY_MS, now - KEY_DAYS * DAY_MS
    over = Outbox.state.in_((DONE, FAILED, EXPIRED))
    batches: list[tuple[Any, Any, dict[str, str] | None]] = [
        (Inbox.id, sa.and_(Inbox.received_ms < ancient, Inbox.state == DONE), None),
        (Outbox.id, sa.and_(Outbox.created_ms < ancient, over), None),
        (CardCopy.card_id, sa.and_(CardCopy.sent_ms < ancient, CardCopy.sent_ms > 0), None),
        (DraftRow.id, DraftRow.created_ms < ancient, None),
        (Inbox.id, sa.and_(Inbox.received_ms < old, Inbox.state == DONE, Inbox.payload != ""), {"payload": ""}),
        (Outbox.id, sa.and_(Outbox.created_ms < old, over, Outbox.payload != "{}"), {"payload": "{}"}),
    ]
    done = sum(_clean(context.session, *batch) for batch in batches)
    if not done:
        first_today(context, "clean_up")
    return done


def _clean(session: Session, key: Any, condition: Any, values: dict[str, str] | None) -> int:
    """Delete a batch of rows, or set values in them; how many."""
    ids = session.scalars(sa.select(key).where(condition).limit(CLEAN_BATCH)).all()
    if ids:
        table = key.class_
        session.execute(
            sa.delete(table).where(key.in_(ids))
            if values is None
            else sa.update(table).where(key.in_(ids)).values(**values)
        )
    return len(ids)


JOBS: dict[str, Job] = {
    **FOLLOW_UP_JOBS,
    **DEAL_JOBS,
    **IDLE_JOBS,
    **LEAD_JOBS,
    **MARKETING_JOBS,
    **PUSH_JOBS,
    "sync_members": sync_members,
    "warn_budgets": warn_budgets,
    "clean_up": clean_up,
}


def first_today(context: Context, job: str) -> bool:
    """Whether this is the first run of a daily job on this local day, across restarts and replicas."""
    values = {"job": job, "scheduled_for": str(context.today), "at_ms": now_ms()}
    return insert_once(context.session, JobRun, values, ["job", "scheduled_for"])


async def run_jobs(store: Store, settings: Settings, doors: list[str], now: datetime) -> list[tuple[str, int]]:
    """Every job once, as of `now` (business time); what each did. A job that breaks is logged and counted as -1."""
    done = []
    for name in JOBS:
        try:
            did = await run_job(store, name, settings, doors, now)
        except Exception as error:
            if not why_away(error):  # else it was said once for everybody
                log.error("job_failed", job=name, exc_info=error)
            metrics.JOBS.labels(name, "failed").inc()
            did = -1
        else:
            metrics.JOBS.labels(name, "ok").inc()
        done.append((name, did))
    return done


async def run_job(store: Store, name: str, settings: Settings, doors: list[str], now: datetime) -> int:
    """One job as of `now` until nothing is due; how much it did."""
    batch = _transaction(name, JOBS[name], settings, doors, now)
    done = await store.run(batch)
    if done <= 0:
        return done
    # PostgreSQL works at some batches while we draw the cards of another.
    many = SIDE_BY_SIDE if name in CLAIMED_APART and not store.database.is_sqlite else 1
    return done + sum(await asyncio.gather(*(_until_nothing_is_due(store, batch) for _ in range(many))))


async def _until_nothing_is_due(store: Store, batch: Callable[[Session], int]) -> int:
    """A job does one batch per transaction, so that it never holds the database for long; again until there is none."""
    total = 0
    for _ in range(MOST_ROUNDS):
        await asyncio.sleep(BREATH_SECONDS)
        did = await store.run(batch)
        total += did
        if did <= 0:
            break
    return total


def _transaction(name: str, job: Job, settings: Settings, doors: list[str], now: datetime) -> Callable[[Session], int]:
    def work(session: Session) -> int:
        context = Context(session, SYSTEM, now, settings, turn=f"job:{name}:{now:%Y%m%dT%H%M%S}")
        audit.begin(session, audit.Turn(context.turn, None, name, words.JOB_OF.format(job=name), now))
        did = job(context)
        session.flush()
        answers.post_owed(context, doors)
        return did

    return work
