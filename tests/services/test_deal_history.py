"""The course of a deal: who did what when, from which words, and how long it stayed where."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sales_floor import SalesFloor, at, texts

from bot import commands as c
from bot.cards.deal_course import length
from scrm import deal_history
from scrm.db import Database
from scrm.errors import NotFound
from scrm.models import Deal


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    return floor


def stays(floor: SalesFloor) -> list[tuple[str, timedelta, timedelta]]:
    found = floor.read(lambda session: deal_history.stays(session, session.get_one(Deal, 1), floor.now))
    return [(stay.stage.name, stay.time, stay.paused) for stay in found]


def test_the_course_tells_who_when_why_and_from_which_words(floor: SalesFloor) -> None:
    floor.now = at(11, 2, 9)
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"), words="腾讯 新商机 年度采购")
    floor.now = at(11, 5, 9)
    floor.say(c.MoveDeal(deal="年度采购", stage="谈判"), "王强", words="年度采购推进到谈判")
    floor.now = at(11, 12, 9)
    floor.say(c.MoveDeal(deal="年度采购", stage="方案报价", reason="预算砍了"), words="[move_deal:deal=1]")
    floor.now = at(11, 20, 15)
    card = floor.click(floor.view("deal:1"), "历程")
    assert card.title == "历程 · 年度采购"
    assert card.text.splitlines() == [
        "停留：初次洽谈 3天 → 谈判 7天 → 方案报价 8天（现在）",
        "· 11月12日 周四 09:00 李娜 退回到方案报价，原因：预算砍了",
        "· 11月5日 周四 09:00 王强 推进到谈判",
        "· 11月2日 周一 09:00 李娜 新建，初次洽谈「腾讯 新商机 年度采购」",
    ]
    assert "王强 推进到谈判「年度采购推进到谈判」" in floor.say(c.ShowCourse(deal=1), "王强").text
    floor.refuses(NotFound, lambda: floor.say(c.ShowCourse(deal=1), "陈静"))


def test_time_counts_over_all_visits_and_pauses_and_ends_with_the_deal(floor: SalesFloor) -> None:
    floor.now = at(11, 2, 9)
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    for day, stage in ((4, "需求确定"), (9, "初次洽谈"), (10, "需求确定")):
        floor.now = at(11, day, 9)
        floor.say(c.MoveDeal(deal="年度采购", stage=stage))
    floor.say(c.PauseDeal(deal="年度采购", until=at(11, 16)))
    floor.now = at(11, 16, 9)
    floor.tick("paused_deals")
    floor.now = at(11, 18, 9)
    floor.say(c.LoseDeal(deal="年度采购", reason="价格"))
    floor.now = at(12, 30, 9)
    day = timedelta(days=1)
    assert stays(floor) == [("初次洽谈", 3 * day, 0 * day), ("需求确定", 13 * day, 6 * day)]
    floor.say(c.ReopenDeal(deal="年度采购"))
    floor.now = at(12, 31, 21)
    assert stays(floor)[1] == ("需求确定", 14.5 * day, 6 * day)
    card = floor.say(c.ShowCourse(customer="腾讯"))
    assert card.text.splitlines()[0] == "停留：初次洽谈 3天 → 需求确定 14天（现在，暂停 6天）"
    assert "系统 恢复" in card.text
    assert texts(card) == ["更早的", "看商机"]
    earlier = floor.click(card, "更早的")
    assert earlier.text.splitlines()[-1].endswith("新建，初次洽谈")
    assert "停留" not in earlier.text
    assert texts(earlier) == ["看商机"]


def test_a_change_taken_back_is_no_part_of_the_course(floor: SalesFloor) -> None:
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购"))
    floor.say(c.MoveDeal(deal="年度采购", stage="谈判"))
    floor.takes_back()
    assert [name for name, _, _ in stays(floor)] == ["初次洽谈"]


def test_how_long_reads_in_days_or_hours() -> None:
    assert [length(timedelta(hours=hours)) for hours in (0.5, 5, 30, 400)] == ["不到1小时", "5小时", "1天", "16天"]
