"""Whatever a member clicks, in whatever team: no answer names a record out of that member's sight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
import sqlalchemy as sa
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spine import DOORS, NOW, SETTINGS, clicked
from sqlalchemy.orm import Session

from bot import commands as c
from bot.dispatcher import Dispatcher, Handled
from bot.tables import Inbox, Outbox
from scrm import defaults
from scrm.db import Base, Database
from scrm.models import Activity, Contact, Customer, Deal, FollowUp, Identity, Member, Stage

PEOPLE, RECORDS = 5, 6
ids = st.integers(1, RECORDS + 1)
TEMPLATES = (
    "customer:customer={a}", "customers:page={b}", "deal:deal={a}", "deal:customer={a}", "deals", "activity:activity={a}",
    "followup:followup={a}", "todo:all=1", "done:followup={a}:version={v}", "done:customer={a}", "later:followup={a}:to=tomorrow:version={v}",
    "later:followup={a}", "write:followup={a}", "cancel_follow_up:followup={a}", "nudge:followup={a}:version={v}", "supplement:activity={a}",
    "move_deal:stage={b}:deal={a}:version={v}", "move_deal:stage={b}:customer={a}", "win_deal:deal={a}:version={v}", "lose_deal:deal={a}",
    "loss_reason:deal={a}:reason={b}", "pause_deal:deal={a}", "reopen_deal:deal={a}", "new_deal:customer={a}:deal=X{b}:amount=5",
    "new_contact:contact=Wang:customer={a}", "follow_up:customer={a}:due_at=2026-12-01T02", "follow_up:contact={a}", "follow_up:deal={a}",
    "log:summary=hi:customer={a}:deal={b}", "log:summary=hi:customer={a}:completes={b}", "amend:customer={a}", "undo:turn=e{a}", "undo",
    "answer:draft={a}:option={b}", "answer:draft={a}:option=0", "digest", "overdue", "campaign:campaign={a}", "channels", "campaigns", "members",
    "not_yet:intent=assign_customer:customer={a}", "help", "bind", "set_role:member={a}:role=admin", "set_manager:member={a}:manager={b}",
)  # fmt: skip
buttons = st.builds(
    lambda text, a, b, v: text.format(a=a, b=b, v=v), st.sampled_from(TEMPLATES), ids, ids, st.integers(1, 2)
)


@dataclass(frozen=True)
class Company:
    """By numbers: who is what, who reports to whom, and who owns each record."""

    roles: Sequence[str]
    managers: Sequence[int | None]
    owners: Sequence[int]

    def sees(self, who: int) -> set[int]:
        """The records in this person's sight."""
        team = {who}
        if self.roles[who] == "manager":
            for _ in range(PEOPLE):
                team |= {member for member, above in enumerate(self.managers) if above in team}
        return {record for record, owner in enumerate(self.owners) if owner in team}


people = st.integers(0, PEOPLE - 1)
companies = st.builds(
    Company,
    st.lists(st.sampled_from(["rep", "rep", "manager", "marketer"]), min_size=PEOPLE, max_size=PEOPLE),
    # Each reports to somebody with a smaller number: no circles here.
    st.tuples(st.none(), *(st.none() | st.integers(0, number - 1) for number in range(1, PEOPLE))),
    st.lists(people, min_size=RECORDS, max_size=RECORDS),
)


def names(record: int) -> list[str]:
    """Everything that would give a record away."""
    sign = "甲乙丙丁戊己"[record]
    return [f"机密客户{sign}", f"机密联系{sign}", f"机密商机{sign}", f"机密记录{sign}", f"机密待办{sign}"]


def build(session: Session, company: Company) -> None:
    """The company, with a customer and one of everything per record."""
    for number in range(PEOPLE):
        session.add(Member(id=number + 1, name=f"同事{number}", role=company.roles[number]))
        session.flush()
        session.add(Identity(platform="wecom", user_id=f"u{number}", member_id=number + 1))
    for number, above in enumerate(company.managers):
        session.get_one(Member, number + 1).manager_id = None if above is None else above + 1
    defaults.seed(session)
    stage = session.scalars(sa.select(Stage).order_by(Stage.id)).first()
    assert stage is not None
    for record, owner in enumerate(company.owners):
        ident, owner_id = record + 1, owner + 1
        customer, contact, deal, told, step = names(record)
        session.add(Customer(id=ident, name=customer, name_key=customer, owner_id=owner_id))
        session.flush()
        session.add(Contact(id=ident, name=contact, customer_id=ident, owner_id=owner_id))
        session.add(
            Deal(id=ident, name=deal, customer_id=ident, owner_id=owner_id, stage_id=stage.id, stage_since=NOW, status="open",
                 amount=Decimal(7))
        )  # fmt: skip
        session.add(
            Activity(id=ident, kind="visit", customer_id=ident, member_id=owner_id, happened_at=NOW, summary=told)
        )
        due = NOW - timedelta(days=9)
        session.add(
            FollowUp(
                id=ident, customer_id=ident, owner_id=owner_id, due_at=due, remind_at=due, action=step, status="open"
            )
        )
    session.flush()


class _Over(Exception):
    """Ends a transaction that is not to be kept."""


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('buttons') / 'acme.db'}")
    Base.metadata.create_all(database.engine)
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=lambda *_: structlog.testing.ReturnLogger()
    )
    yield database
    structlog.configure(**before)
    database.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(company=companies, clicks=st.lists(st.tuples(people, buttons), min_size=4, max_size=10))
def test_no_answer_names_what_is_out_of_sight(
    sqlite: Database, company: Company, clicks: list[tuple[int, str]]
) -> None:
    dispatcher = Dispatcher(SETTINGS, DOORS)
    with pytest.raises(_Over), sqlite.write() as session:
        build(session, company)
        for number, (who, button) in enumerate(clicks):
            event = clicked(f"u{who}", button, f"k{number}", card=f"card{number}")
            session.add(
                Inbox(
                    key=event.key,
                    speaker=f"wecom:u{who}",
                    lane=0,
                    kind="click",
                    payload=msgspec.json.encode(event).decode(),
                    received_ms=0,
                )
            )
            session.flush()
            before = session.scalar(sa.select(sa.func.max(Outbox.id))) or 0
            assert isinstance(dispatcher.handle_next(session, (), frozenset(), []), Handled), button
            _check_answer(session, company, who, button, before)
        raise _Over


def _check_answer(session: Session, company: Company, who: int, button: str, before: int) -> None:
    hidden = set(range(RECORDS)) - company.sees(who)
    theirs = sa.select(Outbox).where(Outbox.id > before, Outbox.user_id == f"u{who}")
    answers = list(session.scalars(theirs))
    assert answers, f"{button} had no answer"
    for row in answers:
        for record in hidden:
            leaked = [name for name in names(record) if name in row.payload]
            assert not leaked, f"u{who} ({company.roles[who]}) clicked {button} and read {leaked}"


def test_the_buttons_of_this_test_are_real() -> None:
    tags = {template.partition(":")[0] for template in TEMPLATES}
    assert tags <= c.BY_TAG.keys()
    carrying_ids = {"customer", "deal", "activity", "followup", "done", "later", "write", "cancel_follow_up", "nudge", "supplement",
                    "move_deal", "win_deal", "lose_deal", "loss_reason", "pause_deal", "reopen_deal", "campaign", "undo", "answer"}  # fmt: skip
    assert carrying_ids <= tags
