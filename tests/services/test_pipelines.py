"""Pipelines: which one a deal goes through, and how an admin makes them others."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
import sqlalchemy as sa
from sales_floor import SalesFloor, at, texts, value

from bot import commands as c
from bot.nlu import dealing
from bot.nlu.frame import Name, Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.plan import commands_of
from bot.nlu.understand import understand
from scrm import defaults, pipelines
from scrm.access import Actor
from scrm.db import Database
from scrm.deal_kinds import KindAlready
from scrm.errors import Missing
from scrm.models import Customer, Deal, Pipeline, Stage


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    return floor


def step(text: str) -> tuple[c.PipelineStep, ...]:
    return tuple(c.PipelineStep(*msgspec.structs.astuple(one)) for one in dealing.steps(text))


def stage_names(floor: SalesFloor, kind: str, tier: str) -> list[str]:
    def read(session: sa.orm.Session) -> list[str]:
        row = session.scalars(sa.select(Pipeline).where(Pipeline.kind == kind, Pipeline.tier == tier)).one()
        return [stage.name for stage in defaults.stages_of(session, row.key)]

    return floor.read(read)


def test_a_deal_goes_through_the_pipeline_of_its_kind_and_of_its_customers_tier(floor: SalesFloor) -> None:
    floor.say(c.SetTier(customer="腾讯", tier="央企"))
    assert value(floor.say(c.CreateDeal(customer="腾讯", deal="政务云")), "阶段") == "初次洽谈（1/5）"
    assert texts(floor.say(c.MoveDeal(deal="政务云", stage="需求确定")))[0] == "推进到立项"
    assert value(floor.say(c.CreateDeal(customer="腾讯", deal="云服务续费")), "阶段") == "初次洽谈（1/4）"
    assert texts(floor.say(c.CreateDeal(customer="腾讯", deal="存储扩容", stage="需求确定")))[0] == "推进到立项"
    assert texts(floor.say(c.CreateDeal(customer="阿里", deal="数据中台", stage="需求确定")))[0] == "推进到方案报价"


@pytest.mark.parametrize(
    ("words", "tier"),
    [
        ("KA", "大客户"),
        ("KA 大客户", "大客户"),
        ("ka客户", "大客户"),
        ("央企", "国企"),
        ("smb", "中小"),
        ("A", ""),
        ("", ""),
    ],
)
def test_a_tier_is_known_by_what_else_it_is_called(floor: SalesFloor, words: str, tier: str) -> None:
    assert floor.read(lambda session: pipelines.tier_of(session, words)) == tier


def test_a_tier_said_of_a_customer_is_kept_and_can_be_taken_back(floor: SalesFloor) -> None:
    card = floor.say(c.SetTier(customer="腾讯", tier="KA"))
    assert (value(card, "级别"), floor.touched) == ("大客户", {"customer:1"})
    floor.takes_back()
    assert floor.all(Customer)[0].tier == ""
    asked = floor.refuses(pipelines.WhichTier, lambda: floor.say(c.SetTier(customer="腾讯", tier="钻石")))
    assert [label for label, _ in asked.options] == ["大客户", "中小", "国企", "外企"]


def test_an_admin_defines_a_pipeline_for_a_tier_and_new_deals_take_it(floor: SalesFloor) -> None:
    card = floor.say(c.DefinePipeline(course="新签 外企", steps=step("初次洽谈 10% 14天、总部审批 50%30天、签约 90%")))
    assert card.title == "已设置销售流程 · 新签 · 外企"
    assert card.text == "1. 初次洽谈，赢率 10%，标准 14 天\n2. 总部审批，赢率 50%，标准 30 天\n3. 签约，赢率 90%"
    floor.say(c.SetTier(customer="腾讯", tier="外企"))
    made = floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    assert texts(made)[0] == "推进到总部审批"
    floor.now = at(11, 29, 9)
    assert value(floor.view("deal:1"), "进度") == "本阶段第 7 天，标准 14 天 · 赢率 10%"
    floor.now = at(12, 20, 9)
    assert value(floor.view("deal:1"), "进度") == "本阶段第 28 天，超出标准 13 天 · 赢率 10%"


def test_a_pipeline_for_a_word_nobody_knows_makes_a_kind_and_its_deals_are_told_by_name(floor: SalesFloor) -> None:
    floor.say(c.DefinePipeline(course="换购", steps=step("评估旧机 30% 7天；报价 60%；签约 90%")))
    card = floor.say(c.CreateDeal(customer="腾讯", deal="打印机换购"))
    assert (value(card, "类型"), value(card, "阶段")) == ("换购", "评估旧机（1/3）")
    floor.say(c.DefinePipeline(course="换购 大客户", steps=step("评估旧机\n现场勘测\n签约")))
    floor.say(c.SetTier(customer="阿里", tier="KA"))
    assert texts(floor.say(c.CreateDeal(customer="阿里", deal="服务器换购")))[0] == "推进到现场勘测"


def test_defining_again_keeps_a_stage_by_its_name_and_retires_what_deals_went_through(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.MoveDeal(deal="年度采购", stage="需求确定"))
    floor.say(c.MoveDeal(deal="年度采购", stage="谈判"))
    shorter = step("初次洽谈 20%、谈判、方案报价、签约")
    card = floor.say(c.DefinePipeline(course="新签", steps=shorter))
    assert card.text.splitlines()[:2] == [
        "1. 初次洽谈，赢率 20%，标准 14 天",
        "2. 谈判，赢率 70%，标准 14 天，要了解金额、预计签约日、决策人",
    ]
    assert value(floor.view("deal:1"), "阶段") == "谈判（2/4）"
    retired = [stage for stage in floor.all(Stage) if stage.retired]  # type: ignore[type-var]
    assert [stage.name for stage in retired] == ["需求确定"]
    with floor.database.write() as session:
        defaults.seed(session)
    assert stage_names(floor, "new", "") == ["初次洽谈", "谈判", "方案报价", "签约"]
    floor.takes_back()
    assert stage_names(floor, "new", "") == ["初次洽谈", "需求确定", "方案报价", "谈判", "签约"]
    assert value(floor.view("deal:1"), "阶段") == "谈判（4/5）"


def test_a_stage_that_nothing_went_through_comes_back_in_its_place(floor: SalesFloor) -> None:
    floor.say(c.DefinePipeline(course="国企", steps=step("初次洽谈、签约")))
    assert stage_names(floor, "new", "国企") == ["初次洽谈", "签约"]
    floor.takes_back()
    assert stage_names(floor, "new", "国企") == ["初次洽谈", "需求确定", "立项", "招投标", "签约"]


def test_a_stage_with_open_deals_stays_and_a_closed_deal_keeps_a_retired_one(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", stage="需求确定"))
    without = c.DefinePipeline(course="新签", steps=step("初次洽谈、谈判、签约"))
    refused = floor.refuses(pipelines.StageInUse, lambda: floor.say(without))
    assert str(refused).startswith("「需求确定」阶段里还有 1 个")
    assert stage_names(floor, "new", "")[1] == "需求确定"
    floor.say(c.LoseDeal(deal="年度采购", reason="价格"))
    floor.say(without)
    card = floor.say(c.ReopenDeal(deal="年度采购"))
    assert value(card, "阶段").startswith("需求确定")
    assert floor.only(Deal).status == "open"


@pytest.mark.parametrize("text", ["只有一个", "甲、甲", "、".join(f"阶段{number}" for number in range(13))])
def test_a_pipeline_has_two_to_twelve_stages_of_different_names(floor: SalesFloor, text: str) -> None:
    floor.refuses(pipelines.TooShort, lambda: floor.say(c.DefinePipeline(course="新签", steps=step(text))))


def test_figures_and_names_have_their_bounds(floor: SalesFloor) -> None:
    for text in ("甲 101%、乙", "甲 0天、乙"):
        floor.refuses(
            pipelines.BadFigure, lambda text=text: floor.say(c.DefinePipeline(course="新签", steps=step(text)))
        )  # type: ignore[misc]
    long = c.DefinePipeline(course="一个长得不像话的商机类型", steps=step("甲、乙"))
    floor.refuses(pipelines.NameTooLong, lambda: floor.say(long))


def test_only_admins_define_and_everybody_in_sales_may_look(floor: SalesFloor) -> None:
    assert not Actor(1, "李娜", "rep").may(c.DefinePipeline.roles)
    card = floor.say(c.ShowPipelines())
    assert card.title == "销售流程（4）"
    assert "新签\n初次洽谈 10% → 需求确定 25% → 方案报价 45% → 谈判 70% → 签约 90%" in card.text
    assert "新签 · 国企\n初次洽谈 5% → 需求确定 15% → 立项 35%" in card.text
    assert card.note == ""


def test_what_is_no_known_customer_is_no_sentence_about_a_tier() -> None:
    lexicon = Lexicon([Name("customer", 1, "腾讯科技（深圳）有限公司", ("腾讯",))])
    now = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
    for text in ("他们是大客户", "张总说这家是国企", "宏图是KA"):
        (command,) = commands_of(understand(text, now, lexicon, Scope()), now, Scope()).commands
        assert not isinstance(command, c.SetTier), text


def test_the_kind_of_a_deal_is_said_with_it_or_after_it_and_its_course_is_kept(floor: SalesFloor) -> None:
    made = floor.say(c.CreateDeal(customer="腾讯", kind="renewal"))
    assert (value(made, "商机"), value(made, "类型"), value(made, "阶段")) == (
        "腾讯科技续签商机",
        "续签",
        "初次洽谈（1/4）",
    )
    other = floor.say(c.SetKind(deal=1, kind="expansion"))
    assert (value(other, "商机"), other.text) == ("腾讯科技再销售商机", "")  # named by its kind, it is so still
    floor.say(c.CreateDeal(customer="阿里", deal="数据中台"))
    floor.say(c.MoveDeal(deal="数据中台", stage="需求确定"))
    card = floor.say(c.SetKind(deal="数据中台", kind="renewal"))
    assert (card.title, value(card, "阶段"), value(card, "类型")) == ("商机 · 已改为续签", "初次洽谈（1/4）", "续签")
    assert card.text == "换了销售流程：「需求确定」对应到「初次洽谈」。"
    assert "换了流程，初次洽谈" in floor.say(c.ShowCourse(deal="数据中台")).text
    floor.refuses(KindAlready, lambda: floor.say(c.SetKind(deal="数据中台", kind="renewal")))
    undone = floor.say(c.Undo())
    assert "类型改回「新签」" in undone.text
    assert value(floor.view("deal:2"), "阶段") == "需求确定（2/5）"
    floor.say(c.MoveDeal(deal="数据中台", stage="谈判"))
    assert value(floor.say(c.SetKind(deal="数据中台", kind="renewal")), "阶段") == "谈判（3/4）"
    asked = floor.refuses(Missing, lambda: floor.say(c.SetKind(deal="数据中台", kind="投标")))
    assert [label for label, _ in asked.options] == ["新签", "续签", "再销售"]


def test_a_won_deal_changes_its_kind_and_stays_won(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="阿里", deal="数据中台"))
    floor.say(c.WinDeal(deal="数据中台"))
    won = floor.only(Deal).closed_at
    floor.say(c.SetKind(deal=1, kind="renewal"))
    deal = floor.only(Deal)
    assert (deal.kind, deal.status, deal.closed_at) == ("renewal", "won", won)
