"""What is known of a deal: noted once, asked for only when missing, and needed before a stage is left."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest
import sqlalchemy as sa
from sales_floor import SalesFloor, at, texts, value

from bot import commands as c
from bot.nlu import dealing
from scrm import deals
from scrm.db import Database
from scrm.deal_facts import NotNoted, UnknownFact
from scrm.errors import NotFound
from scrm.models import Activity, Contact, Deal, DealCompetitor, DealContact


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    return floor


def people(floor: SalesFloor) -> list[tuple[str, str, str, str]]:
    query = sa.select(Contact.name, DealContact.role, DealContact.attitude, DealContact.influence).join(
        DealContact, DealContact.contact_id == Contact.id
    )
    return floor.read(lambda session: [tuple(row) for row in session.execute(query.order_by(DealContact.id))])


def define(floor: SalesFloor, text: str) -> None:
    steps = tuple(c.PipelineStep(*msgspec.structs.astuple(one)) for one in dealing.steps(text))
    floor.say(c.DefinePipeline(course="新签", steps=steps))


def test_a_stage_asks_on_its_card_for_what_is_missing_and_for_nothing_else(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", amount=Decimal(800000)))
    assert floor.say(c.MoveDeal(deal="年度采购", stage="方案报价")).text == ""  # the amount is known
    card = floor.say(c.MoveDeal(deal="年度采购", stage="谈判"))
    assert card.text == "还差预计签约日、决策人，一句话补上就行，比如：\n· 预计下月底签约，决策人是张总"
    assert value(floor.view("deal:1"), "还差") == "预计签约日、决策人"
    noted = floor.say(c.NoteDeal(deal=1, close_on=date(2026, 12, 20)))
    assert (noted.title, value(noted, "预计签约")) == ("商机 · 已补充", "12月20日 周日")
    assert noted.text.startswith("还差决策人，")
    assert texts(noted) == ["推进到签约", "赢单", "丢单", "暂停", "撤销"]
    done = floor.say(c.NoteDeal(deal=1, people=(c.DealPerson("张总", "decision_maker", "for"),)))
    assert (done.text, value(done, "决策链")) == ("", "张总（决策人，支持）")
    assert value(floor.view("deal:1"), "还差") == ""
    floor.takes_back()
    assert people(floor) == []
    floor.takes_back()
    assert floor.only(Deal).expected_close_on is None


def test_a_stage_that_needs_a_fact_is_not_left_without_it_but_backwards(floor: SalesFloor) -> None:
    define(floor, "初次洽谈、需求确定 必填产品和预算、方案报价、签约")
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", stage="需求确定"))
    card = floor.say(c.MoveDeal(deal="年度采购", stage="方案报价"))
    assert card.title == "还不能推进 · 年度采购"
    assert card.text == "离开「需求确定」前要先有产品、金额。一句话补上就行，比如：\n· 产品是MES，金额80万"
    assert (value(card, "阶段"), floor.only(Deal).version) == ("需求确定（2/4）", 1)
    with_amount = floor.say(c.MoveDeal(deal="年度采购", stage="签约", amount=Decimal(900000)))
    assert "要先有产品。" in with_amount.text
    assert floor.only(Deal).amount == Decimal(900000)
    noted = floor.say(c.NoteDeal(deal=1, products=("MES",)))
    assert value(floor.click(noted, "推进到方案报价"), "阶段") == "方案报价（3/4）"
    floor.say(c.MoveDeal(deal="年度采购", stage="初次洽谈", reason="重来"))
    assert floor.only(Deal).stage_since == floor.now


def test_a_deal_may_be_lost_or_won_from_a_stage_that_needs_facts(floor: SalesFloor) -> None:
    define(floor, "初次洽谈 必填金额、签约")
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.WinDeal(deal="年度采购"))
    assert floor.only(Deal).status == "won"


def test_only_known_facts_can_be_asked_for(floor: SalesFloor) -> None:
    refused = floor.refuses(UnknownFact, lambda: define(floor, "初次洽谈 要了解星座、签约"))
    assert "不认识「星座」" in str(refused)


def test_names_are_kept_once_however_they_are_written(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.NoteDeal(deal=1, competitors=("用友", "SAP"), products=("ERP",)))
    card = floor.say(c.NoteDeal(deal=1, competitors=("sap", "金蝶"), products=("erp ",)))
    assert (value(card, "竞品"), value(card, "产品")) == ("用友、SAP、金蝶", "ERP")
    floor.takes_back()
    assert [row.name for row in floor.all(DealCompetitor)] == ["用友", "SAP"]  # type: ignore[type-var]


def test_people_keep_what_was_said_of_them_before_and_a_new_one_becomes_a_contact(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(
        c.NoteDeal(customer="腾讯", people=(c.DealPerson("李工", "gatekeeper"), c.DealPerson("张总", "decision_maker")))
    )
    floor.say(c.NoteDeal(deal=1, people=(c.DealPerson("李工", "", "against", "high"),)))
    assert people(floor) == [("李工", "gatekeeper", "against", "high"), ("张总", "decision_maker", "", "")]
    found = floor.read(lambda session: session.scalars(sa.select(Contact).order_by(Contact.id)).all())
    assert [(one.name, one.customer_id, one.role) for one in found] == [
        ("李工", 1, "gatekeeper"),
        ("张总", 1, "decision_maker"),
    ]
    card = floor.say(c.ShowDealPeople(deal=1))
    assert card.text == "· 张总（决策人）\n· 李工（把关人，反对，影响力高）"
    floor.say(c.CreateDeal(customer="腾讯", deal="二期"))
    assert floor.say(c.ShowDealPeople(deal="二期")).text == "还不知道谁是决策人。"


def test_the_same_person_may_play_another_part_in_another_deal(floor: SalesFloor) -> None:
    for name, role in (("一期", "decision_maker"), ("二期", "user")):
        floor.say(c.CreateDeal(customer="腾讯", deal=name))
        floor.say(c.NoteDeal(deal=name, people=(c.DealPerson("张总", role),)))
    assert people(floor) == [("张总", "decision_maker", "", ""), ("张总", "user", "", "")]
    assert floor.read(lambda session: session.scalars(sa.select(Contact.role)).one()) == "decision_maker"


def test_of_a_customer_without_a_deal_the_words_are_kept(floor: SalesFloor) -> None:
    card = floor.say(c.NoteDeal(customer="腾讯", competitors=("用友",)))
    assert card.title == "腾讯科技没有进行中的商机"
    assert floor.all(Activity) == []  # nothing was said in words here
    asked = floor.refuses(deals.NoDealAtAll, lambda: floor.say(c.NoteDeal(competitors=("用友",))))
    assert "新商机" in str(asked)


def test_what_is_out_of_sight_is_not_touched(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.refuses(NotFound, lambda: floor.say(c.NoteDeal(deal=1, products=("ERP",)), "陈静"))
    floor.refuses(NotFound, lambda: floor.say(c.ShowDealPeople(deal=1), "陈静"))


def test_a_day_that_has_passed_says_so(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.NoteDeal(deal=1, close_on=date(2026, 11, 25)))
    floor.now = at(12, 1)
    assert value(floor.view("deal:1"), "预计签约") == "11月25日 周三（已过）"


def test_a_competitor_or_product_is_taken_off_again_and_comes_back_with_undo(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.NoteDeal(deal=1, products=("ERP", "MES"), competitors=("用友", "金蝶")))
    card = floor.say(c.NoteDeal(deal=1, not_competitors=("用友",), not_products=("mes",)))
    assert (card.title, card.text.splitlines()[0]) == ("商机 · 已更新", "已去掉产品：mes，已去掉竞品：用友")
    assert (value(card, "竞品"), value(card, "产品")) == ("金蝶", "ERP")
    floor.refuses(NotNoted, lambda: floor.say(c.NoteDeal(deal=1, not_competitors=("金蝶", "用友"))))
    assert value(floor.view("deal:1"), "竞品") == "金蝶"
    assert "恢复了删除的竞品「用友」" in floor.say(c.Undo()).text
    assert value(floor.view("deal:1"), "产品") == "ERP、MES"
