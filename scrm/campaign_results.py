"""What became of mass sends: accepted or refused per batch, and per contact what the platform reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import follows
from scrm.models import Campaign, CampaignBatch, Contact, Member, Touch

RESULTS_FOR = timedelta(days=7)
RESULTS_EVERY = timedelta(minutes=30)
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Totals:
    """Contacts by what became of their message: sent, waiting for the member to confirm, failed."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0
    waiting_for: tuple[str, ...] = ()  # members who have not confirmed yet

    @property
    def all(self) -> int:
        """Everybody it was meant for."""
        return self.sent + self.waiting + self.failed


def batch_of(
    session: Session, campaign_id: int, member_id: int, part: int, approved_at: datetime
) -> CampaignBatch | None:
    """The batch a result belongs to; None when that submission was taken back."""
    query = (
        sa.select(CampaignBatch)
        .join(Campaign, Campaign.id == CampaignBatch.campaign_id)
        .where(
            CampaignBatch.campaign_id == campaign_id, CampaignBatch.member_id == member_id,
            CampaignBatch.part == part, Campaign.approved_at == approved_at,
        )
    )  # fmt: skip
    return session.scalars(query).one_or_none()


def accepted(
    session: Session, batch: CampaignBatch, msgid: str, unreachable: Collection[str], now: datetime
) -> Campaign:
    """The platform has the task; the member is asked to confirm it. `unreachable`: external_userids it refused."""
    batch.msgid, batch.status = msgid, "sent"
    _mark(session, batch, unreachable, "failed", now)
    return settle(session, session.get_one(Campaign, batch.campaign_id, with_for_update=True))


def refused(session: Session, batch: CampaignBatch, reason: str, *, unclear: bool) -> Campaign:
    """The platform refused the task, or nobody knows what it did."""
    batch.status, batch.error = ("unclear", "") if unclear else ("failed", reason[:255])
    if not unclear:
        set_touches(session, batch, "failed", None)
    return settle(session, session.get_one(Campaign, batch.campaign_id, with_for_update=True))


def record(
    session: Session, batch: CampaignBatch, sent: Collection[str], failed: Collection[str], now: datetime
) -> None:
    """What the platform says became of a batch; the rest still waits."""
    _mark(session, batch, sent, "sent", now)
    _mark(session, batch, failed, "failed", now)


def reason(session: Session, campaign_id: int) -> str:
    """Why (a part of) a campaign did not go out: the platform's code, "" when all of it did."""
    query = sa.select(CampaignBatch.error).where(CampaignBatch.campaign_id == campaign_id, CampaignBatch.error != "")
    return session.scalar(query.order_by(CampaignBatch.id).limit(1)) or ""


def by_msgid(session: Session, msgid: str) -> CampaignBatch | None:
    """The batch the platform knows by this id; None when it was taken back."""
    return session.scalars(sa.select(CampaignBatch).where(CampaignBatch.msgid == msgid)).first()


def totals(session: Session, campaigns: Collection[int]) -> dict[int, Totals]:
    """Numbers by campaign."""
    by_status: dict[int, dict[str, int]] = defaultdict(dict)
    query = (
        sa.select(Touch.campaign_id, Touch.status, sa.func.count())
        .where(Touch.campaign_id.in_(campaigns))
        .group_by(Touch.campaign_id, Touch.status)
    )
    for campaign_id, status, number in session.execute(query):
        by_status[campaign_id][status] = number
    waiting = _waiting_members(session, campaigns)
    return {
        campaign_id: Totals(
            sent=count.get("sent", 0), waiting=count.get("waiting", 0),
            failed=sum(number for status, number in count.items() if status not in ("sent", "waiting")),
            waiting_for=tuple(waiting.get(campaign_id, ())),
        )
        for campaign_id, count in by_status.items()
    }  # fmt: skip


def waiting_batches(session: Session, campaign_id: int) -> list[tuple[CampaignBatch, str]]:
    """Batches the platform knows with messages nobody has confirmed yet, each with its sender's userid."""
    waits = sa.exists().where(Touch.batch_id == CampaignBatch.id, Touch.status == "waiting")
    known = sa.select(CampaignBatch).where(CampaignBatch.campaign_id == campaign_id, CampaignBatch.msgid != "", waits)
    batches = session.scalars(known.order_by(CampaignBatch.id)).all()
    senders = follows.user_ids(session, (batch.member_id for batch in batches))
    return [(batch, senders[batch.member_id]) for batch in batches if batch.member_id in senders]


def due(session: Session, now: datetime) -> Sequence[Campaign]:
    """Campaigns of the last 7 days with messages that still wait, not looked at for 30 minutes."""
    waits = sa.exists().where(
        Touch.campaign_id == Campaign.id,
        Touch.status == "waiting",
        Touch.batch_id == CampaignBatch.id,
        CampaignBatch.msgid != "",
    )
    query = sa.select(Campaign).where(
        Campaign.approved_at > now - RESULTS_FOR,
        sa.or_(Campaign.checked_at.is_(None), Campaign.checked_at <= now - RESULTS_EVERY),
        waits,
    )
    return session.scalars(query.order_by(Campaign.id)).all()


def checked(session: Session, campaign: Campaign, now: datetime) -> None:
    """Results are being read as of now: bookkeeping, nothing anybody changed, so not for the audit log."""
    session.execute(sa.update(Campaign).where(Campaign.id == campaign.id).values(checked_at=now))


# --- within


def settle(session: Session, campaign: Campaign) -> Campaign:
    """The campaign's status follows from its batches'."""
    session.flush()
    query = sa.select(CampaignBatch.status).where(CampaignBatch.campaign_id == campaign.id).distinct()
    states = set(session.scalars(query))
    status = next((one for one in ("sending", "unclear", "sent") if one in states), "failed")
    if campaign.status != status:
        become(campaign, status)
        session.flush()
    return campaign


def become(campaign: Campaign, status: str) -> None:
    """Change the status; buttons made before are out of date."""
    campaign.status = status
    campaign.version += 1


def _mark(
    session: Session, batch: CampaignBatch, external_user_ids: Collection[str], status: str, now: datetime
) -> None:
    ids = list(external_user_ids)
    for start in range(0, len(ids), _CHUNK):
        contacts = sa.select(Contact.id).where(Contact.external_user_id.in_(ids[start : start + _CHUNK]))
        set_touches(session, batch, status, now if status == "sent" else None, Touch.contact_id.in_(contacts))


def set_touches(
    session: Session, batch: CampaignBatch, status: str, sent_at: datetime | None, *which: sa.ColumnElement[bool]
) -> None:
    """The messages of a batch that still wait (and fit `which`) get this status."""
    waiting = sa.update(Touch).where(Touch.batch_id == batch.id, Touch.status == "waiting", *which)
    session.execute(waiting.values(status=status, sent_at=sent_at).execution_options(synchronize_session=False))


def wait_again(session: Session, batch: CampaignBatch) -> None:
    """The messages of a batch that is handed over once more wait again."""
    again = sa.update(Touch).where(Touch.batch_id == batch.id).values(status="waiting", sent_at=None)
    session.execute(again.execution_options(synchronize_session=False))


def _waiting_members(session: Session, campaigns: Collection[int]) -> dict[int, list[str]]:
    query = (
        sa.select(Touch.campaign_id, Member.name)
        .join(Member, Member.id == Touch.member_id)
        .where(Touch.campaign_id.in_(campaigns), Touch.status == "waiting")
        .group_by(Touch.campaign_id, Member.id, Member.name)
        .order_by(sa.func.count().desc(), Member.id)
    )
    names: dict[int, list[str]] = defaultdict(list)
    for campaign_id, name in session.execute(query):
        names[campaign_id].append(name)
    return names
