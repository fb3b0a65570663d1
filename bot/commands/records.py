"""What anybody can ask for, and what is asked about customers, contacts and activities."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from bot.commands.base import SALES, Command, Ref


class Help(Command, frozen=True, tag="help"):
    """What can I say?"""


class Undo(Command, frozen=True, tag="undo"):
    """Take back the last effective message, or the one (`turn`) of the card clicked; `then`: what is offered after it."""

    turn: str = ""
    then: str = ""


class Explain(Command, frozen=True, tag="explain"):
    """怎么理解的: which words of the speaker's last sentence were read as what."""


class Bind(Command, frozen=True, tag="bind"):
    """绑定: without a code gives one; with a code from the other platform links the two identities."""

    code: str = ""


class AnswerDraft(Command, frozen=True, tag="answer"):
    """The option chosen of a question we asked; -1 = cancel."""

    draft: int
    option: int


class NotYet(Command, frozen=True, tag="not_yet"):
    """Understood, but no handler yet: the card says what was understood and what to do instead."""

    intent: str
    customer: Ref | None = None
    words: str = ""


class SmallTalk(Command, frozen=True, tag="small_talk"):
    """Nothing to do: says so kindly, with examples."""

    words: str = ""


class CreateCustomer(Command, frozen=True, tag="new_customer"):
    """新建客户 X, with its 统一社会信用代码 and phone where they are said."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: str
    sure: bool = False  # made although it may be there already
    code: str = ""
    phone: str = ""


class ShowCustomer(Command, frozen=True, tag="customer"):
    """查一下X: a one-screen brief."""

    customer: Ref


class MyCustomers(Command, frozen=True, tag="customers"):
    """我的客户."""

    page: int = 0


class CreateContact(Command, frozen=True, tag="new_contact"):
    """A new person, or a new phone or title of a known one."""

    roles: ClassVar[frozenset[str]] = SALES
    contact: str
    customer: Ref | None = None
    title: str = ""
    phone: str = ""


class TagContact(Command, frozen=True, tag="tag"):
    """打标签 on a contact, or on a customer when no contact is named."""

    tags: tuple[str, ...]
    contact: Ref | None = None
    customer: Ref | None = None


class UntagContact(Command, frozen=True, tag="untag"):
    """去标签."""

    tags: tuple[str, ...]
    contact: Ref | None = None
    customer: Ref | None = None


class LogActivity(Command, frozen=True, tag="log"):
    """A contact with a customer that happened, with everything said about it in one sentence."""

    roles: ClassVar[frozenset[str]] = SALES
    summary: str
    kind: str = "note"  # scrm.models.ACTIVITY_KINDS
    customer: Ref | None = None
    contacts: tuple[Ref, ...] = ()
    happened_at: datetime | None = None
    amount: Decimal | None = None
    deal: Ref | None = None
    place: str = ""
    next_action: str = ""
    next_at: datetime | None = None
    next_all_day: bool = False
    completes: int | None = None  # the follow-up this record fulfils (写跟进)


class ShowActivity(Command, frozen=True, tag="activity"):
    """The card of one record."""

    activity: int


class Supplement(Command, frozen=True, tag="supplement"):
    """补充: without words asks for them; with words adds them to the record's summary."""

    roles: ClassVar[frozenset[str]] = SALES
    activity: int
    words: str = ""


class Amend(Command, frozen=True, tag="amend"):
    """修改 of what was just recorded: only the named facts change."""

    roles: ClassVar[frozenset[str]] = SALES
    amount: Decimal | None = None
    next_at: datetime | None = None
    next_all_day: bool = False
    customer: Ref | None = None
    words: str = ""


class LinkDeal(Command, frozen=True, tag="link_deal"):
    """归到商机: which of the customer's open deals a record belongs to; without `deal` it asks."""

    roles: ClassVar[frozenset[str]] = SALES
    activity: int
    deal: Ref | None = None


class UseAmount(Command, frozen=True, tag="use_amount"):
    """更新金额: the deal of a record takes the amount that was said in it."""

    roles: ClassVar[frozenset[str]] = SALES
    activity: int
