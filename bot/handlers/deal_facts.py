"""What is known of a deal, in chat: noted in one sentence, and the people who decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot import commands as c
from bot.cards import deal_facts as cards
from bot.cards.card import Card
from bot.context import Context
from bot.handlers.clocks import clock_of
from bot.handlers.deals import changed, without_deal
from scrm import deal_facts, deals


def note_deal(command: c.NoteDeal, context: Context) -> Card:
    """预计12月20日签约，决策人是张总; of a customer without a deal the words are kept."""
    session, actor = context.session, context.actor
    try:
        deal = deals.find(session, actor, command.deal, command.customer)
    except deals.NoDeal as none:
        return without_deal(none.company, context)
    people = tuple(deal_facts.Person(one.contact, one.role, one.attitude, one.influence) for one in command.people)
    said = deal_facts.Said(
        command.amount,
        command.close_on,
        command.products,
        command.competitors,
        people,
        command.not_products,
        command.not_competitors,
    )
    deal_facts.note(session, actor, deal, said)
    off = cards.off_line(command.not_products, command.not_competitors)
    return cards.noted_card(changed(context, deal), clock_of(context), context.turn, off)


def show_people(command: c.ShowDealPeople, context: Context) -> Card:
    """X的决策链."""
    deal = deals.find(context.session, context.actor, command.deal, command.customer)
    return cards.people_card(deals.see(context.session, deal))


def people_view(context: Context, ident: str) -> Card:
    """The people as they are now."""
    return show_people(c.ShowDealPeople(deal=int(ident)), context)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.NoteDeal: note_deal,
    c.ShowDealPeople: show_people,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {"people": people_view}
