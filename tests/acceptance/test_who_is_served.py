"""Strangers, groups, what is no text, roles from the directory and from chat, and the promises about cards and undo."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from emulator.screen import Shown
from tests.acceptance.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_is_no_text_is_always_answered(product: Product) -> None:
    emulator, through = product.emulator, product.through()
    if product.platform == "wecom":
        acts: list[Any] = [
            lambda: emulator.speak("wanglei", "帮助", **through),
            lambda: emulator.send_picture("wanglei", **through),
        ]
        if product.door == "wecom_app":
            acts.append(lambda: emulator.send_location("wanglei", 31.23, 121.47, "上海市黄浦区人民大道200号"))
            acts.append(lambda: emulator.send_video("wanglei"))
    else:
        acts = [
            lambda: emulator.speak("wanglei", "帮助"),
            lambda: emulator.send_picture("wanglei"),
            lambda: emulator.send_other("wanglei"),
        ]
        acts.append(lambda: emulator.send_file("wanglei"))
    for act in acts:
        before = product.seen("wanglei")
        delivery = await act()
        assert delivery.status == 200
        shown = await product.new_item("wanglei", before)
        assert shown.text


async def test_a_stranger_is_refused_and_nothing_is_written(product: Product) -> None:
    words = "新建客户 陌生人的公司"
    if product.door == "wecom_bot":
        return  # without a directory every userid of the own corp is a rep
    if product.door == "wecom_app":
        answer = await product.say("nobody", words) if await _reaches(product) else None
    else:
        before = product.seen("路人")
        await product.dingtalk.say_as_stranger(words)
        answer = await product.new_item("路人", before)
    if answer is not None:
        assert "成员" in answer.text
    assert "陌生人" not in str(await product.export("customers"))
    assert "nobody" not in str(await product.export("audit"))


async def _reaches(product: Product) -> bool:
    """Whether WeCom delivers an app's message to somebody outside the directory: it refuses with 81013."""
    await product.wecom.say("nobody", "你好")
    await product.until(
        lambda: any(
            call["path"].endswith("message/send") and (call["body"] or {}).get("touser") == "nobody"
            for call in product.wecom.calls
        )
    )
    return False


async def test_in_a_group_the_bot_says_one_neutral_line(product: Product) -> None:
    if product.door == "wecom_app":
        return  # the app is in no groups
    group, how = "grp1", {"group": "grp1", **product.through()}
    if product.platform == "wecom":
        product.wecom.bot.add_group(group, ["lina", "wanglei"])
    else:
        product.dingtalk.add_group(group, "项目群", ["lina", "wanglei"])
    await product.emulator.say("lina", "新建客户 群里的客户", **how)
    card = await product.wait(
        "lina", lambda item: item.sender == "bot" and not item.conversation and "群里的客户" in item.text
    )
    assert card.title
    line = await product.wait("wanglei", lambda item: item.sender == "bot" and item.conversation == group)
    assert "群里的客户" not in line.text
    assert "私聊" in line.text
    assert len([item for item in product.bot_items("wanglei") if item.conversation == group]) == 1


async def test_a_manager_sees_the_team_a_rep_does_not_see_the_next_one(product: Product) -> None:
    await product.say("lina", "新建客户 宏图精密")
    assert product.name_of("lina") in (await product.say("chenjing", "查一下宏图精密")).text
    other = await product.say("sunhao", "查一下宏图精密")
    assert product.name_of("lina") not in other.text
    assert not any(button.text in ("写跟进", "新商机", "商机") for button in other.buttons)
    refused = await product.say("lina", "设置王磊为主管")
    assert "权限" in refused.text
    members = await product.say("zhoutao", "成员列表")
    for who, role in (("zhoutao", "管理员"), ("chenjing", "主管"), ("zhaomin", "市场"), ("lina", "销售")):
        assert f"{product.name_of(who)}（{role}）" in members.text


async def test_with_the_bot_alone_an_admin_gives_people_their_names(product: Product) -> None:
    if product.door != "wecom_bot":
        return
    await product.say("sunhao", "帮助")
    assert "孙浩" in (await product.say("zhoutao", "成员 sunhao 叫孙浩")).text
    assert "孙浩（销售）" in (await product.say("zhoutao", "成员列表")).text


async def test_a_stale_button_applies_nothing_and_shows_what_is_true(product: Product) -> None:
    await product.say("lina", "新建客户 蓝海物流")
    await product.say("lina", "蓝海物流 新商机 蓝海仓储 60万")
    card = await product.say("lina", "看一下商机 蓝海仓储")
    old = [button for button in card.buttons if button.text.startswith("推进到")]
    key, text = old[0].key, old[0].text
    assert "谈判" in (await product.say("lina", "蓝海仓储 推进到谈判")).text
    before = product.seen("lina")
    await product.emulator.click("lina", card.id, key, stale=True)
    shown = await product.wait(
        "lina",
        lambda item: (
            item.sender == "bot"
            and "蓝海仓储" in item.text
            and (item.id not in before or item.revision > before[item.id])
        ),
    )
    assert "谈判" in shown.text
    assert text not in [button.text for button in shown.buttons]
    deals = {row["name"]: row["stage"] for row in await product.export("deals")}
    assert deals["蓝海仓储"] == "谈判"


async def test_a_double_click_is_one_effect(product: Product) -> None:
    await product.say("lina", "新建客户 远山医药")
    await product.say("lina", "今天拜访了远山医药，聊了样品")
    visit = product.bot_items("lina")[-1]
    key = next(button.key for button in visit.buttons if button.text == "撤销")
    await product.emulator.click("lina", visit.id, key)
    before = product.seen("lina")
    await product.emulator.click("lina", visit.id, key, stale=True)
    await product.wait(
        "lina", lambda item: item.sender == "bot" and (item.id not in before or item.revision > before[item.id])
    )
    assert "远山医药" in str(await product.export("customers"))
    assert "样品" not in str(await product.export("activities"))


async def test_undo_is_refused_with_a_name_once_somebody_built_on_it(product: Product) -> None:
    await product.say("lina", "新建客户 青山软件")
    await product.say("lina", "青山软件 新商机 青山平台 90万")
    moved = await product.say("chenjing", "青山平台 推进到谈判")
    assert "谈判" in moved.text
    refused = await product.say("lina", "撤销")
    assert product.name_of("chenjing") in refused.text
    deals = {row["name"]: (row["stage"], row["status"]) for row in await product.export("deals")}
    assert deals["青山平台"] == ("谈判", "open")


async def test_undo_said_again_takes_back_the_one_before(product: Product) -> None:
    await product.say("wanglei", "新建客户 白云食品")
    await product.say("wanglei", "明天下午3点跟进白云食品")
    await product.say("wanglei", "今天拜访了白云食品，聊了新品")
    for gone, noun in (("新品", "activities"), ("白云食品", "followups"), ("白云食品", "customers")):
        assert "撤销" in (await product.say("wanglei", "撤销")).text
        rows = [row for row in await product.export(noun) if row["owner"] == "wanglei" and not row.get("undone_at")]
        assert gone not in str(rows)


async def test_an_unknown_customer_is_asked_about_with_a_button(product: Product) -> None:
    question = await product.say("wanglei", "今天拜访了黑石矿业，聊了设备")
    if not any("新建" in button.text for button in question.buttons):
        assert "黑石矿业" in question.text
        return
    made = await product.click("wanglei", question, next(b.text for b in question.buttons if "新建" in b.text))
    assert "拜访" in made.text
    assert [row["kind"] for row in await product.export("activities") if row["customer"] == "黑石矿业"] == ["visit"]


async def test_which_one_is_answered_by_words_or_by_a_tap(product: Product) -> None:
    for name in ("金桥电子科技", "金桥电子贸易"):
        await product.say("wanglei", f"新建客户 {name}")
    question = await product.say("wanglei", "今天拜访了金桥电子，聊了交期")
    options = [button.text for button in question.buttons] + [
        text for _, text in (question.choice.options if question.choice else [])
    ]
    assert {"金桥电子科技", "金桥电子贸易"} <= set(options), question.text
    answered = await product.say("wanglei", "第二个")
    assert "拜访" in answered.text
    rows = [
        row["customer"]
        for row in await product.export("activities")
        if "交期" in row["summary"] and row["owner"] == "wanglei"
    ]
    assert len(rows) == 1
    assert rows[0] in ("金桥电子科技", "金桥电子贸易")


async def test_every_button_fits_and_every_card_is_within_its_limits(product: Product) -> None:
    pressed: list[Shown] = [
        item for who in ("lina", "wanglei", "chenjing", "zhoutao") for item in product.bot_items(who)
    ]
    keys = [button.key for item in pressed for button in item.buttons if not button.url]
    assert keys
    assert max(len(key.encode()) for key in keys) <= 128
    assert max(len(item.buttons) for item in pressed) <= 6
    assert not list(product.wecom.ignored), list(product.wecom.ignored)


# --- both platforms


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """A company on both platforms: the WeCom app and DingTalk Stream."""
    running = Product("wecom_app", tmp_path_factory.mktemp("both"))
    for ident, name in (("dd-lina", "李娜"), ("dd-boss", "周涛")):
        running.dingtalk.add_member(ident, name)
    await running.dingtalk.start()
    await running.open()
    text = running.config_path.read_text(encoding="utf-8")
    running.config_path.write_text(text + running.toml({"dingtalk": running.dingtalk.config()}), encoding="utf-8")
    try:
        await running.run()
        await running.until(lambda: running.dingtalk.connections > 0, 20, "connected")
        yield running
    finally:
        await running.close()
        await running.dingtalk.stop()


async def test_one_person_on_two_platforms_is_linked_by_a_code(both: Product) -> None:
    await both.say("lina", "新建客户 宏图精密")
    code = re.search(r"\d{6}", (await both.say("lina", "绑定")).text)
    assert code is not None
    assert "还没有客户" in (await _on_dingtalk(both, "我的客户")).text
    wrong = "000000" if code.group() != "000000" else "111111"
    assert "绑定码" in (await _on_dingtalk(both, f"绑定 {wrong}")).text
    assert "李娜" in (await _on_dingtalk(both, f"绑定 {code.group()}")).text
    assert "宏图精密" in (await _on_dingtalk(both, "我的客户")).text
    assert [row["owner"] for row in await both.export("customers")] == ["lina"]


async def _on_dingtalk(both: Product, text: str) -> Shown:
    """What 李娜 is answered on DingTalk."""
    before = len(both.dingtalk.screen("dd-lina"))
    await both.dingtalk.say("dd-lina", text)
    shown: Shown = await both.dingtalk.wait_shown(
        "dd-lina", lambda item: item.sender == "bot", timeout=10, since=before
    )
    return shown
