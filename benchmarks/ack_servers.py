"""The door of this project alone, and its peer, an aiohttp handler that stores nothing: each a process of its own.

`python -m benchmarks.ack_servers door|bare PORT [DATABASE_URL]`.
"""

from __future__ import annotations

import asyncio
import os
import sys

from aiohttp import web

from benchmarks.callers import AES_KEY, CORP_ID, PATH, TOKEN
from bot.inbox import Inbox
from bot.loop import run_loop
from bot.platforms.wecom import callback as wecom_callback
from scrm.db import Database


async def serve(who: str, port: int, url: str) -> int:
    """Until it is stopped."""
    opener = wecom_callback.Callback(TOKEN, AES_KEY, CORP_ID)
    app = web.Application()
    if who == "door":
        inbox = Inbox(Database(url), lambda: None)
        app.add_routes(wecom_callback.routes(PATH, opener, inbox.accept))
    else:

        async def receive(request: web.Request) -> web.Response:
            opener.open(request.query, await request.read())
            return web.Response(text="success")

        app.router.add_post(PATH, receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()
    return 0


if __name__ == "__main__":
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {0})
    run_loop(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""))
