"""Handing customers over from one colleague to another."""

from __future__ import annotations

from typing import ClassVar

from bot.commands.base import MANAGERS, Command, Ref


class HandOver(Command, frozen=True, tag="hand_over"):
    """把张三的客户转给李四: a card with the counts, nothing moves yet. With `customer` only that one, from its owner."""

    roles: ClassVar[frozenset[str]] = MANAGERS
    giver: Ref | None = None
    taker: Ref | None = None
    customer: Ref | None = None


class ConfirmHandOver(Command, frozen=True, tag="confirm_hand_over"):
    """确认移交."""

    roles: ClassVar[frozenset[str]] = MANAGERS
    handover: int


class CancelHandOver(Command, frozen=True, tag="cancel_hand_over"):
    """取消 a hand-over that was not confirmed."""

    roles: ClassVar[frozenset[str]] = MANAGERS
    handover: int


class ShowHandOver(Command, frozen=True, tag="handover"):
    """How far it is; `refresh` asks the platform again."""

    roles: ClassVar[frozenset[str]] = MANAGERS
    handover: int
    refresh: bool = False
