"""Cards as DingTalk's public template shows them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.card import Button, Card, Choice, Option, Row, rows
from bot.cards.dingtalk import BUTTON_CHARS, MAX_VALUE_BYTES, message, render, summary
from bot.cards.text import MORE

VISIT = Card(
    title="已记录 · 拜访",
    rows=rows(("客户", "腾讯"), ("预算", "50万"), ("下一步", "12月2日 周三")),
    text="聊了方案\n· 张总满意",
    buttons=(
        Button("补充", "supplement:activity=3", "primary"),
        Button("改时间", "later:followup=4"),
        Button("撤销", "undo:turn=e12", "danger"),
    ),
    note="24 小时内可撤销",
)


def buttons_of(params: dict[str, str]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(params["sys_full_json_obj"])["msgButtons"]
    return listed


def test_a_visit_card() -> None:
    params = render(VISIT)
    assert params["title"] == "已记录 · 拜访"
    assert params["markdown"].split("  \n") == [
        "**客户**：腾讯", "**预算**：50万", "**下一步**：12月2日 周三", "聊了方案", "· 张总满意",
    ]  # fmt: skip
    assert params["tips"] == "24 小时内可撤销"
    assert buttons_of(params) == [
        {"text": "补充", "color": "blue", "id": "supplement:activity=3", "request": True},
        {"text": "改时间", "color": "gray", "id": "later:followup=4", "request": True},
        {"text": "撤销", "color": "red", "id": "undo:turn=e12", "request": True},
    ]


def test_every_variable_is_there_even_on_the_barest_card() -> None:
    params = render(Card(title="好的"))
    assert params == {"title": "好的", "markdown": "", "tips": "", "sys_full_json_obj": '{"msgButtons":[]}'}


def which(count: int, *buttons: Button) -> Card:
    options = tuple(Option(f"张总{number}（腾讯）", f"answer:draft=1:option={number}") for number in range(count))
    return Card(title="是哪位张总？", choice=Choice("请选择", options), buttons=buttons)


def test_a_choice_that_fits_becomes_buttons() -> None:
    params = render(which(3, Button("取消", "answer:draft=1:option=-1")))
    assert [button["text"] for button in buttons_of(params)] == [
        "张总0（腾讯）", "张总1（腾讯）", "张总2（腾讯）", "取消",
    ]  # fmt: skip
    assert params["markdown"] == "**请选择**"


def test_a_choice_that_does_not_fit_is_numbered_and_the_first_options_are_buttons() -> None:
    params = render(which(8, Button("取消", "answer:draft=1:option=-1")))
    assert [button["id"] for button in buttons_of(params)] == [
        *(f"answer:draft=1:option={number}" for number in range(5)), "answer:draft=1:option=-1",
    ]  # fmt: skip
    lines = params["markdown"].split("  \n")
    assert lines[1] == "1. 张总0（腾讯）"
    assert lines[8:] == ["8. 张总7（腾讯）", "回复序号即可"]


def test_long_text_goes_on_in_the_tips_and_loses_nothing() -> None:
    lines = [f"· 第{number}次沟通，客户对报价有疑问" for number in range(30)]
    params = render(Card(title="沟通记录", text="\n".join(lines), note="小字"))
    shown = params["markdown"].split("  \n") + params["tips"].split("\n")
    assert shown == [*lines, "小字"]
    assert params["tips"].startswith("· 第")


def test_what_does_not_fit_at_all_ends_in_more_and_the_question_stays() -> None:
    card = Card(title="沟通记录", text="长" * 2000, note="小字", choice=Choice("要继续吗", (Option("继续", "todo"),)))
    params = render(card)
    whole = params["markdown"] + params["tips"]
    assert MORE in whole
    assert params["tips"].endswith("要继续吗\n小字")


def test_what_people_wrote_is_no_markup() -> None:
    value = "# 大客户 **急** [点我](http://x) <font color=red>"
    params = render(Card(title="客户", rows=(Row("备注", value),), text="> 引用\n* 项"))
    assert params["markdown"].split("  \n") == [
        "**备注**：＃ 大客户 ＊＊急＊＊ [点我］(http://x) ＜font color=red>", "＞ 引用", "＊ 项",
    ]  # fmt: skip


def test_six_buttons_of_the_longest_commands_lose_the_last_and_say_so() -> None:
    buttons = tuple(Button(f"按钮{number}", "x" * 127 + str(number)) for number in range(6))
    params = render(Card(title="很多按钮", buttons=buttons))
    assert [button["text"] for button in buttons_of(params)] == [f"按钮{number}" for number in range(5)]
    assert "直接发文字" in params["tips"]


def test_a_page_to_open_is_a_link() -> None:
    assert render(Card(title="报表", url="https://bot.example.com/r/1"))["markdown"] == (
        "[打开查看](https://bot.example.com/r/1)"
    )


def test_the_line_in_the_list_of_conversations() -> None:
    assert summary(VISIT) == "已记录 · 拜访：腾讯"
    assert summary(Card(title="简报", text="3 次拜访\n2 个商机")) == "简报：3 次拜访"
    assert summary(Card(title="好的")) == "好的"


def test_as_a_message_the_buttons_become_words() -> None:
    text = message(VISIT)
    assert "已记录 · 拜访" in text
    assert "可以直接回复：补充、改时间、撤销" in text
    assert text.count("\n") == text.count("  \n")


WORDS = st.text(alphabet=st.sampled_from("客户聊abc 1*#>[]()\n·😀é"), max_size=900)
COMMANDS = st.text(alphabet="abc:=", min_size=1, max_size=128)
BUTTONS = st.lists(st.builds(Button, WORDS, COMMANDS), max_size=6).map(tuple)
CHOICES = st.builds(Choice, WORDS, st.lists(st.builds(Option, WORDS, COMMANDS), min_size=1, max_size=10).map(tuple))
CARDS = st.builds(
    Card,
    title=WORDS.filter(bool),
    subtitle=WORDS,
    rows=st.lists(st.builds(Row, WORDS, WORDS), max_size=6).map(tuple),
    text=st.text(max_size=3000) | WORDS,
    buttons=BUTTONS,
    choice=st.none() | CHOICES,
    note=WORDS,
    url=st.sampled_from(["", "https://bot.example.com/r/1", "https://bot.example.com/" + "r" * 400]),
)


@given(CARDS)
def test_no_variable_is_ever_larger_than_dingtalk_takes(card: Card) -> None:
    params = render(card)
    assert all(isinstance(value, str) and len(value.encode()) <= MAX_VALUE_BYTES for value in params.values())
    assert all(len(button["text"]) <= BUTTON_CHARS for button in buttons_of(params))
    if card.choice is not None and len(buttons_of(params)) < len(card.choice.options):
        assert "回复序号" in params["markdown"] + params["tips"]


@pytest.mark.parametrize("size", range(1000, 1100))
def test_the_break_between_the_variables_cuts_no_character(size: int) -> None:
    params = render(Card(title="长", text="a" * (size % 7) + "中" * (size // 3)))
    assert (params["markdown"] + params["tips"]).replace("\n", "") == "a" * (size % 7) + "中" * (size // 3)


def test_the_template_in_the_docs_has_the_variables_we_fill() -> None:
    path = Path(__file__).parents[2] / "docs" / "dingtalk-card-template.json"
    template = json.loads(path.read_text(encoding="utf-8"))
    editor = json.loads(template["editorData"])
    declared = {variable["name"]: variable for variable in editor["variableList"]}
    params = render(VISIT)
    assert set(declared) == {*params, "msgButtons"} - {"sys_full_json_obj"}
    fields = {field["name"] for field in declared["msgButtons"]["schema"]}
    assert fields == set(buttons_of(params)[0])
    shown = set(re.findall(r"\$\{([\w.]+)\}", json.dumps(editor["schema"])))
    assert shown == {"title", "markdown", "tips", "loop.text", "loop.id"}


@pytest.mark.parametrize("length", range(30, 45))
def test_a_break_at_the_end_of_a_line_still_leaves_room_for_the_foot(length: int) -> None:
    params = render(Card(title="长", text="\n".join(["长" * length] * 60), note="小字" * 60))
    assert params["markdown"].endswith("长")
    assert len(params["tips"].encode()) <= MAX_VALUE_BYTES
    assert MORE in params["tips"]
    assert params["tips"].endswith("小字")
