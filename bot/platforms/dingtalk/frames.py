"""What comes over a Stream connection, frame by frame, and what each is answered with (Stream 模式协议)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from bot import metrics
from bot.events import AnyEvent, Unknown
from bot.platforms.base import Accept, Clock, Ignored, Outcome, Rejected, Unavailable
from bot.platforms.dingtalk import parse

log = structlog.get_logger("dingtalk.stream")

TOPIC_ROBOT = "/v1.0/im/bot/messages/get"
TOPIC_CARD = "/v1.0/card/instances/callback"
DOOR: parse.Door = "dingtalk_stream"

ANSWER_SECONDS = 1.7  # a click is answered within 2 s or the person sees an error (卡片回传)
OUTCOME_SECONDS = 1.2  # of these, how long the answer may wait for what the click did
PATIENCE = (0.5, 1.0, 2.0, 4.0, 8.0)  # pauses between attempts to store a message, which may never be repeated


class Frame(Struct):
    """One frame; `data` is JSON inside a string. One page of the docs calls the headers `header`."""

    type: str = ""
    headers: dict[str, Any] | None = None
    header: dict[str, Any] | None = None
    data: Any = None

    def get(self, name: str) -> str:
        """A header, or ""; numbers become their digits."""
        value = (self.headers or self.header or {}).get(name)
        return str(value) if isinstance(value, (str, int)) else ""

    def moment(self, name: str, now: datetime) -> datetime:
        """A header in epoch ms as aware UTC; `now` where it is absent or no time."""
        try:
            return parse.moment(self.get(name))
        except Rejected:
            return now


_decoder = msgspec.json.Decoder(Frame)


def read(raw: str | bytes) -> Frame | None:
    """The frame, or None (and one line in the log) for anything that is none."""
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, UnicodeEncodeError, RecursionError) as error:
        log.warning("dingtalk_frame_unreadable", error=str(error)[:120], size=len(raw))
        return None


def response(params: Mapping[str, Any] | None) -> dict[str, Any]:
    """The answer to a card callback: the clicker's card gets these variables, or stays as it is (卡片回传)."""
    if not params:
        return {}
    return {"cardUpdateOptions": {"updateCardDataByKey": True}, "cardData": {"cardParamMap": dict(params)}}


class Frames:
    """Turns frames into events, has them stored, and only then says so."""

    def __init__(
        self,
        accept: Accept,
        outcome: Outcome,
        ignored: Ignored = lambda _: None,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        self._accept, self._outcome, self._ignored, self._clock = accept, outcome, ignored, clock

    async def answer(self, frame: Frame) -> dict[str, Any] | None:
        """The acknowledgement to send back; None = none, so that the platform repeats the frame where it does that."""
        try:
            answered = await self._handle(frame)
        except Rejected as error:
            log.warning("dingtalk_frame_rejected", reason=error.reason, topic=frame.get("topic")[:80])
            answered = 400, {"response": None}
        except Unknown as error:
            log.info("dingtalk_kind_ignored", kind=error.kind)
            self._ignored(error.kind)
            answered = 200, {"status": "SUCCESS"} if frame.type == "EVENT" else {"response": {}}
        metrics.CALLBACKS.labels(DOOR, str(answered[0]) if answered else "none").inc()
        return _ack(frame, *answered) if answered and frame.get("messageId") else None

    async def _handle(self, frame: Frame) -> tuple[int, Any] | None:
        """Code and data of the acknowledgement; None = none."""
        topic = frame.get("topic")
        if frame.type == "SYSTEM":
            return 200, frame.data  # a ping wants its opaque back, untouched
        if frame.type == "EVENT":
            return await self._event(frame)
        if frame.type == "CALLBACK" and topic == TOPIC_ROBOT:
            return await self._message(frame)
        if frame.type == "CALLBACK" and topic == TOPIC_CARD:
            return await self._click(frame)
        log.info("dingtalk_topic_unknown", type=frame.type[:40], topic=topic[:80])
        return 404, {"response": None}

    async def _message(self, frame: Frame) -> tuple[int, Any] | None:
        event = parse.message(_data(frame), DOOR, self._clock())
        for pause in PATIENCE:
            if await self._stored([event]):
                return 200, {"response": {}}
            await asyncio.sleep(pause)
        return (200, {"response": {}}) if await self._stored([event]) else None

    async def _click(self, frame: Frame) -> tuple[int, Any]:
        began = time.monotonic()
        key = frame.get("messageId")
        if not key:
            raise Rejected(400, "a card callback without messageId")
        now = self._clock()
        event = parse.click(_data(frame), DOOR, key, frame.moment("time", now))
        if not await self._stored([event]):
            return 500, {"response": {}}
        left = min(OUTCOME_SECONDS, ANSWER_SECONDS - (time.monotonic() - began))
        return 200, {"response": response(await self._outcome(event.key, left) if left > 0 else None)}

    async def _event(self, frame: Frame) -> tuple[int, Any]:
        at = frame.moment("eventBornTime", self._clock())
        data = {**parse.mapping(_data(frame)), "corpId": frame.get("eventCorpId")}
        if await self._stored(parse.changes(frame.get("eventType"), frame.get("eventId"), data, DOOR, at)):
            return 200, {"status": "SUCCESS", "message": "success"}
        return 200, {"status": "LATER", "message": "database away"}

    async def _stored(self, events: Sequence[AnyEvent]) -> bool:
        try:
            await self._accept(events)
        except Unavailable:
            return False
        return True


def _data(frame: Frame) -> str | Mapping[str, Any]:
    """The inner JSON, which is a string on the wire and an object in some samples."""
    return frame.data if isinstance(frame.data, (str, Mapping)) else {}


def _ack(frame: Frame, code: int, data: Any) -> dict[str, Any]:
    text = data if isinstance(data, str) else msgspec.json.encode(data).decode()
    headers = {"contentType": "application/json", "messageId": frame.get("messageId")}
    return {"code": code, "headers": headers, "message": "OK" if code == 200 else "error", "data": text}
