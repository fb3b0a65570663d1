"""The daily reading of the directory: who is new, who moved, who leads, who left, and answers that are not the whole truth."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import directories
from bot.platforms import base
from bot.store import Store
from scrm import audit, member_sync, members
from scrm.audit import Turn
from scrm.db import Database
from scrm.member_sync import Unit
from scrm.members import Person
from scrm.models import Audit, Department, Identity, Member, Membership
from tests.cast import NOW, UNITS, Cast


def test_the_first_reading_makes_everybody_and_the_second_changes_nothing(cast: Cast) -> None:
    before = cast.read(lambda session: session.execute(sa.select(Member.id, Member.name, Member.role)).all())
    result = cast.sync()
    assert (result.added, result.left, result.partial) == (0, 0, False)
    assert cast.read(lambda session: session.execute(sa.select(Member.id, Member.name, Member.role)).all()) == before
    assert cast.count(Department) == len(UNITS)


def test_names_departments_and_leaders_follow_the_directory(cast: Cast) -> None:
    cast.people = cast.changed("李娜", name="李小娜", departments=("3",))
    cast.people = cast.changed("陈静", leads=())
    cast.sync(cast.changed("孙浩", leads=("3",)))
    assert cast.team("孙浩") == {"孙浩", "李小娜"}
    assert cast.known_actor("孙浩").role == "manager"
    assert cast.known_actor("陈静").role == "rep"  # leads nobody any more
    assert cast.team("陈静") == {"陈静"}


def test_a_manager_made_in_chat_does_not_step_down(cast: Cast) -> None:
    cast.write(lambda session: members.set_role(session, cast.id("陈静"), "manager"))
    cast.sync(cast.changed("陈静", leads=()))
    assert cast.known_actor("陈静").role == "manager"


def test_somebody_missing_has_left_and_the_records_stay_in_the_leaders_sight(cast: Cast) -> None:
    result = cast.sync([person for person in cast.people if person.name != "李娜"])
    assert result.left == 1
    assert cast.actor("李娜") is None
    assert "李娜" in cast.team("陈静")
    assert cast.sync().left == 0
    assert cast.known_actor("李娜").role == "rep"


def test_somebody_disabled_is_not_served(cast: Cast) -> None:
    assert cast.sync(cast.changed("王磊", active=False)).left == 1
    assert cast.actor("王磊") is None


@pytest.mark.parametrize("kept", [0, 2])
def test_an_answer_too_small_to_be_the_company_takes_nothing_away(cast: Cast, kept: int) -> None:
    result = cast.sync(cast.people[:kept], units=UNITS[:1])
    assert (result.partial, result.left) == (True, 0)
    assert all(cast.actor(name) is not None for name in ("李娜", "王磊", "陈静", "赵敏", "周涛", "孙浩"))
    assert "王磊" in cast.team("陈静")
    assert cast.count(Department) == len(UNITS)


def test_the_directory_of_another_company_drives_nobody_out(cast: Cast) -> None:
    strangers = [Person(f"x{index}", f"外人{index}", ("1",)) for index in range(20)]
    result = cast.sync(strangers)
    assert (result.partial, result.left) == (True, 0)
    assert cast.known_actor("陈静").role == "manager"


def test_everybody_disabled_at_once_is_not_believed(cast: Cast) -> None:
    result = cast.sync([replace(person, active=False) for person in cast.people])
    assert (result.partial, result.left) == (True, 0)
    assert cast.actor("李娜") is not None


def test_a_department_that_went_takes_its_seats_along(cast: Cast) -> None:
    people = [
        replace(person, departments=("1",), leads=()) if person.name == "陈静" else person for person in cast.people
    ]
    units = [unit for unit in UNITS if unit.id != "2"]
    cast.sync(people, units)
    assert cast.count(Department) == len(UNITS) - 1
    assert cast.team("陈静") == {"陈静"}


def test_somebody_listed_without_departments_yet_is_seated_when_they_come(cast: Cast) -> None:
    newcomer = Person("newbie", "新人", ("99",))
    cast.sync([*cast.people, newcomer])
    assert cast.team("newbie") == {"新人"}
    cast.sync([*cast.people, newcomer], [*UNITS, Unit("99", "新部门", "2")])
    assert "新人" in cast.team("陈静")


def test_somebody_still_on_the_other_platform_stays(cast: Cast) -> None:
    lina = cast.id("李娜")
    cast.write(lambda session: session.add(Identity(platform="dingtalk", user_id="lina", member_id=lina)))
    cast.sync([person for person in cast.people if person.name != "李娜"])
    assert cast.actor("李娜", "wecom") is not None  # active, whatever the account that is gone
    assert cast.known_actor("李娜", "dingtalk").member_id == lina


def test_a_withdrawn_direct_leader_loses_sight(cast: Cast) -> None:
    cast.sync(cast.changed("孙浩", manager="chenjing"))
    assert "孙浩" in cast.team("陈静")
    cast.sync(cast.changed("王磊", manager="chenjing"))  # this directory names leaders: silence means none
    assert "孙浩" not in cast.team("陈静")


def test_a_list_that_names_no_leaders_at_all_withdraws_none(cast: Cast) -> None:
    cast.sync(cast.changed("孙浩", manager="chenjing"))
    cast.sync()
    assert "孙浩" in cast.team("陈静")


def test_a_leader_whom_the_directory_does_not_show_replaces_the_one_it_did(cast: Cast) -> None:
    cast.sync(cast.changed("孙浩", manager="chenjing"))
    cast.sync(cast.changed("孙浩", manager="somebody_out_of_range"))
    assert "孙浩" not in cast.team("陈静")


def test_a_silence_does_not_undo_what_the_other_platform_said(cast: Cast) -> None:
    sunhao, chenjing = cast.id("孙浩"), cast.id("陈静")

    def link(session: Session) -> None:
        session.add(Identity(platform="dingtalk", user_id="sunhao", member_id=sunhao))
        session.add(Identity(platform="dingtalk", user_id="chenjing", member_id=chenjing))

    cast.write(link)
    cast.sync([Person("sunhao", "孙浩", manager="chenjing"), Person("chenjing", "陈静")], [], platform="dingtalk")
    cast.sync(cast.changed("王磊", manager="chenjing"))
    assert "孙浩" in cast.team("陈静")


def test_somebody_who_speaks_while_the_directory_is_read_is_one_person(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The identities were read before the first message of 新人 came in; the message wins, the sync goes on."""
    cast.write(lambda session: members.ensure(session, "wecom", "newbie", "newbie", now=cast.now))
    readings = [{row.user_id: row for row in cast.read(_identities) if row.user_id != "newbie"}]
    real = member_sync._identities
    monkeypatch.setattr(member_sync, "_identities", lambda *asked: readings.pop() if readings else real(*asked))
    cast.sync([*cast.people, Person("newbie", "新人", ("21",)), Person("other", "另一位", ("21",))])
    assert cast.count(Identity, Identity.user_id == "newbie") == 1
    assert {"新人", "另一位"} < cast.team("陈静")
    assert cast.count(Member, Member.name == "新人") == 1


def _identities(session: Session) -> list[Identity]:
    return list(session.scalars(sa.select(Identity).where(Identity.platform == "wecom")))


def test_a_large_company_costs_few_statements_once_it_is_known(cast: Cast) -> None:
    people = [
        *cast.people,
        *(Person(f"p{index}", f"员工{index}", ("21",), manager=f"p{index // 8}") for index in range(600)),
    ]
    cast.sync(people)
    statements: list[str] = []
    sa.event.listen(cast.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    result = cast.sync(people)
    assert (result.added, result.left) == (0, 0)
    slices = len(people) / member_sync.SLICE + 1
    assert len(statements) <= 12 * slices


@pytest.mark.parametrize("done", range(12))
def test_a_reading_that_breaks_off_is_read_again(cast: Cast, monkeypatch: pytest.MonkeyPatch, done: int) -> None:
    """Each slice is a transaction of its own; after as many of them the process dies."""
    monkeypatch.setattr(member_sync, "SLICE", 3)
    people = [p for p in cast.changed("王磊", name="王小磊", leads=("21",)) if p.name != "李娜"]
    people += [Person(f"p{index}", f"员工{index}", ("21",), manager=f"p{index // 2}") for index in range(8)]
    broken = member_sync.Reading("wecom", UNITS, people, cast.now)
    for write, _ in zip(broken.slices(), range(done), strict=False):
        cast.write(write)
    whole = member_sync.Reading("wecom", UNITS, people, cast.now)
    for write in whole.slices():
        cast.write(write)
    assert cast.actor("李娜") is None
    assert cast.known_actor("王磊").role == "manager"
    assert {"王小磊", *(f"员工{index}" for index in range(8))} <= cast.team("王磊")
    assert cast.count(Identity, Identity.user_id.startswith("p")) == 8
    assert (cast.sync(people).added, cast.sync(people).left) == (0, 0)


def test_a_reading_is_in_the_log_where_it_changed_something(cast: Cast) -> None:
    cast.now += timedelta(days=1)

    def read(session: Session) -> None:
        audit.begin(session, Turn("directory:1", None, "directory", "通讯录同步", cast.now))
        member_sync.sync(session, "wecom", UNITS, cast.changed("李娜", name="李小娜"), cast.now)

    cast.write(read)
    rows = cast.read(
        lambda session: session.execute(
            sa.select(Audit.table_name, Audit.after).where(Audit.turn == "directory:1")
        ).all()
    )
    assert [tuple(row) for row in rows] == [("member", {"name": "李小娜"})]
    seen = cast.read(
        lambda session: set(session.scalars(sa.select(Identity.seen_at).where(Identity.left_at.is_(None))))
    )
    assert seen == {cast.now}
    assert cast.count(Membership) == len(cast.people) + 1  # 钱进 kept his seat


# --- several processes


async def test_replicas_that_start_together_at_a_new_company_read_the_directory_side_by_side(
    database: Database,
) -> None:
    names = [f"u{number}" for number in range(120)]
    with database.write() as session:
        for name in names:  # they have spoken to us before
            members.ensure(session, "wecom", name, name, now=NOW)
    people = [base.Person(name, name, ("1", "2")) for name in names]
    listed = base.Directory([base.Unit("1", "销售部"), base.Unit("2", "华东组", "1")], people)
    stores = [Store(Database(database.url.render_as_string(hide_password=False))) for _ in range(3)]
    await asyncio.gather(*(directories.sync(store, "wecom", listed) for store in stores))
    with database.read() as session:
        counts = [session.scalar(sa.select(sa.func.count()).select_from(table)) for table in (Identity, Membership)]
    assert counts == [120, 240]
    for store in stores:
        await asyncio.to_thread(store.close)
