"""Deals in chat: made, moved, won, lost, paused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from bot import commands as c
from bot.cards import deals as cards
from bot.cards.card import Card
from bot.cards.deal_facts import not_ready_card
from bot.context import Context
from bot.handlers.clocks import clock_of
from scrm import activities, deal_doubles, deal_reasons, deals, defaults, lookup, pipeline, pipelines, versions
from scrm.deal_facts import NotReady
from scrm.errors import Missing, NotFound, UnknownName
from scrm.models import DEAL_STATUSES, Customer, Deal, Stage


def create_deal(command: c.CreateDeal, context: Context) -> Card:
    """X 新商机 名称 80万; where the customer has one like it, asked first."""
    customer = activities.customer_of(context.session, context.actor, command.customer, None, ())
    name = command.deal.strip() or cards.default_name(customer.name, command.kind)
    if not command.sure:
        deal_doubles.check(context.session, context.actor, customer, name, command.kind)
    deal = deals.create(
        context.session, context.actor, customer, name, amount=command.amount, stage=command.stage, now=context.now,
        kind=command.kind, again=command.sure,
    )  # fmt: skip
    context.touch(f"customer:{customer.id}")
    return cards.created_card(deals.see(context.session, deal), clock_of(context), context.turn)


def show_deal(command: c.ShowDeal, context: Context) -> Card:
    """看一下商机 名称: live deals first, closed ones when there is no other."""
    session, actor = context.session, context.actor
    try:
        deal = deals.find(session, actor, command.deal, command.customer)
    except deals.NoDeal:
        deal = deals.find(session, actor, command.deal, command.customer, DEAL_STATUSES)
    return cards.deal_card(deals.see(session, deal), clock_of(context))


def my_deals(command: c.MyDeals, context: Context) -> Card:
    """我的商机, by page; of those who lead others, everything in sight."""
    team = context.actor.role in ("manager", "admin")
    count, amount = deals.totals(context.session, context.actor, everybodys=team)
    page = command.page if 0 <= command.page * cards.PAGE < count else 0
    found = deals.open_of(context.session, context.actor, limit=cards.PAGE, offset=page * cards.PAGE, everybodys=team)
    seen = [deals.see(context.session, deal) for deal in found]
    return cards.deals_card(seen, page, count, amount, clock_of(context), team=team)


def move_deal(command: c.MoveDeal, context: Context) -> Card:
    """推进到 a stage; a customer without a deal is offered one in that stage."""
    try:
        deal = _the_deal(command, context)
    except deals.NoDeal as none:
        return without_deal(none.company, context, _first_stage(context, none.company, command.stage))
    stage = _stage_of(context, deal, command.stage)
    before = context.session.get_one(Stage, deal.stage_id)
    deals.set_amount(context.session, deal, command.amount)  # first: the stage may not be left without it
    try:
        deals.move(
            context.session, context.actor, deal, stage, version=command.version, now=context.now, reason=command.reason
        )
    except NotReady as why:
        return not_ready_card(changed(context, deal), why, clock_of(context))
    return cards.moved_card(changed(context, deal), before, clock_of(context), context.turn, command.reason)


def back_reason(command: c.BackReason, context: Context) -> Card:
    """Why a deal went back, by button."""
    deal = lookup.by_id(context.session, context.actor, Deal, command.deal)
    before = deal_reasons.explain_back(context.session, deal, command.reason)
    reason = defaults.BACK_REASONS[command.reason]
    return cards.moved_card(changed(context, deal), before, clock_of(context), context.turn, reason)


def win_deal(command: c.WinDeal, context: Context) -> Card:
    """赢单了; a customer without a deal is offered one, to be won then."""
    try:
        deal = _the_deal(command, context)
    except deals.NoDeal as none:
        return without_deal(none.company, context)
    deals.win(context.session, context.actor, deal, version=command.version, now=context.now)
    return cards.won_card(changed(context, deal, command.amount), clock_of(context), context.turn)


def lose_deal(command: c.LoseDeal, context: Context) -> Card:
    """丢单; the reason may come with it or by button."""
    try:
        deal = _the_deal(command, context)
    except deals.NoDeal as none:
        return without_deal(none.company, context)
    deals.lose(context.session, context.actor, deal, command.reason, version=command.version, now=context.now)
    return cards.lost_card(changed(context, deal), clock_of(context), context.turn)


def loss_reason(command: c.LossReason, context: Context) -> Card:
    """The reason of a loss by button."""
    deal = lookup.by_id(context.session, context.actor, Deal, command.deal)
    deal_reasons.explain_loss(context.session, deal, command.reason)
    return cards.lost_card(changed(context, deal), clock_of(context), context.turn)


def void_deal(command: c.VoidDeal, context: Context) -> Card:
    """作废; the reason may come with it or by button."""
    deal = _the_deal(command, context)
    deal_reasons.void(context.session, context.actor, deal, command.reason, version=command.version, now=context.now)
    return cards.void_card(changed(context, deal), clock_of(context), context.turn)


def void_reason(command: c.VoidReason, context: Context) -> Card:
    """Why a deal is void, by button."""
    deal = lookup.by_id(context.session, context.actor, Deal, command.deal)
    deal_reasons.explain_void(context.session, deal, command.reason)
    return cards.void_card(changed(context, deal), clock_of(context), context.turn)


def pause_deal(command: c.PauseDeal, context: Context) -> Card:
    """暂停到 a day; without one the card asks."""
    clock = clock_of(context)
    try:
        deal = _the_deal(command, context)
    except deals.NoDeal as none:
        return without_deal(none.company, context)
    pipeline.check_live(deal)
    versions.check(context.session, context.actor, deal, command.version, pipeline.view(deal))
    if command.until is None:
        raise Missing("until", cards.UNTIL, cards.pause_options(clock))
    until = context.local(command.until).date()
    if until <= context.today:
        raise Missing("until", cards.UNTIL_IS_PAST, cards.pause_options(clock))
    deals.pause(
        context.session, context.actor, deal, until, version=command.version, now=context.now, reason=command.reason
    )
    return cards.paused_card(changed(context, deal), clock, context.turn, command.reason)


def reopen_deal(command: c.ReopenDeal, context: Context) -> Card:
    """Back to open."""
    deal = deals.find(context.session, context.actor, command.deal, command.customer, pipeline.REOPENABLE)
    before = deal.status
    deals.reopen(context.session, context.actor, deal, version=command.version, now=context.now)
    return cards.reopened_card(changed(context, deal), before, clock_of(context), context.turn)


def deal_view(context: Context, ident: str) -> Card:
    """The deal's card as it is now."""
    deal = lookup.by_id(context.session, context.actor, Deal, int(ident))
    return cards.deal_card(deals.see(context.session, deal), clock_of(context))


def _the_deal(command: c.MoveDeal | c.WinDeal | c.LoseDeal | c.VoidDeal | c.PauseDeal, context: Context) -> Deal:
    return deals.find(context.session, context.actor, command.deal, command.customer)


def without_deal(customer: Customer, context: Context, stage: Stage | None = None) -> Card:
    """The customer has no open deal: the card makes one, and the sentence is kept unless it has been recorded already."""
    keeps = bool(context.words) and not activities.recorded_now(context.session, customer)
    if keeps:
        told = activities.Told(context.words, "note", context.now)
        activities.log(context.session, context.actor, customer, told, zone=context.settings.zone)
        context.touch(f"customer:{customer.id}")
    closed = deals.last_closed(context.session, context.actor, customer)
    return cards.no_deal_card(customer, stage, closed, kept_in=context.turn if keeps else "")


def _first_stage(context: Context, customer: Customer, ref: lookup.Ref) -> Stage | None:
    """The stage meant in the pipeline of the customer's new deals; None when it has no such stage."""
    key = pipelines.key_for(context.session, defaults.NEW, customer)
    try:
        stage = lookup.stage(context.session, ref, key)
    except (UnknownName, NotFound):
        return None
    return stage if stage.pipeline == key else None


def _stage_of(context: Context, deal: Deal, ref: lookup.Ref) -> Stage:
    stages = deals.stages(context.session, deal)
    try:
        stage = lookup.stage(context.session, ref, stages[0].pipeline)
    except UnknownName as unknown:
        options = tuple((stage.name, stage.id) for stage in stages if stage.id != deal.stage_id)
        raise Missing("stage", cards.no_such_stage(unknown.spoken), options) from unknown
    if stage.pipeline != stages[0].pipeline:
        raise NotFound
    return stage


def changed(context: Context, deal: Deal, amount: Decimal | None = None) -> deals.Seen:
    """The deal as its card shows it after a change, which its live copies are told of."""
    deals.set_amount(context.session, deal, amount)
    context.session.flush()
    context.touch(f"deal:{deal.id}", f"customer:{deal.customer_id}")
    return deals.see(context.session, deal)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.CreateDeal: create_deal,
    c.ShowDeal: show_deal,
    c.MyDeals: my_deals,
    c.MoveDeal: move_deal,
    c.BackReason: back_reason,
    c.VoidDeal: void_deal,
    c.VoidReason: void_reason,
    c.WinDeal: win_deal,
    c.LoseDeal: lose_deal,
    c.LossReason: loss_reason,
    c.PauseDeal: pause_deal,
    c.ReopenDeal: reopen_deal,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {"deal": deal_view}
