"""Customers that are there already: 申请协作 on a colleague's, and 合并客户."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot import commands as c
from bot.cards import doubles as cards
from bot.cards.card import Card
from bot.context import Context
from bot.handlers.clocks import hours_of, push_later
from scrm import lookup, members, merging, shares
from scrm.errors import Ambiguous, Missing, UnknownName
from scrm.models import Customer


def ask_share(command: c.AskShare, context: Context) -> Card:
    """申请协作: the owner gets a card to decide; where there is none, the managers or admins."""
    session = context.session
    asked = shares.ask(session, context.actor, command.customer, command.called, command.words)
    heard = shares.deciders(session, asked.customer)
    told = heard or members.names(session, members.admin_ids(session, context.settings.admins))
    arrives = hours_of(context.settings).disturbable(context.now)
    for member_id in told:
        push_later(context, member_id, cards.decide_card(asked), f"share:{asked.row.id}:{member_id}", arrives)
    return cards.asked_card(asked, list(heard.values()), context.turn)


def decide_share(command: c.DecideShare, context: Context) -> Card:
    """同意 or 不同意; the one who asked hears of it."""
    asked = shares.decide(context.session, context.actor, command.request, approve=command.approve)
    context.touch(shares.view(asked.row), f"customer:{asked.customer.id}")
    arrives = hours_of(context.settings).disturbable(context.now)
    key = f"share_decided:{asked.row.id}:{asked.row.row_version}"
    push_later(context, asked.row.asked_by, cards.decided_card(asked), key, arrives)
    return cards.decide_card(asked, context.turn)


def request_view(context: Context, ident: str) -> Card:
    """The decider's card as it is now."""
    return cards.decide_card(shares.load(context.session, context.actor, int(ident)))


def merge(command: c.MergeCustomers, context: Context) -> Card:
    """合并客户 A 和 B: what would move, and which name stays."""
    session = context.session
    if command.first is None or command.second is None:
        raise Missing("first" if command.first is None else "second", cards.WHICH_TWO)
    first, second = _customer(context, "first", command.first), _customer(context, "second", command.second)
    sides = merging.look(session, context.actor, first, second)
    return cards.merge_card(*(sides if command.into else reversed(sides)))


def _customer(context: Context, slot: str, ref: c.Ref) -> Customer:
    """The customer meant; a question about the name is about this slot."""
    try:
        return lookup.customer(context.session, context.actor, ref)
    except Ambiguous as several:
        raise Ambiguous(slot, several.spoken, several.candidates) from several
    except UnknownName as unknown:
        raise UnknownName(slot, unknown.spoken, unknown.close) from unknown


def confirm_merge(command: c.ConfirmMerge, context: Context) -> Card:
    """保留 one of the names: all of the other's is there at once; its owner hears of it."""
    session, actor = context.session, context.actor
    moved, name = merging.merge(session, actor, command.keep, command.gone, context.now)
    keep = lookup.by_id(session, actor, Customer, command.keep)
    owner = lookup.owner_name(session, keep)
    context.touch(f"customer:{command.keep}", f"customer:{command.gone}")
    arrives = hours_of(context.settings).disturbable(context.now)
    for member_id in {moved.owner_id, keep.owner_id} - {actor.member_id}:
        if member_id is not None:
            card = cards.merged_note(keep, name, owner, actor.name)
            push_later(context, member_id, card, f"merged:{context.turn}:{member_id}", arrives)
    return cards.merged_card(keep, moved, owner, context.turn)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.AskShare: ask_share,
    c.DecideShare: decide_share,
    c.MergeCustomers: merge,
    c.ConfirmMerge: confirm_merge,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {"share_request": request_view}
