"""Customers without progress in chat: rules and their dry run, what a rep and a manager can do about one, why it reminded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from bot import commands as c
from bot.cards import idle as cards
from bot.cards.card import Card
from bot.cards.followups import scheduled_card
from bot.cards.pool import released_card
from bot.context import Context
from bot.handlers.clocks import clock_of, hours_of, push_later
from bot.handlers.named import colleague
from scrm import followups, idle_extensions, idle_looks, idle_rules, lookup, members, pool
from scrm.access import SYSTEM
from scrm.errors import Missing
from scrm.hours import DAY_STARTS
from scrm.idle_looks import Found
from scrm.idle_rules import Said
from scrm.models import Customer, IdleRule

MOST_OFFERED = 5


def define_rule(command: c.DefineIdleRule, context: Context) -> Card:
    """大客户30天没跟进提醒，45天回收; or what it would do today."""
    session = context.session
    to = colleague(context, "to", command.to).id if command.to is not None else None
    said = Said(command.scope, command.remind, command.manager, command.recycle, command.working, to)
    if command.dry:
        rule = idle_rules.made_of(session, said)
        others = [one for one in idle_rules.every(session) if (one.tier, one.stage) != (rule.tier, rule.stage)]
        return _foreseen(context, [*others, rule], cards.rule_text(rule, idle_rules.names(session, [rule])))
    rule = idle_rules.define(session, context.actor, said)
    return cards.defined_card(rule, idle_rules.names(session, [rule]), context.turn)


def show_rules(_: c.ShowIdleRules, context: Context) -> Card:
    """回收规则."""
    rules = idle_rules.every(context.session)
    return cards.rules_card(rules, idle_rules.names(context.session, rules), defines=context.actor.may(c.ADMINS))


def drop_rule(command: c.DropIdleRule, context: Context) -> Card:
    """删除回收规则 大客户."""
    rule = idle_rules.drop(context.session, command.rule)
    return cards.dropped_card(rule, idle_rules.names(context.session, [rule]), context.turn)


def try_rules(_: c.TryIdleRules, context: Context) -> Card:
    """试跑回收规则."""
    return _foreseen(context, idle_rules.every(context.session), "")


def _foreseen(context: Context, rules: Sequence[IdleRule], proposed: str) -> Card:
    looked, found = idle_looks.foresee(context.session, rules, hours_of(context.settings), context.now)
    mine = found if context.actor.sees_all else [one for one in found if one.owner_id in context.actor.team]
    return cards.foreseen_card(looked, mine, clock_of(context), names_of(context.session, mine), proposed)


def names_of(session: Session, found: Iterable[Found]) -> dict[int, str]:
    """The names of the owners, and of those who get what is taken back, by id."""
    many = list(found)
    ids = {one.owner_id for one in many} | {one.rule.assign_to for one in many if one.rule.assign_to is not None}
    return members.names(session, ids)


def show_idle(command: c.ShowIdle, context: Context) -> Card:
    """A customer without progress."""
    return idle_view(context, str(command.customer))


def idle_view(context: Context, ident: str) -> Card:
    """The card of a customer without progress as it is now."""
    customer = lookup.by_id(context.session, context.actor, Customer, int(ident))
    one = idle_looks.standing(context.session, customer, hours_of(context.settings), context.now)
    if one is None:
        return cards.fine_card(customer)
    return cards.idle_card(one, clock_of(context), names_of(context.session, [one]))


def follow_today(command: c.FollowToday, context: Context) -> Card:
    """今天跟进."""
    customer = lookup.by_id(context.session, context.actor, Customer, command.customer)
    hours = hours_of(context.settings)
    today = hours.at(context.today, DAY_STARTS)
    row = followups.schedule(
        context.session, context.actor, hours, customer, due_at=today, all_day=True, now=context.now
    )
    context.touch(f"customer:{customer.id}")
    return scheduled_card(followups.see(context.session, row), clock_of(context), context.turn)


def pass_on(command: c.PassOn, context: Context) -> Card:
    """转给…: a colleague gets the customer and hears of it."""
    session = context.session
    customer = lookup.by_id(session, context.actor, Customer, command.customer)
    if command.to is None:
        people = members.colleagues(session, SYSTEM, customer.owner_id or 0, MOST_OFFERED)
        raise Missing("to", cards.WHO_TAKES, tuple((one.name, one.id) for one in people))
    to = colleague(context, "to", command.to)
    pool.pass_on(session, context.actor, customer, to, context.now)
    context.touch(f"customer:{customer.id}", f"idle:{customer.id}")
    arrives = hours_of(context.settings).disturbable(context.now)
    push_later(context, to.id, cards.got_card(customer, context.actor.name), f"passed:{context.turn}", arrives)
    return cards.passed_card(customer, to.name, context.turn)


def give_up(command: c.GiveUp, context: Context) -> Card:
    """放弃."""
    customer = lookup.by_id(context.session, context.actor, Customer, command.customer)
    pool.release(context.session, context.actor, customer, "", context.now)
    context.touch(f"customer:{customer.id}", f"idle:{customer.id}")
    return released_card(customer, "", context.turn)


def ask_extension(command: c.AskExtension, context: Context) -> Card:
    """申请延期: the managers of the one who asks get a card to decide."""
    session, clock = context.session, clock_of(context)
    if command.customer is None:
        raise Missing("customer", cards.WHICH_CUSTOMER)
    customer = lookup.customer(session, context.actor, command.customer)
    if command.days is None:
        raise Missing("days", cards.HOW_LONG, cards.EXTENSIONS)
    asked = idle_extensions.ask(session, context.actor, customer, command.days, command.reason, context.today)
    bosses = members.managers_of(session, asked.row.asked_by)
    admins = members.admin_ids(session, context.settings.admins)
    heard = {boss.id: boss.name for boss in bosses} or members.names(session, admins)
    arrives = hours_of(context.settings).disturbable(context.now)
    for boss_id in heard:
        key = f"extension:{asked.row.id}:{boss_id}"
        push_later(context, boss_id, cards.decide_card(asked, clock), key, arrives)
    return cards.asked_card(asked, list(heard.values()), clock, context.turn)


def decide_extension(command: c.DecideExtension, context: Context) -> Card:
    """同意 or 不同意; the one who asked hears of it."""
    clock = clock_of(context)
    asked = idle_extensions.decide(
        context.session, context.actor, command.extension, approve=command.approve, today=context.today
    )
    context.touch(f"extension:{asked.row.id}", f"idle:{asked.customer.id}")
    arrives = hours_of(context.settings).disturbable(context.now)
    key = f"extension_decided:{asked.row.id}:{asked.row.row_version}"
    push_later(context, asked.row.asked_by, cards.decided_card(asked, clock), key, arrives)
    return cards.decide_card(asked, clock)


def extension_view(context: Context, ident: str) -> Card:
    """The manager's card of an extension as it is now."""
    asked = idle_extensions.load(context.session, context.actor, int(ident), context.today)
    return cards.decide_card(asked, clock_of(context))


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.DefineIdleRule: define_rule,
    c.ShowIdleRules: show_rules,
    c.DropIdleRule: drop_rule,
    c.TryIdleRules: try_rules,
    c.ShowIdle: show_idle,
    c.FollowToday: follow_today,
    c.PassOn: pass_on,
    c.GiveUp: give_up,
    c.AskExtension: ask_extension,
    c.DecideExtension: decide_extension,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {"idle": idle_view, "extension": extension_view}
