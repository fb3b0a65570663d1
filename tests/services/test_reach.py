"""Whatever anybody says or clicks, in any team, records out of that person's sight stay as they are, and outsiders reach nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from spine import DOORS, NOW, SETTINGS, clicked, said
from sqlalchemy.orm import Session
from test_buttons import PEOPLE, RECORDS, Company, build, buttons, companies, names, people

from bot.dispatcher import Dispatcher, Handled
from bot.tables import Inbox, Outbox
from scrm import access, members
from scrm.db import Base, Database
from scrm.models import Activity, Contact, Customer, Deal, FollowUp

# People of the company by number, and two more: one who left, one nobody knows.
LEFT, STRANGER = PEOPLE, PEOPLE + 1
OF_A_RECORD: tuple[Any, ...] = (Customer, Contact, Deal, Activity, FollowUp)
SENTENCES = (
    "查一下{customer}", "今天拜访了{customer}，聊了报价", "明天下午3点跟进{customer}", "跟进{customer}的待办完成", "看一下商机 {deal}",
    "{deal} 推进到谈判", "{deal} 丢单，原因是价格太高", "{deal}赢单了", "{deal} 暂停到12月15日", "{customer} 新商机 核心系统 80万",
    "给{contact}打标签 高意向", "把{customer}转给同事1", "{contact}的电话是13800138000", "我的客户", "我的待办", "撤销",
)  # fmt: skip


def _sentence(template: str, record: int) -> str:
    customer, contact, deal, _, _ = names(record)
    return template.format(customer=customer, contact=contact, deal=deal)


sentences = st.builds(_sentence, st.sampled_from(SENTENCES), st.integers(0, RECORDS - 1))
actions = st.one_of(st.tuples(st.just("click"), buttons), st.tuples(st.just("message"), sentences))
everybody = st.one_of(people, st.sampled_from((LEFT, STRANGER)))
stories = st.lists(st.tuples(everybody, actions), min_size=4, max_size=8)
QUICK = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.generate]
)  # fmt: skip


class _Over(Exception):
    """Ends a transaction that is not to be kept."""


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('reach') / 'acme.db'}")
    Base.metadata.create_all(database.engine)
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=lambda *_: structlog.testing.ReturnLogger()
    )
    yield database
    structlog.configure(**before)
    database.close()


def tell(database: Database, company: Company, story: list[tuple[int, tuple[str, str]]]) -> None:
    """Play the story in a transaction of its own; AssertionError when somebody reaches what is out of sight."""
    dispatcher = Dispatcher(SETTINGS, DOORS)
    with pytest.raises(_Over), database.write() as session:
        build(session, company)
        members.ensure(session, "wecom", f"u{LEFT}", "前同事", now=NOW)
        session.flush()
        members.person_left(session, "wecom", f"u{LEFT}", NOW)
        for number, (who, (kind, what)) in enumerate(story):
            _one(session, dispatcher, company, number, who, kind, what)
        raise _Over


def _one(
    session: Session, dispatcher: Dispatcher, company: Company, number: int, who: int, kind: str, what: str
) -> None:
    key = f"k{number}"
    event = clicked(f"u{who}", what, key, card=f"card{number}") if kind == "click" else said(f"u{who}", what, key)
    payload = msgspec.json.encode(event).decode()
    session.add(Inbox(key=key, speaker=f"wecom:u{who}", lane=0, kind=kind, payload=payload, received_ms=0))
    session.flush()
    hidden = set(range(RECORDS)) - (company.sees(who) if who < PEOPLE else set())
    before, last = _rows(session, hidden), session.scalar(sa.select(sa.func.max(Outbox.id))) or 0
    strangers = frozenset({("wecom", f"u{STRANGER}")})
    assert isinstance(dispatcher.handle_next(session, (), strangers, []), Handled), what
    session.flush()
    assert _rows(session, hidden) == before, f"u{who} said or clicked {what!r} and changed what is out of sight"
    for row in session.scalars(sa.select(Outbox).where(Outbox.id > last, Outbox.user_id == f"u{who}")):
        read = [name for record in hidden for name in names(record) if name in row.payload and name not in what]
        assert not read, f"u{who} said or clicked {what!r} and read {read}"


def _rows(session: Session, records: set[int]) -> list[Any]:
    ids = [record + 1 for record in records]
    columns = ((table, table.__table__.columns) for table in OF_A_RECORD)
    return [
        tuple(row) for table, those in columns for row in session.execute(sa.select(*those).where(table.id.in_(ids)))
    ]


@QUICK
@given(company=companies, story=stories)
def test_nobody_reaches_what_is_out_of_sight(
    sqlite: Database, company: Company, story: list[tuple[int, tuple[str, str]]]
) -> None:
    tell(sqlite, company, story)


def _all_customers(_actor: access.Actor) -> sa.Select[int]:
    return sa.select(Customer.id)


def _anybody(session: Session, platform: str, user_id: str, admins: Any, today: Any = None) -> access.Actor | None:
    member_id = members.member_id_of(session, platform, user_id)
    return access.Actor(member_id or 1, "任何人", "admin")


@pytest.fixture
def built_anew() -> Iterator[None]:
    """Queries made under the rules as they are, and none of those made with a hole left behind."""
    access.forget_queries()
    yield
    access.forget_queries()


@pytest.mark.usefixtures("built_anew")
@pytest.mark.parametrize(
    ("module", "name", "hole"),
    [
        (access.Actor, "sees_all", property(lambda actor: True)),
        (access, "_customer_ids", _all_customers),
        (members, "actor_of", _anybody),
    ],
    ids=["no permission clause", "what belongs to any customer", "no check of who it is"],
)
def test_a_planted_hole_is_seen(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, hole: Any
) -> None:
    monkeypatch.setattr(module, name, hole)

    @settings(QUICK, max_examples=60)
    @given(company=companies, story=stories)
    def any_story(company: Company, story: list[tuple[int, tuple[str, str]]]) -> None:
        tell(sqlite, company, story)

    with pytest.raises(AssertionError, match=r"out of sight|and read"):
        any_story()
