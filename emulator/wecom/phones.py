"""What a member does on the phone; each act returns when its callback was delivered by the platform's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from emulator.pictures import SAMPLE_PNG
from emulator.screen import Kind, Shown
from emulator.screens import NotOnScreen
from emulator.wecom.callbacks import Callbacks
from emulator.wecom.directory import menu_buttons
from emulator.wecom.drawing import preselected, questions
from emulator.wecom.media import AMR, store
from emulator.wecom.records import Delivery, Door, LiveCard
from emulator.wecom.socket import BotDoor
from emulator.wecom.world import World

NO_CALLBACK = Delivery(0, 0)
VOICE = AMR + bytes([0x3C]) * 32 * 50  # one second of AMR


class Phones(World):
    """The members' phones: saying, sending, pressing and looking."""

    @cached_property
    def callbacks(self) -> Callbacks:
        """The platform's outgoing HTTP."""
        return Callbacks(self)

    @cached_property
    def bot(self) -> BotDoor:
        """The AI bot's long connection: who holds it, its groups and counters."""
        return BotDoor(self)

    # saying and sending

    async def say(
        self, userid: str, text: str, *, door: Door = "app", group: str | None = None, quote: str | None = None
    ) -> Delivery:
        """A text; `group` (a chat id, AI bot only) mentions the bot there; `quote` is the quoted text (AI bot only)."""
        self._shows(userid, "text", body=text, group=group)
        if door == "bot":
            content = f"@{self.bot_name} {text}" if group and f"@{self.bot_name}" not in text else text
            extra = {"quote": {"msgtype": "text", "text": {"content": quote}}} if quote else {}
            return await self.bot.message(userid, "text", {"content": content}, group=group, extra=extra)
        if group or quote:
            raise ValueError("the app has neither groups nor quotes; use door='bot'")
        return await self._app_message(userid, "text", {"Content": text})

    async def speak(self, userid: str, text: str, *, door: Door = "app") -> Delivery:
        """A voice message: the app gets audio without words, the AI bot the transcript."""
        self._shows(userid, "voice", body=text)
        if door == "bot":
            return await self.bot.message(userid, "voice", {"content": text})
        media = store(self, "voice", "voice.amr", VOICE)
        return await self._app_message(userid, "voice", {"MediaId": media.media_id, "Format": "amr"})

    async def send_picture(self, userid: str, data: bytes = SAMPLE_PNG, *, door: Door = "app") -> Delivery:
        """A picture."""
        self._shows(userid, "image", image=data)
        if door == "bot":
            return await self.bot.message(userid, "image", self.bot.offer_file(data))
        media = store(self, "image", "picture.png", data)
        path = f"/pictures/{self.fresh('', 20)}.png"
        self.keep(self.pictures, path, data)
        return await self._app_message(userid, "image", {"PicUrl": self.base_url + path, "MediaId": media.media_id})

    async def send_video(self, userid: str, data: bytes = b"\0\0\0\x18ftypmp42" * 8, *, door: Door = "app") -> Delivery:
        """A video."""
        self._shows(userid, "file", title="video.mp4")
        if door == "bot":
            return await self.bot.message(userid, "video", self.bot.offer_file(data, "video.mp4"))
        media, thumb = store(self, "video", "video.mp4", data), store(self, "image", "thumb.png", SAMPLE_PNG)
        ids = {"MediaId": media.media_id, "ThumbMediaId": thumb.media_id}
        return await self._app_message(userid, "video", ids)

    async def send_file(self, userid: str, filename: str, data: bytes) -> Delivery:
        """A file, to the AI bot: the app gets no files (OD:90239)."""
        self._shows(userid, "file", title=filename)
        return await self.bot.message(userid, "file", self.bot.offer_file(data, filename))

    async def send_mixed(
        self, userid: str, text: str, data: bytes = SAMPLE_PNG, *, group: str | None = None
    ) -> Delivery:
        """Text and a picture in one message, to the AI bot."""
        self._shows(userid, "image", body=text, image=data, group=group)
        items = [
            {"msgtype": "text", "text": {"content": text}},
            {"msgtype": "image", "image": self.bot.offer_file(data)},
        ]
        return await self.bot.message(userid, "mixed", {"msg_item": items}, group=group)

    async def send_location(self, userid: str, lat: float, lng: float, label: str) -> Delivery:
        """A place, to the app: the AI bot gets none."""
        self._shows(userid, "location", body=label)
        place = {"Location_X": lat, "Location_Y": lng, "Scale": 15, "Label": label, "AppType": "wxwork"}
        return await self._app_message(userid, "location", place)

    async def send_link(self, userid: str, title: str, url: str, description: str = "") -> Delivery:
        """A shared link, to the app."""
        self._shows(userid, "text", title=title, body=url)
        link = {"Title": title, "Description": description, "Url": url, "PicUrl": ""}
        return await self._app_message(userid, "link", link)

    # pressing

    async def enter(self, userid: str, *, door: Door = "app") -> Delivery:
        """Open the conversation; the AI bot hears of the first time a day only."""
        if door == "bot":
            return await self.bot.enter(userid)
        return await self._app_event(userid, "enter_agent", {"EventKey": ""})

    async def press_menu(self, userid: str, key: str) -> Delivery:
        """Press a menu button of the app by its key or url; scanners and pickers are not emulated."""
        for button in menu_buttons(self):
            if button["type"] in ("click", "view") and key in (button.get("key"), button.get("url")):
                return await self._app_event(userid, button["type"], {"EventKey": key})
        raise NotOnScreen(f"the menu has no {key}: {self.menu}")

    async def click(
        self,
        userid: str,
        shown_id: str,
        key: str,
        *,
        selected: Mapping[str, str | list[str]] | None = None,
        stale: bool = False,
    ) -> Delivery:
        """Press a button on a card by its key, with choices by question; `stale` presses what is no longer shown.

        A button that opens a page causes no callback. NotOnScreen when there is no such card or button.
        """
        shown = self.screens.find(userid, shown_id)
        card = self._card_of(userid, shown)
        pressable = [*shown.buttons, *([shown.submit] if shown.submit else [])]
        button = next((button for button in pressable if button.key == key), None)
        if not stale and (button is None or shown.disabled):
            raise NotOnScreen(f"{key} cannot be pressed:\n{self.screens.text(userid)}")
        if button is not None and button.url:
            return NO_CALLBACK
        menu = button is not None and button.style == "menu"
        answers = {} if menu else self._answers(shown, card.faces[userid], selected or {})
        card.clicked[userid] = key
        if card.door == "bot":
            return await self.bot.click(userid, card, key, answers)
        return await self._app_click(userid, card, key, answers, menu=menu)

    def _card_of(self, userid: str, shown: Shown) -> LiveCard:
        doors: tuple[Door, Door] = ("app", "bot")
        for door in doors:
            card = self.cards.get((door, shown.id))
            if card and card.shown.get(userid) is shown:
                return card
        raise NotOnScreen(f"{shown.id} is not a card with buttons:\n{shown.text}")

    @staticmethod
    def _answers(shown: Shown, face: dict[str, Any], selected: Mapping[str, str | list[str]]) -> dict[str, list[str]]:
        """The chosen options by question; what was not touched is as the card preselects it."""
        answers = {question["question_key"]: preselected(question) for question in questions(face)}
        options = {q["question_key"]: {option["id"] for option in q["option_list"]} for q in questions(face)}
        for key, value in selected.items():
            chosen = [value] if isinstance(value, str) else list(value)
            if not set(chosen) <= options.get(key, set()):
                raise NotOnScreen(f"{key} has no option {value}: {options}")
            answers[key] = chosen
        if shown.choice and answers.get(shown.choice.key):
            shown.choice.selected = answers[shown.choice.key][0]
        return answers

    async def _app_click(
        self, userid: str, card: LiveCard, key: str, answers: dict[str, list[str]], *, menu: bool
    ) -> Delivery:
        fields: dict[str, Any] = {
            "EventKey": key,
            "TaskId": card.task_id,
            "CardType": card.faces[userid]["card_type"],
            "ResponseCode": self.new_response_code(card),
        }
        plural, single = ("OpitonIds", "OpitonId") if self.old_option_spelling else ("OptionIds", "OptionId")
        items = [{"QuestionKey": question, plural: {single: chosen}} for question, chosen in answers.items()]
        if items:
            fields["SelectedItems"] = {"SelectedItem": items}
        event = "template_card_menu_event" if menu else "template_card_event"
        return await self._app_event(userid, event, fields, card=card)

    # looking

    async def wait_shown(
        self,
        userid: str,
        predicate: Callable[[Shown], bool],
        timeout: float = 5.0,  # noqa: ASYNC109
        *,
        since: int = 0,
    ) -> Shown:
        """The newest thing on the phone that satisfies `predicate`, as soon as there is one (seconds).

        `since` leaves out the first so many things: pass len(screen(userid)) from before the act.
        """
        return await self.screens.wait(userid, predicate, timeout, since)

    async def wait_changed(self, userid: str, shown_id: str, *, since: int = 0, timeout: float = 5.0) -> Shown:  # noqa: ASYNC109
        """The card with this id as soon as its revision is above `since`."""
        self.screens.find(userid, shown_id)
        return await self.screens.wait(userid, lambda s: s.id == shown_id and s.revision > since, timeout)

    # what goes on the wire

    def _shows(
        self, userid: str, kind: Kind, *, body: str = "", title: str = "", image: bytes = b"", group: str | None = None
    ) -> None:
        shown = Shown(self.fresh("OUT", 20), self.clock(), userid, kind, group or "", title, body=body, image=image)
        for reader in sorted(self.bot.readers(userid, group)):
            self.screens.show(reader, shown)

    def _header(self, userid: str, kind: str) -> dict[str, Any]:
        return {
            "ToUserName": self.corp_id,
            "FromUserName": userid,
            "CreateTime": int(self.clock().timestamp()),
            "MsgType": kind,
        }

    async def _app_message(self, userid: str, kind: str, fields: dict[str, Any]) -> Delivery:
        ids = {"MsgId": int(self.message_number()), "AgentID": self.agent_id}
        return await self.callbacks.deliver(self._header(userid, kind) | fields | ids)

    async def _app_event(
        self, userid: str, event: str, fields: dict[str, Any], *, card: LiveCard | None = None
    ) -> Delivery:
        header = self._header(userid, "event") | {"Event": event}
        return await self.callbacks.deliver(header | fields | {"AgentID": self.agent_id}, card=card)
