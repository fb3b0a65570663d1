"""The server behind the demo's page: pictures of every phone as they change, and what a person does on them."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from emulator.dingtalk import DingTalkEmulator
from emulator.screen import Shown
from emulator.screens import NotOnScreen
from emulator.wecom import WeComEmulator

FILES = Path(__file__).parent / "page"
ZONE = ZoneInfo("Asia/Shanghai")
WEEKDAYS = "一二三四五六日"
LOOK_SECONDS = 0.15
ITEMS = 60  # a phone shows its last ones


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone of the page."""

    id: str
    platform: str
    name: str
    role: str
    tries: tuple[str, ...]
    extras: tuple[tuple[str, str], ...] = ()  # text, action


PHONES = (
    Phone("lina", "wecom", "李娜", "销售", (
        "今天拜访了华星机械张建国，聊了MES一期，预算大概50万，下周三再跟进", "今日待办", "查一下云帆物流", "MES一期推进到谈判", "明天下午3点跟进青禾食品",
        "今天拜访了金华八婺段绍辉，推进到谈判，后天跟进", "上海启明 新商机 二期扩容 80万", "我的商机", "撤销", "帮助",
    ), (("发位置", "location"), ("发图片", "picture"), ("进入应用", "enter"))),
    Phone("wanglei", "dingtalk", "王磊", "销售", (
        "今天给东方包装打了电话，聊了排产优化的报价，后天再跟进", "我的待办", "查一下海川模具", "我的商机", "今晚11点跟进东方包装", "徐州淮海赢单了", "撤销", "帮助",
    ), (("发图片", "picture"),)),
    Phone("chenjing", "wecom", "陈静", "主管", ("团队简报", "谁的跟进逾期了", "查一下华星机械", "团队商机", "帮助")),
    Phone("zhaomin", "wecom", "赵敏", "市场", (
        "给标签 高意向 的客户群发：双十二前签约送一年维保，回复1了解详情", "新建渠道活码 秋季路演，负责人李娜，欢迎语：您好，感谢关注星河软件", "渠道列表", "群发记录", "帮助",
    ), (("客户扫展会码", "scan"), ("客户删除李娜", "leave"), ("李娜确认群发", "confirm"))),
)  # fmt: skip
PHONES_BY_ID = {phone.id: phone for phone in PHONES}


class Page:
    """The page's HTTP side. It knows phones only: everything goes through the emulated platforms."""

    def __init__(
        self, wecom: WeComEmulator, dingtalk: DingTalkEmulator, clock: Callable[[], datetime],
        move_clock: Callable[[datetime], Awaitable[bool]],
    ) -> None:  # fmt: skip
        self._wecom, self._dingtalk, self._clock, self._move_clock = wecom, dingtalk, clock, move_clock

    def app(self) -> web.Application:
        """The web application."""
        app = web.Application()
        app.router.add_get("/", self._index)
        app.router.add_static("/page", FILES)
        app.router.add_get("/api/pictures", self._pictures)
        for path, act in (
            ("say", self._say), ("click", self._click), ("menu", self._menu), ("act", self._act), ("clock", self._jump)
        ):  # fmt: skip
            app.router.add_post(f"/api/{path}", _answered(act))
        return app

    async def _index(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(FILES / "index.html")

    # --- pictures

    async def _pictures(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        last = ""
        while request.transport is not None and not request.transport.is_closing():
            picture = json.dumps(self.picture(), ensure_ascii=False)
            if picture != last:
                await response.write(f"data: {picture}\n\n".encode())
                last = picture
            await asyncio.sleep(LOOK_SECONDS)
        return response

    def picture(self) -> dict[str, Any]:
        """Everything the page shows."""
        now = self._clock().astimezone(ZONE)
        return {
            "now": f"{now:%Y年%-m月%-d日} 周{WEEKDAYS[now.weekday()]} {now:%H:%M}",
            "phones": [self._describe(phone) for phone in PHONES],
            "screens": {
                phone.id: [self._draw(shown, phone) for shown in self._screen(phone)[-ITEMS:]] for phone in PHONES
            },
        }

    def _describe(self, phone: Phone) -> dict[str, Any]:
        return {
            "id": phone.id, "platform": phone.platform, "name": phone.name, "role": phone.role, "tries": phone.tries, "extras": phone.extras,
            "menu": self._menu_of(phone),
        }  # fmt: skip

    def _menu_of(self, phone: Phone) -> list[dict[str, Any]]:
        """The app's menu as columns, each with its keys."""
        if phone.platform != "wecom":
            return []
        columns = [(column["name"], column.get("sub_button") or [column]) for column in self._wecom.menu]
        return [
            {"name": name, "keys": [(entry["name"], entry["key"]) for entry in entries if entry.get("type") == "click"]}
            for name, entries in columns
        ]

    def _screen(self, phone: Phone) -> list[Shown]:
        return (self._wecom if phone.platform == "wecom" else self._dingtalk).screen(phone.id)

    def _draw(self, shown: Shown, phone: Phone) -> dict[str, Any]:
        image = f"data:image/png;base64,{base64.b64encode(shown.image).decode()}" if shown.image else ""
        return {
            "id": shown.id, "at": f"{shown.at.astimezone(ZONE):%H:%M}", "mine": shown.sender == phone.id, "kind": shown.kind,
            "title": shown.title, "subtitle": shown.subtitle, "body": shown.body, "rows": shown.rows, "image": image,
            "buttons": [{"key": button.key, "text": button.text, "style": button.style} for button in shown.buttons],
            "choice": {"key": shown.choice.key, "title": shown.choice.title, "options": shown.choice.options} if shown.choice else None,
            "submit": {"key": shown.submit.key, "text": shown.submit.text} if shown.submit else None,
            "disabled": shown.disabled, "revision": shown.revision, "wire": shown.wire,
        }  # fmt: skip

    # --- what a person does

    async def _say(self, phone: Phone, body: dict[str, Any]) -> None:
        text, voice = str(body["text"])[:2000], bool(body.get("voice"))
        if phone.platform == "dingtalk":
            await (self._dingtalk.speak(phone.id, text) if voice else self._dingtalk.say(phone.id, text))
        elif voice:
            # Only the AI bot's door brings a transcript on WeCom; the app's voice has no words.
            await self._wecom.speak(phone.id, text, door="bot")
        else:
            await self._wecom.say(phone.id, text)

    async def _click(self, phone: Phone, body: dict[str, Any]) -> None:
        card, key = str(body["card"]), str(body["key"])
        if phone.platform == "dingtalk":
            await self._dingtalk.click(phone.id, card, key)
        else:
            await self._wecom.click(phone.id, card, key, selected=body.get("selected"))

    async def _menu(self, phone: Phone, body: dict[str, Any]) -> None:
        if phone.platform != "wecom":
            raise ValueError("钉钉上没有应用菜单，直接打字，或者点卡片上的按钮")
        await self._wecom.press_menu(phone.id, str(body["key"]))

    async def _act(self, phone: Phone, body: dict[str, Any]) -> None:
        action, door = str(body["action"]), self._wecom if phone.platform == "wecom" else self._dingtalk
        if action in ("enter", "location") and phone.platform != "wecom":
            raise ValueError("这个动作只在企业微信的手机上有")
        if action == "picture":
            await door.send_picture(phone.id)
        elif action == "enter":
            await self._wecom.enter(phone.id)
        elif action == "location":
            await self._wecom.send_location(phone.id, 31.2304, 121.4737, "上海市黄浦区人民大道200号")
        elif action == "scan":
            await self._wecom.add_contact("lina", f"新客户{len(self._wecom.contacts) + 1}", state="ch_expo")
        elif action == "leave":
            await self._leave("lina")
        elif action == "confirm":
            await self._confirm("lina")
        else:
            raise ValueError("没有这个动作")

    async def _leave(self, userid: str) -> None:
        for contact in reversed(list(self._wecom.contacts.values())):
            if userid in contact.follows:
                await self._wecom.contact_leaves(userid, contact.external_userid)
                return
        raise ValueError("她没有外部联系人了")

    async def _confirm(self, userid: str) -> None:
        for msgid, send in reversed(self._wecom.group_sends.items()):
            if userid in send.members():
                await self._wecom.confirm_group_send(userid, msgid)
                return
        raise ValueError("还没有等她确认的群发")

    async def _jump(self, _: Phone | None, body: dict[str, Any]) -> None:
        now = self._clock().astimezone(ZONE)
        tomorrow = now.date() + timedelta(days=1)
        wednesday = now.date() + timedelta(days=9 - now.weekday())
        to = {
            "hour": now + timedelta(hours=1),
            "morning": datetime.combine(tomorrow, time(8, 45), ZONE),
            "wednesday": datetime.combine(wednesday, time(9), ZONE),
        }.get(str(body.get("jump"))) or datetime.fromisoformat(str(body["to"])).replace(tzinfo=ZONE)
        if not await self._move_clock(to.astimezone(UTC)):
            raise ValueError("时间只能往后调")


def _answered(
    act: Callable[[Any, dict[str, Any]], Awaitable[None]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A POST of JSON: 200, or 400 with one sentence."""

    async def handler(request: web.Request) -> web.Response:
        try:
            body = await request.json()
            if not isinstance(body, dict):
                raise ValueError("请求的内容应是一个 JSON 对象")
            phone = PHONES_BY_ID.get(str(body.get("phone", "")))
            if phone is None and not request.path.endswith("/clock"):
                raise ValueError("没有这部手机")
            await act(phone, body)
        except json.JSONDecodeError:
            return web.json_response({"error": "请求的内容不是 JSON"}, status=400)
        except KeyError as error:
            return web.json_response({"error": f"缺少 {error.args[0]}"}, status=400)
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            return web.json_response({"error": str(error)}, status=400)
        except NotOnScreen:
            return web.json_response({"error": "这个按钮已经不在屏幕上了"}, status=409)
        return web.json_response({"ok": True})

    return handler
