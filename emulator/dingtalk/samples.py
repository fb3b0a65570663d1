"""The msgKey formats of robot messages sent by API: which members each needs, and how it looks (DingTalk docs, 机器人消息类型)."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.dingtalk.calls import decode
from emulator.dingtalk.errors import Refusal, refuse_if
from emulator.dingtalk.world import World
from emulator.screen import Button, Shown

PARAM_BYTES = 15_000
TOO_LONG, INVALID = "invalidParameter.msgParam.tooLong", "invalidParameter.msgParam.invalid"

TITLE, TEXT = ("title", "miss.param.actionCardTotitle"), ("text", "miss.param.actionCardTotext")
NEEDS: dict[str, tuple[tuple[str, str], ...]] = {
    "sampleText": (("content", "miss.param.contentOfText"),),
    "sampleMarkdown": (("title", "miss.param.markdownTotitle"), ("text", "miss.param.markdownTotext")),
    "sampleImageMsg": (("photoURL", "miss.param.photoTophotoUrl"),),
    "sampleLink": (
        ("title", "miss.param.titleOfLink"), ("text", "miss.param.textOfLink"), ("messageUrl", "miss.param.messageUrlOfLink")
    ),
    "sampleActionCard": (
        TITLE, TEXT, ("singleTitle", "miss.param.actionCardTosingleTitle"), ("singleURL", "miss.param.actionCardTosingleUrl")
    ),
    "sampleActionCard6": (
        TITLE, TEXT, *((f"button{part}{n}", "miss.param.actionCardTobtns") for n in (1, 2) for part in ("Title", "Url"))
    ),
    "sampleAudio": (("mediaId", "miss.param.audio"), ("duration", "miss.param.audio")),
    "sampleFile": tuple((name, "miss.param.file") for name in ("mediaId", "fileName", "fileType")),
    "sampleVideo": tuple((name, "miss.param.video") for name in ("videoMediaId", "videoType", "duration", "picMediaId")),
}  # fmt: skip
for count in (2, 3, 4, 5):
    numbered = [f"action{part}{n}" for n in range(1, count + 1) for part in ("Title", "URL")]
    NEEDS[f"sampleActionCard{count}"] = (TITLE, TEXT, *((name, "miss.param.actionCardTobtns") for name in numbered))


def draw_sample(world: World, key: str, raw: object) -> Shown:
    """A picture of msgKey and msgParam, a JSON string; refuses what DingTalk refuses."""
    refuse_if(not key, "invalidParameter.msgKey.empty")
    refuse_if(key not in NEEDS, "invalidParameter.msgKey.invalid")
    param = _read(raw)
    for name, missing in NEEDS[key]:
        refuse_if(not isinstance(param.get(name), str) or not param[name], missing)
    shown = Shown(
        world.fresh("msg", 22), world.clock(), "bot", "card", title=param.get("title", ""), body=param.get("text", "")
    )
    if key == "sampleText":
        shown.kind, shown.body = "text", param["content"]
    elif key == "sampleMarkdown":
        shown.kind = "markdown"
    elif key == "sampleImageMsg":
        shown.kind, shown.image = "image", _picture(world, param["photoURL"])
        shown.body = "" if shown.image else param["photoURL"]
    elif key == "sampleAudio":
        shown.kind = "voice"
    elif key in ("sampleFile", "sampleVideo"):
        shown.kind, shown.title = "file", param.get("fileName", "video.mp4")
    else:
        shown.buttons = _links(key, param)
    return shown


def _read(raw: object) -> Mapping[str, str]:
    refuse_if(not isinstance(raw, str), INVALID)
    refuse_if(len(str(raw).encode()) > PARAM_BYTES, TOO_LONG)
    try:
        param = decode(str(raw))
    except ValueError:
        raise Refusal(INVALID) from None
    if not isinstance(param, dict):
        raise Refusal(INVALID)
    return param


def _picture(world: World, place: str) -> bytes:
    """The bytes of an uploaded picture; a public address is not fetched."""
    media = world.media.get(place)
    refuse_if(place.startswith("@") and media is None, "invalidParameter.msgBody.invalid")
    return media.data if media else b""


def _links(key: str, param: Mapping[str, str]) -> list[Button]:
    if key == "sampleLink":
        pairs = [(param["title"], param["messageUrl"])]
    elif key == "sampleActionCard":
        pairs = [(param["singleTitle"], param["singleURL"])]
    else:
        names = [name for name, _ in NEEDS[key][2:]]
        pairs = [(param[title], param[url]) for title, url in zip(names[::2], names[1::2], strict=True)]
    return [Button(url, text, url=url) for text, url in pairs]
