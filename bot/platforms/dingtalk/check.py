"""What `scrm-bot check` says about DingTalk: one Chinese sentence each, with what to click in 开发者后台 when it is not well."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from bot.config import DingTalk
from bot.platforms.base import Finding, SendError
from bot.platforms.dingtalk.callback import CARD_TOLERANCE
from bot.platforms.dingtalk.client import Client
from bot.platforms.dingtalk.errors import CARD_UNKNOWN, IP_REFUSED, NO_SCOPE
from bot.platforms.dingtalk.stream import open_ticket
from bot.platforms.dingtalk.tokens import app_tokens
from bot.platforms.http import TIMEOUT, UNREACHABLE, Http
from bot.platforms.tokens import MemoryTokens

CONSOLE = "开发者后台（open-dev.dingtalk.com）"
SKEW = timedelta(seconds=60)
_NOBODY_ASKED = "invalidParameter.userIds"  # a message to nobody: the robot and its permission were fine
_PROBE = "scrm-bot-check"


async def findings(config: DingTalk, http: Http, public_url: str) -> list[Finding]:
    """Everything that keeps messages from flowing, and what is well. Sends nothing to anybody; three calls are counted.

    `public_url`: where our DingTalk receivers are reachable ("https://bot.example.com/acme/dingtalk"), "" = nowhere.
    """
    found = [await _credentials(config, http)]
    if not found[0].ok:
        return found
    client = Client(config, http, app_tokens(config, http, MemoryTokens()))
    found.append(await _clock(config, http))
    if config.mode == "stream":
        found.append(await _stream(config, http))
    else:
        found += await _address(config, http, public_url)
    found += [await _contacts(client), await _robot(client), await _cards(client), _template(config)]
    if config.mode == "http":
        found.append(_events(config, public_url))
    return found


async def _credentials(config: DingTalk, http: Http) -> Finding:
    error = await _error(app_tokens(config, http, MemoryTokens()).get())
    if error is None:
        return Finding(True, "钉钉凭证", "Client ID 和 Client Secret 有效。")
    where = f"请到{CONSOLE}打开应用的「凭证与基础信息」，把 Client ID、Client Secret 粘贴到 dingtalk.client_id、client_secret"
    if error.code in (UNREACHABLE, TIMEOUT):
        return Finding(False, "钉钉凭证", f"连不上 {config.api_base}，请检查这台机器的出网和 DNS。")
    return Finding(False, "钉钉凭证", _because(error) or f"钉钉不接受这组凭证（{error.code}），{where}。")


async def _clock(config: DingTalk, http: Http) -> Finding:
    body = {"appKey": config.client_id, "appSecret": config.client_secret}
    try:
        reply = await http.call("POST", f"{config.api_base}/v1.0/oauth2/accessToken", body=body)
        theirs = parsedate_to_datetime(reply.headers.get("date", ""))
    except (SendError, ValueError, TypeError):
        return Finding(True, "服务器时间", "钉钉没有给出时间，无法核对时钟。", fatal=False)
    off = abs(datetime.now(UTC) - theirs.replace(tzinfo=theirs.tzinfo or UTC))
    if off <= SKEW:
        return Finding(True, "服务器时间", "与钉钉的时间一致。")
    fatal = config.mode == "http" and off > CARD_TOLERANCE
    sentence = f"服务器时间与钉钉相差 {int(off.total_seconds())} 秒，请打开时间同步（如 timedatectl set-ntp true）。"
    return Finding(False, "服务器时间", sentence, fatal=fatal)


async def _stream(config: DingTalk, http: Http) -> Finding:
    """A ticket is enough: connecting would take messages away from the bot that runs."""
    error = await _error(open_ticket(config, http))
    if error is None:
        return Finding(True, "Stream 连接", "可以建立 Stream 长连接。")
    how = f"请到{CONSOLE}给应用添加「机器人」，消息接收模式选「Stream 模式」，再到「版本管理与发布」发布应用"
    return Finding(False, "Stream 连接", _because(error) or f"Stream 连接被拒绝（{error.code}），{how}。")


async def _address(config: DingTalk, http: Http, public_url: str) -> list[Finding]:
    if not public_url.startswith("https://"):
        how = 'HTTP 模式需要公网 https 地址，请填写 server.public_url，或改用 mode = "stream"（不需要公网地址）。'
        return [Finding(False, "回调地址", how)]
    error = await _error(http.call("GET", f"{public_url}/robot"))
    if error is not None and error.code in (UNREACHABLE, TIMEOUT):
        how = f"从本机访问不到 {public_url}/robot，请检查域名、证书和反向代理，并确认 scrm-bot run 已启动。"
        return [Finding(False, "回调地址", how, fatal=False)]
    where = f"请在{CONSOLE}「机器人 → 消息接收模式 → HTTP 模式」填写 {public_url}/robot。"
    return [Finding(True, "回调地址", f"地址可以访问。{where}")]


async def _contacts(client: Client) -> Finding:
    error = await _error(client.old("/topapi/v2/department/listsub", {"dept_id": 1}))
    if error is None:
        return Finding(True, "通讯录权限", "可以读取部门和成员。")
    how = f"请到{CONSOLE}「权限管理」开通「成员信息读权限」和「通讯录部门信息读权限」，并把「通讯录接口权限范围」设为全部员工"
    return Finding(False, "通讯录权限", _because(error) or f"读不到通讯录（{error.code}），{how}。", fatal=False)


async def _robot(client: Client) -> Finding:
    """A message to nobody is refused for having no receiver, once robot and permission are right."""
    config = client.config
    body = {"robotCode": config.robot, "userIds": [], "msgKey": "sampleText", "msgParam": '{"content":"1"}'}
    error = await _error(client.api("POST", "/v1.0/robot/oToMessages/batchSend", body))
    if error is None or error.code.startswith(_NOBODY_ASKED):
        return Finding(True, "机器人", "机器人可以发消息。")
    if "robotCode" in error.code:
        how = f"robotCode「{config.robot}」不属于这个应用，请到{CONSOLE}「机器人」页复制 RobotCode，粘贴到 dingtalk.robot_code。"
        return Finding(False, "机器人", how)
    how = f"请到{CONSOLE}「权限管理」开通「企业内机器人发送消息权限」，并确认机器人已发布"
    return Finding(False, "机器人", _because(error) or f"机器人不能发消息（{error.code}），{how}。")


async def _cards(client: Client) -> Finding:
    """Changing a card that does not exist is refused for that, once the permission is there."""
    body: dict[str, Any] = {"outTrackId": _PROBE, "cardData": {"cardParamMap": {"title": "1"}}}
    error = await _error(client.api("PUT", "/v1.0/card/instances", body))
    if error is None or error.code == CARD_UNKNOWN:
        return Finding(True, "卡片权限", "可以发送和更新卡片。")
    how = f"请到{CONSOLE}「权限管理」开通「互动卡片实例写权限」（Card.Instance.Write）"
    return Finding(False, "卡片权限", _because(error) or f"不能发卡片（{error.code}），{how}。")


def _template(config: DingTalk) -> Finding:
    if config.card_template_id:
        return Finding(True, "卡片模板", f"使用自己的模板 {config.card_template_id}，请确认它已发布并授权给这个应用。")
    return Finding(True, "卡片模板", "使用钉钉公共按钮模板，无需搭建。", fatal=False)


def _events(config: DingTalk, public_url: str) -> Finding:
    address = f"{public_url or 'https://你的域名'}/events"
    if config.events is None:
        how = (
            f"没有配置 [dingtalk.events]，成员变动要等每天同步；请到{CONSOLE}「事件订阅」选 HTTP 推送，"
            f"生成 token 和 aes_key 填入配置，请求网址填 {address}。"
        )
        return Finding(False, "事件订阅", how, fatal=False)
    return Finding(True, "事件订阅", f"请在{CONSOLE}「事件订阅」填写请求网址 {address}，并勾选通讯录的成员、部门变更。")


def _because(error: SendError) -> str:
    """The sentence for what can go wrong with any call; "" = only this call can tell."""
    if error.code in IP_REFUSED:
        return f"这台机器的出口 IP 不在白名单，请到{CONSOLE}「安全设置 → 服务器出口 IP」添加（{error}）。"
    if error.code in NO_SCOPE:
        return ""
    if error.code in (UNREACHABLE, TIMEOUT):
        return "连不上钉钉，请检查这台机器的出网。"
    if error.fate.value == "quota":
        return "本月的接口调用量已用完，请在钉钉管理后台升级版本或购买增购包。"
    return "钉钉限流，请稍后再检查一次。" if error.fate.value == "rate" else ""


async def _error(call: Awaitable[Any]) -> SendError | None:
    try:
        await call
    except SendError as error:
        return error
    return None
