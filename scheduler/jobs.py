"""What the clock does: due follow-ups, overdue ones, digests, paused deals. One table of jobs at the end.

A job is due, or has nothing to do: running it again, late, or on two replicas at once changes nothing. What it pushes is
claimed by a conditional UPDATE or guarded by the unique key of the message.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from bot.cards import deals as deal_cards
from bot.cards import followups as followup_cards
from bot.cards import reports as report_cards
from bot.context import Context
from bot.handlers.clocks import clock_of, hours_of, push_later
from bot.outbox import now_ms
from bot.tables import JobRun
from scrm import calendar, deals, followups, leaders, reminders, reports
from scrm.access import SYSTEM
from scrm.metrics import forecast
from scrm.metrics.part import month_of
from scrm.upsert import insert_once

DIGEST_LATE = timedelta(hours=2)
WAKE_BATCH = 100
WEEKLY_AT = time(17, 30)  # local, on the last working day of the week
PLAN, WEEKLY = "morning_plan", "weekly_digest"
DIGEST = "digest_covered"  # JobRun rows that say until when digests have covered


def alerts(context: Context) -> int:
    """Alert the owners of follow-ups that are due: one card each, or one for all that are due together.

    Alerts come however late. One call does a batch; the number is that of follow-ups alerted, 0 when none is left.
    """
    clock, done = clock_of(context), 0
    for seen in reminders.claim_due(context.session, context.now):
        done += len(seen)
        first = seen[0]
        if not first.owner.active:
            continue  # of somebody who has left, the manager hears by the escalation
        card = followup_cards.alert_card(first, clock) if len(seen) == 1 else followup_cards.alerts_card(seen, clock)
        any_time = all(one.row.all_day for one in seen)  # nobody named an hour
        context.send(first.owner.id, card, f"alert:{first.row.id}:{_stamp(first.row.remind_at)}", may_wait=any_time)
    return done


def escalations(context: Context) -> int:
    """Tell managers what has stayed overdue: on working days from the digest time on, outside quiet hours, once a day each."""
    if not calendar.is_workday(context.today) or context.now < _digest_time(context, context.today):
        return 0
    hours, clock, done = hours_of(context.settings), clock_of(context), 0
    if hours.is_quiet(context.now):
        return 0
    for manager_id, rows in reminders.claim_overdue(context.session, hours, context.now).items():
        done += len(rows)
        seen = followups.see_all(context.session, rows)
        card = report_cards.escalation_card(seen, clock)
        context.send(manager_id, card, f"overdue:{manager_id}:{context.today}")
    return done


def digests(context: Context) -> int:
    """Send each manager the digest of the direct reports since the one before; skipped when two hours late."""
    until = _digest_time(context, context.today)
    if not calendar.is_workday(context.today) or not until <= context.now < until + DIGEST_LATE:
        return 0
    since = _covered_until(context)
    if not _mark_covered(context):
        return 0
    return _send_digests(context, since, until, report_cards.DAILY, "digest")


def weekly_digests(context: Context) -> int:
    """On the last working day of a week, in the evening before quiet hours: each manager's week, once."""
    at = hours_of(context.settings).at(context.today, WEEKLY_AT)
    if not _ends_week(context.today) or not at <= context.now < at + DIGEST_LATE:
        return 0
    if not insert_once(context.session, JobRun, _run_of(WEEKLY, context.today), ["job", "scheduled_for"]):
        return 0
    monday = context.today - timedelta(days=context.today.weekday())
    since = hours_of(context.settings).at(monday, time())
    return _send_digests(context, since, at, report_cards.WEEKLY, "weekly")


def _ends_week(day: date) -> bool:
    """Whether this is the last working day before a Monday, days worked in lieu included."""
    rest = range(1, 7 - day.weekday())
    return calendar.is_workday(day) and not any(calendar.is_workday(day + timedelta(days=n)) for n in rest)


def _send_digests(context: Context, since: datetime, until: datetime, title: str, key: str) -> int:
    """The digests of all managers in one pass; an empty one is not sent."""
    session, hours, clock, done = context.session, hours_of(context.settings), clock_of(context), 0
    managed = leaders.teams(session)
    outlook = forecast.of_teams(session, managed, month_of(context.today), hours, until)
    for manager_id, digest in reports.digests(session, hours, managed, since, until).items():
        if digest.is_empty:
            continue
        done += 1
        digest.forecast = outlook.get(manager_id)
        card = report_cards.digest_card(digest, clock, title)
        context.send(manager_id, card, f"{key}:{manager_id}:{context.today}", expires=DIGEST_LATE)
    return done


def morning_plans(context: Context) -> int:
    """At the digest time of a working day: each rep's follow-ups of today, what is overdue, and deals to push; nothing, no card."""
    at = _digest_time(context, context.today)
    if not calendar.is_workday(context.today) or not at <= context.now < at + DIGEST_LATE:
        return 0
    if not insert_once(context.session, JobRun, _run_of(PLAN, context.today), ["job", "scheduled_for"]):
        return 0
    clock, done = clock_of(context), 0
    for member_id, plan in reports.plans(context.session, hours_of(context.settings), at, context.now).items():
        done += 1
        card = report_cards.plan_card(plan, clock)
        context.send(member_id, card, f"plan:{member_id}:{context.today}", expires=DIGEST_LATE)
    return done


def _run_of(job: str, day: date) -> dict[str, Any]:
    return {"job": job, "scheduled_for": day.isoformat(), "at_ms": now_ms()}


def _digest_time(context: Context, day: date) -> datetime:
    return hours_of(context.settings).at(day, time.fromisoformat(context.settings.digest_at))


def _covered_until(context: Context) -> datetime:
    """Where the digest before ended; before the first one, the digest time of the working day before."""
    before = sa.select(sa.func.max(JobRun.scheduled_for)).where(
        JobRun.job == DIGEST, JobRun.scheduled_for < context.today.isoformat()
    )
    day = context.session.scalar(before)
    return _digest_time(context, date.fromisoformat(day) if day else calendar.previous_workday(context.today))


def _mark_covered(context: Context) -> bool:
    return insert_once(context.session, JobRun, _run_of(DIGEST, context.today), ["job", "scheduled_for"])


def paused_deals(context: Context) -> int:
    """Open paused deals whose day has come and tell their owners, at the next moment that may disturb them."""
    clock, hours = clock_of(context), hours_of(context.settings)
    waking = deals.asleep(context.session, context.today, WAKE_BATCH)
    for deal in waking:
        until, reason = deal.paused_until, deals.last_change(context.session, deal).reason
        deals.reopen(context.session, SYSTEM, deal, version=None, now=context.now)
        context.session.flush()
        context.touch(f"deal:{deal.id}", f"customer:{deal.customer_id}")
        if deal.owner_id is None:
            continue
        card = deal_cards.woken_card(deals.see(context.session, deal), clock, reason)
        at = hours.disturbable(context.now)
        push_later(context, deal.owner_id, card, f"woke:{deal.id}:{until}", at, may_wait=True)
    return len(waking)


@lru_cache(64)  # the moments of what is due together are the same
def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}"


# Run at every tick: each knows by itself whether it is due. Called again while it returns more than 0, it does the next batch.
JOBS: dict[str, Callable[[Context], int]] = {
    "alerts": alerts,
    "paused_deals": paused_deals,
    "digests": digests,
    "weekly_digests": weekly_digests,
    "morning_plans": morning_plans,
    "escalations": escalations,
}
# Several batches of these may be under way at once in one process: what one has claimed the other passes over.
CLAIMED_APART = frozenset({"alerts"})
