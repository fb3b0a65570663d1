"""`make simulate`: whole days of the product's core in virtual time, in one thread, each decided by its seed alone.

Events come repeated and out of order between people, the machine's clock steps, calls get lost on either way, and the
process dies inside and between transactions. The same seed gives the same day to the letter.
"""

from __future__ import annotations

import argparse
import hashlib
import heapq
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot import inbox, logs, outbox
from bot.context import Settings
from bot.dispatcher import Dispatcher
from bot.events import Message, Origin
from bot.outbox import CALL
from bot.platforms.base import Fate, Outgoing, SendError, Sent
from bot.settle import Settle
from bot.tables import DONE, EXPIRED, NEW, PENDING, Inbox, Outbox
from scheduler import runner
from scrm import defaults, members
from scrm.db import Base, Database
from scrm.models import Activity, Deal, FollowUp
from tests.torture import plan
from tests.torture.plan import Act

DOORS = ["wecom_app"]
ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 3, 4, 8, 30, tzinfo=ZONE)  # a Wednesday; what is agreed for tomorrow falls on a working day
SETTINGS = Settings(
    key="acme", name="示例科技", zone=ZONE, quiet_from="21:00", quiet_until="08:30", digest_at="08:45", welcome="您好", has_wecom_app=True
)  # fmt: skip
PEOPLE, ACTS, TALKING, END = 8, 80, timedelta(hours=9), timedelta(hours=36)
TICK = timedelta(minutes=15)
CRASH, LOST_CALL, REPEATED, CLOCK_STEPS = 0.04, 0.05, 0.3, 6
STEP_SECONDS = (-300, 900)  # by how much the machine's clock is set wrong or right again
LAST_PATIENCE = 400  # rounds of a minute until everything must be done


class Crash(BaseException):
    """The process is gone, here and now."""


class Phones:
    """The platform: what it has shown; a card id it knows is shown no second time, but only a marked repeat may try."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self.shown: defaultdict[str, list[str]] = defaultdict(list)
        self.unmarked_repeats: list[str] = []

    def take(self, item: Outgoing) -> Sent:
        """Show it, or lose the call or its answer."""
        lost = self._dice.random() < LOST_CALL
        if lost and self._dice.random() < 0.5:
            raise SendError(Fate.RETRY, "unreachable")
        if item.kind == "card":
            if item.card_id not in self.shown[item.user_id]:
                self.shown[item.user_id].append(item.card_id)
            elif not item.repeated:
                self.unmarked_repeats.append(item.key)
        if lost:
            raise SendError(Fate.UNCLEAR, "timeout")
        return Sent(remote_id=f"m{item.id}", response_code=f"r{item.id}")


class Day:
    """One simulated day and a half."""

    def __init__(self, seed: int, folder: Path, acts: int) -> None:
        self.dice = random.Random(seed)
        self.true = MORNING  # what time it is; the machine's clock may differ
        self.wrong = timedelta()
        self.phones = Phones(self.dice)
        self.crashes = 0
        self.acts: list[Act] = []  # in the order of their first delivery
        self._coming: list[tuple[datetime, int, Callable[[], None]]] = []
        self.database = Database(f"sqlite:///{folder / 'day.db'}")
        sa.event.listen(
            self.database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF")
        )
        Base.metadata.create_all(self.database.engine)
        self._door = inbox.Inbox(self.database, lambda: None)
        self._begin(acts)

    def clock(self) -> datetime:
        """What the machine believes."""
        return self.true + self.wrong

    # --- what happens

    def _begin(self, many: int) -> None:
        planned = plan.make(
            self.dice.randrange(1 << 30), many, people=PEOPLE, kinds=("call", "visit", "deal", "thanks")
        )
        with self.database.write() as session:
            defaults.seed(session)
            for person in planned.people:
                members.ensure(session, "wecom", person.user_id, person.name, now=MORNING)
        self._start_process()
        for number, act in enumerate(planned.beginning):
            self._at(MORNING + timedelta(seconds=number), lambda act=act: self._say(act))
        spoken = sorted(self.dice.uniform(60, TALKING.total_seconds()) for _ in range(many))
        for act, seconds in zip(planned.acts[len(planned.beginning) :], spoken, strict=False):
            self._at(MORNING + timedelta(seconds=seconds), lambda act=act: self._say(act))
        moment = MORNING
        while moment < MORNING + END:
            self._at(moment, self._tick)
            moment += TICK
        for _ in range(CLOCK_STEPS):
            self._at(MORNING + timedelta(seconds=self.dice.uniform(0, END.total_seconds())), self._set_clock)

    def _at(self, moment: datetime, what: Callable[[], None]) -> None:
        heapq.heappush(self._coming, (moment, len(self._coming) + self.dice.randrange(1 << 40), what))

    def _say(self, act: Act) -> None:
        origin = Origin("wecom", "wecom_app", act.person.user_id)
        row = inbox._row(Message(f"wecom:{act.kind}:{act.number}", origin, self.clock(), text=act.text))
        self.acts.append(act)
        self._deliver(row)
        while self.dice.random() < REPEATED:
            later = self.true + timedelta(seconds=self.dice.choice((0.02, 1, 5, 300, 7200)))
            self._at(later, lambda: self._deliver(row))

    def _deliver(self, row: inbox.Row) -> None:
        self._door._write([row])

    def _tick(self) -> None:
        for name, job in runner.JOBS.items():
            work = runner._transaction(name, job, SETTINGS, DOORS, self.clock())
            while self.database.run(lambda session, work=work: self._or_die(work(session))) > 0:
                pass

    def _set_clock(self) -> None:
        self.wrong = timedelta(seconds=self.dice.uniform(*STEP_SECONDS)) if not self.wrong else timedelta()

    # --- the process

    def _start_process(self) -> None:
        self._holder = f"p{self.crashes}"
        self._dispatcher = Dispatcher(SETTINGS, DOORS)
        self._settle = Settle(SETTINGS, DOORS, self.clock)

    def _or_die(self, result: Any = None) -> Any:
        if self.dice.random() < CRASH:
            raise Crash
        return result

    def _dispatch(self) -> bool:
        handled = self.database.run(
            lambda session: self._or_die(self._dispatcher.handle_next(session, [], frozenset(), []))
        )
        self._or_die()
        return handled is not None

    def _send(self) -> bool:
        items = self.database.run(lambda session: outbox.claim(session, [*DOORS, CALL], self._holder))
        self._or_die()
        self.dice.shuffle(items)
        for item in items:
            outcome: Sent | SendError
            try:
                outcome = self.phones.take(item)
            except SendError as error:
                outcome = error
            self._or_die()
            self.database.run(
                lambda session, item=item, outcome=outcome: self._or_die(
                    self._settle.settle(session, item, outcome, self._holder)
                )
            )
        return bool(items)

    def _guarded(self, work: Callable[[], Any]) -> Any:
        """The result; what dies comes back as a new process, and there may be more to do."""
        try:
            return work()
        except Crash:
            self.crashes += 1
            self._start_process()
            return True

    def _work(self) -> None:
        while sum(self._guarded(step) for step in self.dice.sample([self._dispatch, self._send], 2)):
            self.true += timedelta(milliseconds=self.dice.randrange(1, 40))

    def live(self) -> None:
        """The day, and as many minutes more as what is owed needs."""
        with self._machine_time():
            while self._coming:
                moment, _, what = heapq.heappop(self._coming)
                self.true = max(self.true, moment)
                self._guarded(what)
                self._work()
            for _ in range(LAST_PATIENCE):
                if not self._left():
                    return
                self.true += timedelta(minutes=1)
                self._work()

    @contextmanager
    def _machine_time(self) -> Iterator[None]:
        clock = SimpleNamespace(time=lambda: self.clock().timestamp(), monotonic=time.monotonic)
        kept = outbox.time, inbox.time
        outbox.time = inbox.time = clock  # type: ignore[assignment]
        try:
            yield
        finally:
            outbox.time, inbox.time = kept  # type: ignore[assignment]

    def _left(self) -> int:
        with self.database.read() as session:
            waiting = sa.select(sa.func.count()).where(Inbox.state == NEW)
            owed = sa.select(sa.func.count()).where(Outbox.state.in_(PENDING))
            return (session.scalar(waiting) or 0) + (session.scalar(owed) or 0)

    # --- what must be true

    def problems(self) -> list[str]:
        """Every broken promise in one sentence."""
        with self.database.read() as session:
            activities = session.scalars(sa.select(Activity).order_by(Activity.id)).all()
            deals = Counter(session.scalars(sa.select(Deal.name)))
            steps = session.scalars(sa.select(FollowUp)).all()
            events = Counter(session.scalars(sa.select(Inbox.key).where(Inbox.state == DONE)))
            owed = session.execute(
                sa.select(Outbox.key, Outbox.kind, Outbox.state, Outbox.user_id, Outbox.card_id)
            ).all()
            answered = {row.key for row in owed if row.state == DONE}
            ids = dict(session.execute(sa.select(Inbox.key, Inbox.id)).all())
            session.expunge_all()
        found = [f"unmarked repeat of {key}" for key in self.phones.unmarked_repeats]
        for act in self.acts:
            key = f"wecom:{act.kind}:{act.number}"
            if events[key] != 1:
                found.append(f"{key}: handled {events[key]} times")
            elif f"reply:{ids[key]}" not in answered:
                found.append(f"{key}: no answer")
            if act.kind in ("call", "visit"):
                times = sum(act.mark in activity.summary for activity in activities)
                found += [f"{key}: {times} effects"] * (times != 1)
            if act.kind == "deal" and deals[act.mark] != 1:
                found.append(f"{key}: {deals[act.mark]} deals")
        found += [f"follow-up {row.id} never alerted" for row in steps if row.alerted_at is None]
        found += [f"{len(steps)} follow-ups"] * (len(steps) != sum(act.kind == "visit" for act in self.acts))
        for row in owed:
            if row.state not in (DONE, EXPIRED) or (row.state == EXPIRED and row.kind == "card"):
                found.append(f"{row.key}: state {row.state}")
            if row.kind == "card" and row.state == DONE and row.card_id not in self.phones.shown[row.user_id]:
                found.append(f"{row.key}: sent, and not on the phone")
        return found + self._out_of_order(activities)

    def _out_of_order(self, activities: Any) -> list[str]:
        place = {act.mark: number for number, act in enumerate(self.acts)}
        recorded: defaultdict[int, list[int]] = defaultdict(list)
        for activity in activities:
            recorded[activity.member_id] += [number for mark, number in place.items() if mark in activity.summary]
        return [f"member {who}: out of order {order}" for who, order in recorded.items() if order != sorted(order)]

    def digest(self) -> str:
        """The whole day in a few letters: two runs of a seed have the same."""
        with self.database.read() as session:
            rows = [
                session.execute(sa.select(*table.__table__.columns).order_by(table.id)).all()
                for table in (Inbox, Outbox, Activity, FollowUp)
            ]
        return hashlib.sha256(repr([rows, sorted(self.phones.shown.items()), self.crashes]).encode()).hexdigest()[:12]


def simulate(seed: int, acts: int = ACTS) -> tuple[Day, list[str], str]:
    """A day, what was wrong with it, and its digest."""
    with tempfile.TemporaryDirectory(prefix="simulate-") as folder:
        day = Day(seed, Path(folder), acts)
        try:
            day.live()
            return day, day.problems(), day.digest()
        finally:
            day.database.close()


def main() -> int:
    """Run the seeds; 1 when a day went wrong."""
    words = argparse.ArgumentParser(prog="python -m tests.torture.simulate", description=__doc__)
    words.add_argument("seeds", nargs="*", type=int, default=list(range(1, 11)))
    logs.configure(level=50)
    broken = 0
    for seed in words.parse_args().seeds:
        day, problems, digest = simulate(seed)
        broken += bool(problems)
        print(
            f"seed {seed}: {len(day.acts)} messages, {day.crashes} crashes, day {digest}, {len(problems)} problems",
            flush=True,
        )
        if problems:
            print(*problems, f"again: make simulate SEEDS={seed}", sep="\n", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
