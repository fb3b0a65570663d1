"""`scrm-bot check` as an administrator runs it: against both platforms, before and after the usual mistakes."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bot import leases
from bot.check import report
from bot.config import Config, parse
from bot.schema import ensure_current
from emulator.dingtalk import DingTalkEmulator
from emulator.wecom import WeComEmulator
from scrm import calendar
from scrm.db import Database


@pytest.fixture(autouse=True)
def known_calendar(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The holidays of the coming years are known, whenever this runs."""
    monkeypatch.setattr(calendar, "known_until", lambda: date(9999, 12, 31))
    yield


@asynccontextmanager
async def platforms() -> AsyncIterator[tuple[WeComEmulator, DingTalkEmulator]]:
    wecom, dingtalk = WeComEmulator(), DingTalkEmulator()
    for emulator in (wecom, dingtalk):
        emulator.add_department(2, "销售部")
        emulator.add_member("lina", "李娜", departments=[2])
        await emulator.start()
    try:
        yield wecom, dingtalk
    finally:
        await wecom.stop()
        await dingtalk.stop()


def company(folder: Path, *, admins: list[str] | None = None, **sections: Any) -> Config:
    database = {"url": f"sqlite:///{folder / 'acme.db'}"}
    admins = ["wecom:lina", "dingtalk:lina"] if admins is None else admins
    return parse({"company": {"key": "acme", "name": "示例科技", "admins": admins}, "database": database, **sections})


async def checked(config: Config) -> tuple[int, dict[str, str], str]:
    """The exit code, per subject its line, and the conclusion."""
    out = StringIO()
    code = await report(config, out)
    *lines, conclusion = [line for line in out.getvalue().splitlines() if line]
    for line in lines:
        assert line[0] in "✓✗!", line
        assert line.endswith("。"), line
    return code, {line[2:].partition("：")[0]: line for line in lines}, conclusion


async def test_all_is_well_on_both_platforms(tmp_path: Path) -> None:
    async with platforms() as (wecom, dingtalk):
        config = company(tmp_path, wecom=wecom.config(bot=True), dingtalk=dingtalk.config())
        code, found, conclusion = await checked(config)
    assert code == 0, found
    assert {"配置", "数据库", "企业微信凭证", "智能机器人", "钉钉凭证", "Stream 连接", "卡片模板"} <= set(found)
    assert all(not line.startswith("✗") for line in found.values())
    assert conclusion.startswith("结论：可以收发消息。")
    assert not (tmp_path / "acme.db").exists(), "a check leaves nothing behind"


async def test_an_ai_bot_alone_can_flow(tmp_path: Path) -> None:
    async with platforms() as (wecom, _):
        code, found, _ = await checked(
            company(tmp_path, admins=["wecom:lina"], wecom=wecom.config(app=False, bot=True))
        )
    assert (code, set(found)) == (0, {"配置", "数据库", "智能机器人"})


async def test_a_bot_that_is_running_keeps_its_connection(tmp_path: Path) -> None:
    async with platforms() as (wecom, _):
        config = company(tmp_path, wecom=wecom.config(app=False, bot=True))
        database = Database(config.database_url)
        ensure_current(database)
        database.run(lambda session: leases.take(session, "socket:wecom_bot", "the running one", 60_000))
        database.close()
        _, found, _ = await checked(config)
        assert "正在运行" in found["智能机器人"]
        assert wecom.bot.subscribes == 0


async def test_one_wrong_secret_is_enough_to_fail(tmp_path: Path) -> None:
    async with platforms() as (wecom, dingtalk):
        config = company(
            tmp_path, wecom=wecom.config(), dingtalk={**dingtalk.config(), "client_secret": "wrong-secret"}
        )
        code, found, conclusion = await checked(config)
    assert code == 1
    assert found["钉钉凭证"].startswith("✗")
    assert "client_secret" in found["钉钉凭证"]
    assert "带 ✗ 的 1 项" in conclusion
    assert "wrong-secret" not in "".join(found.values())


async def test_an_address_that_is_not_trusted_by_wecom(tmp_path: Path) -> None:
    async with platforms() as (wecom, _):
        wecom.trusted_ips = {"10.0.0.1"}
        code, found, _ = await checked(company(tmp_path, wecom=wecom.config()))
    assert code == 1
    assert "企业可信IP" in found["企业微信应用"]


async def test_a_missing_permission_of_dingtalk(tmp_path: Path) -> None:
    async with platforms() as (_, dingtalk):
        dingtalk.scopes -= {"Card.Instance.Write"}
        code, found, _ = await checked(company(tmp_path, dingtalk=dingtalk.config()))
    assert code == 1
    assert "Card.Instance.Write" in found["卡片权限"]


# --- without a platform to ask


async def test_no_platform_at_all(tmp_path: Path) -> None:
    code, found, _ = await checked(company(tmp_path))
    assert code == 1
    assert "[wecom.bot]" in found["配置"]


@pytest.mark.parametrize(("admins", "words"), [([], "没有管理员"), (["dingtalk:manager01"], "没有配置钉钉")])
async def test_admins_who_cannot_speak_are_a_warning(tmp_path: Path, admins: list[str], words: str) -> None:
    _, found, _ = await checked(company(tmp_path, admins=admins, wecom=unreachable_bot()))
    assert found["管理员"].startswith("!")
    assert words in found["管理员"]


async def test_a_platform_out_of_reach(tmp_path: Path) -> None:
    dingtalk = {
        "client_id": "ding01",
        "client_secret": "s",
        "api_base": "http://127.0.0.1:9",
        "oapi_base": "http://127.0.0.1:9",
    }
    code, found, _ = await checked(company(tmp_path, wecom=unreachable_bot(), dingtalk=dingtalk))
    assert code == 1
    assert "连不上" in found["智能机器人"]
    assert "连不上" in found["钉钉凭证"]


async def test_holidays_that_are_not_known_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "known_until", lambda: date(2020, 12, 31))
    _, found, _ = await checked(company(tmp_path, wecom=unreachable_bot()))
    assert "chinesecalendar" in found["节假日"]


# --- databases


async def test_a_database_in_use_can_be_written(tmp_path: Path) -> None:
    config = company(tmp_path, wecom=unreachable_bot())
    database = Database(config.database_url)
    ensure_current(database)
    database.close()
    _, found, _ = await checked(config)
    assert found["数据库"] == "✓ 数据库：可以读写，结构是最新的。"


async def test_an_empty_file_is_brought_up_to_date_at_start(tmp_path: Path) -> None:
    (tmp_path / "acme.db").touch()
    _, found, _ = await checked(company(tmp_path, wecom=unreachable_bot()))
    assert "自动升级" in found["数据库"]


async def test_a_locked_database(tmp_path: Path) -> None:
    config = company(tmp_path, wecom=unreachable_bot())
    database = Database(config.database_url)
    ensure_current(database)
    database.close()
    holder = sqlite3.connect(tmp_path / "acme.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    code, found, _ = await checked(config)
    holder.execute("ROLLBACK")
    holder.close()
    assert code == 1
    assert "占用" in found["数据库"]


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "acme.db").write_bytes(b"not a database" * 500)
    _, found, _ = await checked(company(tmp_path, wecom=unreachable_bot()))
    assert found["数据库"].startswith("✗")


async def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    config = company(tmp_path / "file" / "below", wecom=unreachable_bot())
    _, found, _ = await checked(config)
    assert found["数据库"].startswith("✗")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://scrm:hunter2@127.0.0.1:1/acme", "127.0.0.1:1/acme"),
        ("postgresql://scrm@db:port/acme", "不是合法的地址"),
    ],
)
async def test_a_server_that_does_not_answer(tmp_path: Path, url: str, words: str) -> None:
    raw = {"company": {"key": "acme", "name": "示例科技"}, "database": {"url": url}, "wecom": unreachable_bot()}
    code, found, _ = await checked(parse(raw))
    assert code == 1
    assert words in found["数据库"]
    assert "hunter2" not in "".join(found.values())


@pytest.mark.postgres
async def test_an_old_schema_on_postgresql_names_the_command(postgres_url: str) -> None:
    raw = {
        "company": {"key": "acme", "name": "示例科技"},
        "database": {"url": postgres_url},
        "wecom": unreachable_bot(),
    }
    database = Database(postgres_url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    database.close()
    code, found, _ = await checked(parse(raw))
    assert code == 1
    assert "scrm-bot migrate" in found["数据库"]


def unreachable_bot() -> dict[str, Any]:
    return {"bot": {"bot_id": "aib01", "secret": "s", "url": "ws://127.0.0.1:9/"}}
