"""What the tests of the WeCom emulator share: a receiver judged by wechatpy, an API caller, two clocks."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import xmltodict
from aiohttp import web
from wechatpy.enterprise.crypto import WeChatCrypto

from emulator.wecom import WeComEmulator

Answer = Callable[[dict[str, Any]], Awaitable[web.Response]]
WELCOMING = "您好，我是李娜"


@dataclass
class Clocks:
    """Business time and the real clock, both moved by hand."""

    now: datetime = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in Shanghai
    seconds: float = 1000.0

    def clock(self) -> datetime:
        return self.now

    def real(self) -> float:
        return self.seconds

    def later(self, **span: float) -> None:
        """Both clocks move."""
        self.now += timedelta(**span)
        self.seconds += timedelta(**span).total_seconds()


class Receiver:
    """A callback receiver; every body is opened by wechatpy, so a wrong envelope fails the test."""

    def __init__(self, crypto: WeChatCrypto) -> None:
        self.crypto = crypto
        self.events: list[dict[str, Any]] = []
        self.envelopes: list[dict[str, Any]] = []
        self.answers: list[Answer] = []  # used up one by one; then 200 with an empty body
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        query = request.query
        signature, timestamp, nonce = query["msg_signature"], query["timestamp"], query["nonce"]
        if request.method == "GET":
            echo = self.crypto.check_signature(signature, timestamp, nonce, query["echostr"])
            return web.Response(text=echo)
        body = await request.text()
        self.envelopes.append(xmltodict.parse(body)["xml"])
        event = xmltodict.parse(self.crypto.decrypt_message(body, signature, timestamp, nonce))["xml"]
        self.events.append(event)
        return await self.answers.pop(0)(event) if self.answers else web.Response()

    def then(self, *statuses: int) -> None:
        """Answer the next deliveries with these statuses."""
        for status in statuses:

            async def answer(event: dict[str, Any], status: int = status) -> web.Response:
                return web.Response(status=status)

            self.answers.append(answer)

    def reply(self, xml: str, *, forged: bool = False) -> None:
        """Answer the next delivery with a passive reply."""

        async def answer(event: dict[str, Any]) -> web.Response:
            sealed = self.crypto.encrypt_message(xml, "n0nce", "1767225600")
            return web.Response(text=sealed.replace("<TimeStamp>1", "<TimeStamp>2") if forged else sealed)

        self.answers.append(answer)

    def hang(self) -> None:
        """Never answer the next delivery."""

        async def answer(event: dict[str, Any]) -> web.Response:
            await asyncio.Event().wait()
            return web.Response()

        self.answers.append(answer)


@dataclass
class Desk:
    """The emulated company with 李娜, her manager 王经理 and her colleague 孙琪, and what talks to it."""

    wecom: WeComEmulator
    clocks: Clocks
    app: Receiver
    contacts: Receiver
    session: aiohttp.ClientSession
    token: str = ""
    _runners: list[web.AppRunner] = field(default_factory=list)

    async def login(self) -> str:
        answer = await self.get("gettoken", corpid=self.wecom.corp_id, corpsecret=self.wecom.secret)
        self.token = answer["access_token"]
        return self.token

    async def get(self, path: str, **query: Any) -> Any:
        params = {"access_token": self.token, **query}
        async with self.session.get(f"{self.wecom.base_url}/cgi-bin/{path}", params=params) as response:
            return await response.json()

    async def post(self, path: str, body: Any = None, **query: Any) -> Any:
        params = {"access_token": self.token, **query}
        async with self.session.post(f"{self.wecom.base_url}/cgi-bin/{path}", params=params, json=body) as response:
            return await response.json()

    async def upload(self, kind: str, data: bytes, filename: str = "a.bin") -> Any:
        form = aiohttp.FormData(quote_fields=False)  # the platform shows a quoted name as it is
        form.add_field("media", io.BytesIO(data), filename=filename)
        params = {"access_token": self.token, "type": kind}
        async with self.session.post(f"{self.wecom.base_url}/cgi-bin/media/upload", params=params, data=form) as got:
            return await got.json()

    async def send(self, msgtype: str, content: dict[str, Any], touser: str = "lina", **more: Any) -> Any:
        body = {"touser": touser, "agentid": self.wecom.agent_id, "msgtype": msgtype, msgtype: content, **more}
        return await self.post("message/send", body)

    async def send_card(self, card: dict[str, Any] | None = None, touser: str = "lina", **changes: Any) -> Any:
        return await self.send("template_card", {**(card or deal_card()), **changes}, touser)


def deal_card(task_id: str = "deal-7@v1") -> dict[str, Any]:
    """A card with two buttons."""
    return {
        "card_type": "button_interaction",
        "main_title": {"title": "商机 · 年度框架", "desc": "腾讯"},
        "horizontal_content_list": [{"keyname": "负责人", "type": 3, "userid": "lina"}],
        "task_id": task_id,
        "button_list": [{"text": "推进到谈判", "style": 1, "key": "move"}, {"text": "撤销", "style": 2, "key": "undo"}],
    }


async def _serve(receiver: Receiver) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/callback", receiver.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"
    return runner


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    """Everything started, logged in, and stopped again."""
    clocks = Clocks()
    wecom = WeComEmulator(clocks.clock, real=clocks.real)
    wecom.limits.retry_delays = (0.0, 0.0, 0.0)
    wecom.add_department(2, "销售部")
    wecom.add_member("wangjl", "王经理", departments=[2], leader_of=[2])
    wecom.add_member("lina", "李娜", departments=[2], direct_leader=["wangjl"])
    wecom.add_member("sunqi", "孙琪", departments=[2], direct_leader=["wangjl"])
    await wecom.start()
    boxes = [
        Receiver(WeChatCrypto(envelope.token, envelope.aes_key, wecom.corp_id))
        for envelope in (wecom.app_envelope, wecom.contacts_envelope)
    ]
    runners = [await _serve(box) for box in boxes]
    wecom.callback_url, wecom.contacts_callback_url = (box.url for box in boxes)
    async with aiohttp.ClientSession() as session:
        desk = Desk(wecom, clocks, boxes[0], boxes[1], session)
        await desk.login()
        yield desk
    await wecom.stop()
    for runner in runners:
        await runner.cleanup()
