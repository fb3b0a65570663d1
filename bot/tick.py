"""`scrm-bot tick`: every scheduled job once as of a moment, then what is owed is sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot import logs, outbox
from bot.config import Config
from bot.offline import offline
from scheduler.runner import run_jobs


async def run_tick(config: Config, at: datetime) -> list[dict[str, Any]]:
    """A line per job, then what was sent and what only the holder of a socket can send."""
    logs.configure()  # standard output is the caller's
    async with offline(config) as company:
        done = await run_jobs(company.store, company.settings, company.doors, at)
        sent = await company.send_loop.drain()
        sockets = [door for door in company.doors if door not in company.sendable]
        left = await company.store.run(lambda session: outbox.waiting(session, sockets)) if sockets else 0
    lines: list[dict[str, Any]] = [{"job": job, "did": did} for job, did in done]
    return [*lines, {"job": "send", "did": sent, "left": left}]
