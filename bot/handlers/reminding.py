"""Reminders themselves in chat: why one came, who stands in for whom, what sleeps until its day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot import commands as c
from bot.cards import reminding as cards
from bot.cards.card import Card
from bot.context import Context
from bot.handlers.clocks import clock_of, hours_of, push_later
from bot.handlers.idle import names_of
from scrm import covers, followups, future, idle_looks, lookup, members, why
from scrm.errors import Missing, NotAllowed
from scrm.models import Customer, FollowUp


def why_reminded(command: c.WhyReminded, context: Context) -> Card:
    """为什么提醒我: of the card clicked, else of what reminded last."""
    session, actor = context.session, context.actor
    if command.followup is not None:
        return _why_followup(context, command.followup)
    if command.customer is not None:
        return _why_idle(context, command.customer)
    me = actor.member_id or 0
    last = why.last_reminded(session, {me} | covers.covered_by(session, me, context.today))
    if last is None:
        return cards.nothing_reminded_card()
    kind, ident = last
    return _why_followup(context, ident) if kind == "followup" else _why_idle(context, ident)


def _why_followup(context: Context, ident: int) -> Card:
    row = lookup.by_id(context.session, context.actor, FollowUp, ident)
    planned = why.planned(context.session, row)
    return cards.why_followup_card(followups.see(context.session, row), planned, clock_of(context))


def _why_idle(context: Context, ident: int) -> Card:
    session = context.session
    customer = lookup.by_id(session, context.actor, Customer, ident)
    one = idle_looks.standing(session, customer, hours_of(context.settings), context.now)
    if one is None:
        return cards.nothing_reminded_card()
    setters = {one.rule.set_by} if one.rule.set_by is not None else set()
    return cards.why_idle_card(one, names_of(session, [one]) | members.names(session, setters), clock_of(context))


def set_cover(command: c.SetCover, context: Context) -> Card:
    """我下周休假，李娜代理; somebody else's is arranged by a manager of that person."""
    session, clock = context.session, clock_of(context)
    cover = lookup.member(session, command.cover)
    away = lookup.member(session, command.member if command.member is not None else context.actor.member_id or 0)
    if away.id != context.actor.member_id and not (context.actor.sees_all or away.id in context.actor.team):
        raise NotAllowed(what=cards.FOR_OTHERS)
    if command.first is None or command.last is None or command.last < context.today:
        raise Missing("first", cards.COVER_WHEN)
    covers.arrange(session, away.id, cover.id, command.first, command.last)
    told = cards.told_cover_card(away.name, cover.name, command.first, command.last, clock)
    arrives = hours_of(context.settings).disturbable(context.now)
    push_later(context, cover.id, told, f"cover:{context.turn}", arrives)
    return cards.cover_card(away.name, cover.name, command.first, command.last, clock, context.turn)


def end_cover(_: c.EndCover, context: Context) -> Card:
    """结束代理."""
    row = covers.end(context.session, context.actor.member_id or 0, context.today)
    return cards.cover_ended_card(members.names(context.session, {row.cover_id})[row.cover_id], context.turn)


def show_covers(_: c.ShowCovers, context: Context) -> Card:
    """代理人."""
    me = context.actor.member_id or 0
    found = covers.around(context.session, me, context.today)
    names = members.names(context.session, {ident for row in found for ident in (row.member_id, row.cover_id)})
    lines = [(names[row.member_id], names[row.cover_id], row.first_on, row.last_on) for row in found]
    return cards.covers_card(lines, clock_of(context), mine=any(row.member_id == me for row in found))


def show_future(_: c.ShowFuture, context: Context) -> Card:
    """未来机会."""
    found, count = future.sleeping(context.session, context.actor, cards.PAGE)
    return cards.future_card(found, count, clock_of(context))


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.WhyReminded: why_reminded,
    c.SetCover: set_cover,
    c.EndCover: end_cover,
    c.ShowCovers: show_covers,
    c.ShowFuture: show_future,
}
