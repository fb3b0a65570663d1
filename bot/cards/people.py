"""Cards of members: roles, leaders, 绑定."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.cards.card import Card, bullets, rows
from bot.cards.words import ROLE_NAMES
from scrm.models import Member


def role_card(member: Member) -> Card:
    """A role was set."""
    return Card(
        title="已设置角色",
        rows=rows(("成员", member.name), ("角色", ROLE_NAMES.get(member.role, member.role))),
        text="马上生效。",
    )


def manager_card(member: Member, manager: Member) -> Card:
    """A leader was set."""
    return Card(
        title="已设置主管",
        rows=rows(("成员", member.name), ("主管", manager.name)),
        text=f"{manager.name}现在可以看到{member.name}的客户，并收到提醒和简报。",
    )


def renamed_card(member: Member, before: str) -> Card:
    """A member has a new name."""
    return Card(title="已修改姓名", rows=rows(("原来", before), ("现在", member.name)))


def members_card(members: Sequence[Member], leaders: dict[int, str], admins: Collection[int]) -> Card:
    """Everybody, with role and leader; `admins` holds those who are admins, by the config or by their role."""
    lines = [
        f"{member.name}（{ROLE_NAMES['admin' if member.id in admins else member.role]}）"
        + (f" · 主管 {leaders[member.manager_id]}" if member.manager_id in leaders else "")
        for member in members
    ]
    return Card(
        title=f"成员 {len(members)} 人", text=bullets(lines, 30), note="例如：设置李娜为主管 · 李娜的主管是王强"
    )


def code_card(code: str) -> Card:
    """A code to say on the other platform."""
    return Card(
        title=f"绑定码 {code}",
        text=f"请在另一个平台（企业微信或钉钉）给机器人发送：\n绑定 {code}\n10 分钟内有效。绑定后两边是同一个人，记录合在一起。",
    )


def bound_card(member: Member) -> Card:
    """Two accounts are one member now."""
    return Card(
        title="绑定成功", text=f"您在两个平台上都是「{member.name}」了，客户和待办合在一起，提醒发到您最近使用的平台。"
    )


def wrong_code_card() -> Card:
    """No such code."""
    return Card(title="绑定码不对", text="绑定码不对或已过期，请在另一个平台重新发送「绑定」获取。")
