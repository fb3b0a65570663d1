"""What a manager asks for: the team's numbers, what is overdue, and a word to the one who is late."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from sales_floor import SETTINGS, SalesFloor, at, card_of, texts, value

from bot import commands as c
from bot.handlers.clocks import hours_of
from scrm import followups, leaders, reports
from scrm.access import Actor
from scrm.db import Database
from scrm.errors import Missing, NotFound, Outdated
from scrm.models import Activity, Customer


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    with database.write() as session:
        session.add(Customer(name="百度", name_key="百度", owner_id=4))
    return floor


def a_busy_day(floor: SalesFloor) -> None:
    """李娜: two visits, a call, a deal moved and one won. 陈静: a visit and a deal lost."""
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", amount=Decimal(800000)))
    floor.say(c.CreateDeal(customer="阿里", deal="云服务", amount=Decimal(500000)))
    for kind in ("visit", "visit", "call"):
        floor.say(c.LogActivity(summary="聊了", kind=kind, customer="腾讯"))
    floor.say(c.MoveDeal(stage="需求确定", deal="年度采购"))
    floor.say(c.MoveDeal(stage="谈判", deal="年度采购"))
    floor.say(c.WinDeal(deal="云服务"))
    floor.say(c.LogActivity(summary="聊了", kind="visit", customer="百度"), "陈静")
    floor.say(c.CreateDeal(customer="百度", deal="数据标注", amount=Decimal(200000)), "陈静")
    floor.say(c.LoseDeal(deal="数据标注", reason="价格"), "陈静")


def test_the_digest_counts_what_the_team_did(floor: SalesFloor) -> None:
    a_busy_day(floor)
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(11, 23, 15), action="送样品"))
    floor.now = at(11, 23, 18)
    card = floor.say(c.ShowDigest(), "王强")
    assert card.text.splitlines()[:2] == [
        "拜访 3 · 电话 1", "新商机 3 个，150万 · 赢单 1 个，50万 · 丢单 1 个，20万 · 推进 1 个 · 逾期 1 条",
    ]  # fmt: skip
    assert "· 李娜：拜访 2，电话 1" in card.text
    assert "· 年度采购 · 腾讯科技 · 80万 · 初次洽谈 → 谈判 · 李娜" in card.text
    assert "· 数据标注 · 百度 · 20万 · 价格 · 陈静" in card.text
    assert texts(card) == ["看逾期 1 条", "催办李娜", "点评李娜", "刷新"]


def test_what_was_taken_back_does_not_count(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.WinDeal(deal="年度采购"))
    floor.takes_back()
    floor.say(c.MoveDeal(stage="谈判", deal="年度采购"))
    floor.say(c.MoveDeal(stage="初次洽谈", deal="年度采购"))
    floor.now = at(11, 23, 18)
    card = floor.say(c.ShowDigest(), "王强")
    assert card.text.splitlines()[0] == "新商机 1 个"
    assert "赢单" not in card.text and "推进" not in card.text


def test_a_quiet_team_has_a_quiet_digest(floor: SalesFloor) -> None:
    card = floor.say(c.ShowDigest(), "王强")
    assert card.text.splitlines() == ["这段时间还没有新的记录。", "三个工作日没有记录：李娜、陈静"]
    assert card.subtitle == "11月20日 周五 08:45 至 今天 14:00"


def test_digests_of_all_managers_take_a_handful_of_queries(floor: SalesFloor) -> None:
    a_busy_day(floor)
    statements: list[str] = []
    sa.event.listen(floor.database.engine, "before_cursor_execute", lambda *event: statements.append(event[2]))
    with floor.database.read() as session:
        found = reports.digests(session, hours_of(SETTINGS), leaders.teams(session), at(11, 23), at(11, 24))
    assert len(statements) <= 15
    direct = {floor.member(name).id: found[floor.member(name).id] for name in ("王强", "赵总")}
    assert [(digest.visits, digest.calls) for digest in direct.values()] == [(3, 1), (0, 0)]
    assert direct[floor.member("赵总").id].is_empty


def test_reps_without_a_record_for_three_working_days_are_named(floor: SalesFloor) -> None:
    floor.say(c.LogActivity(summary="聊了", kind="visit", customer="腾讯"))
    floor.now = at(11, 25)
    assert "三个工作日没有记录：陈静" in floor.say(c.ShowDigest(), "王强").text


def test_an_admin_sees_everybody(floor: SalesFloor) -> None:
    a_busy_day(floor)
    admin = Actor(None, "管理员", "admin")
    with floor.database.read() as session:
        assert len(reports.team_of(session, admin)) == 4


def test_overdue_is_listed_with_owner_and_customer_and_can_be_urged(floor: SalesFloor) -> None:
    assert floor.say(c.ShowOverdue(), "王强").title == "没有逾期的待办"
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(11, 23, 15), action="送样品"))
    floor.say(c.ScheduleFollowUp(customer="百度", due_at=at(11, 23, 9), all_day=True), "陈静")
    floor.now = at(11, 23, 18)
    one = floor.say(c.ShowOverdue(), "王强")
    assert (one.title, one.text, texts(one)) == ("1 条待办逾期", "李娜 · 腾讯科技：送样品（逾期 3 小时）", ["催办"])
    floor.now = at(11, 24, 10)
    card = floor.say(c.ShowOverdue(), "王强")
    assert card.text.splitlines() == ["1. 陈静 · 百度（逾期 1 天）", "2. 李娜 · 腾讯科技：送样品（逾期 19 小时）"]
    answer = floor.click(card, "催办 2", "王强")
    assert (answer.title, value(answer, "送达")) == ("已催办李娜", "马上")
    (owed,) = floor.fresh
    assert (card_of(owed).title, owed.member_id) == ("王强催办 · 腾讯科技", floor.member("李娜").id)
    floor.click(card, "催办 2", "王强")
    assert floor.fresh == []


def test_a_nudge_at_night_waits_for_the_morning_and_one_for_what_is_done_is_refused(floor: SalesFloor) -> None:
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(11, 23, 15)))
    floor.now = at(11, 23, 23)
    card = floor.say(c.ShowOverdue(), "王强")
    answer = floor.click(card, "催办", "王强")
    assert value(answer, "送达") == "明天 08:30，避开休息时间"
    (owed,) = floor.fresh
    assert owed.not_before == at(11, 24, 8, 30)
    assert owed.expires is not None and floor.now + owed.expires > owed.not_before
    floor.say(c.Reschedule(followup=1, due_at=at(11, 25, 15)))
    floor.refuses(Outdated, lambda: floor.click(card, "催办", "王强"))
    floor.say(c.CompleteFollowUp(followup=1))
    floor.refuses(followups.ClosedFollowUp, lambda: floor.click(card, "催办", "王强"))
    floor.refuses(NotFound, lambda: floor.say(c.Nudge(followup=99), "王强"))


def test_of_many_overdue_follow_ups_each_owner_is_urged_in_one_card(floor: SalesFloor) -> None:
    for minute in range(12):
        floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(11, 23, 15, minute), action=f"第{minute}件"))
    floor.say(c.ScheduleFollowUp(customer="百度", due_at=at(11, 23, 16)), "陈静")
    floor.now = at(11, 23, 18)
    card = floor.say(c.ShowOverdue(), "王强")
    assert (card.title, texts(card)) == ("13 条待办逾期", ["催办李娜", "催办陈静"])
    assert card.text.splitlines()[-1] == "… 还有 5 条"
    answer = floor.click(card, "催办李娜", "王强")
    assert (answer.title, value(answer, "待办"), value(answer, "送达")) == ("已催办李娜", "12 条逾期", "马上")
    (owed,) = floor.fresh
    urged = card_of(owed)
    assert (owed.member_id, urged.title) == (floor.member("李娜").id, "王强催办 · 12 条待办")
    assert urged.text.splitlines()[-1] == "… 还有 7 条，点「今日待办」查看"
    floor.click(card, "催办李娜", "王强")
    assert floor.fresh == [], "once a day"
    floor.click(card, "催办陈静", "王强")
    assert card_of(floor.fresh[0]).title == "王强催办 · 百度"
    floor.say(c.CompleteFollowUp(customer="百度"), "陈静")
    assert floor.click(card, "催办陈静", "王强").title == "陈静没有逾期的待办了"
    floor.refuses(NotFound, lambda: floor.say(c.NudgeAll(member=floor.member("赵总").id), "王强"))


def test_what_is_stuck_and_who_is_silent_is_a_button_away(floor: SalesFloor) -> None:
    a_busy_day(floor)
    floor.now = at(12, 31, 18)
    floor.say(c.LogActivity(summary="聊了", kind="visit", customer="腾讯"))
    floor.now = at(12, 31, 19)
    card = floor.say(c.ShowDigest(), "王强")
    assert texts(card) == ["看停滞 1 个", "看沉默 1 人", "改派", "刷新"]
    assert "1. 年度采购在谈判停了 38 天，由李娜负责 → 改派" in card.text
    stuck = floor.click(card, "看停滞 1 个", "王强")
    assert (stuck.title, stuck.text) == ("1 个商机停滞", "1. 年度采购 · 腾讯科技 · 80万 · 谈判 38 天 · 李娜")
    silent = floor.click(card, "看沉默 1 人", "王强")
    assert silent.text == "1. 陈静：上次记录 11月23日 周一"
    asked = floor.refuses(Missing, lambda: floor.click(silent, "问问陈静", "王强"))
    assert asked.slot == "words" and "陈静" in asked.question
    assert floor.say(c.ShowStuck(), "陈静").title == "没有停滞的商机"


def test_a_comment_reaches_the_rep_and_stays_with_the_deal(floor: SalesFloor) -> None:
    a_busy_day(floor)
    answer = floor.say(c.Comment(deal=1, words="先约到决策人再报价"), "王强")
    assert (answer.title, value(answer, "送达")) == ("已发给李娜", "马上")
    (owed,) = floor.fresh
    told = card_of(owed)
    assert (owed.member_id, told.title, told.text) == (floor.member("李娜").id, "王强点评了您", "先约到决策人再报价")
    assert floor.all(Activity)[-1].summary == "点评：先约到决策人再报价"
    floor.takes_back("王强")
    assert floor.all(Activity)[-1].summary != "点评：先约到决策人再报价"
    floor.refuses(NotFound, lambda: floor.say(c.Comment(member=floor.member("赵总").id, words="好"), "王强"))


def test_a_manager_hears_of_the_week_once_on_its_last_working_day(floor: SalesFloor) -> None:
    a_busy_day(floor)
    for day, hour, cards in ((26, 18, 0), (27, 17, 0), (27, 18, 1), (27, 19, 0)):
        floor.now = at(11, day, hour)
        owed = floor.tick("weekly_digests")
        assert len(owed) == cards, (day, hour)
        if cards:
            assert (card_of(owed[0]).title, owed[0].member_id) == ("本周简报", floor.member("王强").id)
            assert "拜访 3 · 电话 1" in card_of(owed[0]).text


def test_a_rep_starts_the_day_with_a_plan_and_without_one_hears_nothing(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", amount=Decimal(800000)))
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(12, 21, 15), action="送样品"))
    floor.say(c.ScheduleFollowUp(customer="阿里", due_at=at(12, 22, 10), action="回电话"))
    floor.now = at(12, 22, 8, 50)
    (owed,) = floor.tick("morning_plans")
    card = card_of(owed)
    assert (card.title, owed.member_id) == ("今日计划", floor.member("李娜").id)
    assert (value(card, "已过时间"), value(card, "今天")) == ("1 条", "1 条（10:00）")
    assert card.text == "· 年度采购 · 腾讯科技 · 80万，在初次洽谈停了 29 天"
    assert texts(card) == ["今日待办", "看年度采购"]
    assert floor.tick("morning_plans") == []


def test_a_plan_that_comes_late_leaves_out_what_was_said_since(floor: SalesFloor) -> None:
    floor.now = at(12, 22, 8, 50)
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=at(12, 22, 15), action="送样品"))
    assert floor.tick("morning_plans") == []


def test_a_rep_s_week_is_written_from_the_records_and_goes_to_the_leader(floor: SalesFloor) -> None:
    a_busy_day(floor)
    floor.now = at(11, 27, 17)
    card = floor.say(c.WriteWeek())
    assert card.text.splitlines() == [
        "拜访 2 · 电话 1", "新商机 2 个，130万 · 赢单 1 个，50万 · 推进 1 个", "【赢单】", "· 云服务 · 阿里巴巴 · 50万",
        "【新商机】", "· 年度采购 · 腾讯科技 · 80万", "· 云服务 · 阿里巴巴 · 50万", "【推进】", "· 年度采购 · 腾讯科技 · 80万（初次洽谈 → 谈判）",
    ]  # fmt: skip
    sent = floor.click(card, "发给主管")
    assert sent.title == "周报已发给王强"
    (owed,) = floor.fresh
    assert card_of(owed).note == "按记录写成"
    assert (owed.member_id, card_of(owed).title, card_of(owed).text) == (
        floor.member("王强").id,
        "李娜的周报",
        card.text,
    )
    assert floor.refuses(Missing, lambda: floor.click(card, "修改")).slot == "words"
    edited = c.SendWeek(edit=True, words="拜访 2 · 电话 1\n这周主攻腾讯")
    looked_at = floor.refuses(Missing, lambda: floor.say(edited))
    assert looked_at.slot == "check"
    assert looked_at.question.startswith(
        "周报这样发给主管？\n拜访 2 · 电话 1\n这周主攻腾讯\n\n和记录写的比，没有了：\n· 新商机 2 个"
    )
    floor.say(c.replace(edited, sure=True))
    told = card_of(floor.fresh[0])
    assert (told.text, told.note) == ("拜访 2 · 电话 1\n这周主攻腾讯", "本人修改过")
    assert floor.say(c.SendWeek(), "赵总").title == "周报没有发出"
