"""What the emulated WeCom must refuse, one line a rule: the call, and the code of OD:90313."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from wecom_kit import Desk, deal_card, open_desk

from emulator.pictures import SAMPLE_PNG

SEND = "message/send"
EXT = "externalcontact/"
LONG = "长" * 31


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as desk:
        desk.wecom.add_member("newbie", "新人", active=False)
        await desk.wecom.add_contact("lina", "王先生", external_userid="wm1")
        tag_id = await desk.wecom.create_tag("意向", "高")
        desk.wecom.tags["et-console"] = desk.wecom.tags.pop(tag_id)
        desk.wecom.tags["et-console"].id = "et-console"
        yield desk


def message(**changes: Any) -> dict[str, Any]:
    body = {"touser": "lina", "agentid": 1000002, "msgtype": "text", "text": {"content": "好"}, **changes}
    return {key: value for key, value in body.items() if value is not None}


def card(**changes: Any) -> dict[str, Any]:
    body = {key: value for key, value in {**deal_card(), **changes}.items() if value is not None}
    return message(msgtype="template_card", template_card=body)


def notice(kind: str = "text_notice", **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "card_type": kind,
        "main_title": {"title": "简报"},
        "card_action": {"type": 1, "url": "https://e.example"},
        "card_image": {"url": "https://e.example/a.png"},
    }
    body = {key: value for key, value in {**base, **changes}.items() if value is not None}
    return message(msgtype="template_card", template_card=body)


def choose(kind: str, **changes: Any) -> dict[str, Any]:
    question = {"question_key": "q", "option_list": [{"id": "h", "text": "高"}]}
    base: dict[str, Any] = {
        "card_type": kind,
        "main_title": {},
        "task_id": "t1",
        "checkbox": question,
        "select_list": [question],
        "submit_button": {"text": "提交", "key": "go"},
    }
    body = {key: value for key, value in {**base, **changes}.items() if value is not None}
    return message(msgtype="template_card", template_card=body)


def options(count: int) -> list[dict[str, str]]:
    return [{"id": str(n), "text": "选"} for n in range(count)]


def select(**changes: Any) -> list[dict[str, Any]]:
    return [{"question_key": "q", "option_list": options(2), **changes}]


def way(**changes: Any) -> dict[str, Any]:
    body = {"type": 1, "scene": 2, "user": ["lina"], **changes}
    return {key: value for key, value in body.items() if value is not None}


def mass(**changes: Any) -> dict[str, Any]:
    body = {"sender": "lina", "text": {"content": "活动"}, **changes}
    return {key: value for key, value in body.items() if value is not None}


def links(count: int) -> list[dict[str, Any]]:
    return [{"msgtype": "link", "link": {"title": "t", "url": "https://e.example"}}] * count


TWICE = [{"text": "一", "key": "k"}, {"text": "二", "key": "k"}]
SPAN = {"chat_type": "single", "start_time": 0, "end_time": 40 * 86400}
PAIR = {"userid": "lina", "external_userid": "wm1"}
HANDOVER = {"handover_userid": "lina", "takeover_userid": "sunqi"}

POSTS: list[tuple[str, int, str, Any]] = [
    ("not json object", 40058, SEND, []),
    ("agentid missing", 41011, SEND, message(agentid=None)),
    ("agentid a string", 40056, SEND, message(agentid="1000002")),
    ("agentid of another app", 301002, SEND, message(agentid=1000003)),
    ("no target", 81012, SEND, message(touser=None)),
    ("1001 users", 40032, SEND, message(touser="|".join(f"u{n}" for n in range(1001)))),
    ("101 parties", 82002, SEND, message(toparty="|".join(map(str, range(101))))),
    ("101 tags", 82003, SEND, message(totag="|".join(map(str, range(101))))),
    ("nobody valid", 81013, SEND, message(touser="ghost|newbie")),
    ("touser an array", 40058, SEND, message(touser=["lina"])),
    ("msgtype missing", 40008, SEND, message(msgtype=None)),
    ("msgtype unknown", 40008, SEND, message(msgtype="hologram")),
    ("text missing", 44004, SEND, message(text=None)),
    ("text empty", 44004, SEND, message(text={"content": ""})),
    ("markdown too long", 45002, SEND, message(msgtype="markdown", markdown={"content": "长" * 700})),
    ("duplicate window too long", 40058, SEND, message(duplicate_check_interval=14401)),
    ("safe=2", 40058, SEND, message(safe=2)),
    ("image without media", 41006, SEND, message(msgtype="image", image={})),
    ("image of unknown media", 40007, SEND, message(msgtype="image", image={"media_id": "M0"})),
    ("no articles", 45008, SEND, message(msgtype="news", news={"articles": []})),
    ("9 articles", 45008, SEND, message(msgtype="news", news={"articles": [{"title": "t"}] * 9})),
    ("safe news", 40074, SEND, message(msgtype="news", safe=1, news={"articles": [{"title": "t"}]})),
    ("article without title", 41016, SEND, message(msgtype="news", news={"articles": [{"url": "https://a.b"}]})),
    ("url without scheme", 45034, SEND, message(msgtype="news", news={"articles": [{"title": "t", "url": "a.b"}]})),
    ("textcard without url", 41010, SEND, message(msgtype="textcard", textcard={"title": "t", "description": "d"})),
    ("textcard without words", 41033, SEND, message(msgtype="textcard", textcard={"title": "t"})),
    # template cards
    ("card missing", 40058, SEND, message(msgtype="template_card")),
    ("card a list", 40058, SEND, message(msgtype="template_card", template_card=[])),
    ("card_type missing", 42031, SEND, card(card_type=None)),
    ("card_type unknown", 42031, SEND, card(card_type="poster")),
    ("task_id missing", 42014, SEND, card(task_id=None)),
    ("task_id charset", 42014, SEND, card(task_id="任务1")),
    ("task_id too long", 42014, SEND, card(task_id="a" * 129)),
    ("title missing", 42033, SEND, card(main_title={"desc": "x"})),
    ("main_title a string", 40058, SEND, card(main_title="x")),
    ("no buttons", 42038, SEND, card(button_list=[])),
    ("7 buttons", 42038, SEND, card(button_list=[{"text": "好", "key": str(n)} for n in range(7)])),
    ("button without text", 42038, SEND, card(button_list=[{"key": "k"}])),
    ("button without key", 42039, SEND, card(button_list=[{"text": "好"}])),
    ("button key too long", 42039, SEND, card(button_list=[{"text": "好", "key": "k" * 1025}])),
    ("button keys equal", 42039, SEND, card(button_list=TWICE)),
    ("url button without url", 42028, SEND, card(button_list=[{"text": "好", "type": 1}])),
    ("7 rows", 42035, SEND, card(horizontal_content_list=[{"keyname": "k"}] * 7)),
    ("row without keyname", 42027, SEND, card(horizontal_content_list=[{"value": "v"}])),
    ("url row without url", 42028, SEND, card(horizontal_content_list=[{"keyname": "k", "type": 1}])),
    ("file row without media", 42029, SEND, card(horizontal_content_list=[{"keyname": "k", "type": 2}])),
    ("member row without userid", 42050, SEND, card(horizontal_content_list=[{"keyname": "k", "type": 3}])),
    ("row type unknown", 40058, SEND, card(horizontal_content_list=[{"keyname": "k", "type": 4}])),
    ("card_action type", 42045, SEND, card(card_action={"type": 9})),
    ("card_action without url", 42028, SEND, card(card_action={"type": 1})),
    ("card_action without appid", 42030, SEND, card(card_action={"type": 2})),
    ("menu keys equal", 42051, SEND, card(action_menu={"action_list": TWICE})),
    ("menu of 4", 40058, SEND, card(action_menu={"action_list": [{"text": "t", "key": str(n)} for n in range(4)]})),
    ("selection without key", 42043, SEND, card(button_selection={"option_list": options(1)})),
    ("selection of 11", 42037, SEND, card(button_selection={"question_key": "q", "option_list": options(11)})),
    ("replace_text on sending", 40058, SEND, card(replace_text="x")),
    ("notice without any title", 42033, SEND, notice(main_title=None)),
    ("notice without action", 42045, SEND, notice(card_action=None)),
    ("notice action type 0", 42045, SEND, notice(card_action={"type": 0})),
    ("notice menu without task_id", 42014, SEND, notice(action_menu={"action_list": [{"text": "t", "key": "k"}]})),
    ("4 jumps", 42042, SEND, notice(jump_list=[{"title": "t"}] * 4)),
    ("jump without title", 42033, SEND, notice(jump_list=[{}])),
    ("jump without url", 42028, SEND, notice(jump_list=[{"title": "t", "type": 1}])),
    ("news notice without title", 42033, SEND, notice("news_notice", main_title=None)),
    ("news notice without picture", 42044, SEND, notice("news_notice", card_image=None)),
    ("picture without url", 42044, SEND, notice("news_notice", card_image={})),
    ("picture ratio", 42044, SEND, notice("news_notice", card_image={"url": "https://a.b/c", "aspect_ratio": 9})),
    ("5 lines", 42036, SEND, notice("news_notice", vertical_content_list=[{"title": "t"}] * 5)),
    ("line without title", 42033, SEND, notice("news_notice", vertical_content_list=[{}])),
    ("vote without box", 42043, SEND, choose("vote_interaction", checkbox=None)),
    ("vote with 21", 42037, SEND, choose("vote_interaction", checkbox=select(option_list=options(21))[0])),
    ("vote mode", 40058, SEND, choose("vote_interaction", checkbox=select(mode=2)[0])),
    ("submit missing", 42046, SEND, choose("vote_interaction", submit_button=None)),
    ("submit without text", 42049, SEND, choose("vote_interaction", submit_button={"key": "go"})),
    ("no selects", 42047, SEND, choose("multiple_interaction", select_list=[])),
    ("4 selects", 42047, SEND, choose("multiple_interaction", select_list=select() * 4)),
    ("selects share a key", 42043, SEND, choose("multiple_interaction", select_list=select() * 2)),
    ("no options", 42037, SEND, choose("multiple_interaction", select_list=select(option_list=[]))),
    ("option without id", 42040, SEND, choose("multiple_interaction", select_list=select(option_list=[{"text": "x"}]))),
    ("option without text", 42041, SEND, choose("multiple_interaction", select_list=select(option_list=[{"id": "x"}]))),
    ("main_title missing", 40058, SEND, choose("multiple_interaction", main_title=None)),
    # updates and recall
    ("foreign code", 60140, "message/update_template_card", {"agentid": 1000002, "response_code": "RC0"}),
    ("update by another app", 42015, "message/update_template_card", {"agentid": 7, "response_code": "RC0"}),
    ("recall without msgid", 40058, "message/recall", {}),
    ("recall of unknown msgid", 40058, "message/recall", {"msgid": "M"}),
    # customers
    ("get_by_user of nobody", 40063, EXT + "batch/get_by_user", {"userid_list": []}),
    ("get_by_user of 101", 40058, EXT + "batch/get_by_user", {"userid_list": ["lina"] * 101}),
    ("get_by_user cursor", 40058, EXT + "batch/get_by_user", {"userid_list": ["lina"], "cursor": "x"}),
    ("remark without relation", 84061, EXT + "remark", {"userid": "sunqi", "external_userid": "wm1", "remark": "x"}),
    ("remark of unknown", 40096, EXT + "remark", {"userid": "lina", "external_userid": "wm0", "remark": "x"}),
    ("remark with nothing", 40063, EXT + "remark", PAIR),
    ("remark too long", 40058, EXT + "remark", PAIR | {"remark": "长" * 21}),
    ("inactive member", 84074, EXT + "remark", {"userid": "newbie", "external_userid": "wm1", "remark": "x"}),
    ("groupchat/list without limit", 40063, EXT + "groupchat/list", {}),
    ("groupchat/list limit", 40058, EXT + "groupchat/list", {"limit": 1001}),
    ("groupchat/get unknown", 49008, EXT + "groupchat/get", {"chat_id": "wr0"}),
    # tags
    ("empty group", 40058, EXT + "add_corp_tag", {"group_name": "行业", "tag": []}),
    ("tag name too long", 40058, EXT + "add_corp_tag", {"group_name": "行业", "tag": [{"name": LONG}]}),
    ("group name missing", 40058, EXT + "add_corp_tag", {"tag": [{"name": "x"}]}),
    ("unknown group id", 40068, EXT + "add_corp_tag", {"group_id": "et0", "tag": [{"name": "x"}]}),
    ("order", 40058, EXT + "add_corp_tag", {"group_name": "行业", "tag": [{"name": "x", "order": 2**32}]}),
    ("tag agentid", 301002, EXT + "add_corp_tag", {"agentid": 7, "group_name": "行业", "tag": [{"name": "x"}]}),
    ("edit a console tag", 81011, EXT + "edit_corp_tag", {"id": "et-console", "name": "x"}),
    ("edit an unknown tag", 40068, EXT + "edit_corp_tag", {"id": "et0", "name": "x"}),
    ("delete nothing", 40058, EXT + "del_corp_tag", {}),
    ("delete an unknown tag", 40068, EXT + "del_corp_tag", {"tag_id": ["et0"]}),
    ("delete a console tag", 81011, EXT + "del_corp_tag", {"tag_id": ["et-console"]}),
    ("mark nothing", 40058, EXT + "mark_tag", PAIR),
    ("mark an unknown tag", 40068, EXT + "mark_tag", PAIR | {"add_tag": ["et0"]}),
    ("mark without relation", 84061, EXT + "mark_tag", PAIR | {"userid": "sunqi", "add_tag": ["et-console"]}),
    # contact ways
    ("way type missing", 41037, EXT + "add_contact_way", way(type=None)),
    ("way type unknown", 41039, EXT + "add_contact_way", way(type=3)),
    ("way scene missing", 41038, EXT + "add_contact_way", way(scene=None)),
    ("way scene unknown", 41040, EXT + "add_contact_way", way(scene=3)),
    ("way style unknown", 41042, EXT + "add_contact_way", way(style=4)),
    ("single way with 2", 40058, EXT + "add_contact_way", way(user=["lina", "sunqi"])),
    ("way without people", 40058, EXT + "add_contact_way", way(type=2, user=[])),
    ("way state too long", 40058, EXT + "add_contact_way", way(state=LONG)),
    ("way remark too long", 40058, EXT + "add_contact_way", way(remark=LONG)),
    ("way of 101", 41041, EXT + "add_contact_way", way(type=2, user=[f"u{n}" for n in range(101)])),
    ("way of a stranger", 40003, EXT + "add_contact_way", way(user=["ghost"])),
    ("way of an inactive member", 41054, EXT + "add_contact_way", way(user=["newbie"])),
    ("way of an unknown party", 60123, EXT + "add_contact_way", way(type=2, party=[99])),
    ("temporary way", 48002, EXT + "add_contact_way", way(is_temp=True)),
    ("config_id missing", 41043, EXT + "get_contact_way", {}),
    ("config_id unknown", 41044, EXT + "del_contact_way", {"config_id": "cfg0"}),
    # welcomes and mass sends
    ("welcome_code missing", 41049, EXT + "send_welcome_msg", {"text": {"content": "好"}}),
    ("welcome_code unknown", 41050, EXT + "send_welcome_msg", {"welcome_code": "WC0", "text": {"content": "好"}}),
    ("mass send to nothing", 40063, EXT + "add_msg_template", mass(sender=None)),
    ("mass send of nothing", 40058, EXT + "add_msg_template", mass(text=None)),
    ("mass text too long", 45002, EXT + "add_msg_template", mass(text={"content": "长" * 1400})),
    ("10 attachments", 41064, EXT + "add_msg_template", mass(attachments=links(10))),
    ("attachment type", 41065, EXT + "add_msg_template", mass(attachments=[{"msgtype": "voice"}])),
    ("attachment media", 40007, EXT + "add_msg_template", mass(attachments=[{"msgtype": "file", "file": {}}])),
    ("10001 customers", 40058, EXT + "add_msg_template", mass(external_userid=["wm1"] * 10_001)),
    ("group send without sender", 40063, EXT + "add_msg_template", mass(sender=None, chat_type="group")),
    ("nobody reachable", 41048, EXT + "add_msg_template", mass(sender="sunqi", external_userid=["wm1"])),
    ("chat_type", 40058, EXT + "add_msg_template", mass(chat_type="all")),
    ("unknown tag in filter", 40068, EXT + "add_msg_template", mass(tag_filter={"group_list": [{"tag_list": ["e"]}]})),
    ("msgid missing", 41046, EXT + "get_groupmsg_task", {}),
    ("msgid unknown", 41047, EXT + "get_groupmsg_task", {"msgid": "m0"}),
    ("list without chat_type", 40063, EXT + "get_groupmsg_list_v2", {"start_time": 0, "end_time": 1}),
    ("list over a month", 40058, EXT + "get_groupmsg_list_v2", SPAN),
    # handing over
    ("transfer of 101", 40058, EXT + "transfer_customer", HANDOVER | {"external_userid": ["wm1"] * 101}),
    ("transfer of none", 40063, EXT + "transfer_customer", HANDOVER),
    ("handover not resigned", 40097, EXT + "resigned/transfer_customer", HANDOVER | {"external_userid": ["wm1"]}),
    (
        "takeover unknown",
        60111,
        EXT + "transfer_customer",
        {**HANDOVER, "takeover_userid": "x", "external_userid": ["a"]},
    ),
    # the rest
    ("user/list_id without the grant", 48002, "user/list_id", {}),
    ("unknown api", 48001, "no/such/api", {}),
    ("GET api by POST", 40063, "user/get", {}),
]


@pytest.mark.parametrize(("code", "path", "body"), [row[1:] for row in POSTS], ids=[row[0] for row in POSTS])
async def test_refused_posts(desk: Desk, code: int, path: str, body: Any) -> None:
    before = len(desk.wecom.screen("lina"))
    answer = await desk.post(path, body)
    assert answer["errcode"] == code, answer
    assert f"more info at https://open.work.weixin.qq.com/devtool/query?e={code}" in answer["errmsg"]
    assert len(desk.wecom.screen("lina")) == before


GETS: list[tuple[str, int, str, dict[str, Any]]] = [
    ("corpid missing", 41002, "gettoken", {"corpsecret": "x"}),
    ("secret missing", 41004, "gettoken", {"corpid": "x"}),
    ("corpid wrong", 40013, "gettoken", {"corpid": "x", "corpsecret": "x"}),
    ("secret wrong", 40001, "gettoken", {"corpid": "ww0000000000000001", "corpsecret": "x"}),
    ("user unknown", 60111, "user/get", {"userid": "ghost"}),
    ("userid missing", 41009, "user/get", {}),
    ("department unknown", 60123, "department/list", {"id": 99}),
    ("department not a number", 60123, "department/get", {"id": "x"}),
    ("agentid missing", 41011, "agent/get", {}),
    ("another agent", 301002, "agent/get", {"agentid": 7}),
    ("menu unset", 46003, "menu/get", {"agentid": 1000002}),
    ("member without customers", 84061, EXT + "list", {"userid": "sunqi"}),
    ("contact unknown", 40096, EXT + "get", {"external_userid": "wm0"}),
    ("contact missing", 41035, EXT + "get", {}),
    ("media missing", 41006, "media/get", {}),
    ("media unknown", 40007, "media/get", {"media_id": "M0"}),
    ("POST api by GET", 40063, SEND, {}),
]


@pytest.mark.parametrize(("code", "path", "query"), [row[1:] for row in GETS], ids=[row[0] for row in GETS])
async def test_refused_gets(desk: Desk, code: int, path: str, query: dict[str, Any]) -> None:
    assert (await desk.get(path, **query))["errcode"] == code


MENU = [{"type": "click", "name": "一", "key": "k"}]


@pytest.mark.parametrize(
    ("code", "buttons"),
    [
        (40016, []),
        (40016, MENU * 4),
        (40023, [{"name": "多", "sub_button": MENU * 6}]),
        (40022, [{"name": "深", "sub_button": [{"name": "x", "sub_button": MENU}]}]),
        (40018, [{"type": "click", "name": "名字太长了太长了", "key": "k"}]),
        (40017, [{"type": "dance", "name": "一", "key": "k"}]),
        (40019, [{"type": "click", "name": "一"}]),
        (40020, [{"type": "view", "name": "一"}]),
    ],
)
async def test_refused_menus(desk: Desk, code: int, buttons: list[dict[str, Any]]) -> None:
    assert (await desk.post("menu/create", {"button": buttons}, agentid=1000002))["errcode"] == code


@pytest.mark.parametrize(
    ("code", "kind", "data"),
    [
        (40004, "poem", b"123456"),
        (44001, "file", b""),
        (40006, "file", b"12345"),
        (45001, "file", b"x" * ((20 << 20) + 1)),
        (40009, "image", SAMPLE_PNG + b"x" * (10 << 20)),
        (40005, "image", b"GIF89a....."),
        (301017, "voice", b"RIFF......"),
        (45007, "voice", b"#!AMR\n" + (bytes([0x3C]) + bytes(31)) * 3001),
        (40005, "video", b"not an mp4 at all"),
    ],
)
async def test_refused_uploads(desk: Desk, code: int, kind: str, data: bytes) -> None:
    assert (await desk.upload(kind, data))["errcode"] == code


async def test_a_token_must_be_in_the_query(desk: Desk) -> None:
    desk.token = ""
    assert (await desk.post(SEND, message(access_token="x")))["errcode"] == 41001
    desk.token = "made-up"
    assert (await desk.post(SEND, message()))["errcode"] == 40014


async def test_a_body_that_is_no_json(desk: Desk) -> None:
    url, params = f"{desk.wecom.base_url}/cgi-bin/{SEND}", {"access_token": desk.token}
    for data in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        async with desk.session.post(url, params=params, data=data) as response:
            answer = await response.json()
        assert answer["errcode"] == 40058 and "Warning: wrong json format." in answer["errmsg"]
    async with desk.session.post(url, params=params, data=io.BytesIO(b"x" * (3 << 20))) as response:
        assert response.status == 413


async def test_a_task_id_serves_once(desk: Desk) -> None:
    assert (await desk.send_card())["errcode"] == 0
    assert (await desk.send_card())["errcode"] == 42014


async def test_a_card_with_buttons_needs_a_receiver(desk: Desk) -> None:
    desk.wecom.callback_url = ""
    assert (await desk.send_card())["errcode"] == 43012
    assert (await desk.post(SEND, notice()))["errcode"] == 0


async def test_a_response_code_dies_after_72_hours_and_wants_recipients(desk: Desk) -> None:
    code = (await desk.send_card())["response_code"]
    body = {"agentid": 1000002, "response_code": code, "button": {"replace_name": "已处理"}}
    assert (await desk.post("message/update_template_card", body))["errcode"] == 82101
    assert (await desk.post("message/update_template_card", body | {"userids": ["sunqi"]}))["errcode"] == 82102
    desk.clocks.later(hours=73)
    await desk.login()
    assert (await desk.post("message/update_template_card", body | {"atall": 1}))["errcode"] == 60140


async def test_switches_for_address_grant_rate_and_concurrency(desk: Desk) -> None:
    wecom, path = desk.wecom, "/cgi-bin/user/get"
    wecom.trusted_ips = {"10.0.0.1"}
    assert (await desk.get("user/get", userid="lina"))["errcode"] == 60020
    wecom.trusted_ips = None
    wecom.granted.clear()
    assert (await desk.get(EXT + "list", userid="lina"))["errcode"] == 48002
    wecom.limits.per_minute[path] = 2
    codes = [(await desk.get("user/get", userid="lina"))["errcode"] for _ in range(3)]
    assert codes == [0, 0, 45009]
    desk.clocks.later(seconds=59)
    assert (await desk.get("user/get", userid="lina"))["errcode"] == 45009
    desk.clocks.later(seconds=2)
    assert (await desk.get("user/get", userid="lina"))["errcode"] == 0
    wecom.limits.concurrent[path] = 0
    assert (await desk.get("user/get", userid="lina"))["errcode"] == 45033


async def test_guessing_secrets_bans_the_address_for_an_hour(desk: Desk) -> None:
    desk.wecom.limits.wrong_secrets = 3
    for _ in range(3):
        assert (await desk.get("gettoken", corpid=desk.wecom.corp_id, corpsecret="guess"))["errcode"] == 40001
    assert (await desk.get("gettoken", corpid=desk.wecom.corp_id, corpsecret=desk.wecom.secret))["errcode"] == 45009
    desk.clocks.later(hours=1, seconds=1)
    assert await desk.login()
