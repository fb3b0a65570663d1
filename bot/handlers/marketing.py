"""Mass sends: a draft by a sentence, submitted by a button, results read back from the platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import structlog

from bot.cards import marketing as cards
from bot.cards.card import Card
from bot.cards.refusals import is_unclear
from bot.commands import CancelCampaign, CreateCampaign, ShowCampaign, ShowCampaigns, SubmitCampaign
from bot.context import BULK, REPLY, Context, Owed
from scrm import campaign_results, campaigns, lookup, tags
from scrm.campaign_results import Totals
from scrm.campaigns import Dispatch, view_of
from scrm.errors import Missing, NotFound
from scrm.models import Audit, Campaign, CampaignBatch

log = structlog.get_logger("marketing")


def create_campaign(command: CreateCampaign, context: Context) -> Card:
    """给标签…的客户群发: a draft that shows who and how many."""
    body, names = command.body.strip(), [name for raw in command.tags if (name := raw.strip())]
    if not names:
        return cards.which_tags(body)
    if not body:
        raise Missing("body", cards.BODY)
    if not context.settings.has_wecom_app:
        return cards.needs_app(names)
    wanted, unknown = tags.find(context.session, names)
    if unknown:
        return cards.unknown_tags(unknown, tags.library(context.session))
    shares = campaigns.audience(context.session, context.actor, wanted)
    if not shares:
        return cards.nobody(names)
    name = cards.campaign_name(names, context.local(context.now))
    maker_id = context.actor.member_id or shares[0].member_id
    campaign = campaigns.draft(context.session, maker_id, wanted, body, name)
    return cards.draft(campaign, shares)


def submit_campaign(command: SubmitCampaign, context: Context) -> Card:
    """提交: one task per sender; the audience is as it is now. `again`: once more what stayed unclear."""
    if not context.settings.has_wecom_app:
        return cards.needs_app([])
    session, actor = context.session, context.actor
    if command.again:
        batches = campaigns.submit_again(session, actor, command.campaign, command.version)
    else:
        batches = campaigns.submit(session, actor, command.campaign, command.version, context.now)
    campaign = lookup.by_id(session, actor, Campaign, command.campaign)
    for batch in batches:
        _owe_sending(context, campaign, batch)
    return _changed(context, campaign)


def cancel_campaign(command: CancelCampaign, context: Context) -> Card:
    """取消 a draft; 已经发出 for what stayed unclear."""
    return _changed(context, campaigns.cancel(context.session, context.actor, command.campaign, command.version))


def show_campaign(command: ShowCampaign, context: Context) -> Card:
    """State and results; 刷新 reads them again, at most once a minute."""
    campaign = lookup.by_id(context.session, context.actor, Campaign, command.campaign)
    if not command.refresh or not _owe_results(context, campaign, f"{context.now:%Y%m%d%H%M}", context.actor.member_id):
        return _card(context, campaign)
    return msgspec.structs.replace(_card(context, campaign), note=cards.REFRESHING)


def show_campaigns(_command: ShowCampaigns, context: Context) -> Card:
    """群发记录."""
    found = campaigns.listed(context.session, context.actor)
    numbers = campaign_results.totals(context.session, [campaign.id for campaign in found])
    shown = [(campaign, numbers.get(campaign.id, Totals())) for campaign in found]
    return cards.list_card(shown, context.settings.zone, context.now)


def campaign_view(context: Context, ident: str) -> Card:
    """The card of a campaign as it is now. Raises NotFound."""
    if not ident.isdigit():
        raise NotFound
    return _card(context, lookup.by_id(context.session, context.actor, Campaign, int(ident)))


def undoing(context: Context, row: Audit) -> str:
    """Before a submission is taken back: its tasks that nobody has confirmed are cancelled on the platform."""
    batch = context.session.get(CampaignBatch, int(row.record_id)) if row.op == "insert" else None
    if batch is None:
        return ""
    if batch.msgid:
        _owe_recall(context, batch.msgid)
    context.touch(view_of(batch.campaign_id))
    return cards.RECALLED


def read_results(context: Context) -> int:
    """Owe the results of campaigns of the last 7 days, each at most every 30 minutes; how many campaigns."""
    due = campaign_results.due(context.session, context.now)
    for campaign in due:
        _owe_results(context, campaign, f"{context.now:%Y%m%d%H%M}")
    return len(due)


# --- what comes back from the platform


def task_made(context: Context, payload: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The platform has the task and asks the sender to confirm; one that was taken back meanwhile is cancelled."""
    batch = _batch(context, payload)
    if batch is None:
        _owe_recall(context, result["msgid"])
        return
    campaign = campaign_results.accepted(context.session, batch, result["msgid"], result["fail"], context.now)
    _settled(context, campaign)


def task_refused(context: Context, payload: Mapping[str, Any], code: str) -> None:
    """No task, or nobody knows; nothing is sent again by itself."""
    log.warning("group_send_refused", code=code, campaign=payload["campaign"], member=payload["member"])
    batch = _batch(context, payload)
    if batch is not None:
        _settled(context, campaign_results.refused(context.session, batch, code, unclear=is_unclear(code)))


def results_read(context: Context, payload: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """What became of one task."""
    batch = campaign_results.by_msgid(context.session, payload["msgid"])
    if batch is not None:
        campaign_results.record(context.session, batch, result["sent"], result["failed"], context.now)
        context.touch(view_of(batch.campaign_id))
        _tell_results(context, payload)


def results_refused(context: Context, payload: Mapping[str, Any], code: str) -> None:
    """The platform has no results yet, or no more; the next reading tries again."""
    log.info("group_send_results_refused", code=code, msgid=payload["msgid"])
    _tell_results(context, payload, cards.NO_RESULTS)


def recall_refused(_context: Context, payload: Mapping[str, Any], code: str) -> None:
    """The task could not be cancelled: it is confirmed or cancelled already."""
    log.warning("cancel_group_send_refused", code=code, msgid=payload["msgid"])


# --- within


def _settled(context: Context, campaign: Campaign) -> None:
    """Once every batch is through, the marketer hears of what went wrong, in one card."""
    context.touch(view_of(campaign.id))
    trouble = campaign.status == "unclear" or campaign_results.reason(context.session, campaign.id)
    if trouble and campaign.status != "sending":
        key = f"campaign_trouble:{campaign.id}:{_iso(campaign.approved_at)}:{campaign.version}"
        context.send(campaign.maker_id, _card(context, campaign), key, lane=REPLY)


def _owe_sending(context: Context, campaign: Campaign, dispatch: Dispatch) -> None:
    batch = dispatch.batch
    key = f"group_send:{campaign.id}:{batch.member_id}:{batch.part}:{context.turn}"
    payload = {
        "user_id": dispatch.user_id, "external_user_ids": list(dispatch.external_user_ids), "text": campaign.body, "mark": key,
        "campaign": campaign.id, "member": batch.member_id, "part": batch.part, "approved_at": _iso(campaign.approved_at),
    }  # fmt: skip
    context.owe(Owed(key=key, kind="group_send", payload=payload, lane=BULK))


def _owe_results(context: Context, campaign: Campaign, slot: str, tell: int | None = None) -> int:
    """Owe a reading of every task somebody has not confirmed; with the last one, `tell` a member what came of it."""
    batches = campaign_results.waiting_batches(context.session, campaign.id)
    for place, (batch, user_id) in enumerate(batches, 1):
        key = f"results:{batch.msgid}:{slot}"[:200]
        payload: dict[str, Any] = {"msgid": batch.msgid, "user_id": user_id}
        if tell is not None and place == len(batches):
            payload |= {"tell": tell, "campaign": campaign.id, "slot": slot}
        context.owe(Owed(key=key, kind="group_send_results", payload=payload, lane=BULK if tell is None else REPLY))
    if batches:
        campaign_results.checked(context.session, campaign, context.now)
    return len(batches)


def _tell_results(context: Context, payload: Mapping[str, Any], note: str = "") -> None:
    """The card as it is now, to whoever asked for this reading."""
    campaign = context.session.get(Campaign, payload["campaign"]) if "tell" in payload else None
    if campaign is None:
        return
    card = _card(context, campaign)
    card = msgspec.structs.replace(card, note=note) if note else card
    context.send(payload["tell"], card, f"campaign_results:{campaign.id}:{payload['slot']}", lane=REPLY)


def _owe_recall(context: Context, msgid: str) -> None:
    context.owe(Owed(key=f"recall:{msgid}"[:200], kind="cancel_group_send", payload={"msgid": msgid}, lane=REPLY))


def _batch(context: Context, payload: Mapping[str, Any]) -> CampaignBatch | None:
    approved_at = datetime.fromisoformat(payload["approved_at"])
    return campaign_results.batch_of(
        context.session, payload["campaign"], payload["member"], payload["part"], approved_at
    )


def _changed(context: Context, campaign: Campaign) -> Card:
    context.touch(view_of(campaign.id))
    return _card(context, campaign)


def _card(context: Context, campaign: Campaign) -> Card:
    if campaign.status == "draft":
        wanted, unknown = tags.find(context.session, campaign.tag_names)
        return cards.draft(campaign, [] if unknown else campaigns.audience(context.session, context.actor, wanted))
    numbers = campaign_results.totals(context.session, [campaign.id]).get(campaign.id, Totals())
    reason = campaign_results.reason(context.session, campaign.id)
    return cards.state(campaign, numbers, reason, context.settings.zone, context.now)


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


HANDLERS = {
    CreateCampaign: create_campaign,
    SubmitCampaign: submit_campaign,
    CancelCampaign: cancel_campaign,
    ShowCampaign: show_campaign,
    ShowCampaigns: show_campaigns,
}
VIEWS = {"campaign": campaign_view}
RESULTS = {"group_send": task_made, "group_send_results": results_read}
FAILURES = {
    "group_send": task_refused,
    "group_send_results": results_refused,
    "cancel_group_send": recall_refused,
}
UNDOING = {"campaign_batch": undoing}
