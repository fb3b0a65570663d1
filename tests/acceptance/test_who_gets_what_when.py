"""A fortnight by `tick --at`: alerts, quiet hours, days off, the digest, what is overdue. Looked at on the phones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
import pytest_asyncio

from scrm.calendar import is_workday, next_workday
from tests.acceptance.product import DOORS, ZONE, Product, local, today

pytestmark = pytest.mark.asyncio(loop_scope="module")

DUE, LATE, WEEKEND = "宏图精密", "蓝海物流", "远山医药"


@dataclass
class Plan:
    """The days of the story."""

    first: date = field(default_factory=lambda: next_workday(today()))

    @property
    def second(self) -> date:
        return next_workday(self.first)

    @property
    def third(self) -> date:
        return next_workday(self.first, 2)

    @property
    def fourth(self) -> date:
        return next_workday(self.first, 3)

    @property
    def off(self) -> date:
        """The first day off after the first working day."""
        day = self.first
        while is_workday(day):
            day += timedelta(days=1)
        return day

    @property
    def digest(self) -> datetime:
        """The next digest that covers now."""
        now, due = datetime.now(ZONE), local(today(), "08:45")
        return due if is_workday(today()) and now < due else local(self.first, "08:45")


@dataclass
class Story:
    """What each person got between two ticks."""

    plan: Plan
    got: dict[datetime, dict[str, list[str]]] = field(default_factory=dict)

    def of(self, who: str, text: str) -> list[datetime]:
        """The ticks after which this person had something new with this text."""
        return [at for at, people in self.got.items() for item in people[who] if text in item]


PEOPLE = ("lina", "wanglei", "chenjing", "zhoutao", "gaolei", "sunhao")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[DOORS[0], DOORS[3]])
async def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """The product on one door of each platform; 高磊 leads a department in which nothing happens."""
    running = Product(request.param, tmp_path_factory.mktemp(request.param))
    await running.open()
    running.hire("gaolei", "高磊", 3, leads=[3])
    try:
        await running.run()
        yield running
    finally:
        await running.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(company: Product) -> Story:
    """What 李娜 plans today, and the ticks of the days that follow."""
    plan = Plan()
    for customer, day, clock in (
        (DUE, plan.first, "下午3点"),
        (LATE, plan.first, "晚上10点"),
        (WEEKEND, plan.off, "上午10点"),
    ):
        await company.say("lina", f"新建客户 {customer}")
        said = await company.say("lina", f"{day.year}年{day.month}月{day.day}日{clock}跟进{customer}")
        assert f"{day.month}月{day.day}日" in said.text or "明天" in said.text or "后天" in said.text, said.text
    await company.say("lina", f"今天拜访了{DUE}，聊了报价")
    await company.say("lina", f"{DUE} 新商机 宏图二期 80万")
    told = Story(plan)
    first = plan.first
    moments = {
        plan.digest + timedelta(seconds=5), plan.digest + timedelta(seconds=65), local(first, "14:59"), local(first, "15:00:05"),
        local(first, "22:05"), local(plan.second, "08:31"), local(plan.third, "09:00"), local(plan.third, "09:01"),
        local(plan.off, "10:05"), local(next_workday(plan.off), "08:31"),
    }  # fmt: skip
    for at in sorted(moments):
        before = {who: {item.id for item in company.bot_items(who)} for who in PEOPLE}
        await company.tick(at)
        told.got[at] = {
            who: [item.text for item in company.bot_items(who) if item.id not in before[who]] for who in PEOPLE
        }
    return told


async def test_an_alert_comes_at_its_time_and_once(company: Product, story: Story) -> None:
    assert story.of("lina", DUE) == [local(story.plan.first, "15:00:05")]
    alert = await company.look_for("lina", DUE, "[完成]")
    assert any(text in alert.text for text in ("[明天]", "[改时间]"))


async def test_in_quiet_hours_it_comes_at_their_end_on_the_next_working_day_once(story: Story) -> None:
    assert story.of("lina", LATE) == [local(story.plan.second, "08:31")]


async def test_on_a_day_off_it_comes_on_the_next_working_day_once(story: Story) -> None:
    assert story.of("lina", WEEKEND) == [local(next_workday(story.plan.off), "08:31")]


async def test_the_digest_goes_once_to_the_direct_manager_with_counts_and_amounts(
    company: Product, story: Story
) -> None:
    digests = story.of("chenjing", "简报")
    assert digests[0] == story.plan.digest + timedelta(seconds=5)
    assert len({at.astimezone(ZONE).date() for at in digests}) == len(digests)
    card = await company.wait(
        "chenjing", lambda item: "简报" in item.title and DUE in item.text and "拜访" in item.text
    )
    for text in ("商机", "80万"):
        assert text in card.text


async def test_nobody_else_gets_a_digest_and_an_empty_one_is_not_sent(story: Story) -> None:
    for who in ("lina", "wanglei", "zhoutao", "gaolei", "sunhao"):
        assert story.of(who, "简报") == []


async def test_the_owners_manager_hears_of_what_is_overdue_within_three_working_days(story: Story) -> None:
    told = [
        at
        for at in story.of("chenjing", "逾期")
        if any(DUE in text and "李娜" in text for text in story.got[at]["chenjing"])
    ]
    assert told
    assert min(told) <= local(story.plan.fourth, "09:00")
    pushes = [
        (at.astimezone(ZONE).date(), text)
        for at in story.got
        for text in story.got[at]["chenjing"]
        if "简报" not in text.split("\n")[0]
    ]
    days = [day for day, _ in pushes]
    assert pushes, "no card of its own"
    assert len(days) == len(set(days))
    assert all(DUE in text or LATE in text or WEEKEND in text for _, text in pushes)
    assert story.of("gaolei", "逾期") == []
