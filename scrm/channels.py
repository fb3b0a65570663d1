"""Channel QR codes (渠道活码): who came through which, and how they are welcomed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, tags
from scrm.access import Actor
from scrm.errors import DomainError, NotFound
from scrm.models import Channel, Follow, Member
from scrm.versions import Already

MAX_NAME = 30  # characters of a contact way's remark (OD:92228)
MAX_WELCOME_BYTES = 4000  # of a welcome message (OD:92137)
MAX_LISTED = 20


class ChannelNameTooLong(DomainError):
    """WeCom would refuse the remark."""

    sentence = "渠道名称最多 30 个字，请换一个短一点的。"


class WelcomeTooLong(DomainError):
    """WeCom would refuse the welcome message."""

    sentence = "欢迎语太长了，最多约 1300 个字，请精简一下。"


class NoSuchChannel(DomainError):
    """No channel in sight is called so, or several are."""

    sentence = "没有找到渠道「{spoken}」。说「渠道列表」看有哪些。"


class ChannelExists(Already):
    """One name, one code."""

    sentence = "这个渠道活码已经有了，没有重复创建。"


@dataclass(frozen=True, slots=True)
class Count:
    """A channel with its owner's name, how many contacts came through it, and how many of them still are there."""

    channel: Channel
    owner: str
    came: int
    stayed: int


def create(
    session: Session, maker_id: int, name: str, owner: Member, welcome: str, tag_names: Sequence[str]
) -> Channel:
    """A channel whose code is still to be made (status sending).

    One that failed, or of which nobody knows whether it was made, is tried again under the same state. Raises
    ChannelExists, ChannelNameTooLong, WelcomeTooLong, TagTooLong and TooManyTags.
    """
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME:
        raise ChannelNameTooLong
    if len(welcome.encode()) > MAX_WELCOME_BYTES:
        raise WelcomeTooLong
    names = [tag.name for tag in tags.ensure_all(session, tag_names)]
    channel = session.scalars(sa.select(Channel).where(Channel.name == name).with_for_update()).one_or_none()
    if channel is None:
        # Random, not the id: a taken-back channel's code may still hang on a wall, and its id may be given again.
        channel = Channel(name=name, state=f"ch_{secrets.token_hex(6)}", maker_id=maker_id)
        session.add(channel)
    elif channel.status not in ("failed", "unclear"):
        raise ChannelExists(f"channel:{channel.id}")
    channel.owner_id, channel.maker_id, channel.welcome, channel.tag_names = owner.id, maker_id, welcome, names
    channel.status = "sending"
    session.flush()
    return channel


def by_id(session: Session, actor: Actor, channel_id: int) -> Channel:
    """The channel if this actor may see it. Raises NotFound."""
    row = session.scalars(sa.select(Channel).where(Channel.id == channel_id, access.channels(actor))).one_or_none()
    if row is None:
        raise NotFound
    return row


def named(session: Session, actor: Actor, name: str) -> Channel:
    """The channel of this name if this actor may see it. Raises NoSuchChannel."""
    seen = sa.select(Channel).where(access.channels(actor))
    for called in (Channel.name == name, Channel.name.contains(name, autoescape=True)):
        found = session.scalars(seen.where(called).order_by(Channel.id).limit(2)).all() if name else ()
        if len(found) == 1:
            return found[0]
    raise NoSuchChannel(spoken=name)


def by_state(session: Session, state: str) -> Channel | None:
    """The channel WeCom reports as `state`."""
    return session.scalars(sa.select(Channel).where(Channel.state == state)).one_or_none()


def made(session: Session, state: str, config_id: str, qr_code: str) -> Channel | None:
    """The platform has made the code; None when the channel was taken back meanwhile."""
    channel = by_state(session, state)
    if channel is not None:
        channel.config_id, channel.qr_code, channel.status = config_id, qr_code[:512], "live"
        session.flush()
    return channel


def not_made(session: Session, state: str, *, unclear: bool) -> Channel | None:
    """The platform refused, or nobody knows what it did; None when the channel was taken back meanwhile."""
    channel = by_state(session, state)
    if channel is not None:
        channel.status = "unclear" if unclear else "failed"
        session.flush()
    return channel


def listed(session: Session, actor: Actor) -> list[Count]:
    """The newest channels in sight with how many came through each."""
    query = (
        sa.select(Channel, Member.name).join(Member, Member.id == Channel.owner_id)
        .where(access.channels(actor)).order_by(Channel.id.desc()).limit(MAX_LISTED)
    )  # fmt: skip
    found = [(channel, owner) for channel, owner in session.execute(query)]
    counts = _counts(session, [channel.state for channel, _ in found])
    return [Count(channel, owner, *counts.get(channel.state, (0, 0))) for channel, owner in found]


def count(session: Session, channel: Channel) -> Count:
    """One channel with its numbers."""
    came, stayed = _counts(session, [channel.state]).get(channel.state, (0, 0))
    return Count(channel, session.get_one(Member, channel.owner_id).name, came, stayed)


def _counts(session: Session, states: Sequence[str]) -> dict[str, tuple[int, int]]:
    living = sa.case((Follow.ended_at.is_(None), Follow.contact_id))
    query = (
        sa.select(Follow.state, sa.func.count(Follow.contact_id.distinct()), sa.func.count(living.distinct()))
        .where(Follow.state.in_(states))
        .group_by(Follow.state)
    )
    return {state: (came, stayed) for state, came, stayed in session.execute(query)}
