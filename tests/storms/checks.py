"""What must be true after a storm, whatever happened in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.tables import DONE, Inbox, Outbox
from emulator.wecom import WeComEmulator
from scrm.db import Database
from scrm.models import Activity, Customer
from tests.storms.company import Rep


def problems(database: Database, wecom: WeComEmulator, said: Mapping[Rep, int]) -> list[str]:
    """Every broken promise in a sentence: one effect and one answer for each thing said, in order per speaker."""
    return [
        *database.run(lambda session: _in_the_database(session, said)),
        *_on_the_phones(wecom, said),
    ]


def _in_the_database(session: Session, said: Mapping[Rep, int]) -> list[str]:
    found = []
    told: defaultdict[str, list[str]] = defaultdict(list)
    query = sa.select(Customer.name, Activity.summary).join(Customer, Customer.id == Activity.customer_id)
    for name, summary in session.execute(query.order_by(Activity.id)):
        told[name].append(summary)
    for rep in said:
        numbers = [_number(summary) for summary in told[rep.customer]]
        if numbers != list(range(said[rep])):
            found.append(f"{rep.user_id} said {said[rep]} things, in the database are {numbers}")
    events, everything = Counter(session.scalars(sa.select(Inbox.state))), sum(said.values())
    if events != {DONE: everything}:
        found.append(f"{everything} things were said, the inbox has {dict(events)} by state")
    replies = Counter(session.scalars(sa.select(Outbox.state).where(Outbox.key.startswith("reply:"))))
    if replies != {DONE: everything}:
        found.append(f"{everything} answers were owed, the outbox has {dict(replies)} by state")
    return found


def _on_the_phones(wecom: WeComEmulator, said: Mapping[Rep, int]) -> list[str]:
    found = []
    for rep in said:
        shown = [_number(item.text) for item in wecom.screens.of(rep.user_id) if item.sender == "bot"]
        if shown != list(range(said[rep])):
            found.append(f"{rep.user_id} said {said[rep]} things and was shown the answers {shown}")
    return found


def _number(text: str) -> int:
    """Which of the things said this is about; -1 for none."""
    mark = text.partition("第")[2].partition("件事")[0]
    return int(mark) if mark.isdigit() else -1
