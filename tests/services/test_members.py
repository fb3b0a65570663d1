"""Who somebody is, whose records are in sight, who leads whom, and what an admin sets in chat."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa

from bot import commands as c
from scrm import members
from scrm.errors import Ambiguous, UnknownName
from scrm.members import Circle, Person, UnknownRole
from scrm.models import Identity, Member
from tests.cast import NOW, Cast, value


def test_sight_follows_the_department_tree(cast: Cast) -> None:
    assert cast.team("李娜") == {"李娜"}
    assert cast.team("陈静") == {"陈静", "李娜", "王磊", "钱进"}  # who left keeps the records: their leader sees them
    assert cast.team("赵敏") == {"赵敏"}
    assert cast.known_actor("陈静").role == "manager"
    assert cast.known_actor("赵敏").role == "marketer"
    assert cast.known_actor("周涛").sees_all


def test_neither_a_stranger_nor_somebody_who_left_is_served(cast: Cast) -> None:
    assert cast.actor("陌生人") is None
    assert cast.actor("钱进") is None
    assert cast.actor("李娜", "dingtalk") is None  # the same user id elsewhere is another person
    known = cast.read(lambda session: [members.known(session, "wecom", who) for who in ("qianjin", "stranger")])
    assert known == [True, False]


def test_a_direct_report_of_another_department_is_in_sight_with_those_below(cast: Cast) -> None:
    people = tuple(
        replace(person, manager={"孙浩": "chenjing", "赵敏": "sunhao"}.get(person.name, "")) for person in cast.people
    )
    cast.sync(people)
    assert cast.team("陈静") == {"陈静", "李娜", "王磊", "钱进", "孙浩", "赵敏"}
    assert cast.team("孙浩") == {"孙浩", "赵敏"}


def test_leaders_in_a_circle_see_each_other_and_nothing_hangs(cast: Cast) -> None:
    people = tuple(
        replace(person, manager={"孙浩": "chenjing", "陈静": "sunhao"}.get(person.name, "")) for person in cast.people
    )
    cast.sync(people)
    assert cast.team("孙浩") == cast.team("陈静") == {"陈静", "李娜", "王磊", "钱进", "孙浩"}
    assert cast.read(lambda session: members.leaders_above(session, cast.id("孙浩"))) == {
        cast.id("陈静"),
        cast.id("孙浩"),
    }


def test_sight_costs_the_same_few_queries_however_deep_the_company_is(cast: Cast) -> None:
    chain = [Person(f"m{depth}", f"第{depth}级", manager=f"m{depth - 1}" if depth else "") for depth in range(30)]
    cast.sync([*cast.people, *chain])
    statements: list[str] = []
    sa.event.listen(cast.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    used = []
    for name in ("m28", "m0"):
        statements.clear()
        team = cast.read(partial(members.actor_of, platform="wecom", user_id=name, admins=frozenset()))
        used.append(len([one for one in statements if not one.startswith(("BEGIN", "ROLLBACK"))]))
        assert team is not None
        assert len(team.team) == (2 if name == "m28" else 30)
    assert used[0] == used[1] <= 6


def test_a_person_is_made_once(cast: Cast) -> None:
    first = cast.write(lambda session: members.ensure(session, "dingtalk", "manager01", "周涛", now=NOW).id)
    again = cast.write(lambda session: members.ensure(session, "dingtalk", "manager01", "另一个名字", now=NOW).id)
    assert first == again
    assert cast.count(Member, Member.name == "周涛") == 2  # accounts of two platforms are never joined by name


def test_two_first_messages_at_once_make_one_person(cast: Cast) -> None:
    def speak(_: int) -> int:
        return cast.write(lambda session: members.ensure(session, "dingtalk", "newcomer", "新人", now=NOW).id)

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(speak, range(4)))
    assert len(ids) == 1
    assert cast.count(Identity, Identity.user_id == "newcomer") == 1
    assert cast.count(Member, Member.name == "新人") == 1


def test_a_company_without_a_directory_names_people_by_their_userid(cast: Cast) -> None:
    userid = "u" * 100
    member = cast.write(lambda session: members.ensure(session, "wecom", userid, "", now=NOW))
    assert member.name == userid[:64]
    assert member.role == "rep"


def test_the_door_used_last_is_noted(cast: Cast) -> None:
    cast.write(lambda session: members.note_use(session, "wecom", "lina", "wecom_bot", NOW))
    identity = cast.read(lambda session: session.scalars(sa.select(Identity).where(Identity.user_id == "lina")).one())
    assert (identity.door, identity.used_at) == ("wecom_bot", NOW)


# --- single changes the platform tells


def test_somebody_who_comes_back_is_back_for_good(cast: Cast) -> None:
    person = Person("qianjin", "钱进", ("3",))
    cast.write(lambda session: members.apply_person(session, "wecom", person, cast.now))
    assert cast.known_actor("钱进").role == "rep"
    assert "钱进" not in cast.team("陈静")
    qianjin = cast.id("钱进")
    cast.write(lambda session: session.add(Identity(platform="dingtalk", user_id="qianjin", member_id=qianjin)))
    cast.write(lambda session: members.person_left(session, "dingtalk", "qianjin", cast.now))
    assert cast.actor("钱进") is not None  # still there on the platform he came back to


def test_a_leader_the_directory_no_longer_names_loses_sight(cast: Cast) -> None:
    for manager, seen in (("chenjing", True), ("", False)):
        person = Person("sunhao", "孙浩", ("3",), manager=manager)
        cast.write(partial(members.apply_person, platform="wecom", person=person, now=cast.now))
        assert ("孙浩" in cast.team("陈静")) is seen


def test_somebody_disabled_on_one_platform_stays_while_the_other_has_him(cast: Cast) -> None:
    lina = cast.id("李娜")
    cast.write(lambda session: session.add(Identity(platform="dingtalk", user_id="lina", member_id=lina)))
    cast.write(
        lambda session: members.apply_person(session, "wecom", Person("lina", "李娜", ("21",), active=False), cast.now)
    )
    assert cast.actor("李娜", "dingtalk") is not None
    cast.write(lambda session: members.person_left(session, "dingtalk", "lina", cast.now))
    assert cast.actor("李娜", "dingtalk") is None
    assert not cast.member("李娜").active


def test_somebody_unknown_who_leaves_is_nobody(cast: Cast) -> None:
    before = cast.count(Member)
    cast.write(lambda session: members.person_left(session, "wecom", "stranger", cast.now))
    assert cast.count(Member) == before


# --- who is told about somebody's work


def managers(cast: Cast, name: str) -> list[str]:
    member_id = cast.id(name)
    return cast.read(lambda session: [manager.name for manager in members.managers_of(session, member_id)])


def test_the_leader_of_the_nearest_department_is_told(cast: Cast) -> None:
    assert managers(cast, "李娜") == ["陈静"]  # her own department has no leader, the one above has
    assert managers(cast, "孙浩") == []
    cast.sync(cast.changed("周涛", leads=("1",)))
    assert managers(cast, "陈静") == ["周涛"]  # nobody is told about himself
    assert managers(cast, "孙浩") == ["周涛"]
    assert managers(cast, "李娜") == ["陈静"]


def test_a_direct_leader_comes_first_while_there(cast: Cast) -> None:
    cast.write(lambda session: members.set_manager(session, cast.id("李娜"), cast.id("孙浩")))
    assert managers(cast, "李娜") == ["孙浩"]
    cast.write(lambda session: members.person_left(session, "wecom", "sunhao", cast.now))
    assert managers(cast, "李娜") == ["陈静"]


# --- what an admin says in chat


def test_an_admin_sets_roles_in_everyday_words(cast: Cast) -> None:
    card = cast.say("周涛", c.SetRole(member="李娜", role="主管"))
    assert (value(card, "成员"), value(card, "角色")) == ("李娜", "主管")
    assert cast.known_actor("李娜").role == "manager"
    refusal = cast.refused(UnknownRole, "周涛", c.SetRole(member="李娜", role="老板"))
    assert "老板" in str(refusal)
    assert cast.known_actor("李娜").role == "manager"


@pytest.mark.parametrize(
    "command", [c.SetRole(member="李娜", role="admin"), c.SetManager(member="李娜", manager="王磊"), c.ShowMembers()]
)
def test_only_an_admin_may(cast: Cast, command: c.Command) -> None:
    assert not any(cast.known_actor(name).may(type(command).roles) for name in ("李娜", "陈静", "赵敏"))
    assert cast.known_actor("周涛").may(type(command).roles)


def test_a_leader_set_in_chat_sees_and_no_circle_can_be_made(cast: Cast) -> None:
    cast.say("周涛", c.SetManager(member="孙浩", manager="王磊"))
    assert cast.known_actor("王磊").role == "manager"
    assert cast.team("王磊") == {"王磊", "孙浩"}
    for member, manager in (("王磊", "孙浩"), ("王磊", "王磊")):
        cast.refused(Circle, "周涛", c.SetManager(member=member, manager=manager))
    assert cast.team("孙浩") == {"孙浩"}


def test_a_question_about_the_leaders_name_is_about_the_leader(cast: Cast) -> None:
    cast.sync([*cast.people, Person("sunhao2", "孙浩", ("4",))])
    asked = cast.refused(Ambiguous, "周涛", c.SetManager(member="李娜", manager="孙浩"))
    assert (asked.slot, {one.label for one in asked.candidates}) == ("manager", {"孙浩（华南部）", "孙浩（市场部）"})
    assert cast.refused(Ambiguous, "周涛", c.SetRole(member="孙浩", role="主管")).slot == "member"
    assert cast.refused(UnknownName, "周涛", c.SetManager(member="李娜", manager="没有这人")).slot == "manager"


def test_namesakes_of_one_department_are_told_apart_by_their_accounts(cast: Cast) -> None:
    cast.sync([*cast.people, Person("sunhao2", "孙浩", ("3",)), Person("sh-east", "孙浩", ("4",))])
    asked = cast.refused(Ambiguous, "周涛", c.SetRole(member="孙浩", role="主管"))
    assert {one.label for one in asked.candidates} == {
        "孙浩（华南部 · sunhao）",
        "孙浩（华南部 · unhao2）",
        "孙浩（市场部）",
    }


def test_a_member_may_be_named_by_the_account(cast: Cast) -> None:
    assert value(cast.say("周涛", c.RenameMember(member="lina", new_name="李小娜")), "现在") == "李小娜"


def test_what_an_admin_set_outlives_the_next_reading_of_the_directory(cast: Cast) -> None:
    cast.say("周涛", c.RenameMember(member="李娜", new_name="李小娜"))
    cast.say("周涛", c.SetRole(member="陈静", role="rep"))
    cast.say("周涛", c.SetManager(member="王磊", manager="孙浩"))
    cast.sync(cast.changed("王磊", manager="chenjing"))
    assert cast.read(lambda session: members.member_id_of(session, "wecom", "lina")) == cast.id("李小娜")
    assert cast.known_actor("陈静").role == "rep"
    assert managers(cast, "王磊") == ["孙浩"]


def test_an_admins_settings_can_be_taken_back(cast: Cast) -> None:
    cast.say("周涛", c.SetRole(member="李娜", role="市场"))
    card = cast.say("周涛", c.Undo())
    assert "成员「李娜」：角色改回「销售」" in card.text
    assert (cast.member("李娜").role, cast.member("李娜").role_fixed) == ("rep", False)


def test_the_list_of_members_leaves_out_who_left(cast: Cast) -> None:
    card = cast.say("周涛", c.ShowMembers())
    assert card.title == "成员 6 人"
    assert "陈静（主管）" in card.text
    assert "钱进" not in card.text
