"""Help by role, small talk, and what is understood but not there yet."""

from __future__ import annotations

import pytest

from bot import commands as c
from scrm.errors import NotFound
from scrm.models import Activity
from tests.cast import Cast, pressed, texts


@pytest.mark.parametrize("name", ["李娜", "陈静", "赵敏", "周涛"])
def test_every_key_of_ones_menu_may_be_pressed(cast: Cast, name: str) -> None:
    card = cast.say(name, c.Help())
    assert card.title == f"{name}，您可以这样说"
    assert card.buttons
    for text in texts(card):
        command = pressed(card, text)
        assert cast.known_actor(name).may(type(command).roles)
        assert cast.say(name, command).title


def test_small_talk_writes_nothing_and_shows_how(cast: Cast) -> None:
    card = cast.say("李娜", c.SmallTalk(words="今天天气真好"))
    assert "没有记录" in card.text
    assert "帮助" in texts(card)
    assert cast.audited("李娜") == []


def test_what_is_not_there_yet_is_kept_with_the_customer_and_can_be_taken_back(cast: Cast) -> None:
    customer_id = int(cast.say("李娜", c.CreateCustomer(customer="宏图精密")).view.partition(":")[2])
    words = "宏图精密回款20万"
    card = cast.say("李娜", c.NotYet(intent="record_payment", customer=customer_id, words=words))
    assert card.title == "还不能登记回款"
    assert "已记在「宏图精密」的跟进记录里" in card.text
    assert words in cast.view("李娜", f"customer:{customer_id}").text
    cast.say("李娜", pressed(card, "撤销"))
    assert cast.count(Activity) == 0


@pytest.mark.parametrize("customer", [None, "没有这家"])
def test_without_a_customer_it_says_what_to_do_instead(cast: Cast, customer: str | None) -> None:
    card = cast.say("李娜", c.NotYet(intent="create_quote", customer=customer, words="出个报价单"))
    assert "报价单请在您原来的工具里做" in card.text
    assert "已记在" not in card.text
    assert "撤销" not in texts(card)
    assert cast.count(Activity) == 0


def test_a_question_is_never_kept_as_a_record(cast: Cast) -> None:
    customer_id = int(cast.say("李娜", c.CreateCustomer(customer="宏图精密")).view.partition(":")[2])
    assert (
        "资料" in cast.say("李娜", c.NotYet(intent="search_knowledge", customer=customer_id, words="宏图的案例")).title
    )
    assert cast.count(Activity) == 0


def test_words_are_not_kept_with_a_customer_out_of_sight(cast: Cast) -> None:
    customer_id = int(cast.say("孙浩", c.CreateCustomer(customer="宏图精密")).view.partition(":")[2])
    cast.refused(NotFound, "李娜", c.NotYet(intent="record_payment", customer=customer_id, words="回款"))
    assert cast.count(Activity) == 0
