"""Tags by a sentence."""

from __future__ import annotations

from scrm.models import ContactTag
from tests.scenarios.firm import Firm


async def test_two_people_are_tagged_by_one_sentence_and_untagged_by_one_tap(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "新建联系人 宏图精密 采购 陈立 13800001111")
    await firm.say("lina", "新建联系人 宏图精密 财务 周红 13800001112")
    card = await firm.say("lina", "给陈立和周红都打上 重点")
    assert "陈立" in card.text
    assert "周红" in card.text
    assert await firm.count(ContactTag) == 2
    await firm.click("lina", card, "撤销")
    assert await firm.count(ContactTag) == 0
