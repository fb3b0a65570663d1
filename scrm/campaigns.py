"""Mass sends: who would get it, a draft, its submission in batches per sender, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, follows, lookup, tags
from scrm.access import Actor
from scrm.campaign_results import become, set_touches, settle, wait_again
from scrm.errors import DomainError, Outdated
from scrm.models import Campaign, CampaignBatch, Contact, Follow, Identity, Member, Tag, Touch
from scrm.versions import Already

MAX_BODY_BYTES = 4000  # of the text of one mass send (OD:92135)
MAX_PER_BATCH = 10_000  # external_userids of one add_msg_template call (OD:92135)
MAX_LISTED = 10


class BodyTooLong(DomainError):
    """WeCom would refuse the text."""

    sentence = "群发内容太长了，最多约 1300 个字，请精简一下。"


class NobodyReachable(DomainError):
    """The audience is empty at submission."""

    sentence = "现在没有可以送达的联系人，群发没有提交。"


class AlreadySubmitted(Already):
    """The second of two submissions."""

    sentence = "这次群发已经提交过了，没有重复发送。"


class AlreadyCancelled(Already):
    """A cancelled draft does not come back."""

    sentence = "这次群发已经取消了。"


class AlreadyGone(Already):
    """Too late to cancel."""

    sentence = "这次群发已经提交，不能再取消了。"


@dataclass(frozen=True, slots=True)
class Share:
    """What one member sends."""

    member_id: int
    name: str
    contacts: int


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One batch to hand to the platform."""

    batch: CampaignBatch
    user_id: str
    external_user_ids: tuple[str, ...]


def view_of(campaign_id: int) -> str:
    """The view that shows a campaign."""
    return f"campaign:{campaign_id}"


# --- before it leaves


def audience(session: Session, actor: Actor, wanted: Sequence[Tag]) -> list[Share]:
    """Who would send to how many: contacts in sight that wear every tag, each once, by its owner; the largest share first."""
    reach = _reach(actor, wanted).subquery()
    query = (
        sa.select(Member.id, Member.name, sa.func.count())
        .join(reach, reach.c.member_id == Member.id)
        .group_by(Member.id, Member.name)
        .order_by(sa.func.count().desc(), Member.id)
    )
    return [Share(member_id, name, contacts) for member_id, name, contacts in session.execute(query)]


def draft(session: Session, maker_id: int, wanted: Sequence[Tag], body: str, name: str) -> Campaign:
    """A campaign that waits for its submission. Raises BodyTooLong."""
    if len(body.encode()) > MAX_BODY_BYTES:
        raise BodyTooLong
    names = [tag.name for tag in wanted]
    campaign = Campaign(name=name[:128], maker_id=maker_id, tag_names=names, body=body, status="draft", version=1)
    session.add(campaign)
    session.flush()
    return campaign


def submit(session: Session, actor: Actor, campaign_id: int, version: int | None, now: datetime) -> list[Dispatch]:
    """Let a draft go: one batch per sender and 10,000 contacts, with a touch per contact. The audience is taken as it is now.

    Raises NotFound, AlreadySubmitted, AlreadyCancelled, Outdated, NobodyReachable.
    """
    campaign = lookup.by_id(session, actor, Campaign, campaign_id, lock=True)
    if campaign.status == "cancelled":
        raise AlreadyCancelled(view_of(campaign_id))
    if campaign.status != "draft":
        raise AlreadySubmitted(view_of(campaign_id))
    _check(campaign, version)
    wanted, unknown = tags.find(session, campaign.tag_names)
    batches = [] if unknown else _write_batches(session, campaign, _reach(actor, wanted))
    if not batches:
        raise NobodyReachable
    become(campaign, "sending")
    campaign.approved_at = now
    session.flush()
    return _dispatches(session, batches)


def submit_again(session: Session, actor: Actor, campaign_id: int, version: int | None) -> list[Dispatch]:
    """Once more what was refused, or what nobody knows the fate of, because the marketer says so.

    Raises NotFound, Outdated, AlreadySubmitted.
    """
    campaign = lookup.by_id(session, actor, Campaign, campaign_id, lock=True)
    batches = _batches(session, campaign, "unclear", "failed")
    if not batches:
        raise AlreadySubmitted(view_of(campaign_id))
    _check(campaign, version)
    for batch in batches:
        batch.status, batch.error = "sending", ""
        wait_again(session, batch)
    settle(session, campaign)
    return _dispatches(session, batches)


def cancel(session: Session, actor: Actor, campaign_id: int, version: int | None) -> Campaign:
    """Drop a draft; of an unclear campaign, take what is unclear as sent. Raises NotFound, Outdated, AlreadySo."""
    campaign = lookup.by_id(session, actor, Campaign, campaign_id, lock=True)
    if campaign.status == "cancelled":
        raise AlreadyCancelled(view_of(campaign_id))
    unclear = _batches(session, campaign, "unclear")
    if campaign.status != "draft" and not unclear:
        raise AlreadyGone(view_of(campaign_id))
    _check(campaign, version)
    if campaign.status == "draft":
        become(campaign, "cancelled")
    for batch in unclear:
        batch.status = "sent"
        set_touches(session, batch, "sent", campaign.approved_at)
    if unclear:
        settle(session, campaign)
    session.flush()
    return campaign


def listed(session: Session, actor: Actor) -> Sequence[Campaign]:
    """The newest campaigns in sight."""
    query = sa.select(Campaign).where(access.campaigns(actor)).order_by(Campaign.id.desc()).limit(MAX_LISTED)
    return session.scalars(query).all()


# --- within


def _check(campaign: Campaign, version: int | None) -> None:
    if version is not None and version != campaign.version:
        raise Outdated(view_of(campaign.id))


def _reach(actor: Actor, wanted: Sequence[Tag]) -> sa.Select[tuple[int, int, int]]:
    """Rows (contact_id, member_id, part): the contact's owner sends, if that follow lives and the member can send."""
    sendable = sa.exists().where(Identity.member_id == Follow.member_id, Identity.platform == follows.PLATFORM)
    numbered = sa.func.row_number().over(partition_by=Follow.member_id, order_by=Contact.id)
    return (
        sa.select(
            Contact.id.label("contact_id"), Follow.member_id.label("member_id"),
            ((numbered - 1) // MAX_PER_BATCH).label("part"),
        )
        .join(Follow, sa.and_(Follow.member_id == Contact.owner_id, Follow.external_user_id == Contact.external_user_id, Follow.ended_at.is_(None)))
        .join(Member, sa.and_(Member.id == Follow.member_id, Member.active))
        .where(access.contacts(actor), tags.wearing(wanted), sendable)
    )  # fmt: skip


def _write_batches(session: Session, campaign: Campaign, reach: sa.Select[tuple[int, int, int]]) -> list[CampaignBatch]:
    rows = reach.subquery()
    parts = session.execute(
        sa.select(rows.c.member_id, rows.c.part).distinct().order_by(rows.c.member_id, rows.c.part)
    ).all()
    batches = [
        CampaignBatch(campaign_id=campaign.id, member_id=member_id, part=part, status="sending")
        for member_id, part in parts
    ]
    session.add_all(batches)
    session.flush()
    chosen = sa.select(
        sa.literal(campaign.id), CampaignBatch.id, rows.c.contact_id, rows.c.member_id, sa.literal("waiting")
    ).join(
        CampaignBatch,
        sa.and_(
            CampaignBatch.campaign_id == campaign.id,
            CampaignBatch.member_id == rows.c.member_id,
            CampaignBatch.part == rows.c.part,
        ),
    )
    columns = ["campaign_id", "batch_id", "contact_id", "member_id", "status"]
    session.execute(sa.insert(Touch).from_select(columns, chosen))
    return batches


def _dispatches(session: Session, batches: Sequence[CampaignBatch]) -> list[Dispatch]:
    senders = follows.user_ids(session, (batch.member_id for batch in batches))
    dispatches = []
    for batch in batches:
        query = (
            sa.select(Contact.external_user_id)
            .join(Touch)
            .where(Touch.batch_id == batch.id, Contact.external_user_id.is_not(None))
        )
        ids = tuple(id for id in session.scalars(query.order_by(Contact.id)) if id is not None)
        dispatches.append(Dispatch(batch, senders[batch.member_id], ids))
    return dispatches


def _batches(session: Session, campaign: Campaign, *states: str) -> Sequence[CampaignBatch]:
    query = sa.select(CampaignBatch).where(CampaignBatch.campaign_id == campaign.id, CampaignBatch.status.in_(states))
    return session.scalars(query.order_by(CampaignBatch.id)).all()
