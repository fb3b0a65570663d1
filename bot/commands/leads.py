"""What is asked about leads 线索: note, look, take, qualify, strike out, pass on, and who gets new ones."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from bot.commands.base import ADMINS, EVERYBODY, MANAGERS, SALES, Command, Ref


class CreateLead(Command, frozen=True, tag="create_lead"):
    """新线索 宏图精密 张总 13800000000 想了解MES，来源官网; a rep keeps it, others' go by the rules."""

    roles: ClassVar[frozenset[str]] = EVERYBODY
    name: str = ""
    company: str = ""
    title: str = ""
    phone: str = ""
    need: str = ""
    product: str = ""
    region: str = ""
    tier: str = ""
    source: str = ""
    amount: Decimal | None = None


class ShowLeads(Command, frozen=True, tag="leads"):
    """我的线索, page by page; `free`: those nobody has yet."""

    roles: ClassVar[frozenset[str]] = EVERYBODY
    page: int = 0
    free: bool = False


class ShowLead(Command, frozen=True, tag="lead"):
    """A lead with what can be done."""

    roles: ClassVar[frozenset[str]] = EVERYBODY
    lead: int


class TakeLead(Command, frozen=True, tag="take_lead"):
    """领取线索 张总."""

    roles: ClassVar[frozenset[str]] = SALES
    lead: Ref


class ContactLead(Command, frozen=True, tag="contact_lead"):
    """去联系: the number in full, and that its owner set out to call."""

    roles: ClassVar[frozenset[str]] = SALES
    lead: Ref


class QualifyLead(Command, frozen=True, tag="qualify_lead"):
    """线索张总转客户; 转商机 makes a deal (`deal`) whatever is known. `company`: the customer it belongs to, or a new one's name."""

    roles: ClassVar[frozenset[str]] = SALES
    lead: Ref
    company: Ref | None = None
    deal: bool = False
    sure: bool = False  # the company is no other that we have


class DiscardLead(Command, frozen=True, tag="discard_lead"):
    """线索张总无效，空号: without a reason the card asks."""

    roles: ClassVar[frozenset[str]] = EVERYBODY
    lead: Ref
    reason: str | None = None


class PassLead(Command, frozen=True, tag="pass_lead"):
    """线索张总分给王磊: without a colleague the card asks."""

    roles: ClassVar[frozenset[str]] = MANAGERS
    lead: Ref
    to: Ref | None = None


class FreeLead(Command, frozen=True, tag="free_lead"):
    """放回: whoever sells may take it."""

    roles: ClassVar[frozenset[str]] = SALES
    lead: Ref


class ShowLeadRules(Command, frozen=True, tag="lead_rules"):
    """线索规则."""

    roles: ClassVar[frozenset[str]] = EVERYBODY


class DefineLeadRule(Command, frozen=True, tag="define_lead_rule"):
    """线索规则 华东分给李娜、王磊，每人最多20条，9点到18点; `scope` "" = all that no other rule names; minutes of the day."""

    roles: ClassVar[frozenset[str]] = ADMINS
    scope: str = ""
    people: tuple[Ref, ...] = ()
    capacity: int = 0
    opens: int = 0
    closes: int = 0


class DropLeadRule(Command, frozen=True, tag="drop_lead_rule"):
    """删除线索规则 华东."""

    roles: ClassVar[frozenset[str]] = ADMINS
    rule: Ref
