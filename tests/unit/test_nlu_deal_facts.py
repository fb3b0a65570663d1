"""What reps say they know of a deal: taken clause by clause, and only where every clause is such a fact."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bot import commands as c
from bot.nlu.frame import Name, Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.plan import commands_of
from bot.nlu.understand import understand

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
LEXICON = Lexicon(
    [
        Name("customer", 1, "腾讯科技（深圳）有限公司", ("腾讯",)),
        Name("customer", 2, "华星机械制造有限公司"),
        Name("contact", 1, "张建国", customer=2, title="总经理"),
        Name("contact", 2, "王芳", customer=1, title="采购经理"),
        Name("deal", 1, "云服务续费", customer=1, stage="谈判"),
        Name("deal", 2, "MES一期", customer=2, stage="方案报价"),
        *(Name("stage", stage, stage) for stage in ("初次洽谈", "方案报价", "谈判", "签约")),
    ]
)
SCOPE = Scope(me=9, last_customer=2, last_deal=2)


def heard(text: str, scope: Scope = SCOPE) -> c.Command:
    frame = understand(text, MONDAY, LEXICON, scope)
    return commands_of(frame, MONDAY, scope).commands[0]


def noted(text: str, scope: Scope = SCOPE) -> c.NoteDeal:
    command = heard(text, scope)
    assert isinstance(command, c.NoteDeal), command
    return command


def test_many_facts_of_one_sentence_are_all_taken() -> None:
    said = noted("云服务续费：预算120万，预计12月20日签约，决策人是王芳，竞品是用友、金蝶和SAP，产品有ERP")
    assert said == c.NoteDeal(
        deal=1, amount=Decimal(1_200_000), close_on=date(2026, 12, 20), products=("ERP",),
        competitors=("用友", "金蝶", "SAP"), people=(c.DealPerson(2, "decision_maker"),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("张建国是决策人", c.DealPerson(1, "decision_maker")),
        ("拍板的是张建国", c.DealPerson(1, "decision_maker")),
        ("KP是李工", c.DealPerson("李工", "decision_maker")),
        ("李工是技术把关人", c.DealPerson("李工", "gatekeeper")),
        ("张建国很支持我们", c.DealPerson(1, "", "for")),
        ("张建国态度中立", c.DealPerson(1, "", "neutral")),
        ("张建国影响力很大", c.DealPerson(1, "", "", "high")),
    ],
)
def test_the_part_of_a_person(text: str, person: c.DealPerson) -> None:
    assert noted(text).people == (person,)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("预计下周五签约", date(2026, 12, 4)),
        ("预计12月底能签", date(2026, 12, 31)),
        ("签约日期是12月8日", date(2026, 12, 8)),
        ("MES一期预计年底成交", date(2026, 12, 31)),
    ],
)
def test_the_day_a_deal_is_expected_to_close(text: str, day: date) -> None:
    assert noted(text).close_on == day


def test_whose_deal_it_is() -> None:
    assert (noted("腾讯的决策人是王芳").customer, noted("腾讯的云服务续费竞品是用友").deal) == (1, 1)
    assert (noted("竞品是用友").deal, noted("竞品是用友").customer) == (None, None)  # the one last spoken of
    assert noted("张建国是决策人").customer is None  # of the customer of that deal
    assert noted("王芳是决策人").customer == 1  # of another


@pytest.mark.parametrize(
    "text",
    [
        "今天拜访了腾讯，预计12月20日签约",
        "腾讯王芳说决策人是她老板，下周再谈",
        "云服务续费的竞品是用友，他们报了六十万",
        "周五去腾讯签约",
        "周五签约",
        "金额80万",
        "领导很支持我们",
        "决策人是谁",
        "MES一期推进到谈判",
        "王芳给了产品手册",
    ],
)
def test_a_sentence_that_says_more_or_something_else_is_left_to_the_rules(text: str) -> None:
    assert not isinstance(heard(text), c.NoteDeal)


@pytest.mark.parametrize(
    ("text", "products", "competitors"),
    [
        ("云服务续费竞品去掉用友", (), ("用友",)),
        ("去掉竞品用友", (), ("用友",)),
        ("把用友从竞品里去掉", (), ("用友",)),
        ("用友不是竞品", (), ("用友",)),
        ("云服务续费的产品去掉ERP和MES", ("ERP", "MES"), ()),
        ("删掉产品ERP", ("ERP",), ()),
    ],
)
def test_what_is_taken_off_a_deal_again(text: str, products: tuple[str, ...], competitors: tuple[str, ...]) -> None:
    said = noted(text)
    assert (said.not_products, said.not_competitors) == (products, competitors)
    assert (said.products, said.competitors) == ((), ())


def test_one_competitor_goes_and_another_comes_in_one_sentence() -> None:
    said = noted("竞品去掉用友，竞品是金蝶")
    assert (said.not_competitors, said.competitors) == (("用友",), ("金蝶",))
