"""The WeCom emulator's tokens, records, faults on order, waiting, media and directory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from wecom_kit import Desk, open_desk

from emulator.faults import Fault
from emulator.pictures import SAMPLE_PNG
from emulator.wecom import NotOnScreen


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as desk:
        yield desk


# tokens and trouble


async def test_one_token_while_it_is_valid_then_42001_then_a_new_one(desk: Desk) -> None:
    assert await desk.login() == await desk.login()
    desk.clocks.later(seconds=7201)
    assert (await desk.get("agent/get", agentid=1000002))["errcode"] == 42001
    await desk.login()
    assert (await desk.get("agent/get", agentid=1000002))["errcode"] == 0
    desk.wecom.revoke_tokens()
    assert (await desk.get("agent/get", agentid=1000002))["errcode"] == 40014
    assert (desk.wecom.tokens_issued, desk.wecom.gettoken_calls) == (2, 4)


async def test_calls_are_recorded_without_secrets(desk: Desk) -> None:
    await desk.send("text", {"content": "好"})
    call = desk.wecom.calls[-1]
    assert (call["method"], call["path"], call["query"]) == ("POST", "/cgi-bin/message/send", {})
    assert call["body"]["text"] == {"content": "好"} and call["response"]["errcode"] == 0
    assert desk.wecom.secret not in str(list(desk.wecom.calls))


async def test_faults_on_order(desk: Desk) -> None:
    faults, path = desk.wecom.faults, "/cgi-bin/message/send"
    faults.errcode("message/send", -1, times=2)
    assert [(await desk.send("text", {"content": "好"}))["errcode"] for _ in range(3)] == [-1, -1, 0]
    url, params = desk.wecom.base_url + path, {"access_token": desk.token}
    faults.status(path, 502)
    faults.garbage(path)
    for expected in (502, 200):
        async with desk.session.post(url, params=params, json={}) as response:
            assert response.status == expected and b"errcode" not in await response.read()
    assert len(desk.wecom.screen("lina")) == 1


async def test_an_answer_can_be_lost_after_the_work_was_done(desk: Desk) -> None:
    path = "/cgi-bin/message/send"
    desk.wecom.faults.lose_answer(path)
    with pytest.raises(aiohttp.ClientError):
        await desk.send("text", {"content": "做了没说"})
    desk.wecom.faults.drop(path)
    with pytest.raises(aiohttp.ClientError):
        await desk.send("text", {"content": "没做"})
    desk.wecom.faults.add(path, Fault(hang=30, act=True))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await desk.send("text", {"content": "做了不吭声"})
    assert [shown.body for shown in desk.wecom.screen("lina")] == ["做了没说", "做了不吭声"]


async def test_waiting_in_vain_shows_the_screen(desk: Desk) -> None:
    await desk.send("text", {"content": "只有这个"})
    with pytest.raises(NotOnScreen, match="只有这个"):
        await desk.wecom.wait_shown("lina", lambda shown: shown.kind == "card", timeout=0.05)


async def test_waiting_wakes_on_the_change(desk: Desk) -> None:
    waiting = asyncio.create_task(desk.wecom.wait_shown("lina", lambda shown: shown.body == "来了"))
    await asyncio.sleep(0)
    await desk.send("text", {"content": "来了"})
    assert (await waiting).sender == "bot"


async def test_media_come_back_in_ranges(desk: Desk) -> None:
    paper = await desk.upload("file", b"0123456789", "报价.pdf")
    url, params = f"{desk.wecom.base_url}/cgi-bin/media/get", {"access_token": desk.token}
    params |= {"media_id": paper["media_id"]}
    async with desk.session.get(url, params=params, headers={"Range": "bytes=2-4"}) as response:
        assert (response.status, await response.read()) == (206, b"234")
        assert response.headers["Content-Range"] == "bytes 2-4/10"
    desk.clocks.later(days=3, seconds=1)
    params["access_token"] = await desk.login()
    async with desk.session.get(url, params=params) as response:
        assert (await response.json())["errcode"] == 40007


async def test_a_large_file_comes_back_whole(desk: Desk) -> None:
    data = b"0123456789" * 200_000
    query = {"media_id": (await desk.upload("file", data, "大.bin"))["media_id"], "access_token": desk.token}
    async with desk.session.get(f"{desk.wecom.base_url}/cgi-bin/media/get", params=query) as response:
        assert await response.read() == data


async def test_a_permanent_picture_is_served(desk: Desk) -> None:
    form = aiohttp.FormData()
    form.add_field("media", SAMPLE_PNG, filename="a.png")
    url, params = f"{desk.wecom.base_url}/cgi-bin/media/uploadimg", {"access_token": desk.token}
    async with desk.session.post(url, params=params, data=form) as response:
        picture = (await response.json())["url"]
    async with desk.session.get(picture) as response:
        assert await response.read() == SAMPLE_PNG


async def test_the_directory_reads_back(desk: Desk) -> None:
    lina = await desk.get("user/get", userid="lina")
    assert (lina["name"], lina["direct_leader"], lina["is_leader_in_dept"]) == ("李娜", ["wangjl"], [0])
    assert "mobile" not in lina and lina["status"] == 1
    departments = (await desk.get("department/list"))["department"]
    assert [(d["id"], d["parentid"], d["department_leader"]) for d in departments] == [(1, 0, []), (2, 1, ["wangjl"])]
    assert len((await desk.get("user/list", department_id=1, fetch_child=1))["userlist"]) == 3
    assert (await desk.get("user/simplelist", department_id=1))["userlist"] == []
    assert len((await desk.get("department/simplelist", id=2))["department_id"]) == 1
    assert (await desk.get("department/get", id=2))["department"]["name"] == "销售部"
    desk.wecom.granted.add("contacts_sync")
    page = await desk.post("user/list_id", {"limit": 2})
    assert len(page["dept_user"]) == 2 and page["next_cursor"]
    assert (await desk.get("getcallbackip"))["ip_list"]


async def test_config_fits_the_documented_section(desk: Desk) -> None:
    section = desk.wecom.config(bot=True)
    assert set(section) == {"corp_id", "agent_id", "secret", "token", "aes_key", "api_base", "contacts", "bot"}
    assert section["api_base"] == desk.wecom.base_url and section["bot"]["url"].startswith("ws://")
    assert set(desk.wecom.config(app=False, contacts=False, bot=True)) == {"bot"}
