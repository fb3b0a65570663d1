"""The composition root: builds one app per company and serves them; the order of start and stop is written here."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from uuid import uuid4

import aiohttp
import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot import budget, directories, health, leases, logs
from bot.cards.admin import replaced_card
from bot.clock import Clock, utcnow
from bot.config import Config
from bot.dispatch_loop import DispatchLoop
from bot.dispatcher import Dispatcher
from bot.doors import Doors, build, names_of
from bot.inbox import Inbox
from bot.leases import SharedTokens
from bot.loop import keep_what_is_there
from bot.platforms.http import open_session
from bot.platforms.listening import Listening
from bot.schema import ensure_current
from bot.send_loop import SendLoop
from bot.settings import settings_of
from bot.settle import Settle
from bot.socket_lease import SocketLease
from bot.store import Store
from bot.troubles import Troubles
from scheduler.heartbeat import Heartbeat
from scheduler.runner import run_jobs
from scrm.db import Database, why_away

log = structlog.get_logger("app")

MAX_BODY = 1024 * 1024  # each door has its own, smaller limit


class CompanyApp:
    """One company: its database, doors and loops. `clock` is business time; machines keep the real clock."""

    def __init__(self, config: Config, clock: Clock = utcnow) -> None:
        self.config, self.clock, self.key = config, clock, config.company.key
        self.settings = settings_of(config)
        self.holder = uuid4().hex[:12]
        self.store = Store(Database(config.database_url), Troubles(self.key))
        self.door_names = names_of(config)
        self.dispatcher = Dispatcher(self.settings, self.door_names)
        self._settle = Settle(self.settings, self.door_names, clock)
        self.send_loop = SendLoop(self.store, self._settle, self.holder)
        self._session: aiohttp.ClientSession = open_session()
        self.inbox = Inbox(self.store.database, self._nudge, self.store.away, self.store.serves)
        self._counter = budget.Counter()
        tokens = SharedTokens(self.store, self.holder)
        self.doors: Doors = build(config, self._session, tokens, self.inbox.accept, self._outcome, self._counter, clock)
        self.dispatch_loop = DispatchLoop(
            self.store, self.dispatcher, self.doors.directories, self.send_loop.nudge, self.doors.render_update
        )
        self._readings = directories.Readings(self.store, self.doors.directories)
        self._leases = [
            SocketLease(name, listener, self.store, self.send_loop, self.holder, self._replaced)
            for name, listener in self.doors.leased.items()
        ]
        self._heartbeat = Heartbeat(self._beat)
        self._tasks: list[asyncio.Task[None]] = []

    def routes(self) -> list[web.RouteDef]:
        """The company's callbacks."""
        return self.doors.routes

    async def prepare(self) -> None:
        """Bring the schema up to date (SQLite) or refuse an old one (PostgreSQL: SchemaTooOld)."""
        await asyncio.get_running_loop().run_in_executor(None, ensure_current, self.store.database)

    async def start(self) -> None:
        """Schema, members, lexicon, loops; then the doors, so that nothing arrives before it can be handled."""
        await self.prepare()
        await directories.read_first(self.store, self.doors.directories)
        await self.store.run(self.dispatcher.warm_up)
        for door, sender in self.doors.senders.items():
            self.send_loop.open_door(door, sender)
        self.send_loop.serve_calls({**self.doors.calls, "read_directory": self._readings})
        self._tasks = [asyncio.create_task(self.dispatch_loop.run()), asyncio.create_task(self.send_loop.run())]
        self._heartbeat.start()
        for listener in self.doors.listeners.values():
            await listener.start()
        for lease in self._leases:
            lease.start()
        self._tasks += [asyncio.create_task(_quietly(task)) for task in self.doors.at_start]
        log.info("started", company=self.key, doors=self.door_names)

    async def stop(self) -> None:
        """Doors first, then what is in hand: everything accepted is answered or kept."""
        for listener in self.doors.listeners.values():
            await listener.stop()
        for lease in self._leases:
            await lease.stop()
        await self.inbox.close()
        await self._heartbeat.stop()
        self.dispatch_loop.stop()
        self.send_loop.stop()
        for task in self._tasks[2:]:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=8) if self._tasks else None
        await self._readings.close()
        with suppress(SQLAlchemyError):
            await self.store.run(self._counter.write)
            await self.store.run(lambda session: leases.sign_off(session, self.holder))
        await self.let_go()
        log.info("stopped", company=self.key)

    async def let_go(self) -> None:
        """Close what building the app opened; enough for a company that was never started."""
        await self._session.close()
        await asyncio.get_running_loop().run_in_executor(None, self.store.close)

    async def beat(self) -> list[tuple[str, int]]:
        """Every job once, as of the business clock."""
        await self.store.run(self._counter.write)
        done = await run_jobs(self.store, self.settings, self.door_names, self.clock())
        self.send_loop.nudge()
        return done

    def door_states(self) -> Mapping[str, bool]:
        """Doors that keep a connection, and whether it is open (a leased one may be open in another process)."""
        states = {name: listener.connected for name, listener in self.doors.listeners.items()}
        return states | {lease.name: lease.open_somewhere for lease in self._leases}

    async def _replaced(self, door: str) -> None:
        """The admins hear that another program uses our bot."""
        card = replaced_card()
        await self.store.run(
            lambda session: self._settle.tell_admins(session, card, f"{door}:replaced", "replaced", closed=door)
        )
        self.send_loop.nudge()

    async def _beat(self) -> None:
        try:
            await health.probe(self.store)
            await self.store.run(lambda session: leases.sign_on(session, self.holder))
            await self.beat()
        except SQLAlchemyError as error:
            if not why_away(error):
                raise

    def _nudge(self) -> None:
        self.dispatch_loop.nudge()

    async def _outcome(self, key: str, seconds: float) -> Mapping[str, object] | None:
        return await self.dispatch_loop.outcome(key, seconds)


async def _quietly(work: Callable[[], object]) -> None:
    """Something worth doing at start that may fail without harm: a menu, a callback route."""
    try:
        result = work()
        if asyncio.iscoroutine(result):
            await result
    except Exception as error:
        log.warning("start_task_failed", error=type(error).__name__, detail=str(error)[:200])


def web_app(companies: Sequence[CompanyApp]) -> web.Application:
    """The HTTP side of one or several companies; an unknown key is 404."""
    app = web.Application(client_max_size=MAX_BODY)
    for company in companies:
        app.add_routes(company.routes())
    app.add_routes(health.routes(companies))
    return app


async def serve(configs: Sequence[Config]) -> int:
    """Run until SIGTERM or SIGINT; the exit code."""
    logs.configure()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    companies, started = [CompanyApp(config) for config in configs], list[CompanyApp]()
    runner = web.AppRunner(web_app(companies), access_log=None, shutdown_timeout=5)
    await runner.setup()
    server = configs[0].server
    listening = Listening(runner, server.host, server.port)
    try:
        await listening.bind()  # before anything is done for a company that could not be reached
        for company in companies:
            started.append(company)
            await company.start()
        await listening.start()
        keep_what_is_there()
        log.info("listening", host=server.host, port=server.port)
        await stopping.wait()
    finally:
        # First the requests in hand are answered, then what they brought is finished.
        await listening.close()
        await runner.cleanup()
        for company in companies:
            await (company.stop() if company in started else company.let_go())
    return 0
