"""Every business table of one company; import the classes from here."""

from scrm.models.activities import ACTIVITY_KINDS, FOLLOWUP_STATUSES, Activity, ActivityContact, CheckIn, FollowUp
from scrm.models.audit import Audit
from scrm.models.base import Base, BigId, Tracked
from scrm.models.customers import Contact, Customer, CustomerAlias, CustomerShare, Follow, ShareRequest
from scrm.models.deals import (
    DEAL_STATUSES,
    DECISION_ROLES,
    Contract,
    Deal,
    DealCompetitor,
    DealContact,
    DealProduct,
    Pipeline,
    Stage,
    StageChange,
)
from scrm.models.handovers import HandOver, Transfer
from scrm.models.idle import Cover, Extension, Idle, IdleRule
from scrm.models.leads import LEAD_STATUSES, Lead, LeadRule, LeadTurn
from scrm.models.marketing import Campaign, CampaignBatch, Channel, ContactTag, CustomerTag, Tag, Touch
from scrm.models.metrics import PROMISES, TARGET_OWNERS, TARGET_SPANS, Promise, Standard, Target
from scrm.models.people import Department, Identity, LinkCode, Member, Membership
from scrm.models.pool import PoolClaim, PoolEntry, PoolRule

__all__ = [
    "ACTIVITY_KINDS",
    "DEAL_STATUSES",
    "DECISION_ROLES",
    "FOLLOWUP_STATUSES",
    "LEAD_STATUSES",
    "PROMISES",
    "TARGET_OWNERS",
    "TARGET_SPANS",
    "Activity",
    "ActivityContact",
    "Audit",
    "Base",
    "BigId",
    "Campaign",
    "CampaignBatch",
    "Channel",
    "CheckIn",
    "Contact",
    "ContactTag",
    "Contract",
    "Cover",
    "Customer",
    "CustomerAlias",
    "CustomerShare",
    "CustomerTag",
    "Deal",
    "DealCompetitor",
    "DealContact",
    "DealProduct",
    "Department",
    "Extension",
    "Follow",
    "FollowUp",
    "HandOver",
    "Identity",
    "Idle",
    "IdleRule",
    "Lead",
    "LeadRule",
    "LeadTurn",
    "LinkCode",
    "Member",
    "Membership",
    "Pipeline",
    "PoolClaim",
    "PoolEntry",
    "PoolRule",
    "Promise",
    "ShareRequest",
    "Stage",
    "StageChange",
    "Standard",
    "Tag",
    "Target",
    "Touch",
    "Tracked",
    "Transfer",
]
