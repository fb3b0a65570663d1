"""Whether a customer that is about to be made is there already: by credit code, name or phone, in whoever's sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, company_names
from scrm.access import Actor
from scrm.errors import Missing
from scrm.models import Contact, Customer, CustomerAlias, Member

Why = Literal["code", "same", "phone", "alike"]
_ORDER: tuple[Why, ...] = ("code", "same", "phone", "alike")
MOST_READ = 20
MOST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Double:
    """A customer that may be the one meant. Out of sight, neither its name nor its owner is for the speaker."""

    id: int
    name: str
    owned: bool  # else it lies in the public pool
    why: Why
    seen: bool
    owner: str = ""  # named only where the speaker sees the customer

    @property
    def certain(self) -> bool:
        """Whether a second one cannot be made: no two customers have one credit code or exactly one name."""
        return self.why in ("code", "same")


class IsADouble(Missing):
    """Asked before saving: use the one that is there, make another all the same, ask for a colleague's, or claim one.

    The options' values are {"use": id}, {"new": True}, {"ask": id} and {"claim": id}; see `bot.drafts`.
    """

    use, use_named, make, ask, claim = "关联", "关联 {name}", "仍要新建", "申请协作", "领取"
    question_of = "「{name}」可能已经是公司的客户了"

    def __init__(self, name: str, found: Sequence[Double]) -> None:
        self.name, self.spoken, self.found = name, name, found
        seen = [double for double in found if double.seen]
        asked = next((one for one in found if not one.seen and one.owned), None)
        label = self.use if len(seen) == 1 else self.use_named
        options = [(label.format(name=one.name), {"use": one.id}) for one in seen]
        if not any(double.certain for double in found):
            options.append((self.make, {"new": True}))
        if asked is not None:
            options.append((self.ask, {"ask": asked.id}))
        pooled = next((one for one in found if not one.seen and not one.owned), None)
        if pooled is not None:
            options.append((self.claim, {"claim": pooled.id}))
        super().__init__("double", self.question_of.format(name=name), tuple(options))


def find(session: Session, actor: Actor, name: str, *, code: str = "", phone: str = "") -> list[Double]:
    """Who may be the same company, those most surely so first; at most three. `code` and `phone` as they were said."""
    code = company_names.credit_code(code) if code else ""
    key, core, digits = company_names.name_key(name)[:128], company_names.core(name), company_names.phone(phone)
    aliased = sa.select(CustomerAlias.customer_id).where(CustomerAlias.name == name.strip())
    tests: list[tuple[Why, sa.ColumnElement[bool]]] = [
        ("same", Customer.name_key == key),
        ("alike", Customer.id.in_(aliased)),
    ]
    if code:
        tests.append(("code", Customer.credit_code == code))
    if core:
        tests.append(("alike", Customer.name_core == core))
    if digits:
        reached = sa.select(Contact.customer_id).where(Contact.phone_key == digits, Contact.customer_id.is_not(None))
        tests += [("phone", Customer.phone_key == digits), ("phone", Customer.id.in_(reached))]
    seen = sa.case((access.customers(actor), 1), else_=0)
    query = sa.select(Customer, seen, Member.name, *(sa.case((test, 1), else_=0) for _, test in tests))
    rows = session.execute(
        query.outerjoin(Member, Member.id == Customer.owner_id)
        .where(sa.or_(*(test for _, test in tests)))
        .limit(MOST_READ)
    )
    found = [
        Double(
            customer.id,
            customer.name,
            customer.owner_id is not None,
            why,
            bool(in_sight),
            (owner or "") if in_sight else "",
        )
        for customer, in_sight, owner, *hits in rows
        if (why := _why(name, customer, [why for (why, _), hit in zip(tests, hits, strict=True) if hit]))
    ]
    return sorted(found, key=lambda one: (_ORDER.index(one.why), not one.seen, one.id))[:MOST_SHOWN]


def _why(name: str, customer: Customer, hits: Sequence[Why]) -> Why | None:
    """The best of the reasons; a name alone is none where both say another place."""
    best = min(hits, key=_ORDER.index, default=None)
    if best == "alike" and company_names.are_far_apart(name, customer.name):
        return None
    return best
