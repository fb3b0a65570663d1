"""Jobs of marketing."""

from __future__ import annotations

from collections.abc import Callable

from bot.context import Context
from bot.handlers.marketing import read_results

JOBS: dict[str, Callable[[Context], int]] = {"campaign_results": read_results}
