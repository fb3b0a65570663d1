"""A talkative hour with trouble in it, at the most talkative level: no secret and no whole phone number is in any log line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PHONE = "13812345678"
# In a process of its own: logs are set up once per process, as `run` does it.
PROGRAM = """
import asyncio, json, logging, sys
from pathlib import Path
import aiohttp, msgspec, structlog
from bot import logs, settle
from bot.tables import Token
from tests.scenarios.firm import Firm, file_url
import sqlalchemy as sa

async def hour(door, folder):
    firm = Firm(door, file_url(Path(folder)))
    settle.BACKOFF_MS = (30, 60, 120)
    await firm.start()
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "宏图精密的联系人张伟，电话是PHONE")
    await firm.say("lina", "查一下宏图精密 PHONE")
    if firm.platform == "wecom":
        firm.wecom.expire_tokens()
        firm.wecom.faults.errcode("message/send", -1, times=2)
    await firm.say("lina", "我的客户")
    async with aiohttp.ClientSession() as session:
        for path in ("wecom", "wecom/contacts", "dingtalk/robot", "dingtalk/cards", "dingtalk/events"):
            query = "?msg_signature=0&timestamp=1&nonce=2"
            async with session.post(f"{firm.base}/acme/{path}{query}", data=b"{}") as answer:
                await answer.read()
    tokens = await firm.data(lambda s: list(s.scalars(sa.select(Token.value))))
    config = msgspec.to_builtins(firm.config())
    await firm.stop()
    structlog.get_logger("test").info("planted", detail=config[firm.platform]["SECRET"])
    print(json.dumps({"config": config, "tokens": [token for token in tokens if token]}))

logs.configure(level=logging.DEBUG)
asyncio.run(hour(sys.argv[1], sys.argv[2]))
"""
SECRET_NAMES = {"secret", "client_secret", "card_secret", "token", "aes_key", "key"}


def said(door: str, folder: Path) -> tuple[list[str], set[str]]:
    """The log lines of the hour, and every secret there was."""
    program = PROGRAM.replace("PHONE", PHONE).replace(
        "SECRET", "secret" if door.startswith("wecom") else "client_secret"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, door, str(folder)],
        capture_output=True, text=True, timeout=120, check=True, cwd=ROOT,
    )  # fmt: skip
    facts = json.loads(done.stdout.splitlines()[-1])
    return done.stderr.splitlines(), {*_secrets(facts["config"]), *facts["tokens"]}


def _secrets(config: dict[str, Any], section: str = "") -> set[str]:
    found: set[str] = set()
    for name, value in config.items():
        if isinstance(value, dict):
            found |= _secrets(value, name)
        elif name in SECRET_NAMES and section != "company" and value:
            found.add(value)
    return found


@pytest.mark.parametrize("door", ["wecom_app", "dingtalk_stream"])
def test_no_secret_and_no_phone_number_is_logged(door: str, tmp_path: Path) -> None:
    lines, secrets = said(door, tmp_path)
    planted = [line for line in lines if '"event": "planted"' in line]
    lines = [line for line in lines if line not in planted]
    assert len(secrets) >= 2
    assert sum('"event": "event"' in line for line in lines) >= 4  # the hour did take place
    assert not [line for line in lines for secret in secrets if secret in line]
    assert not [line for line in lines if PHONE in line]
    # A secret of ours without a name to it is not cut by any rule: what keeps it out is that nobody logs it, and this looks.
    assert [line for line in planted for secret in secrets if secret in line]
