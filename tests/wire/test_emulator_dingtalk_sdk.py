"""The official `dingtalk-stream` client, as a process of its own, talks to the emulator and understands all of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import pytest
from dingtalk_kit import GROUP, Desk, open_desk

SECONDS = 15.0
PROGRAM = """
import sys
import dingtalk_stream as ding
from dingtalk_stream import AckMessage, CallbackHandler, ChatbotMessage
from dingtalk_stream.card_callback import CardCallbackMessage

class Bot(ding.ChatbotHandler):
    async def process(self, callback):
        message = ChatbotMessage.from_dict(callback.data)
        words = (message.get_text_list() or ["?"])[0].strip()
        if words == "card":
            button = {"text": "撤销", "id": "undo", "color": "red", "request": True}
            self.card = self.reply_markdown_button(message, "**腾讯**", [button], tips="今天", title="已记录")
        elif words == "update":
            self.card.update("**腾讯控股**", [], tips="改过")
        elif words == "ai":
            self.reply_ai_markdown_button(message, "本周拜访 12 次", [], title="简报")
        else:
            self.reply_text(f"{message.sender_staff_id}: {words}", message)
        return AckMessage.STATUS_OK, "OK"

class Cards(CallbackHandler):
    async def process(self, callback):
        message = CardCallbackMessage.from_dict(callback.data)
        action = message.content["cardPrivateData"]["actionIds"][0]
        shown = {"title": f"{message.user_id} {action} {message.extension}"}
        return 200, {"cardUpdateOptions": {"updateCardDataByKey": True}, "cardData": {"cardParamMap": shown}}

class Events(ding.EventHandler):
    async def process(self, event):
        return AckMessage.STATUS_OK, event.headers.event_type

client = ding.DingTalkStreamClient(ding.Credential(sys.argv[1], sys.argv[2]))
client.register_callback_handler(ChatbotMessage.TOPIC, Bot())
client.register_callback_handler(CallbackHandler.TOPIC_CARD_CALLBACK, Cards())
client.register_all_event_handler(Events())
client.start_forever()
"""


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The company with the official client connected."""
    async with open_desk() as desk:
        environment = {**os.environ, "DINGTALK_OPENAPI_ENDPOINT": desk.dingtalk.base_url}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, desk.dingtalk.client_id, desk.dingtalk.client_secret,
            env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await desk.dingtalk.wait_connected(timeout=SECONDS)
            yield desk
        finally:
            process.kill()
            await process.wait()


async def test_the_official_client_gets_answers_and_clicks(desk: Desk) -> None:
    phone = desk.dingtalk
    assert (await phone.say("lina", "查一下腾讯")).accepted
    await phone.wait_shown("lina", lambda shown: shown.body == "lina: 查一下腾讯")
    assert (await phone.send_picture("lina")).accepted

    assert (await phone.say("lina", "card")).accepted
    card = await phone.wait_shown("lina", lambda shown: shown.kind == "card")
    assert card.text == "已记录\n**腾讯**\n\n今天\n[撤销]"
    delivery = await phone.click("lina", card.id, "undo")
    assert delivery.accepted and card.title == "lina undo {}"
    assert (await phone.say("lina", "update")).accepted
    assert (await phone.wait_changed("lina", card.id, since=1)).body == "**腾讯控股**\n\n改过"

    assert (await phone.say("lina", "ai")).accepted
    report = await phone.wait_shown("lina", lambda shown: shown.title == "简报")
    assert report.body == "本周拜访 12 次" and not report.subtitle

    assert (await phone.say("sunqi", "早", group=GROUP)).accepted
    await phone.wait_shown(GROUP, lambda shown: shown.body == "sunqi: 早")
    assert (await phone.fire_event("user_modify_org", {"userId": ["lina"]})).accepted
    assert await phone.gateway.ping()


async def test_the_official_client_comes_back_after_disconnect(desk: Desk) -> None:
    await desk.dingtalk.send_disconnect()
    await desk.dingtalk.wait_connected(2, timeout=SECONDS)
    assert (await desk.dingtalk.say("lina", "还在吗")).accepted
    await desk.dingtalk.wait_shown("lina", lambda shown: shown.body == "lina: 还在吗")
