"""What was just recorded is put right in a few words, and a new firm is never taken for the last one."""

from __future__ import annotations

from scrm.models import Activity
from tests.scenarios.firm import Firm


async def test_to_amend_alone_shows_what_was_recorded_and_how_to_put_it_right(dingtalk_firm: Firm) -> None:
    firm = dingtalk_firm
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "今天拜访了宏图精密，聊了报价，预算50万")
    card = await firm.say("lina", "修改")
    assert "最近一条记录" in card.text
    assert "聊了报价" in card.text
    assert "金额改成60万" in card.text
    assert any(one.text == "撤销" for one in card.buttons)
    assert "60万" in (await firm.say("lina", "刚才那个金额改成60万")).text
    assert await firm.count(Activity) == 1


async def test_a_firm_that_is_new_is_not_the_one_spoken_of_last(dingtalk_firm: Firm) -> None:
    firm = dingtalk_firm
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "查一下宏图精密")
    named = await firm.say("lina", "今天拜访了一家叫云顶的公司，聊了报价")
    assert "云顶" in named.text
    assert any("新建" in one.text for one in named.buttons)
    unnamed = await firm.say("lina", "今天拜访了一个新客户，聊了报价")
    assert "哪" in unnamed.text
    assert await firm.count(Activity) == 0
