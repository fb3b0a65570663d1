"""What a question about figures is about: people, departments, kinds, tiers, products, days; and who may ask it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from bot import commands as c
from bot.context import Context
from bot.handlers.asked import question_of
from bot.pictures import fonts
from scrm.errors import NotFound
from scrm.metrics.part import Days
from scrm.models import Customer, Deal, DealProduct, Member, Stage, StageChange
from tests.cast import SETTINGS, Cast, pressed, texts, value


def make(
    cast: Cast, owner: str, name: str, *, tier: str = "", product: str = "", ago: int = 5, won: bool | None = None
) -> None:
    """A deal of 10万 that entered the first stage so many days ago and, unless it is open, ended a day later."""

    def work(session: object) -> None:
        assert isinstance(session, sa.orm.Session)
        who = session.scalars(sa.select(Member.id).where(Member.name == owner)).one()
        stages = session.scalars(sa.select(Stage).where(Stage.pipeline == "default").order_by(Stage.position)).all()
        at = cast.now - timedelta(days=ago)
        firm = Customer(name=f"{name}公司", name_key=f"{name}公司", tier=tier, owner_id=who, created_at=at)
        session.add(firm)
        session.flush()
        status = "open" if won is None else "won" if won else "lost"
        deal = Deal(
            name=name, customer_id=firm.id, owner_id=who, kind="new", stage_id=stages[-1 if won else 0].id, status=status,
            stage_since=at, amount=Decimal(100_000), created_at=at, closed_at=at + timedelta(days=1) if won is not None else None,
        )  # fmt: skip
        session.add(deal)
        session.flush()
        if product:
            session.add(DealProduct(deal_id=deal.id, name=product))
        session.add(StageChange(deal_id=deal.id, at=at, to_stage_id=stages[0].id, to_status="open"))
        if won is not None:
            end = {
                "from_stage_id": stages[0].id,
                "to_stage_id": deal.stage_id,
                "from_status": "open",
                "to_status": status,
            }
            session.add(StageChange(deal_id=deal.id, at=at + timedelta(days=1), **end))
        session.flush()

    cast.write(work)


def first_stage(cast: Cast, who: str, words: str, **fields: object) -> str:
    return cast.say(who, c.ShowFunnel(words=words, **fields)).text.splitlines()[0]  # type: ignore[arg-type]


def test_people_departments_tiers_and_products_are_named_in_the_sentence(cast: Cast) -> None:
    make(cast, "李娜", "甲")
    make(cast, "李娜", "乙", product="云桌面", won=True)
    make(cast, "王磊", "丙", tier="中小企业")
    make(cast, "孙浩", "丁")
    assert first_stage(cast, "周涛", "看漏斗").startswith("· 初次洽谈 4：转化 25%，4天")
    assert first_stage(cast, "陈静", "看漏斗").startswith("· 初次洽谈 3：转化 33%")
    assert first_stage(cast, "李娜", "看漏斗").startswith("· 初次洽谈 2：转化 50%")
    assert first_stage(cast, "周涛", "华南部的漏斗").startswith("· 初次洽谈 1：转化 0%")
    assert first_stage(cast, "周涛", "华东的漏斗").startswith("· 初次洽谈 3：")
    assert first_stage(cast, "周涛", "中小客户的漏斗").startswith("· 初次洽谈 1：转化 0%")
    assert first_stage(cast, "周涛", "云桌面的漏斗").startswith("· 初次洽谈 1：转化 100%")
    assert first_stage(cast, "陈静", "王磊的漏斗", member="王磊").startswith("· 初次洽谈 1：")
    cast.refused(NotFound, "陈静", c.ShowFunnel(words="孙浩的漏斗", member="孙浩"))
    cast.refused(NotFound, "李娜", c.ShowFunnel(words="华南部的漏斗"))
    assert (
        "没有商机"
        in cast.say("李娜", c.ShowFunnel(words="云桌面的漏斗", first=date(2020, 1, 1), last=date(2020, 2, 1))).text
    )


def test_a_button_asks_the_same_question_again(cast: Cast) -> None:
    for name in "甲乙丙":
        make(cast, "李娜", name, product="云桌面")
    make(cast, "王磊", "丁")
    card = cast.say("周涛", c.ShowFunnel(words="华东部云桌面的漏斗"))
    assert [owed.kind for owed in cast.owed] == (["picture"] if fonts.path() else [])
    stage = cast.say("周涛", pressed(card, "看初次洽谈的商机"))
    assert [name for name in "甲乙丙丁" if f"{name} · " in stage.text] == ["甲", "乙", "丙"]
    people = cast.say("周涛", pressed(card, "初次洽谈按人看"))
    assert people.text == "· 李娜：转化 0%（0/3），5天"
    assert texts(people) == ["看漏斗"]


def test_the_standard_is_the_company_s_past_until_an_admin_sets_one(cast: Cast) -> None:
    for index in range(12):
        make(cast, "孙浩" if index % 2 else "李娜", f"旧{index}", ago=200, won=index < 9)
    make(cast, "李娜", "新")
    assert "转化 0%/75%，5天/1天" in first_stage(cast, "李娜", "看漏斗")
    card = cast.say("周涛", c.SetStandard(stage="初次洽谈", percent=60))
    assert value(card, "转化率") == "60%"
    assert "转化 0%/60%，5天/1天" in first_stage(cast, "李娜", "看漏斗")
    cast.say("周涛", c.SetStandard(stage="初次洽谈", course="大客户", days=30))
    assert "转化 0%/60%，5天/1天" in first_stage(cast, "李娜", "看漏斗")


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (None, None, Days(date(2026, 8, 26), date(2026, 11, 23))),
        (date(2026, 10, 1), date(2026, 10, 31), Days(date(2026, 10, 1), date(2026, 10, 31))),
        (date(2026, 10, 9), date(2026, 10, 1), Days(date(2026, 8, 26), date(2026, 11, 23))),
    ],
)
def test_the_days_are_those_named_or_the_last_ninety(first: date | None, last: date | None, days: Days) -> None:
    context = Context(None, None, Cast.now, SETTINGS, "e1")  # type: ignore[arg-type]
    assert question_of(c.ShowFunnel(first=first, last=last), context).days == days
