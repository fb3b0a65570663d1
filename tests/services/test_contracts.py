"""Contracts: noted in a sentence, renewed ahead of their end by a deal the program opens once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sales_floor import SETTINGS, SalesFloor, at, card_of, texts, value

from bot import commands as c
from bot.context import Context
from scheduler.deal_jobs import renewals
from scrm import audit
from scrm.access import SYSTEM
from scrm.db import Database
from scrm.errors import Missing, NotFound
from scrm.models import Contract, Deal, Member


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    return floor


def contracts(floor: SalesFloor) -> list[Contract]:
    return floor.read(lambda session: list(session.scalars(sa.select(Contract).order_by(Contract.id))))


def sold(floor: SalesFloor, name: str = "云服务") -> None:
    """李娜 sells it to 腾讯 with all that is known of the deal."""
    floor.say(c.CreateDeal(customer="腾讯", deal=name, amount=Decimal(800000)))
    floor.say(c.NoteDeal(deal=name, products=("云主机",), people=(c.DealPerson("张总", "decision_maker", "for"),)))
    assert "合同哪天到期" in floor.say(c.WinDeal(deal=name)).note


def test_a_contract_is_of_the_deal_that_was_won_last_and_can_be_put_right(floor: SalesFloor) -> None:
    sold(floor)
    card = floor.say(c.NoteContract(customer="腾讯", until=at(3, 1, year=2027)))
    assert (value(card, "合同"), value(card, "到期"), value(card, "金额")) == ("云服务", "2027年3月1日", "80万")
    assert card.text == "12月31日 周四起我会建好续约商机并提醒您。"
    floor.say(c.NoteContract(deal="云服务", until=at(6, 30, year=2027)))
    (row,) = contracts(floor)
    assert (row.ends_on, row.deal_id, row.amount) == (date(2027, 6, 30), 1, Decimal(800000))
    floor.takes_back()
    assert contracts(floor)[0].ends_on == date(2027, 3, 1)
    floor.takes_back()
    assert contracts(floor) == []


def test_a_day_that_is_over_or_not_said_is_asked_for(floor: SalesFloor) -> None:
    asked = floor.refuses(Missing, lambda: floor.say(c.NoteContract(customer="腾讯")))
    assert (asked.slot, [label for label, _ in asked.options]) == ("until", ["今年年底", "一年后", "明年年底"])
    past = floor.refuses(Missing, lambda: floor.say(c.NoteContract(customer="腾讯", until=at(3, 1))))
    assert past.question.startswith("这个日子已经过了")
    assert contracts(floor) == []
    floor.refuses(Missing, lambda: floor.say(c.NoteContract(until=at(12, 1))))


def test_the_renewal_is_opened_once_ahead_of_the_end_with_all_that_is_known(floor: SalesFloor) -> None:
    sold(floor)
    floor.say(c.NoteContract(deal="云服务", until=at(3, 1, year=2027)))
    floor.now = at(12, 30, 10)
    assert floor.tick("renewals") == []
    floor.now = at(12, 31, 10)
    (told,) = floor.tick("renewals")
    card = card_of(told)
    assert told.member_id == floor.member("李娜").id
    assert card.title == "该续约了 · 腾讯科技"
    assert value(card, "合同到期") == "2027年3月1日（还有 60 天）"
    assert (value(card, "商机"), value(card, "阶段")) == ("云服务2027年续约", "初次洽谈（1/4）")
    assert (value(card, "金额"), value(card, "决策链")) == ("80万", "张总（决策人，支持）")
    assert texts(card) == ["安排跟进", "推进到方案报价", "赢单", "不续了"]
    deal = floor.all(Deal)[1]
    assert (deal.kind, deal.status, deal.owner_id) == ("renewal", "open", floor.member("李娜").id)
    assert deal.expected_close_on == date(2027, 3, 1)
    assert "系统 新建，初次洽谈" in floor.say(c.ShowCourse(deal=deal.id)).text
    assert value(floor.view(f"deal:{deal.id}"), "产品") == "云主机"
    assert floor.tick("renewals") == []
    floor.now = at(2, 20, 10, year=2027)
    assert floor.tick("renewals") == []
    lost = floor.click(card, "不续了")
    assert lost.text == "主要是什么原因？点一下就好。"
    assert floor.tick("renewals") == []  # it has had its deal


def test_a_renewal_of_a_renewal_is_called_by_its_own_year(floor: SalesFloor) -> None:
    sold(floor)
    floor.say(c.NoteContract(deal="云服务", until=at(12, 31)))
    floor.tick("renewals")
    floor.say(c.WinDeal(deal="云服务2026年续约"))
    floor.say(c.NoteContract(customer="腾讯", until=at(12, 31, year=2027)))
    floor.now = at(12, 1, 10, year=2027)
    floor.tick("renewals")
    assert [deal.name for deal in floor.all(Deal)] == ["云服务", "云服务2026年续约", "云服务2027年续约"]
    assert len(contracts(floor)) == 2


def test_a_renewal_somebody_opened_by_hand_is_not_opened_again(floor: SalesFloor) -> None:
    sold(floor)
    floor.say(c.NoteContract(deal="云服务", until=at(12, 31)))
    floor.say(c.CreateDeal(customer="腾讯", deal="云服务续费"))
    assert floor.tick("renewals") == []
    assert contracts(floor)[0].renewal_id == 2
    assert len(floor.all(Deal)) == 2


def test_a_customer_without_a_deal_may_have_a_contract_too(floor: SalesFloor) -> None:
    floor.say(c.NoteContract(customer="阿里", until=at(12, 31)))
    (told,) = floor.tick("renewals")
    assert value(card_of(told), "商机") == "阿里巴巴2026年续约"


def test_at_night_and_on_days_off_the_card_waits(floor: SalesFloor) -> None:
    floor.say(c.NoteContract(customer="阿里", until=at(12, 31)))
    floor.now = at(11, 28, 3)  # a Saturday
    (told,) = floor.tick("renewals")
    assert told.not_before == at(11, 30, 8, 30)


def test_of_somebody_who_has_left_the_manager_hears(floor: SalesFloor) -> None:
    floor.say(c.NoteContract(customer="阿里", until=at(12, 31)))
    with floor.database.write() as session:
        session.execute(sa.update(Member).where(Member.name == "李娜").values(active=False))
    (told,) = floor.tick("renewals")
    assert told.member_id == floor.member("王强").id


def test_nobody_notes_a_contract_out_of_sight(floor: SalesFloor) -> None:
    sold(floor)
    floor.refuses(NotFound, lambda: floor.say(c.NoteContract(deal=1, until=at(12, 31)), "陈静"))


def test_replicas_at_once_open_each_renewal_once(floor: SalesFloor) -> None:
    for number in range(8):
        floor.say(c.CreateDeal(customer="腾讯", deal=f"项目{number}"))
        floor.say(c.WinDeal(deal=f"项目{number}"))
        floor.say(c.NoteContract(deal=f"项目{number}", until=at(12, 31)))

    def tick(number: int) -> int:
        with floor.database.write() as session:
            context = Context(session, SYSTEM, floor.now, SETTINGS, f"job:{number}")
            audit.begin(session, audit.Turn(context.turn, None, "renewals", "", floor.now))
            return renewals(context)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tick, range(4)))
    renewed = [deal for deal in floor.all(Deal) if deal.kind == "renewal"]
    assert len(renewed) == 8
    assert len({row.renewal_id for row in contracts(floor)}) == 8
