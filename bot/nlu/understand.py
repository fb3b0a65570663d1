"""A Chinese sentence to one frame: forms first, then cues, then the slots that belong to the intent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import structs

from bot.nlu import (
    actions,
    deal_facts,
    deal_kinds,
    dealing,
    doubles,
    forms,
    intents,
    leads,
    occasions,
    pool,
    queries,
    quiet,
    reasons,
    several,
    slots,
    unknown,
)
from bot.nlu import reading as r
from bot.nlu.cues import names as name_cue
from bot.nlu.frame import Fact, Frame, Mention, Scope
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Lexicon
from bot.nlu.reading import Reading
from bot.nlu.text import MAX_TEXT, tidy

_NO_SLOTS = frozenset({"none", "help"})
_WITH_AMOUNT = frozenset({"log_visit", "create_deal", "move_deal", "win_deal", "create_quote", "record_payment"})
_SUMS_UP = frozenset({"create_deal", "win_deal", "create_quote", "record_payment"})
_WITH_KIND = frozenset({"log_visit", *intents.DEAL_INTENTS})
_WITH_PERCENT = frozenset({"log_visit", "create_quote", "record_payment"})
_WITH_REASON = frozenset({"move_deal", "lose_deal", "pause_deal"})
_WITHOUT_DEAL = frozenset({"tag_contact", "untag_contact", "create_contact", "create_customer", "assign_customer"})
_ASKS_CUSTOMER = frozenset({
    "log_visit", "create_deal", "create_contact", "set_followup", "reschedule_followup", "complete_task", "query_customer",
    "create_quote", "record_payment", "assign_customer", "checkin", "tag_contact", "untag_contact", *intents.DEAL_INTENTS,
})  # fmt: skip


# Somebody who was not met is still who is to be met, or who changed.
_WITH_MISSED = frozenset({"set_followup", "reschedule_followup", "create_contact"})
# What may be said of whoever was spoken of last.
_REFERS = frozenset({
    "log_visit", "create_deal", "set_followup", "tag_contact", "untag_contact", "query_customer", "create_quote", "record_payment",
    "assign_customer", "reschedule_followup", "complete_task",
})  # fmt: skip
_WORDS = ("next_action", "title", "place", "campaign", "lost_reason")  # kept as they were said
_REFERENCE = lazily(name_cue.REFERENCE)


def understand(text: str, sent_at: datetime, lexicon: Lexicon, scope: Scope, *, chat: bool = True) -> Frame:
    """What the sentence means to this speaker. `sent_at` is aware; days count from it in `scope.zone`. Never raises on text.

    `chat`: also what is no published intent, as how a deal's course is to be.
    """
    text = tidy(text)
    read = partial(_understand, sent_at=sent_at, lexicon=lexicon, scope=scope, chat=True)
    if chat and (frame := doubles.match(text, read, lexicon, scope)) is not None:
        return frame
    kind, plain = deal_kinds.apart(text)
    if kind:
        frame = _understand(plain, sent_at, lexicon, scope, chat=chat)
        if frame.intent == "create_deal":
            return structs.replace(frame, text=text, note=text.strip(), deal_kind=kind)
    return _understand(text, sent_at, lexicon, scope, chat=chat)


def _understand(text: str, sent_at: datetime, lexicon: Lexicon, scope: Scope, *, chat: bool) -> Frame:
    form = forms.match(text, lexicon, scope)
    if form is None and chat:
        form = dealing.match(text, lexicon, scope) or deal_facts.match(text, sent_at, lexicon, scope)
        form = form or quiet.match(text, sent_at, lexicon, scope) or leads.match(text, lexicon, scope)
        form = form or pool.match(text, lexicon, scope)
    if form is not None:
        return form
    reading = r.read(text[:MAX_TEXT], sent_at.astimezone(scope.zone).replace(tzinfo=None), lexicon, scope)
    amended = forms.amendment(reading)
    if amended is not None:
        return amended
    intent, rule = intents.decide(reading)
    facts = [Fact("intent", intent, (0, len(text)), rule)]
    if intent in _NO_SLOTS:
        return Frame(intent, text, note=text.strip(), facts=tuple(facts))
    values = _names(reading, intent, chat=chat)
    timed = reading.outside(values["deal"].span) if values.get("deal") else reading
    happened, coming = occasions.split(timed, intent)
    values.update(_facts(reading, intent))
    values.update(occasions.told(timed, intent, happened, coming, facts))
    if intent in _WITH_KIND:
        told = actions.without(reading, coming) if intent == "log_visit" else reading.skeleton
        values["visit_kind"] = slots.visit_kind(told)
    values["reported"] = intent in intents.DEAL_INTENTS and intents.reported(reading)
    values["facts"] = tuple(facts + _explained(reading, values))
    if chat:
        values["parts"] = several.frames(
            reading, intent, partial(_understand, sent_at=sent_at, lexicon=lexicon, scope=scope, chat=False)
        )
    return Frame(intent, text, note=text.strip(), **values)


def _names(reading: Reading, intent: str, *, chat: bool) -> dict[str, Any]:
    """Customer, contacts and deal, with what to ask where the words fit several."""
    if intent in ("search_knowledge", "campaign_create"):
        return {}
    found, values = reading.found, dict[str, Any](customer=reading.found.customer)
    candidates: dict[str, tuple[Mention, ...]] = {}
    if intent not in ("assign_customer", "query_funnel", "query_forecast", "query_ranking", "create_customer"):
        values["contacts"] = found.contacts + (found.missed if intent in _WITH_MISSED else ())
        if found.open_contacts and (intent not in intents.QUERIES or intent == "query_customer"):
            candidates["contacts"] = found.open_contacts
    if found.open_customers and intent in _ASKS_CUSTOMER:
        candidates["customer"] = found.open_customers
    if intent not in _WITHOUT_DEAL:
        values.update(_deal(reading, intent, candidates))
    if intent == "create_deal":
        values["deal"] = slots.new_deal(reading)
        values["stage"] = slots.lead_stage(reading)
    if intent == "create_contact":
        person = (
            slots.named_person(reading)
            or slots.successor(reading)
            or (None if values["contacts"] else slots.new_person(reading))
        )
        values["contacts"] = (person,) if person else values["contacts"]
    if chat and intent in _ASKS_CUSTOMER and values.get("customer") is None and "customer" not in candidates:
        values["generic"] = unknown.generic(reading.folded, list(found.spots))
    if values.get("generic"):
        candidates["customer"] = ()
    if intent == "create_customer" and (person := slots.introduced(reading)):
        values["contacts"] = (person,)
    if values.get("customer") is None and "customer" not in candidates:
        values.update(_last(reading, intent, values))
    values["candidates"] = candidates
    values["ambiguous"] = bool(candidates)
    return values


def _deal(reading: Reading, intent: str, candidates: dict[str, tuple[Mention, ...]]) -> dict[str, Any]:
    """The deal named; a deal intent on a customer with one open deal means that one."""
    found, lexicon = reading.found, reading.lexicon
    if found.deal is not None:
        passing = intent == "complete_task" and len(found.deal.text) < 3  # a word of the task, not what it is about
        return {} if passing else {"deal": found.deal}
    if intent not in intents.DEAL_INTENTS:
        return {}
    if found.open_deals:
        candidates["deal"] = found.open_deals
        candidates.pop("customer", None)
        return {"customer": found.customer or _shared_owner(reading, found.open_deals)}
    staged = slots.deals_in_stage(reading) if found.customer is None and not found.open_customers else ()
    if len(staged) == 1:
        return {"deal": staged[0], "customer": _owner(reading, staged[0])}
    if staged:
        candidates["deal"] = staged
        return {}
    head = slots.deal_head(reading) if found.customer is None and not found.open_customers else None
    if head is not None:
        return {"deal": head}
    owners = [found.customer] if found.customer else list(found.open_customers)
    options = [
        Mention(owner.text, name.ref, name.text, owner.span)
        for owner in owners if owner.ref is not None
        for name in lexicon.of_customer("deal", owner.ref) if name.open and reading.scope.sees("deal", name.ref)
    ]  # fmt: skip
    if found.customer is not None and len(options) == 1:
        return {"deal": options[0]}
    if len(options) > 1:
        candidates.pop("customer", None)
        candidates["deal"] = tuple(options)
    return {}


def _shared_owner(reading: Reading, deals: Sequence[Mention]) -> Mention | None:
    """The customer that all of them belong to."""
    owners = {owner.ref: owner for deal in deals if (owner := _owner(reading, deal)) is not None}
    return next(iter(owners.values())) if len(owners) == 1 else None


def _owner(reading: Reading, deal: Mention) -> Mention | None:
    name = reading.lexicon.name("deal", deal.ref) if deal.ref is not None else None
    owner = reading.lexicon.name("customer", name.customer) if name and name.customer is not None else None
    return (
        Mention(deal.text, owner.ref, owner.text, deal.span)
        if owner and reading.scope.sees("customer", owner.ref)
        else None
    )


def _last(reading: Reading, intent: str, values: dict[str, Any]) -> dict[str, Any]:
    """Nobody named: the deal last spoken of (its customer), for what happens to deals; else who 他 or 这个客户 is."""
    scope, lexicon = reading.scope, reading.lexicon
    if intent in _REFERS and not values.get("contacts"):
        return _referred(reading)
    if intent not in intents.DEAL_INTENTS or values.get("deal") is not None or scope.last_deal is None:
        return {}
    deal = lexicon.name("deal", scope.last_deal)
    if deal is None or not scope.sees("deal", deal.ref):
        return {}
    owner = lexicon.name("customer", deal.customer) if deal.customer is not None else None
    customer = Mention("", owner.ref, owner.text, (0, 0)) if owner and scope.sees("customer", owner.ref) else None
    return {"deal": Mention("", deal.ref, deal.text, (0, 0)), "customer": customer, "scope_last": True}


def _referred(reading: Reading) -> dict[str, Any]:
    """The customer last spoken of, and the person for 他, where the sentence refers to them."""
    scope, lexicon = reading.scope, reading.lexicon
    reference = _REFERENCE.search(reading.folded)
    customer = lexicon.name("customer", scope.last_customer) if scope.last_customer is not None else None
    if reference is None or customer is None or not scope.sees("customer", customer.ref):
        return {}
    spoken = reading.words(*reference.span())
    found: dict[str, Any] = {
        "customer": Mention(spoken, customer.ref, customer.text, reference.span()),
        "scope_last": True,
    }
    person = lexicon.name("contact", scope.last_contact) if scope.last_contact is not None else None
    if reference["person"] and person is not None and person.customer == customer.ref:
        found["contacts"] = (Mention(spoken, person.ref, person.text, reference.span("person")),)
    return found


def _facts(reading: Reading, intent: str) -> dict[str, Any]:
    """The slots that are neither names nor times."""
    values: dict[str, Any] = {}
    if intent in _WITH_AMOUNT and (sum_ := slots.amount(reading, of_deal=intent in _SUMS_UP)):
        values["amount"] = sum_.value
    if intent in _WITH_PERCENT and reading.percents:
        values["percent"] = reading.percents[0].value
    if intent == "move_deal":
        values["stage"] = slots.target_stage(reading)
    elif intent in ("tag_contact", "untag_contact"):
        values["tags"] = slots.tags(reading)
    elif intent == "create_contact" or (intent == "create_customer" and slots.introduced(reading)):
        values.update(title=slots.title(reading), phone=slots.phone(reading))
    elif intent == "assign_customer":
        values["assignee"] = slots.assignee(reading)
    elif intent == "campaign_create":
        values.update(place=slots.place(reading), campaign=slots.campaign(reading))
    elif intent == "complete_task":
        values["next_action"] = actions.done(reading)
    if intent in _WITH_REASON:
        values["lost_reason"] = reasons.reason(reading, intent)
    if intent == "checkin":
        values["place"] = slots.checkin_place(reading)
    if intent in intents.QUERIES or intent == "search_knowledge":
        values["query"] = queries.read(reading, intent)
    return values


def _explained(reading: Reading, values: dict[str, Any]) -> list[Fact]:
    facts = []
    for slot in ("customer", "deal", "stage", "assignee"):
        mention = values.get(slot)
        if mention is not None:
            facts.append(
                Fact(slot, mention.name, mention.span, "known name" if mention.ref is not None else "as written")
            )
    facts.extend(
        Fact("contacts", mention.name, mention.span, "known name" if mention.ref is not None else "as written")
        for mention in values.get("contacts", ())
    )
    if values.get("amount") is not None and (sum_ := slots.amount(reading, of_deal=True)):
        facts.append(Fact("amount", str(sum_.value), sum_.span, sum_.rule))
    if values.get("percent") is not None:
        facts.append(
            Fact("percent", str(reading.percents[0].value), reading.percents[0].span, reading.percents[0].rule)
        )
    if values.get("phone"):
        facts.append(Fact("phone", values["phone"], reading.phones[0].span, reading.phones[0].rule))
    if values.get("visit_kind") and (kind := slots.visit_kind_at(reading.skeleton)):
        facts.append(Fact("visit_kind", values["visit_kind"], kind.span(), "cue"))
    words = [(slot, values[slot]) for slot in _WORDS if values.get(slot)] + [
        ("tags", tag) for tag in values.get("tags", ())
    ]
    for slot, spoken in words:
        at = max(reading.text.find(spoken), 0)
        facts.append(Fact(slot, spoken, (at, at + len(spoken)), "as written"))
    whole = (0, len(reading.text))
    facts.extend(
        Fact(f"query.{key}", str(value), whole, "question") for key, value in (values.get("query") or {}).items()
    )
    return facts
