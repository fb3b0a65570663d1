"""帮助 and small talk on the phone: every example works as it stands, and a friendly word gets a friendly line."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.models import Audit, Contact, Customer
from tests.scenarios.firm import Firm

ROLES = {"lina": "rep", "chenjing": "manager", "zhaomin": "marketer", "zhoutao": "admin"}
FAILED = ("没听懂", "没有执行", "没有找到", "哪个", "哪位", "还没有「", "没有权限")


def examples(text: str) -> list[str]:
    """The sentences a card offers."""
    return [line.removeprefix("· ") for line in text.splitlines() if line.startswith("· ")]


async def settle_in(firm: Firm) -> None:
    """A company at work: two customers of 李娜, one known contact, a deal and a tag."""
    for words in ("新建客户 华星机械制造有限公司", "新建客户 云帆物流集团有限公司", "华星机械新联系人 张建国，电话13800138000",
                  "华星机械 新商机 MES一期 80万", "给张建国打标签 高意向", "今天拜访了华星机械张建国，聊了报价"):  # fmt: skip
        await firm.say("lina", words)


async def test_a_marketer_may_tag_a_person_whose_company_is_out_of_sight(wecom_firm: Firm) -> None:
    external = await wecom_firm.emulator.add_contact("lina", "何女士")
    await wecom_firm.look_for("lina", "何女士")
    await wecom_firm.say("lina", "新建客户 华星机械制造有限公司")

    def employ(session: Session) -> None:
        company = session.scalars(sa.select(Customer.id)).one()
        session.execute(sa.update(Contact).where(Contact.external_user_id == external).values(customer_id=company))

    await wecom_firm.data(employ)
    offered = [words for words in examples((await wecom_firm.say("zhaomin", "帮助")).text) if "打标签" in words]
    assert "何女士" in offered[0]
    tagged = await wecom_firm.say("zhaomin", offered[0])
    assert "已打标签" in tagged.text
    assert [button.text for button in tagged.buttons] == ["撤销"]  # the company is out of sight: nothing to look at


async def test_only_who_may_make_a_customer_is_offered_to(firm: Firm) -> None:
    shown = await firm.say("zhaomin", "查一下远山机械")
    assert "没有找到" in shown.text
    assert "新建" not in shown.text


async def test_a_rep_who_asks_for_what_is_overdue_sees_his_own(firm: Firm) -> None:
    assert "没有权限" not in (await firm.say("lina", "逾期")).text


@pytest.mark.parametrize("who", ROLES)
async def test_every_example_works_when_it_is_said_as_it_stands(wecom_firm: Firm, who: str) -> None:
    await settle_in(wecom_firm)
    offered = examples((await wecom_firm.say(who, "帮助")).text)
    assert len(offered) >= 4
    for words in offered:
        shown = await wecom_firm.say(who, words)
        assert not any(mark in shown.text for mark in FAILED), f"{words}\n---\n{shown.text}"


async def test_examples_are_about_ones_own_customers(firm: Firm) -> None:
    await settle_in(firm)
    mine = (await firm.say("lina", "帮助")).text
    assert "今天拜访了华星机械制造张建国" in mine
    assert "MES一期 推进到需求确定" in mine
    others = (await firm.say("sunhao", "帮助")).text
    assert "华星" not in others
    assert "新建客户" in others


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("谢谢", "不客气"),
        ("好的", "随时说"),
        ("收到", "随时说"),
        ("哈哈", "随时说"),
        ("你好", "客户管理助手"),
        ("再见", "再见"),
    ],
)
async def test_small_talk_gets_a_friendly_line(firm: Firm, words: str, answer: str) -> None:
    shown = await firm.say("lina", words)
    assert answer in shown.text
    assert "没听懂" not in shown.text
    await firm.quiet()
    assert len(firm.bot_items("lina")) == 1


async def test_thanks_does_not_become_the_record_that_was_asked_for(wecom_firm: Firm) -> None:
    await settle_in(wecom_firm)
    logged = await wecom_firm.say("lina", "今天拜访了华星机械，聊了交期")
    await wecom_firm.click("lina", logged, "补充")
    assert "不客气" in (await wecom_firm.say("lina", "谢谢")).text
    added = await wecom_firm.say("lina", "还聊了售后")
    assert "还聊了售后" in added.text
    assert (
        await wecom_firm.data(
            lambda session: session.scalar(sa.select(sa.func.count(Audit.id)).where(Audit.source == "谢谢"))
        )
        == 0
    )
