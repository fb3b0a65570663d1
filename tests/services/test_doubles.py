"""No customer is there twice: found by code, name and phone, asked before saving, shared by consent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from bot import commands as c
from bot import drafts
from bot.cards.doubles import double_question
from scrm import company_names, customers, doubles
from scrm.company_names import BadCreditCode
from scrm.customers import CodeAlready, CodeTaken, CodeTakenElsewhere, Exists, ExistsElsewhere
from scrm.doubles import IsADouble
from scrm.errors import NotFound, UnknownName
from scrm.models import Contact, Customer, CustomerShare, ShareRequest
from scrm.shares import AskedAlready, DecidedAlready
from tests.cast import Cast, pressed, texts, value

CODE, OTHER = "91110000600037341L", "91110108551385082Q"


def made(cast: Cast, name: str, owner: str = "李娜", **said: str) -> int:
    """A customer of this rep, whatever it resembles; its id."""
    view = cast.say(owner, c.CreateCustomer(customer=name, sure=True, **said)).view
    return int(view.partition(":")[2])


def options(asked: IsADouble) -> list[str]:
    return [label for label, _ in asked.options]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("宏图精密有限公司", "宏圖精密股份有限公司", True),
        ("宏图精密", "杭州宏图精密（集团）有限公司", True),
        ("杭州市宏图精密", "宏图精密（杭州）有限公司", True),
        ("北京宏图精密", "上海宏图精密有限公司", False),
        ("杭州银行", "宁波银行", False),
        ("ACME Co., Ltd.", "ａｃｍｅ", True),
        ("宏图精密", "宏图精密上海分公司", False),
    ],
)
def test_names_are_compared_without_form_and_place(cast: Cast, one: str, other: str, same: bool) -> None:
    made(cast, one)
    actor = cast.known_actor("李娜")
    assert bool(cast.read(lambda session: doubles.find(session, actor, other))) is same


@pytest.mark.parametrize("phone", ["+86 0571-88886666", "０５７１ ８８８８６６６６"])
def test_a_phone_is_compared_by_its_digits_also_a_contacts(cast: Cast, phone: str) -> None:
    made(cast, "宏图精密", phone="0571-88886666")
    asked = cast.refused(IsADouble, "李娜", c.CreateCustomer(customer="海川模具", phone=phone))
    assert "电话相同" in double_question(asked)[1]
    cast.say("李娜", c.CreateContact(contact="张伟", customer="宏图精密", phone="138 0013 8000"))
    cast.refused(IsADouble, "李娜", c.CreateCustomer(customer="张伟家", phone="+8613800138000"))
    assert cast.count(Customer) == 1


def test_ones_own_double_is_named_and_a_colleagues_is_not(cast: Cast) -> None:
    made(cast, "宏图精密有限公司", "孙浩")
    asked = cast.refused(IsADouble, "李娜", c.CreateCustomer(customer="宏图精密"))
    assert options(asked) == ["仍要新建", "申请协作"]
    title, text = double_question(asked)
    assert title == "可能重复：宏图精密"
    assert text == "· 名称相近的客户，已有同事在跟进"
    boss = cast.refused(IsADouble, "周涛", c.CreateCustomer(customer="宏图精密"))
    assert options(boss) == ["关联", "仍要新建"]
    assert "宏图精密有限公司（名称相近），负责人 孙浩" in double_question(boss)[1]
    assert cast.count(Customer) == 1
    made(cast, "宏图精密")
    assert cast.count(Customer) == 2


def test_one_credit_code_is_one_customer(cast: Cast) -> None:
    made(cast, "宏图精密", "孙浩", code=CODE)
    asked = cast.refused(IsADouble, "李娜", c.CreateCustomer(customer="海川模具", code=CODE.lower()))
    assert options(asked) == ["申请协作"]
    cast.refused(ExistsElsewhere, "李娜", c.CreateCustomer(customer="海川模具", code=CODE, sure=True))
    with pytest.raises(BadCreditCode, match="校验不通过"):
        company_names.credit_code(f"{CODE[:-1]}M")
    with pytest.raises(BadCreditCode, match="不是 18 位"):
        company_names.credit_code("9133")


def test_two_who_make_one_credit_code_at_once_make_one_customer(cast: Cast) -> None:
    actors = [cast.known_actor(name) for name in ("李娜", "王磊", "孙浩", "陈静")]

    def make(index: int) -> str:
        try:
            return cast.write(
                lambda session: customers.create(session, actors[index], f"客户{index}", cast.now, code=CODE).name
            )
        except (Exists, ExistsElsewhere):
            return ""

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(make, range(4)))
    assert len(list(filter(None, answers))) == cast.count(Customer) == 1


def test_a_credit_code_is_noted_amended_and_taken_back(cast: Cast) -> None:
    made(cast, "宏图精密")
    noted = cast.say("李娜", c.SetCreditCode(customer="宏图精密", code="9111 0000 6000 3734 1l"))
    assert value(noted, "信用代码") == CODE
    assert value(cast.say("李娜", c.ShowCustomer(customer="宏图精密")), "信用代码") == CODE
    cast.refused(CodeAlready, "李娜", c.SetCreditCode(customer="宏图精密", code=CODE))
    amended = cast.say("李娜", c.SetCreditCode(customer="宏图精密", code=OTHER))
    assert (amended.title, value(amended, "原来是")) == ("已更正信用代码 · 宏图精密", CODE)
    cast.say("李娜", pressed(amended, "撤销"))
    made(cast, "海川模具")
    taken = cast.refused(CodeTaken, "李娜", c.SetCreditCode(customer="海川模具", code=CODE))
    assert "合并客户 宏图精密 和 海川模具" in str(taken)
    made(cast, "远洋物流", "孙浩")
    assert "宏图" not in str(cast.refused(CodeTakenElsewhere, "孙浩", c.SetCreditCode(customer="远洋物流", code=CODE)))


def test_what_is_compared_follows_name_and_phone_whoever_writes_them(cast: Cast) -> None:
    ident = made(cast, "宏图精密")

    def renamed() -> tuple[str, str]:
        with cast.database.write() as session:
            row = session.get_one(Customer, ident)
            row.name, row.phone = "海川模具有限公司", "021-5555 6666"
            session.flush()
            return row.name_core, row.phone_key

    assert renamed() == ("海川模具", "02155556666")


# --- 申请协作


def asked_for(cast: Cast, words: str = "") -> c.Command:
    """李娜 asks to work on 孙浩's customer; the 同意 on his card."""
    ident = cast.read(lambda session: session.scalars(sa.select(Customer.id)).one())
    cast.say("李娜", c.AskShare(customer=ident, called="宏图", words=words))
    [owed] = [one for one in cast.owed if one.member_id == cast.id("孙浩")]
    assert [one.member_id for one in cast.owed] == [cast.id("孙浩")]
    assert value(owed.payload["card"], "申请人") == "李娜"
    return pressed(owed.payload["card"], "同意")


def test_by_the_owners_consent_the_asker_sees_and_works_on_the_customer(cast: Cast) -> None:
    made(cast, "宏图精密", "孙浩")
    agree = asked_for(cast, "今天拜访了宏图，聊了报价")
    cast.refused(AskedAlready, "李娜", c.AskShare(customer=1, called="宏图"))
    cast.refused(UnknownName, "李娜", c.ShowCustomer(customer="宏图精密"))
    with pytest.raises(NotFound):
        cast.say("王磊", agree)
    decided = cast.say("孙浩", agree)
    assert decided.title == "已同意协作 · 宏图精密"
    [told] = cast.owed
    assert told.member_id == cast.id("李娜")
    assert "今天拜访了宏图，聊了报价" in told.payload["card"].text
    brief = cast.say("李娜", c.ShowCustomer(customer="宏图精密"))
    assert (value(brief, "负责人"), value(brief, "协作")) == ("孙浩", "李娜")
    cast.say("李娜", c.LogActivity(summary="聊了报价", customer="宏图精密"))
    cast.refused(DecidedAlready, "孙浩", agree)
    cast.say("孙浩", pressed(decided, "撤销"))
    assert cast.count(CustomerShare) == 0
    cast.refused(UnknownName, "李娜", c.ShowCustomer(customer="宏图精密"))


def test_refused_the_asker_learns_nothing_more(cast: Cast) -> None:
    made(cast, "宏图精密有限公司", "孙浩")
    agree = asked_for(cast)
    cast.say("孙浩", c.replace(agree, approve=False))
    [told] = cast.owed
    card = told.payload["card"]
    assert "孙浩" not in card.title + card.text + str(card.rows)
    assert "精密" not in card.title + card.text + str(card.rows)
    assert cast.count(CustomerShare) == 0
    assert cast.count(ShareRequest) == 1


def test_a_collaborator_may_not_let_others_in(cast: Cast) -> None:
    made(cast, "宏图精密", "孙浩")
    cast.write(lambda session: session.add(CustomerShare(customer_id=1, member_id=cast.id("王磊"))))
    agree = asked_for(cast)
    cast.refused(NotFound, "王磊", agree)


def test_the_answer_to_the_question_goes_on_with_what_was_said(cast: Cast) -> None:
    first, visit = c.CreateCustomer(customer="宏图"), c.LogActivity(summary="聊了报价", customer="宏图")
    settle = drafts._settled
    assert settle([first, visit], {"use": 7}, "") == [c.replace(visit, customer=7)]
    assert settle([first], {"use": 7}, "") == [c.ShowCustomer(customer=7)]
    assert settle([first, visit], {"new": True}, "") == [c.replace(first, sure=True), visit]
    assert settle([first, visit], {"claim": 7}, "") == [c.ClaimCustomer(customer=7), c.replace(visit, customer=7)]
    assert settle([first, visit], {"ask": 7}, "今天…") == [c.AskShare(customer=7, called="宏图", words="今天…")]


def test_a_contact_has_its_phone_to_be_found_by(cast: Cast) -> None:
    made(cast, "宏图精密")
    cast.say("李娜", c.CreateContact(contact="张伟", customer="宏图精密", phone="138-0013-8000"))
    assert cast.count(Contact, Contact.phone_key == "13800138000") == 1
    assert "申请协作" not in texts(cast.say("李娜", c.ShowCustomer(customer="宏图精密")))
