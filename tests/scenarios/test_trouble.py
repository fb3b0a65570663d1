"""When things go wrong between us and the platform: nothing is lost, and nobody sees anything twice."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import settle
from bot.cards.card import Card
from bot.context import PUSH, Owed
from bot.outbox import Address, post
from bot.tables import FAILED, Outbox
from scrm.models import Customer, Deal, Stage, StageChange
from tests.scenarios.firm import Firm


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off as always, only shorter."""
    monkeypatch.setattr(settle, "BACKOFF_MS", (30, 60, 120))


def sends(firm: Firm) -> int:
    """How often message/send was called."""
    return sum(call["path"] == "/cgi-bin/message/send" for call in firm.wecom.calls)


def push(firm: Firm, who: str, title: str) -> None:
    """The bot has something to tell by itself."""

    def work(session: Session) -> None:
        owed = Owed(key=f"push:{title}:{who}", kind="card", payload={"card": Card(title=title)}, member_id=1, lane=PUSH)
        post(session, owed, Address("wecom_app", who), "t")

    firm.company.store.database.run(work)
    firm.company.send_loop.nudge()


# --- the platform's troubles


async def test_a_busy_platform_gets_the_message_a_little_later(wecom_firm: Firm) -> None:
    wecom_firm.wecom.faults.errcode("message/send", -1, times=2)
    card = await wecom_firm.say("lina", "帮助")
    assert card.sender == "bot"
    assert sends(wecom_firm) == 3


async def test_an_expired_token_is_fetched_once_for_everybody(wecom_firm: Firm) -> None:
    await wecom_firm.say("lina", "帮助")
    before = wecom_firm.wecom.gettoken_calls
    wecom_firm.wecom.expire_tokens()
    people = ("lina", "wanglei", "sunhao", "chenjing", "zhaomin", "zhoutao")
    await asyncio.gather(*(wecom_firm.say(who, "我的客户") for who in people))
    assert wecom_firm.wecom.gettoken_calls == before + 1


async def test_a_lost_answer_repeats_nothing_a_person_can_see(wecom_firm: Firm) -> None:
    wecom_firm.wecom.faults.lose_answer("message/send")
    await wecom_firm.say("lina", "新建客户 宏图精密")
    await wecom_firm.eventually(lambda: sends(wecom_firm) == 2)
    await wecom_firm.quiet()
    assert len(wecom_firm.bot_items("lina")) == 1
    wecom_firm.wecom.faults.lose_answer("message/send")
    push(wecom_firm, "lina", "只有标题没有按钮的卡片")
    await wecom_firm.eventually(lambda: sends(wecom_firm) == 4)
    await wecom_firm.quiet()
    assert len(wecom_firm.bot_items("lina")) == 2


async def test_somebody_who_cannot_be_reached_is_given_up_after_one_try(wecom_firm: Firm) -> None:
    wecom_firm.wecom.faults.errcode("message/send", 81013)
    push(wecom_firm, "wanglei", "写给王磊")
    await wecom_firm.quiet()
    await wecom_firm.say("lina", "帮助")
    (row,) = await wecom_firm.data(
        lambda session: list(session.scalars(sa.select(Outbox).where(Outbox.user_id == "wanglei")))
    )
    assert (row.state, row.attempts) == (FAILED, 1)


async def test_a_rate_limit_is_probed_and_nothing_is_lost(wecom_firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.platforms.wecom.errors.RATE_SECONDS", 0.2)
    wecom_firm.wecom.faults.errcode("message/send", 45009, times=2)
    await wecom_firm.say("lina", "帮助")
    for who in ("wanglei", "sunhao", "chenjing"):
        push(wecom_firm, who, "简短通知")
    for who in ("wanglei", "sunhao", "chenjing"):
        await wecom_firm.look_for(who, "简短通知")


async def test_the_same_callback_four_times_is_one_effect_and_one_answer(firm: Firm) -> None:
    firm.emulator.faults.duplicate(3)
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "我的客户")
    assert await firm.count(Customer) == 1
    assert len(firm.bot_items("lina")) == 2


# --- two people, one record


async def test_a_colleagues_change_is_drawn_on_the_other_phone(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 核心系统 80万")
    mine = await firm.say("lina", "看一下商机 核心系统")
    hers = await firm.say("chenjing", "看一下商机 核心系统")
    await firm.quiet()
    moved = await firm.click("lina", mine, _next_stage(mine.text))
    stage = (await _stage(firm))[0]
    assert stage in moved.text
    if firm.door != "wecom_bot":
        await firm.eventually(lambda: any(item.id == hers.id and item.revision for item in firm.bot_items("chenjing")))
        seen = next(item for item in firm.bot_items("chenjing") if item.id == hers.id)
        assert stage in seen.text
    assert await firm.count(StageChange, StageChange.to_stage_id.is_not(None)) >= 1


async def test_a_stale_click_changes_nothing_and_shows_what_is_true(wecom_firm: Firm) -> None:
    firm = wecom_firm
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 核心系统 80万")
    old = await firm.say("lina", "看一下商机 核心系统")
    button = next(button.key for button in old.buttons if button.text == _next_stage(old.text))
    await firm.say("chenjing", "核心系统 推进到谈判")
    before = await _stage(firm)
    firm._mark("lina")
    await firm.emulator.click("lina", old.id, button, stale=True)
    await firm.eventually(lambda: any("陈静" in item.text for item in firm.bot_items("lina")))
    assert await _stage(firm) == before == ("谈判", 2)


async def test_a_double_click_moves_nothing_twice(wecom_firm: Firm) -> None:
    firm = wecom_firm
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密 新商机 核心系统 80万")
    card = await firm.say("lina", "看一下商机 核心系统")
    button = next(button.key for button in card.buttons if button.text == _next_stage(card.text))
    await asyncio.gather(*(firm.emulator.click("lina", card.id, button, stale=True) for _ in range(2)))
    await firm.quiet()
    assert (await _stage(firm))[1] == 2
    assert await firm.count(Deal) == 1


def _next_stage(text: str) -> str:
    return next(line.strip("[]") for line in text.splitlines() if line.startswith("[推进到"))


async def _stage(firm: Firm) -> tuple[str, int]:
    query = sa.select(Stage.name, Deal.version).join(Deal, Deal.stage_id == Stage.id)
    name, version = await firm.data(lambda session: session.execute(query).one())
    return name, version
