"""The course of deals in chat: pipelines and tiers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bot import commands as c
from bot.cards import dealing as cards
from bot.cards.card import Card
from bot.cards.deal_course import course_card
from bot.cards.deals import default_name, kind_card, kind_name
from bot.context import Context
from bot.handlers.clocks import clock_of
from bot.handlers.deals import changed
from scrm import deal_history, deal_kinds, deals, defaults, lookup, pipelines
from scrm.errors import Missing
from scrm.models import DEAL_STATUSES, Customer

_PARTED = re.compile(r"[\s×xX·/+-]+")


def show_pipelines(_command: c.ShowPipelines, context: Context) -> Card:
    """销售流程."""
    defines = context.actor.may(c.DefinePipeline.roles)
    return cards.pipelines_card(pipelines.every(context.session), defines=defines)


def define_pipeline(command: c.DefinePipeline, context: Context) -> Card:
    """设置流程 国企：初次洽谈 10% 14天、…"""
    if not command.steps:
        raise Missing("steps", cards.NO_STAGES)
    kind, tier = _course(context, command.course)
    steps = [
        pipelines.Step(step.name, step.win_percent, step.expected_days, step.required, step.exit_facts)
        for step in command.steps
    ]
    row, stages = pipelines.define(context.session, kind, tier, steps)
    return cards.defined_card(row, stages, context.turn)


def _course(context: Context, words: str) -> tuple[str, str]:
    """The kind and tier that the name of a pipeline means; a word nobody knows is a new kind, behind a kind a new tier."""
    session = context.session
    named = {kind_name(kind): kind for kind in pipelines.kinds(session)}
    label = next((label for label in named if words.startswith(label)), "")
    kind, rest = (named[label], words[len(label) :]) if label else ("", words)
    rest = _PARTED.sub(" ", rest).strip()
    if not label and not pipelines.tier_of(session, rest):
        kind, _, rest = rest.partition(" ")
    tier = pipelines.tier_of(session, rest) or rest.removesuffix(defaults.CUSTOMER_SUFFIX)
    return kind or defaults.NEW, tier


def set_tier(command: c.SetTier, context: Context) -> Card:
    """腾讯是大客户."""
    if command.customer is None:
        raise Missing("customer", cards.WHOSE)
    customer = lookup.customer(context.session, context.actor, command.customer)
    pipelines.set_tier(context.session, customer, command.tier)
    context.session.flush()
    context.touch(f"customer:{customer.id}")
    key = pipelines.key_for(context.session, defaults.NEW, customer)
    return cards.tier_card(customer, defaults.stages_of(context.session, key), context.turn)


def set_kind(command: c.SetKind, context: Context) -> Card:
    """这单是续签."""
    session, actor = context.session, context.actor
    deal = deals.find(session, actor, command.deal, command.customer)
    named = {kind_name(kind): kind for kind in pipelines.kinds(session)}
    kind, company = named.get(command.kind, command.kind), session.get_one(Customer, deal.customer_id).name
    unnamed = deal.name == default_name(company, deal.kind)
    name = default_name(company, kind) if unnamed else deal.name
    try:
        before = deal_kinds.set_kind(session, actor, deal, kind, name, context.now)
    except deal_kinds.WhichKind as which:
        raise Missing(
            "kind", which.question, tuple((kind_name(label), kind) for label, kind in which.options)
        ) from which
    return kind_card(changed(context, deal), before, clock_of(context), context.turn)


def show_course(command: c.ShowCourse, context: Context) -> Card:
    """X的历程: of a live deal first, of a closed one when there is no other."""
    session, actor = context.session, context.actor
    try:
        deal = deals.find(session, actor, command.deal, command.customer)
    except deals.NoDeal:
        deal = deals.find(session, actor, command.deal, command.customer, DEAL_STATUSES)
    steps, stays = deal_history.steps(session, actor, deal), deal_history.stays(session, deal, context.now)
    return course_card(deal, steps, stays, max(0, command.page), clock_of(context))


def course_view(context: Context, ident: str) -> Card:
    """The course as it is now, from its newest change."""
    return show_course(c.ShowCourse(deal=int(ident)), context)


def pipelines_view(context: Context, _ident: str) -> Card:
    """The list as it is now."""
    return show_pipelines(c.ShowPipelines(), context)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.ShowPipelines: show_pipelines,
    c.DefinePipeline: define_pipeline,
    c.SetTier: set_tier,
    c.SetKind: set_kind,
    c.ShowCourse: show_course,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {cards.LIST: pipelines_view, "course": course_view}
