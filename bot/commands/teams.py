"""What managers, marketers and admins ask for."""

from __future__ import annotations

from typing import ClassVar

from bot.commands.base import ADMINS, MANAGERS, MARKETING, SALES, Command, Ref


class ShowDigest(Command, frozen=True, tag="digest"):
    """团队简报 as of now."""

    roles: ClassVar[frozenset[str]] = MANAGERS


class ShowStuck(Command, frozen=True, tag="stuck"):
    """停滞商机: the team's deals that stay too long in their stage; to a rep his own."""

    roles: ClassVar[frozenset[str]] = SALES


class ShowSilent(Command, frozen=True, tag="silent"):
    """谁没有记录: reps of the team without a record for three working days."""

    roles: ClassVar[frozenset[str]] = MANAGERS


class Comment(Command, frozen=True, tag="comment"):
    """点评 a deal, or what a member does: asks for words, which reach the one concerned as a card."""

    roles: ClassVar[frozenset[str]] = MANAGERS
    deal: int | None = None
    member: int | None = None
    words: str = ""


class WriteWeek(Command, frozen=True, tag="week"):
    """写周报: the speaker's week, written from the records."""

    roles: ClassVar[frozenset[str]] = SALES


class SendWeek(Command, frozen=True, tag="send_week"):
    """发给主管: as written from the records; 修改 (`edit`) asks for the words that go instead, and shows them once more."""

    roles: ClassVar[frozenset[str]] = SALES
    edit: bool = False
    words: str = ""
    sure: bool = False


class ShowOverdue(Command, frozen=True, tag="overdue"):
    """The team's overdue follow-ups; to a rep what is due of his own."""

    roles: ClassVar[frozenset[str]] = SALES


class Nudge(Command, frozen=True, tag="nudge"):
    """催办: the owner of the follow-up gets the alert again, with who asked."""

    roles: ClassVar[frozenset[str]] = MANAGERS
    followup: int
    version: int | None = None


class NudgeAll(Command, frozen=True, tag="nudge_all"):
    """催办 everything of one member that is overdue, in one card."""

    roles: ClassVar[frozenset[str]] = MANAGERS
    member: int


class CreateChannel(Command, frozen=True, tag="new_channel"):
    """新建渠道活码 名称，负责人李娜，欢迎语：…"""

    roles: ClassVar[frozenset[str]] = MARKETING
    channel: str
    owner: Ref | None = None
    welcome: str = ""
    tags: tuple[str, ...] = ()


class SetChannelLeads(Command, frozen=True, tag="channel_leads"):
    """渠道秋季展会加来的人记为线索."""

    roles: ClassVar[frozenset[str]] = MARKETING
    channel: Ref
    on: bool = True


class ShowChannels(Command, frozen=True, tag="channels"):
    """渠道列表 with how many came through each. Pages count from 0."""

    roles: ClassVar[frozenset[str]] = MARKETING
    page: int = 0


class ShowChannel(Command, frozen=True, tag="channel"):
    """The card of one channel code, with its picture where it has one."""

    roles: ClassVar[frozenset[str]] = MARKETING
    channel: int


class CreateCampaign(Command, frozen=True, tag="new_campaign"):
    """给标签 高意向 的客户群发：… — a draft; nothing leaves before 提交."""

    roles: ClassVar[frozenset[str]] = MARKETING
    tags: tuple[str, ...]
    body: str


class SubmitCampaign(Command, frozen=True, tag="submit_campaign"):
    """提交 (or, after a crash that left it unclear, send again with `again`)."""

    roles: ClassVar[frozenset[str]] = MARKETING
    campaign: int
    version: int | None = None
    again: bool = False


class CancelCampaign(Command, frozen=True, tag="cancel_campaign"):
    """取消 a draft."""

    roles: ClassVar[frozenset[str]] = MARKETING
    campaign: int
    version: int | None = None


class ShowCampaign(Command, frozen=True, tag="campaign"):
    """The campaign's state and results; `refresh` reads them from the platform again."""

    roles: ClassVar[frozenset[str]] = MARKETING
    campaign: int
    refresh: bool = False


class ShowCampaigns(Command, frozen=True, tag="campaigns"):
    """群发记录."""

    roles: ClassVar[frozenset[str]] = MARKETING


class SetRole(Command, frozen=True, tag="set_role"):
    """设置李娜为主管."""

    roles: ClassVar[frozenset[str]] = ADMINS
    member: Ref
    role: str


class SetManager(Command, frozen=True, tag="set_manager"):
    """李娜的主管是王强."""

    roles: ClassVar[frozenset[str]] = ADMINS
    member: Ref
    manager: Ref


class RenameMember(Command, frozen=True, tag="rename_member"):
    """成员 wm_lina 叫李娜 (a company with only an AI bot has no directory)."""

    roles: ClassVar[frozenset[str]] = ADMINS
    member: Ref
    new_name: str


class ShowMembers(Command, frozen=True, tag="members"):
    """成员列表."""

    roles: ClassVar[frozenset[str]] = ADMINS
