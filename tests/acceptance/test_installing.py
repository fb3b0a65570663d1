"""An administrator's first hour: config errors, migrate, check, import, understand; PostgreSQL with two replicas; two companies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.product import Product, free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(tmp_path: Path) -> AsyncIterator[Product]:
    """A config file and an emulated WeCom; nothing has run yet."""
    product = Product("wecom_app", tmp_path)
    await product.open()
    yield product
    await product.close()


async def test_a_wrong_config_is_one_sentence_that_names_the_key(fresh: Product) -> None:
    right = fresh.config_path.read_text(encoding="utf-8")
    config = str(fresh.config_path)
    cases = [
        (right.replace("[server]", "[server]\ncolour = 1"), "server.colour"),
        (right.replace(f"port = {fresh.port}", 'port = "many"'), "server.port"),
        (right.replace('key = "acme"', 'key = "Acme!"'), "company.key"),
        (right.replace("${WECOM_SECRET}", "${NOBODY_SET_THIS}"), "wecom.secret"),
        (right.replace("${WECOM_SECRET}", "${file:/nowhere/secret}"), "wecom.secret"),
        (right.replace("[company]", "[company"), "TOML"),
    ]
    for number, (text, named) in enumerate(cases):
        fresh.config_path.write_text(text, encoding="utf-8")
        code, _, err = await fresh.command("tick" if number % 2 else "run", "-c", config)
        assert code != 0, named
        assert named in err
        assert "Traceback" not in err


async def test_a_secret_may_be_in_a_file(fresh: Product) -> None:
    secret = fresh.folder / "wecom_secret"
    secret.write_text(fresh.wecom.secret + "\n", encoding="utf-8")
    text = fresh.config_path.read_text(encoding="utf-8").replace("${WECOM_SECRET}", f"${{file:{secret}}}")
    fresh.config_path.write_text(text, encoding="utf-8")
    await fresh.run()
    assert (await fresh.say("lina", "帮助")).text


async def test_migrate_check_import_export_and_replay_work_from_the_shell(fresh: Product) -> None:
    config = str(fresh.config_path)
    assert (await fresh.command("migrate", "-c", config))[0] == 0
    assert (await fresh.command("migrate", "-c", config))[0] == 0
    file = fresh.folder / "客户.csv"
    file.write_text("客户名称,电话,负责人\n宏图精密,13800000000,李娜\n,,\n蓝海物流,,没有这个人\n", encoding="utf-8")
    await fresh.run()
    code, out, err = await fresh.command("import", "customers", str(file), "-c", config)
    assert code == 0, err
    rows = {row["name"]: row["owner"] for row in await fresh.export("customers")}
    assert rows["宏图精密"] == "lina", out
    assert "宏图精密" in (await fresh.say("lina", "查一下宏图精密")).text
    assert (await fresh.command("check", "-c", config))[0] == 0
    assert (await fresh.command("export", "customers", str(fresh.folder / "x.pdf"), "-c", config))[0] != 0
    assert (await fresh.command("export", "nothing", str(fresh.folder / "x.csv"), "-c", config))[0] != 0
    code, out, err = await fresh.command("replay", "-c", config, "--failed")
    assert code == 0, err
    assert json.loads(out)["failed"] == 0
    fresh.wecom.faults.errcode("gettoken", 40001, times=50)
    fresh.wecom.expire_tokens()
    code, out, _ = await fresh.command("check", "-c", config)
    assert code != 0
    assert "Secret" in out or "secret" in out


async def test_two_companies_in_one_process_know_nothing_of_each_other(fresh: Product) -> None:
    text = fresh.config_path.read_text(encoding="utf-8")
    other = fresh.folder / "other.toml"
    other.write_text(text.replace('key = "acme"', 'key = "beta"').replace("acme.db", "beta.db"), encoding="utf-8")
    fresh.more_configs.append(str(other))
    await fresh.run()
    await fresh.say("lina", "新建客户 宏图精密")
    fresh.wecom.callback_url = f"{fresh.base}/beta/wecom"
    mine = await fresh.say("lina", "我的客户")
    assert "还没有客户" in mine.text


@pytest.mark.postgres
async def test_postgresql_is_migrated_by_hand_and_shared_by_two_replicas(
    fresh: Product, postgres_schema: str, tmp_path: Path
) -> None:
    fresh.database_url = postgres_schema
    fresh.write_config()
    config = str(fresh.config_path)
    code, _, err = await fresh.command("run", "-c", config)
    assert code != 0
    assert "scrm-bot migrate" in err
    assert (await fresh.command("migrate", "-c", config))[0] == 0
    await fresh.run()
    first, port = fresh.process, fresh.port
    fresh.port = free_port()
    fresh.base = f"http://127.0.0.1:{fresh.port}"
    fresh.write_config()
    await fresh.run()
    second, fresh.process = fresh.process, first
    try:
        urls = [f"http://127.0.0.1:{number}/acme/wecom" for number in (port, fresh.port)]
        for number, words in enumerate(
            (
                "新建客户 宏图精密",
                "今天拜访了宏图精密，聊了报价",
                "宏图精密 新商机 宏图二期 80万",
                "推进到谈判",
                "撤销",
                "推进到方案报价",
            )
        ):
            fresh.wecom.callback_url = urls[number % 2]
            shown = await fresh.say("lina", words)
            assert "没听懂" not in shown.text
        assert len(fresh.bot_items("lina")) == 6
        await asyncio.gather(fresh.tick(), fresh.tick())
        rows = [(row["name"], row["stage"], row["amount"]) for row in await fresh.export("deals")]
        assert rows == [("宏图二期", "方案报价", 800000)]
        assert [row["kind"] for row in await fresh.export("activities")] == ["visit"]
    finally:
        assert second is not None
        second.kill()
        await second.wait()


async def test_understand_answers_line_by_line_in_order(fresh: Product) -> None:
    lines = [
        {"id": str(number), "text": text, "now": "2026-11-23T10:00:00+08:00"}
        for number, text in enumerate(("帮助", "明天下午3点跟进腾讯", "乱七八糟"))
    ]
    code, out, err = await fresh.command(
        "understand", stdin="\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    )
    assert code == 0, err
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["0", "1", "2"]
