"""Two customers become one, and 撤销 makes them exactly the two they were."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bot import commands as c
from scrm import access, activities, audit, merging, undoing
from scrm.access import Actor
from scrm.db import Database
from scrm.errors import NotFound, Refused
from scrm.merging import MergedAlready, NotYours, SameCustomer
from scrm.models import (
    Activity,
    ActivityContact,
    Audit,
    Base,
    Contact,
    ContactTag,
    Contract,
    Customer,
    CustomerAlias,
    CustomerShare,
    CustomerTag,
    Deal,
    DealContact,
    FollowUp,
    Idle,
    Member,
    Stage,
    Tag,
)
from tests.cast import NOW, Cast, pressed, texts, value

BOOKKEEPING = {"updated_at", "row_version"}


def made(cast: Cast, name: str, owner: str = "李娜") -> int:
    return int(cast.say(owner, c.CreateCustomer(customer=name, sure=True)).view.partition(":")[2])


def test_the_card_shows_both_and_the_name_chosen_stays(cast: Cast) -> None:
    keep, gone = made(cast, "宏图精密"), made(cast, "海川模具")
    cast.say("李娜", c.LogActivity(summary="聊了交期", kind="call", customer=gone))
    cast.say("李娜", c.CreateDeal(customer=gone, deal="二期MES"))
    cast.say("李娜", c.SetCreditCode(customer=gone, code="91110000600037341L"))
    card = cast.say("李娜", c.MergeCustomers(first="宏图精密", second="海川模具"))
    assert "海川模具（李娜）\n  商机 1 个 · 跟进记录 1 条" in card.text
    assert texts(card) == ["保留宏图精密", "保留海川模具"]
    merged = cast.say("李娜", pressed(card, "保留宏图精密"))
    assert value(merged, "合过来") == "商机 1 个 · 跟进记录 1 条"
    brief = cast.say("李娜", c.ShowCustomer(customer="海川模具"))
    assert (brief.title, value(brief, "信用代码")) == ("宏图精密", "91110000600037341L")
    assert "聊了交期" in brief.text
    cast.refused(MergedAlready, "李娜", pressed(card, "保留宏图精密"))
    cast.refused(NotFound, "李娜", pressed(card, "保留海川模具"))
    cast.say("李娜", pressed(merged, "撤销"))
    assert value(cast.say("李娜", c.ShowCustomer(customer=keep)), "信用代码") == ""
    assert cast.count(Activity, Activity.customer_id == gone) == 1


def test_only_owners_and_those_who_lead_them_may_merge(cast: Cast) -> None:
    mine, other = made(cast, "宏图精密"), made(cast, "海川模具", "王磊")
    cast.write(lambda session: session.add(CustomerShare(customer_id=other, member_id=cast.id("李娜"))))
    cast.refused(NotYours, "李娜", c.MergeCustomers(first=mine, second=other))
    cast.refused(NotYours, "李娜", c.ConfirmMerge(keep=mine, gone=other))
    cast.refused(SameCustomer, "李娜", c.MergeCustomers(first=mine, second=mine))
    cast.say("陈静", c.ConfirmMerge(keep=mine, gone=other))
    assert {one.member_id for one in cast.owed} == {cast.id("李娜"), cast.id("王磊")}
    brief = cast.say("王磊", c.ShowCustomer(customer="海川模具"))  # who had the other one works on
    assert (value(brief, "负责人"), value(brief, "协作")) == ("李娜", "王磊")


def test_a_person_on_both_sides_is_one_and_two_again(cast: Cast) -> None:
    keep, gone = made(cast, "宏图精密"), made(cast, "海川模具")
    for customer in (keep, gone):
        cast.say("李娜", c.CreateContact(contact="张伟", customer=customer, phone="138 0013 8000"))
        cast.say("李娜", c.CreateContact(contact="王芳", customer=customer))
        cast.say("李娜", c.LogActivity(summary="聊", customer=customer, contacts=("张伟",)))
    cast.say("李娜", c.ConfirmMerge(keep=keep, gone=gone))
    assert cast.count(Contact, Contact.name == "张伟") == 1
    assert cast.count(Contact, Contact.name == "王芳") == 2  # nothing says that they are one
    assert cast.count(ActivityContact) == 2
    cast.say("李娜", c.Undo())
    assert cast.count(Contact, Contact.name == "张伟") == 2


def test_what_is_built_on_the_merge_itself_stands_in_the_way(cast: Cast) -> None:
    keep, gone = made(cast, "宏图精密"), made(cast, "海川模具")
    cast.say("李娜", c.SetCreditCode(customer=gone, code="91110000600037341L"))
    merged = cast.say("李娜", c.ConfirmMerge(keep=keep, gone=gone))
    cast.say("李娜", c.SetCreditCode(customer=keep, code="91110108551385082Q"))
    with pytest.raises(Refused, match="先撤销后面那一条"):
        cast.say("李娜", pressed(merged, "撤销"))


def test_the_statements_do_not_grow_with_the_records(cast: Cast) -> None:
    def statements(many: int) -> int:
        keep, gone = made(cast, f"留下{many}"), made(cast, f"并入{many}")

        def fill(session: Session) -> None:
            session.add_all(
                Activity(customer_id=gone, member_id=cast.id("李娜"), kind="call", happened_at=NOW, summary="聊")
                for _ in range(many)
            )

        cast.write(fill)
        seen: list[str] = []
        engine = cast.database.engine
        sa.event.listen(engine, "after_cursor_execute", lambda *said: seen.append(said[2]))
        cast.say("李娜", c.ConfirmMerge(keep=keep, gone=gone))
        return len(seen)

    few = statements(2)
    assert statements(60) <= 2 * few + 5  # both listeners count the second


# --- merge and undo is the identity, whatever hangs on the two

UNIQUE = frozenset({"tag", "share", "alias", "idle"})
sides = st.integers(1, 2)
things = st.lists(
    st.tuples(st.sampled_from(("contact", "deal", "activity", "followup", "tag", "share", "alias", "contract", "idle")), sides, st.integers(0, 2)),
    max_size=14,
)  # fmt: skip


def build(session: Session, plan: list[tuple[str, int, int]]) -> None:
    """Two customers with what the plan hangs on them; the number tells things apart, or makes them alike."""
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(sa.delete(table))
    session.add_all(Member(id=ident, name=f"成员{ident}", role="rep") for ident in (1, 2, 3))
    session.add_all(Tag(id=ident, name=f"标签{ident}", group_name="组") for ident in (1, 2, 3))
    session.add(Stage(id=1, name="谈判", position=0))
    session.flush()
    for ident in (1, 2):
        row = Customer(
            id=ident, name=f"客户{ident}", name_key=f"客户{ident}", owner_id=ident, phone="0571-8888666" * (ident - 1)
        )
        row.credit_code = "91110000600037341L" if ident == 2 else None
        session.add(row)
    session.flush()
    once = {(kind, side, 0 if kind == "idle" else number) for kind, side, number in plan if kind in UNIQUE}
    each = [*sorted(once), *(thing for thing in plan if thing[0] not in UNIQUE)]
    for at, (kind, side, number) in enumerate(each):
        session.add_all(_thing(kind, side, number, at))
    session.flush()
    _people(session)
    session.flush()


def _thing(kind: str, side: int, number: int, at: int) -> Iterator[Base]:
    due = NOW + timedelta(days=at)
    if kind == "contact":
        yield Contact(
            name=f"人{number}", customer_id=side, phone=f"1380013800{number}" if number else "", title="总" * side
        )
    elif kind == "deal":
        yield Deal(name=f"商机{number}", customer_id=side, owner_id=side, stage_id=1, stage_since=NOW)
    elif kind == "activity":
        yield Activity(customer_id=side, member_id=side, kind="call", happened_at=due, summary="聊")
    elif kind == "followup":
        yield FollowUp(customer_id=side, owner_id=side, due_at=due, remind_at=due, action="办")
    elif kind == "tag":
        yield CustomerTag(customer_id=side, tag_id=number + 1)
    elif kind == "share":
        yield CustomerShare(customer_id=side, member_id=number + 1)
    elif kind == "alias":
        yield CustomerAlias(customer_id=side, name=f"别名{number}")
    elif kind == "contract":
        yield Contract(name="合同", customer_id=side, ends_on=date(2027, 1, 1))
    elif kind == "idle":
        yield Idle(customer_id=side, owned_since=NOW, since=NOW, look_at=NOW)


def _people(session: Session) -> None:
    """Everybody met in everything of the own customer, wears a tag and plays a part."""
    rows = [session.scalars(sa.select(kind).order_by(kind.id)).all() for kind in (Contact, Activity, Deal)]
    for person in rows[0]:
        session.add(ContactTag(contact_id=person.id, tag_id=1 + person.id % 3))
        session.add_all(
            ActivityContact(activity_id=one.id, contact_id=person.id)
            for one in rows[1]
            if one.customer_id == person.customer_id
        )
        session.add_all(
            DealContact(deal_id=one.id, contact_id=person.id)
            for one in rows[2]
            if one.customer_id == person.customer_id
        )
    latest = sa.select(sa.func.max(Activity.happened_at)).where(Activity.customer_id == Customer.id)
    session.flush()
    session.execute(sa.update(Customer).values(last_activity_at=latest.scalar_subquery()))
    session.expire_all()


def everything(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """All business rows, without what only counts changes."""
    session.expire_all()
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name != Audit.__tablename__:
            columns = [column for column in table.columns if column.name not in BOOKKEEPING]
            found[table.name] = sorted(map(tuple, session.execute(sa.select(*columns))), key=repr)
    return found


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=things, keeps=sides)
def test_merge_and_undo_is_the_identity(database: Database, plan: list[tuple[str, int, int]], keeps: int) -> None:
    boss = Actor(3, "成员3", "manager", frozenset({1, 2, 3}))
    gone = 3 - keeps
    with database.write() as session:
        build(session, plan)
        before = everything(session)
        _as(session, boss, "e1", NOW)
        merging.merge(session, boss, keeps, gone, NOW)
        session.flush()
        session.expire_all()
        assert session.get(Customer, gone) is None
        for kind in (Contact, Deal, Activity, FollowUp, CustomerTag, Contract):
            assert not session.scalars(sa.select(kind).where(kind.customer_id == gone)).all()
        assert session.scalar(sa.select(sa.func.count()).select_from(Deal)) == len(before["deal"])
        later = NOW + timedelta(hours=1)
        _as(session, boss, "e2", later)
        new = Activity(customer_id=keeps, member_id=3, kind="call", happened_at=NOW, summary="后来")
        session.add(new)
        session.flush()
        _as(session, boss, "e3", later)
        undoing.take_back(session, boss, audit.rows_of(session, 3, "e1", later), later)
        session.flush()
        assert new.customer_id == keeps
        session.delete(new)
        session.flush()
        activities.recount(session, [1, 2])
        assert everything(session) == before


def _as(session: Session, actor: Actor, turn: str, now: datetime) -> None:
    access.forget_queries()
    audit.begin(session, audit.Turn(turn, actor.member_id, "undo" if turn == "e3" else "confirm_merge", "", now))
