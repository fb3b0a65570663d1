"""Reading an outbox row's payload: what is not right is refused for good, not retried."""

from __future__ import annotations

import base64
import binascii

import msgspec

from bot.cards.card import Card
from bot.platforms.base import Fate, Outgoing, SendError


def card_of(item: Outgoing) -> Card:
    """The card in a row's payload. Raises SendError(PERMANENT)."""
    try:
        return msgspec.convert(item.payload.get("card"), Card)
    except (msgspec.ValidationError, ValueError) as error:
        raise SendError(Fate.PERMANENT, "bad_card", str(error)[:200]) from error


def png_of(item: Outgoing) -> bytes:
    """The picture in a row's payload. Raises SendError(PERMANENT)."""
    try:
        return base64.b64decode(text_of(item, "png"), validate=True)
    except binascii.Error as error:
        raise SendError(Fate.PERMANENT, "bad_picture") from error


def text_of(item: Outgoing, name: str) -> str:
    """A text in a row's payload; "" when it is not there."""
    value = item.payload.get(name)
    return value if isinstance(value, str) else ""
