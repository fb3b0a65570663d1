"""移交: customers, deals and follow-ups go to a colleague here, and their contacts on WeCom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from bot import commands as c
from bot.cards import handovers as cards
from bot.cards.card import Card
from bot.context import BULK, REPLY, Context, Owed
from bot.handlers.clocks import clock_of, hours_of, push_later
from bot.handlers.named import colleague
from scrm import handovers, lookup, members
from scrm.errors import Missing, NotFound
from scrm.handovers import Route
from scrm.models import Audit, Customer, Member
from scrm.models import HandOver as Row

log = structlog.get_logger("handovers")

MOST_OFFERED = 9
ASK_BATCH = 50


def hand_over(command: c.HandOver, context: Context) -> Card:
    """把张三的客户转给李四: what would move, and what cannot be taken back."""
    session = context.session
    customer = lookup.customer(session, context.actor, command.customer) if command.customer is not None else None
    giver = handovers.giver_of(session, customer) if customer is not None else _giver(command, context)
    if command.taker is None:
        options = members.colleagues(session, context.actor, giver.id, MOST_OFFERED)
        raise Missing("taker", cards.WHO_TAKES, cards.taker_options(options))
    taker = colleague(context, "taker", command.taker)
    return _card(context, handovers.plan(session, context.actor, giver, taker, customer))


def _giver(command: c.HandOver, context: Context) -> Member:
    if command.giver is None:
        raise Missing("giver", cards.WHOSE)
    return colleague(context, "giver", command.giver, left=True)


def confirm(command: c.ConfirmHandOver, context: Context) -> Card:
    """确认移交: our side at once, the platform's begins, and the new owner gets a brief."""
    session = context.session
    row, brief = handovers.confirm(session, context.actor, command.handover, context.turn, context.now)
    route = handovers.route(session, row) if context.settings.has_wecom_app else None
    if route is not None:
        for part, ids in enumerate(handovers.begin_transfers(session, row)):
            payload = {"handover": row.id, **_routed(route), "external_user_ids": ids}
            context.owe(Owed(key=f"transfer:{row.id}:{part}", kind="transfer_contacts", payload=payload, lane=BULK))
    giver = session.get_one(Member, row.giver_id)
    card = cards.brief_card(row, giver, context.actor.name, brief, clock_of(context))
    arrives = hours_of(context.settings).disturbable(context.now)
    push_later(context, row.taker_id, card, f"handed_over:{row.id}", arrives)
    return _changed(context, row)


def cancel(command: c.CancelHandOver, context: Context) -> Card:
    """取消."""
    return _changed(context, handovers.cancel(context.session, context.actor, command.handover))


def show(command: c.ShowHandOver, context: Context) -> Card:
    """How far it is; 刷新 asks the platform, at most once a minute."""
    row = handovers.load(context.session, context.actor, command.handover)
    if command.refresh:
        _ask(context, row, f"{context.now:%Y%m%d%H%M}")
    return _card(context, row)


def read_progress(context: Context) -> int:
    """Ask the platform what became of transfers that wait; how many hand-overs were asked about."""
    due = handovers.to_ask(context.session, context.now, ASK_BATCH)
    for row in due:
        _ask(context, row, f"{context.now:%Y%m%d%H%M}")
    return len(due)


def undoing(context: Context, row: Audit) -> str:
    """Before a hand-over is taken back: the new owner hears of it; what the platform has begun it goes on with."""
    if row.op != "update" or (row.after or {}).get("status") != "done":
        return ""
    done = handovers.by_id(context.session, int(row.record_id))
    if done is None:
        return ""
    giver = context.session.get_one(Member, done.giver_id)
    card = cards.taken_back_card(giver, context.actor.name)
    push_later(
        context, done.taker_id, card, f"taken_back:{done.id}", hours_of(context.settings).disturbable(context.now)
    )
    return cards.STARTED_STAYS if handovers.progress(context.session, done) else ""


# --- what comes back from the platform


def transfers_begun(context: Context, payload: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The platform asks the contacts, but for those it would not take."""
    handovers.failed(context.session, payload["handover"], result["refused"])
    context.touch(handovers.view(payload["handover"]))


def transfers_refused(context: Context, payload: Mapping[str, Any], code: str) -> None:
    """None of them was taken."""
    log.warning("transfer_refused", code=code, handover=payload["handover"])
    handovers.failed(context.session, payload["handover"], dict.fromkeys(payload["external_user_ids"], code))
    context.touch(handovers.view(payload["handover"]))


def progress_read(context: Context, payload: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """What became of them so far."""
    handovers.record(context.session, payload["handover"], result["statuses"])
    context.touch(handovers.view(payload["handover"]))


def progress_refused(_context: Context, payload: Mapping[str, Any], code: str) -> None:
    """The platform does not say; the next time tries again."""
    log.warning("transfer_result_refused", code=code, handover=payload["handover"])


# --- within


def handover_view(context: Context, ident: str) -> Card:
    """The card of a hand-over as it is now. Raises NotFound."""
    if not ident.isdigit():
        raise NotFound
    return _card(context, handovers.load(context.session, context.actor, int(ident)))


def _ask(context: Context, row: Row, slot: str) -> None:
    route = handovers.route(context.session, row)
    if route is not None and handovers.asked(context.session, row.id, context.now):
        payload = {"handover": row.id, **_routed(route)}
        context.owe(Owed(key=f"transfer_results:{row.id}:{slot}", kind="transfer_results", payload=payload, lane=REPLY))


def _routed(route: Route) -> dict[str, Any]:
    return {"giver": route.giver, "taker": route.taker, "resigned": route.resigned}


def _changed(context: Context, row: Row) -> Card:
    context.touch(handovers.view(row.id))
    return _card(context, row)


def _card(context: Context, row: Row) -> Card:
    session = context.session
    giver, taker = session.get_one(Member, row.giver_id), session.get_one(Member, row.taker_id)
    customer = session.get(Customer, row.customer_id) if row.customer_id is not None else None
    said = {"customer": customer.name if customer else "", "hindrance": _hindrance(context, row)}
    if row.status == "draft" and not row.turn:
        return cards.plan_card(row, giver, taker, handovers.contacts(session, row), **said)
    return cards.state_card(row, giver, taker, handovers.progress(session, row), **said)


def _hindrance(context: Context, row: Row) -> str:
    """Why the platform has no part in it; "" where it has."""
    if not context.settings.has_wecom_app:
        return cards.NO_APP
    return "" if handovers.route(context.session, row) is not None else cards.NO_ACCOUNT


HANDLERS = {c.HandOver: hand_over, c.ConfirmHandOver: confirm, c.CancelHandOver: cancel, c.ShowHandOver: show}
VIEWS = {"handover": handover_view}
RESULTS = {"transfer_contacts": transfers_begun, "transfer_results": progress_read}
FAILURES = {"transfer_contacts": transfers_refused, "transfer_results": progress_refused}
UNDOING = {"handover": undoing}
