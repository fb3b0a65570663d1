"""`scrm-bot check`: what is right and what is wrong, each one sentence in Chinese with the next step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.config import Config
from bot.doors import names_of
from bot.outbox import now_ms
from bot.platforms.base import Finding
from bot.platforms.dingtalk import check as dingtalk
from bot.platforms.http import Http, open_session
from bot.platforms.wecom import check as wecom
from bot.schema import is_current
from bot.tables import JobRun, Lease
from scrm import calendar
from scrm.db import Database
from scrm.upsert import insert_once

PLATFORM_SECONDS = 60.0  # for everything that is asked of one platform
BUSY_MS = 1500
HOLIDAYS_AHEAD = timedelta(days=60)
_BOT_LEASE = "socket:wecom_bot"
_NAMES = {"wecom": "企业微信", "dingtalk": "钉钉"}


async def report(config: Config, out: TextIO) -> int:
    """Print every finding to `out`; 0 when messages can flow through every door configured, else 1."""
    found = [*_settings(config), *_calendar(config)]
    stored, bot_in_use = await asyncio.to_thread(_database, config)
    found += [*stored, *await _platforms(config, bot_in_use=bot_in_use)]
    for finding in found:
        out.write(f"{_mark(finding)} {finding.subject}：{finding.sentence}\n")
    wrong = sum(not finding.ok and finding.fatal for finding in found)
    warned = sum(not finding.ok and not finding.fatal for finding in found)
    out.write(f"\n{_conclusion(wrong, warned)}\n")
    return 1 if wrong else 0


def _mark(finding: Finding) -> str:
    if finding.ok:
        return "✓"
    return "✗" if finding.fatal else "!"


def _conclusion(wrong: int, warned: int) -> str:
    later = f"另有 {warned} 处提醒（!），不影响收发。" if warned else ""
    if wrong:
        return f"结论：还不能收发消息，请先处理带 ✗ 的 {wrong} 项，改好后再运行一次 scrm-bot check。{later}"
    return f"结论：可以收发消息。{later}"


def _settings(config: Config) -> list[Finding]:
    doors = names_of(config)
    if not doors:
        sentence = "没有配置任何平台，请至少填写 [wecom]、[wecom.bot] 或 [dingtalk] 之一。"
        return [Finding(False, "配置", sentence)]
    found = [Finding(True, "配置", f"{config.company.name}（{config.company.key}），格式正确。")]
    if not config.company.admins:
        sentence = '没有管理员，没人能在聊天里设置角色：请填写 company.admins，例如 ["wecom:zhangsan"]。'
        found.append(Finding(False, "管理员", sentence, fatal=False))
    open_platforms = {door.split("_")[0] for door in doors}
    for admin in config.company.admins:
        platform, _, user_id = admin.partition(":")
        if platform not in open_platforms:
            sentence = f"「{user_id}」在{_NAMES[platform]}上，但没有配置{_NAMES[platform]}：请改 company.admins，或补上 [{platform}]。"
            found.append(Finding(False, "管理员", sentence, fatal=False))
    return found


def _calendar(config: Config) -> list[Finding]:
    known = calendar.known_until()
    if datetime.now(config.zone).date() + HOLIDAYS_AHEAD <= known:
        return []
    sentence = f"放假安排只知道到 {known}，之后按周一到周五上班、法定节日休息计算，不含调休：新一年的安排公布后请运行 pip install -U chinesecalendar。"
    return [Finding(False, "节假日", sentence, fatal=False)]


# --- the database


def _database(config: Config) -> tuple[list[Finding], bool]:
    """What is to be said of the database, and whether a running process holds the AI bot's connection."""
    try:
        url = sa.make_url(config.database_url)
    except (SQLAlchemyError, ValueError):
        sentence = "database.url 不是合法的地址：SQLite 写 sqlite:///data/acme.db，PostgreSQL 写 postgresql://用户:密码@主机/库名。"
        return [Finding(False, "数据库", sentence)], False
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        return [_new_file(Path(url.database))], False
    database = Database(config.database_url, pool_size=1, busy_timeout_ms=BUSY_MS)
    try:
        return _stored(database)
    except (SQLAlchemyError, OSError) as error:
        return [Finding(False, "数据库", _unusable(database, error))], False
    finally:
        database.close()


def _new_file(path: Path) -> Finding:
    """SQLite makes the file at start: there must be a place for it."""
    folder = next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))
    if folder.is_dir() and _may_write(folder):
        return Finding(True, "数据库", f"还没有数据文件，启动时会自动创建 {path}。")
    return Finding(
        False, "数据库", f"不能在 {folder} 里创建数据文件，请把目录授权给运行机器人的用户，或修改 database.url。"
    )


def _may_write(folder: Path) -> bool:
    probe = folder / f".scrm-bot-check-{now_ms()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def _stored(database: Database) -> tuple[list[Finding], bool]:
    with database.engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
    if not is_current(database):
        return [_old_schema(database)], False
    with database.write() as session:
        _try_writing(session)
        held = session.scalar(sa.select(Lease.until_ms).where(Lease.name == _BOT_LEASE)) or 0
    return [Finding(True, "数据库", "可以读写，结构是最新的。")], held > now_ms()


def _old_schema(database: Database) -> Finding:
    if database.is_sqlite:
        return Finding(True, "数据库", "结构不是最新的，启动时会自动升级；建议先备份。")
    return Finding(False, "数据库", "结构不是最新的，请先运行：scrm-bot migrate -c 配置文件。")


def _try_writing(session: Session) -> None:
    values = {"job": "check", "scheduled_for": "-", "at_ms": now_ms()}
    insert_once(session, JobRun, values, ["job", "scheduled_for"])
    session.execute(sa.update(JobRun).where(JobRun.job == "check").values(at_ms=now_ms()))


def _unusable(database: Database, error: Exception) -> str:
    # The driver's own words name host and reason; the password is in none of them.
    why = str(getattr(error, "orig", None) or error).strip().splitlines()[0][:200]
    if not database.is_sqlite:
        where = f"{database.url.host}:{database.url.port or 5432}/{database.url.database}"
        return f"连不上或不能写 PostgreSQL {where}（{why}）：请检查地址、账号密码、防火墙和库的权限。"
    if "locked" in why:
        return f"数据文件 {database.url.database} 被别的程序长时间占用：请关闭正在操作它的工具后再试。"
    return f"数据文件 {database.url.database} 不能读写（{why}）：请检查文件和目录的权限、磁盘空间，或从备份恢复。"


# --- the platforms


async def _platforms(config: Config, *, bot_in_use: bool) -> list[Finding]:
    """What the platforms say, each asked at the same time as the other."""
    base = f"{config.server.public_url.rstrip('/')}/{config.company.key}" if config.server.public_url else ""
    session = open_session()
    asked: list[Awaitable[list[Finding]]] = []
    try:
        http = Http(session)
        if config.wecom is not None:
            url = f"{base}/wecom" if base else ""
            asked.append(_in_time("企业微信", wecom.findings(config.wecom, http, url, bot_in_use=bot_in_use)))
        if config.dingtalk is not None:
            url = f"{base}/dingtalk" if base else ""
            asked.append(_in_time("钉钉", dingtalk.findings(config.dingtalk, http, url)))
        return [finding for found in await asyncio.gather(*asked) for finding in found]
    finally:
        await session.close()


async def _in_time(platform: str, findings: Awaitable[Sequence[Finding]]) -> list[Finding]:
    try:
        return list(await asyncio.wait_for(findings, PLATFORM_SECONDS))
    except TimeoutError:
        return [Finding(False, platform, "检查超时：请确认这台机器的网络稳定，稍后再试。")]
