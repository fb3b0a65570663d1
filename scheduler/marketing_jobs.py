"""Jobs that ask the platform what became of mass sends and transfers."""

from __future__ import annotations

from collections.abc import Callable

from bot.context import Context
from bot.handlers.handovers import read_progress
from bot.handlers.marketing import read_results

JOBS: dict[str, Callable[[Context], int]] = {"campaign_results": read_results, "handovers": read_progress}
