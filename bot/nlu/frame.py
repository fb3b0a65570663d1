"""What understanding takes and gives: names in, one frame out. Plain immutable data, no behaviour beyond reading it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

Ref = int | str
Kind = Literal["customer", "contact", "deal", "product", "tag", "member", "stage", "campaign", "region"]
Span = tuple[int, int]
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Name(Struct, frozen=True, gc=False):
    """A name the company uses. `customer` is the customer of a contact or deal; `open` is false for a closed deal."""

    kind: Kind
    ref: Ref
    text: str
    aliases: tuple[str, ...] = ()
    customer: Ref | None = None
    title: str = ""
    stage: str = ""
    open: bool = True


class Scope(Struct, frozen=True):
    """Who speaks and what exists for them. `visible` holds (kind, ref) pairs; None = everything. `recent` is newest first."""

    me: Ref | None = None
    visible: AbstractSet[tuple[str, Ref]] | None = None
    recent: tuple[Ref, ...] = ()
    last_customer: Ref | None = None
    last_deal: Ref | None = None
    last_contact: Ref | None = None
    zone: ZoneInfo = SHANGHAI

    def sees(self, kind: str, ref: Ref) -> bool:
        """Whether this name exists for the speaker: stages, tags, members and regions exist for everybody."""
        return self.visible is None or kind not in PRIVATE_KINDS or (kind, ref) in self.visible


PRIVATE_KINDS = frozenset({"customer", "contact", "deal"})


class Mention(Struct, frozen=True):
    """A name in the text: `text` as spoken, `name` the known name (or as spoken), `ref` None when it is not known."""

    text: str
    ref: Ref | None
    name: str
    span: Span


class Moment(Struct, frozen=True):
    """A local day, with a clock time only where the text gives one; `part` is morning, noon, afternoon, evening or night."""

    day: dt.date
    time: dt.time | None = None
    part: str = ""

    def at(self, default: dt.time, zone: ZoneInfo) -> dt.datetime:
        """The moment as an aware datetime; `default` is the clock time of a day without one."""
        return dt.datetime.combine(self.day, self.time or default, zone)


class Fact(Struct, frozen=True):
    """Why a slot has its value: where in the text it stood and which rule read it."""

    slot: str
    value: str
    span: Span
    rule: str


class Frame(Struct, frozen=True):
    """One sentence understood. Absent facts are None or empty.

    `intent` is one of README's intents or, for the chat only, undo, amend, bind, menu, create_channel, set_role,
    set_manager, rename_member (`code` is the member as written, `name` the new name). `percent` is 60 for 60 %. `query` has only the keys the text gives: days as ISO strings.
    `scope_last` says that a deal or customer was meant but not named, and the one last spoken of was taken.
    `lost_reason` is why a deal was lost, moved, paused or made void; `deal_kind` the kind of a new deal, where one is said.
    `details` of deal_facts: what was said of the deal, by fact (`bot.nlu.cues.deal_facts.FACTS`).
    `reported` says that a sentence about a deal also tells what somebody said or did.
    `role` is a role for set_role, the name of the manager for set_manager; `assignee` is the member concerned.
    `parts` are a frame for each of several customers that were visited, or are to be.
    `generic` are words in a customer's place that name none (拜访了机械): which one is asked.
    `candidates` lists, per slot to ask about, what the words may mean.
    """

    intent: str
    text: str
    customer: Mention | None = None
    contacts: tuple[Mention, ...] = ()
    deal: Mention | None = None
    stage: Mention | None = None
    amount: Decimal | None = None
    occurred_at: Moment | None = None
    next_at: Moment | None = None
    next_action: str = ""
    visit_kind: str = ""
    tags: tuple[str, ...] = ()
    title: str = ""
    phone: str = ""
    percent: Decimal | None = None
    assignee: Mention | None = None
    place: str = ""
    campaign: str = ""
    lost_reason: str = ""
    deal_kind: str = ""
    note: str = ""
    query: dict[str, Any] | None = None
    name: str = ""
    welcome: str = ""
    body: str = ""
    role: str = ""
    code: str = ""
    details: dict[str, Any] = {}
    reported: bool = False
    scope_last: bool = False
    ambiguous: bool = False
    candidates: dict[str, tuple[Mention, ...]] = {}
    facts: tuple[Fact, ...] = ()
    generic: str = ""
    parts: tuple[Frame, ...] = ()
