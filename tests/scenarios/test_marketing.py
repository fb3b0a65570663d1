"""Marketing's thin line on the WeCom app: a scan, a welcome in time, a code, a mass send that leaves only after 提交."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.handlers import channels
from scrm.models import Campaign, Channel, Contact, Touch
from tests.scenarios.firm import Firm


async def test_a_new_contact_is_welcomed_through_its_channel(wecom_firm: Firm) -> None:
    firm = wecom_firm
    await firm.say("zhaomin", "新建渠道活码 工博会，负责人李娜，欢迎语：您好，我是{member}，欢迎到工博会展台")
    await firm.look_for("zhaomin", "工博会")
    picture, card = firm.bot_items("zhaomin")
    assert picture.image.startswith(b"\x89PNG")
    assert "工博会" in card.text
    channel = await firm.data(lambda session: session.query(Channel).one())
    assert channel.status == "live"
    external = await firm.emulator.add_contact("lina", "林先生", state=channel.state)
    told = await firm.look_for("lina", "林先生")
    assert "工博会" in told.text
    assert [welcome.text for welcome in firm.emulator.welcomes] == ["您好，我是李娜，欢迎到工博会展台"]
    contact = await firm.data(lambda session: session.query(Contact).filter_by(external_user_id=external).one())
    assert contact.customer_id is None
    await firm.emulator.contact_leaves("lina", external)
    assert "林先生" in (await firm.look_for("lina", "流失")).text


async def test_an_unknown_channel_still_gets_the_default_welcome(wecom_firm: Firm) -> None:
    await wecom_firm.emulator.add_contact("lina", "林先生", state="nobody-knows")
    await wecom_firm.look_for("lina", "林先生")
    assert [welcome.text for welcome in wecom_firm.emulator.welcomes] == ["您好，我是李娜，很高兴认识您。"]


async def test_a_mass_send_leaves_only_after_it_is_submitted(wecom_firm: Firm) -> None:
    firm = wecom_firm
    for name in ("林先生", "何女士"):
        await firm.emulator.add_contact("lina", name)
        await firm.look_for("lina", name)
        tagged = await firm.say("lina", f"给{name}打标签 高意向")
        assert "高意向" in tagged.text
    draft = await firm.say("zhaomin", "给标签 高意向 的客户群发：新品上线，欢迎试用")
    assert "2" in draft.title
    assert not firm.emulator.group_sends
    await firm.click("zhaomin", draft, "提交")
    await firm.eventually(lambda: len(firm.emulator.group_sends) == 1)
    await firm.click("zhaomin", draft, "提交") if any(b.text == "提交" for b in draft.buttons) else None
    msgid = next(iter(firm.emulator.group_sends))
    await firm.emulator.confirm_group_send("lina", msgid)
    await firm.later(minutes=35)
    await firm.eventually_count(Touch, 2, Touch.status == "sent")
    assert len(firm.emulator.group_sends) == 1
    assert await firm.count(Campaign, Campaign.status == "sent") == 1


async def test_tags_are_written_back_and_taken_off_again(wecom_firm: Firm) -> None:
    firm = wecom_firm
    external = await firm.emulator.add_contact("lina", "林先生")
    await firm.look_for("lina", "林先生")

    def worn() -> set[str]:
        follow = firm.emulator.contacts[external].follows["lina"]
        return {firm.emulator.tags[tag].name for tag in follow.tag_ids}

    await firm.say("lina", "给林先生打标签 高意向")
    await firm.eventually(lambda: worn() == {"高意向"})
    await firm.say("lina", "撤销")
    await firm.eventually(lambda: worn() == set())


async def test_without_a_wecom_app_marketing_is_told_what_is_missing(dingtalk_firm: Firm) -> None:
    card = await dingtalk_firm.say("zhaomin", "新建渠道活码 工博会，负责人李娜，欢迎语：您好")
    assert "企业微信" in card.text
    assert await dingtalk_firm.count(Channel) == 0


async def test_a_code_that_takes_long_is_one_picture_and_one_card(
    wecom_firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """正在创建 has left by then: it becomes the card of the code."""
    monkeypatch.setattr(channels, "PATIENCE", timedelta(0))
    firm = wecom_firm
    firm.emulator.faults.hang("externalcontact/add_contact_way", 1.0)
    waiting = await firm.say("zhaomin", "新建渠道活码 工博会，负责人李娜，欢迎语：您好")
    assert "正在" in waiting.text
    card = await firm.look_for("zhaomin", "已生成")
    await firm.quiet()
    items = firm.bot_items("zhaomin")
    assert [bool(item.image) for item in items] == [False, True]
    assert card.id == waiting.id
