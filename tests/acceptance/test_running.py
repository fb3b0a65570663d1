"""Running: pushes by itself, stops and starts, ticks and exports beside it, retries that a person never sees."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import pytest_asyncio
from openpyxl import load_workbook

from emulator.dingtalk.calls import ms
from emulator.screen import Shown
from tests.acceptance.product import DOORS, Product, local, today

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALWAYS = {"quiet_hours": ["00:00", "00:00"]}  # equal times: no quiet hours
SEND = {
    "wecom_app": "message/send",
    "wecom_bot": "aibot_respond_msg",
    "dingtalk": "/v1.0/card/instances/createAndDeliver",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=DOORS)
async def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """The product on each door, without quiet hours."""
    running = Product(request.param, tmp_path_factory.mktemp(request.param), alerts=ALWAYS)
    await running.open()
    try:
        assert await running.run() < 40
        for who, customer in (
            ("lina", "宏图精密"),
            ("lina", "蓝海物流"),
            ("wanglei", "远山医药"),
            ("sunhao", "青山软件"),
        ):
            await running.say(who, f"新建客户 {customer}")
        yield running
    finally:
        await running.close()


async def say_due_in(product: Product, who: str, seconds: float, customer: str) -> None:
    """Plan something that falls due so soon: said a while ago, by the platform's clock, on a day off for that very time."""
    product.clock.offset = timedelta(seconds=seconds) - timedelta(minutes=20)
    try:
        card = await product.say(who, f"20分钟后跟进{customer}")
    finally:
        product.clock.offset = timedelta(0)
    keep = [button.text for button in card.buttons if "原时间" in button.text]
    if keep:
        await product.click(who, card, keep[0])


async def test_it_pushes_by_itself(product: Product) -> None:
    if product.door not in ("wecom_app", "dingtalk_stream"):
        return  # the clock is the same; a quarter of a minute is
    started = monotonic()
    await say_due_in(product, "lina", 1, "宏图精密")
    await alerted(product, "宏图精密", 90)
    assert monotonic() - started < 90


async def test_what_fell_due_while_it_was_stopped_comes_after_the_start(product: Product) -> None:
    await say_due_in(product, "lina", 3, "蓝海物流")
    due = product.clock() + timedelta(seconds=3)
    await product.stop()
    await product.until(lambda: product.clock() > due, 10, "due")
    await product.run()
    await alerted(product, "蓝海物流", 75)


async def alerted(product: Product, customer: str, seconds: float) -> None:
    """Wait for the alert; there is one."""

    def alert(item: Shown) -> bool:
        return customer in item.text and "提醒" in item.text and "[完成]" in item.text

    await product.wait("lina", alert, seconds)
    assert len([item for item in product.bot_items("lina") if alert(item)]) == 1


ONE_OF_EACH = ("wecom_app", "dingtalk_stream")


async def test_tick_and_export_work_beside_it_several_at_once(product: Product, tmp_path: Path) -> None:
    if product.door not in ONE_OF_EACH:  # the commands know no door: one of each platform is enough
        return
    names = {ending: tmp_path / f"customers.{ending}" for ending in ("jsonl", "csv", "xlsx")}
    config = str(product.config_path)
    commands = [("tick", "-c", config)] * 2 + [
        ("export", "customers", str(file), "-c", config) for file in names.values()
    ]
    answers = asyncio.gather(*(product.command(*command) for command in commands))
    for number in range(3):
        assert "远山医药" in (await product.say("wanglei", f"今天给远山医药打了电话，聊了第{number + 1}版报价")).text
    for code, out, err in await answers:
        assert code == 0, (out, err)
    with names["csv"].open(encoding="utf-8-sig") as file:
        table = list(csv.DictReader(file))
    rows = [json.loads(line) for line in names["jsonl"].read_text(encoding="utf-8").splitlines()]
    sheet = [[cell.value for cell in row] for row in load_workbook(names["xlsx"]).active.iter_rows()]
    assert [row["name"] for row in rows] == [row["name"] for row in table] == [row[1] for row in sheet[1:]]
    assert sheet[0] == list(rows[0])
    for row in rows:
        assert datetime.fromisoformat(row["created_at"]).utcoffset() == timedelta(hours=8)
    owners = {row["name"]: (row["owner"], row["owner_name"]) for row in rows}
    assert owners["远山医药"] == ("wanglei", product.name_of("wanglei"))
    said = [row["summary"] for row in await product.export("activities") if row["owner"] == "wanglei"]
    assert [f"第{number}版" in words for number, words in enumerate(said, 1)] == [True] * 3


async def test_a_tick_ahead_of_the_clock_sends_and_says_what_only_run_can_send(product: Product) -> None:
    day = today() + timedelta(days=40)
    await product.say("sunhao", f"{day.year}年{day.month}月{day.day}日上午10点跟进青山软件")
    lines = await product.tick(local(day + timedelta(days=12), "10:30"))
    assert lines["alerts"]["did"] >= 1
    if product.door == "wecom_bot":
        assert lines["send"]["left"] >= 0  # the holder of the socket may have sent it by the time we count
    else:
        assert lines["send"]["left"] == 0
        assert any("青山软件" in item.text and "[写跟进]" in item.text for item in product.bot_items("sunhao"))
    await product.wait("sunhao", lambda item: "青山软件" in item.text and "[写跟进]" in item.text)


async def test_relative_dates_count_from_the_message(product: Product) -> None:
    """A message that is three days late on its way: 明天 is the day after it was said. DingTalk refuses signatures of another hour."""
    if product.door == "dingtalk_http":
        said = await _robot_message(product, "sunhao", "明天下午3点跟进青山软件", timedelta(days=-3))
        assert said == 200
    else:
        product.clock.offset = timedelta(days=-3)
        await product.emulator.say("sunhao", "明天下午3点跟进青山软件", **product.through())
        product.clock.offset = timedelta(0)
    expected = local(today() - timedelta(days=2), "15:00").isoformat()

    async def planned() -> bool:
        return any(row["due_at"] == expected for row in await product.export("followups"))

    await product.until(planned, 20, "planned")


async def _robot_message(product: Product, who: str, text: str, ago: timedelta) -> int:
    """A robot callback whose createAt lies back; DingTalk signs it when it delivers it."""
    emulator = product.dingtalk
    kept = emulator.clock
    emulator.clock = lambda: kept() + ago
    body = emulator._body(_conversation(who), "text", {"text": {"content": text}})
    emulator.clock = kept
    assert body["createAt"] == ms(product.clock() + ago) or abs(body["createAt"] - ms(product.clock() + ago)) < 5000
    return (await emulator.callbacks.message(body)).status


def _conversation(who: str) -> Any:
    from emulator.dingtalk.records import Conversation

    return Conversation(who)


async def test_a_lost_answer_repeats_nothing_a_person_can_see(product: Product) -> None:
    if product.door == "wecom_bot":
        pytest.skip("the AI bot's replies are bound to the request: its fresh card is another test")
    product.emulator.faults.lose_answer(SEND[product.door if product.platform == "wecom" else "dingtalk"])
    before = product.seen("lina")
    shown = await product.say("lina", "查一下宏图精密")
    await product.say("lina", "帮助")
    await product.until(lambda: _idle(product), 20, "idle")
    copies = [item for item in product.bot_items("lina") if item.id not in before and item.title == shown.title]
    assert len(copies) == 1
    assert "重发" not in copies[0].text


async def _idle(product: Product) -> bool:
    """Nothing waits to be handled or sent."""
    async with product.http.get(f"{product.base}/metrics") as response:
        lines = (await response.text()).splitlines()
    waiting = [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("scrm_queue_length{")]
    assert waiting, lines
    return not any(waiting)


async def test_a_repeated_delivery_is_one_record_and_one_answer(product: Product) -> None:
    product.emulator.faults.duplicate(2)
    before = product.seen("lina")
    await product.say("lina", "今天拜访了宏图精密，聊了重复投递")
    await product.say("lina", "帮助")
    assert len([item for item in product.bot_items("lina") if item.id not in before]) == 2
    assert sum("重复投递" in row["summary"] for row in await product.export("activities")) == 1


@pytest.mark.parametrize("code", [81013, 60111])
async def test_a_permanent_refusal_is_not_tried_for_ever(product: Product, code: int) -> None:
    if product.door != "wecom_app":
        return
    product.emulator.faults.errcode("message/send", code, times=20)
    calls = _calls(product)
    await product.emulator.say("wanglei", "帮助")
    await product.until(lambda: _calls(product) > calls, what="tried")
    await product.until(lambda: _idle(product), 30, "idle")
    product.emulator.faults.clear()
    assert 1 <= _calls(product) - calls <= 3


def _calls(product: Product) -> int:
    return sum(call["path"].endswith("message/send") for call in product.emulator.calls)


async def test_under_a_rate_limit_there_is_at_most_one_probe_a_second(product: Product) -> None:
    where, code = {
        "wecom_app": ("message/send", 45009), "wecom_bot": ("", 0), "dingtalk_stream": (SEND["dingtalk"], "Forbidden.AccessDenied.QpsLimitForApi"),
        "dingtalk_http": (SEND["dingtalk"], "Forbidden.AccessDenied.QpsLimitForApi"),
    }[product.door]  # fmt: skip
    if not where:
        return
    product.emulator.faults.errcode(where, code, times=5)
    await product.emulator.say("wanglei", "帮助")
    await product.until(lambda: len(_refused(product, where, code)) >= 1, what="refused")
    before = {who: product.seen(who) for who in ("lina", "sunhao", "chenjing")}
    for who in before:
        await product.emulator.say(who, "帮助")
    for who, seen in before.items():
        await product.wait(who, lambda item, seen=seen: item.sender == "bot" and item.id not in seen, 30)  # type: ignore[misc]
    moments = [call["at"] for call in _refused(product, where, code)]
    assert len(moments) == 5
    # As they arrive: one that was long on its way comes close before the next, so all five are looked at together.
    assert (moments[-1] - moments[0]).total_seconds() > 3.5, moments


def _refused(product: Product, where: str, code: int | str) -> list[dict[str, Any]]:
    return [
        call
        for call in product.emulator.calls
        if call["path"].endswith(where) and str(code) in json.dumps(call.get("response", ""))
    ]


async def test_the_log_has_no_fault_and_no_secret(product: Product) -> None:
    log = product.log_path.read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "ResourceWarning" not in log
    for secret in product.environment.values():
        assert secret not in log
