"""A million mutated callbacks at the receivers: no 5xx, no hang, no leak. `make fuzz`, or with COUNT and SEED."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.fuzz.driver import fuzz


def main() -> int:
    """0 when nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="how many callbacks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="begin with this number: replays a finding with --count 1")
    parser.add_argument("--connections", type=int, default=16)
    chosen = parser.parse_args()
    report = asyncio.run(fuzz(chosen.count, chosen.seed, chosen.first, chosen.connections, say=print))
    print(report)
    for finding in report.findings[:10]:
        print("FOUND", finding)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
