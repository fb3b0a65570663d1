"""The understanding alone: JSON lines in, JSON lines out, in the same order; no database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TextIO

from bot.nlu.cues import names as cue
from bot.nlu.frame import SHANGHAI, Frame, Mention, Moment, Name, Scope
from bot.nlu.intents import DEAL_INTENTS
from bot.nlu.lazy import compile_all
from bot.nlu.lexicon import Lexicon
from bot.nlu.published import found, plain
from bot.nlu.understand import understand

_CHAT_ONLY = frozenset(
    {"undo", "explain", "amend", "bind", "menu", "create_channel", "set_role", "set_manager", "rename_member"}
)
_TEXT_SLOTS = ("next_action", "visit_kind", "title", "phone", "place", "campaign")
_EXPECTED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


def run(stdin: TextIO, stdout: TextIO, only: str | None = None, explain: bool = False) -> None:
    """Answer each line of `stdin` on `stdout`. `only`: time, number or money. A bad line gets {"id", "error"}."""
    compile_all()
    for line in stdin:
        if line.strip():
            stdout.write(json.dumps(_answer(line, only, explain), ensure_ascii=False) + "\n")
            stdout.flush()


def _answer(line: str, only: str | None, explain: bool) -> dict[str, Any]:
    row: Any = None
    try:
        row = json.loads(line)
        return found(row, only, explain=explain) if only else framed(row, explain)
    except _EXPECTED as error:
        return {
            "id": row.get("id") if isinstance(row, dict) else None,
            "error": f"{type(error).__name__}: {error}"[:200],
        }


def framed(row: dict[str, Any], explain: bool = False) -> dict[str, Any]:
    """The frame of one row, in the published format."""
    sent_at = datetime.fromisoformat(row["now"])
    sent_at = sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=SHANGHAI)
    context = row.get("context") or {}
    lexicon = _lexicon(json.dumps(context, ensure_ascii=False, sort_keys=True))
    frame = understand(str(row["text"]), sent_at, lexicon, Scope(me=context.get("me")), chat=False)
    answer = {"id": row["id"], **published(frame)}
    if explain:
        answer["facts"] = [
            {"slot": f.slot, "value": f.value, "span": list(f.span), "rule": f.rule} for f in frame.facts
        ]
    return answer


@lru_cache(maxsize=8)
def _lexicon(context: str) -> Lexicon:
    return Lexicon(names_of(json.loads(context)))


def names_of(context: dict[str, Any]) -> Iterator[Name]:
    """The names of a row's context; a name is its own ref."""
    aliases = context.get("aliases") or {}
    for customer in context.get("customers") or ():
        yield Name("customer", customer, customer, tuple(aliases.get(customer, ())))
    for contact in context.get("contacts") or ():
        ref = f"{contact['name']}@{contact.get('customer')}"
        yield Name("contact", ref, contact["name"], customer=contact.get("customer"), title=contact.get("title") or "")
    for deal in context.get("deals") or ():
        yield Name("deal", deal["name"], deal["name"], customer=deal.get("customer"), stage=deal.get("stage") or "")
    for member in context.get("members") or ():
        yield Name("member", member, member)
    for stage in context.get("stages") or ():
        yield Name("stage", stage, stage)
    for region in dict.fromkeys([*(context.get("regions") or ()), *cue.BIG_REGIONS]):
        yield Name("region", region, region)


def published(frame: Frame) -> dict[str, Any]:
    """The frame with the keys of the published format; absent facts are left out."""
    intent = "none" if frame.intent in _CHAT_ONLY else frame.intent
    if frame.intent == "amend" and frame.next_at is not None:  # of what was just said, in a chat; alone it moves a date
        intent = "reschedule_followup"
    answer: dict[str, Any] = {"intent": intent}
    for slot in ("customer", "deal", "stage", "assignee"):
        mention: Mention | None = getattr(frame, slot)
        if mention is not None and slot not in frame.candidates:
            answer[slot] = mention.name
    if frame.contacts and "contacts" not in frame.candidates:
        answer["contacts"] = [mention.name for mention in frame.contacts]
    for slot in ("amount", "percent"):
        value: Decimal | None = getattr(frame, slot)
        if value is not None:
            answer[slot] = plain(value)
    for slot in ("occurred_at", "next_at"):
        moment: Moment | None = getattr(frame, slot)
        if moment is not None:
            answer[slot] = f"{moment.day}T{moment.time:%H:%M}" if moment.time else str(moment.day)
    answer.update({slot: value for slot in _TEXT_SLOTS if (value := getattr(frame, slot))})
    if frame.intent in DEAL_INTENTS:  # published as one intent: how the report beside it was made is the chat's matter
        answer.pop("visit_kind", None)
    if frame.tags:
        answer["tags"] = list(frame.tags)
    if frame.query:
        answer["query"] = frame.query
    if frame.ambiguous:
        answer["ambiguous"] = True
        answer["candidates"] = {
            slot: [mention.name for mention in options] for slot, options in frame.candidates.items()
        }
    return answer
