"""Customers by words and buttons."""

from __future__ import annotations

from bot import commands as c
from bot.cards import customers as cards
from bot.cards.card import Card
from bot.context import Context
from bot.nlu.companies import base
from bot.nlu.unknown import is_trade
from scrm import customers, lookup
from scrm.errors import Missing


def create_customer(command: c.CreateCustomer, context: Context) -> Card:
    """新建客户 X; where one in sight is called alike, asked first."""
    known = [
        row
        for row in customers.alike(context.session, context.actor, command.customer)
        if _is_same(row.name, command.customer)
    ]
    if known and not command.sure and not customers.exists(context.session, command.customer):
        raise Missing("sure", cards.is_it(known[0], command.customer), ((cards.MAKE_ANYWAY, True),))
    if is_trade(command.customer) and not command.sure:
        raise Missing("sure", cards.is_a_trade(command.customer), ((cards.MAKE_ANYWAY, True),))
    customer = customers.create(context.session, context.actor, command.customer, context.now)
    return cards.created_card(customer, context.turn)


def _is_same(known: str, said: str) -> bool:
    """Whether a name says less of a known company's name, or the same without its legal form."""
    return lookup.name_key(said) in lookup.name_key(known) or base(known) == base(said)


def show_customer(command: c.ShowCustomer, context: Context) -> Card:
    """查一下X."""
    customer = lookup.customer(context.session, context.actor, command.customer)
    brief = customers.brief(context.session, context.actor, customer)
    mine = customer.owner_id is not None and customer.owner_id == context.actor.member_id
    return cards.brief_card(brief, context.settings.zone, context.now, phones=mine)


def my_customers(command: c.MyCustomers, context: Context) -> Card:
    """我的客户, page by page."""
    page = max(0, command.page)
    rows, total = customers.mine(context.session, context.actor, page)
    creates = context.actor.may(c.CreateCustomer.roles)
    return cards.list_card(rows, total, page, context.now, creates=creates)


def customer_view(context: Context, ident: str) -> Card:
    """The brief as it is now."""
    return show_customer(c.ShowCustomer(customer=int(ident)), context)


HANDLERS = {c.CreateCustomer: create_customer, c.ShowCustomer: show_customer, c.MyCustomers: my_customers}
VIEWS = {"customer": customer_view}
