"""A reading of a platform's whole directory outlives the attempt that began it, and no stop."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from bot.directories import Readings
from bot.platforms.base import Directory, DirectorySource, Outgoing
from bot.store import Store


class Slow:
    """A directory that never answers."""

    platform = "wecom"

    def __init__(self) -> None:
        self.asked, self.given_up = asyncio.Event(), False

    async def everybody(self) -> Directory:
        self.asked.set()
        try:
            return await asyncio.Future[Directory]()
        except asyncio.CancelledError:
            self.given_up = True
            raise


def everybody() -> Outgoing:
    return cast("Outgoing", type("Item", (), {"payload": {"platform": "wecom"}})())


async def test_a_reading_goes_on_when_an_attempt_times_out_and_ends_when_the_process_stops() -> None:
    source: Any = Slow()
    readings = Readings(cast("Store", None), {"wecom": cast("DirectorySource", source)})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(readings(everybody()), 0.01)
    assert (source.asked.is_set(), source.given_up) == (True, False)
    await readings.close()
    assert source.given_up
    assert len(asyncio.all_tasks()) == 1  # nothing is left behind to be complained of
