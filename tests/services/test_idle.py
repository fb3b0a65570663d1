"""Customers nobody makes progress with: reminded, told to the manager, counted down, taken back with everything intact."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sales_floor import SalesFloor, at, card_of, texts

from bot import commands as c
from bot.context import Owed
from scrm.db import Database
from scrm.errors import NotFound
from scrm.idle_extensions import AskedAlready, NotYours
from scrm.idle_rules import BadDays, WhichScope
from scrm.models import Activity, Customer, Deal, FollowUp, IdleRule


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    """王强 is led by 赵总; 李娜 has 腾讯 (大客户) with a deal, a note and a task, and 阿里, of which nobody hears any more."""
    floor = SalesFloor(database, now=at(3, 2, 10))
    floor.open()
    with database.write() as session:
        session.execute(sa.update(Customer).values(created_at=floor.now, tier=""))
    floor.say(c.SetTier(tier="大客户", customer="腾讯"))
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", amount=None))
    floor.say(c.LogActivity(summary="聊了", kind="visit", customer="腾讯"))
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(12, 1, 10), action="送样品"))
    return floor


def rule(floor: SalesFloor, **said: object) -> None:
    floor.say(c.DefineIdleRule(**{"scope": "大客户", "remind": 30, "recycle": 45} | said), "赵总")  # type: ignore[arg-type]


def on(floor: SalesFloor, month: int, day: int, hour: int = 10) -> list[tuple[str, str]]:
    """Who is told what on that day."""
    return [(who(floor, owed), card_of(owed).title) for owed in tick(floor, month, day, hour)]


def tick(floor: SalesFloor, month: int, day: int, hour: int = 10) -> list[Owed]:
    floor.now = at(month, day, hour)
    return floor.tick("idle")


def who(floor: SalesFloor, owed: Owed) -> str:
    return next(name for name in ("赵总", "王强", "李娜", "陈静") if floor.member(name).id == owed.member_id)


def test_rep_manager_countdown_and_recycling_come_in_their_order_once_each(floor: SalesFloor) -> None:
    rule(floor)
    heard: list[tuple[str, str, str]] = []
    day = at(3, 3, 10)
    while day <= at(4, 24, 10):
        heard += [(f"{day:%m-%d}", *told) for told in on(floor, day.month, day.day)]
        assert on(floor, day.month, day.day, 15) == []
        day += timedelta(days=1)
    assert heard == [
        ("04-01", "李娜", "该跟进了 · 腾讯科技"),
        ("04-07", "王强", "1 个客户一直没进展"),
        ("04-13", "李娜", "3 天后回收 · 腾讯科技"),
        ("04-14", "李娜", "2 天后回收 · 腾讯科技"),
        ("04-15", "李娜", "明天回收 · 腾讯科技"),
        ("04-16", "李娜", "已回收 · 腾讯科技"),
        ("04-16", "王强", "已回收 · 腾讯科技"),
    ]
    customer, deal = floor.all(Customer)[0], floor.only(Deal)
    assert (customer.owner_id, deal.status, deal.lost_reason) == (None, "open", "")
    assert (len(floor.all(Activity)), floor.only(FollowUp).status) == (1, "open")


@pytest.mark.parametrize(
    "progress",
    [
        c.LogActivity(summary="又聊了", kind="call", customer="腾讯"),
        c.MoveDeal(deal="年度采购", stage="方案报价"),
        c.CompleteFollowUp(customer="腾讯"),
    ],
)
def test_progress_ends_the_countdown_and_the_days_begin_anew(floor: SalesFloor, progress: c.Command) -> None:
    rule(floor)
    on(floor, 4, 1)
    on(floor, 4, 7)
    assert on(floor, 4, 14) != []
    floor.say(progress)
    for day in (15, 16, 17, 20, 30):
        assert on(floor, 4, day) == []
    assert on(floor, 5, 14) == [("李娜", "该跟进了 · 腾讯科技")]


def test_nothing_is_taken_back_without_three_cards_however_late_the_clock(floor: SalesFloor) -> None:
    rule(floor)
    assert on(floor, 6, 1) == [("李娜", "3 天后回收 · 腾讯科技"), ("王强", "1 个客户一直没进展")]
    assert floor.all(Customer)[0].owner_id is not None
    assert [title for day in (2, 3, 4) for _, title in on(floor, 6, day)][-1] == "已回收 · 腾讯科技"


def test_nobody_is_disturbed_at_night_or_on_days_off(floor: SalesFloor) -> None:
    rule(floor, remind=3, recycle=None)
    assert on(floor, 3, 5, 7) == []
    assert on(floor, 3, 7) == []  # a Saturday
    assert on(floor, 3, 9) == [("李娜", "该跟进了 · 腾讯科技")]


def test_working_days_are_counted_where_the_rule_says_so(floor: SalesFloor) -> None:
    rule(floor, scope="", remind=5, recycle=None, working=True)
    assert on(floor, 3, 6) == []
    assert on(floor, 3, 9) == [("李娜", "2 个客户该跟进了")]


def test_a_rule_for_the_stage_goes_before_one_for_the_tier(floor: SalesFloor) -> None:
    rule(floor)
    rule(floor, scope="初次洽谈", remind=5, recycle=None)
    assert on(floor, 3, 9) == [("李娜", "该跟进了 · 腾讯科技")]


def test_a_future_opportunity_sleeps_and_begins_anew_when_it_wakes(floor: SalesFloor) -> None:
    rule(floor)
    floor.say(c.PauseDeal(deal="年度采购", until=at(6, 1, 9), reason="等下一轮招标"))
    for month, day in ((4, 1), (4, 16), (5, 20)):
        assert on(floor, month, day) == []
    floor.now = at(6, 1, 9)
    floor.tick("paused_deals")
    assert on(floor, 6, 2) == []
    assert on(floor, 7, 1) == [("李娜", "该跟进了 · 腾讯科技")]


def test_by_rule_a_colleague_gets_the_customer_with_all_there_is(floor: SalesFloor) -> None:
    rule(floor, to="陈静")
    for day in (13, 14, 15):
        on(floor, 4, day)
    assert ("陈静", "分给您 1 个客户") in on(floor, 4, 16)
    heir = floor.member("陈静").id
    assert [floor.all(Customer)[0].owner_id, floor.only(Deal).owner_id, floor.only(FollowUp).owner_id] == [heir] * 3


def test_an_extension_holds_the_countdown_and_only_a_manager_grants_it(floor: SalesFloor) -> None:
    rule(floor)
    (told,) = tick(floor, 4, 13) and [one for one in floor.owed.values() if card_of(one).title.startswith("3 天后")]
    assert texts(card_of(told))[:2] == ["今天跟进", "申请延期"]
    floor.refuses(NotYours, lambda: floor.say(c.AskExtension(customer="腾讯", days=14), "王强"))
    answer = floor.say(c.AskExtension(customer="腾讯", days=14, reason="等预算批下来"))
    assert answer.title == "已申请延期 · 腾讯科技"
    (asked,) = floor.fresh
    assert (who(floor, asked), card_of(asked).title) == ("王强", "延期申请 · 腾讯科技")
    floor.refuses(AskedAlready, lambda: floor.say(c.AskExtension(customer="腾讯", days=7)))
    floor.refuses(NotFound, lambda: floor.click(card_of(asked), "同意", "陈静"))
    assert floor.click(card_of(asked), "同意", "王强").title == "已同意延期 · 腾讯科技"
    assert [card_of(owed).title for owed in floor.fresh] == ["延期已批准 · 腾讯科技"]
    for day in (14, 15, 16, 20):
        assert on(floor, 4, day) == []
    assert on(floor, 4, 27) == [("李娜", "3 天后回收 · 腾讯科技")]


def test_the_owner_passes_it_on_or_gives_it_up_and_can_take_that_back(floor: SalesFloor) -> None:
    rule(floor)
    (told,) = tick(floor, 4, 1)
    assert texts(card_of(told)) == ["今天跟进", "申请延期", "转给…", "放弃", "为什么"]
    assert floor.click(card_of(told), "放弃").title == "已放入公海 · 腾讯科技"
    assert (floor.all(Customer)[0].owner_id, floor.only(Deal).owner_id, floor.only(Deal).status) == (None, None, "open")
    floor.takes_back()
    jing = floor.member("陈静").id
    assert floor.say(c.PassOn(customer=1, to=jing)).title == "已转给陈静 · 腾讯科技"
    assert [floor.all(Customer)[0].owner_id, floor.only(Deal).owner_id, floor.only(FollowUp).owner_id] == [jing] * 3
    assert [owed.member_id for owed in floor.fresh] == [jing]
    floor.refuses(NotFound, lambda: floor.say(c.GiveUp(customer=1)))


def test_a_dry_run_says_what_would_happen_and_does_nothing(floor: SalesFloor) -> None:
    floor.now = at(4, 3, 10)
    tried = floor.say(c.DefineIdleRule(scope="大客户", remind=30, recycle=45, dry=True), "王强")
    assert "提醒负责人 1 个" in tried.text
    assert "李娜 · 腾讯科技" in tried.text
    assert floor.all(IdleRule) == []  # type: ignore[type-var]
    rule(floor)
    assert "提醒负责人 1 个" in floor.say(c.TryIdleRules(), "王强").text
    assert on(floor, 4, 3) == [("李娜", "该跟进了 · 腾讯科技")]


def test_a_rule_that_cannot_be_is_refused_and_one_that_was_set_is_taken_back(floor: SalesFloor) -> None:
    floor.refuses(BadDays, lambda: rule(floor, remind=45, recycle=30))
    floor.refuses(WhichScope, lambda: rule(floor, scope="火星客户"))
    rule(floor)
    assert "大客户30天没跟进提醒，36天通知主管，45天回收（赵总设）" in floor.say(c.ShowIdleRules(), "李娜").text
    floor.takes_back("赵总")
    assert on(floor, 4, 3) == []


def test_today_is_a_task_and_two_ticks_at_once_tell_once(floor: SalesFloor) -> None:
    rule(floor)
    (told,) = tick(floor, 4, 1)
    assert floor.click(card_of(told), "今天跟进").title == "已安排跟进"
    assert len(floor.all(FollowUp)) == 2
    statements: list[str] = []
    sa.event.listen(floor.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with floor.database.write() as session:
        session.add_all(
            [
                Customer(name=f"厂{n}", name_key=f"厂{n}", tier="大客户", owner_id=3 + n % 2, created_at=at(3, 2))
                for n in range(100)
            ]
        )
    statements.clear()
    assert len(tick(floor, 4, 2)) == 2
    assert len(statements) < 60
