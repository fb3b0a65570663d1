"""How many pushes reach one person a day: what can wait comes together, nothing is lost, what was asked for comes on time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sales_floor import SalesFloor, at, card_of, texts

from bot import answers, pushes
from bot import commands as c
from bot.cards.card import Card
from bot.context import Context
from bot.handlers.clocks import push_later
from bot.tables import EXPIRED, HELD, NEW, Outbox
from scrm.access import SYSTEM
from scrm.db import Database
from scrm.members import TooManyPushes
from scrm.models import Identity

DOORS = ["wecom_app"]


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    floor = SalesFloor(database)
    floor.open()
    with database.write() as session:
        for name in ("李娜", "王强"):
            who = floor.member(name).id
            session.add(Identity(platform="wecom", user_id=f"u{who}", member_id=who, door="wecom_app"))
    floor.say(c.LimitPushes(most=2))
    return floor


def push(
    floor: SalesFloor, *titles: str, name: str = "李娜", may_wait: bool = True, later: datetime | None = None
) -> None:
    """Pushes to one member, as handlers and jobs make them."""
    who = floor.member(name).id

    def work(context: Context) -> None:
        for title in titles:
            if later is not None:
                push_later(context, who, Card(title=title), f"k:{title}", later, may_wait=may_wait)
            else:
                context.send(who, Card(title=title), f"k:{title}", may_wait=may_wait)
        answers.post_owed(context, DOORS)

    floor.run(SYSTEM, "job", work)


def of_state(floor: SalesFloor, state: int) -> list[str]:
    rows = floor.read(
        lambda session: session.scalars(sa.select(Outbox.key).where(Outbox.state == state).order_by(Outbox.id)).all()
    )
    return [key.removeprefix("k:") for key in rows]


def test_beyond_the_days_number_what_can_wait_comes_on_one_card_in_the_evening(floor: SalesFloor) -> None:
    push(floor, "一", "二", "三")
    push(floor, "四")
    assert (of_state(floor, NEW), of_state(floor, HELD)) == (["一", "二"], ["三", "四"])
    floor.now = at(11, 23, 17, 29)
    assert floor.tick("sum_up") == []
    floor.now = at(11, 23, 17, 30)
    (owed,) = floor.tick("sum_up")
    card = card_of(owed)
    assert (owed.member_id, owed.push_day) == (floor.member("李娜").id, None)
    assert card.title == "合并的提醒（2）"
    assert card.text.splitlines() == ["1. 三", "2. 四"]
    assert floor.click(card, "2. 四").title == "四"
    assert floor.tick("sum_up") == []
    assert of_state(floor, EXPIRED) == ["三", "四"]
    assert floor.say(c.ShowHeld()).text == card.text


def test_what_somebody_asked_for_or_must_decide_comes_and_counts(floor: SalesFloor) -> None:
    push(floor, "约了三点", "审批", "倒计时", may_wait=False)
    push(floor, "没进展")
    assert of_state(floor, NEW) == ["约了三点", "审批", "倒计时"]
    assert of_state(floor, HELD) == ["没进展"]


def test_each_person_and_each_day_has_an_account_of_its_own(floor: SalesFloor) -> None:
    push(floor, "一", "二")
    push(floor, "主管一", "主管二", "主管三", name="王强")
    push(floor, "明天", later=at(11, 24, 9))
    assert of_state(floor, HELD) == []
    floor.now = at(11, 24, 9)
    push(floor, "明二", "明三")
    assert of_state(floor, HELD) == ["明三"]


def test_what_is_held_in_the_evening_comes_with_the_next_working_morning(floor: SalesFloor) -> None:
    floor.now = at(11, 27, 18)  # a Friday
    push(floor, "一", "二", "三")
    floor.now = at(11, 28, 10)
    assert floor.tick("sum_up") == []
    floor.now = at(11, 30, 8, 45)
    (owed,) = floor.tick("sum_up")
    assert card_of(owed).title == "三"  # alone it comes as itself


def test_the_number_is_said_in_chat_and_taken_back(floor: SalesFloor) -> None:
    assert "每天最多提醒 2 条" in floor.say(c.LimitPushes()).title
    card = floor.say(c.LimitPushes(most=0))
    assert card.title == "已改为每天提醒不限条数"
    push(floor, *"一二三四五")
    assert of_state(floor, HELD) == []
    floor.takes_back()
    assert "每天最多提醒 2 条" in floor.say(c.LimitPushes()).title
    floor.refuses(TooManyPushes, lambda: floor.say(c.LimitPushes(most=999)))
    assert "每天最多提醒 20 条" in floor.say(c.LimitPushes(), "陈静").title


def test_many_are_listed_page_by_page_and_are_nobody_elses(floor: SalesFloor) -> None:
    floor.say(c.LimitPushes(most=1))
    push(floor, *(f"第{n}条" for n in range(24)))
    floor.now = at(11, 23, 17, 30)
    (owed,) = floor.tick("sum_up")
    card = card_of(owed)
    assert (card.title, card.text.splitlines()[-1]) == ("合并的提醒（23）", "… 还有 3 条")
    assert texts(card)[-1] == "更多 18 条"
    further = floor.click(card, "更多 18 条")
    assert further.text.splitlines()[0] == "1. 第6条"
    assert floor.click(card, texts(card)[0], "陈静").title == "这条提醒已经过期"
    assert floor.say(c.ShowHeld(), "陈静").title == "没有合并的提醒"


def test_two_that_sum_up_at_once_give_out_each_push_once(floor: SalesFloor) -> None:
    push(floor, "一", "二", "三")
    later = floor.now + timedelta(days=1)
    first = floor.database.run(lambda session: pushes.claim_held(session, later))
    second = floor.database.run(lambda session: pushes.claim_held(session, later))
    assert ([one.card.title for held in first.values() for one in held], second) == (["三"], {})


def test_without_a_number_of_ones_own_the_companys_holds(floor: SalesFloor) -> None:
    push(floor, *(f"{n}" for n in range(21)), name="王强")
    assert of_state(floor, HELD) == ["20"]
