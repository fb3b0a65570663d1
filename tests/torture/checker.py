"""What must be true after a run, read from the database, the platforms' answers and the phones."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bot.outbox import card_id_of
from bot.tables import DONE, EXPIRED, Inbox, Outbox
from scrm.db import Base, Database
from scrm.models import Activity, Audit, Contact, Customer, Deal, Follow, FollowUp, StageChange
from tests.torture.company import Company
from tests.torture.plan import Act, Plan

AGAIN = "重发"


@dataclass(slots=True)
class Verdict:
    """Figures, and every broken promise in one sentence."""

    acts: int = 0
    kept: int = 0  # committed, once, with their effect
    unheard: Counter[str] = field(
        default_factory=Counter
    )  # by door: gone before our commit, and nobody was told otherwise
    repeated: int = 0  # messages that came again, marked
    welcomed: int = 0
    late: int = 0  # welcomes whose code had died
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # order, orphans, half-written

    @property
    def problems(self) -> list[str]:
        """Everything that must not be."""
        return [*self.lost, *self.doubled, *self.broken]


class Ledger:
    """The tables as they are at the end."""

    def __init__(self, database: Database) -> None:
        with database.read() as session:
            self.inbox: Sequence[Inbox] = session.scalars(sa.select(Inbox).order_by(Inbox.id)).all()
            self.outbox = {row.key: row for row in session.scalars(sa.select(Outbox).order_by(Outbox.id))}
            self.activities = session.scalars(sa.select(Activity).order_by(Activity.id)).all()
            self.deals = Counter(session.scalars(sa.select(Deal.name)))
            moved = sa.select(Deal.name).join(StageChange).where(StageChange.from_stage_id.is_not(None))
            self.moves = Counter(session.scalars(moved))
            self.followups = session.scalars(sa.select(FollowUp)).all()
            self.customers = Counter(session.scalars(sa.select(Customer.name)))
            self.contacts = Counter(session.scalars(sa.select(Contact.external_user_id)))
            self.follows = Counter(session.scalars(sa.select(Follow.external_user_id)))
            self.turns = set(session.scalars(sa.select(Audit.turn)))
            self.orphans = list(_orphans(session))
            session.expunge_all()
        self.payloads = {row.id: json.loads(row.payload) for row in self.inbox}

    def rows_of(self, act: Act) -> list[Inbox]:
        """The callbacks that this act led to."""
        return [row for row in self.inbox if _is_of(act, row, self.payloads[row.id], self.card_of)]

    def card_of(self, act: Act) -> set[str]:
        """The ids of the cards that told of the record with this act's mark."""
        told = [row for row in self.inbox if act.mark in self.payloads[row.id].get("text", "")]
        return {card_id_of(f"reply:{row.id}") for row in told}


def check(plan: Plan, company: Company) -> Verdict:
    """Hold the run against the promises."""
    database = Database(company.database_url)
    ledger = Ledger(database)
    database.close()
    verdict = Verdict()
    acts = [act for act in plan.acts if act not in company.skipped]
    undone = {act.number for act in acts if act.kind == "undo" and ledger.rows_of(act)}
    for act in acts:
        _check_act(act, ledger, company, verdict, undone)
    verdict.acts = len(acts)
    _check_order(company, ledger, verdict)
    _check_queues(ledger, verdict)
    _check_phones(plan, company, ledger, verdict)
    _check_alerts(ledger, verdict)
    verdict.broken += [f"orphan: {orphan}" for orphan in ledger.orphans]
    return verdict


def _check_act(act: Act, ledger: Ledger, company: Company, verdict: Verdict, undone: set[int]) -> None:
    what = f"{act.person.user_id} {act.kind} {act.number}"
    rows = ledger.rows_of(act)
    if not rows:
        if company.acknowledged.get(act):
            verdict.lost.append(f"{what}: acknowledged, and not in the inbox")
        else:
            verdict.unheard[act.person.door] += 1
        if act.kind in ("call", "visit") and _records(act, ledger):
            verdict.broken.append(f"{what}: an effect without its event")
        return
    if len(rows) > 1:
        verdict.doubled.append(f"{what}: {len(rows)} rows in the inbox")
    problem = _problem_with_effect(act, ledger, company, verdict, undone)
    verdict.kept += not problem and len(rows) == 1


def _problem_with_effect(act: Act, ledger: Ledger, company: Company, verdict: Verdict, undone: set[int]) -> bool:
    what = f"{act.person.user_id} {act.kind} {act.number}"
    if act.kind == "thanks":
        return False
    if act.kind == "contact":
        found, follows = ledger.contacts[act.external_id], ledger.follows[act.external_id]
        _check_welcome(act, ledger, company, verdict)
        times, half = found, found != follows
    elif act.kind in ("customer", "deal", "move"):
        counted = {"customer": ledger.customers, "deal": ledger.deals, "move": ledger.moves}[act.kind]
        times, half = counted[act.person.customer if act.kind == "customer" else act.mark], False
    else:
        records = _records(act, ledger)
        steps = [row for row in ledger.followups if row.activity_id in {record.id for record in records}]
        times = len(records)
        half = act.kind == "visit" and len(steps) != times
    expected = 0 if act.number in undone and act.kind in ("call", "visit", "undo") else 1
    if half:
        verdict.broken.append(f"{what}: half written")
    if times < expected:
        verdict.lost.append(f"{what}: no effect")
    if times > expected:
        verdict.doubled.append(f"{what}: {times} effects instead of {expected}")
    return half or times != expected


def _check_welcome(act: Act, ledger: Ledger, company: Company, verdict: Verdict) -> None:
    """A new contact was welcomed, unless the 20 s of its code had passed; the platform takes a code once."""
    owed = ledger.outbox[f"welcome:{ledger.payloads[ledger.rows_of(act)[0].id]['welcome_code']}"]
    times = company.welcomes().get(act.external_id, 0)
    verdict.welcomed += times
    verdict.late += times == 0 and owed.state == EXPIRED
    if times == 0 and owed.state != EXPIRED:
        verdict.lost.append(f"{act.person.user_id} contact {act.number}: not welcomed, {owed.state} {owed.error}")


def _records(act: Act, ledger: Ledger) -> list[Activity]:
    return [activity for activity in ledger.activities if act.mark in activity.summary]


def _check_order(company: Company, ledger: Ledger, verdict: Verdict) -> None:
    """What a person said is recorded in the order it was accepted in, which is the order it was said in."""
    said = {act.mark: place for place, act in enumerate(company.said)}
    by_person = {act.mark: act.person.user_id for act in company.said}
    recorded: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for activity in ledger.activities:
        mark = next((mark for mark in said if mark in activity.summary), "")
        if mark:
            recorded[by_person[mark]].append((activity.event_id or 0, said[mark]))
    for who, pairs in recorded.items():
        events, places = [event for event, _ in pairs], [place for _, place in pairs]
        if events != sorted(events) or places != sorted(places):
            verdict.broken.append(f"{who}: recorded out of order (event, place): {pairs}")


def _check_queues(ledger: Ledger, verdict: Verdict) -> None:
    """Every event is done, what it wrote says so, and what it owes has left."""
    for row in ledger.inbox:
        if row.state != DONE:
            verdict.lost.append(f"event {row.id} {row.kind}: state {row.state} {row.error}")
        if row.kind in ("message", "click"):
            answers = [ledger.outbox.get(f"{name}:{row.id}") for name in ("reply", "update", "fresh:update")]
            owed = [answer for answer in answers if answer is not None]
            if not any(
                answer.state == DONE or (answer.kind == "update" and answer.state == EXPIRED) for answer in owed
            ):
                states = [(answer.key, answer.state, answer.error) for answer in owed]
                verdict.lost.append(f"event {row.id} {row.kind}: no answer left: {states}")
    known = {f"e{row.id}" for row in ledger.inbox}
    strange = {turn for turn in ledger.turns if turn.startswith("e") and turn[1:].isdigit()} - known
    verdict.broken += [f"audit of turn {turn} without its event" for turn in sorted(strange)]


def _check_phones(plan: Plan, company: Company, ledger: Ledger, verdict: Verdict) -> None:
    """Everything sent is on the phone: a card once, under its id; words once, and again only with the mark of a repeat."""
    sent: defaultdict[tuple[str, str], list[Outbox]] = defaultdict(list)
    for row in ledger.outbox.values():
        if row.state == DONE and row.kind in ("card", "line", "picture") and row.user_id:
            sent[row.door.partition("_")[0], row.user_id].append(row)
    for person in plan.people:
        rows, shown = sent[person.platform, person.user_id], company.phone(person)
        times, cards = Counter(item.id for item in shown), {row.card_id for row in rows}
        verdict.doubled += [f"{person.user_id}: card {ident} {many} times" for ident, many in times.items() if many > 1]
        in_words = [item for item in shown if item.id not in cards]
        once = [item for item in in_words if AGAIN not in item.text]
        expected = len(cards - set(times))
        verdict.repeated += len(in_words) - len(once)
        if len(in_words) < expected:
            verdict.lost.append(f"{person.user_id}: {expected} messages sent in words, {len(in_words)} on the phone")
        if len(once) > expected:
            verdict.doubled.append(f"{person.user_id}: {expected} messages sent in words, {len(once)} without a mark")


def _check_alerts(ledger: Ledger, verdict: Verdict) -> None:
    """Every open follow-up has been alerted, its owner has a card, and none begins two cards."""
    alerts = [row for row in ledger.outbox.values() if row.key.startswith("alert:") and row.state == DONE]
    firsts = Counter(row.key.split(":")[1] for row in alerts)
    told = {row.member_id for row in alerts}
    for row in ledger.followups:
        if row.status == "open" and (row.alerted_at is None or row.owner_id not in told):
            verdict.lost.append(f"follow-up {row.id}: no alert")
        if firsts[str(row.id)] > 1:
            verdict.doubled.append(f"follow-up {row.id}: {firsts[str(row.id)]} alerts")


def _is_of(act: Act, row: Inbox, payload: dict[str, Any], card_of: Callable[[Act], set[str]]) -> bool:
    if act.kind == "contact":
        return payload.get("external_user_id") == act.external_id
    if act.kind in ("undo", "move"):
        return row.kind == "click" and payload.get("card") in card_of(act)
    return row.kind == "message" and payload["text"] == act.text


def _orphans(session: Any) -> Iterable[str]:
    """Rows that point at nothing, whatever the database itself enforces."""
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            there = sa.exists().where(key.column == key.parent) if key.column.table is not table else None
            if there is None:
                continue
            count = session.scalar(sa.select(sa.func.count()).select_from(table).where(key.parent.is_not(None), ~there))
            if count:
                yield f"{count} rows of {table.name}.{key.parent.name}"
