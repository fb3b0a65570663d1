"""`make storms`: 20,000 messages four times each to three replicas; stops under load; every promise checked, every figure measured."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from scrm.db import Database
from tests.storms import checks
from tests.storms.company import reps, waiting
from tests.storms.deliveries import Deliveries
from tests.storms.stops import OUT_WITHIN, Stops, cut_off_under_load, running, stop_under_load
from tests.torture.__main__ import _database as a_database
from tests.torture.plan import Kill

EACH = 20  # of one rep; WeCom shows a member 30 messages a minute
PATIENCE = 1800.0
OUTAGE_SECONDS = 30.0


def main() -> int:
    """Run what was asked for; 1 when a promise was broken."""
    words = argparse.ArgumentParser(prog="python -m tests.storms", description=__doc__)
    words.add_argument("what", nargs="*", help=f"of {', '.join(STORMS)}; all of them when not said")
    words.add_argument("--messages", type=int, default=20_000)
    words.add_argument("--replicas", type=int, default=3)
    words.add_argument("--stops", type=int, default=100)
    words.add_argument("--seed", type=int, default=1)
    asked = words.parse_args()
    if unknown := set(asked.what) - set(STORMS):
        words.error(f"no such storm: {', '.join(unknown)}")
    broken = 0
    for name in asked.what or STORMS:
        began = monotonic()
        problems, figures = STORMS[name](asked)
        print(f"{name}: {'BROKEN' if problems else 'ok'} · {figures} · {monotonic() - began:.0f} s", flush=True)
        print(*problems[:20], sep="\n", end="\n" if problems else "", flush=True)
        broken += bool(problems)
    return 1 if broken else 0


def repeats(asked: argparse.Namespace) -> tuple[list[str], str]:
    """Every message four times to any of the replicas."""
    with tempfile.TemporaryDirectory(prefix="storm-") as name, a_database("postgres", Path(name)) as url:
        return asyncio.run(_repeats(asked, Path(name), url))


async def _repeats(asked: argparse.Namespace, folder: Path, url: str) -> tuple[list[str], str]:
    people = reps(max(1, asked.messages // EACH), asked.seed)
    database = Database(url)
    async with running(folder, url, people, asked.replicas) as company:
        living = [company.start(slot, Kill()) for slot in range(asked.replicas)]
        try:
            for slot, process in enumerate(living):
                assert await company.ready(slot, process), company.log_tail()
            deliveries = Deliveries(company.wecom, [f"http://127.0.0.1:{port}" for port in company.ports], asked.seed)
            began = monotonic()
            await deliveries.storm(people, EACH)
            delivered = monotonic() - began
            async with asyncio.timeout(PATIENCE):
                while await asyncio.to_thread(waiting, database):  # noqa: ASYNC110 - a database sets no event
                    await asyncio.sleep(0.5)
            done = monotonic() - began
            problems = await asyncio.to_thread(checks.problems, database, company.wecom, deliveries.said)
        finally:
            for process in living:
                process.terminate()
            for process in living:
                await company.end_of(process, OUT_WITHIN)
    database.close()
    copies, said = sum(deliveries.answers.values()), sum(deliveries.said.values())
    figures = (
        f"{said} messages, {copies} deliveries to {asked.replicas} replicas in {delivered:.0f} s ({copies / delivered:.0f}/s), "
        f"all answered after {done:.0f} s ({said / done:.0f}/s), ack {_spread(deliveries.ack_seconds)}, "
        f"answers {dict(deliveries.answers)}"
    )
    return problems, figures


def stops(asked: argparse.Namespace) -> tuple[list[str], str]:
    """SIGTERM to a single process on SQLite, again and again."""
    return _stops(asked, "sqlite", 1)


def rolling(asked: argparse.Namespace) -> tuple[list[str], str]:
    """A rolling restart of replicas on PostgreSQL, round and round."""
    return _stops(asked, "postgres", asked.replicas)


def outage(asked: argparse.Namespace) -> tuple[list[str], str]:
    """PostgreSQL is gone for half a minute."""
    with tempfile.TemporaryDirectory(prefix="storm-") as name, a_database("postgres", Path(name)) as url:
        run = cut_off_under_load(
            Path(name), url, replicas=asked.replicas, seconds=OUTAGE_SECONDS, many=150, seed=asked.seed
        )
        result = asyncio.run(run)
    assert result.deliveries is not None
    figures = (
        f"away for {OUTAGE_SECONDS:.0f} s, ready again after {_spread(result.seconds)}, "
        f"{sum(result.deliveries.said.values())} messages, answers {dict(result.deliveries.answers)}"
    )
    return result.problems + ([] if result.exit_codes == {0} else ["a process died"]), figures


def _stops(asked: argparse.Namespace, backend: str, replicas: int) -> tuple[list[str], str]:
    many = asked.stops if backend == "sqlite" else max(replicas, asked.stops // 4)
    with tempfile.TemporaryDirectory(prefix="storm-") as name, a_database(backend, Path(name)) as url:
        run = stop_under_load(Path(name), url, replicas=replicas, stops=many, many=150, seed=asked.seed)
        result = asyncio.run(run)
    return [*result.problems, *_late(result)], _told(result)


def _late(result: Stops) -> list[str]:
    found = [f"out after {seconds:.1f} s" for seconds in result.seconds if seconds >= OUT_WITHIN]
    found += [f"exit codes {sorted(map(str, result.exit_codes))}"] if result.exit_codes != {0} else []
    return found + ([f"{result.unanswered} requests were taken and not answered"] if result.unanswered else [])


def _told(result: Stops) -> str:
    assert result.deliveries is not None
    said = sum(result.deliveries.said.values())
    return (
        f"{len(result.seconds)} stops, out in {_spread(result.seconds)}, {said} messages, "
        f"answers {dict(result.deliveries.answers)}"
    )


def _spread(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return f"p50 {middle * 1000:.0f} ms, p99 {late * 1000:.0f} ms, longest {ordered[-1] * 1000:.0f} ms"


STORMS: dict[str, Callable[[argparse.Namespace], tuple[list[str], str]]] = {
    "repeats": repeats,
    "stops": stops,
    "rolling": rolling,
    "outage": outage,
}

if __name__ == "__main__":
    sys.exit(main())
