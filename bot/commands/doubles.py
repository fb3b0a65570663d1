"""What is asked so that no company is there twice: credit codes, working together, merging."""

from __future__ import annotations

from typing import ClassVar

from bot.commands.base import SALES, Command, Ref


class SetCreditCode(Command, frozen=True, tag="credit_code"):
    """X的信用代码是9133…; said again with another one, it is amended."""

    roles: ClassVar[frozenset[str]] = SALES
    code: str
    customer: Ref | None = None


class AskShare(Command, frozen=True, tag="ask_share"):
    """申请协作 on a customer out of sight; `called` is what the asker calls it, `words` what was said."""

    roles: ClassVar[frozenset[str]] = SALES
    customer: int
    called: str = ""
    words: str = ""


class DecideShare(Command, frozen=True, tag="share"):
    """同意 or 不同意 on the owner's card."""

    roles: ClassVar[frozenset[str]] = SALES
    request: int
    approve: bool


class MergeCustomers(Command, frozen=True, tag="merge"):
    """合并客户 A 和 B: a card with what would move and which name stays; nothing moves yet. `into`: the second's name stays."""

    roles: ClassVar[frozenset[str]] = SALES
    first: Ref | None = None
    second: Ref | None = None
    into: bool = False


class ConfirmMerge(Command, frozen=True, tag="confirm_merge"):
    """All of `gone` goes to `keep`, whose name stays."""

    roles: ClassVar[frozenset[str]] = SALES
    keep: int
    gone: int
