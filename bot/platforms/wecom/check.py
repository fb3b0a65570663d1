"""What is wrong with the WeCom settings, in words an administrator can act on: the WeCom part of `scrm-bot check`."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from bot.config import WeCom, WeComBot
from bot.platforms.base import Finding, SendError
from bot.platforms.crypto import Envelope
from bot.platforms.http import TIMEOUT, UNREACHABLE, Http
from bot.platforms.tokens import AccessTokens, MemoryTokens
from bot.platforms.wecom.client import WeComClient
from bot.platforms.wecom.errors import advice_of
from bot.platforms.wecom.link import BotLink
from bot.platforms.wecom.tokens import app_tokens

MAX_SKEW = 60.0  # seconds by which the clock may differ
_ADDRESS = re.compile(r"from ip: ([0-9a-fA-F.:]+)")
_NETWORK = "连不上企业微信接口：请检查服务器能否访问 wecom.api_base，以及代理和防火墙"


async def findings(config: WeCom, http: Http, public_url: str, *, bot_in_use: bool = False) -> list[Finding]:
    """One finding per thing that a message needs, in the order in which to mend them.

    `public_url` is where our WeCom receiver can be reached ("https://bot.example.com/acme/wecom"), "" = nowhere.
    `bot_in_use`: a running process holds the AI bot's connection; then nothing is done that would take it away.
    """
    found = await _app(config, http, public_url) if config.has_app else []
    if config.bot is not None:
        found.append(await _bot(config.bot, http, bot_in_use))
    return found


async def _app(wecom: WeCom, http: Http, public_url: str) -> list[Finding]:
    tokens = app_tokens(http, wecom.api_base, wecom.corp_id, wecom.secret, MemoryTokens())
    client = WeComClient(http, wecom.api_base, tokens)
    first = await _found("企业微信凭证", lambda: _credentials(tokens))
    if not first.ok:
        return [first]
    found = [first, await _found("企业微信应用", lambda: _agent(client, wecom.agent_id))]
    found.append(await _found("通讯录", lambda: _directory(client)))
    found.append(await _found("客户联系", lambda: _contacts(client), fatal=False))
    found.append(await _clock(http, wecom.api_base))
    envelope = Envelope(wecom.token, wecom.aes_key, wecom.corp_id)
    found.append(await _callback(http, "回调网址", public_url, envelope))
    if wecom.contacts is not None:
        envelope = Envelope(wecom.contacts.token, wecom.contacts.aes_key, wecom.corp_id)
        found.append(
            await _callback(http, "客户联系回调", f"{public_url}/contacts" if public_url else "", envelope, fatal=False)
        )
    return found


async def _found(subject: str, look: Callable[[], Awaitable[str]], *, fatal: bool = True) -> Finding:
    """What a look finds: its sentence, or the advice for the code it was refused with."""
    try:
        return Finding(True, subject, await look())
    except _Wrong as wrong:
        return Finding(False, subject, f"{wrong}。", fatal)
    except SendError as error:
        return Finding(False, subject, f"{_advice(error)}。", fatal)


class _Wrong(Exception):
    """Something is wrong that the platform has no code for; the text says what to do."""


def _advice(error: SendError) -> str:
    if error.code in (UNREACHABLE, TIMEOUT) or error.code.startswith("http_"):
        return _NETWORK
    advice = advice_of(error.code) or "企业微信拒绝了这次调用，请按错误码查询官方文档"
    address = _ADDRESS.search(str(error))
    if error.code == "60020" and address is not None:
        advice += f"，本机的公网 IP 是 {address[1]}"
    return f"{advice}（错误码 {error.code}）"


async def _credentials(tokens: AccessTokens) -> str:
    await tokens.get()
    return "企业 ID 和 Secret 正确。"


async def _agent(client: WeComClient, agent_id: int) -> str:
    agent = await client.get("agent/get", agentid=str(agent_id))
    name = str(agent.get("name", ""))
    if agent.get("close") == 1:
        raise _Wrong(f"应用「{name}」已停用：请到管理后台「应用管理」启用")
    return f"应用「{name}」可用。"


async def _directory(client: WeComClient) -> str:
    answer = await client.get("department/list")
    departments = answer.get("department")
    count = len(departments) if isinstance(departments, list) else 0
    if not count:
        raise _Wrong("应用看不到任何部门：请到应用页面的「可见范围」加入销售所在的部门")
    return f"应用可以看到 {count} 个部门。"


async def _contacts(client: WeComClient) -> str:
    answer = await client.get("externalcontact/get_follow_user_list")
    members = answer.get("follow_user")
    count = len(members) if isinstance(members, list) else 0
    if not count:
        raise _Wrong(
            "还没有成员可以使用客户联系：请到管理后台「客户联系 → 权限配置」加入成员，并让他们在应用的可见范围内"
        )
    return f"{count} 位成员可以使用客户联系。"


async def _clock(http: Http, api_base: str) -> Finding:
    """The platform's clock is in its Date header."""
    subject = "时钟"
    try:
        reply = await http.call("GET", f"{api_base}/cgi-bin/getcallbackip")
        theirs = parsedate_to_datetime(reply.headers.get("date", ""))
    except (SendError, ValueError, TypeError):
        return Finding(True, subject, "没有取得企业微信的时间，未比较。")
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    skew = (datetime.now(UTC) - theirs).total_seconds()
    if abs(skew) <= MAX_SKEW:
        return Finding(True, subject, "本机时间准确。")
    way = "快" if skew > 0 else "慢"
    sentence = f"本机时间{way}了约 {round(abs(skew))} 秒，提醒会不准时：请打开系统的时间同步（NTP）。"
    return Finding(False, subject, sentence, fatal=False)


async def _callback(http: Http, subject: str, url: str, envelope: Envelope, *, fatal: bool = True) -> Finding:
    """Ask our own address what the console asks when the address is saved there (OD:90238).

    `fatal`: whether a wrong answer stops messages. No answer does not: the service may not have been started yet.
    """
    if not url:
        sentence = "没有设置 server.public_url，无法检查回调网址；请确认管理后台填写的网址能从公网访问。"
        return Finding(False, subject, sentence, fatal=False)
    words = secrets.token_hex(8)
    sealed = envelope.seal(words, str(int(time.time())), secrets.token_hex(5))
    query = {
        "msg_signature": sealed.signature,
        "timestamp": sealed.timestamp,
        "nonce": sealed.nonce,
        "echostr": sealed.encrypt,
    }
    try:
        async with http.session.get(url, params=query, timeout=aiohttp.ClientTimeout(total=5)) as response:
            answer = await response.content.read(200)
            if response.status >= 500:
                raise OSError(response.status)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        sentence = f"回调网址 {url} 没有应答：请先启动服务（scrm-bot run），并检查域名、端口和反向代理。"
        return Finding(False, subject, sentence, fatal=False)
    if answer == words.encode():
        sentence = (
            f"回调网址可用：请在应用页面「接收消息 → 设置 API 接收」填写 {url}，Token 和 EncodingAESKey 与配置一致。"
        )
        return Finding(True, subject, sentence)
    sentence = f"回调网址 {url} 的应答不对：请确认那里运行的是这份配置，Token 和 EncodingAESKey 与配置一致。"
    return Finding(False, subject, sentence, fatal)


async def _bot(bot: WeComBot, http: Http, in_use: bool) -> Finding:
    """Subscribing takes the connection from whoever holds it: done only when nobody does."""
    subject = "智能机器人"
    try:
        async with asyncio.timeout(10), http.session.ws_connect(bot.url) as link:
            if in_use:
                await link.close()
                return Finding(True, subject, "长连接地址可用；机器人正在运行，未重新登录。")
        await BotLink.try_subscription(bot, http.session)
    except SendError as error:
        sentence = f"机器人登录失败：请到智能机器人的「API 模式」页面选择长连接，核对 Bot ID 和 Secret（错误码 {error.code}）。"
        return Finding(False, subject, sentence)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return Finding(False, subject, f"连不上 {bot.url}：请检查服务器能否访问这个地址。")
    return Finding(True, subject, "机器人登录成功。")
