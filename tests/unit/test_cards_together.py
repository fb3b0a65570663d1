"""Cards of one sentence become one card, and long names become buttons that can be told apart."""

from __future__ import annotations

import pytest

from bot import commands as c
from bot.cards.card import Button, Card, rows
from bot.cards.errors import error_card, question_card
from bot.cards.merge import merge, merge_partly
from bot.cards.names import company_entry, deal_of, short, shorts
from scrm.errors import Ambiguous, Candidate, Missing, UnknownName


def button(text: str, command: c.Command) -> Button:
    return Button(text, c.pack(command))


VISIT = Card(
    title="已记录 · 拜访", text="聊了报价", rows=rows(("客户", "腾讯科技 · 张总"), ("金额", "50万"), ("商机", "年度采购（现为 80万）")),
    buttons=(button("补充", c.Supplement(activity=1)), button("改时间", c.Reschedule(followup=1)), button("撤销", c.Undo(turn="e1"))),
)  # fmt: skip
MOVE = Card(
    title="商机 · 推进到谈判", rows=rows(("商机", "年度采购"), ("客户", "腾讯科技"), ("金额", "60万")), view="deal:1",
    buttons=(
        button("推进到签约", c.MoveDeal(stage=5, deal=1)), button("赢单", c.WinDeal(deal=1)), button("丢单", c.LoseDeal(deal=1)),
        button("暂停", c.PauseDeal(deal=1)), button("撤销", c.Undo(turn="e1")),
    ),
)  # fmt: skip


def test_a_visit_and_a_move_read_as_one() -> None:
    card = merge([VISIT, MOVE])
    assert (card.title, card.text, card.view) == ("已记录 · 拜访，推进到谈判", "聊了报价", "deal:1")
    assert [(row.label, row.value) for row in card.rows] == [
        ("客户", "腾讯科技 · 张总"),
        ("金额", "60万"),
        ("商机", "年度采购（现为 80万）"),
    ]
    assert [one.text for one in card.buttons] == ["推进到签约", "赢单", "补充", "改时间", "丢单", "撤销"]


def test_a_question_says_first_what_was_done_already() -> None:
    asked = Card(
        title="哪个商机？", text="您指的是哪一个？", buttons=(button("取消", c.AnswerDraft(draft=1, option=-1)),)
    )
    card = merge_partly([VISIT], asked, asks=True)
    assert card.text == "已记录 · 拜访（腾讯科技 · 张总）。\n您指的是哪一个？"
    assert (card.title, card.buttons) == (asked.title, asked.buttons)


def test_what_could_not_be_done_stands_below_what_was() -> None:
    card = merge_partly([VISIT], Card(title="没有执行", text="商机已经赢单了。"), asks=False)
    assert (card.title, card.text) == ("已记录 · 拜访", "聊了报价\n商机已经赢单了。")
    assert [one.text for one in card.buttons] == ["补充", "改时间", "撤销"]


def test_one_card_alone_stays_as_it_is() -> None:
    assert merge([VISIT]) is VISIT


def test_the_answers_to_one_question_stay_together_and_one_button_stands_out() -> None:
    reasons = tuple(button(text, c.LossReason(deal=1, reason=place)) for place, text in enumerate("价预需时竞"))
    lost = Card(
        title="商机 · 已丢单",
        text="主要是什么原因？",
        buttons=(*reasons, button("撤销", c.Undo(turn="e1"))),
    )
    assert [one.text for one in merge([VISIT, lost]).buttons] == [*"价预需时竞", "撤销"]
    first = Card(title="一", buttons=(Button("甲", c.pack(c.ShowTodo()), "primary"),))
    second = Card(title="二", buttons=(Button("乙", c.pack(c.MyDeals()), "primary"),))
    assert [one.style for one in merge([first, second]).buttons] == ["primary", "default"]


def test_what_two_cards_offer_alike_is_offered_once() -> None:
    plan = button("安排跟进", c.ScheduleFollowUp(customer=1))
    made = Card(title="已新建客户 · 宏图", buttons=(plan, button("撤销", c.Undo(turn="e1"))))
    told = Card(
        title="已记录 · 拜访",
        buttons=(button("安排下一步", c.ScheduleFollowUp(customer=1)), button("撤销", c.Undo(turn="e1"))),
    )
    card = merge([made, told])
    assert (card.title, [one.text for one in card.buttons]) == (
        "已新建客户 · 宏图，已记录 · 拜访",
        ["安排下一步", "撤销"],
    )


@pytest.mark.parametrize(
    ("deal", "company", "shown"),
    [
        ("华星机械MES一期", "华星机械制造有限公司", "MES一期"),
        ("年度采购", "腾讯科技", "年度采购"),
        ("八婺药业合规审计", "金华八婺药业有限公司", "合规审计"),  # called without the place it begins with
        ("华星机床厂MES", "华星机械制造", "机床厂MES"),  # whole words only
        ("中台建设", "中科精密", "中台建设"),  # one letter in common is chance
        ("腾讯科技商机", "腾讯科技", "腾讯科技商机"),  # too little would be left
    ],
)
def test_a_deal_beside_its_customer_leaves_the_customer_out(deal: str, company: str, shown: str) -> None:
    assert deal_of(deal, company) == shown


def test_companies_are_shortened_for_lists_and_buttons() -> None:
    assert short("宁波海川模具有限公司") == "宁波海川模具"
    assert company_entry(3, "宁波海川模具有限公司") == "3. 海川模具"
    assert len(company_entry(10, "扬州瘦西湖文化旅游发展集团有限公司")) == 10


@pytest.mark.parametrize(
    ("company", "called", "on_a_button"),
    [
        ("腾讯科技深圳分公司", "腾讯科技深圳分公司", "3. 腾讯科技深圳"),
        ("腾讯科技（深圳）有限公司", "腾讯科技", "3. 腾讯科技"),
        ("北京字节跳动科技有限公司上海分公司", "北京字节跳动科技上海分公司", "3. 字节跳动上海"),
        ("招商银行股份有限公司深圳分行", "招商银行深圳分行", "3. 招商银行深圳"),
        ("中国建设银行股份有限公司苏州分行", "中国建设银行苏州分行", "3. 中国建设…苏州"),
        ("深圳市腾讯计算机系统有限公司", "深圳市腾讯计算机系统", "3. 腾讯计算机系统"),
        ("阿里巴巴（中国）网络技术有限公司", "阿里巴巴网络技术", "3. 阿里巴巴网络"),
        ("苏州工业园区恒达电子科技有限公司", "苏州工业园区恒达电子科技", "3. 工业园区恒达"),
        ("武汉大学人民医院", "武汉大学人民医院", "3. 武汉大学人民…"),
        ("宏图精密", "宏图精密", "3. 宏图精密"),
    ],
)
def test_a_company_is_called_as_a_person_would(company: str, called: str, on_a_button: str) -> None:
    assert short(company) == called
    assert company_entry(3, company) == on_a_button


def test_companies_that_would_read_alike_keep_what_sets_them_apart() -> None:
    assert shorts(["腾讯科技（深圳）有限公司", "腾讯科技（北京）有限公司", "腾讯音乐有限公司"]) == [
        "腾讯科技（深圳）", "腾讯科技（北京）", "腾讯音乐",
    ]  # fmt: skip
    assert shorts(["华星有限公司", "华星股份有限公司"]) == ["华星有限公司", "华星股份有限公司"]


def test_questions_have_short_buttons_and_say_how_to_answer_in_words() -> None:
    deals = (Candidate(1, "华星机械MES一期"), Candidate(2, "华星机械排产优化"))
    asked = question_card(Ambiguous("deal", "华星机械", deals), 7, [one.label for one in deals])
    assert [one.text for one in asked.buttons] == ["MES一期", "排产优化", "取消"]
    when = question_card(Missing("due_at", "什么时候跟进腾讯？", (("明天", "x"),)), 7, ["明天"])
    assert "周五下午3点" in when.note
    unknown = question_card(UnknownName("customer", "宏图精密"), 7, ["新建客户"])
    assert unknown.title == "还没有「宏图精密」这个客户"
    assert "新建客户 宏图精密" in error_card(UnknownName("customer", "宏图精密")).text
    assert "客户名 新商机 宏图MES 80万" in error_card(UnknownName("deal", "宏图MES")).text
