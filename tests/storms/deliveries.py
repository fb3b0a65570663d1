"""A storm of callbacks: every message several times to whichever replica, a speaker's first ones in order, repeats in any."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic, time

import aiohttp

from emulator.wecom import WeComEmulator
from emulator.wecom.xmltext import to_xml
from tests.storms.company import Rep

AT_ONCE = 64
TOGETHER = 0.3  # share of messages whose second copy comes at the same instant as the first


@dataclass(frozen=True, slots=True)
class Callback:
    """As it goes over the wire, whichever copy."""

    query: Mapping[str, str]
    body: bytes


@dataclass
class Deliveries:
    """Delivers by the platform's rules and keeps account of the answers."""

    wecom: WeComEmulator
    bases: Sequence[str]
    seed: int
    times: int = 4
    ack_seconds: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)  # "200", "503", or what broke instead of an answer

    said: dict[Rep, int] = field(default_factory=dict)  # how many things each rep got across

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._repeats: list[Callback] = []
        self._room = asyncio.Semaphore(AT_ONCE)
        self._number = 0
        self._http: aiohttp.ClientSession | None = None

    async def storm(self, people: Sequence[Rep], each: int) -> None:
        """Everybody says so many things; returns when every copy has been delivered."""
        async with self._connected():
            speaking = asyncio.gather(*(self._speak(rep, each) for rep in people))
            while not speaking.done() or self._repeats:
                await self._repeat(AT_ONCE if speaking.done() else AT_ONCE // 4)
                await asyncio.sleep(0)
            await speaking

    @asynccontextmanager
    async def rain(self, people: Sequence[Rep], pause: float) -> AsyncIterator[None]:
        """Meanwhile everybody goes on speaking, with a pause of this length on average."""
        async with self._connected():
            over = asyncio.Event()
            speaking = [asyncio.create_task(self._go_on(rep, pause, over)) for rep in people]
            try:
                yield
            finally:
                over.set()
                await asyncio.gather(*speaking)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30), connector=connector) as self._http:
            yield

    def seal(self, rep: Rep, text: str) -> Callback:
        """The callback that brings this sentence."""
        self._number += 1
        event = {
            "ToUserName": self.wecom.corp_id, "FromUserName": rep.user_id, "CreateTime": int(time()), "MsgType": "text",
            "Content": text, "MsgId": 7_000_000_000 + self._number, "AgentID": self.wecom.agent_id,
        }  # fmt: skip
        envelope = self.wecom.app_envelope
        cipher = envelope.seal(to_xml(event).encode(), self._number.to_bytes(16, "big"))
        stamp, nonce = str(int(time())), str(self._number)
        query = {"msg_signature": envelope.sign(stamp, nonce, cipher), "timestamp": stamp, "nonce": nonce}
        return Callback(query, f"<xml><ToUserName>x</ToUserName><Encrypt>{cipher}</Encrypt></xml>".encode())

    async def post(self, http: aiohttp.ClientSession, callback: Callback, base: str) -> bool:
        """One delivery; whether it was acknowledged."""
        started = monotonic()
        try:
            async with http.post(f"{base}/acme/wecom", params=callback.query, data=callback.body) as response:
                await response.read()
                answer = str(response.status)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            answer = type(error).__name__
        self.answers[answer] += 1
        if answer == "200":
            self.ack_seconds.append(monotonic() - started)
        return answer == "200"

    async def _speak(self, rep: Rep, each: int) -> None:
        for _ in range(each):
            await self._say(rep)

    async def _go_on(self, rep: Rep, pause: float, over: asyncio.Event) -> None:
        await asyncio.sleep(self._dice.uniform(0, pause))
        while not over.is_set():
            await self._say(rep)
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), self._dice.uniform(0.8, 1.2) * pause)

    async def _say(self, rep: Rep) -> None:
        """The next thing, delivered until it is acknowledged."""
        number = self.said.get(rep, 0)
        callback = self.seal(rep, rep.says(number))
        copies = 2 if self.times > 1 and self._dice.random() < TOGETHER else 1
        while not await self._anywhere([callback] * copies):  # noqa: ASYNC110 - as a platform does
            await asyncio.sleep(0.1)
        self.said[rep] = number + 1
        self._repeats += [callback] * (self.times - copies)

    async def _anywhere(self, callbacks: Sequence[Callback]) -> bool:
        assert self._http is not None
        http = self._http
        async with self._room:
            acknowledged = await asyncio.gather(
                *(self.post(http, callback, self._dice.choice(self.bases)) for callback in callbacks)
            )
        return any(acknowledged)

    async def _repeat(self, many: int) -> None:
        taken = []
        for _ in range(min(many, len(self._repeats))):
            place = self._dice.randrange(len(self._repeats))
            self._repeats[place], self._repeats[-1] = self._repeats[-1], self._repeats[place]
            taken.append(self._repeats.pop())
        if taken:
            await asyncio.gather(*(self._anywhere([callback]) for callback in taken))
        else:
            await asyncio.sleep(0.01)
