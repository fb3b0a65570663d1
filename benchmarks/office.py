"""A company for benchmarks: the emulated WeCom in this process, reps with a customer each, and any number of bots, each a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.answer_latency import _toml, customers
from bot.outbox import now_ms
from bot.tables import NEW, PENDING, Inbox, Outbox
from emulator.wecom import WeComEmulator
from scrm import customers as customer_service
from scrm import members
from scrm.access import Actor
from scrm.db import Database

READY_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Bot:
    """One running process."""

    port: int
    pid: int
    ready_seconds: float


class Office:
    """`reps` people of one company with a customer each, on one database."""

    def __init__(self, folder: Path, url: str, reps: int) -> None:
        self.folder, self.url, self.wecom = folder, url, WeComEmulator()
        self.people = {f"rep{number:03}": name for number, name in enumerate(customers(reps))}
        assert len(self.people) == reps

    async def open(self) -> None:
        """The platform with its directory; members and customers in the database."""
        self.wecom.add_department(2, "销售部")
        for rep in self.people:
            self.wecom.add_member(rep, rep, departments=[2])
        await self.wecom.start()
        await asyncio.to_thread(self._prepare)

    def _prepare(self) -> None:
        database, now = Database(self.url), datetime.now(UTC)

        def write(session: Session) -> None:
            for rep, name in self.people.items():
                member = members.ensure(session, "wecom", rep, rep, now=now)
                customer_service.create(session, Actor(member.id, rep, "rep", frozenset({member.id})), name, now)

        database.run(write)
        database.close()

    @asynccontextmanager
    async def serving(self, many: int = 1, core: int | None = None) -> AsyncIterator[list[Bot]]:
        """So many bots, ready; `core` is the only one they may use."""
        processes, bots = [], []
        try:
            for number in range(many):
                began = asyncio.get_running_loop().time()
                config = self._config(number)
                command = [sys.executable, "-m", "bot", "run", "-c", str(config[0])]
                pinned = ["taskset", "-c", str(core)] if core is not None and (os.cpu_count() or 1) > 1 else []
                with (self.folder / f"bot{number}.log").open("ab") as log:
                    process = await asyncio.create_subprocess_exec(*pinned, *command, stdout=log, stderr=log)
                processes.append(process)
                await _ready(config[1])
                bots.append(Bot(config[1], process.pid, asyncio.get_running_loop().time() - began))
            yield bots
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                await process.wait()

    def section(self) -> dict[str, Any]:
        """The platform's section of the config."""
        return dict(self.wecom.config())

    def _config(self, number: int) -> tuple[Path, int]:
        port, path = free_port(), self.folder / f"acme{number}.toml"
        config = {
            "company": {"key": "acme", "name": "示例科技"},
            "server": {"port": port},
            "database": {"url": self.url},
            "wecom": self.section(),
        }
        path.write_text("\n".join(_toml(config)), encoding="utf-8")
        self.wecom.callback_url = f"http://127.0.0.1:{port}/acme/wecom"
        self.wecom.contacts_callback_url = f"http://127.0.0.1:{port}/acme/wecom/contacts"
        return path, port

    def said(self, sentences: Sequence[str], each: int, since: int = 0) -> list[dict[str, Any]]:
        """What every rep says, as the platform would put it: everybody's first sentence, then everybody's second…"""
        now = int(datetime.now(UTC).timestamp())
        return [
            {
                "ToUserName": self.wecom.corp_id, "FromUserName": rep, "CreateTime": now, "MsgType": "text",
                "Content": sentences[(since + turn) % len(sentences)].format(name=name.removesuffix("有限公司")),
                "MsgId": 6_000_000_000 + (since + turn) * len(self.people) + number, "AgentID": self.wecom.agent_id,
            }
            for turn in range(each)
            for number, (rep, name) in enumerate(self.people.items())
        ]  # fmt: skip

    def left(self) -> int:
        """Events not handled and messages not sent yet."""
        database = Database(self.url)
        with database.read() as session:
            events = session.scalar(sa.select(sa.func.count()).where(Inbox.state == NEW)) or 0
            soon = Outbox.not_before_ms < now_ms() + 60_000
            owed = session.scalar(sa.select(sa.func.count()).where(Outbox.state.in_(PENDING), soon)) or 0
        database.close()
        return events + owed


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def listens(port: int) -> None:
    """Returns once somebody takes connections there."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def _ready(port: int) -> None:
    async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(f"http://127.0.0.1:{port}/readyz") as response:
                    if response.status == 200 and json.loads(await response.read())["status"] == "ready":
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.02)
