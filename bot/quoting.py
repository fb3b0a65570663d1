"""The card that a message quotes, where the platform carries the quoted words: what is said then is about it.

Neither platform says which card that was (WeCom OD:100719 `quote`, DingTalk `repliedMsg`), so it is known by its title.
"""

from __future__ import annotations

import json
import re

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import commands as c
from bot.cards.card import Card
from bot.events import Message
from bot.nlu.cues.quiet import COMMENTING
from bot.outbox import door_of, now_ms
from bot.tables import DONE, Outbox
from scrm.prepared import Prepared

LOOK_BACK_MS, MOST = 7 * 24 * 3_600_000, 50
_COMMENTING = re.compile(COMMENTING)


def card_of(session: Session, event: Message) -> Card | None:
    """The card this person got within a week (of the last 50) that the quoted words fit best; None when they are none's."""
    said = event.quoted.lstrip("#* \n")
    if not said:
        return None
    where = {"door": door_of(event.origin), "user": event.origin.user_id, "since": now_ms() - LOOK_BACK_MS}
    cards = [_card(payload) for payload in _LATELY.scalars(session, where) if payload != "{}"]
    begun = [card for card in cards if said.startswith(card.title)]
    return max(
        begun, key=lambda card: sum(row.value in said for row in card.rows), default=None
    )  # of equals the newest


def _card(payload: str) -> Card:
    return msgspec.convert(json.loads(payload)["card"], Card)


_LATELY = Prepared(
    sa.select(Outbox.payload)
    .where(
        Outbox.door == sa.bindparam("door"), Outbox.user_id == sa.bindparam("user"), Outbox.sent_ms > sa.bindparam("since"),
        Outbox.kind == "card", Outbox.state == DONE,
    )
    .order_by(Outbox.sent_ms.desc(), Outbox.id.desc())
    .limit(MOST)
)  # fmt: skip


def comment_on(card: Card, text: str) -> c.Comment | None:
    """The words as a comment on whom, or what, the card lets comment; of several the one that is named."""
    offered = [(button.text, c.unpack(button.command)) for button in card.buttons]
    found = [(text, command) for text, command in offered if isinstance(command, c.Comment)]
    if len(found) > 1:
        found = [one for one in found if _COMMENTING.sub("", one[0]) in text]
    return c.replace(found[0][1], words=_COMMENTING.sub("", text).strip()) if len(found) == 1 else None
