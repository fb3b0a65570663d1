"""Processes that are asked to stop under load, and come back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import sqlalchemy as sa

from scrm.db import Database
from tests.storms import checks
from tests.storms.company import Rep, hire, prepare, reps, waiting
from tests.storms.deliveries import Deliveries
from tests.torture.company import Company
from tests.torture.plan import Kill
from tests.wire_proxy import Wire

OUT_WITHIN = 10.0
PAUSE = 2.4  # between two sentences of one rep: WeCom shows a member 30 messages a minute
QUIET_SECONDS = 600.0
NOT_TAKEN = "ClientConnectorError"  # nobody listens: the platform delivers again


@dataclass(slots=True)
class Stops:
    """How the processes went, and what the platform saw."""

    seconds: list[float] = field(default_factory=list)
    exit_codes: set[int | None] = field(default_factory=set)
    deliveries: Deliveries | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def unanswered(self) -> int:
        """Requests that were taken and got no answer."""
        answers = self.deliveries.answers if self.deliveries else {}
        return sum(many for answer, many in answers.items() if not answer.isdigit() and answer != NOT_TAKEN)


@asynccontextmanager
async def running(folder: Path, database_url: str, people: list[Rep], replicas: int) -> AsyncIterator[Company]:
    """The emulated platforms and the directory; no process yet."""
    company = Company(folder, database_url, [], seed=1, replicas=replicas)
    hire(company.wecom, people)
    await company.open()
    database = Database(database_url)
    await asyncio.to_thread(prepare, database, people)
    database.close()
    try:
        yield company
    finally:
        await company.close()


async def stop_under_load(folder: Path, database_url: str, *, replicas: int, stops: int, many: int, seed: int) -> Stops:
    """Ask one process after the other to stop, and start it again, while everybody goes on speaking."""
    dice, people, result = random.Random(seed), reps(many, seed), Stops()
    async with running(folder, database_url, people, replicas) as company:
        slots = range(replicas)
        living = [company.start(slot, Kill()) for slot in slots]
        try:
            await _all_ready(company, slots, living)
            bases = [f"http://127.0.0.1:{port}" for port in company.ports]
            result.deliveries = Deliveries(company.wecom, bases, seed, times=1)
            async with result.deliveries.rain(people, PAUSE):
                for number in range(stops):
                    slot = number % replicas
                    await asyncio.sleep(dice.uniform(0.05, 0.6))
                    began = monotonic()
                    living[slot].terminate()
                    await company.end_of(living[slot], OUT_WITHIN + 5)
                    result.seconds.append(monotonic() - began)
                    result.exit_codes.add(living[slot].exitcode)
                    living[slot] = company.start(slot, Kill())
                    await _all_ready(company, [slot], [living[slot]])
            database = Database(database_url)
            await _quiet(database)
            result.problems = await asyncio.to_thread(checks.problems, database, company.wecom, result.deliveries.said)
            database.close()
        finally:
            for process in living:
                process.terminate()
            for process in living:
                await company.end_of(process, OUT_WITHIN)
                process.kill()
    return result


async def cut_off_under_load(
    folder: Path, database_url: str, *, replicas: int, seconds: float, many: int, seed: int
) -> Stops:
    """Take PostgreSQL away from every process for so long, while everybody goes on speaking; `seconds` is how long each took to be ready again."""
    people, result, server = reps(many, seed), Stops(), sa.make_url(database_url)
    wire = Wire(server.host or "127.0.0.1", server.port or 5432)
    await wire.start()
    through = server.set(host="127.0.0.1", port=wire.port).render_as_string(hide_password=False)
    async with running(folder, through, people, replicas) as company:
        slots = range(replicas)
        living = [company.start(slot, Kill()) for slot in slots]
        try:
            await _all_ready(company, slots, living)
            result.deliveries = Deliveries(
                company.wecom, [f"http://127.0.0.1:{port}" for port in company.ports], seed, 1
            )
            async with result.deliveries.rain(people, PAUSE):
                await asyncio.sleep(5)
                await wire.cut()
                await asyncio.sleep(seconds)
                await wire.start()
                began = monotonic()
                for slot, process in zip(slots, living, strict=True):
                    await _all_ready(company, [slot], [process])
                    result.seconds.append(monotonic() - began)
                await asyncio.sleep(5)
            database = Database(database_url)
            await _quiet(database)
            result.problems = await asyncio.to_thread(checks.problems, database, company.wecom, result.deliveries.said)
            database.close()
        finally:
            for process in living:
                process.terminate()
            for process in living:
                await company.end_of(process, OUT_WITHIN)
                result.exit_codes.add(process.exitcode)
                process.kill()
            await wire.cut()
    return result


async def _all_ready(company: Company, slots: Iterable[int], living: list) -> None:  # type: ignore[type-arg]
    for slot, process in zip(slots, living, strict=True):
        assert await company.ready(slot, process), company.log_tail()


async def _quiet(database: Database) -> None:
    async with asyncio.timeout(QUIET_SECONDS):
        while await asyncio.to_thread(waiting, database):  # noqa: ASYNC110 - a database sets no event
            await asyncio.sleep(0.2)
