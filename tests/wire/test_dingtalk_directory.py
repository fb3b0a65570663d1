"""Members and departments as DingTalk's contacts tell them, and what `check` finds out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from dingtalk_api import ACCESS_TOKEN, Api

from bot.config import DingTalk, Receiver
from bot.platforms.base import Fate, Finding, Person, SendError, Unit
from bot.platforms.dingtalk import check, directory
from bot.platforms.dingtalk.client import Client
from bot.platforms.dingtalk.directory import DingTalkDirectory
from bot.platforms.dingtalk.tokens import app_tokens
from bot.platforms.http import Http, open_session
from bot.platforms.tokens import MemoryTokens

GET, UNITS, MEMBERS, UNIT = (
    "/topapi/v2/user/get", "/topapi/v2/department/listsub", "/topapi/v2/user/list", "/topapi/v2/department/get",
)  # fmt: skip
OPEN, CHANGE, TO_MEMBER = (
    "/v1.0/gateway/connections/open", "/v1.0/card/instances", "/v1.0/robot/oToMessages/batchSend",
)  # fmt: skip


def ok(result: Any) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", "result": result}


LINA = {
    "userid": "lina", "name": "李娜", "dept_id_list": [2, 3], "manager_userid": "wangqiang", "active": True,
    "leader_in_dept": [{"dept_id": 2, "leader": False}, {"dept_id": 3, "leader": True}],
}  # fmt: skip


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = await Api().start()
    yield api
    await api.stop()


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with open_session() as session:
        yield Http(session)


def config(api: Api, **changes: Any) -> DingTalk:
    return DingTalk("dingdemo", "secret-demo", api_base=api.base_url, oapi_base=api.base_url, **changes)


@pytest.fixture
def source(api: Api, http: Http) -> DingTalkDirectory:
    return DingTalkDirectory(Client(config(api), http, app_tokens(config(api), http, MemoryTokens()), pytest.fail))


async def test_one_member(api: Api, source: DingTalkDirectory) -> None:
    api.answer(GET, ok(LINA))
    person = await source.person("lina")
    assert person == Person("lina", "李娜", departments=("2", "3"), leads=("3",), manager="wangqiang")
    assert (api.calls(GET)[0].body["userid"], api.calls(GET)[0].token) == ("lina", "token-1")


@pytest.mark.parametrize("code", [60121, 33012, 50002])
async def test_nobody(api: Api, source: DingTalkDirectory, code: int) -> None:
    api.answer(GET, {"errcode": code, "errmsg": "未找到该用户"})
    assert await source.person("gone") is None


async def test_a_directory_that_may_not_be_read(api: Api, source: DingTalkDirectory) -> None:
    api.answer(GET, {"errcode": 88, "errmsg": "x", "sub_code": "60011", "sub_msg": "没有调用该接口的权限"})
    with pytest.raises(SendError) as refused:
        await source.person("lina")
    assert refused.value.fate is Fate.SETUP


async def test_everybody_through_departments_and_pages(
    api: Api, source: DingTalkDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "PAUSE_SECONDS", 0.0)
    api.answer(UNIT, ok({"dept_id": 1, "name": "示例科技"}))
    api.answer(UNITS, {"errcode": 90018, "errmsg": "qps"})
    api.answer(
        UNITS, ok([{"dept_id": 2, "name": "销售部", "parent_id": 1}, {"dept_id": 9, "name": "已撤", "parent_id": 1}])
    )
    api.answer(
        UNITS, ok([{"dept_id": 3, "name": "销售一组", "parent_id": 2}, {"dept_id": 2, "name": "环", "parent_id": 2}])
    )
    api.answer(UNITS, {"errcode": 60003, "errmsg": "部门不存在"}, ok([]))
    boss = {"userid": "boss", "name": "老板", "dept_id_list": [1]}
    wang = {"userid": "wangqiang", "name": "王强", "dept_id_list": [2], "leader": True, "active": False}
    api.answer(MEMBERS, ok({"has_more": False, "list": [boss]}))
    api.answer(MEMBERS, ok({"has_more": True, "next_cursor": 100, "list": [wang]}))
    api.answer(MEMBERS, ok({"has_more": False, "list": [LINA]}))
    api.answer(MEMBERS, {"errcode": 60003, "errmsg": "部门不存在"})
    api.answer(MEMBERS, ok({"has_more": False, "list": [{**LINA, "leader": True, "leader_in_dept": None}]}))
    found = await source.everybody()
    assert found.units == [
        Unit("1", "示例科技"), Unit("2", "销售部", "1"), Unit("9", "已撤", "1"), Unit("3", "销售一组", "2"),
    ]  # fmt: skip
    assert found.people == [
        Person("boss", "老板", departments=("1",)),
        Person("wangqiang", "王强", departments=("2",), leads=("2",), active=False),
        Person("lina", "李娜", departments=("2", "3"), leads=("3",), manager="wangqiang"),
    ]
    assert [asked.body["cursor"] for asked in api.calls(MEMBERS)] == [0, 0, 100, 0, 0]


async def test_a_limit_that_never_lifts_is_told(
    api: Api, source: DingTalkDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "PAUSE_SECONDS", 0.0)
    api.answer(UNIT, {"errcode": 90018, "errmsg": "qps"})
    with pytest.raises(SendError) as refused:
        await source.everybody()
    assert (refused.value.fate, len(api.calls(UNIT))) == (Fate.RATE, directory.ATTEMPTS)


# --- check


async def found(api: Api, http: Http, public_url: str = "", **changes: Any) -> dict[str, Finding]:
    return {finding.subject: finding for finding in await check.findings(config(api, **changes), http, public_url)}


def well(api: Api) -> None:
    """Answers of a platform where everything is set up."""
    api.answer(OPEN, {"endpoint": "wss://example.com/connect", "ticket": "t"})
    api.answer(UNITS, ok([]))
    api.answer(TO_MEMBER, {"code": "invalidParameter.userIds.empty", "message": "用户为空"}, status=400)
    api.answer(CHANGE, {"code": "param.cardNotExist", "message": "param.cardNotExist"}, status=400)


async def test_all_is_well_in_stream_mode(api: Api, http: Http) -> None:
    well(api)
    results = await found(api, http)
    assert all(finding.ok for finding in results.values()), results
    assert list(results) == [
        "钉钉凭证", "服务器时间", "Stream 连接", "通讯录权限", "机器人", "卡片权限", "卡片模板",
    ]  # fmt: skip


async def test_wrong_credentials_end_the_check(api: Api, http: Http) -> None:
    api.answer(
        ACCESS_TOKEN, {"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"}, status=400
    )
    (finding,) = (await found(api, http)).values()
    assert (finding.ok, finding.fatal) == (False, True)
    assert "Client Secret" in finding.sentence
    assert "dingtalk.client_id" in finding.sentence


async def test_no_way_to_dingtalk(http: Http) -> None:
    lost = DingTalk("a", "b", api_base="http://127.0.0.1:1", oapi_base="http://127.0.0.1:1")
    (finding,) = await check.findings(lost, http, "")
    assert not finding.ok
    assert "连不上" in finding.sentence


@pytest.mark.parametrize(
    ("path", "answer", "subject", "fatal", "words"),
    [
        (OPEN, {"code": "x", "message": "not stream"}, "Stream 连接", True, "Stream 模式"),
        (
            CHANGE,
            {"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "message": "…"},
            "卡片权限",
            True,
            "Card.Instance.Write",
        ),
        (
            CHANGE,
            {"code": "Forbidden.AccessDenied.IpNotInWhiteList", "message": "1.2.3.4"},
            "卡片权限",
            True,
            "出口 IP",
        ),
        (CHANGE, {"code": "Forbidden.AccessDenied.ApiCountLimitForOrg"}, "卡片权限", True, "已用完"),
        (TO_MEMBER, {"code": "invalidParameter.robotCode.notExsit"}, "机器人", True, "dingtalk.robot_code"),
        (TO_MEMBER, {"code": "Forbidden.AccessDenied.AccessTokenPermissionDenied"}, "机器人", True, "发送消息权限"),
    ],
)
async def test_what_is_wrong_is_said_with_where_to_click(
    api: Api, http: Http, path: str, answer: dict[str, str], subject: str, fatal: bool, words: str
) -> None:
    api.answer(path, answer, status=403 if "Forbidden" in answer["code"] else 400)
    well(api)
    finding = (await found(api, http))[subject]
    assert (finding.ok, finding.fatal) == (False, fatal)
    assert words in finding.sentence


async def test_unreadable_contacts_do_not_stop_messages(api: Api, http: Http) -> None:
    api.answer(UNITS, {"errcode": 88, "errmsg": "x", "sub_code": "60011"})
    well(api)
    finding = (await found(api, http))["通讯录权限"]
    assert (finding.ok, finding.fatal) == (False, False)
    assert "通讯录部门信息读权限" in finding.sentence


async def test_http_mode_needs_an_address(api: Api, http: Http) -> None:
    well(api)
    results = await found(api, http, mode="http")
    assert (results["回调地址"].ok, results["回调地址"].fatal) == (False, True)
    assert "server.public_url" in results["回调地址"].sentence
    assert (results["事件订阅"].ok, results["事件订阅"].fatal) == (False, False)
    assert "Stream 连接" not in results
    unreached = await found(api, http, "https://127.0.0.1:1/acme/dingtalk", mode="http", events=Receiver("t", "k" * 43))
    assert (unreached["回调地址"].ok, unreached["回调地址"].fatal) == (False, False)
    assert "https://127.0.0.1:1/acme/dingtalk/events" in unreached["事件订阅"].sentence


async def test_a_clock_that_is_wrong(api: Api, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    well(api)
    monkeypatch.setattr(check, "SKEW", -check.SKEW)
    finding = (await found(api, http))["服务器时间"]
    assert (finding.ok, finding.fatal) == (False, False)
    monkeypatch.setattr(check, "CARD_TOLERANCE", check.SKEW)
    assert (await found(api, http, mode="http"))["服务器时间"].fatal
