"""What we owe, handed to the emulated WeCom app: cards, words, pictures, updates, tokens and trouble."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from wecom_doors import Doors, open_doors, row

from bot.cards.card import Button, Card, Row
from bot.events import Click
from bot.platforms.base import Fate, SendError
from bot.platforms.http import Http
from bot.platforms.tokens import MemoryTokens
from bot.platforms.wecom.client import WeComClient
from bot.platforms.wecom.errors import advice_of, error_of
from bot.platforms.wecom.sender import mark_of
from bot.platforms.wecom.tokens import app_tokens
from emulator.pictures import SAMPLE_PNG

DEAL = Card(
    "商机 · 年度框架",
    rows=(Row("客户", "腾讯科技"), Row("阶段", "报价")),
    buttons=(
        Button("推进到谈判", "move_deal:stage=negotiation:deal=7", "primary"),
        Button("丢单", "lose_deal:deal=7", "danger"),
    ),
    view="deal:7",
)
HELP = Card("帮助", text="说一句话就行")
SEND = "/cgi-bin/message/send"
UPDATE = "/cgi-bin/message/update_template_card"
GETTOKEN = "/cgi-bin/gettoken"


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with open_doors() as doors:
        yield doors


@asynccontextmanager
async def refused(fate: Fate, code: str) -> AsyncIterator[None]:
    with pytest.raises(SendError) as caught:
        yield
    assert (caught.value.fate, caught.value.code) == (fate, code)


def click_code(doors: Doors) -> str:
    """The response code that came with the last press."""
    event = doors.accepted.events[-1]
    assert isinstance(event, Click)
    return event.response_code


# --- what a phone shows


async def test_a_card_is_sent_and_can_be_changed_once(doors: Doors) -> None:
    sent = await doors.sender.send(row("card", card=DEAL))
    shown = doors.last()
    assert (shown.title, shown.rows[0]) == ("商机 · 年度框架", ("客户", "腾讯科技"))
    assert [(button.text, button.style) for button in shown.buttons] == [("推进到谈判", "primary"), ("丢单", "danger")]
    assert sent.response_code
    update = {"response_code": sent.response_code, "target": "c0a1"}
    await doors.sender.send(row("update", update, card=Card("商机 · 已丢单", rows=(Row("客户", "腾讯科技"),))))
    assert (shown.title, shown.disabled, shown.buttons[0].text) == ("商机 · 已丢单", True, "已处理")
    async with refused(Fate.PERMANENT, "60140"):
        await doors.sender.send(row("update", update, card=DEAL))
    await doors.sender.send(row("update", update, card=DEAL, repeated=True))


async def test_an_updated_card_can_be_pressed_and_changed_again(doors: Doors) -> None:
    await doors.sender.send(row("card", card=DEAL))
    await doors.wecom.click("lina", "c0a1", "lose_deal:deal=7")
    code = click_code(doors)
    await doors.sender.send(row("update", {"response_code": code, "target": "c0a1"}, card=DEAL))
    await doors.wecom.click("lina", "c0a1", "lose_deal:deal=7")
    assert click_code(doors) not in ("", code)


async def test_an_update_without_a_code_is_too_late(doors: Doors) -> None:
    async with refused(Fate.PERMANENT, "late"):
        await doors.sender.send(row("update", {"target": "c0a1"}, card=DEAL))


async def test_a_picture_and_a_line(doors: Doors) -> None:
    await doors.sender.send(row("picture", {"png": base64.b64encode(SAMPLE_PNG).decode(), "name": "渠道码"}))
    assert doors.last().image == SAMPLE_PNG
    await doors.sender.send(row("line", {"text": "您还不是本公司的成员"}))
    assert doors.last().body.startswith("您还不是本公司的成员")
    async with refused(Fate.PERMANENT, "no_group"):
        await doors.sender.send(row("line", {"text": "已记录"}, group="wr1"))


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        ("dance", {}, "unknown_kind"),
        ("card", {"card": {"title": ""}}, "bad_card"),
        ("picture", {"png": "#"}, "bad_picture"),
    ],
)
async def test_a_row_that_makes_no_sense_is_given_up(
    doors: Doors, kind: str, payload: dict[str, object], code: str
) -> None:
    async with refused(Fate.PERMANENT, code):
        await doors.sender.send(row(kind, payload))


# --- nothing twice


@pytest.mark.parametrize("card", [DEAL, HELP])
async def test_a_lost_answer_does_not_show_the_card_twice(doors: Doors, card: Card) -> None:
    doors.wecom.faults.lose_answer(SEND)
    async with refused(Fate.RETRY, "broken"):
        await doors.sender.send(row("card", card=card))
    await doors.sender.send(row("card", card=card, repeated=True))
    assert len(doors.wecom.screen("lina")) == 1


async def test_a_task_id_taken_by_something_else_is_a_refusal(doors: Doors) -> None:
    await doors.sender.send(row("card", card=DEAL))
    async with refused(Fate.PERMANENT, "42014"):
        await doors.sender.send(row("card", card=DEAL))


async def test_the_same_words_meant_twice_arrive_twice(doors: Doors) -> None:
    await doors.sender.send(row("card", card=HELP, card_id="c1"))
    await doors.sender.send(row("card", card=HELP, card_id="c2"))
    assert len(doors.wecom.screen("lina")) == 2


def test_the_mark_is_invisible_and_the_row_s_own() -> None:
    assert set(mark_of("c1")) <= {"\u200b", "\u200c"}
    assert mark_of("c1") == mark_of("c1") != mark_of("c2")
    assert len(mark_of("c1").encode()) == 72


# --- tokens


@pytest.mark.parametrize("end", ["expire_tokens", "revoke_tokens"])
async def test_many_calls_with_a_dead_token_ask_for_one_new_one(doors: Doors, end: str) -> None:
    await doors.client.get("agent/get", agentid=str(doors.wecom.agent_id))
    getattr(doors.wecom, end)()
    await asyncio.gather(*(doors.sender.send(row("card", card=HELP, card_id=f"c{n}")) for n in range(20)))
    assert len(doors.wecom.screen("lina")) == 20
    assert (doors.wecom.tokens_issued, doors.wecom.gettoken_calls) == (2, 2)


async def test_replicas_share_a_token(doors: Doors) -> None:
    store, wecom = MemoryTokens(), doors.wecom
    replicas = [app_tokens(doors.http, wecom.base_url, wecom.corp_id, wecom.secret, store) for _ in range(5)]
    tokens = await asyncio.gather(*(replica.get() for replica in replicas))
    assert len(set(tokens)) == 1
    assert wecom.gettoken_calls == 1


async def test_a_token_the_platform_never_likes_is_tried_twice_and_no_more(doors: Doors) -> None:
    doors.wecom.faults.errcode(SEND, 40014, times=5)
    async with refused(Fate.TOKEN, "40014"):
        await doors.sender.send(row("card", card=DEAL))
    assert sum(call["path"] == SEND for call in doors.wecom.calls) == 2


async def test_a_wrong_secret_is_asked_about_once_a_minute(doors: Doors) -> None:
    clock = [0.0]
    tokens = app_tokens(
        doors.http, doors.wecom.base_url, doors.wecom.corp_id, "wrong", MemoryTokens(), monotonic=lambda: clock[0]
    )
    for asked, later in ((1, 30.0), (1, 29.0), (1, 2.0), (2, 0.0)):
        async with refused(Fate.SETUP, "40001"):
            await tokens.get()
        assert doors.wecom.gettoken_calls == asked
        clock[0] += later


async def test_a_store_that_is_away_does_not_stop_messages(doors: Doors) -> None:
    class Away(MemoryTokens):
        async def get(self, name: str) -> tuple[str, datetime] | None:
            raise RuntimeError("the database is away")

    tokens = app_tokens(doors.http, doors.wecom.base_url, doors.wecom.corp_id, doors.wecom.secret, Away())
    assert await tokens.get()


async def test_a_token_is_renewed_before_it_ends(doors: Doors) -> None:
    now = [datetime(2026, 1, 5, tzinfo=UTC)]
    tokens = app_tokens(
        doors.http, doors.wecom.base_url, doors.wecom.corp_id, doors.wecom.secret, MemoryTokens(), now=lambda: now[0]
    )
    await tokens.get()
    now[0] += timedelta(minutes=114)
    await tokens.get()
    assert doors.wecom.gettoken_calls == 1
    now[0] += timedelta(minutes=2)
    await tokens.get()
    assert doors.wecom.gettoken_calls == 2


async def test_callers_who_leave_do_not_take_the_answer_along(doors: Doors) -> None:
    tokens = app_tokens(doors.http, doors.wecom.base_url, doors.wecom.corp_id, doors.wecom.secret, MemoryTokens())
    doors.wecom.faults.hang(GETTOKEN, 0.2)
    first, second = asyncio.create_task(tokens.get()), asyncio.create_task(tokens.get())
    await asyncio.sleep(0)
    first.cancel()
    assert await second
    assert doors.wecom.gettoken_calls == 1


# --- trouble


@pytest.mark.parametrize(
    ("code", "fate"),
    [
        (-1, Fate.RETRY),
        (45009, Fate.RATE),
        (45033, Fate.RATE),
        (81013, Fate.PERMANENT),
        (60020, Fate.SETUP),
        (99999, Fate.PERMANENT),
    ],
)
async def test_a_refusal_says_what_to_do(doors: Doors, code: int, fate: Fate) -> None:
    doors.wecom.faults.errcode(SEND, code)
    async with refused(fate, str(code)):
        await doors.sender.send(row("card", card=DEAL))


@pytest.mark.parametrize("left_out", ["invaliduser", "unlicenseduser"])
async def test_a_success_that_left_the_recipient_out_is_none(doors: Doors, left_out: str) -> None:
    body = f'{{"errcode":0,"errmsg":"ok","msgid":"M","{left_out}":"lina"}}'
    doors.wecom.faults.status(SEND, 200, body=body.encode())
    async with refused(Fate.PERMANENT, left_out):
        await doors.sender.send(row("card", card=DEAL))


async def test_garbage_and_bad_gateways_are_tried_again(doors: Doors) -> None:
    doors.wecom.faults.garbage(SEND)
    doors.wecom.faults.status(SEND, 502, body=b"<html>")
    doors.wecom.faults.status(SEND, 503, body=b"{}")
    doors.wecom.faults.status(SEND, 200, body=b"[]")
    for code in ("broken", "http_502", "http_503", "broken"):
        async with refused(Fate.RETRY, code):
            await doors.sender.send(row("card", card=DEAL))


async def test_nobody_there(doors: Doors) -> None:
    base = "http://127.0.0.1:9"
    client = WeComClient(doors.http, base, app_tokens(doors.http, base, "ww1", "s", MemoryTokens()))
    async with refused(Fate.RETRY, "unreachable"):
        await client.get("agent/get")


async def test_silence_is_waited_for_no_longer_than_said(doors: Doors) -> None:
    doors.wecom.faults.hang(GETTOKEN, 5.0)
    async with refused(Fate.RETRY, "timeout"):
        await doors.http.call("GET", doors.wecom.base_url + GETTOKEN, seconds=0.1)


async def test_a_flood_is_cut_off(doors: Doors) -> None:
    doors.wecom.faults.status(GETTOKEN, 200, body=b'"' + b"x" * 5_000_000)
    async with refused(Fate.RETRY, "broken"):
        await doors.http.call("GET", doors.wecom.base_url + GETTOKEN)


async def test_secrets_are_in_no_error(doors: Doors) -> None:
    for url in ("http://127.0.0.1:9/x", "http://[bad/x", doors.wecom.base_url + "/nowhere"):
        with pytest.raises(SendError) as caught:
            await doors.http.call("GET", url, params={"corpsecret": "hush"})
        error: BaseException | None = caught.value
        while error is not None:
            assert "hush" not in str(error)
            error = error.__cause__


async def test_half_a_character_is_our_mistake_not_the_platforms(doors: Doors) -> None:
    async with refused(Fate.PERMANENT, "unencodable"):
        await doors.http.call("POST", doors.wecom.base_url, body={"text": "\ud800"})


@pytest.mark.parametrize("data", [{}, {"errcode": None}, {"errcode": True}, {"errcode": "soon"}, {"errcode": []}])
def test_an_answer_without_a_code_is_no_answer(data: dict[str, object]) -> None:
    error = error_of(200, data)
    assert error is not None
    assert error.fate is Fate.RETRY


def test_a_code_written_as_text_is_read() -> None:
    error = error_of(200, {"errcode": "81013"})
    assert error is not None
    assert (error.fate, error.code) == (Fate.PERMANENT, "81013")
    assert error_of(200, {"errcode": "0"}) is None


@pytest.mark.parametrize(
    ("code", "words"), [("60020", "企业可信IP"), ("48002", "可调用接口的应用"), ("late", ""), ("7", "")]
)
def test_advice_for_administrators(code: str, words: str) -> None:
    assert words in advice_of(code)
    assert bool(words) == bool(advice_of(code))


async def test_a_download_is_bounded(doors: Doors) -> None:
    doors.wecom.pictures["/pictures/a.png"] = b"x" * 2000
    http: Http = doors.http
    assert len(await http.download(f"{doors.wecom.base_url}/pictures/a.png")) == 2000
    async with refused(Fate.RETRY, "broken"):
        await http.download(f"{doors.wecom.base_url}/pictures/a.png", limit=1000)
    async with refused(Fate.RETRY, "http_404"):
        await http.download(f"{doors.wecom.base_url}/nowhere.png")
