"""The neutral card holds what both platforms can draw, and nothing else."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.card import MAX_BUTTONS, MAX_COMMAND_BYTES, MAX_OPTIONS, Button, Card, Choice, Option, Row, bullets, rows
from bot.commands import MoveDeal, ShowTodo, Undo, pack

TODO = Button("今日待办", pack(ShowTodo()))


def test_a_card_has_a_title() -> None:
    with pytest.raises(ValueError, match="title"):
        Card(title="")


def test_at_most_six_buttons() -> None:
    assert len(Card(title="帮助", buttons=(TODO,) * MAX_BUTTONS).buttons) == 6
    with pytest.raises(ValueError, match="6 buttons"):
        Card(title="帮助", buttons=(TODO,) * (MAX_BUTTONS + 1))


def test_a_choice_has_one_to_ten_options() -> None:
    option = Option("腾讯科技", "answer:draft=7:option=0")
    assert len(Choice("哪一家？", (option,) * MAX_OPTIONS).options) == 10
    for count in (0, MAX_OPTIONS + 1):
        with pytest.raises(ValueError, match="options"):
            Choice("哪一家？", (option,) * count)


@pytest.mark.parametrize("command", ["", "x" * (MAX_COMMAND_BYTES + 1), "客" * 43])
def test_a_button_carries_one_to_128_bytes(command: str) -> None:
    for kind in (Button, Option):
        with pytest.raises(ValueError, match="128 bytes"):
            kind("完成", command)
    assert Button("完成", "x" * MAX_COMMAND_BYTES)


def test_rows_with_nothing_to_show_are_left_out() -> None:
    assert rows(("客户", "腾讯科技"), ("金额", None), ("下一步", "")) == (Row("客户", "腾讯科技"),)


def test_a_list_says_how_much_is_left_out() -> None:
    assert bullets(["一", "二"], 3) == "· 一\n· 二"
    assert bullets(["一", "二", "三", "四"], 2) == "· 一\n· 二\n… 更多 2 条"
    assert bullets([], 2) == ""


@given(
    title=st.text(min_size=1),
    text=st.text(),
    labels=st.lists(st.tuples(st.text(), st.text()), max_size=6),
)
def test_a_card_comes_back_from_the_outbox_as_it_was(title: str, text: str, labels: list[tuple[str, str]]) -> None:
    card = Card(
        title=title, text=text, rows=tuple(Row(label, value) for label, value in labels), view="deal:7",
        buttons=(Button("推进到谈判", pack(MoveDeal(stage=4, deal=7, version=3)), "primary"), Button("撤销", pack(Undo(turn="e12")))),
        choice=Choice("哪一个？", (Option("一", "help"),)),
    )  # fmt: skip
    stored = msgspec.json.encode(card)
    assert msgspec.json.decode(stored, type=Card) == card
    assert msgspec.convert(msgspec.to_builtins(card), Card) == card
