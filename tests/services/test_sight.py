"""In any company, however it is led and shared, nobody is given a record out of sight: by id, by name, or in a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from scrm import activities, contacts, customers, deals, followups, lookup, members
from scrm.access import Actor
from scrm.db import Database
from scrm.errors import DomainError
from scrm.models import (
    Activity,
    Base,
    Contact,
    Customer,
    CustomerShare,
    Deal,
    Department,
    FollowUp,
    Identity,
    Member,
    Membership,
    Stage,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PEOPLE, UNITS, COMPANIES = 6, 4, 5
people = st.integers(0, PEOPLE - 1)
units = st.integers(0, UNITS - 1)
companies = st.integers(0, COMPANIES - 1)
KINDS: tuple[Any, ...] = (Customer, Contact, Deal, Activity, FollowUp)


@dataclass(frozen=True)
class Firm:
    """A company by numbers: who is what, sits where, leads what, reports to whom, owns what and shares it with whom."""

    roles: tuple[str, ...]
    parents: tuple[int | None, ...]
    seats: frozenset[tuple[int, int]]
    leads: frozenset[tuple[int, int]]
    managers: tuple[int | None, ...]
    owners: tuple[int | None, ...]
    shares: frozenset[tuple[int, int]]
    workers: tuple[int, ...] = field(default=())  # who made the deal, the contact and the record of each customer

    def team(self, who: int) -> set[int]:
        """Whose records this person sees, walked the slow and plain way."""
        if self.roles[who] != "manager":
            return {who}
        seen, frontier = {who}, [who]
        while frontier:
            leader = frontier.pop()
            below = {person for person in range(PEOPLE) if self.managers[person] == leader}
            inside = [
                unit
                for unit in range(UNITS)
                for person, led in self.leads
                if person == leader and self._under(unit, led)
            ]
            below |= {person for person, unit in self.seats | self.leads if unit in inside}
            frontier += below - seen
            seen |= below
        return seen

    def _under(self, unit: int, top: int) -> bool:
        walked: set[int] = set()
        current: int | None = unit
        while current is not None and current not in walked:
            if current == top:
                return True
            walked.add(current)
            current = self.parents[current]
        return False

    def sees(self, who: int, company: int) -> bool:
        """Whether this person sees the customer itself."""
        return self.roles[who] == "admin" or self.owners[company] in self.team(who) or (company, who) in self.shares

    def sees_work(self, who: int, company: int) -> bool:
        """Whether this person sees what the worker of this customer made: the team's work stays in sight."""
        return self.sees(who, company) or self.workers[company] in self.team(who)


firms = st.builds(
    Firm,
    roles=st.tuples(*[st.sampled_from(("rep", "rep", "manager", "manager", "marketer", "admin"))] * PEOPLE),
    parents=st.tuples(*[st.none() | units] * UNITS),
    seats=st.frozensets(st.tuples(people, units), max_size=8),
    leads=st.frozensets(st.tuples(people, units), max_size=4),
    managers=st.tuples(*[st.none() | people] * PEOPLE),
    owners=st.tuples(*[st.none() | people] * COMPANIES),
    shares=st.frozensets(st.tuples(companies, people), max_size=4),
    workers=st.tuples(*[people] * COMPANIES),
)


def build(session: Session, firm: Firm) -> None:
    """The firm as rows; ids are the numbers plus one."""
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(sa.delete(table))
    session.add_all(Member(id=i + 1, name=f"成员{i}", role=role) for i, role in enumerate(firm.roles))
    session.add_all(
        Department(id=i + 1, platform="wecom", remote_id=f"d{i}", name="部门", parent_remote_id=f"d{up}")
        for i, up in enumerate(firm.parents)
    )
    session.add(Stage(id=1, name="谈判", position=0))
    session.flush()
    session.add_all(Identity(platform="wecom", user_id=f"u{i}", member_id=i + 1) for i in range(PEOPLE))
    for person, up in enumerate(firm.managers):
        session.get_one(Member, person + 1).manager_id = up + 1 if up is not None else None
    for person, unit in firm.seats | firm.leads:
        session.add(Membership(member_id=person + 1, department_id=unit + 1, is_leader=(person, unit) in firm.leads))
    for company, owner in enumerate(firm.owners):
        _customer(session, company + 1, owner + 1 if owner is not None else None, firm.workers[company] + 1)
    session.add_all(CustomerShare(customer_id=company + 1, member_id=person + 1) for company, person in firm.shares)
    session.flush()


def _customer(session: Session, ident: int, owner_id: int | None, worker_id: int) -> None:
    session.add(Customer(id=ident, name=f"客户{ident}", name_key=f"客户{ident}", owner_id=owner_id))
    session.flush()
    session.add(Contact(id=ident, name=f"联系人{ident}", customer_id=ident, owner_id=worker_id))
    session.add(Deal(id=ident, name=f"商机{ident}", customer_id=ident, owner_id=worker_id, stage_id=1, stage_since=NOW))
    session.flush()
    session.add(
        Activity(
            id=ident, customer_id=ident, member_id=worker_id, kind="visit", happened_at=NOW, summary=f"记录{ident}"
        )
    )
    due = NOW + timedelta(days=1)
    session.add(
        FollowUp(id=ident, customer_id=ident, owner_id=worker_id, due_at=due, remind_at=due, action=f"待办{ident}")
    )


def found(work: Callable[[], object]) -> bool:
    """Whether the work gives a record instead of a refusal."""
    try:
        work()
    except DomainError:
        return False
    return True


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all the firms, each built in a transaction that is never committed."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('sight') / 'acme.db'}")
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(firm=firms, who=people)
def test_what_is_given_is_in_sight_and_what_is_in_sight_is_given(sqlite: Database, firm: Firm, who: int) -> None:
    check(sqlite, firm, who)


FIXED = Firm(
    roles=("manager", "rep", "rep", "manager", "marketer", "admin"), parents=(None, 0, 1, 2), seats=frozenset({(1, 2), (2, 3), (4, 3)}),
    leads=frozenset({(0, 1), (3, 3)}), managers=(3, None, None, 0, None, None), owners=(1, 2, 4, None, 5), shares=frozenset({(4, 1), (3, 2)}),
    workers=(1, 1, 2, 3, 4),
)  # fmt: skip


@pytest.mark.parametrize("who", range(PEOPLE))
def test_the_same_on_each_database(database: Database, who: int) -> None:
    check(database, FIXED, who)


class _Undone(Exception):
    """Ends a transaction that is not to be kept."""


def check(database: Database, firm: Firm, who: int) -> None:
    """Build the firm, ask for everything as this person, and leave nothing behind."""
    with pytest.raises(_Undone), database.write() as session:
        build(session, firm)
        actor = members.actor_of(session, "wecom", f"u{who}", frozenset())
        assert actor is not None
        assert {ident - 1 for ident in actor.team} == (firm.team(who) if actor.role == "manager" else {who})
        _by_id_and_name(session, actor, firm, who)
        _in_lists(session, actor, firm, who)
        raise _Undone


def _by_id_and_name(session: Session, actor: Actor, firm: Firm, who: int) -> None:
    for company in range(COMPANIES):
        ident = company + 1
        seen, work_seen = firm.sees(who, company), firm.sees_work(who, company)
        for kind in KINDS:
            expected = seen if kind is Customer else work_seen
            assert found(partial(lookup.by_id, session, actor, kind, ident)) is expected, (kind.__name__, company)
        assert found(partial(lookup.customer, session, actor, f"客户{ident}")) is seen
        assert found(partial(lookup.contact, session, actor, f"联系人{ident}")) is work_seen
        assert found(partial(lookup.deal, session, actor, f"商机{ident}")) is work_seen
        assert found(partial(activities.see, session, actor, ident)) is work_seen


def _in_lists(session: Session, actor: Actor, firm: Firm, who: int) -> None:
    seen = {company + 1 for company in range(COMPANIES) if firm.sees(who, company)}
    rows, total = customers.mine(session, actor, 0)
    assert ({row.id for row in rows}, total) == (seen, len(seen))
    for row in rows:
        brief = customers.brief(session, actor, row)
        given = [
            *brief.people,
            *(one.deal for one in brief.deals),
            *(one for one, _ in brief.activities),
            brief.next_step,
        ]
        assert {one.customer_id for one in given if one is not None} == {row.id}
        assert {person.id for person in contacts.of_customer(session, row)} == {row.id}
    mine = {company + 1 for company in range(COMPANIES) if firm.workers[company] == who}
    assert {deal.id for deal in deals.open_of(session, actor, limit=50)} == mine
    steps = [step for customer in rows for step in followups.open_with(session, actor, customer)]
    assert all(firm.sees_work(who, step.customer_id - 1) for step in steps)
    assert {one.customer_id for one in activities.between(session, actor, NOW, NOW + timedelta(days=1))} == mine
