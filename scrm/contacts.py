"""Contacts: people at a customer, made on the way or on request."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, lookup
from scrm.access import Actor
from scrm.errors import AlreadySo, UnknownName
from scrm.models import Contact, Customer


class Exists(AlreadySo):
    """The contact is already there and nothing new was said about it."""

    sentence = "这位联系人已经有了，为您显示现有资料。"

    def __init__(self, view: str) -> None:
        super().__init__(view, self.sentence)


def put(
    session: Session, actor: Actor, name: str, customer: Customer | None, *, title: str = "", phone: str = ""
) -> tuple[Contact, bool]:
    """The contact of this name with the new facts, and whether it is new. Raises Ambiguous when several have the name."""
    contact = find(session, actor, name, customer)
    if contact is None:
        return create(session, actor, name, customer, title=title, phone=phone), True
    amend(session, contact, customer=customer, title=title, phone=phone)
    return contact, False


def find(session: Session, actor: Actor, name: str, customer: Customer | None) -> Contact | None:
    """The contact meant, of this customer, or with this very name and of no customer yet. Raises Ambiguous."""
    try:
        return lookup.contact(session, actor, name, customer)
    except UnknownName:
        return _unattached(session, actor, name) if customer is not None else None


def _unattached(session: Session, actor: Actor, name: str) -> Contact | None:
    """The one contact in sight of this full name without a customer; 王先生 is no full name: there are many of them."""
    if name[1:] in lookup.HONORIFICS:
        return None
    query = (
        sa.select(Contact).where(Contact.name == name, Contact.customer_id.is_(None), access.contacts(actor)).limit(2)
    )
    found = session.scalars(query).all()
    return found[0] if len(found) == 1 else None


def create(
    session: Session, actor: Actor, name: str, customer: Customer | None, *, title: str = "", phone: str = ""
) -> Contact:
    """A new contact of this actor."""
    contact = Contact(
        name=name.strip()[:64], customer_id=customer.id if customer else None, owner_id=actor.member_id, title=title[:64], phone=phone[:32],
        role="",
    )  # fmt: skip
    session.add(contact)
    session.flush()
    return contact


def amend(
    session: Session, contact: Contact, *, customer: Customer | None = None, title: str = "", phone: str = ""
) -> bool:
    """Write new facts on a contact, whose customer is set only where there was none; whether anything changed."""
    if customer is not None and contact.customer_id is None:
        contact.customer_id = customer.id
    contact.title, contact.phone = title[:64] or contact.title, phone[:32] or contact.phone
    changed = session.is_modified(contact)
    session.flush()
    return changed


def of_customer(session: Session, customer: Customer) -> list[Contact]:
    """A customer's people, oldest first; the caller has loaded the customer with permission."""
    return list(session.scalars(sa.select(Contact).where(Contact.customer_id == customer.id).order_by(Contact.id)))
