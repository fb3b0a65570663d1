"""What administrators see of WeCom: the directory, the menu, and what `scrm-bot check` says about each mistake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web
from msgspec import convert
from wecom_doors import Doors, open_doors, serve, until

from bot.commands import unpack
from bot.config import WeCom
from bot.events import MenuClick
from bot.platforms.base import Finding, Person, SendError, Unit
from bot.platforms.wecom.check import findings
from bot.platforms.wecom.directory import WeComDirectory
from bot.platforms.wecom.menu import MENU, install


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with open_doors() as doors:
        yield doors


# --- the directory


async def test_everybody_with_who_leads_whom(doors: Doors) -> None:
    doors.wecom.add_department(3, "华东一组", 2)
    doors.wecom.add_member("sunqi", "孙琪", departments=[3, 2], direct_leader=["sunqi", "lina"], active=False)
    found = await WeComDirectory(doors.client).everybody()
    assert [*found.units][1:] == [Unit("2", "销售部", "1"), Unit("3", "华东一组", "2")]
    people = {person.user_id: person for person in found.people}
    assert people["wangqiang"] == Person("wangqiang", "王强", ("2",), ("2",), "")
    assert people["lina"] == Person("lina", "李娜", ("2",), (), "wangqiang")
    assert people["sunqi"] == Person("sunqi", "孙琪", ("3", "2"), (), "lina")


async def test_one_member_and_nobody(doors: Doors) -> None:
    directory = WeComDirectory(doors.client)
    person = await directory.person("lina")
    assert person is not None
    assert (person.name, person.manager) == ("李娜", "wangqiang")
    assert await directory.person("stranger") is None
    doors.wecom.remove_member("lina")
    assert await directory.person("lina") is None


async def test_a_directory_that_cannot_be_read_says_so(doors: Doors) -> None:
    doors.wecom.faults.errcode("/cgi-bin/user/get", -1)
    with pytest.raises(SendError):
        await WeComDirectory(doors.client).person("lina")
    doors.wecom.faults.errcode("/cgi-bin/user/list", 45009)
    with pytest.raises(SendError):
        await WeComDirectory(doors.client).everybody()


async def test_a_department_out_of_sight_is_passed_over(doors: Doors) -> None:
    doors.wecom.faults.errcode("/cgi-bin/user/list", 60011)
    found = await WeComDirectory(doors.client).everybody()
    assert {person.user_id for person in found.people} == {"lina", "wangqiang"}


@pytest.mark.parametrize(
    ("entry", "person"),
    [
        (b'{"errcode":0,"userid":"lina"}', Person("lina", "lina")),
        (b'{"errcode":0,"userid":"lina","name":"","department":"2","status":2}', Person("lina", "lina", active=False)),
        (b'{"errcode":0,"userid":"lina","status":5}', None),
    ],
)
async def test_an_app_that_is_told_little_makes_do(doors: Doors, entry: bytes, person: Person | None) -> None:
    doors.wecom.faults.status("/cgi-bin/user/get", 200, body=entry)
    assert await WeComDirectory(doors.client).person("lina") == person


# --- the menu


async def test_the_menu_is_put_in_place_and_every_key_is_a_command(doors: Doors) -> None:
    await install(doors.client, doors.wecom.agent_id)
    keys = [key["key"] for column in MENU for key in column["sub_button"]]
    for key in keys:
        assert unpack(key)
        await doors.wecom.press_menu("lina", key)
    assert [event.menu for event in doors.accepted.events if isinstance(event, MenuClick)] == keys


# --- check


def config_of(doors: Doors, *, bot: bool = False, **changes: Any) -> WeCom:
    return convert(doors.wecom.config(bot=bot) | changes, WeCom)


async def checked(doors: Doors, **changes: Any) -> dict[str, Finding]:
    found = await findings(config_of(doors, **changes), doors.http, f"{doors.base}/acme/wecom")
    return {finding.subject: finding for finding in found}


async def test_when_all_is_well_everything_is_said_to_be(doors: Doors) -> None:
    found = await checked(doors, bot=True)
    assert [*found] == [
        "企业微信凭证",
        "企业微信应用",
        "通讯录",
        "客户联系",
        "时钟",
        "回调网址",
        "客户联系回调",
        "智能机器人",
    ]
    assert all(finding.ok for finding in found.values())
    assert f"{doors.base}/acme/wecom，" in found["回调网址"].sentence


async def test_a_wrong_secret_is_one_finding_with_the_page_to_open(doors: Doors) -> None:
    found = await checked(doors, secret="wrong")
    assert [*found] == ["企业微信凭证"]
    assert "wecom.secret" in found["企业微信凭证"].sentence
    assert found["企业微信凭证"].fatal


async def test_an_address_that_is_not_trusted_is_named(doors: Doors) -> None:
    doors.wecom.trusted_ips = {"10.0.0.1"}
    found = await checked(doors)
    assert "企业可信IP" in found["企业微信应用"].sentence
    assert "127.0.0.1" in found["企业微信应用"].sentence


async def test_the_agent_id_of_another_app(doors: Doors) -> None:
    found = await checked(doors, agent_id=1000009)
    assert "wecom.agent_id" in found["企业微信应用"].sentence


async def test_without_the_right_to_customer_contact(doors: Doors) -> None:
    doors.wecom.granted.clear()
    found = await checked(doors)
    assert "可调用接口的应用" in found["客户联系"].sentence
    assert not found["客户联系"].fatal


async def test_a_stopped_app_and_an_empty_directory(doors: Doors) -> None:
    doors.wecom.faults.status("/cgi-bin/agent/get", 200, body='{"errcode":0,"name":"销售助手","close":1}'.encode())
    doors.wecom.faults.status("/cgi-bin/department/list", 200, body=b'{"errcode":0,"department":[]}')
    doors.wecom.faults.status("/cgi-bin/externalcontact/get_follow_user_list", 200, body=b'{"errcode":0}')
    found = await checked(doors)
    assert "已停用" in found["企业微信应用"].sentence
    assert "可见范围" in found["通讯录"].sentence
    assert "权限配置" in found["客户联系"].sentence


async def test_a_token_that_differs_from_the_console(doors: Doors) -> None:
    found = await checked(doors, token="another")
    assert "应答不对" in found["回调网址"].sentence
    assert found["回调网址"].fatal
    assert found["客户联系回调"].ok


async def test_an_address_where_nobody_answers_and_no_address(doors: Doors) -> None:
    found = await findings(config_of(doors), doors.http, "http://127.0.0.1:9/acme/wecom")
    assert any("没有应答" in finding.sentence for finding in found)
    found = await findings(config_of(doors), doors.http, "")
    assert any("server.public_url" in finding.sentence for finding in found)


async def test_a_platform_out_of_reach(doors: Doors) -> None:
    found = await checked(doors, api_base="http://127.0.0.1:9")
    assert "wecom.api_base" in found["企业微信凭证"].sentence


async def test_a_clock_that_is_slow(doors: Doors) -> None:
    async def answer(_: web.Request) -> web.Response:
        ahead = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
        return web.json_response({"errcode": 0, "access_token": "t", "expires_in": 7200}, headers={"Date": ahead})

    runner, base = await serve([web.get("/cgi-bin/{tail:.*}", answer)])
    found = await checked(doors, api_base=base)
    assert "慢" in found["时钟"].sentence
    assert not found["时钟"].ok
    await runner.cleanup()


async def test_the_bot_is_tried_only_when_nobody_uses_it(doors: Doors) -> None:
    config = config_of(doors, bot=True)
    in_use = await findings(config, doors.http, "", bot_in_use=True)
    assert in_use[-1].ok
    assert doors.wecom.bot.subscribes == 0
    free = await findings(config, doors.http, "")
    assert free[-1].sentence == "机器人登录成功。"
    await until(lambda: not doors.wecom.bot.held)


@pytest.mark.parametrize(
    ("change", "words"), [({"secret": "wrong"}, "Bot ID"), ({"url": "ws://127.0.0.1:9/"}, "连不上")]
)
async def test_a_bot_that_cannot_log_in(doors: Doors, change: dict[str, str], words: str) -> None:
    bot = doors.wecom.config(bot=True)["bot"] | change
    (finding,) = await findings(convert({"bot": bot}, WeCom), doors.http, "")
    assert not finding.ok
    assert words in finding.sentence
