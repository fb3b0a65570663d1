"""「你怎么理解的」: a rep sees which words were read as what."""

from __future__ import annotations

from tests.scenarios.firm import Firm


async def test_a_rep_asks_what_was_read_as_what(firm: Firm) -> None:
    nothing = await firm.say("lina", "你怎么理解的")
    assert "还没有可以解释的话" in nothing.text
    await firm.say("lina", "新建客户 宏图精密")
    await firm.say("lina", "昨天拜访了宏图，预算五十来万，下周三再联系")
    shown = (await firm.say("lina", "刚才那句怎么理解的")).text
    assert "这句话是这样读的" in shown
    for line in (
        "「宏图」→ 宏图精密",
        "「五十来万」→ 50万",
        "「昨天」→ 2026-03-03",
        "「下周三」→ 2026-03-11",
        "记录跟进",
    ):
        assert line in shown


async def test_nobody_sees_what_a_colleague_said(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    assert "宏图" not in (await firm.say("wanglei", "你怎么理解的")).text
