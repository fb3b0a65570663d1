"""The log says that something is wrong when it begins and when it is over."""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot import metrics, troubles
from bot.troubles import Troubles


def gauge(what: str) -> float | None:
    return metrics.REGISTRY.get_sample_value("scrm_trouble", {"what": what})


def lines(logs: list[MutableMapping[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["event"], entry.get("code", "")) for entry in logs]


def test_a_thousand_failures_are_one_line_and_the_end_another() -> None:
    wrong = Troubles("acme")
    with capture_logs() as logs:
        for _ in range(1000):
            wrong.struck("wecom_app", "45009")
        assert (wrong.now, gauge("wecom_app")) == (["wecom_app"], 1)
        wrong.over("wecom_app")
        wrong.over("wecom_app")
    assert lines(logs) == [("trouble", "45009"), ("trouble_over", "")]
    assert logs[1]["times"] == 1000
    assert (wrong.now, gauge("wecom_app")) == ([], 0)


def test_another_reason_is_said_too() -> None:
    wrong = Troubles()
    with capture_logs() as logs:
        for code in ("timeout", "-1", "timeout", "-1"):
            wrong.struck("dingtalk", code)
    assert lines(logs) == [("trouble", "timeout"), ("trouble", "-1")]


def test_what_comes_and_goes_does_not_fill_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    wrong = Troubles()
    with capture_logs() as logs:
        for _ in range(5):
            wrong.struck("wecom_bot", "timeout")
            assert gauge("wecom_bot") == 1
            wrong.over("wecom_bot")
            now += 1
        assert len(logs) == 2
        now += troubles.SAME_SECONDS + 1
        wrong.struck("wecom_bot", "timeout")
    assert lines(logs) == [("trouble", "timeout"), ("trouble_over", ""), ("trouble", "timeout")]


def test_what_is_never_tried_again_is_not_in_trouble_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    wrong = Troubles()
    wrong.struck("welcome", "timeout")
    now += troubles.LASTS_SECONDS + 1
    assert wrong.now == []
    assert gauge("welcome") == 0
