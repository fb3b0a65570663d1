"""Every business table of one company; import the classes from here."""

from scrm.models.activities import ACTIVITY_KINDS, FOLLOWUP_STATUSES, Activity, ActivityContact, CheckIn, FollowUp
from scrm.models.audit import Audit
from scrm.models.base import Base, BigId, Tracked
from scrm.models.customers import Contact, Customer, CustomerAlias, CustomerShare, Follow
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
from scrm.models.marketing import Campaign, CampaignBatch, Channel, ContactTag, CustomerTag, Tag, Touch
from scrm.models.people import Department, Identity, LinkCode, Member, Membership

__all__ = [
    "ACTIVITY_KINDS",
    "DEAL_STATUSES",
    "DECISION_ROLES",
    "FOLLOWUP_STATUSES",
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
    "Customer",
    "CustomerAlias",
    "CustomerShare",
    "CustomerTag",
    "Deal",
    "DealCompetitor",
    "DealContact",
    "DealProduct",
    "Department",
    "Follow",
    "FollowUp",
    "Identity",
    "LinkCode",
    "Member",
    "Membership",
    "Pipeline",
    "Stage",
    "StageChange",
    "Tag",
    "Touch",
    "Tracked",
]
