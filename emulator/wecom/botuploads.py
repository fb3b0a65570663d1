"""Uploading media over the AI bot's connection in chunks (OD:101463)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import Any

from emulator.wecom.errors import Refusal, refuse_if
from emulator.wecom.fields import Fields
from emulator.wecom.media import LARGEST, check_media, store
from emulator.wecom.tokens import Meter
from emulator.wecom.world import World

MOST_CHUNKS = 100
CHUNK_BYTES = 512 * 1024
SMALLEST = 5
SESSION_SECONDS = 1800.0
A_MINUTE, AN_HOUR = 30, 1000


@dataclass(slots=True)
class Session:
    """One upload under way; `started` is on the real clock."""

    kind: str
    filename: str
    size: int
    chunks: int
    md5: str
    started: float
    parts: dict[int, bytes] = field(default_factory=dict)


class BotUploads:
    """Sessions by upload id."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sessions: dict[str, Session] = {}
        self._meter = Meter()

    def begin(self, req_id: str, body: Fields) -> dict[str, Any]:
        """aibot_upload_media_init."""
        kind = body.text("type", missing=40004)
        refuse_if(kind not in LARGEST, 40004)
        size, chunks = body.number("total_size"), body.number("total_chunks")
        refuse_if(size < SMALLEST or size > LARGEST[kind], 40006)
        refuse_if(not 1 <= chunks <= MOST_CHUNKS, 40058, "total_chunks")
        session = Session(
            kind, body.text("filename", missing=40058), size, chunks, body.text("md5"), self._world.real()
        )
        refuse_if(not self._meter.take("upload", self._world.real(), A_MINUTE, AN_HOUR), 45009)
        upload_id = self._world.fresh("UP", 24)
        self._world.keep(self._sessions, upload_id, session)
        return {"upload_id": upload_id}

    def _session(self, body: Fields) -> Session:
        session = self._sessions.get(body.text("upload_id", missing=40058))
        if session is None or self._world.real() - session.started > SESSION_SECONDS:
            raise Refusal(40058, "upload_id")
        return session

    def chunk(self, req_id: str, body: Fields) -> dict[str, Any]:
        """aibot_upload_media_chunk: any order, repeats replace; indexes count from 0 or from 1."""
        session = self._session(body)
        index = body.number("chunk_index", missing=40058)
        refuse_if(not 0 <= index <= session.chunks, 40058, "chunk_index")
        try:
            data = base64.b64decode(body.text("base64_data", missing=40058), validate=True)
        except (binascii.Error, ValueError) as error:
            raise Refusal(40058, "base64_data") from error
        refuse_if(len(data) > CHUNK_BYTES, 40058, "chunk larger than 512 KB")
        session.parts[index] = data
        return {}

    def finish(self, req_id: str, body: Fields) -> dict[str, Any]:
        """aibot_upload_media_finish: all chunks there, size and md5 as announced."""
        session = self._session(body)
        indexes = sorted(session.parts)
        complete = indexes in (list(range(session.chunks)), list(range(1, session.chunks + 1)))
        refuse_if(not complete, 40058, "chunks are missing")
        data = b"".join(session.parts[index] for index in indexes)
        refuse_if(len(data) != session.size, 40058, "total_size")
        digest = hashlib.md5(data).hexdigest()
        refuse_if(session.md5 and session.md5 != digest, 40058, "md5")
        check_media(session.kind, data)
        media = store(self._world, session.kind, session.filename, data, door="bot")
        del self._sessions[body.text("upload_id")]
        return {"type": session.kind, "media_id": media.media_id, "created_at": int(media.at.timestamp())}
