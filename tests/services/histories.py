"""Random histories of deals, as plain data that a reference can be computed from, and as rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from scrm import defaults
from scrm.models import Customer, Deal, DealProduct, Member, StageChange

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=200)
KINDS, TIERS, OWNERS, PRODUCTS = ("new", "expansion"), ("", "KA", "中小"), ("甲", "乙", "丙"), ("", "云桌面")
# On the first and last days of the periods asked about, and beside them.
DUE = (None, None, 164, 165, 180, 181, 182, 195, 211, 212, 231, 232)
STAGES = len(defaults.STAGES["default"])


@dataclass
class Change:
    """At this moment the deal was in this stage (its position) with this status."""

    at: datetime
    stage: int
    status: str


@dataclass
class Story:
    """One deal from its first change to its last."""

    kind: str
    tier: str
    owner: str
    product: str
    amount: int | None
    due: int | None  # days from START on which it is expected to close
    changes: list[Change] = field(default_factory=list)

    @property
    def last(self) -> Change:
        """How it stands."""
        return self.changes[-1]


@st.composite
def stories(draw: st.DrawFn, min_size: int = 1, max_size: int = 30, *, ending: bool = False) -> list[Story]:
    """A few dozen deals that went forward, back, over stages, to sleep, to their end and on again; `ending`: most ended."""
    return draw(st.lists(_story(ending=ending), min_size=min_size, max_size=max_size))


@st.composite
def _story(draw: st.DrawFn, *, ending: bool) -> Story:
    amount, due = draw(st.none() | st.integers(1, 90)), draw(st.sampled_from(DUE))
    story = Story(*(draw(st.sampled_from(some)) for some in (KINDS, TIERS, OWNERS, PRODUCTS)), amount, due)
    at, stage = (
        START + timedelta(days=draw(st.sampled_from((0, 10, 30, 40, 60, 90)))),
        draw(st.sampled_from((0, 0, 0, 1, 3))),
    )
    story.changes.append(Change(at, stage, "open"))
    acts = draw(
        st.lists(
            st.tuples(st.sampled_from((0, 1, 3, 20, 40, 60, 75)), st.sampled_from("fffffjbpwlov")),
            max_size=5 if ending else 7,
        )
    )
    for halves, act in [*acts, *([(40, draw(st.sampled_from("wlf")))] if ending else [])]:
        at += timedelta(hours=12) * halves  # so that ends of days are met
        if at < NOW:
            _act(story, at, act)
    return story


def _act(story: Story, at: datetime, act: str) -> None:
    stage, live = story.last.stage, story.last.status in ("open", "paused")
    there = {"f": stage + 1, "j": stage + 2, "b": stage - 1}.get(act)
    if live and there is not None and 0 <= there < STAGES:
        story.changes.append(Change(at, there, "open"))
    elif live and act in "pwlv":
        status = {"p": "paused", "w": "won", "l": "lost", "v": "void"}[act]
        story.changes.append(Change(at, STAGES - 1 if status == "won" else stage, status))
    elif act in "ofb" and story.last.status != "open":
        story.changes.append(Change(at, stage, "open"))


def store(session: Session, told: list[Story], key: str = "default") -> dict[str, int]:
    """The rows of these stories in the place of those before; the ids of their owners by name."""
    for table in (StageChange, DealProduct, Deal, Customer):
        session.execute(sa.delete(table))
    stages = [stage.id for stage in defaults.stages_of(session, key)]
    owners = {name: _member(session, name) for name in OWNERS}
    customers = {}
    for tier in TIERS:
        row = Customer(name=f"客户{tier}", name_key=f"客户{tier}", tier=tier, created_at=START)
        session.add(row)
        session.flush()
        customers[tier] = row.id
    for number, story in enumerate(told, 1):
        closed = story.last.at if story.last.status in ("won", "lost", "void") else None
        deal = Deal(
            id=number,
            name=f"商机{number}", customer_id=customers[story.tier], owner_id=owners[story.owner], kind=story.kind,
            stage_id=stages[story.last.stage], status=story.last.status, closed_at=closed, stage_since=story.last.at,
            expected_close_on=None if story.due is None else (START + timedelta(days=story.due)).date(),
            amount=None if story.amount is None else Decimal(story.amount), created_at=story.changes[0].at,
        )  # fmt: skip
        session.add(deal)
        if story.product:
            session.add(DealProduct(deal_id=number, name=story.product))
        before: Change | None = None
        for change in story.changes:
            session.add(
                StageChange(
                    deal_id=number, at=change.at, from_stage_id=None if before is None else stages[before.stage],
                    to_stage_id=stages[change.stage], from_status="" if before is None else before.status, to_status=change.status,
                )
            )  # fmt: skip
            before = change
    session.flush()
    return owners


def _member(session: Session, name: str) -> int:
    row = session.scalars(sa.select(Member).where(Member.name == name)).one_or_none()
    if row is None:
        row = Member(name=name, role="rep", created_at=START)
        session.add(row)
        session.flush()
    return row.id


def stays(story: Story, now: datetime = NOW) -> dict[int, float]:
    """The seconds a deal spent in each stage it stayed in, by position."""
    found: dict[int, float] = {}
    ends = [change.at for change in story.changes[1:]] + [now]
    for change, end in zip(story.changes, ends, strict=True):
        if change.status in ("open", "paused"):
            found[change.stage] = found.get(change.stage, 0.0) + (end - change.at).total_seconds()
    return found
