"""Follow-ups: planned for a moment that suits people, shown in order, done once, moved, written up."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal

import pytest
from sales_floor import SHANGHAI, SalesFloor, at, texts, value

from bot import commands as c
from scrm import followups
from scrm.db import Database
from scrm.errors import Missing, NotFound, Outdated, UnknownName
from scrm.hours import Hours
from scrm.models import Activity, FollowUp

HOURS = Hours(SHANGHAI, time(21), time(8, 30))


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    return floor


def plan(due: datetime, customer: str = "腾讯", action: str = "", **more: bool) -> c.ScheduleFollowUp:
    return c.ScheduleFollowUp(customer=customer, due_at=due, action=action, **more)


# --- when it may disturb


@pytest.mark.parametrize(
    ("due", "reminds"),
    [
        (at(11, 24, 15), at(11, 24, 15)),  # a working hour
        (at(11, 24, 8, 30), at(11, 24, 8, 30)),  # the end of the quiet hours
        (at(11, 24, 23), at(11, 25, 8, 30)),  # late in the evening
        (at(11, 24, 21), at(11, 25, 8, 30)),  # the first quiet minute
        (at(11, 24, 6), at(11, 24, 8, 30)),  # early the same day
        (at(11, 27, 22), at(11, 30, 8, 30)),  # Friday night
        (at(11, 28, 15), at(11, 30, 8, 30)),  # Saturday
        (at(11, 29, 23), at(11, 30, 8, 30)),  # Sunday night
        (at(10, 3, 10), at(10, 8, 8, 30)),  # in the National Day break
        (at(10, 10, 15), at(10, 10, 15)),  # a Saturday worked to make up for it
    ],
)
def test_a_reminder_avoids_quiet_hours_and_days_off(due: datetime, reminds: datetime) -> None:
    assert HOURS.reminder(due, False, at(9, 1)) == reminds


def test_a_whole_day_reminds_in_its_morning_or_within_the_hour(floor: SalesFloor) -> None:
    assert HOURS.reminder(at(11, 24, 9), True, at(11, 23)) == at(11, 24, 9)
    assert HOURS.reminder(at(11, 23, 9), True, at(11, 23, 14)) == at(11, 23, 15)
    assert HOURS.reminder(at(11, 28, 9), True, at(11, 23)) == at(11, 30, 8, 30)


def test_hours_without_a_quiet_time_or_with_one_inside_the_day() -> None:
    always = Hours(SHANGHAI, time(0), time(0))
    assert always.reminder(at(11, 24, 23), False, at(11, 23)) == at(11, 24, 23)
    siesta = Hours(SHANGHAI, time(12), time(14))
    assert siesta.reminder(at(11, 24, 13), False, at(11, 23)) == at(11, 24, 14)
    assert siesta.reminder(at(11, 24, 23), False, at(11, 23)) == at(11, 24, 23)


# --- planning


def test_planning_says_what_was_agreed(floor: SalesFloor) -> None:
    floor.say(c.LogActivity(summary="见了面", kind="visit", customer="腾讯", contacts=("张总",)))
    card = floor.say(c.ScheduleFollowUp(customer="腾讯", contact="张总", due_at=at(11, 24, 15), action="送样品"))
    assert (card.title, value(card, "客户"), value(card, "时间"), value(card, "事项")) == (
        "已安排跟进", "腾讯科技 · 张总", "明天 15:00", "送样品",
    )  # fmt: skip
    assert value(floor.view("followup:1"), "上次") == "今天 拜访：见了面"
    assert (value(card, "提醒"), texts(card)) == ("", ["改时间", "完成", "撤销"])
    assert floor.only(FollowUp).event_id == floor.turns
    floor.takes_back()
    assert floor.all(FollowUp) == []


def test_to_follow_up_a_customer_is_no_action_of_its_own(floor: SalesFloor) -> None:
    assert value(floor.say(plan(at(11, 24, 15), action="跟进腾讯")), "事项") == ""
    assert value(floor.say(plan(at(11, 24, 16), action="跟进合同条款")), "事项") == "跟进合同条款"
    assert value(floor.say(plan(at(11, 24, 17), action="跟进一下")), "事项") == ""


def test_a_time_at_night_is_named_as_it_will_come_and_can_be_kept(floor: SalesFloor) -> None:
    card = floor.say(plan(at(11, 23, 23)))
    assert (value(card, "时间"), value(card, "提醒")) == ("今天 23:00", "明天 08:30（已避开休息时间）")
    kept = floor.click(card, "仍按原时间")
    assert (kept.title, floor.only(FollowUp).remind_at) == ("好的，今天 23:00 准时提醒", at(11, 23, 23))
    floor.refuses(followups.SameTime, lambda: floor.click(card, "仍按原时间"))


def test_a_time_that_has_gone_by_cannot_be_kept(floor: SalesFloor) -> None:
    card = floor.say(plan(at(11, 23, 22)))
    floor.now = at(11, 24, 7)
    floor.refuses(followups.TooLate, lambda: floor.click(card, "仍按原时间"))


def test_without_a_time_or_with_a_past_one_the_card_asks(floor: SalesFloor) -> None:
    asked = floor.refuses(Missing, lambda: floor.say(c.ScheduleFollowUp(customer="腾讯")))
    assert asked.question == "什么时候跟进腾讯科技？"
    assert asked.options == (
        ("今天 16:00", at(11, 23, 16)), ("明天", at(11, 24, 9)), ("后天", at(11, 25, 9)), ("下周一", at(11, 30, 9)),
    )  # fmt: skip
    past = floor.refuses(Missing, lambda: floor.say(plan(at(11, 23, 9))))
    assert (past.slot, past.question) == ("due_at", "这个时间已经过了，改到什么时候？")
    assert value(floor.say(plan(at(11, 23, 9), all_day=True)), "时间") == "今天（15:00 提醒）"


def test_a_whole_day_off_is_named_as_it_will_come(floor: SalesFloor) -> None:
    card = floor.say(plan(at(11, 28, 9), all_day=True))
    assert (value(card, "时间"), value(card, "提醒")) == ("11月28日 周六", "11月30日 周一 08:30（已避开休息时间）")
    floor.click(card, "仍按原时间")
    assert floor.only(FollowUp).remind_at == at(11, 28, 9)


def test_on_a_sunday_night_tomorrow_and_next_monday_are_one_button(floor: SalesFloor) -> None:
    floor.now = at(11, 29, 22)
    asked = floor.refuses(Missing, lambda: floor.say(c.ScheduleFollowUp(customer="腾讯")))
    assert [label for label, _ in asked.options] == ["明天", "后天"]


def test_an_unknown_customer_is_asked_about_and_an_unknown_person_left_out(floor: SalesFloor) -> None:
    assert floor.refuses(UnknownName, lambda: floor.say(plan(at(11, 24, 15), "字节"))).slot == "customer"
    card = floor.say(c.ScheduleFollowUp(customer="腾讯", contact="王芳", due_at=at(11, 24, 15)))
    assert value(card, "客户") == "腾讯科技"


# --- the list


def test_todo_groups_by_what_presses(floor: SalesFloor) -> None:
    assert floor.say(c.ShowTodo()).title == "没有待办"
    floor.say(plan(at(11, 23, 15), action="送样品"))
    floor.say(plan(at(11, 23, 9), "阿里", all_day=True))
    floor.say(plan(at(11, 24, 15), "阿里"))
    floor.now = at(11, 23, 17)
    card = floor.say(c.ShowTodo())
    assert card.title == "我的待办（2）"
    assert card.text == "已过期（1）\n1. 今天 15:00 腾讯科技：送样品（已过 2 小时）\n今天（1）\n2. 今天 阿里巴巴"
    assert texts(card) == ["1. 腾讯科技", "2. 阿里巴巴", "之后 1 条"]
    everything = floor.click(card, "之后 1 条")
    assert (everything.title, everything.text.splitlines()[-2:]) == (
        "全部待办（3）",
        ["之后（1）", "3. 明天 15:00 阿里巴巴"],
    )
    assert floor.click(card, "1. 腾讯科技").view == "followup:1"


def test_the_only_thing_to_do_is_done_from_the_list_itself(floor: SalesFloor) -> None:
    floor.say(plan(at(11, 23, 15), action="送样品"))
    floor.say(plan(at(11, 24, 15), "阿里"))
    card = floor.say(c.ShowTodo())
    assert (card.title, card.view) == ("我的待办（1）", "followup:1")
    assert texts(card) == ["完成", "明天", "下周一", "写跟进", "之后 1 条"]
    assert floor.click(card, "完成").title == "已完成"
    later = floor.say(c.ShowTodo())
    assert (later.title, value(later, "客户"), texts(later)[0]) == ("今天没有待办，下一条是", "阿里巴巴", "完成")


def test_a_long_list_comes_five_at_a_time(floor: SalesFloor) -> None:
    for minute in range(12):
        floor.say(plan(at(11, 23, 15, minute), action=f"第{minute}件"))
    first = floor.say(c.ShowTodo())
    assert (first.title, texts(first)[-1]) == ("我的待办（12）", "更多 7 条")
    second = floor.click(first, "更多 7 条")
    assert texts(second) == ["6. 腾讯科技", "7. 腾讯科技", "8. 腾讯科技", "9. 腾讯科技", "10. 腾讯科技", "更多 2 条"]
    last = floor.click(second, "更多 2 条")
    assert (last.text.splitlines(), texts(last)[-1]) == (
        ["今天（12）", "11. 今天 15:10 腾讯科技：第10件", "12. 今天 15:11 腾讯科技：第11件"], "回到开头",
    )  # fmt: skip
    assert floor.click(last, "回到开头").text == first.text
    assert floor.say(c.ShowTodo(page=99)).text == first.text


def test_a_manager_who_looks_at_a_colleagues_step_can_urge(floor: SalesFloor) -> None:
    floor.say(plan(at(11, 24, 15), action="送样品"))
    card = floor.view("followup:1", "王强")
    assert (card.title, texts(card)[0]) == ("李娜的待办", "催办")
    assert floor.click(card, "催办", "王强").title == "已催办李娜"
    assert "催办" not in texts(floor.view("followup:1"))


def test_without_anything_to_do_the_list_says_so(floor: SalesFloor) -> None:
    floor.say(plan(at(11, 23, 15)))
    floor.say(c.CompleteFollowUp(followup=1))
    assert floor.say(c.ShowTodo()).title == "没有待办"
    assert floor.say(c.ShowTodo(), "陈静").title == "没有待办"


# --- done, moved, cancelled


def test_done_by_naming_the_customer_and_never_twice(floor: SalesFloor) -> None:
    planned = floor.say(plan(at(11, 24, 15)))
    card = floor.say(c.CompleteFollowUp(customer="腾讯"))
    assert (card.title, texts(card)) == ("已完成", ["写跟进", "安排下一步", "今日待办", "撤销"])
    row = floor.only(FollowUp)
    assert (row.status, row.done_at, row.version) == ("done", floor.now, 2)
    assert str(floor.refuses(followups.DoneAlready, lambda: floor.click(planned, "完成"))) == "这条待办已经完成了。"
    floor.refuses(followups.ClosedFollowUp, lambda: floor.click(planned, "改时间"))
    floor.refuses(followups.NothingOpen, lambda: floor.say(c.CompleteFollowUp(customer="腾讯")))
    floor.takes_back()
    assert floor.only(FollowUp).status == "open"


def test_called_off_by_naming_the_customer(floor: SalesFloor) -> None:
    """「取消周二跟腾讯的拜访」 strikes it out; it is not done."""
    floor.say(plan(at(11, 24, 15)))
    assert floor.say(c.CancelFollowUp(customer="腾讯")).title == "已取消"
    assert floor.only(FollowUp).status == "cancelled"
    floor.takes_back()
    assert floor.only(FollowUp).status == "open"


def test_which_one_is_done_is_asked_only_when_it_is_not_clear(floor: SalesFloor) -> None:
    floor.refuses(followups.NothingToDo, lambda: floor.say(c.CompleteFollowUp()))
    floor.say(plan(at(11, 24, 15), action="送合同"))
    floor.say(plan(at(11, 23, 16), action="送样品"))
    asked = floor.refuses(Missing, lambda: floor.say(c.CompleteFollowUp(customer="腾讯")))
    assert (asked.slot, asked.options) == ("followup", (("送样品（今天 16:00）", 2), ("送合同（明天 15:00）", 1)))
    assert value(floor.say(c.CompleteFollowUp()), "事项") == "送样品"
    floor.say(plan(at(11, 24, 16), "阿里", "送合同"))
    either = floor.refuses(Missing, lambda: floor.say(c.CompleteFollowUp()))
    assert [label for label, _ in either.options] == ["腾讯科技 送合同（明天 15:00）", "阿里巴巴 送合同（明天 16:00）"]


def test_postponing_by_button_starts_over(floor: SalesFloor) -> None:
    floor.say(plan(at(11, 23, 15, 20), action="送样品"))
    floor.now = at(11, 23, 15, 30)
    floor.tick("alerts")
    card = floor.view("followup:1")
    assert floor.click(card, "1小时后").title == "已改到 今天 16:30"
    stale = floor.refuses(Outdated, lambda: floor.click(card, "下周一"))
    assert stale.view == "followup:1"
    assert floor.click(floor.view("followup:1"), "明天").title == "已改到 明天 16:30"
    assert floor.click(floor.view("followup:1"), "下周一").title == "已改到 11月30日 周一 09:00"
    row = floor.only(FollowUp)
    assert (row.alerted_at, row.version, row.remind_at) == (None, 4, at(11, 30, 9))


def test_a_whole_day_stays_one_when_it_is_moved_by_days(floor: SalesFloor) -> None:
    floor.say(plan(at(11, 23, 9), all_day=True))
    card = floor.view("followup:1")
    assert floor.click(card, "明天").title == "已改到 明天"
    assert floor.click(floor.view("followup:1"), "1小时后").title == "已改到 明天 10:00"


def test_moving_by_words_means_the_step_just_planned(floor: SalesFloor) -> None:
    floor.say(plan(at(11, 23, 16), "阿里"))
    floor.say(plan(at(11, 24, 15), "腾讯"))
    assert value(floor.say(c.Reschedule(due_at=at(11, 25, 15))), "客户") == "腾讯科技"
    assert value(floor.say(c.Reschedule(customer="阿里", due_at=at(11, 25, 15))), "客户") == "阿里巴巴"
    floor.refuses(followups.SameTime, lambda: floor.say(c.Reschedule(customer="阿里", due_at=at(11, 25, 15))))
    asked = floor.refuses(Missing, lambda: floor.say(c.Reschedule(followup=1)))
    assert (asked.slot, asked.question, len(asked.options)) == ("due_at", "阿里巴巴的跟进改到什么时候？", 4)
    floor.refuses(Missing, lambda: floor.say(c.Reschedule(followup=1, due_at=at(11, 23, 9))))
    floor.refuses(Outdated, lambda: floor.say(c.Reschedule(followup=1, to="someday")))


def test_cancelled_is_over(floor: SalesFloor) -> None:
    floor.say(plan(at(11, 24, 15)))
    card = floor.click(floor.view("followup:1"), "不用跟了")
    assert (card.title, texts(card)) == ("已取消", ["安排下一步", "今日待办", "撤销"])
    floor.refuses(followups.CancelledAlready, lambda: floor.say(c.CancelFollowUp(followup=1)))
    floor.refuses(followups.ClosedFollowUp, lambda: floor.say(c.CompleteFollowUp(followup=1)))
    assert floor.view("followup:1").title == "已取消"


def test_writing_up_understands_the_words_and_completes(floor: SalesFloor) -> None:
    floor.say(plan(at(11, 23, 15), action="送样品"))
    assert floor.refuses(Missing, lambda: floor.say(c.WriteFollowUp(followup=1))).slot == "words"
    card = floor.say(c.WriteFollowUp(followup=1, words="打了电话，对方很满意，预算50万，下周三下午3点送合同"))
    assert (card.title, value(card, "客户"), value(card, "金额")) == ("已记录 · 电话", "腾讯科技", "50万")
    assert value(card, "下一步") == "12月2日 周三 15:00 送合同"
    assert "对应的待办已完成。" in card.text
    activity = floor.only(Activity)
    assert (activity.summary, activity.amount) == (
        "打了电话，对方很满意，预算50万，下周三下午3点送合同",
        Decimal(500000),
    )
    assert [row.status for row in floor.all(FollowUp)] == ["done", "open"]
    again = floor.say(c.WriteFollowUp(followup=1, words="后来又通了话"))
    assert "对应的待办已完成。" not in again.text


def test_a_colleagues_follow_up_does_not_exist_for_others(floor: SalesFloor) -> None:
    floor.say(plan(at(11, 24, 15)))
    floor.refuses(NotFound, lambda: floor.say(c.CompleteFollowUp(followup=1), "陈静"))
    assert floor.say(c.CompleteFollowUp(customer="腾讯"), "王强").title == "已完成"
    assert (
        str(floor.refuses(followups.DoneAlready, lambda: floor.say(c.CompleteFollowUp(followup=1))))
        == "这条待办已经完成了。"
    )
