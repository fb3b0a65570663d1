"""From what a handler returned and owed to outbox rows: the answer, the pushes, the redrawn live copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot import budget, pushes
from bot.cards import errors as error_cards
from bot.cards.card import Card
from bot.cards.clock import Clock
from bot.cards.reminding import covered
from bot.context import PUSH, REPLY, URGENT, Context, Owed, picture_key
from bot.events import AnyEvent, Click, Enter, Message
from bot.outbox import (
    CALL,
    CALLS,
    Address,
    addresses_of,
    card_id_of,
    door_of,
    now_ms,
    post,
    post_many,
    supersede,
    withdraw,
)
from bot.tables import CardCopy, Inbox, Outbox
from bot.views import view_card
from scrm import covers, members
from scrm.prepared import Prepared, padded

log = structlog.get_logger("answers")

WECOM_CODE_MS = 72 * 3_600_000  # a response code updates a card once within 72 h (OD:94888)
DINGTALK_COPY_MS = 7 * 24 * 3_600_000
NEVER = 1 << 62
BOT_UPDATE_MS = 5_000  # an AI-bot card can be changed only within 5 s of its click (OD:101463)
# The synchronous answer of a DingTalk card callback must come first: the two race (DingTalk docs, card callbacks).
DINGTALK_UPDATE_DELAY = timedelta(milliseconds=1500)


def post_answer(
    context: Context, event: AnyEvent, row: Inbox, card: Card, doors: Sequence[str], *, in_place: bool = False
) -> Card | None:
    """Owe the card as the one visible answer to an event; `in_place`: it replaces the clicked card, where the door can.

    Returns the card when it does.
    """
    origin = event.origin
    address = Address(door_of(origin), origin.user_id)
    extra = _reply_extra(event)
    update = None
    if origin.user_id:
        _post_pictures(context, event, address)
    if isinstance(event, Click) and in_place and _changes_in_place(event, row):
        update = card
        _post_update(context, event, row, card, address, extra)
    elif not origin.user_id:
        line = Owed(key=f"reply:{row.id}", kind="line", payload={"text": _plain(card), **extra}, lane=REPLY)
        post(context.session, line, Address(address.door, "", origin.group), context.turn)
    else:
        # A group hears in one line what became of the card that goes one-to-one: see `group_line`.
        told = {"group": {"id": origin.group, **extra}} if origin.group else extra
        post(context.session, _reply(context, event, card), address, context.turn, extra=told)
    post_owed(context, doors, clicked=event.card if isinstance(event, Click) and update is not None else "")
    return update


def _post_pictures(context: Context, event: AnyEvent, address: Address) -> None:
    """What the answer shows comes right before it, on the same phone."""
    shown = [owed for owed in context.owed if owed.key == picture_key(context.turn)]
    for owed in shown:
        context.owed.remove(owed)
        post(context.session, replace(owed, lane=URGENT if isinstance(event, Click) else REPLY), address, context.turn)


def post_owed(context: Context, doors: Sequence[str], *, clicked: str = "") -> None:
    """Write down everything the handlers owed, and the redrawing of live copies of what they touched."""
    drawn = {clicked}
    plain = []
    for owed in _for_stand_ins(context):
        answer = card_id_of(_answer_key(owed.instead_of)) if owed.instead_of else ""
        if (
            answer
            and not withdraw(context.session, _answer_key(owed.instead_of))
            and _becomes(context, answer, owed, doors)
        ):
            drawn.add(answer)
        else:
            plain.append(owed)
    post_all(context, plain, doors)
    context.owed.clear()
    _redraw_copies(context, drawn, doors)
    context.touched.clear()


def _for_stand_ins(context: Context) -> list[Owed]:
    """What is owed, with the pushes to those who are away turned to whoever stands in; the card names both."""
    pushed = {owed.member_id for owed in context.owed if owed.lane == PUSH and owed.kind == "card" and owed.member_id}
    away = covers.stand_ins(context.session, pushed, context.today)
    clock = Clock(context.settings.zone, context.now)
    turned = []
    for owed in context.owed:
        stand_in = away.get(owed.member_id or 0)
        if stand_in is not None and owed.lane == PUSH and owed.kind == "card":
            card = covered(owed.payload["card"], stand_in, clock)
            owed = replace(owed, member_id=stand_in.cover_id, payload={**owed.payload, "card": card})
        turned.append(owed)
    return turned


def post_all(context: Context, many: Sequence[Owed], doors: Sequence[str]) -> None:
    """Write down what is owed: calls, and messages through the door each member used last; a handful of statements for all."""
    for owed in many:
        if owed.kind not in CALLS and owed.member_id is None:
            raise ValueError(f"{owed.kind} {owed.key} is for nobody")
    people = {owed.member_id for owed in many if owed.kind not in CALLS and owed.member_id is not None}
    known = addresses_of(context.session, people, doors) if people else {}
    placed = []
    for owed in many:
        address = Address(CALL, "") if owed.kind in CALLS else known.get(owed.member_id or 0)
        if address is None:
            log.warning("unreachable", member=owed.member_id, key=owed.key)
        else:
            placed.append((owed, address))
    post_many(context.session, pushes.within_the_day(context, placed), context.turn)


def _answer_key(turn: str) -> str:
    """The outbox key of the answer of an event's turn."""
    return f"reply:{turn.removeprefix('e')}"


def _reply(context: Context, event: AnyEvent, card: Card) -> Owed:
    key = _answer_key(context.turn)
    if isinstance(event, Enter):
        key = f"enter:{event.origin.platform}:{event.origin.user_id}:{context.today}"
    patient = isinstance(event, Message) and not event.origin.group  # a click and a group are answered at once
    return Owed(
        key=key,
        not_before=datetime.now(UTC) + context.answer_after if patient and context.answer_after else None,
        kind="card",
        payload={"card": card},
        member_id=context.actor.member_id,
        lane=URGENT if isinstance(event, Click) else REPLY,
    )


def _reply_extra(event: AnyEvent) -> dict[str, Any]:
    origin = event.origin
    if not origin.reply_token:
        return {}
    until = (origin.reply_until or event.sent_at + timedelta(hours=24)).isoformat()
    if origin.platform == "dingtalk":
        return {"session_webhook": origin.reply_token, "session_until": until}
    return {"req_id": origin.reply_token, "req_until": until}


def _changes_in_place(event: Click, row: Inbox) -> bool:
    """Whether the door can still change the clicked card; counted from when we got the click, by our own clock."""
    if event.origin.door == "wecom_app":
        return bool(event.response_code)
    return event.origin.door != "wecom_bot" or now_ms() - row.received_ms < BOT_UPDATE_MS


def _post_update(
    context: Context, event: Click, row: Inbox, card: Card, address: Address, extra: Mapping[str, Any]
) -> None:
    delay = datetime.now(UTC) + DINGTALK_UPDATE_DELAY if address.door == "dingtalk" else None
    owed = Owed(
        key=f"update:{row.id}", kind="update", lane=URGENT, member_id=context.actor.member_id, not_before=delay,
        payload={"card": card, "target": event.card, "response_code": event.response_code},
    )  # fmt: skip
    supersede(context.session, address, event.card)
    post(context.session, owed, address, context.turn, extra=extra)
    _note_view(context, event.card, address, card.view)


def shown_on(session: Session, card_id: str) -> str:
    """The view of a card that was sent; "" where it shows nothing that could be drawn again, as a question."""
    copy = session.get(CardCopy, card_id)
    return copy.view if copy is not None else ""


def _note_view(context: Context, card_id: str, address: Address, view: str) -> None:
    """The card on that phone shows this now; a question has no copy before it becomes its answer."""
    copy = context.session.get(CardCopy, card_id)
    if copy is not None:
        copy.view = view
    elif view and context.actor.member_id is not None:
        context.session.add(
            CardCopy(
                card_id=card_id, member_id=context.actor.member_id, door=address.door, user_id=address.user_id, view=view,
                turn=context.turn, response_code="", sent_ms=now_ms(),
            )
        )  # fmt: skip


def group_line(session: Session, row: Outbox, payload: Mapping[str, Any], *, arrived: bool) -> None:
    """Owe the group where somebody spoke its one neutral line, once the card has reached that person or cannot."""
    group = dict(payload.get("group") or {})
    if not group:
        return
    text = error_cards.GROUP_LINE if arrived else error_cards.PRIVATE_FIRST
    line = Owed(key=f"line:{row.key}", kind="line", payload={"text": text, **group}, lane=REPLY)
    post(session, line, Address(row.door, "", group["id"]), row.turn)


def post_apology(context: Context, event: AnyEvent, card: Card, error_id: str) -> None:
    """Tell the person who spoke that it went wrong; the key is not the answer's, so that a replay can still answer."""
    origin = event.origin
    if context.actor.member_id is None:
        return
    owed = Owed(
        key=f"failed:{error_id}", kind="card", payload={"card": card}, member_id=context.actor.member_id, lane=REPLY
    )
    extra = {} if origin.group else _reply_extra(event)
    post(context.session, owed, Address(door_of(origin), origin.user_id), context.turn, extra=extra)


def _plain(card: Card) -> str:
    return "\n".join(part for part in (card.title, card.text) if part)


# --- live copies


def _becomes(context: Context, card_id: str, owed: Owed, doors: Sequence[str]) -> bool:
    """Redraw a card that was sent as the one owed now; False when it cannot be changed any more."""
    copy = context.session.scalars(
        _LIVE.where(CardCopy.card_id == card_id), _live_since(context.session, doors)
    ).first()
    if copy is None:
        return False
    _owe_update(context, copy, owed.payload["card"], owed.key)
    return True


def _redraw_copies(context: Context, drawn: set[str], doors: Sequence[str]) -> None:
    """Queue a fresh picture for every other phone that shows something this event changed, where it can still be changed."""
    if not context.touched:
        return
    for copy in _live_copies(context.session, context.touched, drawn, doors):
        actor = members.actor_of_member(context.session, copy.member_id, context.settings.admins, context.today)
        if actor is None:
            continue
        theirs = Context(context.session, actor, context.now, context.settings, context.turn)
        card = view_card(theirs, copy.view)
        if card is None:
            continue
        _owe_update(context, copy, card, f"redraw:{copy.card_id}:{context.turn}")


def _owe_update(context: Context, copy: CardCopy, card: Card, key: str) -> None:
    owed = Owed(
        key=key, kind="update", lane=PUSH, member_id=copy.member_id,
        payload={"card": card, "target": copy.card_id, "response_code": copy.response_code},
    )  # fmt: skip
    address = Address(copy.door, copy.user_id)
    supersede(context.session, address, copy.card_id)
    post(context.session, owed, address, context.turn)
    copy.response_code = ""


def _live_since(session: Session, doors: Sequence[str]) -> dict[str, int]:
    """The moments after which a copy must have been sent, so that it can still be changed."""
    now = now_ms()
    tight = "dingtalk" not in doors or budget.is_tight(session, "dingtalk_api")
    return {"wecom_since": now - WECOM_CODE_MS, "dingtalk_since": NEVER if tight else now - DINGTALK_COPY_MS}


_LIVE = sa.select(CardCopy).where(
    sa.or_(
        sa.and_(
            CardCopy.door == "wecom_app", CardCopy.response_code != "", CardCopy.sent_ms > sa.bindparam("wecom_since")
        ),
        sa.and_(CardCopy.door == "dingtalk", CardCopy.sent_ms > sa.bindparam("dingtalk_since")),
    )
)
_LIVE_OF_VIEWS = Prepared(
    _LIVE.where(
        CardCopy.view.in_(sa.bindparam("views", expanding=True)),
        CardCopy.card_id.not_in(sa.bindparam("drawn", expanding=True)),
    )
    .order_by(CardCopy.sent_ms.desc())
    .limit(50)
)


def _live_copies(session: Session, views: set[str], drawn: set[str], doors: Sequence[str]) -> list[CardCopy]:
    wanted = {"views": padded(views), "drawn": padded(drawn), **_live_since(session, doors)}
    return _LIVE_OF_VIEWS.records(session, wanted)
