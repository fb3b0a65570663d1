"""The clock's beat: regular, one at a time, and indifferent to what the wall clock is set to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

import pytest

from scheduler import heartbeat
from scheduler.heartbeat import Heartbeat

DAY, YEARS = 86_400.0, 100 * 365 * 86_400.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - as in the neighbours
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("jump", [-DAY, DAY, YEARS])
async def test_it_goes_on_whatever_the_wall_clock_is_set_to(jump: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    beats = 0

    async def beat() -> None:
        nonlocal beats
        beats += 1

    ahead = timedelta(seconds=0)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + ahead

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Clock)
    monkeypatch.setattr(heartbeat, "datetime", Clock)
    heart = Heartbeat(beat)
    heart.start()
    await until(lambda: beats > 2)
    ahead = timedelta(seconds=jump)
    seen = beats
    await until(lambda: beats > seen + 5)
    await heart.stop()
    assert beats < seen + 50


async def test_a_beat_that_breaks_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    beats = 0

    async def beat() -> None:
        nonlocal beats
        beats += 1
        raise RuntimeError("broken")

    heart = Heartbeat(beat)
    heart.start()
    await until(lambda: beats > 2)
    await heart.stop()


async def test_stopping_waits_for_the_beat_under_way_and_there_is_never_a_second_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.0)
    gate, under_way, finished = asyncio.Event(), 0, 0

    async def beat() -> None:
        nonlocal under_way, finished
        under_way += 1
        await gate.wait()
        finished += 1

    heart = Heartbeat(beat)
    heart.start()
    await until(lambda: under_way == 1)
    stopping = asyncio.create_task(heart.stop())
    await asyncio.sleep(0)
    assert (under_way, finished, stopping.done()) == (1, 0, False)
    gate.set()
    await stopping
    assert (under_way, finished) == (1, 1)


async def test_one_that_never_started_can_be_stopped() -> None:
    async def beat() -> None:
        raise AssertionError("nobody started it")

    await Heartbeat(beat).stop()
