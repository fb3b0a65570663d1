"""Who may talk to the bot, who sees what, groups, two platforms, and a company with an AI bot alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from bot.cards.errors import GROUP_LINE, PRIVATE_FIRST
from bot.config import Config, parse
from scrm.models import Customer, Identity, Member
from tests.scenarios.firm import WEDNESDAY, Firm, file_url

F = TypeVar("F", bound=Firm)


@asynccontextmanager
async def at_work(firm: F) -> AsyncIterator[F]:
    """Started, and stopped whatever happens."""
    try:
        await firm.start()
        yield firm
    finally:
        await firm.stop()


@pytest.fixture
async def bot_firm(tmp_path: Path) -> AsyncIterator[Firm]:
    """The firm with both WeCom doors, spoken to through the AI bot."""
    async with at_work(Firm("wecom_bot", file_url(tmp_path))) as firm:
        yield firm


class BotOnly(Firm):
    """A company with nothing but an AI bot: no directory; the admins set names, roles and leaders in chat."""

    def config(self) -> Config:
        return parse({
            "company": {"key": "acme", "name": "示例科技", "admins": ["wecom:zhoutao"]},
            "database": {"url": self._database_url},
            "wecom": self.wecom.config(app=False, bot=True),
        })  # fmt: skip

    def _cast(self, session: Any) -> None:
        """Nobody is known."""


class BothPlatforms(Firm):
    """One company on the WeCom app and on DingTalk."""

    def config(self) -> Config:
        return parse({
            "company": {"key": "acme", "name": "示例科技", "admins": ["wecom:zhoutao"]},
            "database": {"url": self._database_url},
            "wecom": self.wecom.config(app=True),
            "dingtalk": self.dingtalk.config("http"),
            "server": {"public_url": "http://127.0.0.1:1"},
        })  # fmt: skip


# --- first contact


async def test_somebody_new_is_asked_about_once_and_served(firm: Firm) -> None:
    firm.emulator.add_member("xiaoxin", "小新", departments=[2])
    made = await firm.say("xiaoxin", "新建客户 宏图精密")
    assert "宏图精密" in made.text
    assert await firm.count(Member, Member.name == "小新") == 1
    seen = await firm.say("chenjing", "查一下宏图精密")
    assert "宏图精密" in seen.text


async def test_a_stranger_on_dingtalk_is_refused(tmp_path: Path) -> None:
    async with at_work(Firm("dingtalk_http", file_url(tmp_path))) as firm:
        await firm.dingtalk.say_as_stranger("新建客户 宏图精密")
        answer = await firm.look_for("路人", "公司成员")
        assert "宏图精密" not in answer.text
        assert await firm.count(Customer) == 0


async def test_the_daily_reading_makes_leaders_and_shuts_out_who_left(wecom_firm: Firm) -> None:
    firm = wecom_firm
    await firm.quiet()
    firm.wecom.add_member("liwei", "李伟", departments=[3], leader_of=[3])
    await firm.say("sunhao", "新建客户 金石建材")
    firm.wecom.members["wanglei"].left = True
    await firm.at(WEDNESDAY + timedelta(days=1))
    await firm.quiet()
    assert "金石建材" in (await firm.say("liwei", "查一下金石建材")).text
    people = await firm.data(lambda session: dict(session.execute(sa.select(Member.name, Member.role)).all()))
    assert people["李伟"] == "manager"
    assert await firm.count(Member, Member.name == "王磊", Member.active) == 0


async def test_an_admin_of_the_config_may_do_everything(firm: Firm) -> None:
    await firm.say("lina", "新建客户 宏图精密")
    assert "李娜" in (await firm.say("zhoutao", "查一下宏图精密")).text
    assert "王磊" in (await firm.say("zhoutao", "成员列表")).text
    assert "没有" in (await firm.say("lina", "设置王磊为主管")).text
    assert "主管" in (await firm.say("zhoutao", "设置王磊为主管")).text


# --- an AI bot alone


async def test_a_company_with_an_ai_bot_alone_works_without_a_directory(tmp_path: Path) -> None:
    async with at_work(BotOnly("wecom_bot", file_url(tmp_path))) as firm:
        assert "远洋物流" in (await firm.say("lina", "新建客户 远洋物流")).text
        await firm.say("chenjing", "帮助")
        assert "远洋物流" not in (await firm.say("chenjing", "我的客户")).text
        told = await firm.say("zhoutao", "lina的主管是chenjing")
        assert "已设置主管" in told.text
        assert "远洋物流" in (await firm.say("chenjing", "我的客户")).text
        await firm.wecom.bot.message("wbstranger", "text", {"content": "新建客户 青山药业"})
        await firm.quiet()
        assert await firm.count(Member) == 4


async def test_an_admin_gives_people_their_names(tmp_path: Path) -> None:
    async with at_work(BotOnly("wecom_bot", file_url(tmp_path))) as firm:
        await firm.say("lina", "帮助")
        assert "已修改姓名" in (await firm.say("zhoutao", "成员 lina 叫李娜")).text


# --- groups


async def test_a_group_hears_one_neutral_line_and_the_card_comes_privately(bot_firm: Firm) -> None:
    await bot_firm.say("lina", "新建客户 宏图精密")
    bot_firm.wecom.bot.add_group("g1", ["lina", "sunhao"])
    await bot_firm.wecom.say("lina", "今天拜访了宏图精密，聊了报价", door="bot", group="g1")
    line = await bot_firm.look_for("sunhao", GROUP_LINE)
    assert "宏图" not in line.text
    await bot_firm.look_for("lina", "报价")
    assert [item.body for item in bot_firm.bot_items("sunhao")] == [GROUP_LINE]


async def test_who_never_wrote_privately_is_asked_to_in_the_group(bot_firm: Firm) -> None:
    bot_firm.wecom.bot.add_group("g1", ["lina", "sunhao"])
    await bot_firm.wecom.say("lina", "新建客户 宏图精密", door="bot", group="g1")
    await bot_firm.look_for("sunhao", PRIVATE_FIRST)
    await bot_firm.quiet()
    assert [item.body for item in bot_firm.bot_items("sunhao")] == [PRIVATE_FIRST]
    assert await bot_firm.count(Customer) == 1


async def test_a_dingtalk_group_hears_one_neutral_line(tmp_path: Path) -> None:
    async with at_work(Firm("dingtalk_stream", file_url(tmp_path))) as firm:
        group = firm.dingtalk.add_group("华东大群", ["lina", "sunhao"])
        ident = group if isinstance(group, str) else group.conversation_id
        await firm.dingtalk.say("lina", "新建客户 宏图精密", group=ident)
        await firm.look_for("lina", "宏图精密")
        await firm.quiet()
        lines = [item.text for item in firm.dingtalk.group_screen(ident) if item.sender == "bot"]
        assert lines == [GROUP_LINE]


# --- two platforms


async def test_one_person_on_two_platforms_is_one_member_after_binding(tmp_path: Path) -> None:
    async with at_work(BothPlatforms("wecom_app", file_url(tmp_path))) as firm:
        firm.dingtalk.mode = "http"
        await firm.say("lina", "新建客户 宏图精密")
        code = await firm.say("lina", "绑定")
        number = re.search(r"\d{6}", code.text)
        assert number is not None
        await firm.dingtalk.say("lina", "新建客户 远洋物流")
        await firm.eventually_count(Customer, 2)
        wrong = "000000" if number[0] != "000000" else "111111"
        await firm.dingtalk.say("lina", f"绑定 {wrong}")
        await firm.dingtalk.wait_shown("lina", lambda shown: "绑定码不对" in shown.text)
        await firm.dingtalk.say("lina", f"绑定 {number[0]}")
        await firm.dingtalk.wait_shown("lina", lambda shown: "绑定成功" in shown.text)
        owners = await firm.data(lambda session: set(session.scalars(sa.select(Customer.owner_id))))
        identities = await firm.data(
            lambda session: set(session.scalars(sa.select(Identity.member_id).where(Identity.user_id == "lina")))
        )
        assert len(owners) == len(identities) == 1
        assert "远洋物流" in (await firm.say("lina", "我的客户")).text
        undone = await firm.say("lina", "撤销")
        assert "绑定" not in undone.text
        assert "宏图精密" in (await firm.say("lina", "我的客户")).text or await firm.count(Customer) == 1


async def test_a_new_customer_comes_with_its_contact(wecom_firm: Firm) -> None:
    card = await wecom_firm.say("lina", "新客户：安能物流集团，联系人张秋实，物流部长，电话13712345678")
    assert "安能物流集团" in card.text
    assert "张秋实" in card.text
    brief = await wecom_firm.say("lina", "查一下 安能物流")
    assert "张秋实" in brief.text
    assert "物流部长" in brief.text
    await wecom_firm.click("lina", card, "撤销")
    assert await wecom_firm.count(Customer) == 0
