"""Contracts in chat: until when one runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bot import commands as c
from bot.cards import contracts as cards
from bot.cards.card import Card
from bot.context import Context
from bot.handlers.clocks import clock_of
from scrm import contracts, deals, lookup
from scrm.errors import Missing
from scrm.models import DEAL_STATUSES, Customer, Deal


def note_contract(command: c.NoteContract, context: Context) -> Card:
    """腾讯的合同到明年3月1日到期."""
    session, clock = context.session, clock_of(context)
    customer, deal = _meant(command, context)
    until = context.local(command.until).date() if command.until is not None else None
    if until is None or until < context.today:
        raise Missing("until", cards.UNTIL if until is None else cards.UNTIL_IS_PAST, cards.until_options(clock))
    contract = contracts.note(session, customer, deal, until)
    context.touch(f"customer:{customer.id}")
    opens_on = until - timedelta(days=context.settings.renew_ahead_days)
    return cards.noted_card(contract, customer, opens_on, clock, context.turn)


def _meant(command: c.NoteContract, context: Context) -> tuple[Customer, Deal | None]:
    """The customer, and the deal the contract came of: the one named, else the one won last."""
    session, actor = context.session, context.actor
    if command.deal is not None:
        deal = deals.find(session, actor, command.deal, command.customer, DEAL_STATUSES)
        return lookup.customer(session, actor, deal.customer_id), deal
    if command.customer is None:
        raise Missing("customer", cards.WHOSE)
    customer = lookup.customer(session, actor, command.customer)
    return customer, contracts.last_won(session, actor, customer)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {c.NoteContract: note_contract}
