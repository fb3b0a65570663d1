"""Members of the company, their identities on the platforms and the departments they sit in."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from scrm.models.base import Base, BigId, Tracked


class Member(Tracked, Base):
    """An employee. `role` is rep, manager, marketer or admin; `manager_id` is the direct leader."""

    __tablename__ = "member"

    name: Mapped[str] = mapped_column(sa.String(64))
    name_fixed: Mapped[bool] = mapped_column(default=False)  # given by an admin in chat: the sync leaves it alone
    role: Mapped[str] = mapped_column(sa.String(16), default="rep")
    role_fixed: Mapped[bool] = mapped_column(default=False)  # set by an admin in chat: the sync leaves it alone
    active: Mapped[bool] = mapped_column(default=True)
    manager_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"), index=True)
    manager_fixed: Mapped[bool] = mapped_column(default=False)
    pushes_a_day: Mapped[int | None]  # as said in chat; 0 = any number, None = as the company has it


class Identity(Base):
    """One account of a member on one platform ("wecom" or "dingtalk")."""

    __tablename__ = "identity"
    __table_args__ = (sa.UniqueConstraint("platform", "user_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    platform: Mapped[str] = mapped_column(sa.String(16))
    user_id: Mapped[str] = mapped_column(sa.String(128))
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    door: Mapped[str] = mapped_column(sa.String(32), default="")  # where this person spoke last: pushes go there
    used_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]  # last time the directory confirmed it
    left_at: Mapped[datetime | None]  # when the directory said that this account is gone
    wrong_codes: Mapped[int] = mapped_column(default=0, server_default="0")  # wrong 绑定 codes since `wrong_at`
    wrong_at: Mapped[datetime | None]


class Department(Base):
    """A department as the platform has it."""

    __tablename__ = "department"
    __table_args__ = (sa.UniqueConstraint("platform", "remote_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    platform: Mapped[str] = mapped_column(sa.String(16))
    remote_id: Mapped[str] = mapped_column(sa.String(64))
    parent_remote_id: Mapped[str] = mapped_column(sa.String(64), default="")
    name: Mapped[str] = mapped_column(sa.String(128))


class Membership(Base):
    """A member sits in a department; leaders see its whole subtree."""

    __tablename__ = "membership"

    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), primary_key=True)
    department_id: Mapped[int] = mapped_column(sa.ForeignKey("department.id"), primary_key=True, index=True)
    is_leader: Mapped[bool] = mapped_column(default=False)


class LinkCode(Base):
    """A six-digit code that links a second platform to the member who asked for it (绑定)."""

    __tablename__ = "link_code"

    code: Mapped[str] = mapped_column(sa.String(6), primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"))
    platform: Mapped[str] = mapped_column(sa.String(16))
    expires_at: Mapped[datetime]
