"""The doors of one company with a real inbox on a real socket, in a process of its own; planted faults on demand."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiohttp import web

from bot import logs
from bot.app import MAX_BODY
from bot.config import parse
from bot.doors import build
from bot.inbox import Inbox
from bot.platforms.http import open_session
from bot.platforms.tokens import MemoryTokens
from bot.schema import migrate
from bot.tables import Inbox as Row
from scrm.db import Database
from tests.fuzz.callbacks import CLIENT, CORP, KEY, NOW, ROBOT, SECRET, TOKENS

FORGET_SECONDS = 1.0
_kept: list[bytes] = []


@web.middleware
async def _error(request: web.Request, handler: Any) -> web.StreamResponse:
    if b"null" in await request.read():
        raise KeyError("planted")
    return await handler(request)  # type: ignore[no-any-return]


@web.middleware
async def _leak(request: web.Request, handler: Any) -> web.StreamResponse:
    _kept.append(bytes(100_000))
    _kept[-1] = _kept[-1].replace(b"\0", b"x", 100_000)  # touched, so that it counts
    return await handler(request)  # type: ignore[no-any-return]


@web.middleware
async def _hang(request: web.Request, handler: Any) -> web.StreamResponse:
    if b"null" in await request.read():
        await asyncio.sleep(3600)
    return await handler(request)  # type: ignore[no-any-return]


PLANTS = {"error": _error, "leak": _leak, "hang": _hang}


async def serve(folder: Path, plant: str) -> None:
    """Serve until standard input ends; the port is the first line of output."""
    database = Database(f"sqlite:///{folder / 'acme.db'}")
    migrate(database)
    config = parse({
        "company": {"key": "acme", "name": "示例科技"},
        "server": {"public_url": "http://127.0.0.1:1"},
        "wecom": {"corp_id": CORP, "agent_id": 1, "secret": "s", "token": TOKENS["wecom"], "aes_key": KEY,
                  "contacts": {"token": TOKENS["contacts"], "aes_key": KEY}},
        "dingtalk": {"client_id": CLIENT, "client_secret": SECRET, "robot_code": ROBOT, "mode": "http",
                     "events": {"token": TOKENS["events"], "aes_key": KEY}},
    })  # fmt: skip
    session, inbox = open_session(), Inbox(database, lambda: None)

    async def outcome(_key: str, _seconds: float) -> Mapping[str, Any] | None:
        return None

    doors = build(config, session, MemoryTokens(), inbox.accept, outcome, lambda name: None, lambda: NOW)
    app = web.Application(client_max_size=MAX_BODY, middlewares=[PLANTS[plant]] if plant else [])
    app.add_routes(doors.routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    forgetting = asyncio.create_task(_forget(database))
    await asyncio.to_thread(sys.stdin.read)
    forgetting.cancel()
    await runner.cleanup()
    await inbox.close()
    await session.close()
    database.close()


async def _forget(database: Database) -> None:
    """Handled in no time, as it were: what is stored is deleted, so that the file does not grow with the run."""
    while True:
        await asyncio.sleep(FORGET_SECONDS)
        await asyncio.to_thread(database.run, lambda session: session.execute(sa.delete(Row)))


if __name__ == "__main__":
    logs.configure(level=50)
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
