"""Customers by words and buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot import commands as c
from bot.cards import customers as cards
from bot.cards.card import Card
from bot.context import Context
from bot.nlu.companies import base
from bot.nlu.unknown import is_trade
from scrm import company_names, customers, doubles, lookup
from scrm.errors import Missing


def create_customer(command: c.CreateCustomer, context: Context) -> Card:
    """新建客户 X; where it may be there already, asked first."""
    session, actor, name = context.session, context.actor, command.customer
    found = [] if command.sure else doubles.find(session, actor, name, code=command.code, phone=command.phone)
    if not command.sure and not any(double.why == "same" and double.seen for double in found):  # that one is shown
        _ask_about(context, name, found)
    if is_trade(name) and not command.sure:
        raise Missing("sure", cards.is_a_trade(name), ((cards.MAKE_ANYWAY, True),))
    customer = customers.create(session, actor, name, context.now, code=command.code, phone=command.phone)
    return cards.created_card(customer, context.turn)


def _ask_about(context: Context, name: str, found: list[doubles.Double]) -> None:
    """Raises IsADouble where there is something to choose between."""
    known = {double.id for double in found}
    found += [
        doubles.Double(
            row.id,
            row.name,
            row.owner_id is not None,
            "alike",
            seen=True,
            owner=lookup.owner_name(context.session, row),
        )
        for row in customers.alike(context.session, context.actor, name)
        if row.id not in known and _is_same(row.name, name)
    ]
    asked = doubles.IsADouble(name, found[: doubles.MOST_SHOWN])
    if found and asked.options:
        raise asked


def _is_same(known: str, said: str) -> bool:
    """Whether a name says less of a known company's name, or the same without its legal form."""
    return lookup.name_key(said) in lookup.name_key(known) or base(known) == base(said)


def set_code(command: c.SetCreditCode, context: Context) -> Card:
    """X的信用代码是9133…."""
    session, actor = context.session, context.actor
    company_names.credit_code(command.code)  # a wrong one is said to be so before anything is asked
    if command.customer is None:
        raise Missing("customer", cards.WHOSE_CODE)
    customer = lookup.customer(session, actor, command.customer)
    before = customer.credit_code or ""
    customers.set_code(session, actor, customer, command.code)
    context.touch(f"customer:{customer.id}")
    return cards.coded_card(customer, before, context.turn)


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


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.CreateCustomer: create_customer,
    c.ShowCustomer: show_customer,
    c.MyCustomers: my_customers,
    c.SetCreditCode: set_code,
}
VIEWS = {"customer": customer_view}
