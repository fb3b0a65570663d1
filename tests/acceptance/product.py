"""The product as a customer runs it: a config file, a subprocess, both platforms emulated here; looked at from outside only."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from emulator.dingtalk import DingTalkEmulator
from emulator.screen import Shown
from emulator.wecom import WeComEmulator

ROOT = Path(__file__).resolve().parents[2]
ZONE = ZoneInfo("Asia/Shanghai")
ANSWER_SECONDS = 10.0
READY_SECONDS = 40.0
DOORS = ("wecom_app", "wecom_bot", "dingtalk_stream", "dingtalk_http")
STAFF = {"lina": "李娜", "wanglei": "王磊", "chenjing": "陈静", "zhaomin": "赵敏", "zhoutao": "周涛", "sunhao": "孙浩"}
HOME = {"lina": 2, "wanglei": 2, "chenjing": 2, "zhaomin": 4, "zhoutao": 1, "sunhao": 3}


class OffsetClock:
    """The platform's clock: the real one, set back or forward by a test."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


class Product:
    """One company on one door: wecom_app, wecom_bot (the bot alone), dingtalk_stream or dingtalk_http.

    陈静 leads the department of 李娜 and 王磊; 赵敏 does marketing; 周涛 is the admin of the config; 孙浩 works elsewhere.
    """

    def __init__(
        self, door: str, folder: Path, *, database_url: str = "", alerts: Mapping[str, Any] | None = None
    ) -> None:
        self.door, self.platform, self.folder = door, door.split("_")[0], folder
        self.clock = OffsetClock()
        self.wecom = WeComEmulator(self.clock)
        self.dingtalk = DingTalkEmulator(self.clock, mode="http" if door == "dingtalk_http" else "stream")
        self.emulator: Any = self.wecom if self.platform == "wecom" else self.dingtalk
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.config_path = folder / "config.toml"
        self.database_file = folder / "acme.db"
        self.database_url = database_url or f"sqlite:///{self.database_file}"
        self._alerts = dict(alerts or {})
        self.environment: dict[str, str] = {}
        self.more_configs: list[str] = []
        self.process: asyncio.subprocess.Process | None = None
        self.http: aiohttp.ClientSession
        self.log_path = folder / "run.log"

    # --- life

    async def open(self) -> None:
        """The platforms, the directory, the callback addresses, the config file."""
        for ident, name in ((2, "华东销售部"), (3, "华南销售部"), (4, "市场部")):
            self.emulator.add_department(ident, name)
        for user_id, name in STAFF.items():
            self.hire(user_id, name, HOME[user_id], leads=[2] if user_id == "chenjing" else [])
        await self.emulator.start()
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        self.wecom.callback_url = f"{self.base}/acme/wecom"
        self.wecom.contacts_callback_url = f"{self.base}/acme/wecom/contacts"
        self.dingtalk.robot_url = f"{self.base}/acme/dingtalk/robot"
        self.dingtalk.events_url = f"{self.base}/acme/dingtalk/events"
        self.write_config()

    async def close(self) -> None:
        """Everything down."""
        await self.kill()
        await self.http.close()
        await self.emulator.stop()

    def hire(
        self, user_id: str, name: str, department: int = 2, *, leads: list[int] | None = None, **more: Any
    ) -> None:
        """Somebody in the directory: only `leads` (is_leader_in_dept, leader_in_dept) says who is a manager."""
        self.emulator.add_member(user_id, name, departments=[department], leader_of=leads or [], **more)

    def write_config(self) -> None:
        """What an administrator writes, with the secrets in the environment."""
        sections: dict[str, Any] = {
            "company": {"key": "acme", "name": "示例科技", "admins": [f"{self.platform}:zhoutao"]},
            "server": {"port": self.port, "public_url": self.base},
            "database": {"url": self.database_url},
        }
        if self._alerts:
            sections["alerts"] = self._alerts
        if self.platform == "wecom":
            bot = self.door == "wecom_bot"
            sections["wecom"] = self.wecom.config(app=not bot, contacts=not bot, bot=bot)
        else:
            sections["dingtalk"] = self.dingtalk.config()
        self.environment = {}
        self.config_path.write_text(self.toml(sections), encoding="utf-8")

    def toml(self, sections: Mapping[str, Any], prefix: str = "") -> str:
        """Sections as TOML, with the secrets moved to the environment."""
        lines, tables = [], []
        for key, value in sections.items():
            if isinstance(value, Mapping):
                tables.append(f"\n[{prefix}{key}]\n{self.toml(value, f'{prefix}{key}.')}")
                continue
            if key in ("secret", "client_secret", "card_secret", "aes_key"):
                name = f"{prefix}{key}".upper().replace(".", "_")
                self.environment[name], value = value, f"${{{name}}}"
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
        return "\n".join(lines + tables) + "\n"

    async def run(self) -> float:
        """`scrm-bot run`; seconds until /readyz was 200."""
        started = monotonic()
        more = [word for path in self.more_configs for word in ("-c", path)]
        with self.log_path.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", "-c", str(self.config_path), *more, cwd=ROOT, env=self.env(), stdout=log, stderr=log,
            )  # fmt: skip
        await self.until(self._is_ready, READY_SECONDS, "ready")
        await self.until(self._is_connected, READY_SECONDS, "connected")
        return monotonic() - started

    async def _is_ready(self) -> bool:
        if self.process is None or self.process.returncode is not None:
            raise AssertionError(f"run has ended:\n{self.log_tail()}")
        try:
            async with self.http.get(f"{self.base}/readyz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def _is_connected(self) -> bool:
        if self.door == "wecom_bot":
            return self.wecom.bot.held
        return self.door != "dingtalk_stream" or self.dingtalk.connections > 0

    async def stop(self) -> None:
        """SIGTERM, and a clean end."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            code = await self.process.wait()
        self.process = None
        assert code == 0, self.log_tail()

    async def kill(self) -> None:
        """SIGKILL, as when the machine goes down."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        self.process = None

    def env(self) -> dict[str, str]:
        """The environment of the product: the secrets, and warnings as errors."""
        return {
            **os.environ,
            **self.environment,
            "PYTHONWARNINGS": "error::DeprecationWarning:bot,error::ResourceWarning",
        }

    def log_tail(self, letters: int = 4000) -> str:
        """The end of the log."""
        return self.log_path.read_text(encoding="utf-8")[-letters:]

    # --- commands

    async def command(self, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        """`scrm-bot …`: exit code, standard output, standard error."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments, cwd=ROOT, env=self.env(),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(60):
            out, err = await process.communicate(stdin)
        return process.returncode or 0, out.decode(), err.decode()

    async def tick(self, at: datetime | None = None) -> dict[str, dict[str, Any]]:
        """`scrm-bot tick`: the line of each job by name."""
        when = ["--at", at.isoformat()] if at else []
        code, out, err = await self.command("tick", "-c", str(self.config_path), *when)
        assert code == 0, err
        return {line["job"]: line for line in map(json.loads, out.splitlines())}

    async def export(self, noun: str, ending: str = "jsonl") -> list[dict[str, Any]]:
        """Every row of a noun, from a .jsonl file."""
        file = self.folder / f"{noun}-{monotonic()}.{ending}"
        code, _, err = await self.command("export", noun, str(file), "-c", str(self.config_path))
        assert code == 0, err
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    # --- phones

    async def say(self, who: str, text: str, **how: Any) -> Shown:
        """Say it, and the next new thing the bot shows this person."""
        before = self.seen(who)
        await self.emulator.say(who, text, **self.through(), **how)
        return await self.new_item(who, before)

    async def click(self, who: str, shown: Shown, text: str) -> Shown:
        """Tap the button that reads so, and what it leads to: the card changed in place, or a new one."""
        keys = [button.key for button in shown.buttons if button.text == text]
        assert keys, f"no button {text!r} on:\n{shown.text}"
        before = self.seen(who)
        await self.emulator.click(who, shown.id, keys[0])

        def led_to(item: Shown) -> bool:
            return item.sender == "bot" and (
                item.id not in before or (item.id == shown.id and item.revision > before[item.id])
            )

        return await self.wait(who, led_to)

    async def new_item(self, who: str, before: Mapping[str, int]) -> Shown:
        """The next thing of the bot that was not there before."""
        return await self.wait(who, lambda item: item.sender == "bot" and item.id not in before)

    async def look_for(self, who: str, *texts: str, seconds: float = ANSWER_SECONDS) -> Shown:
        """Wait until something of the bot that has all these texts is on the phone."""
        return await self.wait(
            who, lambda item: item.sender == "bot" and all(text in item.text for text in texts), seconds
        )

    async def wait(self, who: str, wanted: Callable[[Shown], bool], seconds: float = ANSWER_SECONDS) -> Shown:
        """Wait for something on a phone; in vain it is a failure that shows the screen and the log."""
        try:
            shown: Shown = await self.emulator.wait_shown(who, wanted, timeout=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n=== log ===\n{self.log_tail()}") from None
        return shown

    def bot_items(self, who: str) -> list[Shown]:
        """Everything the bot has shown this person."""
        return [shown for shown in self.emulator.screens.of(who) if shown.sender == "bot"]

    def seen(self, who: str) -> dict[str, int]:
        """What is on the phone now, with its revision."""
        return {shown.id: shown.revision for shown in self.emulator.screens.of(who)}

    def through(self) -> dict[str, Any]:
        """By which WeCom door people speak."""
        if self.platform != "wecom":
            return {}
        return {"door": "bot" if self.door == "wecom_bot" else "app"}

    async def appoint(self) -> None:
        """What an admin says in chat where no directory says it (the bot alone): 陈静 leads 李娜 and 王磊, 赵敏 does marketing."""
        if self.door == "wecom_bot":
            for who in STAFF:
                await self.say(who, "帮助")
            for who in ("lina", "wanglei"):
                assert "主管" in (await self.say("zhoutao", f"{who}的主管是chenjing")).text
        assert "市场" in (await self.say("zhoutao", f"设置{self.name_of('zhaomin')}为市场")).text

    def name_of(self, who: str) -> str:
        """What the product calls a member: the bot alone has no directory and knows userids only."""
        return who if self.door == "wecom_bot" else STAFF[who]

    # --- waiting

    async def until(self, condition: Callable[[], Any], seconds: float = ANSWER_SECONDS, what: str = "it") -> None:
        """Wait for a condition (sync or async) with a deadline."""
        deadline = monotonic() + seconds
        while True:
            result = condition()
            if await result if asyncio.iscoroutine(result) else result:
                return
            assert monotonic() < deadline, f"not {what} within {seconds} s\n{self.log_tail()}"
            await asyncio.sleep(0.05)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def local(day: date, clock: str) -> datetime:
    """A clock time of the company on a day."""
    return datetime.combine(day, time.fromisoformat(clock), ZONE)


def today() -> date:
    """The company's date."""
    return datetime.now(ZONE).date()
