"""Leads in chat: note, look, take, qualify, strike out, pass on, and the rules that give them out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bot import commands as c
from bot.cards import leads as cards
from bot.cards.card import Card
from bot.cards.deals import default_name
from bot.context import Context
from bot.handlers.clocks import clock_of, hours_of, push_later
from bot.handlers.named import colleague
from scrm import doubles, lead_rules, leads, lookup, members, qualifying
from scrm.errors import Missing, NotFound
from scrm.leads import Said
from scrm.models import Customer, Lead

MOST_OFFERED = 9


def create_lead(command: c.CreateLead, context: Context) -> Card:
    """新线索: a rep's own, anybody else's goes to whose turn it is."""
    said = Said(**{name: getattr(command, name) for name in Said.__dataclass_fields__})
    mine = context.actor.role == "rep"
    lead = leads.create(context.session, context.actor, said, hours_of(context.settings), context.now, mine=mine)
    tell_owner(context, [lead])
    given = "" if mine else leads.owner_of(context.session, lead)
    return _card(context, lead, turn=context.turn, title=cards.noted_title(lead, given, mine=mine))


def tell_owner(context: Context, found: Sequence[Lead], giver: str = "") -> None:
    """Whoever got these leads hears of them on one card, unless that is the one who acts."""
    owner_id = found[0].owner_id
    if owner_id is None or owner_id == context.actor.member_id:
        return
    card = cards.got_card(found[0], giver) if len(found) == 1 else cards.got_many_card(found)
    key = f"lead:{found[0].id}:{owner_id}:{context.turn}"
    push_later(context, owner_id, card, key, hours_of(context.settings).disturbable(context.now))


def _card(context: Context, lead: Lead, *, turn: str = "", title: str = "", calling: bool = False) -> Card:
    actor = context.actor
    return cards.lead_card(
        lead, leads.owner_of(context.session, lead), clock_of(context),
        mine=lead.owner_id is not None and lead.owner_id == actor.member_id,
        sells=actor.may(c.QualifyLead.roles), leads_team=actor.may(c.PassLead.roles), turn=turn, title=title, calling=calling,
    )  # fmt: skip


def show_leads(command: c.ShowLeads, context: Context) -> Card:
    """我的线索, 待领线索."""
    page = max(0, command.page)
    found, total = leads.page_of(context.session, context.actor, page, free=command.free)
    return cards.list_card(found, total, page, clock_of(context), free=command.free)


def show_lead(command: c.ShowLead, context: Context) -> Card:
    """One lead."""
    return _card(context, leads.load(context.session, context.actor, command.lead))


def lead_view(context: Context, ident: str) -> Card:
    """The card of a lead as it is now. Raises NotFound."""
    if not ident.isdigit():
        raise NotFound
    return show_lead(c.ShowLead(lead=int(ident)), context)


def take_lead(command: c.TakeLead, context: Context) -> Card:
    """领取."""
    lead = leads.take(context.session, context.actor, command.lead, hours_of(context.settings), context.now)
    context.touch(f"lead:{lead.id}")
    return _card(context, lead, turn=context.turn, title=cards.taken_title(lead))


def contact_lead(command: c.ContactLead, context: Context) -> Card:
    """去联系."""
    lead = leads.contact(context.session, context.actor, command.lead, context.now)
    context.touch(f"lead:{lead.id}")
    return _card(context, lead, title=cards.contact_title(lead), calling=True)


def qualify_lead(command: c.QualifyLead, context: Context) -> Card:
    """转客户, 转商机: whose company it is, and whether we have that customer, is asked first."""
    session, actor = context.session, context.actor
    lead = leads.find(session, actor, command.lead)
    into = _company(context, lead, command)
    name = into if isinstance(into, str) else into.name
    deal = default_name(name) if command.deal or lead.amount is not None else ""
    made = qualifying.qualify(session, actor, lead, into, deal, hours_of(context.settings), context.now)
    context.touch(f"lead:{made.lead.id}", f"customer:{made.customer.id}")
    return cards.qualified_card(made, context.turn)


def _company(context: Context, lead: Lead, command: c.QualifyLead) -> Customer | str:
    """The customer, or the name of a new one. Raises Missing where it is not known, IsADouble where it may be one we have."""
    session, actor = context.session, context.actor
    if isinstance(command.company, int):
        return lookup.by_id(session, actor, Customer, command.company)
    name = command.company or lead.company
    if not name:
        alone = qualifying.called(session, lead, cards.NAMESAKE)
        raise Missing("company", cards.WHOSE.format(name=lead.name), ((cards.ALONE.format(name=alone), alone),))
    if command.sure:
        return name
    found = doubles.find(session, actor, name, phone=lead.phone)
    if any(double.why == "same" and double.seen for double in found):
        return name
    asked = doubles.IsADouble(name, found)
    if found and asked.options:
        raise asked
    return name


def discard_lead(command: c.DiscardLead, context: Context) -> Card:
    """无效."""
    if command.reason is None:
        leads.find(context.session, context.actor, command.lead)
        raise Missing("reason", cards.WHY_INVALID, cards.REASONS)
    lead = leads.discard(context.session, context.actor, command.lead, command.reason)
    context.touch(f"lead:{lead.id}")
    return cards.gone_card(lead, cards.INVALID, context.turn)


def pass_lead(command: c.PassLead, context: Context) -> Card:
    """分给…."""
    session, actor = context.session, context.actor
    if command.to is None:
        leads.find(session, actor, command.lead)
        people = members.colleagues(session, actor, 0, MOST_OFFERED)
        raise Missing("to", cards.WHO_GETS, tuple((one.name, one.id) for one in people))
    to = colleague(context, "to", command.to)
    lead = leads.give(session, actor, command.lead, to)
    tell_owner(context, [lead], actor.name)
    context.touch(f"lead:{lead.id}")
    return cards.gone_card(lead, cards.GIVEN.format(name=to.name), context.turn)


def free_lead(command: c.FreeLead, context: Context) -> Card:
    """放回."""
    lead = leads.free(context.session, context.actor, command.lead, context.now)
    context.touch(f"lead:{lead.id}")
    return cards.gone_card(lead, cards.FREED, context.turn)


def show_rules(_: c.ShowLeadRules, context: Context) -> Card:
    """线索规则."""
    return cards.rules_card(lead_rules.every(context.session), defines=context.actor.may(c.DefineLeadRule.roles))


def define_rule(command: c.DefineLeadRule, context: Context) -> Card:
    """线索规则 华东分给李娜、王磊."""
    people = [person for ref in command.people for person in lead_rules.whose(context.session, ref)]
    span = (command.opens, command.closes)
    shown = lead_rules.define(context.session, context.actor, command.scope, people, command.capacity, span)
    return cards.rules_card([shown], defines=True, turn=context.turn)


def drop_rule(command: c.DropLeadRule, context: Context) -> Card:
    """删除线索规则 华东."""
    return cards.dropped_card(lead_rules.drop(context.session, command.rule), context.turn)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.CreateLead: create_lead,
    c.ShowLeads: show_leads,
    c.ShowLead: show_lead,
    c.TakeLead: take_lead,
    c.ContactLead: contact_lead,
    c.QualifyLead: qualify_lead,
    c.DiscardLead: discard_lead,
    c.PassLead: pass_lead,
    c.FreeLead: free_lead,
    c.ShowLeadRules: show_rules,
    c.DefineLeadRule: define_rule,
    c.DropLeadRule: drop_rule,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {"lead": lead_view}
