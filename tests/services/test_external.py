"""Contacts come, are welcomed and followed, change hands and leave; a repeat changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from private_domain import NOW, Floor

from bot import commands as c
from scrm.channels import NoSuchChannel
from scrm.db import Database
from scrm.models import Contact, ContactTag, Customer, Follow, Lead, Member

WANG = "wmWang01"


@pytest.fixture
def floor(database: Database) -> Floor:
    floor = Floor(database)
    floor.open()
    return floor


def follows_of(floor: Floor, external_id: str = WANG) -> list[tuple[int, bool]]:
    """(member, alive) of each follow, in the order they were made."""
    query = (
        sa.select(Follow.member_id, Follow.ended_at).where(Follow.external_user_id == external_id).order_by(Follow.id)
    )
    return [(member_id, ended is None) for member_id, ended in floor.read(lambda session: session.execute(query).all())]


def count(floor: Floor, table: type) -> int:
    return floor.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def just_now() -> datetime:
    """The second the platform would stamp now."""
    return datetime.now(UTC).replace(microsecond=0)


def test_a_new_contact_is_followed_and_owned_but_is_no_customer(floor: Floor) -> None:
    floor.happens("added", WANG)
    contact = floor.contact(WANG)
    assert contact.owner_id == floor.member("李娜")
    assert follows_of(floor) == [(floor.member("李娜"), True)]
    assert count(floor, Customer) == 0
    assert floor.one("read_contact").payload["external_user_id"] == WANG


def test_the_owner_hears_of_a_new_contact_by_name(floor: Floor) -> None:
    floor.say("周敏", c.CreateChannel(channel="展会立牌", owner="李娜"))
    state = floor.one("contact_way").payload["state"]
    floor.arrives(WANG, state=state, name="王先生")
    (card,) = floor.pushed("李娜")
    assert card.title == "新增联系人 · 王先生"
    assert [(row.label, row.value) for row in card.rows] == [("渠道", "展会立牌")]
    assert floor.contact(WANG).name == "王先生"


def test_who_comes_through_a_code_that_is_set_so_is_a_lead_of_the_one_who_was_added(floor: Floor) -> None:
    floor.say("周敏", c.CreateChannel(channel="展会立牌", owner="李娜"))
    state = floor.one("contact_way").payload["state"]
    shown = floor.say("周敏", c.SetChannelLeads(channel="展会"))
    assert [button.text for button in shown.buttons] == ["不再记线索", "撤销", "全部渠道"]
    floor.arrives(WANG, state=state, name="王先生")
    (card,) = floor.pushed("李娜")
    assert (card.title, [button.text for button in card.buttons]) == ("新线索 · 王先生", ["转客户", "放回", "无效"])
    made = floor.say("李娜", c.QualifyLead(lead="王先生", company="宏图精密"))
    assert made.title == "线索已转客户 · 宏图精密"
    assert (count(floor, Contact), floor.contact(WANG).customer_id) == (1, 1)
    floor.say("周敏", c.SetChannelLeads(channel="展会立牌", on=False))
    floor.arrives("wmLi02", state=state, name="李先生")
    assert count(floor, Lead) == 1
    with pytest.raises(NoSuchChannel):
        floor.say("周敏", c.SetChannelLeads(channel="官网"))


def test_the_owner_hears_of_a_contact_that_cannot_be_read(floor: Floor) -> None:
    floor.happens("added", WANG)
    floor.fails(floor.one("read_contact"), "84061")
    (card,) = floor.pushed("李娜")
    assert card.title == "新增联系人 · 新联系人"


def test_repeated_events_change_nothing(floor: Floor) -> None:
    floor.happens("added", WANG, state="ch_x", code="WC1", at=just_now())
    before = follows_of(floor)
    since = floor.read(lambda session: session.scalar(sa.select(Follow.since)))
    floor.happens("added", WANG, state="ch_x", code="WC1", at=just_now() + timedelta(seconds=5))
    assert floor.fresh == []
    assert follows_of(floor) == before
    assert floor.read(lambda session: session.scalar(sa.select(Follow.since))) == since
    floor.happens("left", WANG, at=just_now() + timedelta(hours=1))
    assert len(floor.pushed("李娜")) == 1
    floor.happens("left", WANG, at=just_now() + timedelta(hours=2))
    assert floor.fresh == []
    assert count(floor, Contact) == 1


def test_half_then_fully_added_is_one_follow(floor: Floor) -> None:
    floor.happens("half_added", WANG, state="ch_x", code="WC_half", at=just_now())
    assert floor.one("welcome").payload["code"] == "WC_half"
    floor.happens("added", WANG, state="ch_x", at=just_now() + timedelta(seconds=60))
    assert follows_of(floor) == [(floor.member("李娜"), True)]
    assert floor.fresh == []


def test_an_unknown_channel_gets_the_default_welcome(floor: Floor) -> None:
    floor.happens("added", WANG, state="nobody_knows_this", code="WC1", at=just_now())
    welcome = floor.one("welcome")
    assert welcome.payload == {"code": "WC1", "text": "您好，我是李娜，很高兴认识您。"}
    assert welcome.lane == 0
    assert floor.contact(WANG).channel == "nobody_knows_this"


def test_a_channel_has_its_own_welcome_and_tags(floor: Floor) -> None:
    welcome = "欢迎来到展会，我是{member}，{不是名字}"
    floor.say("周敏", c.CreateChannel(channel="展会立牌", owner="李娜", welcome=welcome, tags=("展会",)))
    state = floor.one("contact_way").payload["state"]
    floor.happens("added", WANG, state=state, code="WC1", at=just_now())
    assert floor.one("welcome").payload["text"] == "欢迎来到展会，我是李娜，{不是名字}"
    assert floor.one("create_tag").payload["name"] == "展会"
    assert floor.contact(WANG).channel == "展会立牌"


def test_a_welcome_is_given_up_when_its_code_has_died(floor: Floor) -> None:
    floor.happens("added", WANG, code="WC1")
    assert floor.one("welcome").expires == timedelta(seconds=20)
    assert len(floor.kinds("read_contact")) == 1


def test_the_owner_changes_when_the_earliest_follow_ends(floor: Floor) -> None:
    lina, wangqiang = floor.member("李娜"), floor.member("王强")
    floor.arrives(WANG, "lina")
    floor.later(hours=1)
    floor.happens("added", WANG, "wangqiang")
    assert floor.contact(WANG).owner_id == lina
    floor.later(hours=1)
    floor.happens("left", WANG, "lina")
    assert floor.contact(WANG).owner_id == wangqiang
    (card,) = floor.pushed("李娜")
    assert card.title == "客户流失 · 王先生"
    assert "王强" in card.text
    floor.later(hours=1)
    floor.happens("added", WANG, "lina")
    assert floor.contact(WANG).owner_id == wangqiang, "who comes back is the later one now"
    floor.later(hours=1)
    floor.happens("deleted", WANG, "wangqiang")
    assert floor.contact(WANG).owner_id == lina
    assert floor.kinds("card") == [], "a member who deletes a contact knows it"


def test_the_last_owner_keeps_a_contact_nobody_follows(floor: Floor) -> None:
    floor.arrives(WANG)
    floor.later(hours=1)
    floor.happens("left", WANG)
    (card,) = floor.pushed("李娜")
    assert "换个方式联系" in card.text
    assert floor.contact(WANG).owner_id == floor.member("李娜")


def test_events_that_overtake_each_other_end_where_time_says(floor: Floor) -> None:
    floor.happens("added", WANG, at=NOW)
    floor.happens("left", WANG, at=NOW + timedelta(minutes=10))
    floor.happens("added", WANG, at=NOW + timedelta(minutes=5), key="late")
    assert follows_of(floor) == [(floor.member("李娜"), False)]
    floor.happens("added", WANG, at=NOW + timedelta(minutes=20))
    floor.happens("left", WANG, at=NOW + timedelta(minutes=15), key="late2")
    assert follows_of(floor) == [(floor.member("李娜"), True)]


def test_an_edit_is_read_again(floor: Floor) -> None:
    floor.arrives(WANG)
    floor.happens("edited", WANG)
    reading = floor.one("read_contact")
    tag = {"id": "et1", "name": "高意向", "group": "意向"}
    private = {"id": "", "name": "我的私人标签", "group": ""}
    since = int(NOW.timestamp())
    floor.returns(
        reading,
        {"name": "王建国", "follows": [{"user_id": "lina", "state": "", "since": since, "tags": [tag, private]}]},
    )
    assert floor.contact(WANG).name == "王建国"
    assert count(floor, ContactTag) == 1
    assert floor.kinds("card") == []
    floor.happens("edited", WANG, at=NOW + timedelta(minutes=1))
    again = floor.one("read_contact")
    floor.returns(again, {"name": "王建国", "follows": [{"user_id": "lina", "state": "", "since": since, "tags": []}]})
    assert count(floor, ContactTag) == 0


def test_a_reading_brings_follows_whose_events_were_lost(floor: Floor) -> None:
    floor.arrives(WANG, "lina")
    floor.later(days=1)
    floor.happens("edited", WANG, "wangqiang")
    reading = floor.one("read_contact")
    follow = {"user_id": "wangqiang", "state": "", "since": int((NOW + timedelta(hours=2)).timestamp()), "tags": []}
    stranger = {"user_id": "not_ours", "state": "", "since": 0, "tags": []}
    floor.returns(reading, {"name": "王先生", "follows": [follow, stranger]})
    assert follows_of(floor) == [(floor.member("李娜"), False), (floor.member("王强"), True)]
    assert floor.contact(WANG).owner_id == floor.member("王强")


def test_a_reading_does_not_end_what_began_after_it_was_asked(floor: Floor) -> None:
    floor.arrives(WANG, "lina")
    floor.later(minutes=5)
    floor.happens("edited", WANG, "lina")
    reading = floor.one("read_contact")
    floor.later(minutes=5)
    floor.happens("added", WANG, "wangqiang")
    listed = [{"user_id": "lina", "state": "", "since": int(NOW.timestamp()), "tags": []}]
    floor.returns(reading, {"name": "王先生", "follows": listed})
    assert follows_of(floor) == [(floor.member("李娜"), True), (floor.member("王强"), True)]


def test_a_contact_from_before_the_bot_appears_with_its_first_edit(floor: Floor) -> None:
    floor.happens("edited", WANG)
    follow = {"user_id": "lina", "state": "", "since": int(NOW.timestamp()) - 999, "tags": []}
    floor.returns(floor.one("read_contact"), {"name": "王先生", "follows": [follow]})
    assert floor.contact(WANG).owner_id == floor.member("李娜")
    assert floor.kinds("card") == []


def test_a_member_the_directory_has_not_brought_yet_loses_no_contact(floor: Floor) -> None:
    floor.happens("added", WANG, "newcomer")
    owner_id = floor.contact(WANG).owner_id
    assert floor.read(lambda session: session.get_one(Member, owner_id).name) == "newcomer"


def test_a_failed_handover_is_told_to_both(floor: Floor) -> None:
    floor.arrives(WANG, "lina")
    floor.happens("transfer_failed", WANG, "wangqiang", detail="customer_refused")
    (mine,), (theirs,) = floor.pushed("李娜"), floor.pushed("王强")
    assert mine == theirs
    assert "客户拒绝了转接" in mine.text
    floor.happens("transfer_failed", "wmNobody", "wangqiang", detail="customer_refused")
    assert floor.fresh == []
