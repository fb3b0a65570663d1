"""Several processes on one database, and processes that come and go: everything once, nothing lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from bot import leases
from bot.events import AnyEvent
from bot.outbox import claim
from bot.tables import CLAIMED, Inbox, Outbox
from scrm.models import Activity, Customer
from tests.scenarios.firm import ZONE, Bot, Firm, file_url

THURSDAY = datetime(2026, 3, 5, 8, 45, 5, tzinfo=ZONE)


@pytest.fixture
async def pair(database_url: str) -> AsyncIterator[tuple[Firm, Bot, Bot]]:
    """Two processes on one database; WeCom calls the second one."""
    firm = Firm("wecom_app", database_url)
    await firm.start()
    await firm.start_bot()
    first, second = firm.bots
    yield firm, first, second
    await firm.stop()


async def test_an_answer_an_alert_and_a_digest_come_once_from_two_processes(pair: tuple[Firm, Bot, Bot]) -> None:
    firm, first, second = pair
    for bot, who, name in ((first, "lina", "宏图精密"), (second, "wanglei", "远洋物流")):
        firm.call(bot)
        await firm.say(who, f"新建客户 {name}")
        await firm.say(who, f"今天拜访了{name}，聊了报价")
    await firm.say("lina", "明天下午3点跟进宏图精密")
    assert [len(firm.bot_items(who)) for who in ("lina", "wanglei")] == [3, 2]

    await _beat_together(firm, THURSDAY)
    digest = await firm.look_for("chenjing", "简报")
    assert "拜访" in digest.text
    await _beat_together(firm, THURSDAY.replace(hour=15, minute=0))
    await firm.look_for("lina", "跟进提醒")
    await _beat_together(firm, THURSDAY.replace(hour=15, minute=1))
    await firm.quiet()
    assert sum("简报" in item.title for item in firm.bot_items("chenjing")) == 1
    assert sum("跟进提醒" in item.title for item in firm.bot_items("lina")) == 1


async def _beat_together(firm: Firm, moment: datetime) -> None:
    firm.clock.set(moment)
    await asyncio.gather(*(bot.company.beat() for bot in firm.bots for _ in range(2)))


async def test_the_same_callback_at_two_processes_is_one_effect(pair: tuple[Firm, Bot, Bot]) -> None:
    firm, first, second = pair
    firm.call(first)
    await firm.say("lina", "新建客户 宏图精密")
    payload = await firm.data(lambda session: session.scalars(sa.select(Inbox.payload)).one())
    event = msgspec.json.decode(payload, type=AnyEvent)
    await asyncio.gather(*(bot.company.inbox.accept([event]) for bot in (first, second) for _ in range(3)))
    await firm.quiet()
    assert await firm.count(Inbox) == 1
    assert await firm.count(Customer) == 1
    assert len(firm.bot_items("lina")) == 1


async def test_one_speakers_order_holds_across_processes(pair: tuple[Firm, Bot, Bot]) -> None:
    firm, first, second = pair
    await firm.say("lina", "新建客户 宏图精密")
    for number in range(6):
        firm.call((first, second)[number % 2])
        await firm.emulator.say("lina", f"今天给宏图精密打了电话，聊了第{number}件事")
    await firm.eventually_count(Activity, 6)
    told = await firm.data(lambda session: list(session.scalars(sa.select(Activity.summary).order_by(Activity.id))))
    assert [f"第{number}件事" in summary for number, summary in enumerate(told)] == [True] * 6


# --- one socket per bot


async def test_the_bots_socket_is_held_by_one_process_and_moves_when_that_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "SOCKET_LEASE_SECONDS", 0.9)
    firm = Firm("wecom_bot", file_url(tmp_path))
    await firm.start()
    try:
        first = firm.bots[0]
        second = await firm.start_bot()
        assert firm.wecom.bot.subscribes == 1
        await firm.say("lina", "新建客户 宏图精密")
        (held,) = [lease for lease in first.company._leases if lease._held]
        assert held._task is not None
        held._task.cancel()  # the process is dead: it neither renews nor gives back
        await held._listener.stop()
        held._send_loop.close_door("wecom_bot")
        await firm.eventually(
            lambda: any(lease._held and lease._listener.connected for lease in second.company._leases)
        )
        assert firm.wecom.bot.subscribes == 2
        brief = await firm.say("lina", "查一下宏图精密")
        assert "宏图精密" in brief.text
    finally:
        await firm.stop()


# --- stop and start


async def test_everybody_who_serves_is_counted_until_it_stops(pair: tuple[Firm, Bot, Bot]) -> None:
    firm, _, _ = pair
    for bot in firm.bots:
        await bot.company._beat()
    assert await firm.data(leases.running) == 2
    await firm.stop_bot()
    assert await firm.data(leases.running) == 1


async def test_stopping_with_work_in_hand_loses_nothing(firm: Firm) -> None:
    people = ("lina", "wanglei", "sunhao", "chenjing")
    await asyncio.gather(*(firm.say(who, "帮助") for who in people))
    said = [
        firm.emulator.say(who, f"新建客户 {who}的第{number}家客户", **firm._through())
        for number in range(3)
        for who in people
    ]
    await asyncio.gather(*said)
    await firm.stop_bot()
    await firm.start_bot()
    await firm.eventually_count(Customer, 12)
    await firm.quiet()
    for who in people:
        titles = [item.title for item in firm.bot_items(who)]
        assert [sum(f"{who}的第{number}家客户" in title for title in titles) for number in range(3)] == [1, 1, 1]


async def test_a_crash_between_sending_and_writing_it_down_repeats_nothing_on_a_card(wecom_firm: Firm) -> None:
    firm = wecom_firm
    await firm.say("lina", "新建客户 宏图精密")
    await firm.quiet()

    def crashed(session: object) -> None:
        row = session.scalars(sa.select(Outbox).where(Outbox.kind == "card")).one()  # type: ignore[attr-defined]
        row.state, row.maybe_sent, row.claimed_by, row.lease_ms = CLAIMED, True, "dead", 0

    await firm.data(crashed)
    await firm.stop_bot()
    await firm.start_bot()
    await firm.quiet()
    await firm.say("lina", "我的客户")
    assert len(firm.bot_items("lina")) == 2


async def test_what_fell_due_while_nobody_ran_comes_after_the_start(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "明天下午3点跟进宏图精密")
    await firm.stop_bot()
    firm.clock.set(THURSDAY.replace(hour=16) + timedelta(minutes=3))
    await firm.start_bot()
    alert = await firm.look_for("lina", "跟进提醒")
    assert "宏图精密" in alert.text


async def test_rows_of_another_door_are_left_to_who_holds_it(wecom_firm: Firm) -> None:
    await wecom_firm.say("lina", "帮助")
    assert await wecom_firm.data(lambda session: claim(session, ["wecom_bot"], "somebody")) == []
