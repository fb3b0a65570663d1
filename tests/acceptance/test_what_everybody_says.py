"""Every sentence of the contract on every door, with customers named as people name them; one visible answer each, one card."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from emulator.screen import Shown
from tests.acceptance.product import ZONE, Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUSTOMERS = {"lina": "上海测试科技有限公司", "wanglei": "客户A17-测试", "liuyang": "8848供应链"}


@dataclass(frozen=True)
class Step:
    """A sentence ({x} = the customer, {d} = the prefix of deal names) and what its card must show."""

    words: str
    shows: tuple[str, ...]
    button: str = ""  # a pattern one of the buttons must match
    hides: tuple[str, ...] = ()
    tap: str = ""  # where the card is a question with this button, tap it and look at what comes


DAY = {
    "new_customer": Step("新建客户 {x}", ("{x}",)),
    "look_up": Step("查一下{x}", ("{x}",)),
    "visit": Step("今天拜访了{x}，聊了报价和交期", ("拜访", "{x}"), "撤销"),
    "call": Step("今天给{x}打了电话，聊了付款方式", ("电话", "{x}"), "撤销"),
    "tomorrow": Step("明天下午3点跟进{x}", ("{x}", "15:00")),
    "todo_one": Step("我的待办", ("{x}", "15:00")),
    "done": Step("跟进{x}的待办完成", ("{x}", "完成")),
    "tonight": Step("今晚11点跟进{x}", ("{x}", "23:00")),
    "october": Step("10月3日上午10点跟进{x}", ("{x}", "10月3日")),
    "todo": Step("我的待办", ("{x}",)),
    "deal": Step("{x} 新商机 {d}二期扩容 80万", ("{d}二期扩容", "80万", "{x}"), "^推进到"),
    "show_deal": Step("看一下商机 {d}二期扩容", ("{d}二期扩容", "80万"), "^推进到"),
    "move_last": Step("推进到谈判", ("{d}二期扩容", "谈判"), "^推进到|赢单"),
    "second_deal": Step("{x} 新商机 {d}年度框架 120万", ("{d}年度框架", "120万"), "^推进到"),
    "move_named": Step("{d}年度框架 推进到谈判", ("{d}年度框架", "谈判")),
    "lose": Step("{d}二期扩容 丢单，原因是价格太高", ("{d}二期扩容", "丢单", "价格")),
    "pause": Step("{d}年度框架 暂停到10月15日", ("{d}年度框架", "暂停", "10月15日")),
    "third_deal": Step("{x} 新商机 {d}备件采购 5.5万", ("{d}备件采购", "5.5万")),
    "win": Step("{d}备件采购 赢单了", ("{d}备件采购", "赢单")),
    "person": Step("今天拜访了{x}的王先生，聊了样品", ("王先生", "拜访"), "撤销", tap="新建"),
    "tag": Step("给王先生打标签 高意向", ("王先生", "高意向")),
    "undo": Step("撤销", ("撤销", "高意向")),
    "tag_again": Step("给王先生打标签 高意向", ("王先生", "高意向")),
    "help": Step("帮助", ("拜访",)),
}
NAMES = {who: re.sub(r"\W|有限公司", "", customer)[:6] for who, customer in CUSTOMERS.items()}


# An export knows no door: one of each platform is enough.
EXPORTED = ("wecom_app", "dingtalk_http")


@dataclass
class Said:
    """What came of the day: the answer to each sentence, and what else appeared."""

    answers: dict[tuple[str, str], Shown] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    extra: dict[str, int] = field(default_factory=dict)
    data: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(product: Product) -> Said:
    """Three reps say the whole table, side by side; then everything is exported."""
    said = Said()
    product.clock.offset = _away_from_eleven(product.clock().astimezone(ZONE))
    product.hire("liuyang", "刘洋")
    await asyncio.gather(*(_live(product, who, said) for who in CUSTOMERS))
    nouns = ("customers", "contacts", "deals", "activities", "followups", "audit")
    if product.door in EXPORTED:
        said.data = dict(zip(nouns, await asyncio.gather(*map(product.export, nouns)), strict=True))
    return said


def _away_from_eleven(now: datetime) -> timedelta:
    """How far to set the platform's clock so that 今晚11点 is still to come, by less than the hour a signature may be off."""
    eleven = now.replace(hour=23, minute=0, second=0, microsecond=0)
    if now < eleven - timedelta(minutes=5):
        return timedelta(0)
    if now < eleven + timedelta(minutes=30):
        return eleven - timedelta(minutes=5) - now
    return eleven + timedelta(minutes=61) - now


async def _live(product: Product, who: str, said: Said) -> None:
    if product.door == "wecom_bot":
        await product.say(who, "帮助")
    before, answers = len(product.bot_items(who)), 0
    for name, step in DAY.items():
        try:
            shown = await product.say(who, _in(step.words, who))
            answers += 1
            taps = [button.text for button in shown.buttons if step.tap and button.text.startswith(step.tap)]
            if taps:
                items = len(product.bot_items(who))
                shown = await product.click(who, shown, taps[0])
                answers += len(product.bot_items(who)) - items
            said.answers[who, name] = _copy(shown)
        except AssertionError as error:
            said.failures[who, name] = str(error)[:3000]
    said.extra[who] = len(product.bot_items(who)) - before - answers


def _copy(shown: Shown) -> Shown:
    """The card as it was when it came: it may be redrawn later."""
    return Shown(
        shown.id, shown.at, shown.sender, shown.kind, title=shown.title, subtitle=shown.subtitle, body=shown.body,
        rows=list(shown.rows), buttons=list(shown.buttons), choice=shown.choice, submit=shown.submit,
    )  # fmt: skip


def _in(text: str, who: str) -> str:
    return text.format(x=CUSTOMERS[who], d=NAMES[who])


@pytest.mark.parametrize("name", DAY)
@pytest.mark.parametrize("who", CUSTOMERS)
async def test_a_sentence_is_answered_with_one_card_that_shows_its_effect(day: Said, who: str, name: str) -> None:
    assert (who, name) in day.answers, day.failures[who, name]
    step, shown = DAY[name], day.answers[who, name]
    for text in step.shows:
        assert _in(text, who) in shown.text, f"{_in(step.words, who)}\n---\n{shown.text}"
    if step.button:
        assert any(re.search(step.button, button.text) for button in shown.buttons), shown.text
    assert "我没听懂" not in shown.text
    assert "没有执行" not in shown.text


@pytest.mark.parametrize("who", CUSTOMERS)
async def test_every_message_has_one_visible_answer(day: Said, who: str) -> None:
    assert not day.failures, day.failures
    assert day.extra[who] == 0


@pytest.mark.parametrize("who", CUSTOMERS)
async def test_what_was_said_is_what_is_exported(day: Said, who: str) -> None:
    if not day.data:
        return
    mine = {noun: [row for row in rows if row.get("owner") == who] for noun, rows in day.data.items()}
    assert [row["name"] for row in mine["customers"]] == [CUSTOMERS[who]]
    kinds = [(row["kind"], row["summary"]) for row in mine["activities"]]
    assert [kind for kind, _ in kinds] == ["visit", "call", "visit"]
    for (_, summary), words in zip(kinds, ("报价和交期", "付款方式", "样品"), strict=True):
        assert words in summary
    deals = {row["name"]: (row["status"], row["stage"], row["amount"]) for row in mine["deals"]}
    d = NAMES[who]
    assert deals[f"{d}二期扩容"] == ("lost", "谈判", 800000)
    assert deals[f"{d}年度框架"] == ("paused", "谈判", 1200000)
    assert deals[f"{d}备件采购"][0] == "won"
    assert deals[f"{d}备件采购"][2] == 55000
    follow_ups = [(row["due_at"][11:16], row["status"]) for row in mine["followups"]]
    assert follow_ups == [("15:00", "done"), ("23:00", "open"), ("10:00", "open")]
    assert {row["due_at"][5:10] for row in mine["followups"]} >= {"10-03"}
    assert all(row["due_at"].endswith("+08:00") for row in mine["followups"])
    tags = [row["tags"] for row in mine["contacts"] if row["name"] == "王先生"]
    assert tags == [["高意向"]]


async def test_every_change_is_in_the_audit_with_who_when_what_and_the_message(day: Said) -> None:
    if not day.data:
        return
    said = [row for row in day.data["audit"] if row["who"] in CUSTOMERS]
    assert {row["who"] for row in said} == set(CUSTOMERS)
    for row in day.data["audit"]:
        assert row["who"], row
        assert row["at"], row
        assert row["what"], row
        assert row["source"], row
    assert any(row["source"] == _in(DAY["visit"].words, "lina") for row in said)


async def test_a_marketer_makes_a_channel_code_and_a_mass_send_draft(product: Product) -> None:
    if product.door != "wecom_app":
        for words in ("新建渠道活码 工博会，负责人李娜，欢迎语：您好，欢迎关注", "给标签 高意向 的客户群发：新品上线"):
            shown = await product.say("zhaomin", words)
            assert "企业微信" in shown.text
        return
    external = await product.wecom.add_contact("sunhao", "何女士")
    await product.look_for("sunhao", "何女士")
    assert "高意向" in (await product.say("sunhao", "给何女士打标签 高意向")).text
    before = product.seen("zhaomin")
    made = await product.say("zhaomin", "新建渠道活码 工博会，负责人李娜，欢迎语：您好，欢迎关注")
    picture = await product.wait("zhaomin", lambda item: bool(item.image))
    assert picture.image.startswith(b"\x89PNG")
    card = await product.look_for("zhaomin", "工博会", "李娜")
    await product.look_for("zhaomin", "已生成")
    assert len([item for item in product.bot_items("zhaomin") if item.id not in before]) == 2, made.text
    assert card.title
    draft = await product.say("zhaomin", "给标签 高意向 的客户群发：新品上线")
    assert "新品上线" in draft.text
    assert any(button.text in ("确认", "提交") for button in draft.buttons)
    assert not product.wecom.group_sends
    sent = await product.click("zhaomin", draft, next(b.text for b in draft.buttons if b.text in ("确认", "提交")))
    await product.until(lambda: len(product.wecom.group_sends) == 1, what="one mass send")
    assert sent.text
    assert external in str(next(iter(product.wecom.group_sends.values())))
