"""Every kind of thing WeCom delivers, as recorded, becomes the event it means."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.events import (
    AnyEvent,
    Click,
    ContactChange,
    DirectoryChange,
    Enter,
    Location,
    MenuClick,
    Message,
    TagChange,
    Unheard,
    Unknown,
)
from bot.platforms.base import Rejected
from bot.platforms.wecom.parse import parse
from bot.platforms.wecom.parse_bot import parse_bot
from bot.platforms.wecom.xml import read_xml

PAYLOADS = Path(__file__).parent / "payloads" / "wecom"
CUSTOMER = "wmDemoAAAAAAAAAAAAAAAAAAAAAAAA01"
RECEIVED = datetime(2026, 1, 1, 0, 8, 21, tzinfo=UTC)


def recorded(name: str) -> dict[str, Any]:
    text = (PAYLOADS / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else read_xml(text.strip())


def opened(name: str, **changes: Any) -> AnyEvent | None:
    return parse({**recorded(name), **changes})


def from_bot(name: str, **changes: Any) -> AnyEvent | None:
    return parse_bot({**recorded(f"bot_{name}.json"), **changes}, "REQ7", RECEIVED)


# --- the app


@pytest.mark.parametrize("name", ["text.xml", "text.json"])
def test_a_sentence_is_the_same_in_xml_and_json(name: str) -> None:
    event = opened(name)
    assert isinstance(event, Message)
    assert (event.text, event.via) == ("今天拜访了腾讯张总，预算大概50万", "text")
    assert (event.origin.user_id, event.origin.door, event.origin.group) == ("lina", "wecom_app", "")
    assert event.sent_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert event.key == "wecom:7123456789012345678"


@pytest.mark.parametrize(
    ("name", "kind", "detail"),
    [("voice", "voice", ""), ("image", "image", ""), ("video", "video", ""), ("link", "link", "产品手册")],
)
def test_what_we_cannot_read_is_unheard(name: str, kind: str, detail: str) -> None:
    event = opened(f"{name}.xml")
    assert isinstance(event, Unheard)
    assert (event.kind, event.detail) == (kind, detail)


def test_a_place_is_a_check_in() -> None:
    event = opened("location.xml")
    assert isinstance(event, Location)
    assert (event.latitude, event.longitude, event.label) == (30.27, 120.15, "西湖区文三路1号")


def test_opening_the_app_is_entering() -> None:
    assert isinstance(opened("enter_agent.xml"), Enter)


def test_a_menu_key_carries_its_command() -> None:
    event = opened("menu_click.xml")
    assert isinstance(event, MenuClick)
    assert event.menu == "todo"


def test_a_button_carries_its_command_and_the_code_for_one_update() -> None:
    event = opened("card_click.xml")
    assert isinstance(event, Click)
    assert (event.button, event.card) == ("done:followup=7:version=3", "c0a1")
    assert (event.response_code, event.selected) == ("RC_yyy", {})


@pytest.mark.parametrize("name", ["card_choice.xml", "card_choice_old_spelling.xml", "card_choice.json"])
def test_a_choice_is_read_in_every_spelling(name: str) -> None:
    event = opened(name)
    assert isinstance(event, Click)
    assert (event.button, event.selected) == ("choose", {"choice": "customer:customer=7"})


def test_the_corner_menu_of_a_card_is_a_click() -> None:
    event = opened("card_menu.xml")
    assert isinstance(event, Click)
    assert event.button == "help"


@pytest.mark.parametrize(
    "name",
    ["subscribe", "unsubscribe", "location_report", "menu_view", "batch_job_result", "member_tag", "archive_agreed"],
)
def test_what_does_not_concern_us_is_no_event(name: str) -> None:
    assert opened(f"{name}.xml") is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("task_card", "event taskcard_click"),
        ("group_created", "event change_external_chat create"),
        ("acquisition", "event customer_acquisition friend_request"),
    ],
)
def test_what_nobody_handles_is_named(name: str, kind: str) -> None:
    with pytest.raises(Unknown) as caught:
        opened(f"{name}.xml")
    assert caught.value.kind == kind


# --- 客户联系 and the directory


@pytest.mark.parametrize(
    ("name", "change", "state", "code", "detail"),
    [
        ("contact_added", "added", "ch_expo_07", "WC_demo", ""),
        ("contact_half_added", "half_added", "ch_expo_07", "WC_half", ""),
        ("contact_edited", "edited", "", "", ""),
        ("contact_deleted", "deleted", "", "", "DELETE_BY_TRANSFER"),
        ("contact_left", "left", "", "", ""),
    ],
)
def test_a_contact_changes(name: str, change: str, state: str, code: str, detail: str) -> None:
    event = opened(f"{name}.xml")
    assert isinstance(event, ContactChange)
    assert (event.change, event.external_user_id, event.origin.user_id) == (change, CUSTOMER, "lina")
    assert (event.state, event.welcome_code, event.detail) == (state, code, detail)


def test_a_failed_transfer_names_the_member_who_was_to_take_over() -> None:
    event = opened("transfer_failed.xml")
    assert isinstance(event, ContactChange)
    assert (event.change, event.origin.user_id, event.detail) == ("transfer_failed", "sunqi", "customer_refused")


@pytest.mark.parametrize(
    ("name", "user", "left"),
    [
        ("user_created", "sunqi", False),
        ("user_updated", "sunqi", False),
        ("user_deleted", "sunqi", True),
        ("user_renamed", "", False),
        ("party_created", "", False),
    ],
)
def test_the_directory_changes(name: str, user: str, left: bool) -> None:
    event = opened(f"{name}.xml")
    assert isinstance(event, DirectoryChange)
    assert (event.user_id, event.left) == (user, left)


@pytest.mark.parametrize(("name", "remote"), [("tag_created", "etDemo01"), ("tags_shuffled", "etGroup01")])
def test_the_tag_library_changes(name: str, remote: str) -> None:
    event = opened(f"{name}.xml")
    assert isinstance(event, TagChange)
    assert event.remote_id == remote


# --- one thing, one key


def key(name: str, **changes: Any) -> str:
    event = opened(name, **changes)
    assert event is not None
    return event.key


def test_a_repeat_has_the_same_key_whichever_receiver_hears_of_it() -> None:
    assert key("contact_added.xml") == key("contact_added.xml", AgentID="")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("card_click.xml", {"ResponseCode": "RC_other"}),
        ("card_click.xml", {"EventKey": "done:followup=8"}),
        ("contact_added.xml", {"ExternalUserID": "wmOther"}),
        ("contact_added.xml", {"UserID": "sunqi"}),
        ("tag_created.xml", {"Id": "etDemo02"}),
        ("text.xml", {"MsgId": "1"}),
    ],
)
def test_two_things_in_one_second_have_two_keys(name: str, changes: dict[str, str]) -> None:
    assert key(name) != key(name, **changes)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("text.xml", {"CreateTime": "soon"}),
        ("text.xml", {"CreateTime": "99999999999999"}),
        ("text.xml", {"CreateTime": "-5"}),
        ("text.xml", {"CreateTime": "٣"}),
        ("text.xml", {"CreateTime": None}),
        ("text.xml", {"FromUserName": ""}),
        ("text.xml", {"Content": {"a": "b"}}),
        ("text.xml", {"MsgType": ""}),
        ("text.xml", {"MsgType": ["text"]}),
        ("location.xml", {"Location_X": "north"}),
        ("location.xml", {"Location_Y": "nan"}),
        ("location.xml", {"Location_X": "91"}),
        ("card_click.xml", {"EventKey": ""}),
        ("card_choice.xml", {"SelectedItems": {"SelectedItem": "x"}}),
        ("contact_added.xml", {"ExternalUserID": ""}),
        ("user_deleted.xml", {"UserID": ""}),
    ],
)
def test_what_makes_no_sense_is_malformed(name: str, changes: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as caught:
        opened(name, **changes)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "items", ["", {}, {"SelectedItem": []}, {"SelectedItem": {"QuestionKey": "q", "OptionIds": ""}}]
)
def test_a_choice_without_an_answer_is_a_click_without_one(items: Any) -> None:
    event = opened("card_choice.xml", SelectedItems=items)
    assert isinstance(event, Click)
    assert event.selected == {}


# --- the AI bot


def test_the_bot_hears_a_sentence_and_may_answer_it_for_a_day() -> None:
    event = from_bot("text")
    assert isinstance(event, Message)
    assert (event.text, event.key, event.origin.group) == ("今天有几个新客户", "wecom_bot:m-01", "")
    assert event.origin.door == "wecom_bot"
    assert (event.origin.reply_token, event.origin.reply_until) == ("message:REQ7", RECEIVED + timedelta(hours=24))
    assert event.sent_at == datetime(2026, 1, 1, 0, 8, 20, tzinfo=UTC)


def test_in_a_group_the_mention_is_not_part_of_the_sentence() -> None:
    event = from_bot("group_text")
    assert isinstance(event, Message)
    assert (event.text, event.origin.group) == ("今天有几个新客户", "wrInner01")


def test_in_a_single_chat_a_sentence_may_begin_with_an_at_sign() -> None:
    event = from_bot("text", text={"content": "@李娜 跟进腾讯"})
    assert isinstance(event, Message)
    assert event.text == "@李娜 跟进腾讯"


def test_a_quoted_message_comes_along() -> None:
    event = from_bot("quote")
    assert isinstance(event, Message)
    assert event.quoted == "腾讯 年度框架 80万"


def test_a_voice_comes_with_its_words() -> None:
    event = from_bot("voice")
    assert isinstance(event, Message)
    assert (event.text, event.via) == ("明天下午三点跟进腾讯", "voice")


def test_the_words_beside_a_picture_are_a_sentence() -> None:
    event = from_bot("mixed")
    assert isinstance(event, Message)
    assert event.text == "这是名片"


@pytest.mark.parametrize(("name", "kind"), [("silent_voice", "voice"), ("image", "image"), ("file", "file")])
def test_what_the_bot_cannot_read_is_unheard(name: str, kind: str) -> None:
    event = from_bot(name)
    assert isinstance(event, Unheard)
    assert event.kind == kind


def test_the_bot_is_told_of_the_first_visit_of_the_day() -> None:
    event = from_bot("enter")
    assert isinstance(event, Enter)
    assert (event.origin.reply_token, event.origin.reply_until) == ("enter:REQ7", RECEIVED + timedelta(seconds=5))


def test_a_press_on_a_card_of_the_bot() -> None:
    event = from_bot("click")
    assert isinstance(event, Click)
    assert (event.button, event.card, event.selected) == ("choose", "c0a1", {"choice": "customer:customer=7"})
    assert event.origin.reply_token == "click:REQ7"


def test_a_thumb_is_no_event() -> None:
    assert from_bot("feedback") is None


def test_a_new_kind_is_named() -> None:
    with pytest.raises(Unknown, match="auth_change_event"):
        from_bot("new_kind")


@pytest.mark.parametrize("changes", [{"from": None}, {"from": {"userid": 7}}, {"from": {"userid": ""}}])
def test_nobody_cannot_speak(changes: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        from_bot("text", **changes)


@pytest.mark.parametrize("when", [None, "1767226100", -1, 10**15])
def test_without_a_time_it_was_said_when_it_came(when: Any) -> None:
    event = from_bot("text", create_time=when)
    assert event is not None
    assert event.sent_at == RECEIVED
