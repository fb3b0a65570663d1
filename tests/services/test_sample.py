"""The demo's company is believable: the promised numbers of everything, and nothing on a card that reads twice the same."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.cards.names import company_entry, deal_of
from bot.schema import migrate
from emulator import sample
from emulator.wecom import WeComEmulator
from scrm.db import Database
from scrm.models import Activity, Contact, Customer, Deal

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


@pytest.fixture
def company(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'demo.db'}")
    migrate(database)
    emulator = WeComEmulator(lambda: NOW)
    database.run(lambda session: sample.fill_database(session, NOW, emulator))
    return database


def test_there_is_as_much_of_everything_as_promised(company: Database) -> None:
    def counts(session: Session) -> list[int]:
        return [session.scalar(sa.select(sa.func.count(kind.id))) or 0 for kind in (Customer, Contact, Deal, Activity)]

    assert company.run(counts) == [30, 60, 40, 200]


def test_names_can_be_told_apart(company: Database) -> None:
    def names(session: Session) -> tuple[list[str], list[tuple[str, str]]]:
        deals = session.execute(sa.select(Deal.name, Customer.name).join(Customer, Customer.id == Deal.customer_id))
        return list(session.scalars(sa.select(Customer.name))), [(deal, whose) for deal, whose in deals]

    customers, deals = company.run(names)
    assert len({deal for deal, _ in deals}) == len(deals)
    assert max(Counter((deal_of(deal, whose), whose) for deal, whose in deals).values()) == 1
    assert len({company_entry(1, name) for name in customers}) == len(customers)


def test_a_record_reads_as_a_rep_would_write_it(company: Database) -> None:
    summaries = company.run(lambda session: list(session.scalars(sa.select(Activity.summary))))
    called = [one.called for one in sample.words.CUSTOMERS]
    assert all(sum(summary.count(name) for name in called) <= 1 for summary in summaries)
