"""The public pool: put back, claimed within the limits by whoever is first, given by a manager, taken back with 撤销."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sales_floor import SETTINGS, SalesFloor, texts, value

from bot import commands as c
from scrm import pool
from scrm.db import Database
from scrm.errors import DomainError
from scrm.models import Customer, CustomerShare, Deal, FollowUp, PoolClaim, PoolEntry
from scrm.pool import BadRule, CoolingDown, DayIsFull, HandsAreFull, NotInPool, NotInTeam, NotYours, Taken

TENCENT, ALI = 1, 2


@pytest.fixture
def floor(database: Database) -> SalesFloor:
    """李娜 has 腾讯科技 with a deal and a task, and 阿里巴巴."""
    floor = SalesFloor(database)
    floor.open()
    floor.say(c.CreateDeal(customer="腾讯", deal="年度采购", amount=None))
    floor.say(c.ScheduleFollowUp(customer="腾讯", due_at=floor.now + timedelta(days=3), action="送样品"))
    return floor


def owners(floor: SalesFloor) -> list[str]:
    """Who has 腾讯科技, its deal and its task; "" = nobody."""
    names = {floor.member(name).id: name for name in ("王强", "李娜", "陈静")}
    rows = (floor.all(Customer)[0], floor.only(Deal), floor.only(FollowUp))
    return [names.get(row.owner_id or 0, "") for row in rows]


def test_what_is_put_back_is_claimed_with_deal_and_task_and_each_can_be_taken_back(floor: SalesFloor) -> None:
    put = floor.say(c.ReleaseCustomer(customer="腾讯", reason="预算没了"))
    assert (put.title, value(put, "原因")) == ("已放入公海 · 腾讯科技", "预算没了")
    assert owners(floor) == ["", "", "李娜"]
    listed = floor.say(c.ShowPool(), "陈静")
    assert (listed.title, texts(listed)) == ("公海 1 家", ["1. 腾讯科技"])
    seen = floor.click(listed, "1. 腾讯科技", "陈静")
    assert value(seen, "原因") == "预算没了"
    assert "之前由李娜负责" in value(seen, "进公海")
    assert texts(seen) == ["领取", "看公海"]
    assert floor.click(seen, "领取", "陈静").title == "已领取 · 腾讯科技"
    assert owners(floor) == ["陈静"] * 3
    floor.takes_back("陈静")
    assert owners(floor) == ["", "", "李娜"]
    assert floor.all(PoolClaim) == []
    floor.takes_back()
    assert owners(floor) == ["李娜"] * 3


def test_whoever_had_it_waits_out_the_cooldown_and_others_do_not(floor: SalesFloor) -> None:
    floor.say(c.ReleaseCustomer(customer="腾讯"))
    refused = floor.refuses(CoolingDown, lambda: floor.say(c.ClaimCustomer(customer="腾讯")))
    assert "11月30日之后" in str(refused)
    floor.now += timedelta(days=7)
    floor.say(c.ClaimCustomer(customer="腾讯"))
    assert owners(floor) == ["李娜"] * 3


def test_the_limits_are_an_admins_and_count_by_local_day(floor: SalesFloor) -> None:
    rule = floor.say(c.DefinePoolRule(per_day=1, holds=2), "赵总")
    assert value(rule, "每天领取") == "每人最多 1 个"
    assert value(rule, "冷却") == "7 天内原负责人不能再领"
    floor.refuses(BadRule, lambda: floor.say(c.DefinePoolRule(cooldown=10_000), "赵总"))
    for customer in ("腾讯", "阿里"):
        floor.say(c.ReleaseCustomer(customer=customer))
    floor.say(c.ClaimCustomer(customer="腾讯"), "陈静")
    floor.refuses(DayIsFull, lambda: floor.say(c.ClaimCustomer(customer="阿里"), "陈静"))
    floor.now += timedelta(days=1)
    with floor.database.write() as session:
        session.add(Customer(name="美团", name_key="美团", owner_id=floor.member("陈静").id))
    floor.refuses(HandsAreFull, lambda: floor.say(c.ClaimCustomer(customer="阿里"), "陈静"))
    floor.say(c.DefinePoolRule(holds=0), "赵总")
    assert floor.say(c.ClaimCustomer(customer="阿里"), "陈静").title == "已领取 · 阿里巴巴"


def test_a_manager_gives_it_to_the_team_and_the_colleague_hears_of_it(floor: SalesFloor) -> None:
    floor.say(c.ReleaseCustomer(customer="腾讯"), "王强")
    seen = floor.say(c.ShowPooled(customer=TENCENT), "王强")
    assert texts(seen) == ["领取", "分配给…", "看公海"]
    floor.refuses(NotInTeam, lambda: floor.say(c.AssignPooled(customer=TENCENT, to="赵总"), "王强"))
    assert floor.say(c.AssignPooled(customer="腾讯", to="陈静"), "王强").title == "已分配给陈静 · 腾讯科技"
    assert [owed.member_id for owed in floor.fresh] == [floor.member("陈静").id]
    assert owners(floor) == ["陈静"] * 3


def test_nobody_gives_away_or_takes_what_is_not_theirs_to(floor: SalesFloor) -> None:
    with floor.database.write() as session:
        session.add(CustomerShare(customer_id=ALI, member_id=floor.member("陈静").id))
    floor.refuses(NotYours, lambda: floor.say(c.ReleaseCustomer(customer=ALI), "陈静"))
    for guess in (TENCENT, ALI, 999):
        floor.refuses(Taken, lambda guess=guess: floor.say(c.ClaimCustomer(customer=guess), "陈静"))  # type: ignore[misc]
    floor.refuses(NotInPool, lambda: floor.say(c.ClaimCustomer(customer="腾讯"), "陈静"))
    assert "公海里没有客户" in floor.say(c.ShowPool(), "陈静").title


async def test_of_two_who_claim_at_the_same_moment_one_gets_it(floor: SalesFloor) -> None:
    floor.say(c.ReleaseCustomer(customer="腾讯"), "王强")

    def claim(name: str) -> str:
        actor = floor.actor(name)
        try:
            floor.database.run(lambda session: pool.claim(session, actor, TENCENT, SETTINGS.zone, floor.now))
        except DomainError as refused:
            return type(refused).__name__
        return name

    outcomes = await asyncio.gather(*(asyncio.to_thread(claim, name) for name in ("陈静", "王强") * 2))
    assert sorted(outcomes).count("Taken") == 3
    winner = next(one for one in outcomes if one != "Taken")
    assert owners(floor)[0] == winner
    with floor.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(PoolEntry)) == 1
