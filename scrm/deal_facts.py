"""What is known about a deal beside its stage: when it closes, products, competitors, and who decides; and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import contacts, lookup
from scrm.access import Actor
from scrm.errors import Refused
from scrm.lookup import Ref
from scrm.models import Contact, Customer, Deal, DealCompetitor, DealContact, DealProduct, Stage
from scrm.versions import hold

# What a stage may ask for: the codes in `Stage.required` and `Stage.exit_facts`.
FACTS = ("amount", "close", "product", "competitor", "decision_maker")
MAX_NAMES = 10
_ROLE_ORDER = ("decision_maker", "influencer", "gatekeeper", "coach", "user", "")


class NotReady(Refused):
    """The stage may not be left before something is known; the card names it."""

    sentence = "离开「{stage}」阶段前，还有必须补上的信息。"

    def __init__(self, stage: Stage, missing: Sequence[str]) -> None:
        super().__init__(stage=stage.name)
        self.stage, self.missing = stage, tuple(missing)


class UnknownFact(Refused):
    """A stage was to ask for something the program does not know."""

    sentence = "不认识「{fact}」。阶段能要求的信息有：金额、预计签约日、产品、竞品、决策人。"


class NotNoted(Refused):
    """A product or competitor was to be taken off a deal that does not have it."""

    sentence = "「{deal}」没有记过「{name}」，没有改动。"


@dataclass(frozen=True, slots=True)
class Person:
    """A contact with the part played in a deal; what is "" is left as it was."""

    contact: Ref
    role: str = ""
    attitude: str = ""
    influence: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said about a deal; None and empty leave what is known."""

    amount: Decimal | None = None
    close_on: date | None = None
    products: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    not_products: tuple[str, ...] = ()
    not_competitors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about a deal; people with who decides first."""

    products: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    people: tuple[tuple[Contact, DealContact], ...] = field(default=())


def of(session: Session, deal: Deal) -> Known:
    """Everything known about the deal."""
    rows = session.execute(
        sa.select(Contact, DealContact)
        .join(DealContact, DealContact.contact_id == Contact.id)
        .where(DealContact.deal_id == deal.id)
        .order_by(DealContact.id)
    )
    people = sorted(((who, part) for who, part in rows), key=lambda pair: _ROLE_ORDER.index(pair[1].role))
    return Known(_names(session, DealProduct, deal), _names(session, DealCompetitor, deal), tuple(people))


def _names(session: Session, table: type[DealProduct] | type[DealCompetitor], deal: Deal) -> tuple[str, ...]:
    return tuple(session.scalars(sa.select(table.name).where(table.deal_id == deal.id).order_by(table.id)))


def missing(deal: Deal, known: Known, facts: str) -> tuple[str, ...]:
    """Which of the facts (codes with blanks between) are not known of the deal."""
    there = {
        "amount": deal.amount is not None,
        "close": deal.expected_close_on is not None,
        "product": bool(known.products),
        "competitor": bool(known.competitors),
        "decision_maker": any(part.role == "decision_maker" for _, part in known.people),
    }
    return tuple(fact for fact in facts.split() if not there.get(fact, True))


def check_exit(session: Session, deal: Deal, target: Stage) -> None:
    """Raises NotReady when the deal would go on without what its stage must not be left without."""
    stage = session.get_one(Stage, deal.stage_id)
    if target.position <= stage.position or not stage.exit_facts:
        return
    lacking = missing(deal, of(session, deal), stage.exit_facts)
    if lacking:
        raise NotReady(stage, lacking)


def note(session: Session, actor: Actor, deal: Deal, said: Said) -> None:
    """Keep what was said about the deal; names that are there already are there once. Raises NotNoted."""
    hold(session, deal)  # two messages at once add to each other
    if said.amount is not None and said.amount != deal.amount:
        deal.amount = said.amount
    if said.close_on is not None and said.close_on != deal.expected_close_on:
        deal.expected_close_on = said.close_on
    _take_off(session, deal, DealProduct, said.not_products)
    _take_off(session, deal, DealCompetitor, said.not_competitors)
    known = of(session, deal)
    for table, before, names in (
        (DealProduct, known.products, said.products),
        (DealCompetitor, known.competitors, said.competitors),
    ):
        there = {lookup.name_key(name) for name in before}
        for name in names[:MAX_NAMES]:
            if (key := lookup.name_key(name)) and key not in there and len(there) < MAX_NAMES:
                there.add(key)
                session.add(table(deal_id=deal.id, name=name.strip()[:64]))
    customer = session.get_one(Customer, deal.customer_id)
    for person in said.people[:MAX_NAMES]:
        _place(session, actor, deal, customer, person)
    session.flush()


def _take_off(
    session: Session, deal: Deal, table: type[DealProduct] | type[DealCompetitor], names: Sequence[str]
) -> None:
    if not names:
        return
    rows: list[DealProduct | DealCompetitor] = list(session.scalars(sa.select(table).where(table.deal_id == deal.id)))
    there = {lookup.name_key(row.name): row for row in rows}
    for name in names:
        row = there.pop(lookup.name_key(name), None)
        if row is None:
            raise NotNoted(deal=deal.name, name=name)
        session.delete(row)
    session.flush()


def _place(session: Session, actor: Actor, deal: Deal, customer: Customer, person: Person) -> None:
    contact = _contact(session, actor, customer, person.contact)
    part = session.scalars(
        sa.select(DealContact).where(DealContact.deal_id == deal.id, DealContact.contact_id == contact.id)
    ).one_or_none()
    if part is None:
        part = DealContact(deal_id=deal.id, contact_id=contact.id, role="", attitude="", influence="")
        session.add(part)
    part.role = person.role or part.role
    part.attitude = person.attitude or part.attitude
    part.influence = person.influence or part.influence
    if person.role and not contact.role:
        contact.role = person.role  # what a person is in one deal is the best guess for the next
    session.flush()


def _contact(session: Session, actor: Actor, customer: Customer, ref: Ref) -> Contact:
    if isinstance(ref, int):
        return lookup.contact(session, actor, ref)
    return contacts.find(session, actor, ref, customer) or contacts.create(session, actor, ref, customer)
