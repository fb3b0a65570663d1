"""绑定: two accounts of one person become one member, and nobody becomes somebody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot import commands as c
from scrm import members
from scrm.binding import MAX_TRIES, AccountTaken, AdminAsks, SamePlatform, TooManyTries, make_code
from scrm.errors import NothingToUndo
from scrm.members import Person
from scrm.models import Contact, ContactTag, Customer, Follow, FollowUp, Identity, Member, Tag
from tests.cast import Cast

WRONG = "not-a-code"


@pytest.fixture(autouse=True)
def two_accounts(cast: Cast) -> None:
    """李娜 and 周涛 have accounts on DingTalk as well, which nobody has linked yet."""
    cast.sync([Person("lina", "李娜（钉钉）"), Person("zhoutao", "周涛（钉钉）")], [], platform="dingtalk")


def code_of(cast: Cast, name: str, platform: str = "wecom") -> str:
    return cast.say(name, c.Bind(), platform=platform).title.split()[-1]


def test_a_code_from_the_other_platform_makes_one_person_of_two(cast: Cast) -> None:
    lina, other = cast.id("李娜"), cast.id("李娜（钉钉）")
    cast.say("李娜", c.CreateCustomer(customer="钉钉上的客户"), platform="dingtalk")
    cast.say(
        "李娜", c.LogActivity(summary="聊了报价", customer="钉钉上的客户", contacts=("王总",)), platform="dingtalk"
    )
    card = cast.say("李娜", c.Bind(code=code_of(cast, "李娜")), platform="dingtalk")
    assert card.title == "绑定成功"
    assert cast.known_actor("李娜", "dingtalk").member_id == cast.known_actor("李娜").member_id == lina
    assert not cast.read(lambda session: session.get_one(Member, other)).active
    assert cast.count(Customer, Customer.owner_id == lina) == 1
    assert cast.count(Contact, Contact.owner_id == lina) == 1
    brief = cast.say("李娜", c.ShowCustomer(customer="钉钉上的客户"))
    assert "刚刚 跟进：聊了报价" in brief.text


def test_what_was_said_before_can_still_be_taken_back_and_the_binding_cannot(cast: Cast) -> None:
    cast.say("李娜", c.CreateCustomer(customer="宏图精密"), platform="dingtalk")
    cast.say("李娜", c.Bind(code=code_of(cast, "李娜")), platform="dingtalk")
    cast.say("李娜", c.Undo())
    assert cast.count(Customer) == 0
    cast.refused(NothingToUndo, "李娜", c.Undo())
    assert cast.known_actor("李娜", "dingtalk").member_id == cast.id("李娜")


def test_role_leader_and_reports_come_along(cast: Cast) -> None:
    cast.write(lambda session: members.set_manager(session, cast.id("王磊"), cast.id("李娜（钉钉）")))
    cast.write(lambda session: members.set_manager(session, cast.id("李娜（钉钉）"), cast.id("孙浩")))
    cast.say("李娜", c.Bind(code=code_of(cast, "李娜")), platform="dingtalk")
    lina = cast.member("李娜")
    assert (lina.role, lina.manager_id) == ("manager", cast.id("孙浩"))
    assert cast.team("李娜") == {"李娜", "王磊"}


def test_who_led_the_other_account_does_not_lead_himself(cast: Cast) -> None:
    cast.write(lambda session: members.set_manager(session, cast.id("李娜"), cast.id("李娜（钉钉）")))
    cast.say("李娜", c.Bind(code=code_of(cast, "李娜")), platform="dingtalk")
    assert cast.member("李娜").manager_id is None


def test_of_what_both_accounts_have_one_stays(cast: Cast) -> None:
    lina, other = cast.id("李娜"), cast.id("李娜（钉钉）")

    def wear() -> None:
        with cast.database.write() as session:
            tags = [Tag(name="高意向"), Tag(name="老客户")]
            people = [Contact(name="王先生", external_user_id="wm1"), Contact(name="赵女士", external_user_id="wm2")]
            session.add_all([*tags, *people])
            session.flush()
            since = datetime(2026, 11, 1, tzinfo=UTC)
            for contact, member_id in ((people[0], lina), (people[0], other), (people[1], other)):
                session.add(
                    Follow(
                        contact_id=contact.id,
                        member_id=member_id,
                        external_user_id=contact.external_user_id,
                        since=since,
                    )
                )
            for tag, member_id in ((tags[0], lina), (tags[0], other), (tags[1], other)):
                session.add(ContactTag(contact_id=people[0].id, tag_id=tag.id, member_id=member_id))

    wear()
    cast.say("李娜", c.Bind(code=code_of(cast, "李娜")), platform="dingtalk")
    assert (cast.count(Follow, Follow.member_id == lina), cast.count(Follow)) == (2, 2)
    assert (cast.count(ContactTag, ContactTag.member_id == lina), cast.count(ContactTag)) == (2, 2)


def test_a_third_account_moves_alone_and_leaves_the_others_records(cast: Cast) -> None:
    other = cast.id("李娜（钉钉）")
    cast.write(lambda session: session.add(Identity(platform="feishu", user_id="lina", member_id=other)))
    cast.say("李娜", c.CreateCustomer(customer="留在那边的客户"), platform="dingtalk")
    cast.say("李娜", c.Bind(code=code_of(cast, "李娜")), platform="dingtalk")
    assert cast.count(Customer, Customer.owner_id == other) == 1
    assert cast.read(lambda session: session.get_one(Member, other)).active


def test_a_code_works_on_the_other_platform_only_once_and_for_ten_minutes(cast: Cast) -> None:
    code = code_of(cast, "李娜")
    assert code in str(cast.refused(SamePlatform, "王磊", c.Bind(code=code)))
    newer = code_of(cast, "李娜")
    assert cast.say("李娜", c.Bind(code=code), platform="dingtalk").title == "绑定码不对" or code == newer
    cast.later(minutes=11)
    assert cast.say("李娜", c.Bind(code=newer), platform="dingtalk").title == "绑定码不对"
    fresh = code_of(cast, "李娜")
    assert cast.say("李娜", c.Bind(code=fresh), platform="dingtalk").title == "绑定成功"
    assert cast.say("周涛", c.Bind(code=fresh), platform="dingtalk").title == "绑定码不对"


def test_codes_cannot_be_guessed(cast: Cast) -> None:
    code = code_of(cast, "周涛")
    for _ in range(MAX_TRIES):
        assert cast.say("李娜", c.Bind(code=WRONG), platform="dingtalk").title == "绑定码不对"
    with pytest.raises(NothingToUndo):  # a wrong code is no message to take back: the count stays
        cast.say("李娜", c.Undo(), platform="dingtalk")
    cast.refused(TooManyTries, "李娜", c.Bind(code=code), platform="dingtalk")
    assert cast.known_actor("李娜", "dingtalk").member_id == cast.id("李娜（钉钉）")
    cast.later(minutes=11)
    code = code_of(cast, "李娜")
    assert cast.say("李娜", c.Bind(code=code), platform="dingtalk").title == "绑定成功"


def test_two_people_of_one_platform_cannot_become_one(cast: Cast) -> None:
    cast.say("李娜", c.Bind(code=code_of(cast, "李娜")), platform="dingtalk")
    code = code_of(cast, "李娜", "dingtalk")
    cast.refused(AccountTaken, "王磊", c.Bind(code=code))
    assert cast.known_actor("王磊").member_id == cast.id("王磊")


def test_an_admin_cannot_be_talked_into_making_somebody_an_admin(cast: Cast) -> None:
    code = code_of(cast, "李娜", "dingtalk")
    cast.refused(AdminAsks, "周涛", c.Bind(code=code))
    assert not cast.known_actor("李娜", "dingtalk").sees_all
    own = code_of(cast, "周涛")  # the other way round: an admin's code makes the other account an admin's
    cast.say("周涛", c.Bind(code=own), platform="dingtalk")
    assert cast.known_actor("周涛", "dingtalk").sees_all


def test_the_code_of_somebody_who_left_is_void(cast: Cast) -> None:
    code = code_of(cast, "王磊")
    cast.write(lambda session: members.person_left(session, "wecom", "wanglei", cast.now))
    assert cast.say("李娜", c.Bind(code=code), platform="dingtalk").title == "绑定码不对"


def test_codes_are_six_digits_and_never_shared(cast: Cast) -> None:
    names = ("李娜", "王磊", "陈静", "孙浩")
    ids = [cast.id(name) for name in names]
    codes = cast.write(lambda session: [make_code(session, member_id, "wecom", cast.now) for member_id in ids])
    assert len(set(codes)) == len(names)
    assert all(len(code) == 6 and code.isdigit() for code in codes)


def test_after_the_binding_either_account_works_on_the_same_records(cast: Cast) -> None:
    cast.say("李娜", c.Bind(code=code_of(cast, "李娜")), platform="dingtalk")
    cast.say("李娜", c.CreateCustomer(customer="新客户"))
    cast.say("李娜", c.ScheduleFollowUp(customer="新客户", due_at=cast.now + timedelta(days=1)), platform="dingtalk")
    assert cast.count(FollowUp, FollowUp.owner_id == cast.id("李娜")) == 1
    assert cast.known_actor("李娜", "dingtalk") == cast.known_actor("李娜")
