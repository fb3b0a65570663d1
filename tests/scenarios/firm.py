"""A whole company on real sockets: one emulated platform, the bot, a business clock that tests move; the fixed cast on the phones.

李娜 and 王磊 are reps led by 陈静, 孙浩 is a rep of another department, 赵敏 does marketing, 周涛 is the admin of the config.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from aiohttp import web
from sqlalchemy.orm import Session

from bot.app import CompanyApp, web_app
from bot.config import Config, parse
from bot.outbox import now_ms
from bot.tables import NEW, PENDING, Inbox, Outbox
from emulator.dingtalk import DingTalkEmulator
from emulator.screen import Shown
from emulator.wecom import WeComEmulator
from scrm import members
from scrm.db import Database
from tests.templates import migrate_new

ZONE = ZoneInfo("Asia/Shanghai")
WEDNESDAY = datetime(2026, 3, 4, 10, 0, tzinfo=ZONE)  # a working day, in the morning
SECONDS = 20.0

CAST = {
    "lina": "李娜",
    "wanglei": "王磊",
    "chenjing": "陈静",
    "sunhao": "孙浩",
    "zhaomin": "赵敏",
    "zhoutao": "周涛",
}
DEPARTMENTS = {"lina": 2, "wanglei": 2, "chenjing": 2, "sunhao": 3, "zhaomin": 4, "zhoutao": 1}


class MovableClock:
    """Business time: it runs, from a moment the test chooses."""

    def __init__(self, start: datetime) -> None:
        self._offset = start - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def set(self, moment: datetime) -> None:
        self._offset = moment - datetime.now(UTC)


class Bot:
    """One process of the bot: the company's app, and its HTTP side on a free port."""

    def __init__(self, config: Config, clock: Callable[[], datetime]) -> None:
        self.company = CompanyApp(config, clock)
        self.base = ""

    async def start(self) -> None:
        """Everything up."""
        self._runner = web.AppRunner(web_app([self.company]), access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        await self.company.start()

    async def stop(self) -> None:
        """Down, in the order of `serve`."""
        await self._runner.cleanup()
        await self.company.stop()


class Firm:
    """The company under test, seen from its phones. `door` is wecom_app, wecom_bot, dingtalk_stream or dingtalk_http."""

    def __init__(self, door: str, database_url: str, *, start: datetime = WEDNESDAY, **config: Any) -> None:
        self.door = door
        self.platform = door.split("_")[0]
        self.clock = MovableClock(start)
        self.wecom = WeComEmulator(self.clock)
        self.dingtalk = DingTalkEmulator(self.clock, mode="http" if door == "dingtalk_http" else "stream")
        self.emulator: Any = self.wecom if self.platform == "wecom" else self.dingtalk
        self._database_url, self._extra = database_url, config
        self._seen: dict[str, dict[str, int]] = {}
        self._bots: list[Bot] = []

    # --- start and stop

    async def start(self) -> None:
        """Emulators, bot, and the cast in the directories."""
        for platform in (self.wecom, self.dingtalk):
            for ident, name in ((2, "华东销售部"), (3, "华南销售部"), (4, "市场部")):
                platform.add_department(ident, name)
            for user_id, name in CAST.items():
                leads = [2] if user_id == "chenjing" else []
                platform.add_member(user_id, name, departments=[DEPARTMENTS[user_id]], leader_of=leads)
        await self.wecom.start()
        await self.dingtalk.start()
        await asyncio.to_thread(self._migrate)
        await self.start_bot()

    async def start_bot(self) -> Bot:
        """A process of the bot, on the same database as those before it; the platforms call this one from now on."""
        bot = Bot(self.config(), self.clock)
        await bot.start()
        self._bots.append(bot)
        self.call(bot)
        if self.door in ("wecom_bot", "dingtalk_stream"):
            await self.eventually(lambda: bot.company.door_states().get(self.door, False))
        return bot

    def call(self, bot: Bot) -> None:
        """From now on the platforms' callbacks go to this process."""
        self.wecom.callback_url = f"{bot.base}/acme/wecom"
        self.wecom.contacts_callback_url = f"{bot.base}/acme/wecom/contacts"
        self.dingtalk.robot_url = f"{bot.base}/acme/dingtalk/robot"
        self.dingtalk.events_url = f"{bot.base}/acme/dingtalk/events"
        self.dingtalk.cards_url = f"{bot.base}/acme/dingtalk/cards"

    async def stop_bot(self) -> None:
        """The process started last goes down in order."""
        await self._bots.pop().stop()

    @property
    def bots(self) -> Sequence[Bot]:
        """The processes that run now."""
        return self._bots

    @property
    def company(self) -> CompanyApp:
        """The app of the process started last."""
        return self._bots[-1].company

    @property
    def base(self) -> str:
        """Its address."""
        return self._bots[-1].base

    async def stop(self) -> None:
        """Everything down."""
        while self._bots:
            await self.stop_bot()
        await self.wecom.stop()
        await self.dingtalk.stop()

    def config(self) -> Config:
        """What an administrator would write for this door."""
        raw: dict[str, Any] = {
            "company": {"key": "acme", "name": "示例科技", "admins": [f"{self.platform}:zhoutao"]},
            "database": {"url": self._database_url},
            **self._extra,
        }
        if self.platform == "wecom":
            raw["wecom"] = self.wecom.config(app=True, contacts=True, bot=self.door == "wecom_bot")
        else:
            raw["dingtalk"] = self.dingtalk.config()
            raw["server"] = {"public_url": "http://127.0.0.1:1"}
        return parse(raw)

    def _migrate(self) -> None:
        database = Database(self._database_url)
        migrate_new(database)
        database.run(self._cast)
        database.close()

    def _cast(self, session: Session) -> None:
        """The directory gives names and leaders; what an admin says in chat (roles) is said here once."""
        for user_id, name in CAST.items():
            members.ensure(session, self.platform, user_id, name, now=self.clock())
        ids = {user_id: members.member_id_of(session, self.platform, user_id) for user_id in CAST}
        for user_id in ("lina", "wanglei"):
            members.set_manager(session, ids[user_id], ids["chenjing"])
        members.set_role(session, ids["chenjing"], "manager")
        members.set_role(session, ids["zhaomin"], "marketer")

    # --- phones

    async def say(self, who: str, text: str, **how: Any) -> Shown:
        """Say it and wait for the one visible answer."""
        self._mark(who)
        await self.emulator.say(who, text, **self._through(), **how)
        return await self.new_item(who)

    async def speak(self, who: str, text: str) -> Shown:
        """Say it by voice."""
        self._mark(who)
        await self.emulator.speak(who, text, **self._through())
        return await self.new_item(who)

    async def click(self, who: str, shown: Shown, text: str) -> Shown:
        """Tap the button that reads so and wait for what it leads to: the card changed in place, or a new one."""
        keys = [button.key for button in shown.buttons if button.text == text]
        assert keys, f"no button {text!r} on:\n{shown.text}"
        self._mark(who)
        await self.emulator.click(who, shown.id, keys[0])
        seen = self._seen[who]

        def led_to(item: Shown) -> bool:
            return item.sender == "bot" and (
                item.id not in seen or (item.id == shown.id and item.revision > seen[item.id])
            )

        return await self.emulator.wait_shown(who, led_to, timeout=SECONDS)

    async def new_item(self, who: str) -> Shown:
        """The next new thing the bot shows (cards changed in place are not new)."""
        seen = self._seen[who]
        return await self.emulator.wait_shown(
            who, lambda item: item.sender == "bot" and item.id not in seen, timeout=SECONDS
        )

    def bot_items(self, who: str) -> list[Shown]:
        """Everything the bot has shown this person."""
        return [shown for shown in self.emulator.screen(who) if shown.sender == "bot"]

    async def look_for(self, who: str, text: str) -> Shown:
        """Wait until something of the bot with this text is on the phone."""
        return await self.emulator.wait_shown(
            who, lambda shown: shown.sender == "bot" and text in shown.text, timeout=SECONDS
        )

    def _mark(self, who: str) -> None:
        self._seen[who] = {shown.id: shown.revision for shown in self.emulator.screen(who)}

    def _through(self) -> dict[str, Any]:
        if self.platform != "wecom":
            return {}
        return {"door": "bot" if self.door == "wecom_bot" else "app"}

    # --- time and data

    async def at(self, moment: datetime) -> list[tuple[str, int]]:
        """Move business time there and let everything due happen."""
        self.clock.set(moment)
        return await self.company.beat()

    async def later(self, **delta: float) -> list[tuple[str, int]]:
        """Move business time ahead."""
        return await self.at(self.clock() + timedelta(**delta))

    async def data(self, query: Callable[[Session], Any]) -> Any:
        """Read the database."""
        return await self.company.store.run(query)

    async def count(self, table: Any, *where: Any) -> int:
        """How many rows of a table."""
        return int(
            await self.data(lambda session: session.scalar(sa.select(sa.func.count()).select_from(table).where(*where)))
            or 0
        )

    async def eventually_count(self, table: Any, number: int, *where: Any, seconds: float = SECONDS) -> None:
        """Wait until the table has so many rows."""
        async with asyncio.timeout(seconds):
            while await self.count(table, *where) != number:  # noqa: ASYNC110 - as below
                await asyncio.sleep(0.02)

    async def quiet(self) -> None:
        """Wait until everything that came is handled, and everything owed is sent or given up."""
        await self.eventually_count(Inbox, 0, Inbox.state == NEW)
        await self.eventually_count(Outbox, 0, Outbox.state.in_(PENDING), Outbox.not_before_ms < now_ms() + 5_000)

    async def eventually(self, condition: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Wait for a condition with a deadline."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - what another program does sets no event of ours
                await asyncio.sleep(0.02)


def file_url(folder: Path) -> str:
    """A database file of its own."""
    return f"sqlite:///{folder / 'acme.db'}"
