"""The company under torture: emulated platforms that keep running, and processes of the product that come and go."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import multiprocessing.process
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp

from bot.schema import migrate
from emulator.dingtalk import DingTalkEmulator
from emulator.screen import Shown
from emulator.wecom import WeComEmulator
from scrm.db import Database
from tests.acceptance.product import free_port
from tests.torture.gateway import Gateway
from tests.torture.plan import Act, Kill, Person
from tests.torture.victim import live

POLL = 0.02
READY_SECONDS, TICK_SECONDS, DOOR_SECONDS, CARD_SECONDS = 40.0, 60.0, 6.0, 6.0
RETRIES = (0.5, 1.5, 3.0)  # WeCom delivers three times more within five seconds
BUTTONS = {"undo": "撤销", "move": "推进到"}
TWICE = 0.4  # share of connections that bring everything twice


class Company:
    """Two platforms, one database, `replicas` processes behind one address."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        people: Sequence[Person],
        seed: int,
        *,
        replicas: int = 1,
        mistake: str = "",
    ) -> None:
        self.folder, self.database_url, self.people = folder, database_url, people
        self.wecom = WeComEmulator(seed=seed)
        self.dingtalk = DingTalkEmulator(seed=seed, mode="http" if seed // 2 % 2 else "stream")
        self.ports = [free_port() for _ in range(replicas)]
        self.gateway = Gateway(self.ports, TWICE, seed)
        self.said: list[Act] = []  # as it was said
        self.acknowledged: dict[Act, bool] = {}  # whether the platform was told that it arrived
        self.skipped: list[Act] = []  # there was nothing to tap
        self.log = folder / "victims.log"
        self._mistake = mistake
        self._fork = multiprocessing.get_context("forkserver")
        self._fork.set_forkserver_preload(["tests.torture.victim"])

    # --- life

    async def open(self) -> None:
        """Directories, addresses, an empty schema."""
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        await self.gateway.start()
        for platform in (self.wecom, self.dingtalk):
            platform.add_department(2, "华东销售部")
            platform.add_member("boss", "陈静", departments=[2], leader_of=[2])
            for person in self.people:
                platform.add_member(person.user_id, person.name, departments=[2])
            await platform.start()
        base = f"{self.gateway.base}/acme"
        self.wecom.callback_url, self.wecom.contacts_callback_url = f"{base}/wecom", f"{base}/wecom/contacts"
        self.wecom.limits.retry_delays = RETRIES
        # Kills come far thicker than in life: what is counted here is each effect, not how fast a machine starts again.
        self.wecom.limits.welcome_seconds = 120.0
        self.dingtalk.robot_url, self.dingtalk.events_url = f"{base}/dingtalk/robot", f"{base}/dingtalk/events"
        self.dingtalk.cards_url = f"{base}/dingtalk/cards"
        limits = self.dingtalk.limits
        limits.redeliver_seconds, limits.api_per_month, limits.pushes_per_month = 3.0, None, None
        self._note_welcome_callbacks()
        for slot in range(len(self.ports)):
            self._config(slot).write_text(_toml(self._sections(slot)), encoding="utf-8")
        await asyncio.to_thread(_bring_up_to_date, self.database_url)

    async def close(self) -> None:
        """Everything down."""
        await self.gateway.stop()
        await self.http.close()
        await self.wecom.stop()
        await self.dingtalk.stop()

    def _config(self, slot: int) -> Path:
        return self.folder / f"replica-{slot}.toml"

    def _sections(self, slot: int) -> dict[str, Any]:
        return {
            "company": {"key": "acme", "name": "示例科技", "admins": ["wecom:boss"]},
            "server": {"port": self.ports[slot], "public_url": self.gateway.base},
            "database": {"url": self.database_url},
            "alerts": {"quiet_hours": ["23:58", "23:59"]},
            "wecom": self.wecom.config(app=True, contacts=True, bot=True),
            "dingtalk": self.dingtalk.config(),
        }

    # --- processes

    def start(self, slot: int, kill: Kill, *command: str) -> multiprocessing.process.BaseProcess:
        """A process of the product, by default one that serves."""
        arguments = [*(command or ("run",)), "-c", str(self._config(slot))]
        process = self._fork.Process(target=live, args=(arguments, self.log, kill, self._mistake), daemon=True)
        process.start()
        return process

    async def ready(self, slot: int, process: multiprocessing.process.BaseProcess) -> bool:
        """Wait until it serves; False when it died before."""
        deadline = monotonic() + READY_SECONDS
        while process.exitcode is None:
            assert monotonic() < deadline, f"not ready within {READY_SECONDS} s\n{self.log_tail()}"
            try:
                async with self.http.get(f"http://127.0.0.1:{self.ports[slot]}/readyz") as response:
                    if response.status == 200:
                        return True
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(POLL)
        return False

    @staticmethod
    async def end_of(process: multiprocessing.process.BaseProcess, seconds: float) -> bool:
        """Wait for its end; whether it came in time."""
        deadline = monotonic() + seconds
        while process.exitcode is None and monotonic() < deadline:  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(POLL)
        return process.exitcode is not None

    def log_tail(self, letters: int = 3000) -> str:
        """The end of what the processes wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-letters:] if self.log.exists() else ""

    # --- people

    async def do(self, act: Act) -> None:
        """Let it happen, by the platform's rules of delivery."""
        await asyncio.sleep(act.pause)
        await self._door_open(act.person.door)
        if act.kind == "contact":
            self._expected[act.external_id] = act
            await self.wecom.add_contact(act.person.user_id, f"客户{act.number}", external_userid=act.external_id)
            return
        emulator: Any = self.wecom if act.person.platform == "wecom" else self.dingtalk
        if act.kind in BUTTONS:
            found = await self._button_of(act)
            if found is None:
                self.skipped.append(act)
                return
            delivery = await emulator.click(act.person.user_id, *found)
        else:
            self.said.append(act)
            through = {"door": act.person.door.partition("_")[2]} if act.person.platform == "wecom" else {}
            delivery = await emulator.say(act.person.user_id, act.text, **through)
        # The AI bot's socket acknowledges nothing.
        self.acknowledged[act] = delivery.accepted and act.person.door != "wecom_bot"

    async def _door_open(self, door: str) -> None:
        """People wait a little while nothing gets through; WeCom's callbacks repeat by themselves."""
        deadline = monotonic() + DOOR_SECONDS
        while not await self._is_open(door) and monotonic() < deadline:  # noqa: ASYNC110 - nor does a socket
            await asyncio.sleep(POLL)

    async def _is_open(self, door: str) -> bool:
        if door == "wecom_bot":
            return self.wecom.bot.held
        if door == "dingtalk":
            return self.dingtalk.connections > 0 if self.dingtalk.mode == "stream" else await self.gateway.is_open()
        return True

    async def _button_of(self, act: Act) -> tuple[str, str] | None:
        """Card and key of the button to tap, once it is there."""
        deadline = monotonic() + CARD_SECONDS
        while monotonic() < deadline:
            for shown in self.phone(act.person):
                for button in shown.buttons if act.mark in shown.text else ():
                    if button.text.startswith(BUTTONS[act.kind]):
                        return shown.id, button.key
            await asyncio.sleep(POLL)
        return None

    def phone(self, person: Person) -> list[Shown]:
        """What the bot shows this person."""
        emulator = self.wecom if person.platform == "wecom" else self.dingtalk
        return [shown for shown in emulator.screens.of(person.user_id) if shown.sender == "bot"]

    def _note_welcome_callbacks(self) -> None:
        """Whether the callback of a new contact was acknowledged: the emulator's own act does not say."""
        self._expected: dict[str, Act] = {}
        deliver = self.wecom.callbacks.deliver

        async def noted(event: dict[str, Any], **how: Any) -> Any:
            delivery = await deliver(event, **how)
            act = self._expected.get(str(event.get("ExternalUserID")))
            if act is not None:
                self.acknowledged[act] = delivery.accepted
            return delivery

        self.wecom.callbacks.deliver = noted  # type: ignore[method-assign]

    def welcomes(self) -> Mapping[str, int]:
        """How often each new contact was welcomed."""
        found: defaultdict[str, int] = defaultdict(int)
        for welcome in self.wecom.welcomes:
            found[welcome.external_userid] += 1
        return found


def _bring_up_to_date(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


def _toml(sections: Mapping[str, Any], prefix: str = "") -> str:
    lines, tables = [], []
    for key, value in sections.items():
        if isinstance(value, Mapping):
            tables.append(f"\n[{prefix}{key}]\n{_toml(value, f'{prefix}{key}.')}")
        else:
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines + tables) + "\n"
