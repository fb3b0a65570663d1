"""The public pool in chat: look, claim, put back, give to somebody, and its rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot import commands as c
from bot.cards import pool as cards
from bot.cards.card import Card
from bot.context import Context
from bot.handlers.clocks import clock_of, hours_of, push_later
from bot.handlers.named import colleague
from scrm import lookup, members, pool
from scrm.errors import Missing
from scrm.models import Customer
from scrm.pool import Taken

MOST_OFFERED = 9


def show_pool(command: c.ShowPool, context: Context) -> Card:
    """公海, page by page."""
    page = max(0, command.page)
    found, total = pool.page_of(context.session, context.actor, page)
    return cards.list_card(found, total, page, context.now)


def show_pooled(command: c.ShowPooled, context: Context) -> Card:
    """A customer in the pool."""
    pooled = pool.look(context.session, context.actor, command.customer)
    return cards.pooled_card(pooled, clock_of(context), gives=context.actor.may(c.AssignPooled.roles))


def pooled_view(context: Context, ident: str) -> Card:
    """The card of a customer in the pool as it is now."""
    try:
        return show_pooled(c.ShowPooled(customer=int(ident)), context)
    except Taken:
        return cards.taken_card()


def claim(command: c.ClaimCustomer, context: Context) -> Card:
    """领取."""
    customer = pool.claim(context.session, context.actor, command.customer, context.settings.zone, context.now)
    _changed(context, customer)
    return cards.claimed_card(customer, context.turn)


def release(command: c.ReleaseCustomer, context: Context) -> Card:
    """放回公海."""
    if command.customer is None:
        raise Missing("customer", cards.WHICH_CUSTOMER)
    customer = lookup.customer(context.session, context.actor, command.customer)
    pool.release(context.session, context.actor, customer, command.reason, context.now)
    _changed(context, customer)
    return cards.released_card(customer, command.reason, context.turn)


def assign(command: c.AssignPooled, context: Context) -> Card:
    """分配给…: the colleague hears of it."""
    session, actor = context.session, context.actor
    if command.to is None:
        pool.find(session, actor, command.customer)
        team = members.colleagues(session, actor, 0, MOST_OFFERED)
        raise Missing("to", cards.WHO_GETS, tuple((one.name, one.id) for one in team))
    to = colleague(context, "to", command.to)
    customer = pool.assign(session, actor, command.customer, to, context.now)
    _changed(context, customer)
    arrives = hours_of(context.settings).disturbable(context.now)
    push_later(context, to.id, cards.got_card(customer, actor.name), f"assigned:{context.turn}", arrives)
    return cards.assigned_card(customer, to.name, context.turn)


def _changed(context: Context, customer: Customer) -> None:
    context.touch(f"customer:{customer.id}", f"pooled:{customer.id}", f"idle:{customer.id}")


def show_rule(_: c.ShowPoolRule, context: Context) -> Card:
    """公海规则."""
    return cards.rule_card(pool.rule(context.session), defines=context.actor.may(c.DefinePoolRule.roles))


def define_rule(command: c.DefinePoolRule, context: Context) -> Card:
    """公海规则 每人每天最多领5个."""
    rule = pool.define(
        context.session, context.actor, per_day=command.per_day, holds=command.holds, cooldown_days=command.cooldown
    )
    return cards.rule_card(rule, defines=True, turn=context.turn)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.ShowPool: show_pool,
    c.ShowPooled: show_pooled,
    c.ClaimCustomer: claim,
    c.ReleaseCustomer: release,
    c.AssignPooled: assign,
    c.ShowPoolRule: show_rule,
    c.DefinePoolRule: define_rule,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {"pooled": pooled_view}
