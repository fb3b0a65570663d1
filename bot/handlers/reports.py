"""What managers ask for: the team's digest, what is overdue, a word to its owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from bot import commands as c
from bot.cards import followups as followup_cards
from bot.cards import reports as cards
from bot.cards import week as week_cards
from bot.cards.card import MAX_BUTTONS, Card
from bot.context import Context
from bot.handlers.clocks import clock_of, hours_of, push_later
from bot.handlers.followups import show_todo
from scrm import activities, calendar, followups, leaders, lookup, reminders, reports
from scrm.errors import Missing, NotFound
from scrm.models import Deal, FollowUp

WEEK = 2000  # letters of a week's report
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


def show_stuck(command: c.ShowStuck, context: Context) -> Card:
    """看停滞: the team's deals that stay too long in their stage, the largest first."""
    team = reports.team_of(context.session, context.actor)
    count, lines = reports.stuck_deals(context.session, team, context.now, MAX_BUTTONS)
    return cards.stuck_card(count, lines, clock_of(context))


def show_silent(command: c.ShowSilent, context: Context) -> Card:
    """看沉默: who has not recorded anything, and since when."""
    team = reports.team_of(context.session, context.actor)
    found = reports.silent_members(context.session, team, hours_of(context.settings), context.now)
    return cards.silent_card(found, clock_of(context))


def comment(command: c.Comment, context: Context) -> Card:
    """点评: the words reach the one concerned as a card, when it may disturb; of a deal they stay in its records."""
    session, deal = context.session, None
    if command.deal is not None:
        deal = lookup.by_id(session, context.actor, Deal, command.deal)
        if deal.owner_id is None:
            raise NotFound
    whom = lookup.member(session, deal.owner_id if deal is not None and deal.owner_id else command.member or 0)
    if whom.id not in reports.team_of(session, context.actor):
        raise NotFound
    about = deal.name if deal is not None else ""
    if not command.words.strip():
        raise Missing("words", cards.ask_comment(whom.name, about))
    text = command.words.strip()[: cards.COMMENT]
    if deal is not None:
        activities.remark(session, context.actor, deal, cards.kept_comment(text), context.now)
        context.touch(f"deal:{deal.id}", f"customer:{deal.customer_id}")
    arrives = hours_of(context.settings).disturbable(context.now)
    card = cards.comment_card(context.actor.name, text, about, deal.id if deal is not None else None)
    push_later(context, whom.id, card, f"comment:{context.turn}", arrives)
    return cards.commented_card(whom.name, text, about, arrives, clock_of(context))


def write_week(command: c.WriteWeek, context: Context) -> Card:
    """写周报: this week's records in words, to be sent or edited."""
    period, text = _week(context)
    return week_cards.week_card(context.actor.name, period, text)


def send_week(command: c.SendWeek, context: Context) -> Card:
    """发给主管: every direct leader gets it, when it may disturb."""
    if command.edit and not command.words.strip():
        raise Missing("words", week_cards.ASK_WEEK)
    period, written = _week(context)
    text = command.words.strip()[:WEEK] or written
    if command.edit and not command.sure:
        raise Missing("check", week_cards.check_week(text, written), week_cards.CHECKED)
    me = context.actor.member_id or 0
    found = [
        lookup.member(context.session, ident) for ident in sorted(leaders.direct_leaders(context.session).get(me, ()))
    ]
    card = week_cards.week_told_card(context.actor.name, period, text, me, edited=text != written)
    arrives = hours_of(context.settings).disturbable(context.now)
    for leader in found:
        push_later(context, leader.id, card, f"week:{context.turn}:{leader.id}", arrives)
    return week_cards.week_sent_card([leader.name for leader in found], text)


def _week(context: Context) -> tuple[str, str]:
    """The days since Monday, and what the speaker's records of them say."""
    me, hours, clock = context.actor.member_id or 0, hours_of(context.settings), clock_of(context)
    monday = hours.at(context.today - timedelta(days=context.today.weekday()), time())
    digest = reports.digests(context.session, hours, {me: frozenset({me})}, monday, context.now)[me]
    todo = followups.open_count(context.session, me)
    return week_cards.week_period(digest, clock), week_cards.week_text(digest, todo, clock)


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
    c.WriteWeek: write_week,
    c.SendWeek: send_week,
    c.ShowStuck: show_stuck,
    c.ShowSilent: show_silent,
    c.Comment: comment,
    c.ShowOverdue: show_overdue,
    c.Nudge: nudge,
    c.NudgeAll: nudge_all,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {}
