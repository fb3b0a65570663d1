"""Channel QR codes: made on the platform, never twice by themselves, counted by who came through."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from private_domain import Floor, settings

from bot import commands as c
from bot.cards.refusals import UNCLEAR
from scrm.channels import ChannelExists, ChannelNameTooLong, WelcomeTooLong
from scrm.db import Database
from scrm.errors import Missing, Refused, UnknownName
from scrm.models import Channel

MADE = {"config_id": "cfg1", "qr_code": "https://p.qpic.example/qr", "png": "iVBORw0KGgo="}
NEW = c.CreateChannel(channel="展会立牌", owner="李娜", welcome="欢迎来到展会")


@pytest.fixture
def floor(database: Database) -> Floor:
    floor = Floor(database)
    floor.open()
    return floor


def channel(floor: Floor, name: str = "展会立牌") -> Channel | None:
    return floor.read(lambda session: session.scalars(sa.select(Channel).where(Channel.name == name)).one_or_none())


def status(floor: Floor) -> str:
    found = channel(floor)
    return found.status if found else "none"


def test_the_marketer_gets_the_picture_and_then_the_card(floor: Floor) -> None:
    card = floor.say("周敏", NEW)
    assert "马上发给您" in card.text
    owed = floor.one("contact_way")
    assert len(owed.payload["state"]) <= 30
    assert owed.payload == {"state": owed.payload["state"], "user_id": "lina", "remark": "展会立牌", "turn": "e1"}
    assert status(floor) == "sending"
    floor.returns(owed, MADE)
    assert [owed.kind for owed in floor.fresh] == ["picture", "card"]
    assert floor.fresh[0].payload == {"png": MADE["png"], "name": "展会立牌"}
    (told,) = floor.pushed("周敏")
    assert told.title == "渠道活码已生成 · 展会立牌"
    assert status(floor) == "live"
    floor.returns(owed, MADE)
    assert status(floor) == "live"


def test_a_code_without_a_picture_comes_as_a_link(floor: Floor) -> None:
    floor.say("周敏", NEW)
    floor.returns(floor.one("contact_way"), MADE | {"png": ""})
    assert floor.kinds("picture") == []
    assert MADE["qr_code"] in floor.pushed("周敏")[0].text


def test_one_name_is_one_code(floor: Floor) -> None:
    floor.say("周敏", NEW)
    with pytest.raises(ChannelExists) as already:
        floor.say("周敏", NEW)
    assert floor.view("周敏", already.value.view).title == "渠道活码 · 展会立牌"


def test_a_refusal_says_why_and_can_be_repaired_by_saying_it_again(floor: Floor) -> None:
    floor.say("周敏", NEW)
    first = floor.one("contact_way")
    floor.fails(first, "41054")
    (card,) = floor.pushed("周敏")
    assert card.title == "渠道活码没有建成 · 展会立牌"
    assert "实名认证" in card.rows[0].value
    assert "新建渠道活码 展会立牌，负责人李娜" in card.text
    floor.say("周敏", c.CreateChannel(channel="展会立牌", owner="王强"))
    second = floor.one("contact_way")
    assert second.payload == {**first.payload, "user_id": "wangqiang", "turn": second.payload["turn"]}
    floor.returns(second, MADE)
    assert status(floor) == "live"


def test_an_unknown_error_is_named(floor: Floor) -> None:
    floor.say("周敏", NEW)
    floor.fails(floor.one("contact_way"), "99999 strange")
    assert floor.pushed("周敏")[0].rows[0].value == "企业微信返回错误码 99999，请联系管理员查看。"


def test_what_stays_unclear_is_asked_and_never_repeated_by_itself(floor: Floor) -> None:
    floor.say("周敏", NEW)
    floor.fails(floor.one("contact_way"), UNCLEAR)
    (card,) = floor.pushed("周敏")
    assert card.title == "请确认渠道活码 · 展会立牌"
    assert floor.kinds("contact_way") == []
    assert status(floor) == "unclear"


def test_channels_are_counted_by_who_came_and_who_stayed(floor: Floor) -> None:
    assert floor.say("周敏", c.ShowChannels()).title == "还没有渠道活码"
    floor.say("周敏", NEW)
    owed = floor.one("contact_way")
    floor.returns(owed, MADE)
    for number in range(3):
        floor.arrives(f"wm{number}", state=owed.payload["state"], name=f"客户{number}")
    floor.later(hours=1)
    floor.happens("left", "wm1")
    floor.happens("added", "wm0", "wangqiang", state=owed.payload["state"])
    card = floor.say("周敏", c.ShowChannels())
    assert card.text == "1. 展会立牌：3 人，留存 2 人 · 李娜"
    found = channel(floor)
    assert found is not None
    rows = {row.label: row.value for row in floor.view("周敏", f"channel:{found.id}").rows}
    assert rows["带来"] == "3 人，现在还在 2 人"


def test_without_an_app_nothing_is_written(floor: Floor) -> None:
    floor.settings = settings(app=False)
    card = floor.say("周敏", NEW)
    assert card.title == "还不能新建渠道活码"
    assert "展会立牌" in card.text and "[wecom]" in card.text
    assert floor.owed == {}
    assert status(floor) == "none"


def test_what_cannot_be_made_is_refused_before_it_is_written(floor: Floor) -> None:
    with pytest.raises(Refused):
        floor.say("周敏", c.CreateChannel(channel="展会", owner="陈静"))
    with pytest.raises(UnknownName) as unknown:
        floor.say("周敏", c.CreateChannel(channel="展会", owner="没这个人"))
    assert unknown.value.slot == "owner"
    with pytest.raises(Missing):
        floor.say("周敏", c.CreateChannel(channel=" ", owner="李娜"))
    with pytest.raises(ChannelNameTooLong):
        floor.say("周敏", c.CreateChannel(channel="长" * 31, owner="李娜"))
    with pytest.raises(WelcomeTooLong):
        floor.say("周敏", c.CreateChannel(channel="展会", owner="李娜", welcome="长" * 1400))
    assert floor.owed == {}


def test_without_an_owner_the_marketer_is_the_owner(floor: Floor) -> None:
    floor.say("周敏", c.CreateChannel(channel="官网"))
    assert floor.one("contact_way").payload["user_id"] == "zhoumin"


def test_a_channel_taken_back_before_its_code_came_stays_away(floor: Floor) -> None:
    floor.say("周敏", NEW)
    owed = floor.one("contact_way")
    card = floor.say("周敏", c.Undo())
    assert "不会自动删除" in card.text
    floor.returns(owed, MADE)
    assert floor.fresh == []
    assert channel(floor) is None


def test_every_channel_of_the_list_is_a_tap_away(floor: Floor) -> None:
    for place in range(7):
        floor.say("周敏", c.CreateChannel(channel=f"渠道{place}", owner="李娜"))
    first = floor.say("周敏", c.ShowChannels())
    assert len(first.text.splitlines()) == 5
    assert [button.text for button in first.buttons][-1] == "下一页"
    second = floor.say("周敏", c.unpack(first.buttons[-1].command))
    assert [button.text[:3] for button in second.buttons] == ["6. ", "7. ", "回到第"]
    assert floor.say("周敏", c.unpack(second.buttons[0].command)).title.startswith("渠道活码 · 渠道")
