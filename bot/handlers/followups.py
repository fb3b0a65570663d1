"""Next steps in chat: planned, shown, done, moved, written up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from bot import commands as c
from bot.cards import activities as activity_cards
from bot.cards import followups as cards
from bot.cards.card import Card
from bot.context import Context
from bot.handlers.activities import log_activity
from bot.handlers.clocks import clock_of, hours_of
from bot.nlu.frame import Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.plan import commands_of
from bot.nlu.understand import understand
from scrm import activities, amending, followups, lookup
from scrm.errors import Missing, UnknownName
from scrm.models import Contact, Customer, FollowUp

_NO_NAMES = Lexicon(())


def schedule_follow_up(command: c.ScheduleFollowUp, context: Context) -> Card:
    """明天下午3点跟进X; the card says when the reminder really comes."""
    session, actor, hours = context.session, context.actor, hours_of(context.settings)
    people = () if command.contact is None else (command.contact,)
    customer = activities.customer_of(session, actor, command.customer, command.deal, people)
    if command.due_at is None:
        raise _ask_when("due_at", cards.ask_when(customer.name), context)
    if followups.is_past(hours, command.due_at, command.all_day, context.now):
        raise _ask_when("due_at", cards.WHEN_IS_PAST, context)
    known = followups.planned(session, actor, customer, command.due_at)
    if known is not None:
        raise followups.PlannedAlready(followups.view(known))
    row = followups.schedule(
        session, actor, hours, customer, due_at=command.due_at, all_day=command.all_day, now=context.now, action=command.action,
        contact=_person(context, command.contact, customer), deal=activities.deal_named(session, actor, command.deal, customer),
    )  # fmt: skip
    return cards.scheduled_card(_changed(context, row), clock_of(context), context.turn)


def _person(context: Context, ref: lookup.Ref | None, customer: Customer) -> Contact | None:
    """The contact meant; one nobody knows is left out, the step stays with the customer."""
    if ref is None:
        return None
    try:
        return lookup.contact(context.session, context.actor, ref, customer)
    except UnknownName:
        return None


def show_todo(command: c.ShowTodo, context: Context) -> Card:
    """我的待办."""
    todo = followups.todo(context.session, context.actor, hours_of(context.settings), context.now)
    return cards.todo_card(todo, clock_of(context), everything=command.all, page=max(command.page, 0))


def show_follow_up(command: c.ShowFollowUp, context: Context) -> Card:
    """The card of one follow-up."""
    return followup_view(context, str(command.followup))


def followup_view(context: Context, ident: str) -> Card:
    """The follow-up as it is now."""
    row = lookup.by_id(context.session, context.actor, FollowUp, int(ident))
    urge = row.owner_id != context.actor.member_id and context.actor.may(c.Nudge.roles)
    return cards.followup_card(followups.see(context.session, row), clock_of(context), urge=urge)


def complete_follow_up(command: c.CompleteFollowUp, context: Context) -> Card:
    """完成, by button, by customer, or the only one that is due."""
    row = _the_followup(command.followup, command.customer, context)
    followups.complete(context.session, context.actor, row, version=command.version, now=context.now)
    return cards.closed_card(_changed(context, row), clock_of(context), context.turn)


def cancel_follow_up(command: c.CancelFollowUp, context: Context) -> Card:
    """不用跟了, by button, by customer, or the only one that is due."""
    row = _the_followup(command.followup, command.customer, context)
    followups.cancel(context.session, context.actor, row, version=command.version)
    return cards.closed_card(_changed(context, row), clock_of(context), context.turn)


def reschedule(command: c.Reschedule, context: Context) -> Card:
    """Another time by button or by words; 仍按原时间 keeps the agreed one whatever the hour."""
    session, actor, hours, clock = context.session, context.actor, hours_of(context.settings), clock_of(context)
    row = _just_planned(command, context) or _the_followup(command.followup, command.customer, context)
    followups.check_open(session, actor, row, None)
    if command.keep:
        followups.keep(session, actor, row, version=command.version, now=context.now)
        return cards.kept_card(_changed(context, row), clock, context.turn)
    due_at, all_day = command.due_at, command.all_day
    if command.to:
        due_at, all_day = followups.postponed(row, command.to, hours, context.now), row.all_day and command.to != "hour"
    if due_at is None:
        raise _ask_when("due_at", cards.ask_new_time(followups.see(session, row).customer.name), context)
    if followups.is_past(hours, due_at, all_day, context.now):
        raise _ask_when("due_at", cards.WHEN_IS_PAST, context)
    followups.reschedule(session, actor, hours, row, due_at, all_day, version=command.version, now=context.now)
    return cards.rescheduled_card(_changed(context, row), clock, context.turn)


def _just_planned(command: c.Reschedule, context: Context) -> FollowUp | None:
    """「改到后天」 without a name means the next step just planned."""
    if command.followup is not None or command.customer is not None:
        return None
    try:
        row = amending.just_recorded(context.session, context.actor, context.now).followup
    except amending.NothingToAmend:
        return None
    return row if row is not None and row.status == "open" else None


def write_follow_up(command: c.WriteFollowUp, context: Context) -> Card:
    """写跟进: the next sentence becomes the record, and the follow-up is done."""
    row = lookup.by_id(context.session, context.actor, FollowUp, command.followup)
    if not command.words.strip():
        raise Missing("words", activity_cards.ASK_WORDS)
    heard = _heard(command.words.strip(), context)
    people = heard.contacts or (() if row.contact_id is None else (row.contact_id,))
    record = c.replace(heard, customer=row.customer_id, contacts=people, deal=row.deal_id, completes=row.id)
    return log_activity(record, context)


def _heard(text: str, context: Context) -> c.LogActivity:
    """What the words say beside the customer, who is known: kind, people, amount, next step."""
    scope = Scope(zone=context.settings.zone)
    frame = understand(text, context.now, _NO_NAMES, scope)
    for command in commands_of(frame, context.now, scope).commands:
        if isinstance(command, c.LogActivity):
            return c.replace(command, summary=text)
        if isinstance(command, c.ScheduleFollowUp):
            return c.LogActivity(
                summary=text, next_action=command.action, next_at=command.due_at, next_all_day=command.all_day
            )
    return c.LogActivity(summary=text)


def _the_followup(followup: int | None, customer: lookup.Ref | None, context: Context) -> FollowUp:
    tomorrow = hours_of(context.settings).at(context.today + timedelta(days=1), time())
    try:
        return followups.find(context.session, context.actor, followup, customer, tomorrow)
    except followups.WhichFollowUp as several:
        clock = clock_of(context)
        seen = followups.see_all(context.session, several.choices)
        named = cards.full_label if customer is None else cards.label
        raise Missing("followup", several.question, tuple((named(one, clock), one.row.id) for one in seen)) from several


def _ask_when(slot: str, question: str, context: Context) -> Missing:
    offers: dict[str, datetime] = followups.offers(hours_of(context.settings), context.now)
    return Missing(slot, question, cards.time_options(offers, clock_of(context)))


def _changed(context: Context, row: FollowUp) -> followups.Seen:
    context.session.flush()
    context.touch(followups.view(row), f"customer:{row.customer_id}")
    if row.activity_id is not None:
        context.touch(f"activity:{row.activity_id}")
    return followups.see(context.session, row)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.ScheduleFollowUp: schedule_follow_up,
    c.ShowTodo: show_todo,
    c.ShowFollowUp: show_follow_up,
    c.CompleteFollowUp: complete_follow_up,
    c.CancelFollowUp: cancel_follow_up,
    c.Reschedule: reschedule,
    c.WriteFollowUp: write_follow_up,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {"followup": followup_view}
