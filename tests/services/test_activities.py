"""Records: one sentence keeps the visit, its people, its amount and its next step, and all of it can be put right."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from sales_floor import MONDAY, SalesFloor, at, texts, value
from sqlalchemy.orm import Session

from bot import commands as c
from scrm import activities, amending, audit, checkins, followups, pipeline
from scrm.db import Database
from scrm.errors import Ambiguous, Missing, NotFound, UndoRefused, UnknownName
from scrm.models import Activity, Contact, Customer, Deal, FollowUp

VISIT = c.LogActivity(
    summary="今天拜访了腾讯张总，预算大概50万，下周三再跟进", kind="visit", customer="腾讯", contacts=("张总",),
    amount=Decimal(500000), next_action="再跟进", next_at=at(12, 2, 9), next_all_day=True,
)  # fmt: skip


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    return floor


def people(floor: SalesFloor) -> list[tuple[str, int | None]]:
    """(name, customer id) of every contact, in order."""
    query = sa.select(Contact.name, Contact.customer_id).order_by(Contact.id)
    return floor.read(lambda session: [(name, customer) for name, customer in session.execute(query)])


def customer(floor: SalesFloor, name: str = "腾讯科技") -> Customer:
    return floor.read(lambda session: session.scalars(sa.select(Customer).where(Customer.name == name)).one())


def test_one_sentence_keeps_everything_and_one_undo_takes_it_back(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    card = floor.say(VISIT)
    assert card.title == "已记录 · 拜访"
    assert value(card, "客户") == "腾讯科技 · 张总（新联系人）"
    assert value(card, "商机") == "年度采购（金额已记为 50万）"
    assert value(card, "下一步") == "12月2日 周三 再跟进"
    assert texts(card) == ["补充", "改时间", "撤销"]
    activity, step = floor.only(Activity), floor.only(FollowUp)
    assert (activity.summary, activity.event_id, activity.deal_id) == (VISIT.summary, 2, 1)
    assert (step.activity_id, step.deal_id, step.remind_at) == (activity.id, 1, at(12, 2, 9))
    assert (floor.only(Deal).amount, customer(floor).last_activity_at) == (Decimal(500000), MONDAY)
    floor.takes_back()
    assert (floor.all(Activity), floor.all(FollowUp), people(floor)) == ([], [], [])
    assert (floor.only(Deal).amount, customer(floor).last_activity_at) == (None, None)


def test_an_earlier_visit_can_be_undone_after_a_later_one(floor: SalesFloor) -> None:
    floor.say(VISIT)
    first = f"e{floor.turns}"
    floor.now = at(11, 24)
    floor.say(c.LogActivity(summary="电话聊了合同", kind="call", customer="腾讯"))
    member = floor.member("李娜").id

    def undo_first(session: Session) -> None:
        audit.undo(session, audit.rows_of(session, member, first, floor.now), floor.now)

    floor.database.run(undo_first)
    assert [row.summary for row in floor.all(Activity)] == ["电话聊了合同"]
    assert customer(floor).last_activity_at == at(11, 24)


def test_the_amount_of_a_deal_is_not_overwritten_by_a_visit(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", amount=Decimal(800000)))
    card = floor.say(VISIT)
    assert (value(card, "金额"), value(card, "商机")) == ("50万", "年度采购（现为 80万）")
    assert (floor.only(Deal).amount, texts(card)[0]) == (Decimal(800000), "更新金额")


def test_the_amount_of_a_visit_becomes_the_deals_by_button(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", amount=Decimal(800000)))
    card = floor.say(VISIT)
    updated = floor.click(card, "更新金额")
    assert (updated.title, value(updated, "金额"), updated.view) == ("商机 · 金额已更新", "50万", "deal:1")
    assert floor.touched == {"activity:1", "deal:1", "customer:1"}
    floor.takes_back()
    assert floor.only(Deal).amount == Decimal(800000)
    floor.say(c.WinDeal(deal="年度采购"))
    floor.refuses(pipeline.ClosedDeal, lambda: floor.click(card, "更新金额"))
    assert "更新金额" not in texts(floor.say(VISIT))
    floor.say(c.LogActivity(summary="聊了聊", customer="阿里"))
    floor.refuses(NotFound, lambda: floor.say(c.UseAmount(activity=3)))
    floor.refuses(NotFound, lambda: floor.say(c.UseAmount(activity=1), "陈静"))


def test_with_several_deals_a_visit_belongs_to_none_unless_it_is_named(floor: SalesFloor) -> None:
    for name in ("年度采购", "数据中心"):
        floor.say(c.CreateDeal(customer="腾讯", deal=name))
    assert value(floor.say(VISIT), "商机") == ""
    named = floor.say(c.LogActivity(summary="聊了机房", kind="call", customer="腾讯", deal="数据中心"))
    assert value(named, "商机") == "数据中心"
    assert value(floor.say(c.LogActivity(summary="又聊了", kind="call", deal="数据中心")), "客户") == "腾讯科技"


def test_an_unknown_deal_is_no_reason_to_lose_a_visit(floor: SalesFloor) -> None:
    card = floor.say(
        c.LogActivity(summary="聊了云迁移", kind="visit", customer="腾讯", deal="云迁移", amount=Decimal(100000))
    )
    assert "没有找到商机「云迁移」" in card.text
    assert texts(card) == ["建商机", "安排下一步", "补充", "撤销"]
    deal = floor.click(card, "建商机")
    assert (value(deal, "商机"), value(deal, "金额")) == ("腾讯科技商机", "10万")


def test_people_already_known_are_not_made_again(floor: SalesFloor) -> None:
    floor.say(VISIT)
    assert value(floor.say(VISIT), "客户") == "腾讯科技 · 张总"
    assert people(floor) == [("张总", 1)]
    with floor.database.write() as session:
        session.add(Contact(name="李雷", title="总监", customer_id=1))
        session.add(Contact(name="李明", title="总经理", customer_id=1))
    asked = floor.refuses(
        Ambiguous, lambda: floor.say(c.LogActivity(summary="见了李总", customer="腾讯", contacts=("李总",)))
    )
    assert (asked.slot, asked.spoken, len(asked.candidates)) == ("contacts", "李总", 2)
    chosen = floor.say(c.LogActivity(summary="见了李总", customer="腾讯", contacts=(asked.candidates[0].id,)))
    assert value(chosen, "客户") in ("腾讯科技 · 李雷", "腾讯科技 · 李明")


def test_whose_visit_it_was_may_follow_from_the_contact_or_is_asked(floor: SalesFloor) -> None:
    floor.say(VISIT)
    assert (
        value(floor.say(c.LogActivity(summary="张总来电", kind="call", contacts=("张总",))), "客户")
        == "腾讯科技 · 张总"
    )
    asked = floor.refuses(Missing, lambda: floor.say(c.LogActivity(summary="聊得不错", contacts=("王芳",))))
    assert (asked.slot, asked.options) == ("customer", (("腾讯科技", 1), ("阿里巴巴", 2)))
    floor.refuses(UnknownName, lambda: floor.say(c.LogActivity(summary="聊得不错", customer="字节")))


def test_todays_check_in_is_the_place_of_the_next_visit_only(floor: SalesFloor) -> None:
    member = floor.member("李娜").id
    floor.database.run(lambda session: checkins.record(session, member, at(11, 22), 22.5, 113.9, "昨天的地方"))
    floor.database.run(lambda session: checkins.record(session, member, at(11, 23, 13), 22.54, 113.93, "腾讯滨海大厦"))
    assert value(floor.say(c.LogActivity(summary="打了电话", kind="call", customer="腾讯")), "地点") == ""
    assert value(floor.say(VISIT), "地点") == "腾讯滨海大厦"
    assert value(floor.say(c.LogActivity(summary="又见面了", kind="visit", customer="腾讯")), "地点") == ""
    floor.takes_back()
    floor.takes_back()
    assert value(floor.say(VISIT), "地点") == "腾讯滨海大厦"


def test_a_next_step_in_the_past_keeps_the_visit_and_says_so(floor: SalesFloor) -> None:
    card = floor.say(c.LogActivity(summary="上午见了", kind="visit", customer="腾讯", next_at=at(11, 23, 9)))
    assert "没有安排提醒" in card.text
    assert (len(floor.all(Activity)), floor.all(FollowUp)) == (1, [])


def test_a_next_step_at_night_says_when_it_will_really_come(floor: SalesFloor) -> None:
    card = floor.say(
        c.LogActivity(summary="晚上再联系", kind="call", customer="腾讯", next_at=at(11, 23, 23), next_action="电话")
    )
    assert value(card, "下一步") == "今天 23:00 电话（明天 08:30 提醒，避开休息时间）"
    assert texts(card) == ["补充", "改时间", "仍按原时间", "撤销"]


def test_a_record_offers_to_complete_what_was_planned_for_today(floor: SalesFloor) -> None:
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(11, 23, 16), action="送样品"))
    card = floor.say(c.LogActivity(summary="样品送到了", kind="visit", customer="腾讯"))
    assert texts(card)[0] == "完成待办"
    assert "还有一条待办：送样品（今天 16:00）" in card.text
    assert floor.click(card, "完成待办").title == "已完成"
    assert "完成待办" not in texts(floor.say(c.LogActivity(summary="又聊了", customer="腾讯")))


def test_words_that_tell_an_intention_tag_the_people_met(floor: SalesFloor) -> None:
    card = floor.say(c.LogActivity(summary="张总对新品很感兴趣", kind="visit", customer="腾讯", contacts=("张总",)))
    assert "已打标签：高意向" in card.text


def test_supplement_asks_for_words_and_adds_them(floor: SalesFloor) -> None:
    card = floor.say(VISIT)
    asked = floor.refuses(Missing, lambda: floor.click(card, "补充"))
    assert asked.slot == "words"
    more = floor.say(c.Supplement(activity=1, words="对方喜欢喝茶"))
    assert more.text == f"{VISIT.summary}\n对方喜欢喝茶"
    assert "activity:1" in floor.touched
    floor.refuses(NotFound, lambda: floor.say(c.Supplement(activity=1, words="别人的"), "陈静"))
    floor.takes_back()
    assert floor.view("activity:1").text == VISIT.summary


def test_amending_changes_only_what_is_named(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(VISIT)
    card = floor.say(c.Amend(amount=Decimal(600000)))
    assert (card.title, value(card, "金额"), floor.only(Deal).amount) == ("已修改", "60万", Decimal(600000))
    card = floor.say(c.Amend(next_at=at(12, 3, 15)))
    assert value(card, "下一步") == "12月3日 周四 15:00 再跟进"
    floor.say(c.Supplement(activity=1, words="补一句"))
    floor.say(c.Amend(amount=Decimal(650000)))
    assert floor.only(Deal).amount == Decimal(650000)
    past = floor.refuses(Missing, lambda: floor.say(c.Amend(next_at=at(11, 20))))
    assert past.slot == "next_at"


def test_amending_the_customer_moves_all_of_it_and_mends_the_wrong_deal(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(VISIT)
    card = floor.say(c.Amend(customer="阿里"))
    assert (value(card, "客户"), value(card, "商机")) == ("阿里巴巴 · 张总", "")
    assert people(floor) == [("张总", 2)]
    assert (floor.only(FollowUp).customer_id, floor.only(Deal).amount) == (2, None)
    assert (customer(floor).last_activity_at, customer(floor, "阿里巴巴").last_activity_at) == (None, MONDAY)


def test_a_next_step_can_be_added_to_what_had_none(floor: SalesFloor) -> None:
    floor.say(c.LogActivity(summary="见了面", kind="visit", customer="腾讯"))
    assert value(floor.say(c.Amend(next_at=at(11, 25, 15))), "下一步") == "后天 15:00"


def test_a_deal_just_made_and_a_step_just_planned_can_be_amended(floor: SalesFloor) -> None:
    floor.refuses(amending.NothingToAmend, lambda: floor.say(c.Amend(amount=Decimal(1))))
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    assert value(floor.say(c.Amend(amount=Decimal(300000))), "金额") == "30万"
    assert value(floor.say(c.Amend(customer="阿里")), "客户") == "阿里巴巴"
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(11, 24, 15)))
    assert value(floor.say(c.Amend(amount=Decimal(310000))), "金额") == "31万"
    assert value(floor.say(c.Amend(next_at=at(11, 26, 15))), "时间") == "11月26日 周四 15:00"
    assert len(floor.all(FollowUp)) == 1
    assert floor.say(c.Amend(words="改一下")).title == "最近一条记录"
    floor.now = at(11, 26, 15)
    floor.refuses(amending.NothingToAmend, lambda: floor.say(c.Amend(next_at=at(11, 27))))


def test_undo_is_refused_once_a_colleague_built_on_the_record(floor: SalesFloor) -> None:
    floor.say(VISIT)
    floor.say(c.Supplement(activity=1, words="我也在场"), "王强")
    floor.refuses(UndoRefused, floor.takes_back)
    assert len(floor.all(Activity)) == 1


def test_records_are_read_newest_first_and_by_period(floor: SalesFloor) -> None:
    for day in (20, 21, 22, 23):
        floor.say(c.LogActivity(summary=f"{day}日", customer="腾讯", happened_at=at(11, day, 12)))
    lina, boss, stranger = floor.actor("李娜"), floor.actor("王强"), floor.actor("陈静")
    with floor.database.read() as session:
        tencent = session.get_one(Customer, 1)
        assert [row.summary for row in activities.last(session, boss, tencent)] == ["23日", "22日", "21日"]
        assert activities.last(session, stranger, tencent) == []
        assert [row.summary for row in activities.between(session, lina, at(11, 21, 0), at(11, 23, 0))] == [
            "21日",
            "22日",
        ]
    assert floor.view("activity:1").title == "跟进记录"
    assert customer(floor).last_activity_at == at(11, 23, 12)


def test_a_visit_on_another_day_takes_no_check_in_of_today(floor: SalesFloor) -> None:
    member = floor.member("李娜").id
    floor.database.run(lambda session: checkins.record(session, member, at(11, 23, 13), 22.54321, 113.9, ""))
    yesterday = floor.say(c.LogActivity(summary="昨天见了", kind="visit", customer="腾讯", happened_at=at(11, 22, 12)))
    assert value(yesterday, "地点") == ""
    assert value(floor.say(VISIT), "地点") == "22.54321,113.90000"


def test_the_same_next_step_said_twice_is_planned_once(floor: SalesFloor) -> None:
    floor.say(VISIT)
    floor.say(VISIT)
    assert len(floor.all(FollowUp)) == 1
    again = c.ScheduleFollowUp(customer="腾讯", due_at=at(12, 2, 9), all_day=True)
    assert floor.refuses(followups.PlannedAlready, lambda: floor.say(again)).view == "followup:1"
