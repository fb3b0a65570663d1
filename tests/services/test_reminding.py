"""Why a reminder came, who stands in for whom, what sleeps until its day."""

from __future__ import annotations

from datetime import date

import pytest
from sales_floor import SETTINGS, SalesFloor, at, card_of, value

from bot import commands as c
from bot.answers import post_owed
from bot.context import Context
from bot.tables import Outbox
from scrm import covers, members
from scrm.access import SYSTEM
from scrm.covers import CoverOfOneself, NoCover
from scrm.db import Database
from scrm.errors import NotAllowed
from scrm.models import Identity


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    return floor


def test_why_names_the_agreement_and_the_words_it_came_from(floor: SalesFloor) -> None:
    assert floor.say(c.WhyReminded()).title == "最近没有提醒过您"
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(11, 28, 10)), words="周六上午十点跟进腾讯")
    floor.now = at(11, 30, 9)
    (alert,) = floor.tick("alerts")
    for why in (floor.click(card_of(alert), "为什么"), floor.say(c.WhyReminded())):
        assert value(why, "谁定的") == "李娜，11月23日 周一 14:00"
        assert value(why, "原话") == "「周六上午十点跟进腾讯」"
        assert "避开休息时间" in value(why, "提醒")


def test_the_latest_of_both_kinds_of_reminder_is_explained(floor: SalesFloor) -> None:
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(11, 24, 10)))
    floor.now = at(11, 24, 10)
    floor.tick("alerts")
    floor.say(c.DefineIdleRule(scope="", remind=3), "赵总")
    floor.now = at(11, 27, 10)
    floor.tick("idle")
    assert "所有客户3天没跟进提醒" in value(floor.say(c.WhyReminded()), "规则")


def test_a_cover_gets_the_pushes_of_those_days_and_sees_what_they_are_about(floor: SalesFloor) -> None:
    na, jing = floor.member("李娜").id, floor.member("陈静").id
    floor.say(c.SetCover(cover="陈静", first=date(2026, 11, 24), last=date(2026, 11, 25)))
    assert [owed.member_id for owed in floor.fresh] == [jing]
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(11, 24, 16)))
    with floor.database.write() as session:
        session.add_all(
            Identity(platform="wecom", user_id=str(ident), member_id=ident, door="wecom_app") for ident in (na, jing)
        )
    floor.now = at(11, 24, 16)
    (alert,) = floor.tick("alerts")
    with floor.database.write() as session:
        context = Context(session, SYSTEM, floor.now, SETTINGS, "job:alerts", owed=[alert])
        post_owed(context, ["wecom_app"])
        row = session.query(Outbox).one()
        assert (row.user_id, row.member_id) == (str(jing), jing)
        assert "李娜不在，由陈静代理（到明天）" in row.payload
        actor = members.actor_of_member(session, jing, (), floor.now.date())
        assert actor is not None
        assert actor.team == {na, jing}
        after = members.actor_of_member(session, jing, (), date(2026, 11, 26))
        assert after is not None
        assert after.team == {jing}


def test_plans_that_overlap_give_way_and_end_when_said(floor: SalesFloor) -> None:
    floor.refuses(
        CoverOfOneself, lambda: floor.say(c.SetCover(cover="李娜", first=date(2026, 11, 24), last=date(2026, 11, 25)))
    )
    floor.refuses(
        NotAllowed,
        lambda: floor.say(c.SetCover(cover="陈静", member="王强", first=date(2026, 11, 24), last=date(2026, 11, 25))),
    )
    floor.say(c.SetCover(cover="陈静", first=date(2026, 11, 24), last=date(2026, 11, 25)))
    floor.say(c.SetCover(cover="王强", first=date(2026, 11, 25), last=date(2026, 11, 26)))
    assert floor.say(c.ShowCovers()).text == "1. 李娜：王强代理，11月25日 周三 到 11月26日 周四".replace(
        "11月25日 周三", "后天"
    )
    assert floor.read(lambda s: covers.stand_ins(s, [3], date(2026, 11, 24))) == {}
    floor.say(c.EndCover())
    floor.refuses(NoCover, lambda: floor.say(c.EndCover()))


def test_future_opportunities_are_listed_with_day_and_reason(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.PauseDeal(deal="年度采购", until=at(3, 1, 9, year=2027), reason="等下一轮招标"))
    assert floor.say(c.ShowFuture()).text == "1. 2027年3月1日 年度采购 · 等下一轮招标 · 李娜"
    assert floor.say(c.ShowFuture(), "陈静").title == "没有未来机会"
