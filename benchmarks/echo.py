"""The peer: a bare echo bot. It verifies, opens and answers the same callbacks on aiohttp; no database, no understanding, no cards.

`python -m benchmarks.echo DOOR SECTION PORT`, where SECTION is the platform's section of a config as JSON.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sys
from typing import Any
from urllib.parse import quote_plus

import aiohttp
import xmltodict
from aiohttp import WSMsgType, web
from wechatpy.enterprise.crypto import WeChatCrypto


async def wecom_app(section: dict[str, Any], session: aiohttp.ClientSession, port: int) -> None:
    """Encrypted callbacks in, message/send out."""
    crypto = WeChatCrypto(section["token"], section["aes_key"], section["corp_id"])
    base = f"{section['api_base']}/cgi-bin"
    query = {"corpid": section["corp_id"], "corpsecret": section["secret"]}
    async with session.get(f"{base}/gettoken", params=query) as response:
        token = (await response.json())["access_token"]
    tasks: set[asyncio.Task[None]] = set()

    async def verify(request: web.Request) -> web.Response:
        arguments = (request.query[name] for name in ("msg_signature", "timestamp", "nonce", "echostr"))
        return web.Response(text=crypto.check_signature(*arguments))

    async def receive(request: web.Request) -> web.Response:
        arguments = (request.query[name] for name in ("msg_signature", "timestamp", "nonce"))
        message = xmltodict.parse(crypto.decrypt_message(await request.text(), *arguments))["xml"]
        if message["MsgType"] == "text":
            task = asyncio.create_task(answer(message["FromUserName"], message["Content"]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        return web.Response()

    async def answer(user: str, text: str) -> None:
        body = {"touser": user, "msgtype": "text", "agentid": section["agent_id"], "text": {"content": text}}
        async with session.post(f"{base}/message/send", params={"access_token": token}, json=body) as response:
            await response.read()

    await serve_http(port, [web.get("/acme/wecom", verify), web.post("/acme/wecom", receive)])


async def wecom_bot(section: dict[str, Any], session: aiohttp.ClientSession, _port: int) -> None:
    """Frames in, frames out, over one socket."""
    bot = section["bot"]
    async with session.ws_connect(bot["url"]) as link:
        body = {"bot_id": bot["bot_id"], "secret": bot["secret"]}
        await link.send_json({"cmd": "aibot_subscribe", "headers": {"req_id": "1"}, "body": body})
        async for frame in link:
            if frame.type is not WSMsgType.TEXT:
                continue
            data = json.loads(frame.data)
            if data.get("cmd") == "aibot_msg_callback" and data["body"]["msgtype"] == "text":
                answer = {"msgtype": "markdown", "markdown": {"content": data["body"]["text"]["content"]}}
                headers = {"req_id": data["headers"]["req_id"]}
                await link.send_json({"cmd": "aibot_respond_msg", "headers": headers, "body": answer})


async def dingtalk_stream(section: dict[str, Any], session: aiohttp.ClientSession, _port: int) -> None:
    """Frames in, acknowledged at once; the answer through the session's webhook."""
    topic = "/v1.0/im/bot/messages/get"
    body = {
        "clientId": section["client_id"],
        "clientSecret": section["client_secret"],
        "subscriptions": [{"type": "CALLBACK", "topic": topic}],
    }
    async with session.post(f"{section['api_base']}/v1.0/gateway/connections/open", json=body) as response:
        place = await response.json()
    tasks: set[asyncio.Task[None]] = set()

    async def answer(data: dict[str, Any]) -> None:
        text = {"msgtype": "text", "text": {"content": data["text"]["content"]}}
        async with session.post(data["sessionWebhook"], json=text) as response:
            await response.read()

    async with session.ws_connect(f"{place['endpoint']}?ticket={quote_plus(place['ticket'])}") as link:
        async for frame in link:
            if frame.type is not WSMsgType.TEXT:
                continue
            message = json.loads(frame.data)
            headers = {"messageId": message["headers"]["messageId"], "contentType": "application/json"}
            await link.send_json({"code": 200, "headers": headers, "message": "OK", "data": "{}"})
            if message["headers"].get("topic") == topic:
                task = asyncio.create_task(answer(json.loads(message["data"])))
                tasks.add(task)
                task.add_done_callback(tasks.discard)


async def dingtalk_http(section: dict[str, Any], session: aiohttp.ClientSession, port: int) -> None:
    """Signed robot messages in, acknowledged at once; the answer through the session's webhook."""
    tasks: set[asyncio.Task[None]] = set()

    async def receive(request: web.Request) -> web.Response:
        timestamp = request.headers["timestamp"]
        key = section["client_secret"].encode()
        sign = hmac.new(key, f"{timestamp}\n{section['client_secret']}".encode(), "sha256").digest()
        if not hmac.compare_digest(base64.b64encode(sign).decode(), request.headers["sign"]):
            return web.Response(status=403)
        task = asyncio.create_task(answer(await request.json()))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return web.json_response({})

    async def answer(message: dict[str, Any]) -> None:
        text = {"msgtype": "text", "text": {"content": message["text"]["content"]}}
        async with session.post(message["sessionWebhook"], json=text) as response:
            await response.read()

    await serve_http(port, [web.post("/acme/dingtalk/robot", receive)])


async def serve_http(port: int, routes: list[web.RouteDef]) -> None:
    """These routes, for good."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


DOORS = {
    "wecom_app": wecom_app,
    "wecom_bot": wecom_bot,
    "dingtalk_stream": dingtalk_stream,
    "dingtalk_http": dingtalk_http,
}


async def serve(door: str, section: dict[str, Any], port: int) -> int:
    """Until it is stopped."""
    async with aiohttp.ClientSession() as session:
        await DOORS[door](section, session, port)
    return 0


if __name__ == "__main__":
    from bot.loop import run_loop

    run_loop(serve(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])))
