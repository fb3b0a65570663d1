"""The course of deals from the first word to the last, on each platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scrm.models import Stage
from tests.scenarios.firm import Firm, file_url


@pytest.fixture(params=("wecom_app", "dingtalk_stream"))
async def firm(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm on one door of each platform."""
    company = Firm(request.param, file_url(tmp_path))
    await company.start()
    yield company
    await company.stop()


async def test_an_admin_defines_a_pipeline_and_a_deal_goes_through_it(firm: Firm) -> None:
    made = await firm.say("zhoutao", "设置流程 外企：初次洽谈 10% 14天、总部审批 50% 30天、签约 90%")
    assert "总部审批" in made.text
    refused = await firm.say("lina", "设置流程 外企：初次洽谈、签约")
    assert "权限" in refused.text
    await firm.say("lina", "新建客户 宏图精密")
    tier = await firm.say("lina", "宏图精密是外企")
    assert "外企" in tier.text
    card = await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    moved = await firm.click("lina", card, "推进到总部审批")
    assert "总部审批（2/3）" in moved.text
    await firm.say("lina", "宏图MES推进到初次洽谈")
    again = await firm.say("lina", "推进到总部审批")
    assert "总部审批（2/3）" in again.text
    assert await firm.count(Stage, Stage.name == "总部审批") == 1
