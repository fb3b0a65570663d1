"""Every example on the help card is understood as what it stands for."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot import commands as c
from bot.cards.help import Known, greeting_card, help_card, not_understood_card, not_yet_card
from bot.cards.small_talk import kind_of, line_card
from bot.nlu.frame import Name, Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.phrases import phrase
from bot.nlu.plan import commands_of
from bot.nlu.understand import understand

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
STAGES = ("初次洽谈", "需求确定", "方案报价", "谈判", "签约")
NAMES = (
    Name("customer", 1, "腾讯"), Name("contact", 2, "张总", customer=1), Name("contact", 3, "王先生"),
    Name("deal", 4, "私有云", customer=1, stage="初次洽谈"), Name("member", 5, "李娜"), Name("member", 6, "王强"), Name("tag", 7, "高意向"),
    *(Name("stage", name, name) for name in STAGES),
)  # fmt: skip
SCOPE = Scope(
    me=5,
    visible={("customer", 1), ("contact", 2), ("contact", 3), ("deal", 4)},
    recent=(1,),
    zone=ZoneInfo("Asia/Shanghai"),
)
NOBODY = Known()
KNOWN = Known(
    customer="腾讯",
    person="张总",
    deal="私有云",
    stage="谈判",
    tag="高意向",
    owner="李娜",
    member="李娜",
    leader="王强",
)
ROLES = ("rep", "manager", "marketer", "admin")
STANDS_FOR = {
    "今天拜访": c.LogActivity, "明天下午": c.ScheduleFollowUp, "新商机": c.CreateDeal, "推进到": c.MoveDeal, "查一下": c.ShowCustomer,
    "打标签": c.TagContact, "撤销": c.Undo, "团队简报": c.ShowDigest, "待办": c.ShowTodo, "新建渠道活码": c.CreateChannel, "群发：": c.CreateCampaign,
    "群发记录": c.ShowCampaigns, "渠道列表": c.ShowChannels, "新建客户": c.CreateCustomer, "逾期": c.ShowOverdue, "设置": c.SetRole, "的主管是": c.SetManager, "成员列表": c.ShowMembers,
    "漏斗": c.ShowFunnel, "预测": c.ShowForecast, "还差多少": c.ShowForecast, "排行": c.ShowRanking, "点名": c.CallTheRoll,
    "没跟进提醒": c.DefineIdleRule, "试跑": c.TryIdleRules, "线索规则": c.DefineLeadRule, "公海规则": c.DefinePoolRule, "公海": c.ShowPool, "新线索": c.CreateLead, "待领线索": c.ShowLeads,
}  # fmt: skip


@pytest.mark.parametrize("known", [KNOWN, NOBODY], ids=["names", "nothing yet"])
@pytest.mark.parametrize("role", ROLES)
def test_examples_do_what_they_say_and_the_role_may_do_it(role: str, known: Known) -> None:
    lexicon = Lexicon(NAMES)
    for line in help_card(role, "李娜", known).text.splitlines():
        words = line.removeprefix("· ")
        plan = commands_of(understand(words, NOW, lexicon, SCOPE), NOW, SCOPE)
        (command,) = [phrase(words)] if phrase(words) else plan.commands
        expected = STANDS_FOR[max((cue for cue in STANDS_FOR if cue in words), key=len)]
        assert type(command) is expected, words
        assert role == "admin" or role in expected.roles, words


@pytest.mark.parametrize("role", ROLES)
def test_menus_carry_commands_the_role_may_give(role: str) -> None:
    for card in (help_card(role, "李娜", KNOWN), greeting_card(role, "李娜", KNOWN), not_understood_card(role, KNOWN)):
        for button in card.buttons:
            assert role == "admin" or role in type(c.unpack(button.command)).roles


def test_an_intent_nobody_thought_of_still_says_what_to_do() -> None:
    card = not_yet_card("something_new")
    assert "帮助" in card.text
    assert len(card.buttons) == 2


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("greeting", "你好 您好！ 你好，在吗 早 早上好呀 hello 在吗？ 你是谁"),
        ("thanks", "谢谢 谢谢啊 多谢！ 好的谢谢 收到，谢谢！ 辛苦了 thx"),
        ("agreed", "好的 收到 嗯嗯 OK 可以的 知道了 行吧 没问题 👍 [OK] 好的👌"),
        ("praise", "太棒了 厉害 真好用 牛"),
        ("laugh", "哈哈 哈哈哈哈 呵呵 666"),
        ("cancel", "取消 算了 算了吧 不用了"),
        ("choice", "第二个 2 选第三个 最后一个 第二家"),
        ("bye", "再见 拜拜 晚安 下班了 88"),
        (
            "",
            "今天天气真好 好的，明天跟进腾讯 腾讯不错 了解一下腾讯 谢谢张总的茶 ？？ 。 早上去了腾讯 可以看看吗 行业报告 好客户",
        ),
    ],
)
def test_small_talk_is_told_from_what_was_not_understood(kind: str, said: str) -> None:
    for words in said.split(" "):
        assert kind_of(words) == kind, words


@pytest.mark.parametrize("kind", ["thanks", "agreed", "praise", "laugh", "bye", "cancel", "choice"])
def test_small_talk_is_answered_with_one_line_and_nothing_to_tap(kind: str) -> None:
    card = line_card(kind)
    assert len(card.title) <= 30
    assert not (card.text or card.buttons or card.note)
