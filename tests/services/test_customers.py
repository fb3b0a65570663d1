"""Customers: made once, briefed on one screen, listed page by page, and never shown to those who may not see them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from bot import commands as c
from bot.cards.doubles import double_question
from scrm import customers
from scrm.customers import PAGE, Exists, ExistsElsewhere, InPool, NoName
from scrm.doubles import IsADouble
from scrm.errors import NotFound, UnknownName
from scrm.models import Customer, CustomerShare, CustomerTag, Tag
from tests.cast import Cast, pressed, texts, value


def made(cast: Cast, name: str, owner: str = "李娜") -> int:
    """A customer of this rep; its id."""
    view = cast.say(owner, c.CreateCustomer(customer=name)).view
    return int(view.partition(":")[2])


def test_a_new_customer_says_what_to_do_next_and_can_be_taken_back(cast: Cast) -> None:
    card = cast.say("李娜", c.CreateCustomer(customer=" 宏图精密 "), words="新建客户 宏图精密")
    assert card.title == "已新建客户 · 宏图精密"
    assert texts(card) == ["安排跟进", "新建商机", "撤销"]
    brief = cast.say("李娜", c.ShowCustomer(customer="宏图精密"))
    assert (brief.title, value(brief, "负责人")) == ("宏图精密", "李娜")
    cast.say("李娜", pressed(card, "撤销"))
    assert cast.count(Customer) == 0


@pytest.mark.parametrize("again", ["宏图精密（上海）", "宏图精密(上海)", " 宏图精密 上海 ", "宏图精密·上海"])
def test_the_same_company_written_otherwise_is_the_same_customer(cast: Cast, again: str) -> None:
    made(cast, "宏图精密（上海）")
    shown = cast.refused(Exists, "李娜", c.CreateCustomer(customer=again))
    assert "已经存在" in str(shown)
    assert value(cast.view("李娜", shown.view), "负责人") == "李娜"
    assert cast.count(Customer) == 1


def test_latin_names_are_the_same_in_any_case_and_width(cast: Cast) -> None:
    made(cast, "ACME Corp.")
    cast.refused(Exists, "李娜", c.CreateCustomer(customer="Ａｃｍｅ　ｃｏｒｐ"))


def test_a_colleagues_customer_is_said_to_exist_and_nothing_more(cast: Cast) -> None:
    made(cast, "宏图精密", "孙浩")
    asked = cast.refused(IsADouble, "李娜", c.CreateCustomer(customer="宏图精密"))
    assert [label for label, _ in asked.options] == ["申请协作"]
    assert "孙浩" not in double_question(asked)[1]
    refusal = str(cast.refused(ExistsElsewhere, "李娜", c.CreateCustomer(customer="宏图精密", sure=True)))
    assert "主管" in refusal
    assert "孙浩" not in refusal
    assert cast.count(Customer) == 1
    assert cast.refused(Exists, "周涛", c.CreateCustomer(customer="宏图精密")).view  # an admin sees it


def test_a_customer_of_the_pool_is_given_out_by_the_manager(cast: Cast) -> None:
    customer_id = made(cast, "宏图精密", "孙浩")

    def release() -> None:
        with cast.database.write() as session:
            session.get_one(Customer, customer_id).owner_id = None

    release()
    asked = cast.refused(IsADouble, "李娜", c.CreateCustomer(customer="宏图精密"))
    assert [label for label, _ in asked.options] == ["领取"]
    assert "公海" in double_question(asked)[1]
    assert "公海" in str(cast.refused(InPool, "李娜", c.CreateCustomer(customer="宏图精密", sure=True)))
    assert value(cast.view("周涛", f"customer:{customer_id}"), "负责人") == "公海"


@pytest.mark.parametrize("nothing", ["", "  ", "（）", "，。"])
def test_a_customer_has_a_name(cast: Cast, nothing: str) -> None:
    assert "新建客户" in str(cast.refused(NoName, "李娜", c.CreateCustomer(customer=nothing)))
    assert cast.count(Customer) == 0


def test_a_name_as_long_as_a_sentence_is_cut_to_what_fits(cast: Cast) -> None:
    made(cast, "长" * 500)
    assert len(cast.read(lambda session: session.get_one(Customer, 1).name)) == 128
    cast.refused(Exists, "李娜", c.CreateCustomer(customer="长" * 500))


def test_two_who_make_it_at_once_make_one(cast: Cast) -> None:
    actors = [cast.known_actor(name) for name in ("李娜", "王磊", "孙浩", "陈静")]

    def make(index: int) -> str:
        try:
            return cast.write(lambda session: customers.create(session, actors[index], "宏图精密", cast.now).name)
        except (Exists, ExistsElsewhere) as refusal:
            return type(refusal).__name__

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(make, range(4)))
    assert answers.count("宏图精密") == 1
    assert set(answers) <= {"宏图精密", "Exists", "ExistsElsewhere"}
    assert cast.count(Customer) == 1


# --- the brief


def test_the_brief_says_on_one_screen_what_one_knows(cast: Cast) -> None:
    customer_id = made(cast, "宏图精密")
    cast.say("李娜", c.CreateContact(contact="张伟", customer=customer_id, title="总经理", phone="13800138000"))
    cast.say("李娜", c.CreateDeal(customer=customer_id, deal="二期MES", amount=Decimal(800_000)))
    for index in range(4):
        cast.later(days=1)
        cast.say("李娜", c.LogActivity(summary=f"第{index}次聊报价", kind="visit", customer=customer_id))
    cast.say("李娜", c.ScheduleFollowUp(customer=customer_id, due_at=cast.now + timedelta(days=1), action="送合同"))
    cast.say("李娜", c.TagContact(tags=("重点",), customer=customer_id))
    cast.later(hours=2)
    card = cast.say("李娜", c.ShowCustomer(customer="宏图"))
    assert value(card, "联系人") == "张伟（总经理） 13800138000"
    assert value(card, "商机").startswith("二期MES（")
    assert "80万" in value(card, "商机")
    assert value(card, "下一步").endswith("送合同")
    assert value(card, "标签") == "重点"
    assert card.text.splitlines() == [
        "最近跟进",
        "· 2小时前 拜访：第3次聊报价",
        "· 1天前 拜访：第2次聊报价",
        "· 2天前 拜访：第1次聊报价",
    ]
    assert texts(card) == ["看待办", "二期MES"]
    assert "二期MES" in cast.say("李娜", pressed(card, "二期MES")).title


def test_the_brief_of_a_customer_nothing_is_known_of_offers_the_first_step(cast: Cast) -> None:
    card = cast.say("李娜", c.ShowCustomer(customer=made(cast, "宏图精密")))
    assert (value(card, "商机"), value(card, "下一步"), card.text) == (
        "暂无进行中的商机",
        "还没有安排",
        "还没有跟进记录",
    )
    assert texts(card) == ["安排跟进"]


def test_many_deals_do_not_make_the_card_long(cast: Cast) -> None:
    customer_id = made(cast, "宏图精密")
    for index in range(5):
        cast.say("李娜", c.CreateDeal(customer=customer_id, deal=f"项目{index}"))
    card = cast.say("李娜", c.ShowCustomer(customer=customer_id))
    assert value(card, "商机").count("项目") == 3
    assert value(card, "商机").endswith(" 等")
    assert len(card.buttons) <= 6


def test_who_decides_comes_first(cast: Cast) -> None:
    customer_id = made(cast, "宏图精密")
    for name in ("前台小王", "王总"):
        cast.say("李娜", c.CreateContact(contact=name, customer=customer_id))

    def decide() -> None:
        with cast.database.write() as session:
            for person in customers.brief(
                session, cast.known_actor("李娜"), session.get_one(Customer, customer_id)
            ).people:
                person.role = "decision_maker" if person.name == "王总" else "user"

    decide()
    assert value(cast.view("李娜", f"customer:{customer_id}"), "联系人") == "王总（决策人）、前台小王"


def test_a_name_out_of_sight_is_a_name_nobody_knows(cast: Cast) -> None:
    customer_id = made(cast, "宏图精密", "孙浩")
    unknown = cast.refused(UnknownName, "李娜", c.ShowCustomer(customer="宏图精密"))
    nothing = cast.refused(UnknownName, "李娜", c.ShowCustomer(customer="没有这家"))
    assert (unknown.slot, unknown.close) == (nothing.slot, nothing.close) == ("customer", ())
    guessed = cast.refused(NotFound, "李娜", c.ShowCustomer(customer=customer_id))
    assert str(guessed) == str(cast.refused(NotFound, "李娜", c.ShowCustomer(customer=999_999)))


# --- the list


def test_own_and_shared_customers_are_ones_customers(cast: Cast) -> None:
    made(cast, "自己的客户")
    shared, _other = made(cast, "共享的客户", "孙浩"), made(cast, "别人的客户", "孙浩")
    cast.write(lambda session: session.add(CustomerShare(customer_id=shared, member_id=cast.id("李娜"))))
    card = cast.say("李娜", c.MyCustomers())
    assert card.title == "客户 2 家"
    assert "共享的客户" in card.text
    assert "别人的客户" not in card.text
    assert (
        cast.say("陈静", c.MyCustomers()).title == "客户 1 家"
    )  # the team's; what was shared with 李娜 was shared with her


def test_the_customer_touched_last_comes_first(cast: Cast) -> None:
    for name in ("甲公司", "乙公司", "丙公司"):
        made(cast, name)
    cast.say("李娜", c.LogActivity(summary="聊了聊", customer="甲公司"))
    assert [line.split(" · ")[0] for line in cast.say("李娜", c.MyCustomers()).text.splitlines()] == [
        "1. 甲公司",
        "2. 丙公司",
        "3. 乙公司",
    ]


def test_the_list_is_turned_page_by_page(cast: Cast) -> None:
    for index in range(PAGE + 2):
        made(cast, f"客户{index:02}")
    first = cast.say("李娜", c.MyCustomers())
    assert (len(first.text.splitlines()), texts(first)[-1]) == (PAGE, "下一页")
    second = cast.say("李娜", pressed(first, "下一页"))
    assert second.text.splitlines()[0].startswith(f"{PAGE + 1}. ")
    assert (len(second.text.splitlines()), texts(second)[-1]) == (2, "回到第一页")
    assert cast.say("李娜", pressed(second, "回到第一页")) == first
    beyond = cast.say("李娜", c.MyCustomers(page=40))
    assert cast.say("李娜", pressed(beyond, "回到第一页")) == first


def test_without_customers_the_list_says_how_to_make_one(cast: Cast) -> None:
    assert "新建客户" in cast.say("李娜", c.MyCustomers()).text


def test_tags_of_a_customer_are_its_own(cast: Cast) -> None:
    first, second = made(cast, "甲公司"), made(cast, "乙公司")

    def wear() -> None:
        with cast.database.write() as session:
            tag = Tag(name="重点")
            session.add(tag)
            session.flush()
            session.add(CustomerTag(customer_id=first, tag_id=tag.id))

    wear()
    assert value(cast.view("李娜", f"customer:{first}"), "标签") == "重点"
    assert value(cast.view("李娜", f"customer:{second}"), "标签") == ""
