"""Customers that are taken back because nobody made progress: stage, notes and tasks stay, nobody's deal is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from scrm import pool
from scrm.idle_looks import Found

REASON = "idle"  # a card says it in words


def take_back(session: Session, found: Sequence[Found], now: datetime) -> None:
    """Each customer goes where its rule says, with its live deals and open tasks."""
    to = {one.customer.id: one.rule.assign_to for one in found}
    pool.change_hands(session, [one.customer for one in found], to, now, REASON)
