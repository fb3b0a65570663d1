"""Channel QR codes: asked for by a sentence, made on the platform, sent back as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog

from bot.cards import channels as cards
from bot.cards.card import Card
from bot.cards.refusals import is_unclear
from bot.commands import CreateChannel, SetChannelLeads, ShowChannel, ShowChannels
from bot.context import REPLY, Context, Owed
from scrm import channels, follows, lookup
from scrm.errors import Ambiguous, Missing, NotFound, Refused, UnknownName
from scrm.models import Audit, Channel, Member

log = structlog.get_logger("channels")

# A code is made within a second or so: its picture and card are the answer, and 正在创建 is said only when it takes longer.
PATIENCE = timedelta(seconds=5)


def create_channel(command: CreateChannel, context: Context) -> Card:
    """新建渠道活码: written as sending; the platform's answer brings the picture."""
    if not command.channel.strip():
        raise Missing("channel", cards.NAME)
    if not context.settings.has_wecom_app:
        return cards.needs_app(command.channel)
    owner = _owner(command, context)
    user_id = follows.user_ids(context.session, [owner.id]).get(owner.id)
    if user_id is None:
        raise Refused(why=cards.NO_WECOM_OWNER)
    maker_id = context.actor.member_id or owner.id
    channel = channels.create(context.session, maker_id, command.channel, owner, command.welcome.strip(), command.tags)
    payload = {"state": channel.state, "user_id": user_id, "remark": channel.name, "turn": context.turn}
    context.owe(
        Owed(key=f"contact_way:{channel.state}:{context.turn}", kind="contact_way", payload=payload, lane=REPLY)
    )
    context.answer_after = PATIENCE
    return cards.channel_card(channels.count(context.session, channel))


def show_channels(command: ShowChannels, context: Context) -> Card:
    """渠道列表, page by page."""
    counts = channels.listed(context.session, context.actor)
    return cards.list_card(counts, command.page if 0 <= command.page * cards.PAGE < len(counts) else 0)


def show_channel(command: ShowChannel, context: Context) -> Card:
    """One channel code."""
    return channel_view(context, str(command.channel))


def channel_view(context: Context, ident: str) -> Card:
    """The card of a channel as it is now. Raises NotFound."""
    if not ident.isdigit():
        raise NotFound
    channel = channels.by_id(context.session, context.actor, int(ident))
    return cards.channel_card(channels.count(context.session, channel))


def set_leads(command: SetChannelLeads, context: Context) -> Card:
    """渠道秋季展会加来的人记为线索."""
    session, actor = context.session, context.actor
    ref = command.channel
    channel = channels.by_id(session, actor, ref) if isinstance(ref, int) else channels.named(session, actor, ref)
    channel.makes_leads = command.on
    session.flush()
    context.touch(f"channel:{channel.id}")
    return cards.channel_card(channels.count(session, channel), context.turn)


def undoing(_context: Context, row: Audit) -> str:
    """What the card of an undo says about a channel that is taken back: the platform keeps its code."""
    return cards.CODE_STAYS if row.op == "insert" else ""


# --- what comes back from the platform


def code_made(context: Context, payload: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The code exists: its picture and a card go to the marketer."""
    channel = channels.made(context.session, payload["state"], result["config_id"], result["qr_code"])
    if channel is None:
        log.warning("channel_gone", state=payload["state"])
        return
    if result["png"]:
        picture = {"png": result["png"], "name": channel.name}
        key = f"channel_picture:{channel.state}:{context.turn}"
        context.owe(Owed(key=key, kind="picture", payload=picture, member_id=channel.maker_id, lane=REPLY))
    _tell(context, channel, cards.ready(channels.count(context.session, channel), bool(result["png"])), payload["turn"])


def code_refused(context: Context, payload: Mapping[str, Any], code: str) -> None:
    """No code, or nobody knows: the marketer is told what to do, and nothing is tried again by itself."""
    log.warning("contact_way_refused", code=code, state=payload["state"])
    unclear = is_unclear(code)
    channel = channels.not_made(context.session, payload["state"], unclear=unclear)
    if channel is not None:
        count = channels.count(context.session, channel)
        _tell(context, channel, cards.unclear(count) if unclear else cards.failed(count, code), payload["turn"])


def _tell(context: Context, channel: Channel, card: Card, turn: str) -> None:
    """The one card of what was asked for in that turn; 正在创建 becomes it where it has been said."""
    context.touch(f"channel:{channel.id}")
    key = f"channel_told:{channel.state}:{context.turn}"
    told = Owed(key=key, kind="card", payload={"card": card}, member_id=channel.maker_id, lane=REPLY, instead_of=turn)
    context.owe(told)


# --- within


def _owner(command: CreateChannel, context: Context) -> Member:
    ref = command.owner if command.owner is not None else context.actor.member_id
    try:
        return lookup.member(context.session, ref if ref is not None else "")
    except Ambiguous as error:
        raise Ambiguous("owner", error.spoken, error.candidates) from error
    except UnknownName as error:
        raise UnknownName("owner", error.spoken, error.close) from error


HANDLERS = {
    CreateChannel: create_channel,
    SetChannelLeads: set_leads,
    ShowChannel: show_channel,
    ShowChannels: show_channels,
}
VIEWS = {"channel": channel_view}
RESULTS = {"contact_way": code_made}
FAILURES = {"contact_way": code_refused}
UNDOING = {"channel": undoing}
