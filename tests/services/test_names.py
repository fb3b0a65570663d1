"""The company's names follow what any process commits, and nobody is told of a record out of sight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import sight
from bot.names import Names
from bot.nlu.frame import Frame, Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.understand import understand
from scrm import audit
from scrm.access import SYSTEM, Actor
from scrm.db import Database
from scrm.models import Activity, Contact, Customer, CustomerAlias, CustomerShare, Deal, Member, Stage

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NOBODY: dict[str, int | None] = {}


class Replica:
    """A process with names of its own on the shared database."""

    def __init__(self, database: Database) -> None:
        self.database, self.names = database, Names()

    def lexicon(self) -> Lexicon:
        with self.database.read() as session:
            return self.names.lexicon(session)

    def knows(self, text: str) -> bool:
        return any(kind == "customer" for kind, _ in self.lexicon().candidates(text))

    def scope(self, actor: Actor, text: str) -> Scope:
        with self.database.read() as session:
            self.names.lexicon(session)
            return self.names.scope(session, actor, text, NOBODY, ZoneInfo("Asia/Shanghai"))

    def hears(self, actor: Actor, text: str) -> Frame:
        return understand(text, NOW, self.lexicon(), self.scope(actor, text))


def change(database: Database, work: Callable[[Session], None], fail: bool = False) -> None:
    """One audited transaction of some process."""
    try:
        with database.write() as session:
            begin(session)
            work(session)
            session.flush()
            if fail:
                raise ZeroDivisionError
    except ZeroDivisionError:
        pass


def begin(session: Session) -> None:
    audit.begin(session, audit.Turn("e1", None, "test", "", NOW))


def rename(ident: int, name: str) -> Callable[[Session], None]:
    def work(session: Session) -> None:
        customer = session.get_one(Customer, ident)
        customer.name = customer.name_key = name

    return work


def add(*rows: object) -> Callable[[Session], None]:
    return lambda session: session.add_all(rows)


def customer(ident: int, name: str, owner: int | None = None) -> Customer:
    return Customer(id=ident, name=name, name_key=name, owner_id=owner)


@pytest.fixture
def replicas(database: Database) -> tuple[Replica, Replica]:
    """Two processes that both have read the names."""
    change(database, add(Member(id=1, name="李娜"), Member(id=2, name="王磊")))
    change(database, add(customer(1, "星海科技", 1), customer(2, "北辰机电", 2)))
    here, there = Replica(database), Replica(database)
    assert here.knows("拜访星海科技") and there.knows("拜访星海科技")
    return here, there


def test_a_rename_is_known_to_the_next_sentence_everywhere(
    database: Database, replicas: tuple[Replica, Replica]
) -> None:
    change(database, rename(1, "远航智能"))
    for replica in replicas:
        assert replica.knows("拜访远航智能")
        assert not replica.knows("拜访星海科技")
    change(database, lambda session: session.delete(session.get_one(Customer, 1)))
    assert not any(replica.knows("拜访远航智能") for replica in replicas)


def test_a_transaction_that_commits_late_is_not_missed(database: Database, replicas: tuple[Replica, Replica]) -> None:
    here, _ = replicas
    if database.is_sqlite:
        return  # one writer: numbers are committed in order
    with database.write() as slow:
        begin(slow)
        rename(1, "远航智能")(slow)
        slow.flush()
        change(database, rename(2, "南斗重工"))
        assert here.knows("拜访南斗重工")
        assert not here.knows("拜访远航智能")
    assert here.knows("拜访远航智能")  # its number is smaller than one already read


def test_what_was_rolled_back_is_neither_known_nor_in_the_way(
    database: Database, replicas: tuple[Replica, Replica]
) -> None:
    here, _ = replicas

    def read_own(session: Session) -> None:
        rename(1, "远航智能")(session)
        session.flush()
        here.names.lexicon(session)

    change(database, read_own, fail=True)
    change(database, rename(2, "南斗重工"))  # on SQLite its row in the log has the number of the one rolled back
    assert here.knows("拜访南斗重工")


def test_aliases_come_and_go_and_a_member_who_left_is_gone(
    database: Database, replicas: tuple[Replica, Replica]
) -> None:
    here, _ = replicas
    change(database, add(CustomerAlias(id=1, customer_id=1, name="老星")))
    assert here.knows("拜访老星")
    change(database, lambda session: session.delete(session.get_one(CustomerAlias, 1)))
    assert not here.knows("拜访老星")

    def leave(session: Session) -> None:
        session.get_one(Member, 2).active = False

    change(database, leave)
    assert [name.text for name in here.lexicon().of_kind("member")] == ["李娜"]


def test_a_rep_finds_the_own_contact_among_thousands_of_namesakes(database: Database) -> None:
    stage = database.run(lambda session: session.scalars(sa.select(Stage.id).limit(1)).one())
    change(database, add(Member(id=1, name="李娜"), Member(id=2, name="王磊")))
    change(
        database,
        add(
            *(customer(n, f"{'华安天瑞德宏'[n % 6]}{chr(0x5000 + n)}科技", 2) for n in range(1, 400)),
            customer(400, "华信电子", 1),
        ),
    )
    change(
        database,
        add(*(Contact(id=n, name=f"王{chr(0x5000 + n)}", customer_id=1 + n % 399, owner_id=2) for n in range(1, 1500))),
    )
    change(
        database,
        add(
            *(
                Deal(id=n, name="年度采购", customer_id=n, owner_id=2, stage_id=stage, stage_since=NOW)
                for n in range(1, 300)
            )
        ),
    )
    change(database, add(
        Contact(id=1500, name="王芳", customer_id=400, owner_id=1, title="总监"),
        Deal(id=300, name="年度采购", customer_id=400, owner_id=1, stage_id=stage, stage_since=NOW),
    ))  # fmt: skip
    replica, rep = Replica(database), Actor(1, "李娜", "rep", frozenset({1}))
    frame = replica.hears(rep, "王总说年度采购推进到谈判")
    assert [person.ref for person in frame.contacts] == [1500]
    assert frame.deal is not None and frame.deal.ref == 300
    assert frame.customer is not None and frame.customer.ref == 400
    told = replica.hears(rep, f"今天拜访了{'华安天瑞德宏'[7 % 6]}{chr(0x5007)}科技的王总")
    assert told.customer is not None and told.customer.ref is None
    assert not told.candidates


def test_sight_moves_with_the_customer(database: Database, replicas: tuple[Replica, Replica]) -> None:
    here, _ = replicas
    rep, text = Actor(1, "李娜", "rep", frozenset({1})), "今天拜访了北辰机电的赵总"
    change(database, add(Contact(id=1, name="赵敏", customer_id=2, owner_id=2)))
    assert here.scope(rep, text).visible == set()
    change(database, add(CustomerShare(customer_id=2, member_id=1)))
    assert here.scope(rep, text).visible == {("customer", 2), ("contact", 1)}
    change(database, lambda session: session.delete(session.get_one(CustomerShare, (2, 1))))
    assert here.scope(rep, text).visible == set()

    def hand_over(session: Session) -> None:
        session.get_one(Customer, 2).owner_id = 1

    change(database, hand_over)
    assert here.scope(rep, text).visible == {("customer", 2), ("contact", 1)}
    assert here.scope(SYSTEM, text).visible is None


def test_the_database_has_the_last_word_on_sight(database: Database, replicas: tuple[Replica, Replica]) -> None:
    here, _ = replicas
    rep, text = Actor(1, "李娜", "rep", frozenset({1})), "今天拜访了星海科技"
    assert here.scope(rep, text).visible == {("customer", 1)}
    with database.write() as session:  # past the log
        session.execute(sa.update(Customer).values(owner_id=2))
    assert here.scope(rep, text).visible == set()


def test_a_sentence_costs_a_handful_of_queries(database: Database, replicas: tuple[Replica, Replica]) -> None:
    here, _ = replicas
    change(
        database,
        add(
            *(
                Activity(customer_id=1 + n % 2, member_id=1, kind="call", happened_at=NOW, summary="")
                for n in range(500)
            )
        ),
    )
    rep = Actor(1, "李娜", "rep", frozenset({1}))
    here.scope(rep, "今天拜访了星海科技")
    statements: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert here.scope(rep, "今天拜访了星海科技").recent == (2, 1)
    assert len(statements) <= 5


def test_old_sights_are_dropped(
    database: Database, replicas: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sight, "MAX_SIGHTS", 2)
    here, _ = replicas
    for member in range(5):
        here.scope(Actor(member, "", "rep", frozenset({member})), "你好")
    assert len(here.names._sights._sights) == 2
