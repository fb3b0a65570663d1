"""Questions and refusals as cards."""

from __future__ import annotations

import pytest

from bot import commands as c
from bot.cards import errors as cards
from bot.cards.card import MAX_BUTTONS, MAX_OPTIONS
from scrm.errors import Ambiguous, Candidate, DomainError, Missing, NotAllowed, UnknownName

DRAFT = 7


def labels(count: int) -> list[str]:
    return [f"腾讯{index}部" for index in range(count)]


def ambiguous(count: int) -> Ambiguous:
    return Ambiguous("customer", "腾讯", tuple(Candidate(index, label) for index, label in enumerate(labels(count))))


@pytest.mark.parametrize("count", [2, 5])
def test_a_few_candidates_are_buttons_in_order(count: int) -> None:
    card = cards.question_card(ambiguous(count), DRAFT, labels(count))
    assert (card.title, card.choice) == ("哪个客户？", None)
    assert [button.text for button in card.buttons] == [*labels(count), "取消"]
    answers = [c.unpack(button.command) for button in card.buttons]
    assert answers == [
        *(c.AnswerDraft(draft=DRAFT, option=index) for index in range(count)),
        c.AnswerDraft(draft=DRAFT, option=-1),
    ]
    assert "「腾讯」有多个" in card.text


@pytest.mark.parametrize("count", [6, 10, 15])
def test_many_candidates_are_a_choice(count: int) -> None:
    card = cards.question_card(ambiguous(count), DRAFT, labels(count))
    assert card.choice is not None
    assert len(card.choice.options) == min(count, MAX_OPTIONS)
    assert [button.text for button in card.buttons] == ["取消"]
    assert c.unpack(card.choice.options[-1].command) == c.AnswerDraft(draft=DRAFT, option=min(count, MAX_OPTIONS) - 1)


def test_an_unknown_customer_can_be_made_on_the_spot() -> None:
    card = cards.question_card(UnknownName("customer", "宏图精密"), DRAFT, ["新建客户"])
    assert "宏图精密" in card.title + card.text
    assert [button.text for button in card.buttons] == ["新建客户", "取消"]


def test_a_missing_fact_is_asked_for_once() -> None:
    card = cards.question_card(
        Missing("due_at", "什么时候跟进？", (("明天", 1), ("下周一", 2))), DRAFT, ["明天", "下周一"]
    )
    assert (card.title, card.text) == ("什么时候跟进？", "")
    assert [button.text for button in card.buttons] == ["明天", "下周一", "取消"]
    assert len(card.buttons) <= MAX_BUTTONS


def test_every_command_that_not_everybody_may_give_has_a_name() -> None:
    for command in c.ALL:
        if command.roles != c.EVERYBODY:
            assert str(command.__struct_config__.tag) in cards.NAMES, command


def test_a_refusal_is_its_sentence() -> None:
    card = cards.error_card(NotAllowed(what=cards.NAMES["set_role"]))
    assert card.text == "您的角色没有「设置角色」的权限，请联系管理员。"
    assert [button.text for button in card.buttons] == ["帮助"]


def test_words_of_the_user_cannot_break_a_sentence() -> None:
    assert str(UnknownName("customer", "{who} {0} %s")) == "没有找到「{who} {0} %s」。"
    assert isinstance(Ambiguous("customer", "{", ()), DomainError)


@pytest.mark.parametrize(
    ("kind", "door", "says"),
    [
        ("voice", "wecom_app", "输入法"), ("voice", "dingtalk", "再说一遍"), ("voice", "wecom_bot", "再说一遍"), ("image", "wecom_app", "图片"),
        ("file", "dingtalk", "读不懂"), ("video", "wecom_bot", "读不懂"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_answered_with_what_to_do(kind: str, door: str, says: str) -> None:
    card = cards.unheard_card(kind, door, "云帆物流")
    assert says in card.text
    if kind != "voice":
        assert "今天拜访了云帆物流，聊了报价" in card.text
        assert "今天拜访了（客户名），聊了报价" in cards.unheard_card(kind, door, "").text
    assert c.unpack(card.buttons[0].command) == c.Help()


def test_an_error_of_ours_names_what_is_in_the_log_and_nothing_else() -> None:
    card = cards.unknown_error_card("1a2b3c4d")
    assert "1a2b3c4d" in card.text
    assert "没有丢" in card.text


def test_a_stranger_learns_nothing_about_the_company() -> None:
    card = cards.stranger_card()
    assert not card.buttons
    assert "管理员" in card.text
