"""Drives a plan: people act, processes die and come back, and at the end everything that was accepted is finished."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot.outbox import now_ms
from bot.tables import NEW, PENDING, Inbox, Outbox
from scrm import calendar
from scrm.db import Database
from tests.torture.company import TICK_SECONDS, Company
from tests.torture.plan import Act, Kill, Plan, Round

STEP_SECONDS = 6.0  # a step that nobody's act has led to by then is given up: the process is killed all the same
QUIET_SECONDS = 60.0
LOOK = 0.1


@dataclass(slots=True)
class Deaths:
    """How the processes ended."""

    at_steps: dict[str, int] = field(default_factory=dict)
    at_instants: int = 0
    of_ticks: int = 0
    by_themselves: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Kills altogether."""
        return sum(self.at_steps.values()) + self.at_instants + self.of_ticks


class Run:
    """One run of a plan against a company."""

    def __init__(self, plan: Plan, company: Company) -> None:
        self.plan, self.company, self.deaths = plan, company, Deaths()
        self.tick_at = _working_day_at_eleven()
        self._queues: dict[str, asyncio.Queue[Act]] = {person.user_id: asyncio.Queue() for person in plan.people}

    async def go(self) -> None:
        """The whole plan; returns when nothing is left to do."""
        rounds = iter(self.plan.rounds)
        speakers = [asyncio.create_task(self._speak(queue)) for queue in self._queues.values()]
        clock: asyncio.Task[None] | None = None
        try:
            slots = range(len(self.company.ports))
            await self._begin()
            clock = asyncio.create_task(self._tick_and_die())
            await asyncio.gather(*(self._live_and_die(slot, rounds) for slot in slots))
            await clock
            last = [self.company.start(slot, Kill()) for slot in slots]
            assert all([await self.company.ready(slot, process) for slot, process in zip(slots, last, strict=True)])
            await self._quiet()
            await self._tick(Kill())
            await self._quiet()
            for process in last:
                process.kill()
                process.join()
        finally:
            tasks = [*speakers, *([clock] if clock else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin(self) -> None:
        """Everybody's customer is there before the first death."""
        process = self.company.start(0, Kill())
        assert await self.company.ready(0, process), self.company.log_tail()
        for act in self.plan.beginning:
            self._queues[act.person.user_id].put_nowait(act)
        await self._quiet()
        process.kill()
        process.join()

    async def _speak(self, queue: asyncio.Queue[Act]) -> None:
        """One person, one thing after the other."""
        while True:
            act = await queue.get()
            try:
                await self.company.do(act)
            finally:
                queue.task_done()

    async def _live_and_die(self, slot: int, rounds: Iterator[Round]) -> None:
        for one in rounds:
            process = self.company.start(slot, one.kill)
            began = monotonic()
            if one.kill.step:
                await self.company.ready(slot, process)
            for act in one.acts:
                self._queues[act.person.user_id].put_nowait(act)
            patience = STEP_SECONDS if one.kill.step else one.kill.seconds - (monotonic() - began)
            died = await self.company.end_of(process, patience)
            if not died:
                process.kill()
                process.join()
            self._count(one.kill, reached=died, exit_code=process.exitcode)

    def _count(self, kill: Kill, *, reached: bool, exit_code: int | None) -> None:
        if exit_code != -9:
            self.deaths.by_themselves.append(f"{kill}: exit code {exit_code}")
        elif kill.step and reached:
            self.deaths.at_steps[kill.step] = self.deaths.at_steps.get(kill.step, 0) + 1
        else:
            self.deaths.at_instants += 1

    # --- the clock

    async def _tick_and_die(self) -> None:
        for kill in self.plan.ticks:
            await asyncio.sleep(1)
            await self._tick(kill)

    async def _tick(self, kill: Kill) -> None:
        """`scrm-bot tick` as of a later working day, when every follow-up that was agreed on is due."""
        process = self.company.start(0, kill, "tick", "--at", self.tick_at.isoformat())
        if not await self.company.end_of(process, kill.seconds or TICK_SECONDS):
            process.kill()
            process.join()
        if process.exitcode == -9:
            self.deaths.of_ticks += 1
        elif process.exitcode != 0:
            self.deaths.by_themselves.append(f"tick {kill}: exit code {process.exitcode}")

    # --- the end

    async def _quiet(self) -> None:
        """Wait until everything is said, every event handled and everything owed is sent, leases of the dead included."""
        for queue in self._queues.values():
            await queue.join()
        database, deadline = Database(self.company.database_url), monotonic() + QUIET_SECONDS
        try:
            while left := await asyncio.to_thread(_left, database):
                assert monotonic() < deadline, f"{left} rows are still waiting\n{self.company.log_tail()}"
                await asyncio.sleep(LOOK)
        finally:
            database.close()


def _left(database: Database) -> int:
    with database.read() as session:
        events = session.scalar(sa.select(sa.func.count()).where(Inbox.state == NEW)) or 0
        soon = sa.and_(Outbox.state.in_(PENDING), Outbox.not_before_ms < now_ms() + QUIET_SECONDS * 1000)
        return events + (session.scalar(sa.select(sa.func.count()).where(soon)) or 0)


def _working_day_at_eleven() -> datetime:
    """In the company's zone, at least three days ahead, so that what was agreed for tomorrow and put off is due."""
    zone = ZoneInfo("Asia/Shanghai")
    day = datetime.now(UTC).astimezone(zone).date() + timedelta(days=3)
    while not calendar.is_workday(day):
        day += timedelta(days=1)
    return datetime(day.year, day.month, day.day, 11, tzinfo=zone)


async def run(
    plan: Plan, folder: Path, database_url: str, *, replicas: int = 1, mistake: str = ""
) -> tuple[Company, Run]:
    """The company after the plan, its platforms closed but their state readable."""
    company = Company(folder, database_url, plan.people, plan.seed, replicas=replicas, mistake=mistake)
    await company.open()
    try:
        done = Run(plan, company)
        await done.go()
    finally:
        for child in company._fork.active_children():
            child.kill()
        await company.close()
    return company, done
