"""What the tests of the WeCom doors share: an emulated company, and our own doors on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from bot.cards.card import Card
from bot.events import AnyEvent
from bot.platforms.base import Outgoing, Unavailable
from bot.platforms.http import Http, open_session
from bot.platforms.tokens import MemoryTokens
from bot.platforms.wecom.callback import Callback, routes
from bot.platforms.wecom.client import WeComClient
from bot.platforms.wecom.sender import WeComSender
from bot.platforms.wecom.tokens import app_tokens
from emulator.wecom import WeComEmulator

TOKEN = "tok2026demo"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CORP = "ww0123456789abcdef"


@dataclass
class Accepted:
    """An inbox that remembers; `away` times it is not there."""

    events: list[AnyEvent] = field(default_factory=list)
    away: int = 0
    broken: Exception | None = None

    async def __call__(self, events: Sequence[AnyEvent]) -> None:
        if self.broken is not None:
            raise self.broken
        if self.away:
            self.away -= 1
            raise Unavailable
        self.events += events


@dataclass
class Doors:
    """The emulated company with 李娜 and her manager 王强, our receivers, and our client of its API."""

    wecom: WeComEmulator
    accepted: Accepted
    http: Http
    client: WeComClient
    sender: WeComSender
    base: str

    def last(self) -> Any:
        """What 李娜's phone shows last."""
        return self.wecom.screen("lina")[-1]


async def serve(path_of: Sequence[web.RouteDef]) -> tuple[web.AppRunner, str]:
    """Our routes on a free port."""
    app = web.Application()
    app.add_routes(path_of)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


@asynccontextmanager
async def open_doors(**settings: Any) -> AsyncIterator[Doors]:
    """Everything started, and stopped again."""
    wecom = WeComEmulator(**settings)
    wecom.add_department(2, "销售部")
    wecom.add_member("wangqiang", "王强", departments=[2], leader_of=[2])
    wecom.add_member("lina", "李娜", departments=[2], direct_leader=["wangqiang"])
    await wecom.start()
    accepted = Accepted()
    app, contacts = wecom.app_envelope, wecom.contacts_envelope
    runner, base = await serve(
        [
            *routes("/acme/wecom", Callback(app.token, app.aes_key, wecom.corp_id), accepted),
            *routes("/acme/wecom/contacts", Callback(contacts.token, contacts.aes_key, wecom.corp_id), accepted),
        ]
    )
    wecom.callback_url, wecom.contacts_callback_url = f"{base}/acme/wecom", f"{base}/acme/wecom/contacts"
    session = open_session()
    http = Http(session)
    tokens = app_tokens(http, wecom.base_url, wecom.corp_id, wecom.secret, MemoryTokens())
    client = WeComClient(http, wecom.base_url, tokens)
    try:
        yield Doors(wecom, accepted, http, client, WeComSender(client, wecom.agent_id, wecom.clock), base)
    finally:
        await session.close()
        await wecom.stop()
        await runner.cleanup()


def row(kind: str, payload: dict[str, Any] | None = None, *, card: Card | None = None, **fields: Any) -> Outgoing:
    """An outbox row for 李娜."""
    content = dict(payload or {})
    if card is not None:
        content["card"] = msgspec.to_builtins(card)
    usual = {"id": 1, "key": "k", "door": "wecom_app", "user_id": "lina", "card_id": "c0a1", "repeated": False}
    return Outgoing(kind=kind, payload=content, **{**usual, **fields})


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait for a condition, with a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what another program does sets no event of ours
            await asyncio.sleep(0.01)
