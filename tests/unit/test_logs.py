"""Logs: one JSON line per event; secrets and phone numbers are cut before anything is written."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from bot.logs import redact

PROGRAM = """
import logging, structlog
from bot import logs
logs.configure()
log = structlog.get_logger("door")
log.info("event", speaker="wecom:lina", token="SECRET-1", text="客户手机 13812345678")
logging.getLogger("sqlalchemy").warning("connect postgresql://bot:SECRET-2@db/acme failed")
try:
    raise ValueError("GET /cgi-bin/gettoken?corpid=ww1&corpsecret=SECRET-3 failed")
except ValueError:
    log.exception("call_failed")
"""


def cut(**event: Any) -> Any:
    return redact(None, "info", event)


@pytest.mark.parametrize(
    "key",
    [
        "secret",
        "token",
        "access_token",
        "aes_key",
        "password",
        "Authorization",
        "msg_signature",
        "client_secret",
        "ticket",
    ],
)
def test_secrets_are_cut_by_their_key(key: str) -> None:
    assert cut(**{key: "abcdef"}) == {key: "***"}


@pytest.mark.parametrize(
    "text",
    [
        "https://qyapi.weixin.qq.com/cgi-bin/message/send?access_token=HIDDEN&debug=1",
        "gettoken?corpid=ww1&corpsecret=HIDDEN",
        "{'clientSecret': 'HIDDEN', 'a': 1}",
        '{"client_secret":"HIDDEN"}',
        "appsecret: HIDDEN",
        "wss://host/connect?ticket=HIDDEN",
        "https://oapi.dingtalk.com/robot/sendBySession?session=HIDDEN",
        "postgresql://bot:HIDDEN@db:5432/acme",
    ],
)
def test_secrets_are_cut_by_their_shape(text: str) -> None:
    assert "HIDDEN" not in cut(detail=text)["detail"]


def test_phone_numbers_lose_their_middle_and_other_numbers_do_not() -> None:
    assert cut(text="打 13812345678 找张总")["text"] == "打 138****5678 找张总"
    assert cut(text="单号 2026112300138123456789")["text"] == "单号 2026112300138123456789"
    assert cut(number=13, ok=True) == {"number": 13, "ok": True}


def test_every_line_is_json_on_standard_error_without_secrets() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == ""
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines][::2] == ["event", "call_failed"]
    assert lines[0]["text"] == "客户手机 138****5678"
    assert "ValueError" in lines[2]["exception"]
    assert "SECRET" not in done.stderr
