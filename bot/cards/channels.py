"""Cards about channel QR codes."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards import refusals
from bot.cards.card import Button, Card, Row, rows
from bot.cards.names import entry, numbered, page_of
from bot.cards.tags import join
from bot.cards.words import clip
from bot.commands import SetChannelLeads, ShowChannel, ShowChannels, Undo, pack
from scrm.channels import Count
from scrm.models import Channel

NAME = "这个渠道活码叫什么名字？例如：展会立牌"
NO_WECOM_OWNER = "负责人没有企业微信账号，客户扫码后加不到人，请换一位负责人。"
CODE_STAYS = "企业微信里的二维码不会自动删除，如已生成，请在管理后台「联系我」里删掉。"
STATES = {"sending": "正在创建", "live": "已启用", "failed": "创建失败", "unclear": "待确认"}
PAGE = 5  # each has a button, and one is left for the next page


def needs_app(name: str) -> Card:
    """Understood, and what is missing."""
    return refusals.needs_app("新建渠道活码", f"您想新建渠道活码「{name}」。")


def channel_card(count: Count, turn: str = "") -> Card:
    """The channel as it is now; with a turn, the answer to a change."""
    channel = count.channel
    came = f"{count.came} 人，现在还在 {count.stayed} 人" if count.came else "还没有人扫码添加"
    return Card(
        title=f"渠道活码 · {channel.name}",
        rows=(
            Row("状态", STATES[channel.status]),
            *_facts(count),
            *rows(("带来", came if channel.status == "live" else "")),
        ),
        text=_picture(channel),
        buttons=(_leads(channel), *((Button("撤销", pack(Undo(turn=turn))),) if turn else ()), _list()),
        view=_view(count),
    )


def _picture(channel: Channel) -> str:
    if channel.status == "sending":
        return "正在企业微信创建二维码，做好后马上发给您。"
    return f"二维码图片：{channel.qr_code}" if channel.qr_code else ""


def ready(count: Count, pictured: bool) -> Card:
    """The code exists; its picture comes just before this card, or else the card says where it is."""
    link = "" if pictured else f"二维码图片：{count.channel.qr_code}\n"
    return Card(
        title=f"渠道活码已生成 · {count.channel.name}",
        rows=_facts(count),
        text=f"{link}把二维码放到海报或页面上即可。客户扫码添加后会自动收到欢迎语，并记为来自这个渠道。",
        buttons=(_leads(count.channel), _list()),
        view=_view(count),
    )


def failed(count: Count, code: str) -> Card:
    """The platform refused: why, and what to do."""
    return Card(
        title=f"渠道活码没有建成 · {count.channel.name}",
        rows=rows(("原因", refusals.why(code)), ("负责人", count.owner)),
        text=f"处理好之后再说一次就会重新创建：\n{_again(count)}",
        buttons=(_list(),),
        view=_view(count),
    )


def unclear(count: Count) -> Card:
    """Nobody knows whether the platform made it: the marketer looks."""
    name = count.channel.name
    return Card(
        title=f"请确认渠道活码 · {name}",
        text="企业微信一直没有明确答复，查询后仍不能确定二维码是否已经建好，所以没有自动重试。\n"
        f"请在企业微信管理后台「客户联系 → 联系我」里看看有没有「{name}」：\n"
        "· 有：直接下载使用即可\n"
        f"· 没有：再说一次「{_again(count)}」",
        buttons=(_list(),),
        view=_view(count),
    )


def list_card(counts: Sequence[Count], page: int = 0) -> Card:
    """渠道列表 with how many came through each."""
    if not counts:
        example = "新建渠道活码 展会立牌，负责人李娜，欢迎语：您好，很高兴认识您"
        return Card(title="还没有渠道活码", text=f"说一句就能新建，例如：\n{example}")
    shown = counts[page * PAGE : (page + 1) * PAGE]
    first = page * PAGE + 1
    entries = (
        Button(entry(number, count.channel.name), pack(ShowChannel(channel=count.channel.id)))
        for number, count in enumerate(shown, first)
    )
    onwards = (Button("下一页", pack(ShowChannels(page=page + 1))),) if len(counts) > first - 1 + PAGE else ()
    back = (Button("回到第一页", pack(ShowChannels())),) if page and not onwards else ()
    came = f"共带来 {sum(count.came for count in counts)} 人"
    return Card(
        title=f"渠道活码 · {len(counts)} 个",
        subtitle=" · ".join(part for part in (came, page_of(page, PAGE, len(counts))) if part),
        text=numbered((_line(count) for count in shown), first),
        buttons=(*entries, *onwards, *back),
        view="channels",
    )


def _facts(count: Count) -> tuple[Row, ...]:
    channel = count.channel
    welcome = clip(channel.welcome.replace("{member}", count.owner), 60) or "默认欢迎语"
    return rows(
        ("负责人", count.owner), ("欢迎语", welcome), ("自动标签", join(channel.tag_names)),
        ("线索", "来的人自动记为线索" if channel.makes_leads else ""),
    )  # fmt: skip


def _line(count: Count) -> str:
    state = "" if count.channel.status == "live" else f"（{STATES[count.channel.status]}）"
    return f"{count.channel.name}{state}：{count.came} 人，留存 {count.stayed} 人 · {count.owner}"


def _again(count: Count) -> str:
    return f"新建渠道活码 {count.channel.name}，负责人{count.owner}"


def _leads(channel: Channel) -> Button:
    says = "不再记线索" if channel.makes_leads else "来的人记为线索"
    return Button(says, pack(SetChannelLeads(channel=channel.id, on=not channel.makes_leads)))


def _list() -> Button:
    return Button("全部渠道", pack(ShowChannels()))


def _view(count: Count) -> str:
    return f"channel:{count.channel.id}"
