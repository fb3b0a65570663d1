"""Mutated callbacks: number N of a seed is the same bytes every time, so that a finding is replayed by its number."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from emulator.crypto import Envelope
from emulator.dingtalk.callbacks import card_sign, robot_sign

PAYLOADS = Path(__file__).parents[1] / "wire" / "payloads"
CORP, KEY, CLIENT, ROBOT, SECRET = "ww0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ding1", "dingdemo0001", "client-secret"  # fmt: skip
TOKENS = {"wecom": "t1", "contacts": "t2", "events": "t3"}
PATHS = {
    "wecom": "/acme/wecom", "contacts": "/acme/wecom/contacts", "robot": "/acme/dingtalk/robot",
    "cards": "/acme/dingtalk/cards", "events": "/acme/dingtalk/events",
}  # fmt: skip
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # the server's clock stands still: a signature is as good tomorrow
STAMP = str(int(NOW.timestamp() * 1000))
PIECES = (
    b"", b"\x00", b"\xff\xfe", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"]]>", b"<xml>", b"</xml>", b"{", b"}", b"[" * 400, b'"',
    b"null", b"true", b"-1", b"0", b"99999999999999999999999", b"1e999", b"NaN", b"\xed\xa0\x80", b"\\ud800", b"&#0;", b"&#55296;",
    "😀".encode(), "拜访".encode(), b"%00", b"../", b"' OR 1=1 --", b"\r\n", b"a" * 3000,
)  # fmt: skip

STRANGE = (
    None, True, False, 0, -1, 10**30, 1e308, float("nan"), "", " ", "0", "-1", "1e9", "9" * 400, "null", [], {}, [[]], {"": {}}, [None, {}],
    "a" * 5000, "😀" * 50, "\u0000", "\u202e拜访", "拜访了" * 300, "1970-01-01", "move_deal:deal=7:stage=4:version=3", "move_deal:deal=x:::",
    "answer:draft=99999999999999999999:option=0", "' OR 1=1 --", "{{7*7}}", "../../etc/passwd", "<b>&lt;", "wecom:", "{}", "[" * 200,
)  # fmt: skip
VALUE = re.compile(r"(?<=>)((?:<!\[CDATA\[.*?\]\]>)|[^<>]*)</", re.DOTALL)
UNWRITABLE = {number: None for number in range(32) if number not in (9, 10, 13)}


@dataclass
class Callback:
    """One HTTP request, in pieces that can be mutated."""

    path: str
    body: bytes
    query: list[tuple[str, bytes]] = field(default_factory=list)
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    method: str = "POST"

    def wire(self) -> bytes:
        """The request as it goes over the socket."""
        query = "&".join(f"{name}={quote_from_bytes(value)}" for name, value in self.query)
        target = f"{self.path}?{query}" if query else self.path
        lines = [f"{self.method} {target} HTTP/1.1".encode(), b"Host: bot", b"Content-Length: %d" % len(self.body)]
        lines += [name.encode() + b": " + value for name, value in self.headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


@cache
def _recorded() -> dict[str, list[bytes]]:
    wecom = [path.read_bytes() for path in sorted((PAYLOADS / "wecom").glob("*.xml"))]
    found = {"wecom": wecom, "contacts": wecom}
    for door, pattern in (("robot", "[a-b,f-v]*.json"), ("cards", "card_*.json"), ("events", "event_http_*.json")):
        found[door] = [path.read_bytes() for path in sorted((PAYLOADS / "dingtalk").glob(pattern))]
    assert all(found.values())
    return found


@cache
def _envelope(door: str) -> Envelope:
    return Envelope(TOKENS[door], KEY, CLIENT if door == "events" else CORP)


def _sealed(door: str, message: bytes) -> Callback:
    if door == "robot":
        sign = robot_sign(STAMP, SECRET).encode()
        return Callback(PATHS[door], message, headers=[("timestamp", STAMP.encode()), ("sign", sign)])
    if door == "cards":
        sign = card_sign(STAMP, SECRET).encode()
        stamp = ("x-ddpaas-signature-timestamp", STAMP.encode())
        return Callback(PATHS[door], message, headers=[stamp, ("x-ddpaas-signature", sign)])
    envelope = _envelope(door)
    cipher = envelope.seal(message, b"0123456789abcdef")
    query = [("msg_signature", envelope.sign("1772589600", "nonce", cipher).encode()), ("timestamp", b"1772589600"), ("nonce", b"nonce")]  # fmt: skip
    if door == "events":
        return Callback(PATHS[door], json.dumps({"encrypt": cipher}).encode(), query)
    body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>"
    return Callback(PATHS[door], body.encode(), query)


def mutated(chance: random.Random, data: bytes) -> bytes:
    """The bytes with pieces cut out, doubled, moved, flipped or put in."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randint(0, len(data))
        end = min(len(data), start + chance.randint(0, 40))
        kind = chance.randrange(5)
        if kind == 0:
            piece = chance.choice(PIECES)
        elif kind == 1:
            piece = data[start:end] * chance.randint(2, 8)
        elif kind == 2:
            piece = chance.randbytes(chance.randint(0, 12))
        elif kind == 3:
            piece = b""
        else:
            piece = bytes(byte ^ 1 << chance.randrange(8) for byte in data[start:end])
        data = data[:start] + piece + data[end:]
    return data


def _strange(chance: random.Random, old: object) -> Any:
    """A value nobody expects in the place of this one."""
    if chance.random() < 0.3:
        return mutated(chance, str(old).encode()).decode(errors="replace")
    return deepcopy(chance.choice(STRANGE))  # what is put in may be changed in its turn


def reshaped(chance: random.Random, data: bytes) -> bytes:
    """The same document, still well formed, with one or two of its values replaced."""
    if data.lstrip().startswith(b"<"):
        text = data.decode()
        for _ in range(chance.randint(1, 2)):
            slot = chance.choice(list(VALUE.finditer(text)))
            value = str(_strange(chance, slot[1])).translate(UNWRITABLE).replace("]]>", "]] >")
            text = f"{text[: slot.start()]}<![CDATA[{value}]]></{text[slot.end() :]}"
        return text.encode(errors="replace")
    document = json.loads(data)
    for _ in range(chance.randint(1, 2)):
        place = document
        while isinstance(place, dict) and place:
            name = chance.choice(sorted(place))
            if not isinstance(place[name], dict) or chance.random() < 0.3:
                place[name] = _strange(chance, place[name])
                break
            place = place[name]
    return json.dumps(document, ensure_ascii=chance.random() < 0.5).encode(errors="replace")


def _value(chance: random.Random, door: str, message: bytes) -> Callback:
    return _sealed(door, reshaped(chance, message))


def _inside(chance: random.Random, door: str, message: bytes) -> Callback:
    return _sealed(door, mutated(chance, message))


def _body(chance: random.Random, door: str, message: bytes) -> Callback:
    made = _sealed(door, message)
    made.body = mutated(chance, made.body)
    return made


def _query_or_header(chance: random.Random, door: str, message: bytes) -> Callback:
    made = _sealed(door, message)
    pairs = made.query or made.headers
    index = chance.randrange(len(pairs))
    value = mutated(chance, pairs[index][1])
    if made.headers:  # what a header cannot carry at all belongs to `_line`
        value = bytes(byte for byte in value if byte not in b"\r\n\0")
    pairs[index] = (pairs[index][0], value[:6000])
    return made


def _line(chance: random.Random, door: str, message: bytes) -> Callback:
    made = _sealed(door, message)
    made.method = chance.choice(["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "post", "BREW"])
    made.path += chance.choice(["", "/", "x", "/..", "%00", "//", "/%2e%2e/metrics", "/" + "a" * 9000, "?a=%ff"])
    return made


KINDS: tuple[Callable[[random.Random, str, bytes], Callback], ...] = (
    _value,
    _value,
    _value,
    _inside,
    _inside,
    _body,
    _query_or_header,
    _line,
)


def callback(seed: int, number: int) -> Callback:
    """The callback of this number."""
    chance = random.Random(f"{seed}:{number}")
    door = chance.choice(sorted(PATHS))
    return chance.choice(KINDS)(chance, door, chance.choice(_recorded()[door]))
