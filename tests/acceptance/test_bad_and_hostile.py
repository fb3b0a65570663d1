"""What comes in from outside: the documented status within its time, whatever it is; never a 500."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import make_url

from emulator.crypto import Envelope
from emulator.dingtalk.callbacks import card_sign, robot_sign
from tests.acceptance.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9)
) + "]><xml><Encrypt>&j;</Encrypt></xml>"  # fmt: skip
DTD = '<!DOCTYPE xml SYSTEM "http://127.0.0.1:1/x.dtd"><xml><ToUserName>x</ToUserName></xml>'
TEXT = "<xml><ToUserName>{corp}</ToUserName><FromUserName>lina</FromUserName><CreateTime>{time}</CreateTime><MsgType>text</MsgType>" \
    "<Content>{text}</Content><MsgId>{id}</MsgId><AgentID>1000002</AgentID></xml>"  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wecom(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """The WeCom app."""
    async with _running("wecom_app", tmp_path_factory) as product:
        yield product


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dingtalk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """DingTalk over HTTP."""
    async with _running("dingtalk_http", tmp_path_factory) as product:
        yield product


@asynccontextmanager
async def _running(door: str, folders: pytest.TempPathFactory, database_url: str = "") -> AsyncIterator[Product]:
    product = Product(door, folders.mktemp(door), database_url=database_url)
    await product.open()
    try:
        if database_url:
            assert (await product.command("migrate", "-c", str(product.config_path)))[0] == 0
        await product.run()
        yield product
    finally:
        await product.close()


async def post(
    product: Product, path: str, body: bytes, query: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> tuple[int, float]:
    """Status, and seconds it took."""
    started = monotonic()
    async with product.http.post(
        f"{product.base}/acme/{path}", params=query, data=io.BytesIO(body), headers=headers
    ) as response:
        await response.read()
        return response.status, monotonic() - started


def sealed(envelope: Envelope, text: str, *, forged: bool = False) -> tuple[dict[str, str], str]:
    """Query and ciphertext of a WeCom-style envelope."""
    cipher = envelope.seal(text.encode(), b"0123456789abcdef")
    signature = envelope.sign("1700000000", "nonce", cipher)
    query = {"msg_signature": "0" * 40 if forged else signature, "timestamp": "1700000000", "nonce": "nonce"}
    return query, cipher


def delivery(
    product: Product, text: str, *, contacts: bool = False, forged: bool = False, receiver: str = ""
) -> tuple[dict[str, str], bytes]:
    """A WeCom callback as it goes over the wire."""
    envelope = product.wecom.contacts_envelope if contacts else product.wecom.app_envelope
    if receiver:
        token, key = envelope.token, envelope.aes_key
        envelope = Envelope(token, key, receiver)
    query, cipher = sealed(envelope, text, forged=forged)
    return query, f"<xml><ToUserName>x</ToUserName><Encrypt>{cipher}</Encrypt></xml>".encode()


def spoken(product: Product, text: str, ident: int) -> str:
    """A text message of 李娜."""
    return TEXT.format(corp=product.wecom.corp_id, time=int(product.clock().timestamp()), text=text, id=ident)


@pytest.mark.parametrize("path", ["wecom", "wecom/contacts"])
async def test_the_wecom_receivers(wecom: Product, path: str) -> None:
    contacts = path == "wecom/contacts"
    assert await wecom.wecom.verify_url(contacts=contacts) == ""
    good = spoken(wecom, "帮助", 1)
    cases: list[tuple[str, tuple[dict[str, str], bytes], int]] = [
        ("forged", delivery(wecom, good, contacts=contacts, forged=True), 403),
        ("another receiver", delivery(wecom, good, contacts=contacts, receiver="ww9999999999999999"), 403),
        ("not XML inside", delivery(wecom, "hello", contacts=contacts), 400),
        ("broken XML inside", delivery(wecom, "<xml><MsgType>text", contacts=contacts), 400),
        ("DTD inside", delivery(wecom, DTD, contacts=contacts), 400),
        ("bomb inside", delivery(wecom, BOMB, contacts=contacts), 400),
        ("unknown kind", delivery(wecom, good.replace("text<", "hologram<"), contacts=contacts), 200),
    ]
    for name, (query, body), expected in cases:
        status, seconds = await post(wecom, path, body, query)
        assert (name, status) == (name, expected)
        assert seconds < 2, name
    query, _ = delivery(wecom, good, contacts=contacts)
    for body, expected in (
        (b"", 400),
        (b"\xff\xfe\x00", 400),
        (b"{}", 400),
        (BOMB.encode(), 400),
        (DTD.encode(), 400),
        (b"x" * (8 << 20), 413),
    ):
        status, seconds = await post(wecom, path, body, query)
        assert (body[:20], status) == (body[:20], expected)
        assert seconds < 2
    assert (await post(wecom, path, b""))[0] in (400, 403)
    async with wecom.http.get(f"{wecom.base}/acme/{path}") as response:
        assert response.status == 403
    async with wecom.http.get(f"{wecom.base}/acme/{path}", params={**query, "echostr": "nonsense"}) as response:
        assert response.status == 403


async def test_a_good_envelope_with_a_broken_cipher_is_400(wecom: Product) -> None:
    envelope = wecom.wecom.app_envelope
    for cipher in ("", "AAAA", "not base64!", "A" * 64):
        query = {"msg_signature": envelope.sign("1", "n", cipher), "timestamp": "1", "nonce": "n"}
        status, _ = await post(wecom, "wecom", f"<xml><Encrypt>{cipher}</Encrypt></xml>".encode(), query)
        assert status == 400, cipher


async def test_unknown_keys_and_paths_are_404_and_the_pages_answer(wecom: Product) -> None:
    for path in ("/nobody/wecom", "/nobody/dingtalk/robot", "/", "/acme"):
        async with wecom.http.get(wecom.base + path) as response:
            assert response.status == 404, path
        async with wecom.http.post(wecom.base + path, data=b"x") as response:
            assert response.status == 404, path
    for path, word in (("/healthz", "ok"), ("/readyz", "ready"), ("/metrics", "# HELP")):
        async with wecom.http.get(wecom.base + path) as response:
            assert response.status == 200
            assert word in await response.text()


async def test_the_dingtalk_receivers(dingtalk: Product) -> None:
    robot, cards, events = "dingtalk/robot", "dingtalk/cards", "dingtalk/events"
    now = str(int(dingtalk.clock().timestamp() * 1000))
    emulator = dingtalk.dingtalk
    good = {"timestamp": now, "sign": robot_sign(now, emulator.client_secret)}
    click = {"x-ddpaas-signature-timestamp": now, "x-ddpaas-signature": card_sign(now, emulator.card_secret)}
    old = str(int(now) - 2 * 3_600_000)
    stale = {"timestamp": old, "sign": robot_sign(old, emulator.client_secret)}
    cases: list[tuple[str, bytes, dict[str, str], int]] = [
        (robot, b"{}", {}, 403), (robot, b"{}", {**good, "sign": "AAAA"}, 403), (robot, b"{}", stale, 403), (robot, b"not json", good, 400),
        (robot, b"[]", good, 400), (robot, b"{}", good, 400), (robot, b"x" * (8 << 20), good, 413), (robot, b"[" * 50_000, good, 400),
        (cards, b"{}", {}, 403), (cards, b"not json", click, 400), (cards, b"x" * (8 << 20), click, 413), (events, b"not json", {}, 400),
        (events, b"x" * (8 << 20), {}, 413),
    ]  # fmt: skip
    for path, body, headers, expected in cases:
        status, seconds = await post(dingtalk, path, body, headers={**headers, "Content-Type": "application/json"})
        assert (path, body[:20], status) == (path, body[:20], expected)
        assert seconds < 2


async def test_the_dingtalk_event_envelope(dingtalk: Product) -> None:
    assert await dingtalk.dingtalk.verify_url()
    envelope = dingtalk.dingtalk.events_envelope
    event = json.dumps({"EventType": "user_add_org", "userId": ["nobody"], "eventId": "e1"})
    for text, forged, receiver, expected in (
        (event, True, "", 403), (event, False, "dingother", 403), ("not json", False, "", 400), ('{"EventType":"strange"}', False, "", 200), (event, False, "", 200),
    ):  # fmt: skip
        used = Envelope(envelope.token, envelope.aes_key, receiver) if receiver else envelope
        query, cipher = sealed(used, text, forged=forged)
        status, _ = await post(dingtalk, "dingtalk/events", json.dumps({"encrypt": cipher}).encode(), query)
        assert (text, status) == (text, expected)


async def test_a_slow_body_does_not_hold_a_connection(wecom: Product) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", wecom.port)
    writer.write(
        b"POST /acme/wecom?msg_signature=x&timestamp=1&nonce=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n<xml>"
    )
    started = monotonic()
    line = await asyncio.wait_for(reader.readline(), 5)
    assert b" 4" in line
    assert monotonic() - started < 4
    writer.close()


async def test_8_mb_is_413_for_a_client_that_sends_all_before_it_reads(wecom: Product) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", wecom.port)
    writer.write(b"POST /acme/wecom HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (8 << 20))
    for _ in range(8):
        writer.write(b"x" * (1 << 20))
        await writer.drain()
    assert b" 413 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


# --- the database is not there


@asynccontextmanager
async def locked(product: Product) -> AsyncIterator[None]:
    """Another process holds the database."""
    if product.database_url.startswith("sqlite"):
        connection = sqlite3.connect(product.database_file, isolation_level=None, timeout=10)
        connection.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()
        return
    with psycopg.connect(
        make_url(product.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    ) as session:
        tables = [
            row[0] for row in session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        ]
        for _ in range(200):  # never waiting for a lock while holding others: that would be a deadlock with the bot
            try:
                session.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE NOWAIT")  # type: ignore[call-overload]
                break
            except psycopg.errors.LockNotAvailable:
                session.rollback()
                await asyncio.sleep(0.02)
        yield
        session.rollback()


async def _while_locked(product: Product, ident: int) -> tuple[dict[str, str], bytes]:
    good = delivery(product, spoken(product, "帮助", ident))
    forged = delivery(product, spoken(product, "帮助", ident), forged=True)
    async with locked(product):
        started = monotonic()
        answers = await asyncio.gather(
            *(post(product, "wecom", good[1], good[0]) for _ in range(3)),
            product.wecom.verify_url(),
            post(product, "wecom", forged[1], forged[0]),
        )
        assert [status for status, _ in answers[:3]] == [503] * 3
        assert max(seconds for _, seconds in answers[:3]) < 2
        assert answers[3] == ""
        assert answers[4][0] == 403
        assert answers[4][1] < 1
        assert (await post(product, "wecom", good[1], good[0]))[0] == 503
        async with product.http.get(f"{product.base}/readyz") as response:
            assert response.status == 503
        async with product.http.get(f"{product.base}/healthz") as response:
            assert response.status == 200
        assert monotonic() - started < 8
    return good


async def _afterwards(product: Product, good: tuple[dict[str, str], bytes]) -> None:
    """The platform delivers again: taken once, answered once."""

    async def taken() -> bool:
        return (await post(product, "wecom", good[1], good[0]))[0] == 200

    before: Any = product.seen("lina")
    await product.until(taken, what="taken again")
    await product.wait("lina", lambda item: item.sender == "bot" and "拜访" in item.text)
    assert (await post(product, "wecom", good[1], good[0]))[0] == 200
    other = await product.say("lina", "我的待办")
    new = [item for item in product.bot_items("lina") if item.id not in before]
    assert len(new) == 2
    assert new[-1].id == other.id


async def test_a_locked_sqlite_file_is_503_and_nothing_is_lost_or_doubled(wecom: Product) -> None:
    await _afterwards(wecom, await _while_locked(wecom, 77))


@pytest.mark.postgres
async def test_a_locked_postgresql_is_503_and_nothing_is_lost_or_doubled(
    tmp_path_factory: pytest.TempPathFactory, postgres_schema: str
) -> None:
    async with _running("wecom_app", tmp_path_factory, postgres_schema) as product:
        await _afterwards(product, await _while_locked(product, 78))
        code, _, err = await product.command("tick", "-c", str(product.config_path))
        assert code == 0, err
        assert [row["name"] for row in await product.export("customers")] == []


async def test_nothing_was_answered_with_500(wecom: Product, dingtalk: Product) -> None:
    for product in (wecom, dingtalk):
        async with product.http.get(f"{product.base}/metrics") as response:
            assert 'status="5' not in (await response.text()).replace('status="503"', "")
        log = product.log_path.read_text(encoding="utf-8")
        assert "Traceback" not in log
        for secret in (product.wecom.secret, product.wecom.app_envelope.aes_key, product.dingtalk.client_secret):
            assert secret not in log
