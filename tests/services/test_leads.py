"""Leads: noted once, given out in turn, qualified with every fact carried over, struck out with the reason."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from sales_floor import SETTINGS, SalesFloor, at, card_of, texts, value
from sqlalchemy.orm import Session

from bot import commands as c
from bot.cards.card import Card
from bot.handlers.clocks import hours_of
from scrm import leads, qualifying
from scrm.access import SYSTEM
from scrm.db import Database
from scrm.doubles import IsADouble
from scrm.errors import DomainError, Missing, NotFound
from scrm.lead_rules import BadHours
from scrm.leads import Known, KnownElsewhere, NoName, NoSuchLead, NotOpen, Said, TakeItFirst
from scrm.models import Contact, Customer, Deal, DealProduct, Lead, PoolClaim
from scrm.pool import CoolingDown, DayIsFull, NotInTeam

HOURS = hours_of(SETTINGS)
ZHANG = c.CreateLead(
    name="张总", company="宏图精密", title="总经理", phone="138 0000 0001", need="排产", product="MES", region="华东", tier="大客户", source="官网",
    amount=Decimal(500000),
)  # fmt: skip


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    """李娜 and 陈静 are reps of 王强; 赵总 leads them all."""
    floor = SalesFloor(database)
    floor.open()
    return floor


def owner(floor: SalesFloor, lead: Lead) -> str:
    return owner_of(floor, lead.owner_id)


def owner_of(floor: SalesFloor, ident: int | None) -> str:
    return next((name for name in ("王强", "李娜", "陈静") if floor.member(name).id == ident), "")


def note(floor: SalesFloor, number: int, who: str = "王强", **said: str) -> Card:
    return floor.say(c.CreateLead(name=f"客户{number}", phone=f"1390000{number:04d}", **said), who)


def test_a_rep_keeps_what_the_rep_notes_and_every_fact_goes_on_when_it_is_qualified(floor: SalesFloor) -> None:
    noted = floor.say(ZHANG)
    assert (noted.title, value(noted, "电话")) == ("已记线索 · 宏图精密 张总", "138 0000 0001")
    assert texts(noted) == ["去联系", "转客户", "无效", "放回", "撤销"]
    made = floor.click(noted, "转客户")
    assert (made.title, value(made, "商机")) == ("线索已转客户 · 宏图精密", "MES（排产）")
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
        assert (deal.amount, [row.name for row in session.query(DealProduct)]) == (500000, ["MES"])
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
    assert note(floor, 4, region="华东").title == "已记线索，等着分配 · 客户4"
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
    assert texts(card_of(floor.fresh[0])) == ["去联系", "转客户", "放回", "无效"]
    floor.say(c.FreeLead(lead="客户1"))
    floor.refuses(CoolingDown, lambda: floor.say(c.TakeLead(lead="客户1")))
    floor.refuses(TakeItFirst, lambda: floor.say(c.DiscardLead(lead="客户1", reason="空号")))
    floor.refuses(NotInTeam, lambda: floor.say(c.PassLead(lead="客户1", to="赵总"), "王强"))
    assert floor.say(c.TakeLead(lead="客户1"), "陈静").title == "已领取线索 · 客户1"


async def test_of_two_who_take_or_note_the_same_lead_at_once_one_does(floor: SalesFloor) -> None:
    note(floor, 1, "赵总")

    def at_once(name: str) -> str:
        actor = floor.actor(name)
        said = Said(name="王工", phone="13911112222")
        try:
            floor.database.run(lambda session: leads.take(session, actor, 1, HOURS, floor.now))
            floor.database.run(lambda session: leads.create(session, actor, said, HOURS, floor.now))
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

    def qualify(session: Session) -> None:
        lead = leads.find(session, actor, "张总")
        qualifying.qualify(session, actor, lead, "宏图精密", "", HOURS, floor.now)

    def at_once(_: int) -> str:
        try:
            floor.database.run(qualify)
        except DomainError as refused:
            return type(refused).__name__
        return "made"

    outcomes = await asyncio.gather(*(asyncio.to_thread(at_once, number) for number in range(4)))
    assert outcomes.count("made") == 1
    assert set(outcomes) <= {"made", "NotOpen", "NoSuchLead"}


def test_what_an_import_brings_and_what_comes_at_night_is_given_out_in_working_hours_on_one_card(
    floor: SalesFloor,
) -> None:
    reps = tuple(floor.member(name).id for name in ("李娜", "陈静"))
    said = floor.say(c.DefineLeadRule(scope="华东", people=reps, opens=540, closes=1080), "赵总")
    assert "华东分给李娜、陈静，9点到18点" in said.text
    floor.refuses(BadHours, lambda: floor.say(c.DefineLeadRule(people=reps, opens=1080, closes=540), "赵总"))
    floor.now = at(11, 27, 22)  # a Friday
    assert note(floor, 0, region="华东", tier="大客户").title == "已记线索，等着分配 · 客户0"
    with floor.database.write() as session:
        for number in (1, 2):
            leads.note(session, SYSTEM, Said(name=f"客户{number}", region="华东"), waits=True)
        leads.note(session, SYSTEM, Said(name="客户3", region="华南"), waits=True)
    assert floor.tick("give_leads") == []
    floor.now = at(11, 30, 9)
    told = floor.tick("give_leads")
    assert sorted((owed.member_id, card_of(owed).title) for owed in told) == [
        (reps[0], "新分到 2 条线索"), (reps[1], "新分到一条线索 · 客户1"),
    ]  # fmt: skip
    assert [owner(floor, lead) for lead in floor.all(Lead)] == ["李娜", "陈静", "李娜", ""]
    assert not any(lead.waits for lead in floor.all(Lead))


def test_a_person_without_a_company_is_asked_about_and_two_of_one_name_stay_two(floor: SalesFloor) -> None:
    for number in (5678, 9999):
        floor.say(c.CreateLead(name="张总", phone=f"1381234{number}", need="ERP"))
        asked = floor.refuses(Missing, lambda number=number: floor.say(c.QualifyLead(lead=f"1381234{number}")))  # type: ignore[misc]
        assert (asked.slot, asked.question) == ("company", "「张总」是哪家公司的？")
        floor.say(c.QualifyLead(lead=f"1381234{number}", company=asked.options[0][1], sure=True))
    assert [row.name for row in floor.all(Customer)[2:]] == ["张总", "张总（尾号9999）"]
    assert [(row.phone, row.customer_id) for row in floor.all(Contact)] == [("13812345678", 3), ("13812349999", 4)]


def test_a_lead_of_a_customer_that_we_have_goes_to_it_and_a_colleagues_is_asked_about(floor: SalesFloor) -> None:
    floor.say(c.CreateLead(name="王工", company="腾讯科技", phone="13700000001"))
    made = floor.say(c.QualifyLead(lead="王工", deal=True))
    assert (value(made, "客户"), value(made, "商机")) == ("腾讯科技", "腾讯科技商机")
    floor.say(c.CreateLead(name="刘工", company="腾讯科技", phone="13700000002"), "陈静")
    asked = floor.refuses(IsADouble, lambda: floor.say(c.QualifyLead(lead="刘工"), "陈静"))
    assert [label for label, _ in asked.options] == ["申请协作"]
    floor.say(c.CreateLead(name="赵工", company="阿里", phone="13700000003"))
    floor.say(c.QualifyLead(lead="赵工", company=2), "王强")
    assert [(row.name, owner_of(floor, row.owner_id)) for row in floor.all(Contact)] == [
        ("王工", "李娜"),
        ("赵工", "李娜"),
    ]


def test_a_lead_qualified_by_a_manager_stays_its_owners(floor: SalesFloor) -> None:
    floor.say(ZHANG)
    floor.say(c.QualifyLead(lead="张总"), "王强")
    kinds = (floor.all(Customer)[-1], floor.only(Contact), floor.only(Deal))
    assert [owner_of(floor, row.owner_id) for row in kinds] == ["李娜"] * 3
    floor.takes_back("王强")
    assert (len(floor.all(Customer)), floor.all(Deal), floor.only(Lead).status) == (2, [], "open")


def test_a_taken_lead_counts_as_one_of_the_day_and_its_owner_sets_out_to_call(floor: SalesFloor) -> None:
    floor.say(c.DefinePoolRule(per_day=1), "赵总")
    for number in (1, 2):
        note(floor, number, "赵总")
    taken = floor.say(c.TakeLead(lead="客户1"))
    called = floor.click(taken, "去联系")
    assert (called.title, value(called, "电话"), texts(called)) == (
        "去联系 · 客户1",
        "13900000001",
        ["转客户", "无效", "放回"],
    )
    assert "线索客户1无效，空号" in called.text
    floor.refuses(DayIsFull, lambda: floor.say(c.TakeLead(lead="客户2")))
    floor.takes_back()
    floor.takes_back()
    assert (floor.all(PoolClaim), [lead.owner_id for lead in floor.all(Lead)]) == ([], [None, None])
