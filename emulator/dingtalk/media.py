"""Uploads (DingTalk docs, 上传媒体文件), and events that were never acknowledged (获取推送失败的事件列表)."""

from __future__ import annotations

from typing import Any

from emulator.dingtalk.calls import Call, Endpoint, ms
from emulator.dingtalk.errors import Refusal, refuse_if
from emulator.dingtalk.records import Media
from emulator.dingtalk.world import World

MB = 1 << 20
KINDS: dict[str, tuple[int, frozenset[str]]] = {
    "image": (20 * MB, frozenset({"jpg", "jpeg", "gif", "png", "bmp"})),
    "voice": (2 * MB, frozenset({"amr", "mp3", "wav"})),
    "video": (20 * MB, frozenset({"mp4"})),
    "file": (20 * MB, frozenset({"doc", "docx", "xls", "xlsx", "ppt", "pptx", "zip", "pdf", "rar"})),
}
FAILED_PAGE = 200


def upload(world: World, call: Call) -> dict[str, Any]:
    """POST /media/upload (multipart `type` and `media`): a media id that never expires, for use inside DingTalk only."""
    given = call.upload
    if given is None:
        raise Refusal(43008)
    refuse_if(given.kind not in KINDS, 40004)
    data = given.data
    if data is None:
        raise Refusal(41005)
    most, extensions = KINDS[given.kind]
    refuse_if(not data, 44001)
    refuse_if(len(data) > most, 45001)
    refuse_if(given.filename.rpartition(".")[2].lower() not in extensions, 40005)
    media_id = world.fresh("@lAL", 28)
    world.keep(world.media, media_id, Media(media_id, given.kind, given.filename, data))
    return {"media_id": media_id, "created_at": ms(call.now), "type": given.kind}


def failed_events(world: World, call: Call) -> dict[str, Any]:
    """GET /call_back/get_call_back_failed_result: at most 200 parked events; reading clears them."""
    found = [world.failed_events.popleft() for _ in range(min(FAILED_PAGE, len(world.failed_events)))]
    listed = [
        {"event_time": ms(event.born), "call_back_tag": event.event_type, "corpid": world.corp_id, **event.data}
        for event in found
    ]
    return {"failed_list": listed, "has_more": bool(world.failed_events)}


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/media/upload"): Endpoint(upload, multipart=True),
    ("GET", "/call_back/get_call_back_failed_result"): Endpoint(failed_events),
}
