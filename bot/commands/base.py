"""What every command is: a frozen request and the roles that may make it."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from msgspec import Struct

Ref = int | str  # an id (from a button or an answered question) or a name as spoken

EVERYBODY = frozenset({"rep", "manager", "marketer", "admin"})
SALES = frozenset({"rep", "manager", "admin"})
MANAGERS = frozenset({"manager", "admin"})
MARKETING = frozenset({"marketer", "admin"})
ADMINS = frozenset({"admin"})


class Command(Struct, frozen=True, tag_field="do", omit_defaults=True, forbid_unknown_fields=True):
    """A request. `roles` may make it; config admins may make any."""

    roles: ClassVar[frozenset[str]] = EVERYBODY


class Asked(Command, frozen=True):
    """What a question about figures is about: whose deals, which of them, which days (both included); None = all, or the usual."""

    words: str = ""  # the sentence: departments, kinds, tiers and products are named in it
    member: Ref | None = None
    department: int | None = None
    product: int | None = None  # a row that names it
    first: date | None = None
    last: date | None = None
