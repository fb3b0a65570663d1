"""media/upload, media/get and media/uploadimg, with the limits of OD:90253–90256."""

from __future__ import annotations

import re
from datetime import timedelta

from emulator.wecom.calls import Answer, Blob, Call, Endpoint
from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.records import Door, Media
from emulator.wecom.world import World

MB = 1 << 20
KEPT = timedelta(days=3)
SMALLEST = 6  # every file must be larger than 5 bytes
LARGEST = {"image": 10 * MB, "voice": 2 * MB, "video": 10 * MB, "file": 20 * MB}
TOO_LARGE = {"image": 40009, "voice": 45001, "video": 40011, "file": 45001}
TYPES = {"image": "image/png", "voice": "audio/amr", "video": "video/mp4", "file": "application/octet-stream"}
AMR = b"#!AMR\n"
AMR_FRAMES = (13, 14, 16, 18, 20, 21, 27, 32, 6)  # bytes of a 20 ms frame by its mode, with the head byte
VOICE_SECONDS = 60
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
PERMANENT_BYTES = 2 * MB
RANGE = re.compile(r"bytes=(\d{1,10})-(\d{1,10})")


def amr_seconds(data: bytes) -> float:
    """The playing time of AMR-NB data, 20 ms a frame."""
    position, frames = len(AMR), 0
    while position < len(data):
        mode = data[position] >> 3 & 15
        position += AMR_FRAMES[mode] if mode < len(AMR_FRAMES) else 1
        frames += 1
    return frames * 0.02


def check_media(kind: str, data: bytes) -> None:
    """Refuse what this kind of upload must not be: empty, tiny, too large, or of the wrong format."""
    refuse_if(kind not in LARGEST, 40004)
    refuse_if(not data, 44001)
    refuse_if(len(data) < SMALLEST, 40006)
    refuse_if(len(data) > LARGEST[kind], TOO_LARGE[kind])
    refuse_if(kind == "image" and not data.startswith(PICTURES), 40005)
    refuse_if(kind == "video" and data[4:8] != b"ftyp", 40005)
    if kind == "voice":
        refuse_if(not data.startswith(AMR), 301017)
        refuse_if(amr_seconds(data) > VOICE_SECONDS, 45007)


def store(world: World, kind: str, filename: str, data: bytes, *, door: Door = "app", content_type: str = "") -> Media:
    """Keep a file under a new media_id."""
    media = Media(world.fresh("M", 60), kind, filename, data, content_type or TYPES[kind], world.clock(), door)
    return world.keep(world.media, media.media_id, media)


def find_media(world: World, media_id: str, kind: str, *, door: Door = "app", code: int = 40007) -> Media:
    """The upload with this id if it is of this kind and door and not older than three days."""
    media = world.media.get(media_id)
    if media is None or media.kind != kind or media.door != door or world.clock() - media.at > KEPT:
        raise Refusal(code)
    return media


def upload(world: World, call: Call) -> Answer:
    """media/upload."""
    kind = call.query.get("type", "")
    refuse_if(kind not in LARGEST, 40004)
    if call.upload is None:
        raise Refusal(44001)
    refuse_if(not call.upload.filename, 40058, "filename")
    check_media(kind, call.upload.data)
    media = store(world, kind, call.upload.filename, call.upload.data, content_type=call.upload.content_type)
    created = str(int(media.at.timestamp()))  # a string in this one answer
    return {"type": kind, "media_id": media.media_id, "created_at": created}


def get(world: World, call: Call) -> Answer:
    """media/get: the file itself, 206 for a Range."""
    media_id = call.query.get("media_id", "")
    refuse_if(not media_id, 41006)
    media = world.media.get(media_id)
    if media is None or world.clock() - media.at > KEPT:
        raise Refusal(40007)
    if not call.byte_range:
        refuse_if(len(media.data) > LARGEST["file"], 830002, "Range needed above 20 MB")
        return Blob(media.data, media.content_type, media.filename)
    asked = RANGE.fullmatch(call.byte_range)
    if asked is None:
        raise Refusal(830002)
    first, last = int(asked[1]), min(int(asked[2]), len(media.data) - 1)
    refuse_if(first > last or last - first >= LARGEST["file"], 830002)
    span = f"bytes {first}-{last}/{len(media.data)}"
    return Blob(media.data[first : last + 1], media.content_type, media.filename, span)


def upload_picture(world: World, call: Call) -> Answer:
    """media/uploadimg: a permanent picture."""
    if call.upload is None or not call.upload.data:
        raise Refusal(44001)
    refuse_if(len(call.upload.data) > PERMANENT_BYTES, 40009)
    refuse_if(not call.upload.data.startswith(PICTURES), 40005)
    path = f"/pictures/{world.fresh('', 20)}.png"
    world.keep(world.pictures, path, call.upload.data)
    return {"url": world.base_url + path}


ENDPOINTS = {
    "media/upload": Endpoint("POST", upload, multipart=True),
    "media/get": Endpoint("GET", get),
    "media/uploadimg": Endpoint("POST", upload_picture, multipart=True),
}
