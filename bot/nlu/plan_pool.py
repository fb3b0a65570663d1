"""From a frame about a lead or the public pool to the command it asks for; pure."""

from __future__ import annotations

from collections.abc import Callable

from bot import commands as c
from bot.commands import Command, Ref
from bot.nlu.frame import Frame, Mention


def ref_of(mention: Mention | None) -> Ref | None:
    """The record's id, or its name where it has none."""
    if mention is None:
        return None
    return mention.ref if mention.ref is not None else mention.name


COMMANDS: dict[str, Callable[[Frame], Command]] = {
    "create_lead": lambda frame: c.CreateLead(**frame.details),
    "qualify_lead": lambda frame: c.QualifyLead(lead=frame.name, deal=frame.details.get("deal", False)),
    "contact_lead": lambda frame: c.ContactLead(lead=frame.name),
    "free_lead": lambda frame: c.FreeLead(lead=frame.name),
    "channel_leads": lambda frame: c.SetChannelLeads(channel=frame.name, on=frame.details["on"]),
    "discard_lead": lambda frame: c.DiscardLead(lead=frame.name, reason=frame.details.get("reason")),
    "take_lead": lambda frame: c.TakeLead(lead=frame.name),
    "pass_lead": lambda frame: c.PassLead(lead=frame.name, to=ref_of(frame.assignee)),
    "define_lead_rule": lambda frame: c.DefineLeadRule(**frame.details),
    "drop_lead_rule": lambda frame: c.DropLeadRule(rule=frame.details["scope"]),
    "claim_pooled": lambda frame: c.ClaimCustomer(customer=ref_of(frame.customer) or frame.text),
    "release_customer": lambda frame: c.ReleaseCustomer(customer=ref_of(frame.customer), reason=frame.lost_reason),
    "assign_pooled": lambda frame: c.AssignPooled(
        customer=ref_of(frame.customer) or frame.text, to=ref_of(frame.assignee)
    ),
    "pool_rule": lambda frame: c.DefinePoolRule(**frame.details),
}
