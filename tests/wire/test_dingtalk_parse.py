"""DingTalk's payloads, one recorded file per kind, and the events they become."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.events import Click, DirectoryChange, Message, Origin, Unheard, Unknown
from bot.platforms.base import Rejected
from bot.platforms.dingtalk import frames, parse

PAYLOADS = Path(__file__).parent / "payloads" / "dingtalk"
NOW = datetime(2025, 1, 1, 0, 1, tzinfo=UTC)
SAID = datetime(2025, 1, 1, 0, 0, 1, 900_000, tzinfo=UTC)
CORP = "ding00000000000000000000000000000001"
WEBHOOK = "https://oapi.dingtalk.com/robot/sendBySession?session=demo0001"


def body(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def heard(name: str, **changes: Any) -> Message | Unheard:
    return parse.message({**json.loads(body(name)), **changes}, "dingtalk_stream", NOW)


def test_what_lina_types_one_to_one() -> None:
    assert heard("text") == Message(
        key="dingtalk:m:msgDEMO0001==",
        origin=Origin(
            "dingtalk", "dingtalk_stream", "lina", corp_id=CORP, name="李娜", reply_token=WEBHOOK,
            reply_until=SAID.replace(second=2, microsecond=0) + timedelta(minutes=90),
        ),
        sent_at=SAID,
        text="今天拜访了腾讯张总，预算大概50万",
    )  # fmt: skip


def test_in_a_group_the_space_behind_the_mention_goes() -> None:
    event = heard("text_group")
    assert isinstance(event, Message)
    assert (event.text, event.origin.group) == ("查一下腾讯", "cidDEMO0001==")


def test_what_is_quoted_is_kept_apart() -> None:
    event = heard("text_quoting")
    assert isinstance(event, Message)
    assert (event.text, event.quoted) == ("改成60万", "今天拜访了腾讯张总，预算大概50万")


def test_somebody_without_a_staff_id_is_a_stranger() -> None:
    event = heard("text_stranger")
    assert (event.origin.user_id, event.origin.corp_id, event.origin.name) == ("", "", "外部的人")


@pytest.mark.parametrize(
    ("name", "text", "via"),
    [
        ("rich_text", "看这张图\n明天下午3点跟进腾讯", "text"),
        ("audio", "明天下午3点跟进腾讯", "voice"),
    ],
)
def test_words_in_other_kinds(name: str, text: str, via: str) -> None:
    event = heard(name)
    assert isinstance(event, Message)
    assert (event.text, event.via) == (text, via)


@pytest.mark.parametrize(
    ("name", "kind", "detail"),
    [
        ("audio_without_words", "voice", ""),
        ("rich_text_pictures_only", "image", ""),
        ("picture", "image", ""),
        ("video", "video", ""),
        ("file", "file", "报价单.pdf"),
        ("unknown", "other", "unknownMsgType"),
        ("chat_record", "other", "chatRecord"),
        ("text_quota", "other", "quota"),
    ],
)
def test_what_cannot_be_read_is_still_an_event(name: str, kind: str, detail: str) -> None:
    event = heard(name)
    assert isinstance(event, Unheard)
    assert (event.kind, event.detail, event.origin.user_id) == (kind, detail, "lina")


def test_the_other_spelling_of_the_quota_error() -> None:
    event = heard("text_quota", errorCode=None, errCode=20001)
    assert isinstance(event, Unheard)
    assert event.detail == "quota"


def test_numbers_may_come_as_their_digits_and_the_time_may_be_missing() -> None:
    assert heard("text", createAt="1735689601900").sent_at == SAID
    assert heard("text", createAt=None).sent_at == NOW
    assert heard("text_group", conversationType=2).origin.group == "cidDEMO0001=="


@pytest.mark.parametrize(
    "changes",
    [{"msgId": ""}, {"msgId": 7}, {"createAt": 10**20}, {"createAt": "?"}, {"senderStaffId": ["lina"]}, {"text": "x"}],
    ids=str,
)
def test_malformed_messages_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as refused:
        heard("text", **changes)
    assert refused.value.status == 400


def test_a_message_for_another_robot_is_refused_where_the_robot_is_known() -> None:
    with pytest.raises(Rejected) as refused:
        parse.message(body("text"), "dingtalk_http", NOW, robot="dingother")
    assert refused.value.status == 403
    assert parse.message(body("text"), "dingtalk_http", NOW, robot="dingdemo0001").origin.door == "dingtalk_http"


def test_a_button_of_the_public_template_carries_its_command_as_id() -> None:
    click = parse.click(body("card_button"), "dingtalk_stream", "0a0b", NOW)
    assert click == Click(
        "dingtalk:c:0a0b", Origin("dingtalk", "dingtalk_stream", "lina", corp_id=CORP), NOW,
        button="move_deal:stage=negotiation:deal=7:version=3", card="card-0001",
    )  # fmt: skip


def test_a_command_in_the_parameters_goes_before_the_id() -> None:
    assert parse.click(body("card_command_in_params"), "dingtalk_http", "k", NOW).button == "done:followup=4:version=1"


def test_what_was_chosen_in_fields_comes_along() -> None:
    click = parse.click(body("card_form"), "dingtalk_stream", "k", NOW)
    assert (click.selected, click.origin.group) == ({"day": "tomorrow", "count": "3"}, "cidDEMO0001==")


def test_a_click_without_a_clicker_or_an_action() -> None:
    raw = json.loads(body("card_button"))
    with pytest.raises(Rejected):
        parse.click({**raw, "userId": ""}, "dingtalk_stream", "k", NOW)
    for content in (None, "{", "[]", '{"cardPrivateData": {"actionIds": [3]}}'):
        with pytest.raises(Unknown):
            parse.click({**raw, "content": content}, "dingtalk_stream", "k", NOW)
    with pytest.raises(Unknown):
        parse.click(body("card_dynamic_data"), "dingtalk_stream", "k", NOW)


def told(name: str) -> list[Any]:
    """The events of a Stream EVENT frame."""
    frame = frames.read(body(name))
    assert frame is not None
    kind, key, at = frame.get("eventType"), frame.get("eventId"), frame.moment("time", NOW)
    return list(parse.changes(kind, key, parse.mapping(frame.data), "dingtalk_stream", at))


def test_each_person_of_a_directory_event_is_a_change() -> None:
    lina, wang = told("frame_user_add")
    assert (lina.user_id, wang.user_id, lina.left) == ("lina", "wangqiang", False)
    assert lina.key == "dingtalk:e:e0e0e0e0e0e0e0e0e0e0e0e0e0e0e001:lina"
    assert lina.key != wang.key


@pytest.mark.parametrize(
    ("name", "user_id", "left"),
    [
        ("frame_user_leave", "lina", True),
        ("frame_user_modify", "lina", False),
        ("frame_admin_add_old_spelling", "lina", False),
        ("frame_dept_modify", "", False),
    ],
)
def test_directory_events(name: str, user_id: str, left: bool) -> None:
    (change,) = told(name)
    assert isinstance(change, DirectoryChange)
    assert (change.user_id, change.left) == (user_id, left)


def test_an_event_that_concerns_nobody_here() -> None:
    with pytest.raises(Unknown) as ignored:
        told("frame_check_in")
    assert ignored.value.kind == "check_in"


def test_an_event_without_an_id_is_known_by_its_content() -> None:
    data = json.loads(body("event_http_dept_old"))
    one = parse.changes("org_dept_create", "", data, "dingtalk_http", NOW)
    again = parse.changes("org_dept_create", "", dict(reversed(data.items())), "dingtalk_http", NOW)
    other = parse.changes("org_dept_create", "", {**data, "DeptId": [1002]}, "dingtalk_http", NOW)
    assert one == again
    assert one[0].key != other[0].key


def test_a_crowd_means_reading_everything_again() -> None:
    crowd = {"userId": [f"u{number}" for number in range(parse.MAX_PEOPLE + 1)]}
    assert parse.changes("user_add_org", "e1", crowd, "dingtalk_stream", NOW) == [
        DirectoryChange("dingtalk:e:e1", Origin("dingtalk", "dingtalk_stream", ""), NOW)
    ]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
RECORDED = sorted(path.stem for path in PAYLOADS.glob("*.json"))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A recorded payload with a few members exchanged, removed or bytes damaged."""
    raw = json.loads(body(draw(st.sampled_from(RECORDED))))
    places = [raw, *(value for value in raw.values() if isinstance(value, dict))]
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from(places))
        if not place:
            continue
        name = draw(st.sampled_from(sorted(place)))
        if draw(st.booleans()):
            place[name] = draw(ANYTHING)
        else:
            del place[name]
    data = bytearray(json.dumps(raw).encode())
    for _ in range(draw(st.integers(0, 2))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_damaged_payloads_are_refused_or_ignored_and_never_raise_anything_else(data: bytes) -> None:
    for read in (
        lambda: parse.message(data, "dingtalk_http", NOW),
        lambda: parse.click(data, "dingtalk_http", "k", NOW),
        lambda: parse.changes("user_add_org", "", parse.mapping(data), "dingtalk_http", NOW),
        lambda: frames.read(data),
    ):
        with suppress(Rejected, Unknown):
            read()
