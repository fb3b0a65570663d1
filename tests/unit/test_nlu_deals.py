"""The kind of a deal as it is said with the deal or after it, and why one was lost, paused or moved back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bot import commands as c
from bot.nlu.deal_kinds import apart
from bot.nlu.frame import Name, Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.plan import commands_of
from bot.nlu.understand import understand

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
LEXICON = Lexicon(
    [
        Name("customer", 1, "腾讯科技（深圳）有限公司", ("腾讯",)),
        Name("customer", 2, "华星机械制造有限公司"),
        Name("deal", 1, "云服务续费", customer=1, stage="谈判"),
        Name("deal", 2, "MES一期", customer=2, stage="方案报价"),
        *(Name("stage", stage, stage) for stage in ("初次洽谈", "需求确定", "方案报价", "谈判", "签约")),
    ]
)
SCOPE = Scope(me=9, last_customer=2, last_deal=2)


def heard(text: str) -> c.Command:
    """The last command: what is reported comes before it."""
    return commands_of(understand(text, MONDAY, LEXICON, SCOPE), MONDAY, SCOPE).commands[-1]


@pytest.mark.parametrize(
    ("text", "name", "kind", "wan"),
    [
        ("新建续签商机 腾讯 云主机 30万", "云主机", "renewal", 30),
        ("腾讯有个增购的单子 20万", "", "expansion", 20),
        ("腾讯来了个扩容的单子，20万", "", "expansion", 20),
        ("腾讯增购商机 20万", "", "expansion", 20),
        ("给腾讯建个续约商机 明年维保 50万", "明年维保", "renewal", 50),
        ("腾讯 新商机 明年维保 30万 续签", "明年维保", "renewal", 30),
        ("腾讯 新商机 云主机续约 30万", "云主机续约", "", 30),  # what its name says is for the pipelines to know
        ("腾讯 新商机 年度采购 80万", "年度采购", "", 80),
    ],
)
def test_a_new_deal_says_its_kind(text: str, name: str, kind: str, wan: int) -> None:
    said = heard(text)
    assert isinstance(said, c.CreateDeal), said
    assert (said.customer, said.deal, said.kind, said.amount) == (1, name, kind, Decimal(wan) * 10_000)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("这单是续签", (None, None, "renewal")),
        ("这个商机其实是增购", (None, None, "expansion")),
        ("MES一期是续签", (2, None, "renewal")),
        ("把MES一期改成新签", (2, None, "new")),
        ("腾讯这单是续约的", (None, 1, "renewal")),
        ("华星机械这单是续约的", (2, 2, "renewal")),  # the deal last spoken of is theirs
        ("MES一期类型改成投标", (2, None, "投标")),
    ],
)
def test_a_deal_is_of_another_kind(text: str, meant: tuple[int | None, int | None, str]) -> None:
    said = heard(text)
    assert isinstance(said, c.SetKind), said
    assert (said.deal, said.customer, said.kind) == meant


@pytest.mark.parametrize(
    "text", ["腾讯说续签没问题", "看一下腾讯的续签商机", "云服务续费推进到谈判", "今天去腾讯聊续签"]
)
def test_a_kind_in_another_sentence_makes_and_changes_nothing(text: str) -> None:
    assert not isinstance(heard(text), c.CreateDeal | c.SetKind)


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("丢了，对方嫌贵", c.LoseDeal, "对方嫌贵"),
        ("嫌贵，这单黄了", c.LoseDeal, "嫌贵"),
        ("MES一期丢了，选了用友，价格也太高", c.LoseDeal, "选了用友，价格也太高"),
        ("MES一期丢单，老板换人了", c.LoseDeal, "老板换人了"),
        ("MES一期先放放，客户换领导了", c.PauseDeal, "客户换领导了"),
        ("MES一期丢单，原因是价格太高", c.LoseDeal, "价格太高"),
        ("今天拜访了华星，MES一期丢了，说是预算被砍", c.LoseDeal, "预算被砍"),
        ("客户没预算，云服务续费先暂停到下个月", c.PauseDeal, "客户没预算"),
        ("MES一期暂停到3月10日，总部审批没下来", c.PauseDeal, "总部审批没下来"),
        ("MES一期退回到需求确定，需求变了", c.MoveDeal, "需求变了"),
        ("需求变了，MES一期退回需求确定", c.MoveDeal, "需求变了"),
        # What is no reason stays none.
        ("MES一期丢了，下周三再去拜访", c.LoseDeal, ""),
        ("MES一期暂停到下个月，到时候再联系", c.PauseDeal, ""),
        ("MES一期推进到谈判，预算80万", c.MoveDeal, ""),
    ],
)
def test_why_stands_in_a_clause_of_its_own(text: str, kind: type[c.Command], reason: str) -> None:
    said = heard(text)
    assert isinstance(said, kind), said
    assert getattr(said, "reason", None) == reason


@pytest.mark.parametrize(
    "text", ["下周二下午去做演示", "周五去开会", "下周三去装机", "后天去签合同", "下周去做个调研", "明天下午去培训"]
)
def test_what_is_done_there_is_no_company(text: str) -> None:
    said = heard(text)
    assert isinstance(said, c.ScheduleFollowUp), said
    assert said.customer is None  # the one last spoken of


@pytest.mark.parametrize("text", ["拜访了机械", "今天去了机械厂，聊了报价", "给物流公司打了电话", "机械 新商机 30万"])
def test_a_trade_in_place_of_a_company_is_asked_about(text: str) -> None:
    question = commands_of(understand(text, MONDAY, LEXICON, SCOPE), MONDAY, SCOPE).question
    assert question is not None
    assert (question.slot, question.generic) == ("customer", True)


@pytest.mark.parametrize(
    "text", ["今天去了工厂，聊了报价", "拜访了集团", "跟技术沟通了接口", "给银行打了电话", "拜访了上海银行"]
)
def test_a_department_or_place_of_the_customer_is_no_question(text: str) -> None:
    question = commands_of(understand(text, MONDAY, LEXICON, SCOPE), MONDAY, SCOPE).question
    assert question is None or not question.generic


def test_a_text_as_long_as_a_letter_is_not_searched_for_a_kind() -> None:
    text = "新建续签商机 " * 2000
    assert apart(text) == ("", text)
