"""`python -m benchmarks [answers] [screen] [ack] [ack-latency] [path] [urgent] [idle] [understanding] [grown] [digest --size N] [due] [understanding-public --sets FOLDER] [fresh]`.

Measures and prints what benchmarks/README.md shows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import (
    answer_latency,
    digest,
    due,
    durable_ack,
    first_screen,
    grown,
    idle,
    understanding_public,
    understanding_speed,
    urgent_lane,
    whole_path,
)
from bot.loop import run_loop

CUSTOMERS = 1000
BIG = 100_000


async def main(wanted: list[str], sets: Path | None, size: int) -> int:
    """What was asked for; without words, everything that needs no network."""
    wanted = wanted or ["answers", "screen"]
    if "answers" in wanted:
        print(answer_latency.table(await answer_latency.run(CUSTOMERS), CUSTOMERS), flush=True)
    if "screen" in wanted:
        print(
            "\nmake demo → 首屏（秒）：",
            "、".join(f"{seconds:.1f}" for seconds in await first_screen.run()),
            flush=True,
        )
    if "ack" in wanted:
        print(f"\n{durable_ack.table(await durable_ack.run())}", flush=True)
    if "ack-latency" in wanted:
        print(f"\n{durable_ack.latency_table(await durable_ack.run_latency())}", flush=True)
    if "path" in wanted:
        print(f"\n{whole_path.table(await whole_path.run())}", flush=True)
    if "urgent" in wanted:
        print(f"\n{urgent_lane.table(await urgent_lane.run())}", flush=True)
    if "idle" in wanted:
        print(f"\n{idle.table(await idle.run())}", flush=True)
    if "understanding" in wanted:
        print(f"\n{understanding_speed.table(understanding_speed.run(BIG))}", flush=True)
    if sets is not None and "understanding-public" in wanted:
        print(f"\n{understanding_public.table(understanding_public.run(sets))}", flush=True)
    if "grown" in wanted:
        print(f"\n{grown.table(grown.run())}", flush=True)
    if "digest" in wanted:
        print(f"\n{digest.table(digest.run(size), size)}", flush=True)
    if "due" in wanted:
        print(f"\n{due.table(await due.run(BIG), BIG)}", flush=True)
    if "fresh" in wanted:
        print(f"\n全新目录里的 make demo → 首屏：{await first_screen.run_fresh():.1f} 秒", flush=True)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("wanted", nargs="*")
    parser.add_argument("--sets", type=Path, help="folder of published test sets, for understanding-public")
    parser.add_argument("--size", type=int, default=digest.ACTIVITIES, help="records of digest; a fifth as many deals")
    given = parser.parse_args()
    if "understanding-public" in given.wanted and given.sets is None:
        parser.error("understanding-public needs --sets FOLDER")
    run_loop(main(given.wanted, given.sets, given.size))
