"""From a message leaving the phone to the answer in the platform's hands, on three doors, beside the bare echo bot.

Bot and echo bot are processes of their own; the emulated platform runs here. One message is under way at a time: an idle machine.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice, product
from pathlib import Path
from typing import Any

from bot.importing import import_customers
from bot.schema import ensure_current
from emulator.dingtalk import DingTalkEmulator
from emulator.screen import Shown
from emulator.wecom import WeComEmulator
from scrm import members
from scrm.db import Database

DOORS = {
    "wecom_app": "企业微信自建应用",
    "wecom_bot": "企业微信智能机器人",
    "dingtalk_stream": "钉钉 Stream",
    "dingtalk_http": "钉钉 HTTP",
}
REPS = [f"rep{number:02}" for number in range(10)]
# Every rep says so many in a run: with those that warm up they stay below WeCom's 30 a minute for one member.
EACH = 20
SENTENCES = (
    "今天拜访了{name}，聊了二期报价，预算大概50万，下周三再跟进",
    "查一下{name}",
    "明天下午3点跟进{name}",
    "我的待办",
)
WARM_UP = ("帮助", "今天拜访了{name}，聊了需求", "查一下{name}")
SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds."""

    door: str
    who: str
    what: str
    times: tuple[float, ...]

    @property
    def p50(self) -> float:
        """The median."""
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        """What 95 of 100 stay below."""
        return statistics.quantiles(self.times, n=20)[-1]


def customers(count: int) -> Iterator[str]:
    """Names of companies, all different."""
    places = (
        "苏州",
        "宁波",
        "青岛",
        "长沙",
        "厦门",
        "合肥",
        "无锡",
        "佛山",
        "东莞",
        "嘉兴",
        "常州",
        "温州",
        "泉州",
        "烟台",
        "徐州",
        "绍兴",
        "金华",
        "台州",
        "潍坊",
        "洛阳",
    )
    words = ("宏远", "鼎盛", "瑞达", "恒通", "金桥", "博创", "天诚", "华瑞", "新锐", "东方")
    trades = ("机械", "物流", "食品", "医疗", "软件")
    return islice((f"{place}{word}{trade}有限公司" for place, word, trade in product(places, words, trades)), count)


class Bench:
    """One door: the emulated platform with ten reps, and a bot that is started on it."""

    def __init__(self, door: str, folder: Path, count: int) -> None:
        self.door, self.folder, self.names = door, folder, list(customers(count))
        self.platform = door.split("_")[0]
        self.emulator: Any = (
            WeComEmulator()
            if self.platform == "wecom"
            else DingTalkEmulator(mode="http" if door == "dingtalk_http" else "stream")
        )

    async def start(self) -> None:
        """The platform, with the reps in its directory."""
        self.emulator.add_department(2, "销售部")
        for rep in REPS:
            self.emulator.add_member(rep, rep, departments=[2])
        await self.emulator.start()

    def section(self) -> dict[str, Any]:
        """The platform's section of the config."""
        if self.platform == "dingtalk":
            return dict(self.emulator.config())
        return dict(self.emulator.config(app=self.door == "wecom_app", contacts=False, bot=self.door == "wecom_bot"))

    def prepare(self) -> Path:
        """A config and a database in which the customers are shared out among the reps."""
        path, table = self.folder / "acme.db", self.folder / "customers.csv"
        database = Database(f"sqlite:///{path}")
        ensure_current(database)
        with database.write() as session:
            for rep in REPS:
                members.ensure(session, self.platform, rep, rep, now=datetime.now(UTC))
        with table.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("客户名称", "负责人"))
            writer.writerows((name, REPS[index % len(REPS)]) for index, name in enumerate(self.names))
        report = import_customers(database, table, lambda: datetime.now(UTC), lambda _done, _total: None)
        database.close()
        assert report.bad == 0
        config = {
            "company": {"key": "acme", "name": "示例科技"},
            "server": {"port": self.port, "public_url": f"http://127.0.0.1:{self.port}"},
            "database": {"url": f"sqlite:///{path}"},
            self.platform: self.section(),
        }
        (self.folder / "acme.toml").write_text("\n".join(_toml(config)), encoding="utf-8")
        return self.folder / "acme.toml"

    @asynccontextmanager
    async def running(self, who: str) -> AsyncIterator[None]:
        """The bot or the echo bot, connected to the platform."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        if who == "bot":
            config = await asyncio.to_thread(self.prepare)
            command = [sys.executable, "-m", "bot", "run", "-c", str(config)]
        else:
            command = [sys.executable, "-m", "benchmarks.echo", self.door, json.dumps(self.section()), str(self.port)]
        if self.door == "wecom_app":
            self.emulator.callback_url = f"http://127.0.0.1:{self.port}/acme/wecom"
        if self.door == "dingtalk_http":
            self.emulator.robot_url = f"http://127.0.0.1:{self.port}/acme/dingtalk/robot"
            self.emulator.events_url = f"http://127.0.0.1:{self.port}/acme/dingtalk/events"
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        try:
            await self._connected()
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()

    async def _connected(self) -> None:
        async with asyncio.timeout(SECONDS):
            while not await self._is_connected():  # noqa: ASYNC110 - another process sets no event of ours
                await asyncio.sleep(0.1)

    async def _is_connected(self) -> bool:
        if self.door == "wecom_app":
            return not await self.emulator.verify_url()
        if self.door == "dingtalk_http":
            return await _listens(self.port)
        return bool(self.emulator.bot.held if self.door == "wecom_bot" else self.emulator.gateway.connections)

    # --- measuring

    async def measure(self, who: str) -> list[Figures]:
        """Every rep says the sentences in turn; then a card's button is pressed by each."""
        async with self.running(who):
            for rep, name, sentence in self.said(WARM_UP, len(WARM_UP)):
                await self.ask(rep, name, sentence)
            sentences = [await self.ask(*spoken) for spoken in self.said(SENTENCES, EACH)]
            found = [Figures(self.door, who, "句子", tuple(sentences))]
            if who == "bot":
                clicks = [await self.press(rep) for rep in REPS]
                found.append(Figures(self.door, who, "点按钮", tuple(clicks)))
        return found

    def said(self, sentences: tuple[str, ...], each: int) -> Iterator[tuple[str, str, str]]:
        """Rep, customer and sentence: one after the other, each about own customers."""
        for turn in range(each):
            for number, rep in enumerate(REPS):
                name = self.names[(turn * len(REPS) + number) % len(self.names)].removesuffix("有限公司")
                yield rep, name, sentences[turn % len(sentences)]

    async def ask(self, rep: str, name: str, sentence: str) -> float:
        """Milliseconds to the answer, which is about the customer."""
        text = sentence.format(name=name)
        how = {"door": self.door.removeprefix("wecom_")} if self.platform == "wecom" else {}
        milliseconds, shown = await self.answer(rep, partial(self.emulator.say, rep, text, **how))
        assert name in shown.text or "{name}" not in sentence, shown.text
        return milliseconds

    async def press(self, rep: str) -> float:
        """The first button of the newest card that shows one; it changes the card in place or brings a new one."""
        card = next(item for item in reversed(self.emulator.screen(rep)) if item.sender == "bot" and item.buttons)
        milliseconds, _ = await self.answer(rep, partial(self.emulator.click, rep, card.id, card.buttons[0].key))
        return milliseconds

    async def answer(self, rep: str, act: Callable[[], Awaitable[Any]]) -> tuple[float, Shown]:
        """Milliseconds from the act to the first thing that the bot shows because of it, and that."""
        before = {item.id: item.revision for item in self.emulator.screen(rep)}

        def is_new(item: Shown) -> bool:
            return item.sender == "bot" and before.get(item.id, -1) < item.revision

        started = time.perf_counter()
        acting = asyncio.ensure_future(act())
        shown: Shown = await self.emulator.wait_shown(rep, is_new, timeout=SECONDS)
        milliseconds = (time.perf_counter() - started) * 1000
        await acting
        return milliseconds, shown


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _toml(section: dict[str, Any], path: str = "") -> Iterator[str]:
    inner = {key: value for key, value in section.items() if isinstance(value, dict)}
    if path:
        yield f"[{path}]"
    for key, value in section.items():
        if key not in inner:
            yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in inner.items():
        yield from _toml(value, f"{path}.{key}" if path else key)


async def run(count: int = 1000, rounds: int = 2) -> list[Figures]:
    """Every door, echo bot and bot in turn, the rounds put together."""
    found: dict[tuple[str, str, str], tuple[float, ...]] = {}
    for _ in range(rounds):
        for door in DOORS:
            for who in ("echo", "bot"):
                with tempfile.TemporaryDirectory() as folder:
                    bench = Bench(door, Path(folder), count)
                    await bench.start()
                    try:
                        measured = await bench.measure(who)
                    finally:
                        await bench.emulator.stop()
                for figures in measured:
                    key = (figures.door, figures.who, figures.what)
                    found[key] = found.get(key, ()) + figures.times
    return [Figures(*key, times) for key, times in found.items()]


def table(figures: list[Figures], count: int) -> str:
    """Markdown."""
    lines = [
        f"{os.cpu_count()} 核，Python {sys.version.split()[0]}，SQLite，{count} 个客户，单位毫秒，每次只有一条消息在路上；测时系统负载 {os.getloadavg()[0]:.1f}。",
        "",
        "| 入口 | 做什么 | 次数 | 机器人 p50 | 机器人 p95 | 裸回声 p50 | 裸回声 p95 |",
        "|---|---|---|---|---|---|---|",
    ]
    peers = {(row.door, row.what): row for row in figures if row.who == "echo"}
    for row in figures:
        if row.who == "bot":
            peer = peers.get((row.door, row.what))
            beside = f"{peer.p50:.1f} | {peer.p95:.1f}" if peer else "- | -"
            lines.append(
                f"| {DOORS[row.door]} | {row.what} | {len(row.times)} | {row.p50:.1f} | {row.p95:.1f} | {beside} |"
            )
    return "\n".join(lines)
