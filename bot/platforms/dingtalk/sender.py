"""Hands outbox rows to DingTalk: cards, their updates, pictures and single lines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from bot.cards.card import Card
from bot.cards.dingtalk import AGAIN, PUBLIC_TEMPLATE, message, render, summary
from bot.platforms.base import Clock, Fate, Outgoing, SendError, Sent
from bot.platforms.dingtalk.client import Client
from bot.platforms.dingtalk.errors import CARD_EXISTS, undelivered, unreached
from bot.platforms.http import encode
from bot.platforms.payload import card_of, png_of

REMEMBERED = 1000  # cards that were made but not delivered, remembered so that a repeat delivers them


def route_key(client_id: str) -> str:
    """Under which name this app's card callbacks are registered in HTTP mode."""
    return f"scrm-{client_id}"


def render_update(card: Card) -> dict[str, str]:
    """The variables that turn a card already sent into this one: for an update, and for the answer to a click."""
    return render(card)


class DingTalkSender:
    """Serves the door "dingtalk", whichever way its messages come in."""

    doors = frozenset({"dingtalk"})
    calls: frozenset[str] = frozenset()

    def __init__(self, client: Client, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self._client, self._clock = client, clock
        self._config = client.config
        self._undelivered: dict[str, None] = {}
        self._kinds: dict[str, Callable[[Outgoing], Awaitable[Sent]]] = {
            "card": self._card,
            "update": self._update,
            "picture": self._picture,
            "line": self._line,
        }

    async def send(self, item: Outgoing) -> Sent:
        """Deliver one row. Raises SendError."""
        kind = self._kinds.get(item.kind)
        if kind is None:
            raise SendError(Fate.PERMANENT, "unknown kind", item.kind)
        return await kind(item)

    async def _card(self, item: Outgoing) -> Sent:
        card = card_of(item)
        try:
            return await self._deliver(item, card)
        except SendError as error:
            if error.code == CARD_EXISTS:
                return Sent()  # an earlier attempt arrived, only its answer was lost
            if error.fate is Fate.QUOTA and self._session(item):
                return await self._reply(item, card, error)
            raise

    async def _deliver(self, item: Outgoing, card: Card) -> Sent:
        """Make the card and bring it to the member's chat with the robot; a card that exists is only brought."""
        body = self._space(item, card)
        if item.card_id in self._undelivered:
            answer = await self._client.api("POST", "/v1.0/card/instances/deliver", body)
            results = answer.get("result")
        else:
            body |= self._made_of(card)
            answer = await self._client.api("POST", "/v1.0/card/instances/createAndDeliver", body)
            result = answer.get("result")
            results = result.get("deliverResults") if isinstance(result, Mapping) else None
        if error := undelivered(results):
            self._remember(item.card_id)
            raise error
        self._undelivered.pop(item.card_id, None)
        return Sent(remote_id=_carrier(results))

    def _space(self, item: Outgoing, card: Card) -> dict[str, Any]:
        return {
            "outTrackId": item.card_id,
            "userIdType": 1,
            "openSpaceId": f"dtv1.card//IM_ROBOT.{item.user_id}",
            "imRobotOpenSpaceModel": {"supportForward": False, "lastMessageI18n": {"ZH_CN": summary(card)}},
            "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT", "robotCode": self._config.robot},
        }

    def _made_of(self, card: Card) -> dict[str, Any]:
        stream = self._config.mode == "stream"
        route = {} if stream else {"callbackRouteKey": route_key(self._config.client_id)}
        return {
            "cardTemplateId": self._config.card_template_id or PUBLIC_TEMPLATE,
            "callbackType": "STREAM" if stream else "HTTP",
            **route,
            "cardData": {"cardParamMap": render(card)},
        }

    def _remember(self, card_id: str) -> None:
        self._undelivered[card_id] = None
        while len(self._undelivered) > REMEMBERED:
            del self._undelivered[next(iter(self._undelivered))]

    def _session(self, item: Outgoing) -> str:
        """The webhook of the conversation the row answers, while it lives; "" = none."""
        until = item.payload.get("session_until")
        with suppress(TypeError, ValueError):
            if until and datetime.fromisoformat(str(until)) <= self._clock():
                return ""
        return str(item.payload.get("session_webhook") or "")

    async def _reply(self, item: Outgoing, card: Card, quota: SendError) -> Sent:
        """The card as a message through the session of the one-to-one message it answers, which costs no call."""
        again = AGAIN if item.repeated else ""
        markdown = {"title": again + summary(card), "text": again + message(card)}
        try:
            body = {"msgtype": "markdown", "markdown": markdown}
            await self._client.webhook(self._session(item), body)
        except SendError:
            raise quota from None
        return Sent(remote_id="session")

    async def _update(self, item: Outgoing) -> Sent:
        target = str(item.payload.get("target") or "")
        if not target:
            raise SendError(Fate.PERMANENT, "no target")
        body = {
            "outTrackId": target,
            "cardData": {"cardParamMap": render_update(card_of(item))},
            "cardUpdateOptions": {"updateCardDataByKey": True},
        }
        await self._client.api("PUT", "/v1.0/card/instances", body)
        return Sent(remote_id=target)

    async def _picture(self, item: Outgoing) -> Sent:
        media_id = await self._client.upload(png_of(item), str(item.payload.get("name") or "picture.png"))
        return await self._to_member(item.user_id, "sampleImageMsg", {"photoURL": media_id})

    async def _line(self, item: Outgoing) -> Sent:
        """A line into the group or to a stranger: through the session while it lives, else by the API."""
        text = str(item.payload.get("text") or "") + (AGAIN if item.repeated else "")
        if webhook := self._session(item):
            try:
                await self._client.webhook(webhook, {"msgtype": "text", "text": {"content": text}})
                return Sent(remote_id="session")
            except SendError as error:
                if error.fate is not Fate.PERMANENT:
                    raise
        if item.group:
            return await self._to_group(item.group, text)
        if item.user_id:
            return await self._to_member(item.user_id, "sampleText", {"content": text})
        raise SendError(Fate.PERMANENT, "no way back", "a stranger whose session has ended")

    async def _to_group(self, group: str, text: str) -> Sent:
        body = self._robot_message("sampleText", {"content": text}) | {"openConversationId": group}
        answer = await self._client.api("POST", "/v1.0/robot/groupMessages/send", body)
        return Sent(remote_id=str(answer.get("processQueryKey") or ""))

    async def _to_member(self, user_id: str, key: str, param: dict[str, str]) -> Sent:
        body = self._robot_message(key, param) | {"userIds": [user_id]}
        answer = await self._client.api("POST", "/v1.0/robot/oToMessages/batchSend", body)
        if error := unreached(answer):
            raise error
        return Sent(remote_id=str(answer.get("processQueryKey") or ""))

    def _robot_message(self, key: str, param: dict[str, str]) -> dict[str, Any]:
        return {"robotCode": self._config.robot, "msgKey": key, "msgParam": encode(param).decode()}


def _carrier(results: object) -> str:
    """The id of the message that carries the card."""
    first = results[0] if isinstance(results, list) and results else None
    return str(first.get("carrierId") or "") if isinstance(first, Mapping) else ""
