"""Bad input at every door: real callbacks, mutated at the wire, in the envelope and inside it; never a 500, never a crash."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import sqlalchemy as sa
import structlog
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import LogCapture

from bot.config import parse
from bot.doors import build
from bot.events import AnyEvent
from bot.inbox import Inbox
from bot.platforms.http import open_session
from bot.platforms.tokens import MemoryTokens
from bot.schema import migrate
from bot.tables import Inbox as Row
from emulator.crypto import Envelope
from emulator.dingtalk.callbacks import card_sign, robot_sign
from scrm.db import Database

PAYLOADS = Path(__file__).parent / "payloads"
CORP, KEY = "ww0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ROUTES = (
    "/acme/wecom",
    "/acme/wecom/contacts",
    "/acme/dingtalk/robot",
    "/acme/dingtalk/cards",
    "/acme/dingtalk/events",
)
ALLOWED = {200, 400, 403, 404, 405, 408, 411, 413, 503}
SECRET = "client-secret"
EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@dataclass
class Request:
    """One HTTP request as the platform would make it."""

    path: str
    body: bytes
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"


class Server:
    """The doors of one company with a real inbox, on a loop of their own."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'acme.db'}")
        migrate(self.database)
        self.log = LogCapture()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()
        self.database.close()

    async def _serve(self) -> None:
        config = parse({
            "company": {"key": "acme", "name": "示例科技"},
            "server": {"public_url": "http://127.0.0.1:1"},
            "wecom": {"corp_id": CORP, "agent_id": 1, "secret": "s", "token": "t1", "aes_key": KEY,
                      "contacts": {"token": "t2", "aes_key": KEY}},
            "dingtalk": {"client_id": "ding1", "client_secret": SECRET, "robot_code": "dingdemo0001", "mode": "http",
                         "events": {"token": "t3", "aes_key": KEY}},
        })  # fmt: skip
        session, inbox = open_session(), Inbox(self.database, lambda: None)

        async def outcome(_key: str, _seconds: float) -> Mapping[str, Any] | None:
            return None

        doors = build(
            config, session, MemoryTokens(), inbox.accept, outcome, lambda name: None, lambda: datetime.now(UTC)
        )
        app = web.Application(client_max_size=1024 * 1024)
        app.add_routes(doors.routes)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()
        await inbox.close()
        await session.close()

    def ask(self, request: Request) -> int:
        """The status; a request that HTTP itself cannot carry counts as refused."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            path = f"{request.path}?{urlencode(request.query, errors='replace')}" if request.query else request.path
            connection.request(request.method, path, body=request.body, headers=request.headers)
            response = connection.getresponse()
            response.read()
            return response.status
        except (http.client.InvalidURL, ValueError, UnicodeEncodeError):
            return 400
        finally:
            connection.close()

    def stored(self) -> int:
        with self.database.read() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(Row)) or 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("hostile"))
    before = structlog.get_config()
    structlog.configure(processors=[structlog.processors.format_exc_info, running.log], cache_logger_on_first_use=False)
    running.start()
    yield running
    running.stop()
    structlog.configure(**before)


def wecom(path: str, message: bytes) -> Request:
    """A well-signed, well-encrypted callback with this inside."""
    envelope = Envelope("t2" if path.endswith("contacts") else "t1", KEY, CORP)
    cipher = envelope.seal(message, b"0123456789abcdef")
    query = {"msg_signature": envelope.sign("1772589600", "nonce", cipher), "timestamp": "1772589600", "nonce": "nonce"}
    body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>"
    return Request(path, body.encode(), query, {"Content-Type": "text/xml"})


def robot(body: bytes) -> Request:
    stamp = str(int(datetime.now(UTC).timestamp() * 1000))
    return Request("/acme/dingtalk/robot", body, headers={"timestamp": stamp, "sign": robot_sign(stamp, SECRET)})


def card(body: bytes) -> Request:
    stamp = str(int(datetime.now(UTC).timestamp() * 1000))
    signature = {"x-ddpaas-signature-timestamp": stamp, "x-ddpaas-signature": card_sign(stamp, SECRET)}
    return Request("/acme/dingtalk/cards", body, headers=signature)


def event(message: bytes) -> Request:
    envelope = Envelope("t3", KEY, "ding1")
    cipher = envelope.seal(message, b"0123456789abcdef")
    query = {
        "msg_signature": envelope.sign("1772589600000", "nonce", cipher),
        "timestamp": "1772589600000",
        "nonce": "nonce",
    }
    return Request("/acme/dingtalk/events", json.dumps({"encrypt": cipher}).encode(), query)


def _inner(folder: str, *patterns: str) -> list[bytes]:
    found = [path.read_bytes() for pattern in patterns for path in sorted((PAYLOADS / folder).glob(pattern))]
    assert found
    return found


WECOM = _inner("wecom", "*.xml", "card_choice.json", "text.json")
ROBOT = _inner(
    "dingtalk",
    "text*.json",
    "audio*.json",
    "picture.json",
    "rich_text*.json",
    "file.json",
    "video.json",
    "unknown.json",
)
CARD = _inner("dingtalk", "card_*.json")
EVENT = _inner("dingtalk", "event_http_*.json")
DOORS = {"wecom": WECOM, "contacts": WECOM, "robot": ROBOT, "cards": CARD, "events": EVENT}


def sealed(door: str, message: bytes) -> Request:
    """The message in its proper envelope for this door."""
    if door in ("wecom", "contacts"):
        return wecom("/acme/wecom" if door == "wecom" else "/acme/wecom/contacts", message)
    return {"robot": robot, "cards": card, "events": event}[door](message)


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with pieces cut out, doubled, replaced or put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(
            st.one_of(
                st.binary(max_size=12),
                st.just(data[start:end] * 2),
                st.sampled_from([b"", b"\x00", b"\xff\xfe", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"]]>", b"<xml>", b"{", b"[[", b'"', b"null",
                                 b"-1", b"99999999999999999999999", b"1e999", b"NaN", "\u0000".encode(), b"\xed\xa0\x80", b"&lol;", "😀".encode()]),
            )
        )  # fmt: skip
        data = data[:start] + piece + data[end:]
    return data


def check(server: Server, request: Request) -> int:
    """Ask, and insist that nothing broke."""
    server.log.entries.clear()
    status = server.ask(request)
    assert status in ALLOWED
    broken = [
        entry for entry in server.log.entries if entry["log_level"] in ("error", "critical") or "exception" in entry
    ]
    assert not broken, broken
    return status


# --- the properties


@EXAMPLES
@given(data=st.data(), door=st.sampled_from(sorted(DOORS)))
def test_a_well_signed_callback_with_anything_inside(server: Server, data: st.DataObject, door: str) -> None:
    message = data.draw(st.sampled_from(DOORS[door]).flatmap(mutated))
    status = check(server, sealed(door, message))
    assert status in (200, 400, 413, 403 if door == "robot" else 400)  # 403: it names another robot


@EXAMPLES
@given(data=st.data(), door=st.sampled_from(sorted(DOORS)))
def test_a_real_callback_mutated_on_the_wire(server: Server, data: st.DataObject, door: str) -> None:
    request = sealed(door, data.draw(st.sampled_from(DOORS[door])))
    what = data.draw(st.sampled_from(["body", "query", "header", "method", "path"]))
    if what == "body":
        request.body = data.draw(mutated(request.body))
    elif what == "query" and request.query:
        request.query[data.draw(st.sampled_from(sorted(request.query)))] = data.draw(st.text(max_size=40))
    elif what == "header" and request.headers:
        name = data.draw(st.sampled_from(sorted(request.headers)))
        request.headers[name] = data.draw(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40))
    elif what == "method":
        request.method = data.draw(st.sampled_from(["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]))
    else:
        request.path += data.draw(st.sampled_from(["/", "x", "/..", "%00", "//", "/%2e%2e/metrics"]))
    check(server, request)


@EXAMPLES
@given(
    path=st.sampled_from(ROUTES),
    body=st.binary(max_size=300),
    query=st.dictionaries(st.text(max_size=12), st.text(max_size=40), max_size=5),
)
def test_anything_at_all_is_refused(server: Server, path: str, body: bytes, query: dict[str, str]) -> None:
    before = server.stored()
    assert check(server, Request(path, body, query)) in (400, 403)
    assert server.stored() == before


@EXAMPLES
@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=12),
       name=st.sampled_from(["msgId", "senderStaffId", "text", "content", "createAt", "conversationType", "userId", "EventType", "outTrackId", "UserId", "sessionWebhook"]),
       door=st.sampled_from(["robot", "cards", "events"]), data=st.data())  # fmt: skip
def test_a_field_of_another_type(server: Server, value: Any, name: str, door: str, data: st.DataObject) -> None:
    message = json.loads(data.draw(st.sampled_from(DOORS[door])))
    message[name] = value
    assert check(server, sealed(door, json.dumps(message).encode())) in (200, 400, 413)


# --- by hand


def test_every_recorded_callback_is_taken_and_what_is_stored_can_be_read(server: Server) -> None:
    for door, messages in DOORS.items():
        for message in messages:
            assert check(server, sealed(door, message)) == 200
    with server.database.read() as session:
        for payload in session.scalars(sa.select(Row.payload)):
            msgspec.json.decode(payload, type=AnyEvent)


@pytest.mark.parametrize("path", ROUTES)
def test_too_large_is_413_and_a_wrong_verb_405(server: Server, path: str) -> None:
    assert server.ask(Request(path, b"x" * (64 * 1024 + 1))) == 413
    assert server.ask(Request(path, b"", method="DELETE")) == 405
    assert server.ask(Request("/nobody" + path.removeprefix("/acme"), b"{}")) == 404


@pytest.mark.parametrize("bomb", [
    b"<!DOCTYPE xml [<!ENTITY a 'aaaaaaaaaa'>" + b"".join(b"<!ENTITY a%d '&a%s;&a%s;'>" % (n, str(n - 1).encode() if n > 1 else b"", str(n - 1).encode() if n > 1 else b"") for n in range(1, 30)) + b"]><xml>&a29;</xml>",
    b"<!DOCTYPE xml SYSTEM 'file:///etc/passwd'><xml/>",
    b"<xml>" * 20_000,
    b"[" * 30_000,
])  # fmt: skip
def test_bombs_are_refused_quickly(server: Server, bomb: bytes) -> None:
    assert check(server, sealed("wecom", bomb)) in (400, 413)
    assert check(server, Request("/acme/wecom", bomb, {"msg_signature": "x", "timestamp": "1", "nonce": "n"})) in (
        400,
        413,
    )


@pytest.mark.parametrize("door", ["robot", "cards", "events"])
@pytest.mark.parametrize("depth", [b"[" * 30_000, b'{"a":' * 12_000, b"[" * 30_000 + b"]" * 30_000])
def test_json_nested_without_end_is_refused(server: Server, door: str, depth: bytes) -> None:
    assert check(server, sealed(door, depth)) in (400, 413)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "headers", [{"X-Long": "a" * 20_000}, {"timestamp": "1" * 20_000}, {f"X-{n}": "a" * 900 for n in range(2000)}], ids=["long", "ours", "many"]
)  # fmt: skip
def test_headers_beyond_the_limit_are_refused(server: Server, path: str, headers: dict[str, str]) -> None:
    server.log.entries.clear()
    with suppress(OSError):  # it may hang up while we are still sending
        assert server.ask(Request(path, b"{}", headers=headers)) in (400, 403)
    assert server.ask(Request(path, b"{}")) in (400, 403)  # and serves the next one
    assert not [entry for entry in server.log.entries if entry["log_level"] in ("error", "critical")]


def test_an_unknown_kind_is_200_with_one_line_that_says_what_would_handle_it(server: Server) -> None:
    message = (
        b"<xml><ToUserName>ww</ToUserName><FromUserName>lina</FromUserName><CreateTime>1772589600</CreateTime>"
        b"<MsgType>hologram</MsgType><MsgId>1</MsgId><AgentID>1</AgentID></xml>"
    )
    assert check(server, sealed("wecom", message)) == 200
    lines = [entry for entry in server.log.entries if entry["event"] == "unknown_kind"]
    assert len(lines) == 1
    assert "hologram" in lines[0]["kind"]
    assert lines[0]["hint"]
