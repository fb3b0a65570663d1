"""The roll-call in chat: asking a team, answering by button, and comparing words with results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot import commands as c
from bot.cards import figures as figure_cards
from bot.cards import roll_call as cards
from bot.cards.card import Card
from bot.context import Context
from bot.handlers.asked import question_of, this_month
from bot.handlers.clocks import clock_of, hours_of, push_later
from scrm import lookup, reports
from scrm.metrics import promises
from scrm.metrics.part import Days, month_of
from scrm.models import Deal


def call_the_roll(_: c.CallTheRoll, context: Context) -> Card:
    """点名: everybody in the team who has not said, once a day."""
    session, clock, month = context.session, clock_of(context), this_month(context)
    asked = promises.to_ask(session, reports.team_of(session, context.actor), month)
    arrives = hours_of(context.settings).disturbable(context.now)
    others = [(member, count) for member, count in asked if member.id != context.actor.member_id]
    for member, _count in others:
        found = promises.of_member(session, member.id, month)
        card = cards.roll_card(found, None, month, clock, context.actor.name)
        push_later(context, member.id, card, f"roll:{month.first}:{member.id}:{context.today}", arrives)
    later = cards.arrival(clock.when(arrives)) if arrives > context.now else ""
    return cards.called_card(others, month, later)


def show_roll(command: c.ShowRoll, context: Context) -> Card:
    """The speaker's own deals of the month."""
    return _roll(context, this_month(context), command.place)


def promise_deal(command: c.PromiseDeal, context: Context) -> Card:
    """稳, 争取 or 没戏: kept, and the next deal is asked about; of a month that is over nothing is promised any more."""
    month = month_of(command.month)
    if month != this_month(context):
        return _roll(context, this_month(context), None)
    deal = lookup.by_id(context.session, context.actor, Deal, command.deal)
    promises.promise(context.session, context.actor, deal, month, command.word)
    return _roll(context, month, None)


def _roll(context: Context, month: Days, place: int | None) -> Card:
    found = promises.of_member(context.session, context.actor.member_id or 0, month)
    return cards.roll_card(found, place, month, clock_of(context))


def show_promises(command: c.ShowPromises, context: Context) -> Card:
    """承诺兑现, of one month."""
    session = context.session
    question = question_of(command, context, usual=this_month(context))
    month = month_of(question.days.first)
    found = promises.records(session, context.actor, question.part, month, hours_of(context.settings))
    team = reports.team_of(session, context.actor)
    people = team if question.part.owners is None else team & question.part.owners
    waiting = promises.to_ask(session, people, month)
    when = figure_cards.period(month, context.today)
    calls = context.actor.may(c.CallTheRoll.roles)
    over = month.last < context.today
    return cards.promises_card(when, question.who, found, waiting, calls=calls, over=over)


def roll_view(context: Context, _ident: str) -> Card:
    """The roll as it is now."""
    return show_roll(c.ShowRoll(), context)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.CallTheRoll: call_the_roll,
    c.ShowRoll: show_roll,
    c.PromiseDeal: promise_deal,
    c.ShowPromises: show_promises,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {cards.VIEW: roll_view}
