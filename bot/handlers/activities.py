"""What happened with a customer: recorded in one sentence, added to, put right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import msgspec

from bot import commands as c
from bot.cards import activities as cards
from bot.cards import deals as deal_cards
from bot.cards import followups as followup_cards
from bot.cards.card import Card
from bot.context import Context
from bot.handlers.clocks import clock_of, hours_of
from bot.handlers.tags import auto_tag
from scrm import activities, amending, deals, followups, lookup, pipeline
from scrm.activities import Seen, Told
from scrm.audit import UNDO_WINDOW
from scrm.errors import Missing, NotFound
from scrm.models import Activity, Audit, Customer, Deal, FollowUp


def log_activity(command: c.LogActivity, context: Context) -> Card:
    """Keep the record, its people, its amount and its next step; complete the follow-up it was written for."""
    session, actor = context.session, context.actor
    wrote_for = lookup.by_id(session, actor, FollowUp, command.completes) if command.completes is not None else None
    named = command.customer if wrote_for is None else wrote_for.customer_id
    customer = activities.customer_of(session, actor, named, command.deal, command.contacts)
    deal = activities.deal_named(session, actor, command.deal, customer)
    candidates = deals.all_open(session, actor, customer) if deal is None else ()
    if len(candidates) == 1:
        deal = candidates[0]
    told = Told(command.summary, command.kind, command.happened_at or context.now, command.amount, command.place)
    seen = activities.log(
        session, actor, customer, told, people=command.contacts, deal=deal, zone=context.settings.zone
    )
    amount_set = _fill_amount(command, context, deal)
    completed = wrote_for is not None and _complete(wrote_for, context)
    seen = replace(seen, next=_next_step(command, context, seen))
    effects = cards.Effects(
        amount_set=amount_set,
        unknown_deal=command.deal if isinstance(command.deal, str) and deal is None else "",
        next_is_past=command.next_at is not None and seen.next is None,
        completed=completed,
        tags=auto_tag(context, [person.id for person in seen.contacts], customer.id, told.summary),
        due=_settled(context, customer, seen.next),
        has_deals=deal is None and bool(candidates),
    )
    _touch(context, seen)
    return cards.logged_card(seen, effects, clock_of(context), context.turn)


def _fill_amount(command: c.LogActivity, context: Context, deal: Deal | None) -> bool:
    """A deal without an amount takes the one said; one that has an amount keeps it until told otherwise."""
    if deal is None or deal.amount is not None or command.amount is None:
        return False
    deals.set_amount(context.session, deal, command.amount)
    return True


def _complete(row: FollowUp, context: Context) -> bool:
    if row.status != "open":
        return False
    followups.complete(context.session, context.actor, row, version=None, now=context.now)
    context.touch(followups.view(row))
    return True


def _next_step(command: c.LogActivity, context: Context, seen: Seen) -> FollowUp | None:
    hours = hours_of(context.settings)
    if command.next_at is None or followups.is_past(hours, command.next_at, command.next_all_day, context.now):
        return None
    return followups.schedule(
        context.session, context.actor, hours, seen.customer, due_at=command.next_at, all_day=command.next_all_day, now=context.now,
        contact=seen.contacts[0] if seen.contacts else None, deal=seen.deal, activity=seen.activity, action=command.next_action,
    )  # fmt: skip


def _settled(context: Context, customer: Customer, new: FollowUp | None) -> followups.Seen | None:
    """The speaker's follow-up of this customer that was for today or before."""
    tomorrow = hours_of(context.settings).at(context.today + timedelta(days=1), time())
    row = followups.own_before(context.session, context.actor, customer, tomorrow, but=new)
    return followups.see(context.session, row) if row is not None else None


def _touch(context: Context, seen: Seen) -> None:
    context.touch(f"activity:{seen.activity.id}", f"customer:{seen.customer.id}")
    if seen.deal is not None:
        context.touch(f"deal:{seen.deal.id}")


def show_activity(command: c.ShowActivity, context: Context) -> Card:
    """The card of one record."""
    return activity_view(context, str(command.activity))


def activity_view(context: Context, ident: str) -> Card:
    """The record as it is now; who wrote it may still take it back."""
    seen = activities.see(context.session, context.actor, int(ident))
    card, record = cards.activity_card(seen, clock_of(context)), seen.activity
    is_fresh = context.now - record.created_at < UNDO_WINDOW
    mine = record.member_id == context.actor.member_id and record.event_id is not None
    return cards.with_undo(card, f"e{record.event_id}") if mine and is_fresh else card


def supplement(command: c.Supplement, context: Context) -> Card:
    """补充: the words are added to the record; without words it asks for them."""
    activity = lookup.by_id(context.session, context.actor, Activity, command.activity)
    if not command.words.strip():
        raise Missing("words", cards.ASK_MORE)
    activities.supplement(context.session, activity, command.words)
    return _shown_again(context, activity, cards.SUPPLEMENTED)


def link_deal(command: c.LinkDeal, context: Context) -> Card:
    """归到商机: by name or tap; without one it asks."""
    session, actor = context.session, context.actor
    activity = lookup.by_id(session, actor, Activity, command.activity)
    customer = session.get_one(Customer, activity.customer_id)
    if command.deal is None:
        found = deals.all_open(session, actor, customer)
        raise Missing("deal", cards.WHICH_DEAL, tuple((deal.name, deal.id) for deal in found))
    deal = deals.find(session, actor, command.deal, customer.id)
    activities.link(session, activity, deal)
    session.flush()
    context.touch(f"deal:{deal.id}", f"customer:{customer.id}")
    return _shown_again(context, activity, cards.LINKED)


def use_amount(command: c.UseAmount, context: Context) -> Card:
    """更新金额: the deal takes the amount of the record."""
    activity = lookup.by_id(context.session, context.actor, Activity, command.activity)
    if activity.deal_id is None or activity.amount is None:
        raise NotFound
    deal = lookup.by_id(context.session, context.actor, Deal, activity.deal_id)
    pipeline.check_live(deal)
    deals.set_amount(context.session, deal, activity.amount)
    context.session.flush()
    context.touch(f"activity:{activity.id}", f"deal:{deal.id}", f"customer:{deal.customer_id}")
    return deal_cards.repriced_card(deals.see(context.session, deal), clock_of(context), context.turn)


def amend(command: c.Amend, context: Context) -> Card:
    """修改: only the facts named change, in what the speaker has just recorded."""
    session, actor, hours = context.session, context.actor, hours_of(context.settings)
    kinds = _kinds_meant(command)
    found = amending.just_recorded(session, actor, context.now, kinds or amending.KINDS)
    if not kinds:
        return _to_amend(context, found)
    if command.customer is not None:
        amending.customer(session, found, lookup.customer(session, actor, command.customer))
    if command.amount is not None:
        amending.amount(session, found, command.amount)
    if command.next_at is not None:
        if followups.is_past(hours, command.next_at, command.next_all_day, context.now):
            offers = followup_cards.time_options(followups.offers(hours, context.now), clock_of(context))
            raise Missing("next_at", followup_cards.WHEN_IS_PAST, offers)
        amending.next_step(session, actor, hours, found, command.next_at, command.next_all_day, context.now)
    session.flush()
    return _amended(context, found)


def _kinds_meant(command: c.Amend) -> frozenset[str]:
    """What has the facts named: an amount is a record's or a deal's, a time a record's next step; none for 修改 alone."""
    kinds: frozenset[str] = amending.KINDS if command.customer is not None else frozenset()
    if command.amount is not None:
        kinds |= {"activity", "deal"}
    if command.next_at is not None:
        kinds |= {"activity", "followup"}
    return kinds


def _to_amend(context: Context, found: amending.Recorded) -> Card:
    """What was recorded last, as it is, and how to say what is wrong with it."""
    return msgspec.structs.replace(_as_it_is(context, found), title=cards.LAST_RECORDED, note=cards.WHAT_TO_AMEND)


def _amended(context: Context, found: amending.Recorded) -> Card:
    context.touch(f"customer:{found.customer_id}")
    if found.deal is not None:
        context.touch(f"deal:{found.deal.id}")
    if found.followup is not None:
        context.touch(followups.view(found.followup))
    return _as_it_is(context, found)


def _as_it_is(context: Context, found: amending.Recorded) -> Card:
    clock = clock_of(context)
    if found.activity is not None:
        return _shown_again(context, found.activity, cards.AMENDED)
    if found.deal is not None:
        return cards.with_undo(deal_cards.amended_card(deals.see(context.session, found.deal), clock), context.turn)
    if found.followup is not None:
        return cards.with_undo(
            followup_cards.amended_card(followups.see(context.session, found.followup), clock), context.turn
        )
    raise amending.NothingToAmend


def _shown_again(context: Context, activity: Activity, title: str) -> Card:
    context.touch(f"activity:{activity.id}", f"customer:{activity.customer_id}")
    seen = activities.see(context.session, context.actor, activity.id)
    return cards.with_undo(cards.activity_card(seen, clock_of(context), title), context.turn)


def undoing(context: Context, row: Audit) -> str:
    """Before a record goes: its customer was last in contact by the one before it. Nothing to say about it."""
    if row.op == "insert" and row.after is not None:
        activities.recount(context.session, [row.after["customer_id"]], without=int(row.record_id))
    return ""


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.LogActivity: log_activity,
    c.ShowActivity: show_activity,
    c.Supplement: supplement,
    c.Amend: amend,
    c.UseAmount: use_amount,
    c.LinkDeal: link_deal,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {"activity": activity_view}
UNDOING: dict[str, Callable[[Context, Audit], str]] = {"activity": undoing}
