"""Structured logs: one line per event, secrets and phone numbers cut before anything is written."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_KEYS = re.compile(r"secret|token|aes_key|password|authorization|msg_signature|ticket", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?i)((?:access_token|corpsecret|appsecret|client_?secret|ticket|session)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]+"
)
_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_PASSWORD = re.compile(r"(://[^:/\s]+:)[^@/\s]+@")


def configure(*, json_lines: bool = True, level: int = logging.INFO) -> None:
    """Send structlog and the standard library's logs to stderr in one shape."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json_lines
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cut secrets by key and by shape, and the middle of phone numbers."""
    for key, value in event.items():
        if _SECRET_KEYS.search(key) and isinstance(value, str):
            event[key] = "***"
        elif isinstance(value, str):
            event[key] = _PHONE.sub(r"\1****\2", _PASSWORD.sub(r"\1***@", _SECRET_TEXT.sub(r"\1***", value)))
    return event
