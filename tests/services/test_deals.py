"""Deals: made once, moved by sentence and button, won, lost, paused; an old card never changes anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sales_floor import SETTINGS, SHANGHAI, SalesFloor, at, texts, value

from bot import commands as c
from bot.cards.clock import Clock
from bot.cards.deals import pause_options
from bot.cards.doubles import deal_question
from bot.context import Context
from scrm import deals, defaults, pipeline
from scrm.db import Database
from scrm.deal_doubles import DealIsThere
from scrm.errors import Ambiguous, Missing, NotFound, Outdated, UnknownName
from scrm.models import Deal, Stage, StageChange
from scrm.versions import ChangedByYou


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    return floor


def history(floor: SalesFloor) -> list[tuple[str, str, str]]:
    """(stage, from status, to status) of every change, in order."""
    query = sa.select(Stage.name, StageChange.from_status, StageChange.to_status).join(
        Stage, Stage.id == StageChange.to_stage_id
    )
    return floor.read(lambda session: [tuple(row) for row in session.execute(query.order_by(StageChange.id))])


def reasons(floor: SalesFloor) -> list[str]:
    """The reason of every change, in order."""
    return floor.read(lambda session: list(session.scalars(sa.select(StageChange.reason).order_by(StageChange.id))))


def test_a_deal_about_the_same_product_is_asked_about(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.NoteDeal(deal="年度采购", products=("私有云",)))
    asked = floor.refuses(DealIsThere, lambda: floor.say(c.CreateDeal(customer="腾讯", deal="私有云二期")))
    assert "年度采购（产品 私有云 相同）" in deal_question(asked)[1]
    floor.say(c.CreateDeal(customer="腾讯", deal="私有云续费", kind="renewal"))  # of another kind
    floor.say(c.CreateDeal(customer="阿里", deal="私有云二期"))
    floor.say(c.CreateDeal(customer="腾讯", deal="私有云二期", sure=True))
    floor.say(c.CreateDeal(customer="腾讯", deal="私有云二期", sure=True))
    assert len(floor.all(Deal)) == 5


def test_stages_are_seeded_once_and_renewals_skip_a_stage(floor: SalesFloor) -> None:
    with floor.database.write() as session:
        defaults.seed(session)
    names = floor.read(lambda session: [stage.name for stage in defaults.stages_of(session, "default")])
    assert names == ["初次洽谈", "需求确定", "方案报价", "谈判", "签约"]
    assert "需求确定" not in floor.read(
        lambda session: [stage.name for stage in defaults.stages_of(session, "renewal")]
    )


def test_a_deal_is_made_in_one_sentence_and_never_twice(floor: SalesFloor) -> None:
    card = floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", amount=Decimal(800000)))
    assert (value(card, "客户"), value(card, "阶段"), value(card, "金额")) == ("腾讯科技", "初次洽谈（1/5）", "80万")
    assert texts(card) == ["推进到需求确定", "赢单", "丢单", "暂停", "撤销"]
    again = floor.refuses(DealIsThere, lambda: floor.say(c.CreateDeal(customer="腾讯", deal="年度 采购")))
    assert again.options == (("用已有的", {"use": 1, "bare": False}), ("仍要新建", {"new": True}))
    assert deal_question(again)[1] == "· 年度采购（同名） · 初次洽谈 · 80万 · 李娜"
    assert len(floor.all(Deal)) == 1
    floor.takes_back()
    assert floor.all(Deal) == []
    assert history(floor) == []


def test_a_deal_without_a_name_is_called_after_its_customer(floor: SalesFloor) -> None:
    assert value(floor.say(c.CreateDeal(customer="腾讯")), "商机") == "腾讯科技商机"


def test_a_move_keeps_who_when_and_from_which_message(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", stage="需求"))
    floor.now = at(11, 24, 9)
    card = floor.say(c.MoveDeal(stage="谈判", deal="年度采购", amount=Decimal(600000)))
    assert (card.title, value(card, "金额")) == ("商机 · 推进到谈判", "60万")
    change = floor.read(lambda session: session.scalars(sa.select(StageChange).order_by(StageChange.id.desc())).first())
    assert change is not None
    assert (change.at, change.member_id, change.event_id) == (at(11, 24, 9), floor.member("李娜").id, floor.turns)
    assert floor.only(Deal).stage_since == at(11, 24, 9)
    back = floor.say(c.MoveDeal(stage="方案", deal="年度采购"))
    assert back.title == "商机 · 退回到方案报价"
    assert floor.touched == {"deal:1", "customer:1"}


def test_a_double_click_moves_once_and_an_old_card_names_who_changed_it(floor: SalesFloor) -> None:
    old = floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.click(old, "推进到需求确定")
    same = floor.refuses(pipeline.StageAlready, lambda: floor.click(old, "推进到需求确定"))
    assert str(same) == "「年度采购」已经在「需求确定」阶段了。"
    floor.say(c.MoveDeal(stage="谈判", deal="年度采购"), "王强")
    stale = floor.refuses(Outdated, lambda: floor.click(old, "赢单"))
    assert (str(stale), stale.view) == ("刚被王强更新，已为您显示最新内容。", "deal:1")
    floor.say(c.MoveDeal(stage="方案", deal="年度采购"))
    floor.refuses(ChangedByYou, lambda: floor.click(old, "暂停"))
    assert floor.only(Deal).status == "open"
    assert [stage for stage, _, _ in history(floor)] == ["初次洽谈", "需求确定", "谈判", "方案报价"]


def test_the_last_stage_asks_whether_the_deal_is_won(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", amount=Decimal(800000)))
    card = floor.say(c.MoveDeal(stage="签约", customer="腾讯"))
    assert (card.text, texts(card)) == ("赢单了吗？", ["赢单", "还没有", "撤销"])
    assert "赢单了吗" not in floor.click(card, "还没有").text
    won = floor.click(card, "赢单")
    assert (won.title, value(won, "阶段"), texts(won)) == ("恭喜赢单", "已赢单", ["重新打开", "撤销"])
    deal = floor.only(Deal)
    assert (deal.status, deal.closed_at) == ("won", floor.now)
    floor.refuses(pipeline.WonAlready, lambda: floor.click(card, "赢单"))


def test_winning_in_words_goes_to_the_last_stage_and_takes_the_amount(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.WinDeal(deal="年度采购", amount=Decimal(700000)))
    deal = floor.only(Deal)
    assert (deal.status, deal.amount, deal.version) == ("won", Decimal(700000), 2)
    assert history(floor)[-1] == ("签约", "open", "won")
    floor.refuses(pipeline.ClosedDeal, lambda: floor.say(c.MoveDeal(stage="谈判", deal="年度采购")))
    floor.takes_back()
    assert floor.only(Deal).status == "open"


def test_a_loss_is_recorded_at_once_and_its_reason_follows_by_button(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    card = floor.say(c.LoseDeal(customer="腾讯"))
    assert floor.only(Deal).status == "lost"
    assert texts(card) == ["价格", "竞争对手", "预算取消", "需求变化", "时机不对", "撤销"]
    named = floor.click(card, "竞争对手")
    assert value(named, "原因") == "竞争对手"
    floor.refuses(pipeline.LostAlready, lambda: floor.say(c.LoseDeal(deal="年度采购")))
    floor.click(named, "重新打开")
    deal = floor.only(Deal)
    assert (deal.status, deal.lost_reason, deal.closed_at) == ("open", "", None)
    floor.refuses(Outdated, lambda: floor.click(card, "价格"))
    assert value(floor.say(c.LoseDeal(deal="年度采购", reason="换供应商了")), "原因") == "换供应商了"


def test_a_pause_asks_until_when_and_a_past_day_is_asked_again(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    asked = floor.refuses(Missing, lambda: floor.say(c.PauseDeal(deal="年度采购")))
    assert (asked.slot, [label for label, _ in asked.options]) == ("until", ["一周后", "一个月后", "下季度"])
    past = floor.refuses(Missing, lambda: floor.say(c.PauseDeal(deal="年度采购", until=at(11, 20))))
    assert past.question.startswith("这个日子已经过了")
    card = floor.say(c.PauseDeal(deal="年度采购", until=at(12, 15)))
    assert value(card, "阶段") == "初次洽谈（1/5），暂停到 12月15日 周二"
    floor.refuses(pipeline.PausedAlready, lambda: floor.say(c.PauseDeal(deal="年度采购", until=at(12, 15, 18))))
    moved = floor.say(c.MoveDeal(stage="需求确定", deal="年度采购"))
    assert "暂停" in texts(moved)
    floor.say(c.PauseDeal(deal="年度采购", until=at(12, 15)))
    assert floor.click(floor.view("deal:1"), "恢复").title == "商机 · 已恢复"
    floor.refuses(pipeline.OpenAlready, lambda: floor.say(c.ReopenDeal(deal="年度采购")))


def test_a_deal_that_goes_back_says_why_in_words_or_by_one_tap(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", stage="谈判"))
    told = floor.say(c.MoveDeal(deal="年度采购", stage="方案报价", reason="预算砍了一半"))
    assert (told.title, value(told, "原因"), told.text) == ("商机 · 退回到方案报价", "预算砍了一半", "")
    card = floor.say(c.MoveDeal(deal="年度采购", stage="需求确定"))
    assert card.text == "为什么退回？点一下就好。"
    assert texts(card) == ["需求变化", "换了对接人", "预算调整", "竞争对手介入", "之前判断早了", "撤销"]
    named = floor.click(card, "换了对接人")
    assert (named.title, value(named, "原因")) == ("商机 · 退回到需求确定", "换了对接人")
    assert reasons(floor) == ["", "预算砍了一半", "换了对接人"]
    assert floor.only(Deal).lost_reason == ""
    floor.takes_back()
    assert reasons(floor)[-1] == ""
    floor.say(c.MoveDeal(deal="年度采购", stage="谈判"))
    floor.refuses(Outdated, lambda: floor.click(card, "预算调整"))
    assert reasons(floor)[-1] == ""
    floor.refuses(NotFound, lambda: floor.say(c.BackReason(deal=1, reason=9)))


def test_a_void_deal_counts_nowhere_and_can_be_opened_again(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", amount=Decimal(800000)))
    card = floor.say(c.VoidDeal(customer="腾讯"))
    assert (card.title, card.text) == ("商机 · 已作废", "为什么作废？点一下就好。")
    assert texts(card) == ["重复录入", "录错了", "客户不存在", "测试数据", "撤销"]
    named = floor.click(card, "重复录入")
    assert (value(named, "阶段"), value(named, "原因"), texts(named)) == ("已作废", "重复录入", ["重新打开", "撤销"])
    assert reasons(floor) == ["", "重复录入"]
    floor.refuses(pipeline.VoidAlready, lambda: floor.say(c.VoidDeal(deal="年度采购")))
    assert floor.say(c.MyDeals()).title == "还没有进行中的商机"
    again = floor.say(c.ReopenDeal(customer="腾讯"))
    assert again.title == "商机 · 已重新打开"
    floor.refuses(Outdated, lambda: floor.click(card, "录错了"))
    floor.say(c.WinDeal(deal="年度采购"))
    floor.refuses(pipeline.ClosedDeal, lambda: floor.say(c.VoidDeal(deal="年度采购", reason="录错了")))


def test_the_reason_of_a_loss_stands_in_its_history_however_late_it_comes(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.LoseDeal(deal="年度采购"))
    floor.say(c.LoseDeal(deal="年度采购", reason="选了竞品"))
    assert reasons(floor) == ["", "选了竞品"]
    floor.say(c.LossReason(deal=1, reason=0))
    assert reasons(floor) == ["", "价格"]


@pytest.mark.parametrize(
    ("month", "quarter"), [(1, (2026, 4)), (3, (2026, 4)), (9, (2026, 10)), (10, (2027, 1)), (12, (2027, 1))]
)
def test_next_quarter_begins_on_its_first_day(month: int, quarter: tuple[int, int]) -> None:
    _, moment = pause_options(Clock(SHANGHAI, at(month, 15)))[-1]
    assert (moment.year, moment.month, moment.day) == (*quarter, 1)


def test_which_deal_is_meant(floor: SalesFloor) -> None:
    floor.refuses(deals.NoDealAtAll, lambda: floor.say(c.WinDeal()))
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    assert floor.say(c.MoveDeal(stage="需求", deal="腾讯")).title == "商机 · 推进到需求确定"
    floor.say(c.CreateDeal(customer="腾讯", deal="数据中心"))
    asked = floor.refuses(deals.WhichDeal, lambda: floor.say(c.WinDeal()))
    assert {label for label, _ in asked.options} == {"年度采购", "数据中心"}
    several = floor.refuses(Ambiguous, lambda: floor.say(c.WinDeal(customer="腾讯")))
    assert (several.slot, len(several.candidates)) == ("deal", 2)
    near = floor.refuses(UnknownName, lambda: floor.say(c.WinDeal(deal="数据中芯")))
    assert [one.label for one in near.close] == ["数据中心"]
    wrong = floor.refuses(UnknownName, lambda: floor.say(c.WinDeal(deal="云迁移", customer="腾讯")))
    assert {one.label for one in wrong.close} == {"年度采购", "数据中心"}
    assert floor.say(c.LoseDeal(customer="阿里")).title == "阿里巴巴没有进行中的商机"
    assert [deal.status for deal in floor.all(Deal)] == ["open", "open"]


def test_a_customer_without_a_deal_is_offered_one_in_the_stage_named(floor: SalesFloor) -> None:
    card = floor.say(c.MoveDeal(stage="谈判", customer="阿里"))
    assert (card.title, texts(card), card.view) == ("阿里巴巴没有进行中的商机", ["新建商机", "看客户"], "customer:2")
    made = floor.click(card, "新建商机")
    assert (value(made, "商机"), value(made, "阶段")) == ("阿里巴巴商机", "谈判（4/5）")
    floor.say(c.WinDeal(customer="阿里"))
    won = floor.say(c.WinDeal(customer="阿里"))
    assert (won.title, value(floor.click(won, "新建商机"), "阶段")) == ("阿里巴巴没有进行中的商机", "初次洽谈（1/5）")
    floor.say(c.LoseDeal(customer="阿里"))
    assert "阶段为" not in floor.say(c.MoveDeal(stage="不存在的阶段", customer="阿里")).text


def test_a_name_shared_with_a_closed_deal_means_the_open_one(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.LoseDeal(deal="年度采购", reason="价格"))
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    assert value(floor.say(c.MoveDeal(stage="谈判", deal="年度采购")), "阶段") == "谈判（4/5）"
    assert [deal.status for deal in floor.all(Deal)] == ["lost", "open"]


def test_a_customer_whose_deal_is_over_still_shows_it(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.WinDeal(deal="年度采购"))
    card = floor.say(c.ShowDeal(customer="腾讯"))
    assert (card.title, card.view, texts(card)) == ("商机 · 年度采购", "deal:1", ["重新打开", "历程"])


def test_a_stage_of_another_pipeline_is_asked_for_or_refused(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="云服务续约"))
    asked = floor.refuses(Missing, lambda: floor.say(c.MoveDeal(stage="需求确定", deal="云服务续约")))
    assert (asked.slot, [label for label, _ in asked.options]) == ("stage", ["方案报价", "谈判", "签约"])
    assert value(floor.say(c.MoveDeal(stage=asked.options[0][1], deal=1)), "阶段") == "方案报价（2/4）"
    floor.refuses(NotFound, lambda: floor.say(c.MoveDeal(stage=1, deal=1)))


def test_a_colleagues_deal_does_not_exist_for_others(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.refuses(NotFound, lambda: floor.say(c.ShowDeal(deal=1), "陈静"))
    floor.refuses(UnknownName, lambda: floor.say(c.WinDeal(deal="年度采购"), "陈静"))
    assert value(floor.say(c.ShowDeal(deal="年度采购"), "王强"), "负责人") == "李娜"


def test_my_deals_come_by_page_with_their_sum(floor: SalesFloor) -> None:
    assert floor.say(c.MyDeals()).title == "还没有进行中的商机"
    for number in range(10):
        floor.say(c.CreateDeal(customer="腾讯", deal=f"项目{number}", amount=Decimal(100000)))
    first = floor.say(c.MyDeals())
    assert (first.title, first.subtitle) == ("我的商机（10）", "合计 100万 · 第 1/2 页")
    assert texts(first) == ["1. 项目9", "2. 项目8", "3. 项目7", "4. 项目6", "5. 项目5", "下一页"]
    second = floor.click(first, "下一页")
    assert second.text.splitlines()[-1] == "10. 项目0 · 腾讯科技 · 初次洽谈（1/5） · 10万"
    assert texts(second)[-1] == "回到第一页"
    assert floor.click(second, "10. 项目0").title == "商机 · 项目0"
    assert floor.say(c.MyDeals(page=7)).text == first.text


def test_a_manager_sees_the_deals_of_the_team_with_their_owners(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="腾讯科技数据中心", amount=Decimal(100000)))
    card = floor.say(c.MyDeals(), "王强")
    assert (card.title, card.text) == ("团队商机（1）", "1. 腾讯科技数据中心 · 初次洽谈（1/5） · 10万 · 李娜")
    assert texts(card) == ["1. 数据中心"]
    assert floor.say(c.MyDeals(), "陈静").title == "还没有进行中的商机"


def test_of_two_people_at_once_the_second_sees_the_first(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    reps = [floor.actor("李娜"), floor.actor("王强")]

    def move(turn: int) -> str:
        with floor.database.write() as session:
            context = Context(session, reps[turn % 2], floor.now, SETTINGS, f"e{100 + turn}")
            deal = deals.find(session, context.actor, 1, None)
            stages = deals.stages(session, deal)
            try:
                deals.move(session, context.actor, deal, stages[1 + turn % 2], version=1, now=floor.now)
            except (Outdated, pipeline.StageAlready) as refused:
                return type(refused).__name__
            return "moved"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(move, range(4)))
    assert outcomes.count("moved") == 1
    assert len(history(floor)) == 2


def test_why_a_deal_sleeps_or_went_back_stays_in_its_course(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.MoveDeal(deal="年度采购", stage="谈判"))
    back = floor.say(c.MoveDeal(deal="年度采购", stage="需求确定", reason="需求变了"))
    assert value(back, "原因") == "需求变了"
    paused = floor.say(c.PauseDeal(deal="年度采购", until=at(12, 15), reason="客户没预算"))
    assert (value(paused, "原因"), floor.only(Deal).lost_reason) == ("客户没预算", "")
    course = floor.say(c.ShowCourse(deal="年度采购")).text
    assert "暂停，原因：客户没预算" in course
    assert "退回到需求确定，原因：需求变了" in course
    on = floor.say(c.MoveDeal(deal="年度采购", stage="需求确定"))
    assert on.title == "商机 · 已恢复"
