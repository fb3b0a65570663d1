"""What the tests of the DingTalk emulator share: an API caller, a plain Stream client, an HTTP receiver, two clocks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from emulator.dingtalk import DingTalkEmulator
from emulator.dingtalk.world import BUTTON_TEMPLATE

GROUP = "cidSALES0001=="
ROBOT, CARD = "/v1.0/im/bot/messages/get", "/v1.0/card/instances/callback"
SUBSCRIPTIONS = [
    {"type": "EVENT", "topic": "*"},
    {"type": "CALLBACK", "topic": ROBOT},
    {"type": "CALLBACK", "topic": CARD},
]


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


@dataclass
class Bot:
    """A Stream client on plain aiohttp that acknowledges everything, or does what `answer` says."""

    socket: aiohttp.ClientWebSocketResponse
    frames: list[dict[str, Any]] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], Any] = lambda frame: {}  # the ack's data; None = no ack
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self) -> None:
        async for message in self.socket:
            frame = json.loads(message.data)
            self.frames.append(frame)
            data = json.loads(frame["data"]) if frame["type"] == "SYSTEM" else self.answer(frame)
            if data is not None:
                await self.ack(frame, data)
        self.closed.set()

    async def ack(self, frame: dict[str, Any], data: Any, code: int = 200) -> None:
        headers = {"contentType": "application/json", "messageId": frame["headers"]["messageId"]}
        await self.socket.send_json({"code": code, "headers": headers, "message": "OK", "data": json.dumps(data)})

    def data(self, topic: str) -> list[dict[str, Any]]:
        """The payloads that came under this topic."""
        return [json.loads(frame["data"]) for frame in self.frames if frame["headers"]["topic"] == topic]


@dataclass
class Receiver:
    """An HTTP mode receiver: records requests and answers what it is told to."""

    requests: list[tuple[str, dict[str, str], dict[str, str], Any]] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)  # used up one by one: JSON, or an awaitable of a response
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.path, headers, dict(request.query), await request.json()))
        answer = self.answers.pop(0) if self.answers else {}
        return await answer if isinstance(answer, Awaitable) else web.json_response(answer)


@dataclass
class Desk:
    """The emulated company with 李娜, her manager 王经理 and 孙琪, and what talks to it."""

    dingtalk: DingTalkEmulator
    clocks: Clocks
    session: aiohttp.ClientSession
    token: str = ""
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def login(self) -> str:
        body = {"appKey": self.dingtalk.client_id, "appSecret": self.dingtalk.client_secret}
        self.token = (await self.call("POST", "/v1.0/oauth2/accessToken", body))[1]["accessToken"]
        return self.token

    async def call(self, method: str, path: str, body: Any = None, **how: Any) -> tuple[int, Any]:
        """Status and JSON of a call of either host, with the present token."""
        headers = {"x-acs-dingtalk-access-token": self.token, **how.pop("headers", {})}
        url = URL(self.dingtalk.base_url + path)
        if not path.startswith("/v1.0/") and "access_token" not in url.query:
            url = url.update_query(access_token=self.token)
        if body is not None:
            how["json"] = body
        async with self.session.request(method, url, headers=headers, **how) as response:
            return response.status, await response.json()

    async def ok(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = await self.call(method, path, body)
        assert status == 200 and answer.get("errcode", 0) == 0, answer
        return answer

    async def ticket(self, **changes: Any) -> tuple[int, Any]:
        """connections/open."""
        who = {"clientId": self.dingtalk.client_id, "clientSecret": self.dingtalk.client_secret}
        return await self.call(
            "POST", "/v1.0/gateway/connections/open", {**who, "subscriptions": SUBSCRIPTIONS, **changes}
        )

    async def connect(self) -> Bot:
        """A connected bot."""
        _, opened = await self.ticket()
        bot = Bot(await self.session.ws_connect(URL(opened["endpoint"]).with_query(ticket=opened["ticket"])))
        self.tasks.append(asyncio.create_task(bot.serve()))
        return bot

    async def send_card(self, out_track_id: str = "deal-7", space: str = "IM_ROBOT.lina", **changes: Any) -> Any:
        return (await self.ok("POST", "/v1.0/card/instances/createAndDeliver", card(out_track_id, space) | changes))[
            "result"
        ]


def card(out_track_id: str = "deal-7", space: str = "IM_ROBOT.lina") -> dict[str, Any]:
    """createAndDeliver of a deal card with two buttons."""
    kind = "imRobot" if space.startswith("IM_ROBOT") else "imGroup"
    return {
        "cardTemplateId": BUTTON_TEMPLATE,
        "outTrackId": out_track_id,
        "callbackType": "STREAM",
        "cardData": {"cardParamMap": params()},
        "openSpaceId": f"dtv1.card//{space}",
        f"{kind}OpenSpaceModel": {"supportForward": False},
        f"{kind}OpenDeliverModel": {"robotCode": "dingdemo0001"},
    }


def params(title: str = "商机 · 年度框架", **changes: str) -> dict[str, str]:
    """The variables of the public button template."""
    buttons = [
        {"text": "推进到谈判", "id": "move", "color": "blue", "request": True},
        {"text": "撤销", "id": "undo", "color": "red", "request": True},
        {"text": "打开", "url": "https://crm.example.com/7", "color": "gray"},
    ]
    return {
        "title": title,
        "markdown": "**客户**：腾讯",
        "tips": "24 小时内可撤销",
        "sys_full_json_obj": json.dumps({"msgButtons": buttons}),
        **changes,
    }


@asynccontextmanager
async def open_desk(**settings: Any) -> AsyncIterator[Desk]:
    """Everything started, logged in, and stopped again."""
    clocks = Clocks()
    dingtalk = DingTalkEmulator(clocks.clock, real=clocks.real, **settings)
    dingtalk.limits.event_retry_delays = (0.0, 0.0)
    dingtalk.add_department(2, "销售部")
    dingtalk.add_member("wangjl", "王经理", departments=[2], leader_of=[2])
    dingtalk.add_member("lina", "李娜", departments=[2], manager_userid="wangjl", mobile="13800000001")
    dingtalk.add_member("sunqi", "孙琪", departments=[2], manager_userid="wangjl")
    dingtalk.add_group(GROUP, "销售一群", ["wangjl", "lina", "sunqi"])
    await dingtalk.start()
    async with aiohttp.ClientSession() as session:
        desk = Desk(dingtalk, clocks, session)
        await desk.login()
        yield desk
        await dingtalk.stop()
        for task in desk.tasks:
            task.cancel()
        await asyncio.gather(*desk.tasks, return_exceptions=True)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """An HTTP receiver on a free port."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{tail:.*}", receiver.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield receiver
    await runner.cleanup()
