"""把李娜的客户转给王磊, on each platform: a card before it starts, the new owner's brief, the platform's progress in place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scrm.models import Customer, Member, Transfer
from tests.scenarios.firm import Firm, file_url


@pytest.fixture(params=("wecom_app", "dingtalk_stream"))
async def firm(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm on one door of each platform."""
    company = Firm(request.param, file_url(tmp_path))
    await company.start()
    yield company
    await company.stop()


async def test_a_manager_hands_over_in_one_sentence_and_takes_it_back(firm: Firm) -> None:
    wecom = firm.platform == "wecom"
    for name in ("宏图精密", "远洋物流"):
        await firm.say("lina", f"新建客户 {name}")
    await firm.say("lina", "宏图精密 新商机 宏图MES 80万")
    await firm.say("lina", "明天下午3点跟进宏图精密")
    if wecom:
        for name in ("林先生", "何女士"):
            await firm.emulator.add_contact("lina", name)
            await firm.look_for("lina", name)
    refused = await firm.say("lina", "把王磊的客户转给我")
    assert "移交客户" in refused.text and "权限" in refused.text
    plan = await firm.say("chenjing", "把李娜的客户转给王磊")
    assert "2 家" in plan.text
    assert ("平台收不回来" if wecom else "没有接企业微信自建应用") in plan.text
    done = await firm.click("chenjing", plan, "确认移交")
    assert "已移交" in done.text
    assert done.id == plan.id, "the same card, changed in place"
    brief = await firm.look_for("wanglei", "李娜的客户移交给您了")
    assert "宏图精密" in brief.text and "明天 15:00 跟进" in brief.text
    lei = await firm.data(lambda session: session.query(Member).filter_by(name="王磊").one().id)
    assert await firm.count(Customer, Customer.owner_id == lei) == 2
    if wecom:
        await firm.eventually(lambda: len(firm.emulator.transfers) == 2)
        await firm.emulator.settle_transfer(firm.emulator.transfers[0].external_userid, refused=True)
        await firm.later(hours=23)
        await firm.eventually_count(Transfer, 1, Transfer.status == "refused")
        await firm.look_for("chenjing", "0/2 位")
    undone = await firm.say("chenjing", "撤销")
    assert "已撤销" in undone.text
    assert ("平台不能收回" in undone.text) == wecom
    assert await firm.count(Customer, Customer.owner_id == lei) == 0
    assert "移交已撤销" in (await firm.look_for("wanglei", "移交已撤销")).text
    if wecom:
        await firm.later(hours=2)
        await firm.eventually_count(Transfer, 1, Transfer.status == "done")
