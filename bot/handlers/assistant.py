"""What the rules did not read goes to the assistant, where one is configured; what it says is asked back, never done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot import drafts
from bot.cards import assistant as cards
from bot.context import REPLY, Context, Owed
from bot.nlu.frame import Scope
from bot.nlu.guess import frame_of
from bot.nlu.plan import commands_of
from scrm.errors import Missing

log = structlog.get_logger("assistant")

GRACE = timedelta(seconds=1)  # between the endpoint's last moment and the answer that leaves without it


def ask(context: Context, words: str) -> None:
    """Ask the assistant about these words; the answer given now waits for it."""
    payload = {
        "text": words,
        "said_on": f"{context.local(context.now):%Y-%m-%d %H:%M %A}",
        "sent_at": context.now.isoformat(),
        "member": context.actor.member_id,
        "conversation": context.conversation,
        "turn": context.turn,
    }
    patience = timedelta(seconds=context.settings.assistant_seconds) + GRACE
    context.owe(Owed(key=f"assist:{context.turn}", kind="assist", payload=payload, lane=REPLY, expires=patience))
    context.answer_after = patience


def guessed(context: Context, payload: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The assistant has answered: if it makes sense, the person is asked whether that was meant."""
    frame = frame_of(result["guess"], payload["text"])
    if frame is None:
        log.info("guess_refused", turn=payload["turn"])
        return
    sent_at = datetime.fromisoformat(payload["sent_at"])
    plan = commands_of(frame, sent_at, Scope(zone=context.settings.zone))
    asking = Missing(drafts.CONFIRM, cards.QUESTION, ((cards.YES, True),))
    draft = drafts.open_question(
        context.session, payload["member"], payload["conversation"], plan.commands, asking, payload["text"]
    )
    card = cards.confirm_card(frame, draft, context.local(sent_at).date())
    key = f"guess:{payload['turn']}"
    context.owe(
        Owed(key=key, kind="card", payload={"card": card}, member_id=payload["member"], lane=REPLY, instead_of=payload["turn"])
    )  # fmt: skip


RESULTS = {"assist": guessed}
