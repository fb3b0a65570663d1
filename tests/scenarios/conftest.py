"""Fixtures of the scenario tests: a firm on each door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.firm import Firm, file_url

DOORS = ("wecom_app", "wecom_bot", "dingtalk_stream", "dingtalk_http")


@pytest.fixture(params=DOORS)
async def firm(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm on every door, on SQLite."""
    company = Firm(request.param, file_url(tmp_path))
    await company.start()
    yield company
    await company.stop()


@pytest.fixture
async def wecom_firm(tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm on the WeCom self-built app."""
    company = Firm("wecom_app", file_url(tmp_path))
    await company.start()
    yield company
    await company.stop()


@pytest.fixture
async def dingtalk_firm(tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm on DingTalk only."""
    company = Firm("dingtalk_stream", file_url(tmp_path))
    await company.start()
    yield company
    await company.stop()
