"""The clock: each push once, at the right time, to the right person, however often and wherever the jobs run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sales_floor import SETTINGS, SalesFloor, at, card_of, texts, value

from bot import commands as c
from bot.context import Context
from scheduler.jobs import JOBS
from scrm import reminders
from scrm.access import SYSTEM
from scrm.db import Database
from scrm.models import Audit, Customer, Deal, FollowUp, Member


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    with database.write() as session:
        session.add(Customer(name="百度", name_key="百度", owner_id=4))
    return floor


def plan(floor: SalesFloor, day: int, hour: int, customer: str = "腾讯", name: str = "李娜", action: str = "") -> None:
    floor.say(c.ScheduleFollowUp(customer=customer, due_at=at(11, day, hour), action=action), name)


# --- alerts


def test_an_alert_comes_at_its_time_and_once(floor: SalesFloor) -> None:
    plan(floor, 23, 16, action="送样品")
    assert floor.tick("alerts") == []
    floor.now = at(11, 23, 16)
    (owed,) = floor.tick("alerts")
    card = card_of(owed)
    assert (owed.member_id, card.title, value(card, "事项")) == (
        floor.member("李娜").id,
        "跟进提醒 · 腾讯科技",
        "送样品",
    )
    assert (texts(card), card.view) == (["完成", "明天", "下周一", "写跟进", "为什么"], "followup:1")
    assert floor.tick("alerts") == []
    assert floor.only(FollowUp).version == 1
    assert floor.click(card, "完成").title == "已完成"


def test_an_alert_comes_however_late_and_again_after_a_postponement(floor: SalesFloor) -> None:
    plan(floor, 23, 16)
    floor.now = at(11, 27, 10)
    (first,) = floor.tick("alerts")
    assert "已过 3 天" in value(card_of(first), "时间")
    floor.click(card_of(first), "下周一")
    floor.now = at(11, 30, 9)
    (second,) = floor.tick("alerts")
    assert second.key != first.key


def test_while_one_claims_alerts_another_goes_on_with_the_next(
    floor: SalesFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(floor, 23, 15)
    plan(floor, 23, 16, "百度", "陈静")
    floor.now = at(11, 23, 17)
    monkeypatch.setattr(reminders, "BATCH", 1)
    if floor.database.is_sqlite:
        return  # which has one writer
    with floor.database.write() as one, floor.database.write() as other:
        owners = [[seen[0].owner.name for seen in reminders.claim_due(session, floor.now)] for session in (one, other)]
    assert owners == [["李娜"], ["陈静"]]


def test_several_due_together_are_one_card(floor: SalesFloor) -> None:
    plan(floor, 23, 16, action="送样品")
    plan(floor, 23, 15, "阿里")
    plan(floor, 23, 16, "百度", "陈静")
    floor.now = at(11, 23, 17)
    mine, hers = floor.tick("alerts")
    card = card_of(mine)
    assert card.title == "有 2 条待办到时间了"
    assert card.text.splitlines() == [
        "1. 今天 15:00 阿里巴巴（已过 2 小时）",
        "2. 今天 16:00 腾讯科技：送样品（已过 1 小时）",
    ]
    assert floor.click(card, "2. 腾讯科技").view == "followup:1"
    assert (hers.member_id, card_of(hers).title) == (floor.member("陈静").id, "跟进提醒 · 百度")


def test_done_or_cancelled_follow_ups_and_those_of_people_who_left_are_silent(floor: SalesFloor) -> None:
    plan(floor, 23, 16)
    plan(floor, 23, 17, "阿里")
    plan(floor, 23, 16, "百度", "陈静")
    floor.say(c.CompleteFollowUp(followup=1))
    floor.say(c.CancelFollowUp(followup=2))
    with floor.database.write() as session:
        session.execute(sa.update(Member).where(Member.name == "陈静").values(active=False))
    floor.now = at(11, 23, 18)
    assert floor.tick("alerts") == []


def test_what_the_clock_notes_is_no_change_that_stands_in_the_way_of_undo(floor: SalesFloor) -> None:
    plan(floor, 23, 16)
    floor.now = at(11, 23, 16)
    floor.tick("alerts")
    changed = floor.read(
        lambda session: session.scalars(sa.select(Audit.op).where(Audit.table_name == "followup")).all()
    )
    assert changed == ["insert"]
    floor.takes_back()
    assert floor.all(FollowUp) == []


def test_two_replicas_alert_once(floor: SalesFloor) -> None:
    for minute in range(30):
        floor.say(c.ScheduleFollowUp(customer="腾讯" if minute % 2 else "阿里", due_at=at(11, 23, 15, minute)))
    floor.now = at(11, 23, 16)

    def tick(_: int) -> int:
        with floor.database.write() as session:
            return JOBS["alerts"](Context(session, SYSTEM, floor.now, SETTINGS, "job:alerts"))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(tick, range(4))) == 30


# --- overdue


def test_what_stays_overdue_reaches_the_manager_within_three_working_days_once(floor: SalesFloor) -> None:
    plan(floor, 23, 16, action="送样品")
    plan(floor, 23, 17, "百度", "陈静")
    for day in (23, 24):
        floor.now = at(11, day, 18)
        assert floor.tick("escalations") == []
    floor.now = at(11, 25, 9)
    (owed,) = floor.tick("escalations")
    card = card_of(owed)
    assert (owed.member_id, card.title) == (floor.member("王强").id, "2 条待办逾期未处理")
    assert card.text.splitlines() == ["1. 李娜 · 腾讯科技：送样品（逾期 1 天）", "2. 陈静 · 百度（逾期 1 天）"]
    assert floor.click(card, "催办 1", "王强").title == "已催办李娜"
    floor.now = at(11, 26, 9)
    assert floor.tick("escalations") == []


def test_nobody_is_told_of_overdue_things_at_night_on_a_day_off_or_twice_a_day(floor: SalesFloor) -> None:
    plan(floor, 24, 16)
    for moment in (at(11, 26, 7), at(11, 26, 22), at(11, 28, 10)):
        floor.now = moment
        assert floor.tick("escalations") == []
    floor.now = at(11, 30, 9)
    assert len(floor.tick("escalations")) == 1
    with floor.database.write() as session:
        session.execute(sa.update(FollowUp).values(escalated_at=None))
        session.add(
            FollowUp(
                customer_id=1, owner_id=3, due_at=at(11, 23), remind_at=at(11, 23), action="", status="open", all_day=False,
                escalated_at=floor.now, version=1,
            )
        )  # fmt: skip
    floor.now = at(11, 30, 15)
    assert floor.tick("escalations") == []
    floor.now = at(12, 1, 9)
    assert len(floor.tick("escalations")) == 1


def test_a_follow_up_due_on_a_holiday_is_late_only_after_it_reminded(floor: SalesFloor) -> None:
    floor.now = at(9, 29, 10)
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(10, 3, 10)))
    floor.now = at(10, 8, 8, 30)
    assert len(floor.tick("alerts")) == 1
    floor.now = at(10, 9, 9)
    assert floor.tick("escalations") == []
    floor.now = at(10, 10, 9)  # a Saturday that is worked
    assert len(floor.tick("escalations")) == 1


# --- digests


def test_the_digest_goes_to_the_direct_manager_once_a_working_day(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", amount=Decimal(800000)))
    floor.say(c.LogActivity(summary="聊了", kind="visit", customer="腾讯"))
    floor.now = at(11, 24, 8, 44)
    assert floor.tick("digests") == []
    floor.now = at(11, 24, 8, 45)
    (owed,) = floor.tick("digests")
    card = card_of(owed)
    assert (owed.member_id, owed.key) == (floor.member("王强").id, f"digest:{floor.member('王强').id}:2026-11-24")
    assert (card.title, card.subtitle) == ("今日简报", "昨天 08:45 至 今天 08:45")
    assert card.text.splitlines()[:2] == ["拜访 1", "新商机 1 个，80万"]
    floor.now = at(11, 24, 9)
    assert floor.tick("digests") == []
    floor.now = at(11, 25, 8, 45)
    assert floor.tick("digests") == []


def test_a_digest_two_hours_late_is_skipped_and_the_next_one_covers_its_time(floor: SalesFloor) -> None:
    floor.now = at(11, 23, 8, 50)
    floor.tick("digests")
    floor.now = at(11, 23, 14)
    floor.say(c.LogActivity(summary="聊了", kind="call", customer="腾讯"))
    floor.now = at(11, 24, 10, 45)
    assert floor.tick("digests") == []
    floor.now = at(11, 25, 8, 45)
    (owed,) = floor.tick("digests")
    assert (card_of(owed).subtitle, card_of(owed).text.splitlines()[0]) == ("前天 08:45 至 今天 08:45", "电话 1")


def test_what_is_said_on_a_day_off_comes_on_the_next_working_day(floor: SalesFloor) -> None:
    floor.now = at(11, 28, 10)
    floor.say(c.LogActivity(summary="周末聊了", kind="wechat", customer="腾讯"))
    floor.now = at(11, 28, 8, 50)
    assert floor.tick("digests") == []
    floor.now = at(11, 30, 8, 50)
    (owed,) = floor.tick("digests")
    assert card_of(owed).text.splitlines()[0] == "其他跟进 1"


# --- paused deals


def test_a_paused_deal_opens_on_its_day_and_its_owner_hears_of_it(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    paused = floor.say(c.PauseDeal(deal="年度采购", until=at(11, 28)))
    floor.now = at(11, 27, 23)
    assert floor.tick("paused_deals") == []
    floor.now = at(11, 28, 0, 5)
    (owed,) = floor.tick("paused_deals")
    assert (owed.member_id, owed.not_before) == (floor.member("李娜").id, at(11, 30, 8, 30))
    assert (card_of(owed).title, texts(card_of(owed))[0]) == ("暂停到期 · 年度采购", "推进到需求确定")
    deal = floor.only(Deal)
    assert (deal.status, deal.paused_until, deal.version) == ("open", None, 3)
    assert floor.tick("paused_deals") == []
    assert floor.click(card_of(owed), "推进到需求确定").title == "商机 · 推进到需求确定"
    assert "恢复" in texts(paused)


def test_every_job_is_harmless_when_there_is_nothing_to_do(floor: SalesFloor) -> None:
    for name in JOBS:
        assert floor.tick(name) == []
    with floor.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Audit).where(Audit.command.in_(list(JOBS)))) == 0
