"""`scrm-bot demo`: both platforms, the bot, a sample company and the page with the phones, in one process on loopback."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from aiohttp import web
from sqlalchemy.orm import Session

from bot import logs
from bot.app import CompanyApp, web_app
from bot.config import Config, parse
from bot.platforms.listening import Listening
from emulator import sample
from emulator.dingtalk import DingTalkEmulator
from emulator.page_server import Page
from emulator.sample_words import COMPANY
from emulator.wecom import WeComEmulator
from scrm.models import Customer

log = structlog.get_logger("demo")
KEY = "demo"
DOORS_SECONDS, LOOK_SECONDS = 5.0, 0.02


class DemoClock:
    """The real clock plus what the page has jumped ahead; it never goes back."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Business time, aware UTC."""
        return datetime.now(UTC) + self._ahead

    def jump(self, to: datetime) -> bool:
        """Move ahead; False for the past."""
        if to <= self():
            return False
        self._ahead = to - datetime.now(UTC)
        return True


class Demo:
    """Everything of the demo, started together."""

    def __init__(self, data: Path) -> None:
        self.clock = DemoClock()
        self.wecom, self.dingtalk = WeComEmulator(self.clock), DingTalkEmulator(self.clock)
        self._data = data
        self._stack = AsyncExitStack()
        self.company: CompanyApp

    async def start(self, port: int) -> None:
        """Platforms, bot, page; the page answers at `http://127.0.0.1:port/`. Raises CannotListen before anything starts."""
        page = await self._bound(Page(self.wecom, self.dingtalk, self.clock, self.move_clock).app(), port)
        sample.fill_directories(self.wecom, self.dingtalk)
        await self._start_and_stop_later(self.wecom.start, self.wecom.stop)
        await self._start_and_stop_later(self.dingtalk.start, self.dingtalk.stop)
        self.company = CompanyApp(self.config(), self.clock)
        self._stack.push_async_callback(self.company.stop)
        await self.company.prepare()
        await self.company.store.run(self._fill)
        callbacks = await self._bound(web_app([self.company]), 0)
        await callbacks.start()
        base = f"http://127.0.0.1:{callbacks.port}"
        self.wecom.callback_url = f"{base}/{KEY}/wecom"
        self.wecom.contacts_callback_url = f"{base}/{KEY}/wecom/contacts"
        await self.company.start()
        await self._doors_open()
        await page.start()

    async def _doors_open(self) -> None:
        """Wait until both sockets stand, so that the first sentence is heard; a door that stays shut is no reason not to start."""
        for _ in range(int(DOORS_SECONDS / LOOK_SECONDS)):
            if all(self.company.door_states().values()):
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def stop(self) -> None:
        """Everything down, in reverse order."""
        await self._stack.aclose()

    async def move_clock(self, to: datetime) -> bool:
        """Jump ahead and let everything that is due by then happen."""
        if not self.clock.jump(to):
            return False
        await self.company.beat()
        return True

    def config(self) -> Config:
        """The same config a real company would write, pointed at the emulators."""
        return parse(
            {
                "company": {"key": KEY, "name": COMPANY, "admins": ["wecom:zhoutao"]},
                "database": {"url": f"sqlite:///{self._data / 'demo.db'}"},
                "wecom": self.wecom.config(app=True, contacts=True, bot=True),
                "dingtalk": self.dingtalk.config(),
            },
            source="demo",
        )

    def _fill(self, session: Session) -> None:
        if session.scalar(sa.select(sa.func.count(Customer.id))) == 0:
            sample.fill_database(session, self.clock(), self.wecom)

    async def _start_and_stop_later(
        self, start: Callable[[], Awaitable[Any]], stop: Callable[[], Awaitable[Any]]
    ) -> None:
        self._stack.push_async_callback(stop)
        await start()

    async def _bound(self, app: web.Application, port: int) -> Listening:
        """The address of `app`, ours from now on."""
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        listening = Listening(runner, "127.0.0.1", port)
        self._stack.push_async_callback(listening.close)
        await listening.bind()
        return listening


async def serve(port: int, data: Path) -> None:
    """Run the demo until Ctrl-C."""
    logs.configure(json_lines=False, level=30)
    demo, stopping = Demo(data), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    try:
        await demo.start(port)
        print(f"演示已就绪：http://127.0.0.1:{port}/   （按 Ctrl-C 结束）", flush=True)  # noqa: T201 - this is what the user waits for
        await stopping.wait()
    finally:
        await demo.stop()
