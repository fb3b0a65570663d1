"""Help, small talk, and what is understood but not there yet."""

from __future__ import annotations

from bot import commands as c
from bot.cards import help as cards
from bot.cards import reading
from bot.cards import small_talk as small_talk_cards
from bot.cards.card import Card
from bot.cards.names import short
from bot.context import Context
from bot.handlers import assistant
from bot.handlers.clocks import clock_of
from scrm import activities, audit, examples, lookup
from scrm.errors import Ambiguous, UnknownName
from scrm.models import Customer


def show_help(_: c.Help, context: Context) -> Card:
    """What this role can say."""
    return cards.help_card(context.actor.role, context.actor.name, _known(context))


def explain(_: c.Explain, context: Context) -> Card:
    """Which words of the speaker's last sentence were read as what."""
    member, read = context.actor.member_id, context.read
    last = audit.last_words(context.session, member) if member is not None else None
    if last is None or read is None:
        return reading.nothing_said_card()
    words, said_at = last
    return reading.reading_card(read(words, said_at), said_at, clock_of(context))


def small_talk(command: c.SmallTalk, context: Context) -> Card:
    """A friendly line for a friendly word; else that nothing was understood, and what would be."""
    kind = small_talk_cards.kind_of(command.words)
    role, known = context.actor.role, _known(context)
    if kind == "greeting":
        return cards.greeting_card(role, context.actor.name, known)
    if kind:
        return small_talk_cards.line_card(kind)
    if context.settings.assistant_seconds:
        assistant.ask(context, command.words)
    return cards.not_understood_card(role, known)


def _known(context: Context) -> cards.Known:
    """What the speaker's examples are about: what was worked on last."""
    session, actor = context.session, context.actor
    mine = examples.mine(session, actor)
    customer = mine.customer
    return cards.Known(
        customer=_called(context, customer) if customer is not None else "",
        person=mine.person, deal=mine.deal, stage=mine.stage, tag=mine.tag, owner=mine.owner, member=mine.member,
        leader=mine.leader,
    )  # fmt: skip


def recent_customer(context: Context) -> str:
    """What the customer the speaker worked on last is called, for an example; "" where there is none."""
    customer = examples.mine(context.session, context.actor).customer
    return _called(context, customer) if customer is not None else ""


def _called(context: Context, customer: Customer) -> str:
    """The customer's short name, or the whole where the short one may mean another."""
    called = short(customer.name)
    try:
        return called if lookup.customer(context.session, context.actor, called).id == customer.id else customer.name
    except (Ambiguous, UnknownName):
        return customer.name


def not_yet(command: c.NotYet, context: Context) -> Card:
    """Say what was understood; keep the words as an activity when the customer is known."""
    kept, turn = "", ""
    if command.customer is not None and not command.intent.startswith(("query_", "search_")):
        try:
            customer = lookup.customer(context.session, context.actor, command.customer)
        except (Ambiguous, UnknownName):
            return cards.not_yet_card(command.intent)
        told = activities.Told(command.words, "note", context.now)
        activities.log(context.session, context.actor, customer, told, zone=context.settings.zone)
        context.touch(f"customer:{customer.id}")
        kept, turn = customer.name, context.turn
    return cards.not_yet_card(command.intent, kept, turn)


HANDLERS = {c.Help: show_help, c.Explain: explain, c.SmallTalk: small_talk, c.NotYet: not_yet}
