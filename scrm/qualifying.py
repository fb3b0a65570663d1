"""A lead that turns out to be one: customer, contact and deal are made of it, with every fact carried over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import contacts, customers, deal_facts, deals, leads
from scrm.access import Actor
from scrm.company_names import phone as digits_of
from scrm.customers import Exists
from scrm.deals import DealExists
from scrm.hours import Hours
from scrm.models import Contact, Customer, Deal, Lead

MAX_NAME = 64  # of a deal that is called by what is needed
TAIL = 4  # digits that tell two people of one name apart


@dataclass(frozen=True, slots=True)
class Qualified:
    """What a lead became; `deal` is None where nothing was said that a deal could be about."""

    lead: Lead
    customer: Customer
    contact: Contact
    deal: Deal | None


def called(session: Session, lead: Lead, template: str) -> str:
    """What a customer of this person's own is called; where another is called so, with the end of the number in the template."""
    number = digits_of(lead.phone)[-TAIL:] or str(lead.id)
    return template.format(name=lead.name, tail=number) if customers.exists(session, lead.name) else lead.name


def qualify(
    session: Session, actor: Actor, lead: Lead, into: Customer | str, deal: str, hours: Hours, now: datetime
) -> Qualified:
    """Customer (this one, or a new one of this name), contact and deal; all of the lead's owner, with every fact carried over.

    `deal` is the name of one about which nothing is known, "" for none. A lead that nobody had is taken first.
    Raises as `leads.take` and `customers.create`.
    """
    if lead.owner_id is None:
        leads.take(session, actor, lead.id, hours, now)
    customer = _customer(session, actor, lead, into, now)
    contact = _contact(session, lead, customer)
    made = _deal(session, actor, lead, customer, deal, now)
    lead.status, lead.key, lead.waits = "qualified", None, False
    lead.customer_id, lead.contact_id, lead.deal_id = customer.id, contact.id, made.id if made is not None else None
    session.flush()
    return Qualified(lead, customer, contact, made)


def _customer(session: Session, actor: Actor, lead: Lead, into: Customer | str, now: datetime) -> Customer:
    if isinstance(into, str):
        try:
            customer = customers.create(session, actor, into, now)
            customer.owner_id = lead.owner_id
        except Exists as known:
            customer = session.get_one(Customer, int(known.view.partition(":")[2]))
    else:
        customer = into
    customer.region, customer.tier = customer.region or lead.region, customer.tier or lead.tier
    if not lead.company and customer.name.startswith(lead.name):  # the customer is the person
        customer.phone = customer.phone or lead.phone
    return customer


def _contact(session: Session, lead: Lead, customer: Customer) -> Contact:
    """The lead's own contact, the customer's of this number, or of this name without another number; else a new one."""
    person = lead.name if lead.name not in (lead.company, lead.phone) else lead.company or lead.name
    contact = session.get(Contact, lead.contact_id) if lead.contact_id is not None else None
    contact = contact or _known(session, lead, person, customer)
    if contact is None:
        contact = Contact(
            name=person[:MAX_NAME],
            customer_id=customer.id,
            owner_id=lead.owner_id,
            title="",
            phone="",
            role="",
            channel="",
        )
        session.add(contact)
    contacts.amend(
        session, contact, customer=customer,
        title=lead.title if not contact.title else "", phone=lead.phone if not contact.phone else "",
    )  # fmt: skip
    contact.channel = contact.channel or lead.source
    return contact


def _known(session: Session, lead: Lead, person: str, customer: Customer) -> Contact | None:
    number = digits_of(lead.phone)
    ours = sa.select(Contact).where(Contact.customer_id == customer.id).order_by(Contact.id).limit(1)
    same = session.scalars(ours.where(Contact.phone_key == number)).first() if number else None
    return same or session.scalars(ours.where(Contact.name == person, Contact.phone_key.in_(("", number)))).first()


def _deal(session: Session, actor: Actor, lead: Lead, customer: Customer, otherwise: str, now: datetime) -> Deal | None:
    """About what is wanted: the product, and the need where it says more."""
    apart = lead.product and lead.need and lead.product.casefold() not in lead.need.casefold()
    name = f"{lead.product}（{lead.need}）" if apart else lead.need or lead.product
    name = (name or otherwise)[:MAX_NAME]
    if not name:
        return None
    try:
        deal = deals.create(session, actor, customer, name, amount=lead.amount, stage=None, now=now)
        deal.owner_id = lead.owner_id
    except DealExists as known:
        deal = session.get_one(Deal, int(known.view.partition(":")[2]))
        deal.amount = deal.amount if deal.amount is not None else lead.amount
    if lead.product:
        deal_facts.note(session, actor, deal, deal_facts.Said(products=(lead.product,)))
    return deal
