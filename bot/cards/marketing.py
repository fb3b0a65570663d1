"""Cards about mass sends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from bot.cards import refusals
from bot.cards.card import MAX_BUTTONS, Button, Card, Choice, Option, rows
from bot.cards.names import entry, numbered
from bot.cards.tags import join
from bot.cards.words import clip, when
from bot.commands import CancelCampaign, ShowCampaign, ShowCampaigns, SubmitCampaign, pack
from scrm.campaign_results import Totals
from scrm.campaigns import Share, view_of
from scrm.models import Campaign

BODY = "要群发什么内容？请直接把正文发给我。"
STATES = {
    "draft": "待提交", "sending": "已提交", "sent": "已提交", "failed": "没有发出", "unclear": "待确认", "cancelled": "已取消",
}  # fmt: skip
SHOWN_BODY = 500
SHOWN_SENDERS = 4
REFRESHING = "正在向企业微信读取最新结果，读到后发给您。"
NO_RESULTS = "企业微信暂时没有返回结果，请稍后再刷新。"
RECALLED = "还没确认发送的群发会在企业微信里取消，已经发出的无法收回。"


def campaign_name(tags: Sequence[str], local: datetime) -> str:
    """How a mass send is called in lists."""
    return f"{clip(join(tags), 30)} · {local.month}月{local.day}日"


def needs_app(tags: Sequence[str]) -> Card:
    """Understood, and what is missing."""
    return refusals.needs_app("群发", f"您想给标签「{join(tags)}」的客户群发。" if tags else "这次群发还没有提交。")


def which_tags(body: str) -> Card:
    """A mass send to nobody in particular."""
    said = f"\n内容已看到：{clip(body, 40)}" if body else ""
    return Card(
        title="发给哪些客户？", text=f"请说出客户的标签，例如：\n给标签 高意向 的客户群发：本周有新品体验会{said}"
    )


def unknown_tags(unknown: Sequence[str], library: Sequence[str]) -> Card:
    """A tag nobody has: near ones, else the most worn."""
    near = [name for one in unknown for name in get_close_matches(one, library, n=3, cutoff=0.4)]
    offered = list(dict.fromkeys(near)) or list(library[:8])
    known = (
        f"{'相近的' if near else '现有的'}标签：{join(offered)}"
        if offered
        else "现在还没有任何标签，可以先说：给王先生打标签 高意向"
    )
    return Card(title=f"没有「{join(unknown)}」这个标签", text=f"群发没有创建。\n{known}")


def nobody(tags: Sequence[str]) -> Card:
    """The tags are worn by nobody who could be reached."""
    worn = "同时带有这些标签" if len(tags) > 1 else "带有这个标签"
    return Card(
        title="没有可以送达的联系人",
        rows=rows(("人群", join(tags))),
        text=f"现在没有{worn}、并且还是同事企业微信好友的联系人，所以没有创建群发。",
    )


def draft(campaign: Campaign, shares: Sequence[Share]) -> Card:
    """Who and how many, by sender, the whole text, and nothing has left yet."""
    total = sum(share.contacts for share in shares)
    submit = SubmitCampaign(campaign=campaign.id, version=campaign.version)
    cancel = Button("取消", pack(CancelCampaign(campaign=campaign.id, version=campaign.version)))
    return Card(
        title=f"群发草稿 · {total} 位联系人",
        rows=rows(("人群", join(campaign.tag_names)), ("发送人", _senders(shares) or "现在没有可以送达的联系人")),
        text=_body(campaign),
        buttons=(Button("提交", pack(submit), "primary"), cancel) if total else (cancel,),
        note="还没有发出。提交后，每位发送人会在企业微信里收到任务，确认后才发给客户。",
        view=view_of(campaign.id),
    )


def state(campaign: Campaign, numbers: Totals, reason: str, zone: ZoneInfo, now: datetime) -> Card:
    """A mass send that was submitted or cancelled, as it is now; `reason` is the platform's code for a refused part."""
    cancelled = campaign.status == "cancelled"
    asked = campaign.status == "unclear"
    return Card(
        title=f"{_title(campaign)} · {clip(campaign.name, 20)}",
        rows=rows(
            ("人群", join(campaign.tag_names)),
            ("提交", when(campaign.approved_at, zone, now) if campaign.approved_at else ""),
            ("已送达", "" if cancelled else f"{numbers.sent} / {numbers.all} 人"),
            ("等待确认", _waiting(numbers) if numbers.waiting else ""),
            ("未送达", f"{numbers.failed} 人" if numbers.failed else ""),
            ("原因", refusals.why(reason) if reason else ""),
        ),
        text=UNCLEAR_TEXT if asked else _body(campaign),
        buttons=_unclear_buttons(campaign) if asked else _buttons(campaign, numbers, refused=bool(reason)),
        note=f"最近一次读取结果：{when(campaign.checked_at, zone, now)}" if campaign.checked_at and not asked else "",
        view=view_of(campaign.id),
    )


UNCLEAR_TEXT = (
    "企业微信一直没有明确答复，查询后仍不能确定任务是否已经建好。为免客户收到两遍，没有自动重试。\n"
    "请问一下发送人，企业微信里有没有收到这条群发任务，再选择："
)


def list_card(campaigns: Sequence[tuple[Campaign, Totals]], zone: ZoneInfo, now: datetime) -> Card:
    """群发记录, newest first."""
    if not campaigns:
        return Card(title="还没有群发记录", text="说一句就能新建，例如：\n给标签 高意向 的客户群发：本周有新品体验会")
    entries = tuple(
        Button(entry(number, join(campaign.tag_names)), pack(ShowCampaign(campaign=campaign.id)))
        for number, (campaign, _) in enumerate(campaigns, 1)
    )
    few = len(entries) <= MAX_BUTTONS
    return Card(
        title=f"群发记录 · 最近 {len(campaigns)} 次" if len(campaigns) > 1 else "群发记录",
        text=numbered(_line(campaign, numbers, zone, now) for campaign, numbers in campaigns),
        buttons=entries if few else (),
        choice=None if few else Choice("查看哪一次", tuple(Option(one.text, one.command) for one in entries)),
    )


def _line(campaign: Campaign, numbers: Totals, zone: ZoneInfo, now: datetime) -> str:
    if campaign.approved_at is None:
        return f"{campaign.name}：{STATES[campaign.status]}"
    progress = f"送达 {numbers.sent}/{numbers.all}"
    return f"{campaign.name}：{STATES[campaign.status]}，{progress}（{when(campaign.approved_at, zone, now)}）"


def _title(campaign: Campaign) -> str:
    return f"群发{STATES[campaign.status]}"


def _waiting(numbers: Totals) -> str:
    names = join(numbers.waiting_for[:SHOWN_SENDERS])
    more = f"等 {len(numbers.waiting_for)} 位同事" if len(numbers.waiting_for) > SHOWN_SENDERS else ""
    return f"{numbers.waiting} 人，待{names}{more}在企业微信里确认"


def _senders(shares: Sequence[Share]) -> str:
    shown = "、".join(f"{share.name} {share.contacts} 人" for share in shares[:SHOWN_SENDERS])
    rest = shares[SHOWN_SENDERS:]
    return f"{shown}，另有 {len(rest)} 位同事 {sum(share.contacts for share in rest)} 人" if rest else shown


def _buttons(campaign: Campaign, numbers: Totals, *, refused: bool) -> tuple[Button, ...]:
    buttons = [Button("群发记录", pack(ShowCampaigns()))]
    if campaign.status in ("sending", "sent") and numbers.waiting:
        buttons.insert(0, Button("刷新", pack(ShowCampaign(campaign=campaign.id, refresh=True))))
    if campaign.status in ("failed", "sent") and refused:
        again = SubmitCampaign(campaign=campaign.id, version=campaign.version, again=True)
        buttons.insert(0, Button("补发失败的", pack(again)))
    return tuple(buttons)


def _body(campaign: Campaign) -> str:
    """The words with their line breaks, as the contacts will read them."""
    return campaign.body if len(campaign.body) <= SHOWN_BODY else campaign.body[: SHOWN_BODY - 1] + "…"


def _unclear_buttons(campaign: Campaign) -> tuple[Button, ...]:
    keep = CancelCampaign(campaign=campaign.id, version=campaign.version)
    again = SubmitCampaign(campaign=campaign.id, version=campaign.version, again=True)
    return Button("已经发出", pack(keep)), Button("再发一次", pack(again), "danger")
