"""What DingTalk counts, both ways of coming in: one token for everybody, our meters beside the platform's, the warning at 80 %."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import budget
from bot.tables import Meter
from tests.scenarios.firm import Firm, file_url

REPS = ("lina", "wanglei", "sunhao", "chenjing", "zhaomin", "zhoutao")


@pytest.fixture(params=["dingtalk_stream", "dingtalk_http"])
async def firm(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Firm]:
    company = Firm(request.param, file_url(tmp_path))
    await company.start()
    yield company
    await company.stop()


async def meters(firm: Firm) -> tuple[int, int]:
    """API calls and pushes of this month, as we have counted them."""
    await firm.company.beat()

    def read(session: Session) -> tuple[int, int]:
        return budget.used(session, "dingtalk_api"), budget.used(session, "dingtalk_push")

    found: tuple[int, int] = await firm.data(read)
    return found


async def set_used(firm: Firm, name: str, used: int) -> None:
    def write(session: Session) -> None:
        budget.count(session, name, 0)
        session.execute(sa.update(Meter).where(Meter.name == name).values(used=used))

    await firm.data(write)


async def test_a_token_that_expired_is_fetched_once_for_everybody(firm: Firm) -> None:
    await firm.say("lina", "帮助")
    before = firm.dingtalk.tokens.asked
    firm.dingtalk.expire_tokens()
    await asyncio.gather(*(firm.say(who, "我的客户") for who in REPS))
    assert firm.dingtalk.tokens.asked == before + 1


async def test_our_meters_agree_with_the_platforms(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    card = await firm.say("lina", "今天拜访了宏图精密，聊了年框，下周三跟进")
    await firm.click("lina", card, "撤销")
    await firm.speak("wanglei", "我的待办")
    await firm.dingtalk.fire_event("bpms_instance_change", {"processInstanceId": "p1", "type": "start"})
    await firm.dingtalk.fire_event("label_user_change", {"userId": ["lina"]})
    await firm.quiet()
    assert await meters(firm) == (firm.dingtalk.api_calls_counted, firm.dingtalk.pushes_counted)


@pytest.mark.parametrize(("name", "limit"), budget.LIMITS.items())
async def test_the_admins_hear_once_that_the_month_is_nearly_used_up(firm: Firm, name: str, limit: int) -> None:
    await set_used(firm, name, int(limit * budget.TIGHT) - 1)
    await firm.company.beat()
    assert firm.bot_items("zhoutao") == []
    await firm.say("lina", "帮助")
    for _ in range(2):
        await firm.company.beat()
        await firm.quiet()
    (card,) = firm.bot_items("zhoutao")
    assert str(limit) in card.text.replace(",", "")
