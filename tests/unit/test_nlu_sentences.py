"""What everybody says, and the ways it is said, understood by Lin Xiao, a rep with a few customers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.commands import LogActivity, MoveDeal
from bot.nlu.frame import Frame, Mention, Moment, Name, Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.plan import commands_of
from bot.nlu.understand import understand

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
STAGES = ("初次洽谈", "需求确定", "方案报价", "谈判", "签约")
NAMES = [
    Name("customer", 1, "腾讯科技（深圳）有限公司"),
    Name("customer", 2, "星海-8431科技"),
    Name("customer", 3, "测试客户A17"),
    Name("customer", 4, "中国石油化工股份有限公司"),
    Name("customer", 5, "海信视像科技股份有限公司"),
    Name("customer", 6, "海信家电集团股份有限公司"),
    Name("contact", 1, "张伟", customer=1, title="采购总监"),
    Name("contact", 2, "王芳", customer=2, title="经理"),
    Name("contact", 3, "王磊", customer=5, title="主任"),
    Name("deal", 1, "云服务续费", customer=1, stage="谈判"),
    Name("deal", 2, "星海扩容", customer=2, stage="方案报价"),
    Name("member", 1, "李娜"),
    Name("member", 2, "王强"),
    *(Name("stage", stage, stage) for stage in STAGES),
]
LEXICON = Lexicon(NAMES)
LIN = Scope(me=9, last_customer=2, last_deal=2)


def heard(text: str, scope: Scope = LIN) -> Frame:
    return understand(text, MONDAY, LEXICON, scope)


def told(frame: Frame) -> dict[str, Any]:
    """The facts of a frame in short: names with their ref, moments as text."""
    found: dict[str, Any] = {"intent": frame.intent}
    for slot in ("customer", "deal", "stage", "assignee"):
        mention: Mention | None = getattr(frame, slot)
        if mention is not None:
            found[slot] = mention.ref if mention.ref is not None else mention.name
    if frame.contacts:
        found["contacts"] = [mention.ref if mention.ref is not None else mention.name for mention in frame.contacts]
    for slot in ("occurred_at", "next_at"):
        moment: Moment | None = getattr(frame, slot)
        if moment is not None:
            found[slot] = f"{moment.day:%m-%d}" + (f" {moment.time:%H:%M}" if moment.time else "")
    for slot in (
        "amount",
        "next_action",
        "visit_kind",
        "tags",
        "title",
        "phone",
        "percent",
        "lost_reason",
        "name",
        "welcome",
        "body",
        "role",
        "code",
        "query",
    ):
        if value := getattr(frame, slot):
            found[slot] = value
    return found


TABLE: list[tuple[str, dict[str, Any]]] = [
    ("新建客户 宏图精密", {"intent": "create_customer", "customer": "宏图精密"}),
    ("新建客户：宏图-77 (华东)", {"intent": "create_customer", "customer": "宏图-77 (华东)"}),
    ("查一下腾讯", {"intent": "query_customer", "customer": 1}),
    ("查一下宏图精密", {"intent": "query_customer", "customer": "宏图精密"}),
    ("查一下中石化", {"intent": "query_customer", "customer": 4}),
    (
        "今天拜访了宏图精密，聊了报价",
        {"intent": "log_visit", "customer": "宏图精密", "occurred_at": "11-23", "visit_kind": "上门"},
    ),
    (
        "今天拜访了星海-8431科技，聊了报价",
        {"intent": "log_visit", "customer": 2, "occurred_at": "11-23", "visit_kind": "上门"},
    ),
    (
        "今天拜访了测试客户A17，聊了续费",
        {"intent": "log_visit", "customer": 3, "occurred_at": "11-23", "visit_kind": "上门"},
    ),
    (
        "今天给宏图精密打了电话，聊了交期",
        {"intent": "log_visit", "customer": "宏图精密", "occurred_at": "11-23", "visit_kind": "电话"},
    ),
    (
        "明天下午3点跟进宏图精密",
        {"intent": "set_followup", "customer": "宏图精密", "next_at": "11-24 15:00", "next_action": "跟进宏图精密"},
    ),
    (
        "今晚11点跟进星海-8431科技",
        {"intent": "set_followup", "customer": 2, "next_at": "11-23 23:00", "next_action": "跟进星海-8431科技"},
    ),
    (
        "10月3日上午10点跟进腾讯",
        {"intent": "set_followup", "customer": 1, "next_at": "10-03 10:00", "next_action": "跟进腾讯"},
    ),
    ("跟进宏图精密的待办完成", {"intent": "complete_task", "customer": "宏图精密"}),
    ("跟进腾讯的待办完成", {"intent": "complete_task", "customer": 1}),
    ("腾讯跟进待办 推迟到周五", {"intent": "reschedule_followup", "customer": 1, "next_at": "11-27"}),
    ("我的待办", {"intent": "query_todo"}),
    ("今日待办", {"intent": "query_todo"}),
    (
        "腾讯 新商机 数据中台 80万",
        {"intent": "create_deal", "customer": 1, "deal": "数据中台", "amount": Decimal(800_000)},
    ),
    (
        "宏图精密 新商机 数控产线 80万",
        {"intent": "create_deal", "customer": "宏图精密", "deal": "数控产线", "amount": Decimal(800_000)},
    ),
    (
        "宏图精密 新商机 宏图MES 80万",
        {"intent": "create_deal", "customer": "宏图精密", "deal": "宏图MES", "amount": Decimal(800_000)},
    ),
    (
        "腾讯 新商机 腾讯618大促 80万",
        {"intent": "create_deal", "customer": 1, "deal": "腾讯618大促", "amount": Decimal(800_000)},
    ),
    (
        "新建商机 腾讯 售后工单 预估80w",
        {"intent": "create_deal", "customer": 1, "deal": "售后工单", "amount": Decimal(800_000)},
    ),
    ("新建客户 腾讯音乐", {"intent": "create_customer", "customer": "腾讯音乐"}),
    ("新建渠道活码 腾讯展会", {"intent": "create_channel", "name": "腾讯展会"}),
    ("看一下商机 云服务续费", {"intent": "query_deal", "deal": 1}),
    ("看一下商机 数控产线", {"intent": "query_deal", "deal": "数控产线"}),
    ("推进到谈判", {"intent": "move_deal", "deal": 2, "customer": 2, "stage": "谈判"}),
    ("云服务续费 推进到签约", {"intent": "move_deal", "deal": 1, "customer": 1, "stage": "签约"}),
    ("数控产线-77 推进到签约", {"intent": "move_deal", "deal": "数控产线-77", "stage": "签约"}),
    ("云服务续费 丢单，原因是价格太高", {"intent": "lose_deal", "deal": 1, "customer": 1, "lost_reason": "价格太高"}),
    ("云服务续费 暂停到12月15日", {"intent": "pause_deal", "deal": 1, "customer": 1, "next_at": "12-15"}),
    ("云服务续费 赢单了", {"intent": "win_deal", "deal": 1, "customer": 1}),
    ("给王先生打标签 高意向", {"intent": "tag_contact", "tags": ("高意向",), "contacts": [2], "customer": 2}),
    ("给张伟去标签 高意向", {"intent": "untag_contact", "tags": ("高意向",), "contacts": [1], "customer": 1}),
    (
        "新建渠道活码 秋季展会，负责人李娜，欢迎语：您好，我是李娜",
        {"intent": "create_channel", "name": "秋季展会", "assignee": 1, "welcome": "您好，我是李娜"},
    ),
    (
        "给标签 高意向 的客户群发：周五有直播，欢迎来看",
        {"intent": "campaign_create", "tags": ("高意向",), "body": "周五有直播，欢迎来看"},
    ),
    ("撤销", {"intent": "undo"}),
    ("帮助", {"intent": "help"}),
    ("菜单", {"intent": "menu"}),
    ("改成60万", {"intent": "amend", "amount": Decimal(600_000)}),
    ("不对，是60万", {"intent": "amend", "amount": Decimal(600_000)}),
    ("时间改到后天", {"intent": "amend", "next_at": "11-25"}),
    ("修改", {"intent": "amend"}),
    ("设置 李娜 为主管", {"intent": "set_role", "assignee": 1, "role": "manager"}),
    ("李娜的主管是王强", {"intent": "set_manager", "assignee": 1, "role": "王强"}),
    ("成员 lina 叫李娜", {"intent": "rename_member", "code": "lina", "name": "李娜"}),
    ("成员lina叫李娜", {"intent": "rename_member", "code": "lina", "name": "李娜"}),
    ("成员 lina 改名李娜", {"intent": "rename_member", "code": "lina", "name": "李娜"}),
    ("绑定", {"intent": "bind"}),
    ("绑定 123456", {"intent": "bind", "code": "123456"}),
]


@pytest.mark.parametrize(("text", "facts"), TABLE, ids=[text for text, _ in TABLE])
def test_what_everybody_says(text: str, facts: dict[str, Any]) -> None:
    assert told(heard(text)) == facts


def test_one_sentence_carries_many_facts() -> None:
    frame = heard("今天拜访了腾讯张总，预算大概50万，下周三再跟进")
    assert told(frame) == {
        "intent": "log_visit", "customer": 1, "contacts": [1], "occurred_at": "11-23", "next_at": "12-02",
        "amount": Decimal(500_000), "next_action": "跟进", "visit_kind": "上门",
    }  # fmt: skip
    assert frame.note == "今天拜访了腾讯张总，预算大概50万，下周三再跟进"
    why = {(fact.slot, frame.text[slice(*fact.span)]) for fact in frame.facts}
    assert {("customer", "腾讯"), ("contacts", "张总"), ("amount", "大概50万"[2:]), ("next_at", "下周三")} <= why


def test_a_new_company_with_a_person_keeps_both_as_written() -> None:
    frame = heard("今天拜访了宏图精密王总，聊了报价")
    assert (frame.customer, [person.name for person in frame.contacts]) == (
        Mention("宏图精密", None, "宏图精密", (5, 9)),
        ["王总"],
    )


COMMANDS = Lexicon([
    *(name for name in NAMES if name.kind in ("member", "stage")), Name("customer", 11, "跟进科技有限公司"), Name("customer", 12, "赢单贸易"),
    Name("deal", 11, "系统(二期)", customer=12), Name("deal", 12, "系统(二期)2", customer=12),
])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("明天下午3点跟进赢单贸易", {"intent": "set_followup", "customer": 12, "next_at": "11-24 15:00", "next_action": "跟进赢单贸易"}),
        ("跟进赢单贸易的待办完成", {"intent": "complete_task", "customer": 12}),
        ("赢单贸易 新商机 系统(二期) 80万", {"intent": "create_deal", "customer": 12, "deal": "系统(二期)", "amount": Decimal(800_000)}),
        ("赢单贸易 新商机 系统(三期) 80万", {"intent": "create_deal", "customer": 12, "deal": "系统(三期)", "amount": Decimal(800_000)}),
        ("系统(二期)2 赢单了", {"intent": "win_deal", "customer": 12, "deal": 12}),
    ],
)  # fmt: skip
def test_names_made_of_command_words_are_names(text: str, facts: dict[str, Any]) -> None:
    assert told(understand(text, MONDAY, COMMANDS, Scope(me=9))) == facts


@pytest.mark.parametrize("name", ["腾讯音乐", "星海-9999科技", "测试客户B17"])
def test_a_name_that_only_begins_like_a_known_one_is_another_company(name: str) -> None:
    frame = heard(f"今天拜访了{name}，聊了合作")
    assert told(frame)["customer"] == name


@pytest.mark.parametrize(
    "text",
    [
        "今天去拜访了星海-9431科技的王总，聊了一下合作", "上午见了星海-9431科技的王总，谈了一下报价", "刚拜访了星海-9431科技王总，了解了一下需求",
        "星海-9431科技的王总来电，问了一下交期", "给星海-9431科技的王总打了个电话，确认了一下合同", "和星海-9431科技王总吃了个饭，聊得不错",
    ],
)  # fmt: skip
def test_a_company_and_a_person_nobody_knows_are_kept_as_written(text: str) -> None:
    frame = heard(text)
    facts = frame.customer.name if frame.customer else "", [person.name for person in frame.contacts]
    assert (frame.intent, *facts) == ("log_visit", "星海-9431科技", ["王总"])


def test_a_site_of_a_known_company_is_the_company() -> None:
    assert told(heard("今天拜访了腾讯深圳分公司，聊了合作"))["customer"] == 1


def test_what_sounds_like_a_known_name_is_it() -> None:
    assert told(heard("今天拜访了腾迅，聊了合作"))["customer"] == 1


def test_an_abbreviation_of_two_customers_asks() -> None:
    frame = heard("海信想约个演示")
    assert frame.ambiguous
    assert frame.customer is None
    assert [option.ref for option in frame.candidates["customer"]] == [5, 6]


def test_a_person_named_decides_between_two_customers() -> None:
    assert told(heard("今天在海信跟王主任开了会"))["customer"] == 5


def test_what_the_speaker_may_not_see_does_not_exist() -> None:
    stranger = Scope(me=8, visible=frozenset({("customer", 2), ("contact", 2)}))
    frame = heard("今天拜访了腾讯，见了张总", stranger)
    assert frame.customer == Mention("腾讯", None, "腾讯", (5, 7))
    assert [person.ref for person in frame.contacts] == [None]
    assert told(heard("查一下海信", stranger))["customer"] == "海信"


def test_without_a_deal_last_spoken_of_nothing_is_guessed() -> None:
    frame = heard("推进到谈判", Scope(me=9))
    assert (frame.intent, frame.deal, frame.scope_last) == ("move_deal", None, False)
    assert heard("推进到谈判").scope_last


@pytest.mark.parametrize(
    "text", ["先别推进星海扩容", "说错了", "大家辛苦了", "谢谢", "算了", "要是腾讯签了就好了", "😀", "", "   "]
)
def test_nothing_is_done(text: str) -> None:
    assert heard(text).intent == "none"


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("华东谈判阶段的商机有哪些", {"stage": "谈判"}),
        ("超过100万的单子有哪些", {"min_amount": 1_000_000}),
        ("一个月没动的商机", {"idle_days": 30}),
        ("上个月赢了几单", {"start": "2026-10-01", "end": "2026-10-31", "status": "won"}),
    ],
)
def test_questions_about_deals(text: str, query: dict[str, Any]) -> None:
    frame = heard(text)
    assert (frame.intent, frame.query) == ("query_deal", query)


def test_words_of_a_long_note_are_kept_whole() -> None:
    text = "今天拜访了腾讯，聊了" + "很多" * 2000
    frame = heard(text)
    assert (frame.intent, frame.note) == ("log_visit", text)


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("推进到谈判", ["MoveDeal"]), ("云服务续费 赢单了", ["WinDeal"]), ("云服务续费 暂停到12月15日", ["PauseDeal"]),
        ("腾讯的王总说预算有100万，下周五给方案，推进到方案报价", ["LogActivity", "MoveDeal"]),
        ("今天拜访了腾讯张总，云服务续费推进到签约", ["LogActivity", "MoveDeal"]),
        ("腾讯张总说云服务续费先停，暂停到12月15日", ["LogActivity", "PauseDeal"]),
    ],
)  # fmt: skip
def test_what_a_sentence_about_a_deal_also_reports_is_logged_first(text: str, commands: list[str]) -> None:
    assert [type(command).__name__ for command in commands_of(heard(text), MONDAY, LIN).commands] == commands


def test_the_next_step_beside_a_move_is_kept() -> None:
    report, move = commands_of(
        heard("今天拜访了腾讯的王总，预算有100万，下周五给方案，推进到方案报价"), MONDAY, LIN
    ).commands
    assert isinstance(report, LogActivity)
    assert (report.kind, report.next_action, report.next_at) == (
        "visit",
        "给方案",
        datetime(2026, 12, 4, 9, tzinfo=ZoneInfo("Asia/Shanghai")),
    )
    assert isinstance(move, MoveDeal)
    assert (move.stage, move.amount, report.amount) == ("方案报价", Decimal(1_000_000), None)


TENCENT = Scope(me=9, last_customer=1, last_deal=1, last_contact=1)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("补充：预算60万", {"intent": "log_visit", "customer": 1, "amount": Decimal(600_000)}),
        ("这个客户打标签 重点", {"intent": "tag_contact", "customer": 1, "tags": ("重点",)}),
        ("他说下周给答复", {"intent": "log_visit", "customer": 1, "contacts": [1], "next_at": "11-30", "next_action": "给答复"}),
        ("刚才那个客户的待办推迟到周五", {"intent": "reschedule_followup", "customer": 1, "next_at": "11-27"}),
        ("同上，再约周五", {"intent": "set_followup", "customer": 1, "next_at": "11-27", "next_action": "约"}),
        ("腾讯的跟进不用了", {"intent": "complete_task", "customer": 1}),
        ("不是星海-8431科技，是腾讯", {"intent": "amend", "customer": 1}),
        ("今天拜访了星海-9431科技的王建国", {"intent": "log_visit", "customer": "星海-9431科技", "contacts": ["王建国"], "occurred_at": "11-23", "visit_kind": "上门"}),
    ],
)  # fmt: skip
def test_who_was_spoken_of_is_meant_again(text: str, facts: dict[str, Any]) -> None:
    assert told(heard(text, TENCENT)) == facts


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("取消明天跟腾讯的拜访", "CancelFollowUp"), ("腾讯的待办不用了", "CancelFollowUp"),
        ("腾讯的待办完成了", "CompleteFollowUp"),
    ],
)  # fmt: skip
def test_a_plan_called_off_is_struck_out_and_not_done(text: str, command: str) -> None:
    assert [type(each).__name__ for each in commands_of(heard(text), MONDAY, LIN).commands] == [command]
