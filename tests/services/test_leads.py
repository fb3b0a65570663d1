"""Leads: noted once, given out in turn, qualified with every fact carried over, struck out with the reason."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sales_floor import SalesFloor, texts, value

from bot import commands as c
from bot.cards.card import Card
from scrm import leads
from scrm.db import Database
from scrm.errors import DomainError, Missing, NotFound
from scrm.leads import Known, KnownElsewhere, NoName, NoSuchLead, NotOpen, Said
from scrm.models import Contact, Customer, Deal, DealProduct, Lead

ZHANG = c.CreateLead(
    name="张总", company="宏图精密", title="总经理", phone="138 0000 0001", need="排产", product="MES", region="华东", tier="大客户", source="官网"
)  # fmt: skip


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    """李娜 and 陈静 are reps of 王强; 赵总 leads them all."""
    floor = SalesFloor(database)
    floor.open()
    return floor


def owner(floor: SalesFloor, lead: Lead) -> str:
    return next((name for name in ("王强", "李娜", "陈静") if floor.member(name).id == lead.owner_id), "")


def note(floor: SalesFloor, number: int, who: str = "王强", **said: str) -> Card:
    return floor.say(c.CreateLead(name=f"客户{number}", phone=f"1390000{number:04d}", **said), who)


def test_a_rep_keeps_what_the_rep_notes_and_every_fact_goes_on_when_it_is_qualified(floor: SalesFloor) -> None:
    noted = floor.say(ZHANG)
    assert (noted.title, value(noted, "电话")) == ("已记线索 · 宏图精密 张总", "138 0000 0001")
    assert texts(noted) == ["转客户", "无效", "放回", "撤销"]
    made = floor.click(noted, "转客户")
    assert (made.title, value(made, "商机")) == ("线索已转客户 · 宏图精密", "MES")
    customer = floor.all(Customer)[-1]
    assert (customer.name, customer.region, customer.tier) == ("宏图精密", "华东", "大客户")
    with floor.database.read() as session:
        contact, deal = session.query(Contact).one(), session.query(Deal).one()
        assert (contact.name, contact.title, contact.phone, contact.channel) == (
            "张总",
            "总经理",
            "138 0000 0001",
            "官网",
        )
        assert [row.name for row in session.query(DealProduct)] == ["MES"]
        lead = session.query(Lead).one()
        assert (lead.status, lead.customer_id, lead.contact_id, lead.deal_id) == (
            "qualified",
            customer.id,
            contact.id,
            deal.id,
        )
    floor.refuses(NotOpen, lambda: floor.say(c.QualifyLead(lead=1)))
    floor.takes_back()
    with floor.database.read() as session:
        assert [row.status for row in session.query(Lead)] == ["open"]
        assert (session.query(Contact).count(), session.query(Deal).count()) == (0, 0)


def test_one_number_is_one_open_lead_and_its_owner_is_not_named_to_others(floor: SalesFloor) -> None:
    floor.say(ZHANG)
    again = c.CreateLead(name="张", phone="+86 13800000001")
    assert floor.refuses(Known, lambda: floor.say(again)).view == "lead:1"
    assert "李娜" not in str(floor.refuses(KnownElsewhere, lambda: floor.say(again, "陈静")))
    floor.refuses(NotFound, lambda: floor.say(c.ShowLead(lead=1), "陈静"))
    floor.refuses(NoName, lambda: floor.say(c.CreateLead(need="MES")))
    asked = floor.refuses(Missing, lambda: floor.say(c.DiscardLead(lead="张总")))
    assert ("没有需求", "没有需求") in asked.options
    assert value(floor.say(c.DiscardLead(lead="宏图精密张总", reason="空号")), "原因") == "空号"
    assert floor.say(again, "陈静").title == "已记线索 · 张"


def test_new_leads_go_round_among_those_who_have_room_and_are_there(floor: SalesFloor) -> None:
    reps = tuple(floor.member(name).id for name in ("李娜", "陈静"))
    floor.say(c.DefineLeadRule(people=reps), "赵总")
    assert (
        "华东分给陈静，每人最多2条"
        in floor.say(c.DefineLeadRule(scope="华东", people=reps[1:], capacity=2), "赵总").text
    )
    for number in range(3):
        note(floor, number)
        assert [owed.member_id for owed in floor.fresh] == [reps[number % 2]]
        floor.now += timedelta(minutes=1)
    assert "分给陈静" in note(floor, 3, region="华东").title
    assert note(floor, 4, region="华东").title == "已记线索，等人领取 · 客户4"
    floor.say(c.SetCover(cover=reps[0], first=floor.now.date(), last=floor.now.date()), "陈静")
    assert "分给李娜" in note(floor, 5).title
    floor.say(c.DropLeadRule(rule=""), "赵总")
    assert "等人领取" in note(floor, 6).title


def test_what_nobody_has_is_taken_by_whoever_sells_and_a_manager_gives_it_to_somebody(floor: SalesFloor) -> None:
    note(floor, 1, "赵总")
    listed = floor.say(c.ShowLeads(free=True), "陈静")
    assert (listed.title, texts(listed)) == ("待领线索 1 条", ["1. 客户1", "我的线索"])
    seen = floor.click(listed, "1. 客户1", "陈静")
    assert value(seen, "电话") == "139****0001"
    assert value(floor.click(seen, "领取", "陈静"), "电话") == "13900000001"
    floor.refuses(NoSuchLead, lambda: floor.say(c.TakeLead(lead="客户1"), "李娜"))
    floor.say(c.PassLead(lead="客户1", to="李娜"), "王强")
    assert [owed.member_id for owed in floor.fresh] == [floor.member("李娜").id]
    floor.say(c.FreeLead(lead="客户1"))
    assert floor.say(c.TakeLead(lead="客户1"), "陈静").title == "已领取线索 · 客户1"


async def test_of_two_who_take_or_note_the_same_lead_at_once_one_does(floor: SalesFloor) -> None:
    note(floor, 1, "赵总")

    def at_once(name: str) -> str:
        actor = floor.actor(name)
        said = Said(name="王工", phone="13911112222")
        try:
            floor.database.run(lambda session: leads.take(session, actor, 1))
            floor.database.run(lambda session: leads.create(session, actor, said, floor.now.date(), floor.now))
        except DomainError as refused:
            return type(refused).__name__
        return name

    outcomes = await asyncio.gather(*(asyncio.to_thread(at_once, name) for name in ("陈静", "李娜")))
    assert len({"陈静", "李娜"} & set(outcomes)) == 1
    with floor.database.read() as session:
        assert session.query(Lead).count() == 2


async def test_of_two_who_qualify_the_same_lead_by_name_at_once_one_does(floor: SalesFloor) -> None:
    floor.say(ZHANG)
    actor = floor.actor("李娜")

    def at_once(_: int) -> str:
        try:
            floor.database.run(lambda session: leads.qualify(session, actor, "张总", floor.now) and None)
        except DomainError as refused:
            return type(refused).__name__
        return "made"

    outcomes = await asyncio.gather(*(asyncio.to_thread(at_once, number) for number in range(4)))
    assert outcomes.count("made") == 1
    assert set(outcomes) <= {"made", "NotOpen", "NoSuchLead"}
