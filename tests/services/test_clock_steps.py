"""The machine's clock is set back or ahead by hours: what waits for a moment of the old clock does not wait for hours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from spine import said, until, working

from bot import outbox, settle
from bot.dispatcher import Dispatcher
from bot.platforms.base import Fate, SendError
from bot.tables import DONE, Hold, Inbox, Outbox
from scrm.db import Database

HOURS = 20 * 3600.0
STEPS = pytest.mark.parametrize("step", [-HOURS, HOURS], ids=["back", "ahead"])


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    real = time.time
    return lambda step: monkeypatch.setattr(time, "time", lambda: real() + step)


@STEPS
async def test_what_is_said_before_and_after_is_answered_in_order(
    database: Database, set_clock: Callable[[float], None], step: float
) -> None:
    async with working(database, {"lina": "李娜"}) as spine:
        await spine.hear(said("lina", "新建客户 宏图精密"))
        set_clock(step)
        for number in range(3):
            await spine.hear(said("lina", f"今天给宏图精密打了电话，聊了第{number}件事"))
        set_clock(0)
        await spine.hear(said("lina", "我的客户"))
        assert [item.kind for item in spine.platform.sent].count("card") == 5
        assert [row.state for row in await spine.rows(Inbox)] == [DONE] * 5


@STEPS
async def test_a_message_that_backs_off_comes_soon(
    database: Database, set_clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    monkeypatch.setattr(settle, "BACKOFF_MS", (50,))
    async with working(database, {"lina": "李娜"}) as spine:
        spine.platform.outcomes = [SendError(Fate.RETRY, "-1")]
        await spine.door.accept([said("lina", "帮助")])
        await until(lambda: spine.platform.sent)
        set_clock(step)
        await spine.settled()
        assert [row.state for row in await spine.rows(Outbox)] == [DONE]


@STEPS
async def test_a_rate_limit_of_the_old_clock_is_probed(
    database: Database, set_clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    monkeypatch.setattr(outbox, "PROBE_MS", 50)
    monkeypatch.setattr(settle, "PROBE_MS", 50)
    async with working(database, {"lina": "李娜"}) as spine:
        spine.platform.outcomes = [SendError(Fate.RATE, "45009", after=0.2)]
        await spine.door.accept([said("lina", "帮助")])
        async with asyncio.timeout(5):
            while not await spine.count(Hold):  # noqa: ASYNC110 - as in the spine
                await asyncio.sleep(0.01)
        set_clock(step)
        await spine.settled()
        assert [row.state for row in await spine.rows(Outbox)] == [DONE]


@STEPS
async def test_an_event_that_broke_is_tried_again_and_holds_up_nobody(
    database: Database, set_clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    handle, broke = Dispatcher.handle_next, 0

    def break_once(self: Dispatcher, session: object, skip: object, strangers: object, seen: list[int]) -> object:
        nonlocal broke
        result = handle(self, session, skip, strangers, seen)  # type: ignore[arg-type]
        if seen and not broke:
            broke += 1
            raise RuntimeError("once")
        return result

    monkeypatch.setattr(Dispatcher, "handle_next", break_once)
    async with working(database, {"lina": "李娜"}) as spine:
        await spine.door.accept([said("lina", "帮助")])
        async with asyncio.timeout(5):
            while not await spine.count(Inbox, Inbox.attempts == 1):  # noqa: ASYNC110 - as in the spine
                await asyncio.sleep(0.01)
        set_clock(step)
        await spine.hear(said("lina", "我的客户"))
        assert [(row.state, row.attempts) for row in await spine.rows(Inbox)] == [(DONE, 1), (DONE, 0)]


async def test_what_was_shown_by_a_clock_that_was_ahead_does_not_use_up_this_minute(
    database: Database, set_clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MINUTE_BUDGET", {"wecom_app": 3})
    async with working(database, {"lina": "李娜"}) as spine:
        set_clock(HOURS)
        for number in range(3):
            await spine.hear(said("lina", "帮助", f"k{number}"))
        set_clock(0)
        await spine.hear(said("lina", "帮助", "k3"))
        assert [item.kind for item in spine.platform.sent].count("card") == 4
