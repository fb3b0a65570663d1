"""Contacts by words."""

from __future__ import annotations

from bot import commands as c
from bot.cards import contacts as cards
from bot.cards.card import Card
from bot.context import Context
from scrm import contacts, lookup, tags
from scrm.errors import Missing
from scrm.models import Contact, Customer


def create_contact(command: c.CreateContact, context: Context) -> Card:
    """A new person, or a new phone or title of a known one."""
    customer = (
        lookup.customer(context.session, context.actor, command.customer) if command.customer is not None else None
    )
    if not command.contact.strip():
        raise Missing("contact", cards.WHO)
    contact = contacts.find(context.session, context.actor, command.contact, customer)
    is_new = contact is None
    if contact is None:
        facts = {"title": command.title, "phone": command.phone}
        contact = contacts.create(context.session, context.actor, command.contact, customer, **facts)
    elif not contacts.amend(context.session, contact, customer=customer, title=command.title, phone=command.phone):
        raise contacts.Exists(f"contact:{contact.id}")
    context.touch(f"contact:{contact.id}", *([f"customer:{contact.customer_id}"] if contact.customer_id else []))
    worn = tags.names(context.session, contact)
    return cards.put_card(contact, _customer_name(context, contact), worn, is_new, context.turn)


def contact_view(context: Context, ident: str) -> Card:
    """The person as now known."""
    contact = lookup.by_id(context.session, context.actor, Contact, int(ident))
    return cards.contact_card(contact, _customer_name(context, contact), tags.names(context.session, contact))


def _customer_name(context: Context, contact: Contact) -> str:
    customer = context.session.get(Customer, contact.customer_id) if contact.customer_id is not None else None
    return customer.name if customer is not None else ""


HANDLERS = {c.CreateContact: create_contact}
VIEWS = {"contact": contact_view}
