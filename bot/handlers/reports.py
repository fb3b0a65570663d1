"""What managers ask for: the team's digest, what is overdue, a word to its owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Any

from bot import commands as c
from bot.cards import followups as followup_cards
from bot.cards import reports as cards
from bot.cards.card import Card
from bot.context import Context
from bot.handlers.clocks import clock_of, hours_of, push_later
from bot.handlers.followups import show_todo
from scrm import calendar, followups, lookup, reminders, reports
from scrm.errors import NotFound
from scrm.models import FollowUp

MOST = 60  # overdue follow-ups read for one card: enough to name everybody who is late


def show_digest(command: c.ShowDigest, context: Context) -> Card:
    """团队简报: what the digest pushed last covers, and what came since."""
    team = reports.team_of(context.session, context.actor)
    since = last_digest_before(context)
    found = reports.digests(context.session, hours_of(context.settings), {0: team}, since, context.now)
    return cards.digest_card(found[0], clock_of(context))


def last_digest_before(context: Context) -> datetime:
    """The digest time of the working day before today: where a digest made today begins."""
    day = calendar.previous_workday(context.today)
    return hours_of(context.settings).at(day, time.fromisoformat(context.settings.digest_at))


def show_overdue(command: c.ShowOverdue, context: Context) -> Card:
    """The team's overdue follow-ups, oldest first; of who leads nobody, what is due."""
    if not context.actor.may(c.Nudge.roles):
        return show_todo(c.ShowTodo(), context)
    hours = hours_of(context.settings)
    count, late = reminders.overdue(context.session, context.actor, hours, context.now, MOST)
    return cards.overdue_card(followups.see_all(context.session, late), count, clock_of(context))


def nudge(command: c.Nudge, context: Context) -> Card:
    """催办: the owner gets the alert with the manager's name, when it may disturb; once a day is enough."""
    row = lookup.by_id(context.session, context.actor, FollowUp, command.followup)
    followups.check_open(context.session, context.actor, row, command.version)
    seen, clock = followups.see(context.session, row), clock_of(context)
    arrives = hours_of(context.settings).disturbable(context.now)
    alert = followup_cards.alert_card(seen, clock, asked_by=context.actor.name)
    key = f"nudge:{row.id}:v{row.version}:{context.today}"
    push_later(context, row.owner_id, alert, key, arrives)
    return cards.nudged_card(seen, arrives, clock)


def nudge_all(command: c.NudgeAll, context: Context) -> Card:
    """催办 of everything a member of the team is late with: one card, at most once a day."""
    session, clock, hours = context.session, clock_of(context), hours_of(context.settings)
    if command.member not in reports.team_of(session, context.actor):
        raise NotFound
    owner = lookup.member(session, command.member)
    late = followups.see_all(session, reminders.overdue_of(session, [owner.id], hours, context.now))
    if not late:
        return cards.nothing_late_card(owner)
    arrives = hours.disturbable(context.now)
    name = context.actor.name
    alert = (
        followup_cards.alert_card(late[0], clock, name)
        if len(late) == 1
        else followup_cards.alerts_card(late, clock, name)
    )
    push_later(context, owner.id, alert, f"nudge_all:{owner.id}:{context.actor.member_id}:{context.today}", arrives)
    return cards.all_nudged_card(owner, late, arrives, clock)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.ShowDigest: show_digest,
    c.ShowOverdue: show_overdue,
    c.Nudge: nudge,
    c.NudgeAll: nudge_all,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {}
