"""`make torture`: kills processes a few hundred times on SQLite and on three replicas over PostgreSQL, and prints what became of it."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import sqlalchemy as sa

from tests.conftest import POSTGRES
from tests.torture import driver, plan
from tests.torture.checker import Verdict, check
from tests.torture.driver import Deaths

REPLICAS = {"sqlite": 1, "postgres": 3}
KILLS_OF_A_RUN = 25
HEAD = "| backend | seed | kills | at steps | of ticks | acts | kept | unheard | marked | late | lost | doubled | broken | s |"


def main() -> int:
    """Run what was asked for; 1 when a promise was broken."""
    words = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    words.add_argument("--backend", choices=[*REPLICAS, "both"], default="both")
    words.add_argument("--kills", type=int, default=280, help="of serving processes, altogether")
    words.add_argument("--seed", type=int, default=1, help="of the first run; the others count up")
    asked = words.parse_args()
    backends = list(REPLICAS) if asked.backend == "both" else [asked.backend]
    runs = max(1, -(-asked.kills // KILLS_OF_A_RUN))
    print(HEAD, "|---|" + "---|" * 13, sep="\n", flush=True)
    steps, unheard, broken = Counter[str](), Counter[str](), 0
    for index in range(runs):
        kills = min(KILLS_OF_A_RUN, asked.kills - index * KILLS_OF_A_RUN)
        deaths, verdict = one(backends[index % len(backends)], asked.seed + index, kills)
        steps.update(deaths.at_steps)
        unheard.update(verdict.unheard)
        broken += bool(verdict.problems or deaths.by_themselves)
    for what, counted in (("kills at each step", steps), ("unheard at each door", unheard)):
        print(f"{what}:", ", ".join(f"{name} {many}" for name, many in counted.items()))
    return 1 if broken else 0


def one(backend: str, seed: int, kills: int) -> tuple[Deaths, Verdict]:
    """One run, its line of figures, and how to repeat it where something is wrong."""
    began = monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-") as name, _database(backend, Path(name)) as url:
        planned = plan.make(seed, kills)
        company, run = asyncio.run(driver.run(planned, Path(name), url, replicas=REPLICAS[backend]))
        verdict = check(planned, company)
    figures = [
        backend, seed, run.deaths.total, sum(run.deaths.at_steps.values()), run.deaths.of_ticks, verdict.acts, verdict.kept,
        verdict.unheard.total(), verdict.repeated, verdict.late, len(verdict.lost), len(verdict.doubled), len(verdict.broken), f"{monotonic() - began:.0f}",
    ]  # fmt: skip
    print("|", " | ".join(map(str, figures)), "|", flush=True)
    if problems := [*verdict.problems, *run.deaths.by_themselves]:
        print(*problems, again(backend, seed, kills), sep="\n", flush=True)
    return run.deaths, verdict


def again(backend: str, seed: int, kills: int) -> str:
    """The command that repeats a run."""
    return f"again: .venv/bin/python -m tests.torture --backend {backend} --seed {seed} --kills {kills}"


@contextmanager
def _database(backend: str, folder: Path) -> Iterator[str]:
    """An empty database, gone afterwards."""
    if backend == "sqlite":
        yield f"sqlite:///{folder / 'acme.db'}"
        return
    url, name = sa.make_url(POSTGRES), f"torture_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


if __name__ == "__main__":
    sys.exit(main())
