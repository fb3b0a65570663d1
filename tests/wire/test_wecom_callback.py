"""The WeCom receivers: who gets in, with what answer, and that nothing from outside breaks them."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from hypothesis import given, settings
from hypothesis import strategies as st
from wecom_doors import AES_KEY, CORP, TOKEN, Doors, open_doors, until

from bot.events import Click, ContactChange, Message
from bot.platforms.base import Rejected
from bot.platforms.crypto import Envelope, Sealed, decode_key
from bot.platforms.intake import MAX_BODY
from bot.platforms.wecom.callback import Callback

CALLBACK = Callback(TOKEN, AES_KEY, CORP)
OURS = Envelope(TOKEN, AES_KEY, CORP)
CIPHER = (
    "Q3stYC6hdFzMh9T8HCvyDMwQK6xyeRZ7UnuZsYfP7/6Yf0piNuk7kxZYuxJFeZQQ6WWSSAGv9ZFJIKURndrGs+SzFGK3rD+xPlQfuaF4wzPNZGvi"
    "DybaWZqJyujSf2kJ"
)
SIGNATURE = "d342b894c5c60f0db089d4089319d141eb283b90"
RECORDED = sorted((Path(__file__).parent / "payloads" / "wecom").glob("*.xml"))
TEXT = (Path(__file__).parent / "payloads" / "wecom" / "text.xml").read_text(encoding="utf-8")
BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{f"&{inner};" * 10}">' for inner, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def delivery(text: str, envelope: Envelope = OURS) -> tuple[dict[str, str], bytes]:
    """A signed POST with this inside."""
    sealed = envelope.seal(text, "1767225600", "n0nce")
    return query_of(sealed), f"<xml><ToUserName>{CORP}</ToUserName><Encrypt>{sealed.encrypt}</Encrypt></xml>".encode()


def query_of(sealed: Sealed) -> dict[str, str]:
    return {"msg_signature": sealed.signature, "timestamp": sealed.timestamp, "nonce": sealed.nonce}


def status_of(query: dict[str, str], body: bytes) -> int:
    with pytest.raises(Rejected) as caught:
        CALLBACK.open(query, body)
    return caught.value.status


# --- the envelope


def test_the_documented_vector_opens() -> None:
    assert OURS.open(SIGNATURE, "1767225600", "n0nce", CIPHER) == "<xml><Content><![CDATA[你好]]></Content></xml>"


def test_the_other_platforms_published_vector_opens_too() -> None:
    envelope = Envelope("123456", "1234567890123456789012345678901234567890123", "dingsnotzck6pm5veliw")
    cipher = "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA=="
    assert (
        envelope.open("9a95a004dd16f5c307e849b994173f76aa26e5eb", "1614767836", "A7Co0cJLMzIDtMMI", cipher) == "success"
    )


@pytest.mark.parametrize("key", ["", "short", "x" * 44, "!" * 43])
def test_a_key_that_is_none_is_refused_when_the_receiver_is_made(key: str) -> None:
    with pytest.raises(ValueError, match="43"):
        decode_key(key)


def test_equal_texts_are_sealed_differently() -> None:
    assert OURS.seal("success", "1", "2").encrypt != OURS.seal("success", "1", "2").encrypt


def test_url_verification_gives_the_words_back() -> None:
    sealed = OURS.seal("8821737", "1767225600", "n0nce")
    assert CALLBACK.verify({**query_of(sealed), "echostr": sealed.encrypt}) == "8821737"
    assert CALLBACK.verify({**query_of(sealed), "echostr": sealed.encrypt.replace("+", " ")}) == "8821737"


# --- who is refused, with what


def test_a_forged_signature_is_403() -> None:
    query, body = delivery(TEXT)
    assert status_of({**query, "msg_signature": "0" * 40}, body) == 403
    assert status_of({**query, "nonce": "other"}, body) == 403
    assert status_of({**query, "msg_signature": "你好"}, body) == 403
    assert status_of({}, body) == 403


def test_a_delivery_for_another_company_is_403() -> None:
    assert status_of(*delivery(TEXT, Envelope(TOKEN, AES_KEY, "ww9999999999999999"))) == 403


@pytest.mark.parametrize(
    "text",
    ["", "hello", "<xml>", "<xml></xml>", "<xml><MsgType>text</MsgType>", "{", "[1]", '{"MsgType":', "<a/>" * 9,
     "{" * 60_000, "<x>" * 10_000, "<xml>" + "<a/>" * 6_000 + "</xml>", '<xml a="1" a="2"/>', "<xml>\x00</xml>",
     BOMB + "]><xml><MsgType>&i;</MsgType></xml>",
     '<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml><MsgType>text</MsgType></xml>',
     '<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1/">]><xml><MsgType>&a;</MsgType></xml>'],
)  # fmt: skip
def test_signed_nonsense_is_400_and_quick(text: str) -> None:
    started = time.perf_counter()
    assert status_of(*delivery(text)) in (400, 413)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("cipher", ["", "AAAA", "不是密文", "A" * 63, "A" * 64, "=" * 44])
def test_a_signed_ciphertext_that_is_none_is_400(cipher: str) -> None:
    query = {"msg_signature": OURS.sign("1", "2", cipher), "timestamp": "1", "nonce": "2"}
    assert status_of(query, f"<xml><Encrypt>{cipher}</Encrypt></xml>".encode()) == 400


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"<xml/>", b"<xml><Encrypt><a/></Encrypt></xml>", b'{"Encrypt":1}'])
def test_a_body_that_is_no_delivery_is_400(body: bytes) -> None:
    assert status_of({"msg_signature": "x", "timestamp": "1", "nonce": "2"}, body) == 400


def test_a_huge_body_is_413() -> None:
    assert status_of({}, b"x" * (MAX_BODY + 1)) == 413


def test_the_json_variant_is_read_by_its_first_character() -> None:
    text = (Path(__file__).parent / "payloads" / "wecom" / "text.json").read_text(encoding="utf-8")
    sealed = OURS.seal(text, "1", "2")
    events, unknown = CALLBACK.open(query_of(sealed), f'{{"Encrypt":"{sealed.encrypt}"}}'.encode())
    assert isinstance(events[0], Message)
    assert unknown == []


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_a_mutated_delivery_is_understood_or_refused_and_nothing_else(data: st.DataObject) -> None:
    """Mutations inside and outside the envelope, signed or not: no exception but Rejected ever comes out."""
    text = data.draw(st.sampled_from(RECORDED)).read_text(encoding="utf-8")
    query, body = delivery(_mutated(data, text))
    if data.draw(st.booleans()):
        body = _mutated(data, body.decode()).encode("utf-8", "surrogatepass")
    try:
        events, unknown = CALLBACK.open(query, body)
    except Rejected as rejected:
        assert rejected.status in (400, 403, 413)
    else:
        assert len(events) + len(unknown) <= 1


def _mutated(data: st.DataObject, text: str) -> str:
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 40)))
        middle = data.draw(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(["<", "&", "]]>", "0", ""])
        )
        text = text[:start] + middle + text[end:]
    return text


# --- on a real socket


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with open_doors() as doors:
        doors.wecom.limits.retry_delays = (0.01, 0.01, 0.01)
        yield doors


async def test_the_console_accepts_both_addresses(doors: Doors) -> None:
    doors.accepted.away = 1000
    assert await doors.wecom.verify_url() == ""
    assert await doors.wecom.verify_url(contacts=True) == ""


async def test_a_sentence_arrives_once_and_is_acknowledged(doors: Doors) -> None:
    delivered = await doors.wecom.say("lina", "今天拜访了腾讯张总")
    assert (delivered.status, delivered.attempts) == (200, 1)
    (event,) = doors.accepted.events
    assert isinstance(event, Message)
    assert event.text == "今天拜访了腾讯张总"


async def test_a_repeated_delivery_has_the_same_key(doors: Doors) -> None:
    doors.wecom.faults.duplicate(2)
    await doors.wecom.say("lina", "你好")
    assert len({event.key for event in doors.accepted.events}) == 1
    assert len(doors.accepted.events) == 3


async def test_while_the_database_is_away_wecom_is_asked_to_come_again(doors: Doors) -> None:
    doors.accepted.away = 2
    delivered = await doors.wecom.say("lina", "你好")
    assert (delivered.status, delivered.attempts) == (200, 3)
    assert len(doors.accepted.events) == 1


async def test_a_fault_of_ours_is_503_never_500(doors: Doors) -> None:
    doors.accepted.broken = RuntimeError("a bug")
    delivered = await doors.wecom.say("lina", "你好")
    assert (delivered.status, delivered.attempts) == (503, 4)


async def test_a_press_and_a_new_contact_come_through_their_own_receivers(doors: Doors) -> None:
    card: dict[str, Any] = {"card_type": "button_interaction", "main_title": {"title": "待办"}, "task_id": "t1"}
    card["button_list"] = [{"text": "完成", "key": "done:followup=7"}]
    body = {"touser": "lina", "agentid": doors.wecom.agent_id, "msgtype": "template_card", "template_card": card}
    await doors.client.post("message/send", body)
    await doors.wecom.click("lina", "t1", "done:followup=7")
    await doors.wecom.add_contact("lina", "王先生", state="ch_expo_07")
    click, change = doors.accepted.events
    assert isinstance(click, Click)
    assert (click.button, click.card, bool(click.response_code)) == ("done:followup=7", "t1", True)
    assert isinstance(change, ContactChange)
    assert (change.change, change.state, bool(change.welcome_code)) == ("added", "ch_expo_07", True)


@pytest.mark.parametrize("size", [MAX_BODY + 1, 8 * 1024 * 1024])
async def test_what_is_too_large_is_413(doors: Doors, size: int) -> None:
    async with (
        ClientSession() as session,
        session.post(f"{doors.base}/acme/wecom", data=io.BytesIO(b"x" * size)) as response,
    ):
        assert response.status == 413


async def test_a_browser_that_looks_by_is_403_and_a_half_sent_body_is_no_trouble(doors: Doors) -> None:
    async with ClientSession() as session:
        async with session.get(f"{doors.base}/acme/wecom") as response:
            assert response.status == 403
        headers = {"Content-Encoding": "gzip"}
        async with session.post(f"{doors.base}/acme/wecom", data=b"not gzip", headers=headers) as response:
            assert response.status == 400
    await doors.wecom.say("lina", "还在")
    await until(lambda: doors.accepted.events)
