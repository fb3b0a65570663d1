"""Commands travel on buttons, menu keys and drafts: they come back as they were, and nothing forged gets in."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import commands as c
from bot.cards.card import MAX_COMMAND_BYTES
from bot.handlers import HANDLERS

IDS = st.integers(min_value=0, max_value=10**18 - 1)
WORDS = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=16)
OPTION = st.integers(min_value=-1, max_value=9)


def button_value(name: str, hint: Any) -> st.SearchStrategy[Any] | None:
    """What a button may carry in a field: ids, flags and enum words. None: never on a button."""
    kinds = set(get_args(hint)) or {hint}
    if name == "option":
        return OPTION
    if kinds & {date, datetime, Decimal, tuple} or "tuple" in str(hint):
        return None
    if bool in kinds:
        return st.booleans()
    return IDS if int in kinds else WORDS


@st.composite
def buttons(draw: st.DrawFn) -> c.Command:
    """Any command as a card may put it on a button."""
    kind = draw(st.sampled_from(c.ALL))
    hints = get_type_hints(kind)
    values = {}
    for field in msgspec.structs.fields(kind):
        strategy = button_value(field.name, hints[field.name])
        if strategy is None:
            if field.required:
                return draw(buttons())
            continue
        if field.required or draw(st.booleans()):
            values[field.name] = draw(strategy)
    return kind(**values)


@given(buttons())
def test_a_button_says_what_was_put_on_it(command: c.Command) -> None:
    packed = c.pack(command)
    assert packed.isascii()
    assert c.unpack(packed) == command


def test_the_longest_buttons_of_our_cards_fit() -> None:
    longest = 10**18 - 1
    for command in (
        c.Reschedule(followup=longest, to="tomorrow", version=longest),
        c.MoveDeal(stage=longest, deal=longest, version=longest),
        c.SubmitCampaign(campaign=longest, version=longest, again=True),
        c.AnswerDraft(draft=longest, option=9),
        c.LossReason(deal=longest, reason=5),
        c.Undo(turn="e" + str(longest)),
    ):
        assert len(c.pack(command).encode()) <= MAX_COMMAND_BYTES


@pytest.mark.parametrize("words", ["腾讯", "a:b", "a=b", "a b", "a\n", "x;y", "…"])
def test_words_never_travel_on_a_button(words: str) -> None:
    with pytest.raises(ValueError, match="ids and enum values"):
        c.pack(c.ShowCustomer(customer=words))


@pytest.mark.parametrize(
    "forged",
    [
        "", ":", "no_such", "deal:", "deal:7", "deal:other=7", "move_deal:deal=7", "followup:followup=abc",
        "done:followup=-", "followup:followup=1.5", "undo:turn=e1:turn2=x", "todo:all=maybe", "answer:draft=1",
        "log:summary=x:happened_at=yesterday", "tag:tags=a", "help:" + "x" * 300, "done:followup=" + "9" * 30, "done:followup=²", "deal:deal=²", "help\x00", "帮助",
        "__class__:x=1", "help:__init__=1",
    ],
)  # fmt: skip
def test_a_forged_button_is_refused(forged: str) -> None:
    with pytest.raises(c.BadButton):
        c.unpack(forged)


def test_a_name_on_a_button_is_only_a_name() -> None:
    """It is looked up with the clicker's permission like one that was said; a number too long to be an id is one too."""
    assert c.unpack("deal:deal=") == c.ShowDeal(deal="")
    assert c.unpack("deal:deal=" + "9" * 30) == c.ShowDeal(deal="9" * 30)


@given(st.text() | st.from_regex(r"[a-z_]{2,12}(:[a-z_]{1,9}=[-0-9a-zA-Z.]{0,30}){0,5}", fullmatch=True))
def test_anything_on_a_button_is_a_command_or_refused(packed: str) -> None:
    try:
        command = c.unpack(packed)
    except c.BadButton:
        return
    assert type(command) in c.ALL


@given(
    summary=st.text(), amount=st.none() | st.decimals(0, 10**12, places=2), customer=st.none() | IDS | st.text(min_size=1),
    contacts=st.lists(IDS | st.text(min_size=1), max_size=3),
)  # fmt: skip
def test_a_draft_keeps_the_whole_sentence(
    summary: str, amount: Decimal | None, customer: Any, contacts: list[Any]
) -> None:
    happened = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
    command = c.LogActivity(
        summary=summary,
        kind="visit",
        customer=customer,
        contacts=tuple(contacts),
        amount=amount,
        happened_at=happened,
        next_at=happened,
    )
    assert c.decode(c.encode([command, c.Help()])) == [command, c.Help()]


def test_every_command_has_a_handler_and_a_tag_of_its_own() -> None:
    assert len(c.BY_TAG) == len(c.ALL)
    assert set(c.ALL) - set(HANDLERS) == {c.AnswerDraft}, (
        "an answer is the dispatcher's, every other command has a handler"
    )


def test_roles_are_words_we_know() -> None:
    assert {role for command in c.ALL for role in command.roles} == c.EVERYBODY
