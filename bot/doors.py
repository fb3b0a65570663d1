"""One company's doors, from its config: what listens, what sends, what reads the directory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
from aiohttp import web

from bot.assistant import Assistant
from bot.cards.card import Card
from bot.clock import Clock
from bot.config import Config, DingTalk, Receiver, WeCom
from bot.events import AnyEvent, DirectoryChange
from bot.platforms.base import Accept, DirectorySource, Outcome, Outgoing, Sender, Sent
from bot.platforms.dingtalk import callback as dingtalk_callback
from bot.platforms.dingtalk.client import Client as DingTalkClient
from bot.platforms.dingtalk.directory import DingTalkDirectory
from bot.platforms.dingtalk.parse import costs_push
from bot.platforms.dingtalk.sender import DingTalkSender, render_update
from bot.platforms.dingtalk.stream import Stream
from bot.platforms.dingtalk.tokens import app_tokens as dingtalk_tokens
from bot.platforms.http import Http
from bot.platforms.tokens import TokenStore
from bot.platforms.wecom import callback as wecom_callback
from bot.platforms.wecom.client import WeComClient
from bot.platforms.wecom.directory import WeComDirectory
from bot.platforms.wecom.menu import install as install_menu
from bot.platforms.wecom.sender import WeComSender
from bot.platforms.wecom.socket import BotSocket
from bot.platforms.wecom.tokens import app_tokens as wecom_tokens

Call = Callable[[Outgoing], Awaitable[Sent]]


class Listener(Protocol):
    """A connection we keep open."""

    @property
    def connected(self) -> bool: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Exclusive(Listener, Protocol):
    """A connection of which the platform allows one; `replaced` once somebody else has taken it, until start()."""

    @property
    def replaced(self) -> bool: ...


@dataclass(slots=True)
class Doors:
    """Everything between one company and its platforms."""

    routes: list[web.RouteDef] = field(default_factory=list)
    senders: dict[str, Sender] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    directories: dict[str, DirectorySource] = field(default_factory=dict)
    listeners: dict[str, Listener] = field(default_factory=dict)
    leased: dict[str, Exclusive] = field(default_factory=dict)  # one connection per bot: held under a lease
    at_start: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    render_update: Callable[[Card], Mapping[str, Any]] = lambda card: {}

    @property
    def names(self) -> list[str]:
        """The outgoing doors, the preferred one first."""
        return [*self.senders, *(name for name in self.leased if name not in self.senders)]


def names_of(config: Config) -> list[str]:
    """The outgoing doors a config opens, without opening them."""
    names = []
    if config.wecom is not None and config.wecom.has_app:
        names.append("wecom_app")
    if config.wecom is not None and config.wecom.bot is not None:
        names.append("wecom_bot")
    if config.dingtalk is not None:
        names.append("dingtalk")
    return names


def build(
    config: Config,
    session: aiohttp.ClientSession,
    tokens: TokenStore,
    accept: Accept,
    outcome: Outcome,
    count: Callable[[str], None],
    clock: Clock,
) -> Doors:
    """The doors a config asks for, not yet open. `count` is told the name of every budget a call or push uses up."""
    doors, http = Doors(), Http(session)
    if config.assistant is not None:
        doors.calls["assist"] = Assistant(config.assistant, http).send
    if config.wecom is not None:
        _build_wecom(doors, config, config.wecom, session, http, tokens, accept, clock)
    if config.dingtalk is not None:
        _build_dingtalk(doors, config, config.dingtalk, session, http, tokens, accept, outcome, count, clock)
    return doors


def _build_wecom(
    doors: Doors, config: Config, wecom: WeCom, session: aiohttp.ClientSession, http: Http, tokens: TokenStore, accept: Accept, clock: Clock
) -> None:  # fmt: skip
    path = f"/{config.company.key}/wecom"
    if wecom.has_app:
        app = wecom_callback.Callback(wecom.token, wecom.aes_key, wecom.corp_id)
        contacts = wecom.contacts or Receiver(wecom.token, wecom.aes_key)
        receiver = wecom_callback.Callback(contacts.token, contacts.aes_key, wecom.corp_id, "wecom_contacts")
        doors.routes += wecom_callback.routes(path, app, accept)
        doors.routes += wecom_callback.routes(f"{path}/contacts", receiver, accept)
        client = WeComClient(
            http, wecom.api_base, wecom_tokens(http, wecom.api_base, wecom.corp_id, wecom.secret, tokens)
        )
        sender = WeComSender(client, wecom.agent_id, clock)
        doors.senders["wecom_app"] = sender
        doors.calls.update(dict.fromkeys(sender.calls, sender.send))
        doors.directories["wecom"] = WeComDirectory(client)
        doors.at_start.append(lambda: install_menu(client, wecom.agent_id))
    if wecom.bot is not None:
        doors.leased["wecom_bot"] = BotSocket(wecom.bot, session, accept)


def _build_dingtalk(
    doors: Doors, config: Config, dingtalk: DingTalk, session: aiohttp.ClientSession, http: Http, tokens: TokenStore, accept: Accept,
    outcome: Outcome, count: Callable[[str], None], clock: Clock,
) -> None:  # fmt: skip
    async def accept_push(events: Sequence[AnyEvent]) -> None:
        await accept(events)
        # Contact events are not counted among pushes (DingTalk docs, API call quota).
        for event in events:
            if not isinstance(event, DirectoryChange):
                count("dingtalk_push")

    def ignored(kind: str) -> None:
        if costs_push(kind):
            count("dingtalk_push")

    client = DingTalkClient(
        dingtalk, http, dingtalk_tokens(dingtalk, http, tokens), lambda kind: count(f"dingtalk_{kind}")
    )
    path = f"/{config.company.key}/dingtalk"
    doors.routes += dingtalk_callback.routes(path, dingtalk, accept_push, outcome, clock, ignored)
    doors.senders["dingtalk"] = DingTalkSender(client, clock)
    doors.directories["dingtalk"] = DingTalkDirectory(client)
    doors.render_update = render_update
    if dingtalk.mode == "stream":
        doors.listeners["dingtalk_stream"] = Stream(dingtalk, session, http, accept_push, outcome, ignored)
    elif config.server.public_url:
        url = f"{config.server.public_url.rstrip('/')}{path}/cards"
        doors.at_start.append(lambda: dingtalk_callback.register(client, url))
