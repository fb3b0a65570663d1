"""The calls of 客户联系 against the emulated WeCom: what the business gets back, and nothing done twice."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from wecom_doors import Doors, open_doors, row

from bot.events import ContactChange
from bot.platforms.base import Fate, SendError

EXTERNAL = "/cgi-bin/externalcontact/"
WAY = {"state": "ch_expo_07", "user_id": "lina", "remark": "展会立牌"}


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with open_doors() as doors:
        yield doors


async def call(doors: Doors, kind: str, payload: dict[str, Any] | None = None, *, repeated: bool = False) -> Any:
    sent = await doors.sender.send(row(kind, payload, door="", user_id="", repeated=repeated))
    return sent.result


async def newcomer(doors: Doors, name: str = "王先生") -> ContactChange:
    await doors.wecom.add_contact("lina", name, state="ch_expo_07")
    event = doors.accepted.events[-1]
    assert isinstance(event, ContactChange)
    return event


async def test_a_newcomer_is_welcomed_once(doors: Doors) -> None:
    event = await newcomer(doors)
    payload = {"code": event.welcome_code, "text": "您好，我是李娜，很高兴认识您。"}
    await call(doors, "welcome", payload)
    await call(doors, "welcome", payload, repeated=True)
    assert [welcome.text for welcome in doors.wecom.welcomes] == ["您好，我是李娜，很高兴认识您。"]
    with pytest.raises(SendError, match="41051"):
        await call(doors, "welcome", payload)


async def test_a_late_welcome_is_given_up(doors: Doors) -> None:
    with pytest.raises(SendError) as caught:
        await call(doors, "welcome", {"code": "WC_old", "text": "您好"})
    assert caught.value.fate is Fate.PERMANENT


async def test_a_tag_is_made_marked_and_read_back(doors: Doors) -> None:
    event = await newcomer(doors)
    made = await call(doors, "create_tag", {"name": "高意向", "group": "意向"})
    assert await call(doors, "create_tag", {"name": "高意向", "group": "意向"}) == made
    contact = {"user_id": "lina", "external_user_id": event.external_user_id}
    await call(doors, "mark_tag", {**contact, "add": [made["remote_id"]], "remove": []})
    read = await call(doors, "read_contact", contact)
    (follow,) = read["follows"]
    assert (read["name"], follow["user_id"], follow["state"]) == ("王先生", "lina", "ch_expo_07")
    assert follow["tags"] == [{"id": made["remote_id"], "name": "高意向", "group": "意向"}]
    assert follow["since"] > 1_700_000_000
    groups = (await call(doors, "read_tags"))["groups"]
    assert groups == [{"name": "意向", "tags": [{"id": made["remote_id"], "name": "高意向"}]}]


async def test_a_tag_that_exists_is_found(doors: Doors) -> None:
    made = await call(doors, "create_tag", {"name": "高意向", "group": "意向"})
    doors.wecom.faults.errcode(EXTERNAL + "add_corp_tag", 40071)
    assert await call(doors, "create_tag", {"name": "高意向", "group": "意向"}) == made


async def test_a_contact_nobody_knows_cannot_be_read(doors: Doors) -> None:
    with pytest.raises(SendError) as caught:
        await call(doors, "read_contact", {"external_user_id": "wmNobody"})
    assert (caught.value.fate, caught.value.code) == (Fate.PERMANENT, "40096")


# --- channel codes


async def test_a_channel_code_comes_with_its_picture(doors: Doors) -> None:
    made = await call(doors, "contact_way", WAY)
    assert made["qr_code"].endswith(f"/qr/{made['config_id']}.png")
    assert base64.b64decode(made["png"]).startswith(b"\x89PNG")
    assert await doors.wecom.scan(made["config_id"], "赵女士")
    scanned = doors.accepted.events[-1]
    assert isinstance(scanned, ContactChange)
    assert scanned.state == "ch_expo_07"


async def test_a_channel_code_whose_answer_was_lost_is_found_not_made_again(doors: Doors) -> None:
    await call(doors, "contact_way", {**WAY, "state": "ch_other"})
    doors.wecom.faults.lose_answer(EXTERNAL + "add_contact_way")
    with pytest.raises(SendError) as caught:
        await call(doors, "contact_way", WAY)
    assert (caught.value.fate, caught.value.code) == (Fate.UNCLEAR, "unclear")
    made = await call(doors, "contact_way", WAY, repeated=True)
    assert len(doors.wecom.contact_ways) == 2
    assert doors.wecom.contact_ways[made["config_id"]].fields["state"] == "ch_expo_07"


async def test_a_channel_code_never_made_is_made_when_repeated(doors: Doors) -> None:
    doors.wecom.faults.drop(EXTERNAL + "add_contact_way")
    with pytest.raises(SendError):
        await call(doors, "contact_way", WAY)
    assert (await call(doors, "contact_way", WAY, repeated=True))["config_id"]
    assert len(doors.wecom.contact_ways) == 1


async def test_without_the_picture_the_address_is_enough(doors: Doors) -> None:
    made = await call(doors, "contact_way", WAY)
    doors.wecom.contact_ways[made["config_id"]].qr_code = "http://127.0.0.1:9/gone.png"
    again = await call(doors, "contact_way", WAY, repeated=True)
    assert (again["png"], again["qr_code"]) == ("", "http://127.0.0.1:9/gone.png")


# --- mass sends


async def audience(doors: Doors) -> dict[str, Any]:
    ids = [(await newcomer(doors, name)).external_user_id for name in ("王先生", "赵女士")]
    return {"user_id": "lina", "external_user_ids": [*ids, "wmNobody"], "text": "本周活动", "mark": "m1"}


async def test_a_mass_send_waits_for_the_member_and_reports(doors: Doors) -> None:
    payload = await audience(doors)
    made = await call(doors, "group_send", payload)
    assert made["fail"] == ["wmNobody"]
    ask = {"msgid": made["msgid"], "user_id": "lina"}
    waiting = await call(doors, "group_send_results", ask)
    assert (sorted(waiting["waiting"]), waiting["sent"]) == (sorted(payload["external_user_ids"][:2]), [])
    await doors.wecom.confirm_group_send("lina", made["msgid"])
    sent = await call(doors, "group_send_results", ask)
    assert (len(sent["sent"]), sent["waiting"], sent["failed"]) == (2, [], [])


@pytest.mark.parametrize("how", ["lose_answer", "garbage"])
async def test_a_mass_send_whose_answer_was_lost_is_found_not_sent_again(doors: Doors, how: str) -> None:
    payload = await audience(doors)
    if how == "lose_answer":
        doors.wecom.faults.lose_answer(EXTERNAL + "add_msg_template")
    else:
        doors.wecom.faults.garbage(EXTERNAL + "add_msg_template", act=True)
    with pytest.raises(SendError) as caught:
        await call(doors, "group_send", payload)
    assert (caught.value.fate, caught.value.code) == (Fate.UNCLEAR, "unclear")
    found = await call(doors, "group_send", payload, repeated=True)
    assert list(doors.wecom.group_sends) == [found["msgid"]]


async def test_a_mass_send_that_never_left_is_sent_when_repeated(doors: Doors) -> None:
    payload = await audience(doors)
    await call(doors, "group_send", {**payload, "text": "上周活动"})
    doors.wecom.faults.drop(EXTERNAL + "add_msg_template")
    with pytest.raises(SendError):
        await call(doors, "group_send", payload)
    await call(doors, "group_send", payload, repeated=True)
    assert [task.text for task in doors.wecom.group_sends.values()] == ["上周活动", "本周活动"]


async def test_two_that_look_alike_are_a_question_for_the_marketer(doors: Doors) -> None:
    payload = await audience(doors)
    await call(doors, "group_send", payload)
    await call(doors, "group_send", payload)
    with pytest.raises(SendError) as caught:
        await call(doors, "group_send", payload, repeated=True)
    assert caught.value.fate is Fate.UNCLEAR
    assert len(doors.wecom.group_sends) == 2


async def test_a_mass_send_still_being_handed_out_is_asked_about_later(doors: Doors) -> None:
    payload = await audience(doors)
    doors.wecom.limits.group_send_seconds = 60.0
    await call(doors, "group_send", payload)
    with pytest.raises(SendError) as caught:
        await call(doors, "group_send", payload, repeated=True)
    assert (caught.value.fate, caught.value.code) == (Fate.RETRY, "41063")


async def test_nobody_to_send_to_is_final(doors: Doors) -> None:
    with pytest.raises(SendError) as caught:
        await call(doors, "group_send", {"user_id": "lina", "external_user_ids": ["wmNobody"], "text": "活动"})
    assert (caught.value.fate, caught.value.code) == (Fate.PERMANENT, "41048")
