"""One sentence about several customers: what is said of all goes to each, what is said of one to that one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bot import commands as c
from bot.nlu.frame import Name, Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.plan import Plan, commands_of
from bot.nlu.understand import understand

MONDAY = datetime(2026, 11, 23, 18, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
LEXICON = Lexicon(
    [
        Name("customer", 1, "腾讯科技（深圳）有限公司", ("腾讯",)),
        Name("customer", 2, "华星机械制造有限公司"),
        Name("contact", 1, "张建国", customer=2, title="总经理"),
        Name("contact", 2, "王芳", customer=1, title="采购经理"),
    ]
)
SCOPE = Scope(me=9)


def plan(text: str) -> Plan:
    return commands_of(understand(text, MONDAY, LEXICON, SCOPE), MONDAY, SCOPE)


def visits(text: str) -> list[c.LogActivity]:
    made = plan(text)
    assert made.question is None
    assert all(isinstance(one, c.LogActivity) and one.kind in ("visit", "call") for one in made.commands), made
    return [one for one in made.commands if isinstance(one, c.LogActivity)]


def test_a_visit_to_two_is_a_visit_to_each_with_what_is_said_of_both() -> None:
    one, other = visits("今天拜访了腾讯和华星机械，聊了报价，下周三再跟进")
    assert (one.customer, one.summary) == (1, "今天拜访了腾讯，聊了报价，下周三再跟进")
    assert (other.customer, other.summary) == (2, "今天拜访了华星机械，聊了报价，下周三再跟进")
    assert one.next_at is not None
    assert one.next_at == other.next_at


def test_a_fact_goes_to_the_customer_it_was_said_of() -> None:
    one, other = visits("今天拜访了腾讯、华星机械，腾讯聊了二期预算50万，华星机械那边下周三再跟进")
    assert (one.amount, one.next_at) == (Decimal(500_000), None)
    assert (other.amount, other.next_at is not None) == (None, True)
    assert (one.summary, other.summary) == ("今天拜访了腾讯，聊了二期预算50万", "今天拜访了华星机械，下周三再跟进")


def test_people_stay_with_their_company() -> None:
    one, other = visits("今天拜访了腾讯王芳和华星机械张建国，都聊了报价")
    assert (one.customer, one.contacts, other.customer, other.contacts) == (1, (2,), 2, (1,))


def test_one_after_the_other_on_a_day_said_once() -> None:
    one, other = visits("昨天上午去了腾讯聊报价，下午去了华星机械谈交付")
    assert (one.customer, other.customer) == (1, 2)
    assert [made.happened_at.day for made in (one, other) if made.happened_at] == [22, 22]


def test_what_is_said_of_both_at_the_end_goes_to_both() -> None:
    one, other = visits("上午去了腾讯，下午去了华星机械，都聊了报价，下周三再跟进")
    assert [made.summary.endswith("，都聊了报价，下周三再跟进") for made in (one, other)] == [True, True]


@pytest.mark.parametrize("text", ["给腾讯和华星机械都打了电话", "腾讯和华星机械都拜访了"])
def test_other_orders_of_words(text: str) -> None:
    assert [one.customer for one in visits(text)] == [1, 2]


def test_two_visits_to_come_are_two_next_steps() -> None:
    made = plan("明天下午3点拜访腾讯和华星机械").commands
    assert [one.customer for one in made if isinstance(one, c.ScheduleFollowUp)] == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        "今天拜访腾讯，他们也在看华星机械",
        "今天拜访了腾讯王芳，她说华星机械也在用",
        "今天拜访了腾讯，对手是华星机械",
        "今天拜访了腾讯，腾讯说想要二期",
    ],
)
def test_a_company_that_is_only_spoken_of_is_not_visited(text: str) -> None:
    assert [one.customer for one in visits(text)] == [1]
