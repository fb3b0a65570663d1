"""A Command that waits for an answer: which one, what, or when. One open question per member and conversation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import commands as c
from bot.cards.words import CREATABLE
from bot.nlu.answers import read_answer, read_moment, read_name
from bot.nlu.frame import Moment
from bot.nlu.plan import DAY_TIME, PART_TIMES
from bot.outbox import now_ms
from bot.tables import DraftRow
from scrm.errors import Ambiguous, Missing, NotFound, UnknownName
from scrm.prepared import Prepared

OPEN_MS = 30 * 60_000  # a question answers to words for half an hour
BUTTONS_MS = 24 * 3_600_000  # and to its own buttons for a day
CREATE = "create"  # the option value for 新建
CONFIRM = "confirm"  # the slot of a question whether all of it was meant
DOUBLE = "double"  # the slot of a question whether the new record is one that is there
CHECK = "check"  # the slot of a question whether the words typed are to go as they are
TIME_SLOTS = {"due_at": "all_day", "next_at": "next_all_day", "until": ""}
NAME_SLOTS = frozenset({"customer", "company"})
WORD_SLOTS = frozenset({"words", "summary", "reason", "deal", "body", "welcome", "channel", "contact"})

Asking = Ambiguous | UnknownName | Missing
Option = tuple[str, Any]  # label, value


def options_of(error: Asking, *, creates: bool = True) -> list[Option]:
    """The buttons of a question, in the order their numbers count; `creates`: the asker may make what is unknown."""
    if isinstance(error, Ambiguous):
        return [(candidate.label, candidate.id) for candidate in error.candidates]
    if isinstance(error, Missing):
        return list(error.options)
    close: list[Option] = [(candidate.label, candidate.id) for candidate in error.close]
    template = CREATABLE.get(error.slot) if creates else None
    return [*close, (template, CREATE)] if template else close


def open_question(
    session: Session,
    member_id: int,
    conversation: str,
    commands: Sequence[c.Command],
    error: Asking,
    source: str,
    *,
    creates: bool = True,
) -> int:
    """Keep the commands, the first of which asks, until the question is answered; an older open question then answers only to its own buttons."""
    session.execute(
        sa.update(DraftRow)
        .where(DraftRow.member_id == member_id, DraftRow.conversation == conversation, DraftRow.state == "open")
        .values(state="replaced")
    )
    options = [(label, _plain(value)) for label, value in options_of(error, creates=creates)]
    row = DraftRow(
        member_id=member_id, conversation=conversation, commands=c.encode(list(commands)), slot=error.slot,
        spoken=getattr(error, "spoken", ""), options=json.dumps(options, ensure_ascii=False), source=source, created_ms=now_ms(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def open_draft(session: Session, member_id: int, conversation: str) -> DraftRow | None:
    """The question that words may answer now."""
    about = {"member_id": member_id, "conversation": conversation, "since": now_ms() - OPEN_MS}
    return next(iter(_OPEN.records(session, about)), None)


_OPEN = Prepared(
    sa.select(DraftRow)
    .where(
        DraftRow.member_id == sa.bindparam("member_id"), DraftRow.conversation == sa.bindparam("conversation"),
        DraftRow.state == "open", DraftRow.created_ms > sa.bindparam("since"),
    )
    .order_by(DraftRow.id.desc())
    .limit(1)
)  # fmt: skip


def by_button(session: Session, member_id: int, draft_id: int) -> DraftRow:
    """The question a button belongs to; somebody else's, or one a day old, does not exist."""
    row = session.get(DraftRow, draft_id)
    if row is None or row.member_id != member_id or row.created_ms < now_ms() - BUTTONS_MS:
        raise NotFound
    return row


def read_words(row: DraftRow, text: str, sent_at: datetime, zone: Any, is_command: bool) -> tuple[str, Any] | None:
    """What the words answer: ("value", v), ("cancel", None), or None when they are a new sentence."""
    options: list[Option] = [(label, value) for label, value in json.loads(row.options)]
    answer = read_answer(text, [label for label, _ in options])
    if answer in ("cancel", "no"):
        return "cancel", None
    if isinstance(answer, int):
        return "value", options[answer][1]
    if answer == "yes" and len(options) == 1:
        return "value", options[0][1]
    if row.slot in TIME_SLOTS and (moment := read_moment(text, sent_at, zone)) is not None:
        return "value", _instant(moment, zone)
    if row.slot in NAME_SLOTS and not row.spoken and (name := read_name(text)) is not None:
        return "value", name
    if row.slot in WORD_SLOTS and not options and not is_command:
        return "value", text.strip()
    return None


def fill(row: DraftRow, value: Any) -> list[c.Command]:
    """The commands again, with the slot answered."""
    commands = c.decode(row.commands)
    if row.slot == CONFIRM:
        return commands
    if row.slot == DOUBLE:
        return _settled(commands, value, row.source, row.spoken)
    if value == CREATE:
        return [_creation(row, commands), *commands]
    return [
        _answered(command, row, value) if index == row.position or _same_gap(command, row) else command
        for index, command in enumerate(commands)
    ]


def _settled(commands: list[c.Command], value: dict[str, Any], source: str, called: str = "") -> list[c.Command]:
    """What becomes of a creation that may be a double: made all the same, or what follows it is about the one there is."""
    first, rest = commands[0], commands[1:]
    if "new" in value:
        return [c.replace(first, sure=True), *rest]
    if isinstance(first, c.CreateDeal):
        noted = first.amount if value.get("bare") else None
        known = c.NoteDeal(deal=value["use"], amount=noted) if noted is not None else c.ShowDeal(deal=value["use"])
        return [known, *rest]
    name = getattr(first, "customer", called)
    if "ask" in value:
        return [c.AskShare(customer=value["ask"], called=name, words=source if rest else "")]
    ident = value["claim"] if "claim" in value else value["use"]
    claims: list[c.Command] = [c.ClaimCustomer(customer=ident)] if "claim" in value else []
    if isinstance(first, c.QualifyLead):
        return [*claims, c.replace(first, company=ident), *rest]
    about = [
        c.replace(command, customer=ident) if getattr(command, "customer", None) == name else command
        for command in rest
    ]
    return [*claims, *about] or [c.ShowCustomer(customer=ident)]


def _creation(row: DraftRow, commands: list[c.Command]) -> c.Command:
    if row.slot == "customer":
        looked = isinstance(commands[row.position], c.ShowCustomer)  # else doubles have been asked about by then
        return c.CreateCustomer(customer=row.spoken, sure=not looked)
    return c.CreateContact(contact=row.spoken, customer=getattr(commands[row.position], "customer", None))


def _same_gap(command: c.Command, row: DraftRow) -> bool:
    return bool(row.spoken) and getattr(command, row.slot, None) == row.spoken


def _answered(command: c.Command, row: DraftRow, value: Any) -> c.Command:
    if row.slot == "contacts" and isinstance(command, c.LogActivity):
        rest = tuple(ref for ref in command.contacts if ref != row.spoken)
        return c.replace(command, contacts=(*rest, value))
    if row.slot in TIME_SLOTS:
        all_day = TIME_SLOTS[row.slot]
        moment = datetime.fromisoformat(value["at"]) if isinstance(value, dict) else datetime.fromisoformat(value)
        changes: dict[str, Any] = {row.slot: moment}
        if all_day and isinstance(value, dict):
            changes[all_day] = value["all_day"]
        return c.replace(command, **changes)
    if row.slot == CHECK:
        return c.replace(command, **({"sure": True} if value else {"words": ""}))
    return c.replace(command, **{row.slot: value})


def _instant(moment: Moment, zone: Any) -> dict[str, Any]:
    all_day = moment.time is None and moment.part not in PART_TIMES
    return {"at": moment.at(PART_TIMES.get(moment.part, DAY_TIME), zone).isoformat(), "all_day": all_day}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
