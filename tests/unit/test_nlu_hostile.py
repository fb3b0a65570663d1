"""Text meant to hurt: long, endless, broken. Understanding stays quick, never raises, and tells nobody what is not theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.big_company import Company
from benchmarks.hostile import HOSTILE
from bot.nlu import dates, numerals
from bot.nlu.answers import read_answer, read_moment
from bot.nlu.frame import PRIVATE_KINDS, SHANGHAI, Frame, Mention, Name, Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.text import clean, fold
from bot.nlu.understand import understand
from tests.steps import calls

NOW = datetime(2026, 5, 13, 10, 0, tzinfo=UTC)
LEXICON = Lexicon([
    Name("customer", 1, "美的集团股份有限公司"), Name("customer", 2, "3M中国有限公司"), Name("contact", 1, "方洪", customer=1),
    Name("deal", 1, "灯塔工厂MES", customer=1), Name("member", 1, "宋扬"), Name("stage", "谈判", "谈判"),
])  # fmt: skip
PIECES = [
    "今天", "拜访了", "美的", "方总", "，", "聊了", "报价", "50万", "下周三", "推进到", "谈判", "标签", "去掉", "2月30日", "农历十三月四十", "9999年", "1/0", "%", "个", "点", "前",
    "后", "内", "第", "\u200b", "\x00", "😀", "ﬁ", "İ", "ß", "\ud800", "給", "\n", "  ", "[", "(", "\\", "{}", "99999999999999999999", "亿", "百分之", "半", "零", "转给", "宋扬",
    "\u202e", "שלום", "👨‍👩‍👧", "'; DROP TABLE customer; --", "(a+)+$", "%s", "騰訊", "不对，是", "没见到", "和", "3M中国", "都", "有个", "续签", "商机", "这单", "是", "竞品", "丢了", "嫌贵",
]  # fmt: skip
FIRMS = Company(300)
EVERYBODY = list(FIRMS.names())
FULL = Lexicon(EVERYBODY)
understand("今天", NOW, FULL, Scope())  # compiles the cues of these stages once, which is not what is counted
MOST_CALLS = 200_000  # of functions, for ten thousand characters: what they take is measured by `python -m benchmarks understanding`


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:8]))
def test_ten_thousand_characters_are_read_in_few_steps(text: str) -> None:
    assert calls(lambda: understand(text, NOW, FULL, Scope())) <= MOST_CALLS
    assert calls(lambda: FULL.candidates(text)) <= MOST_CALLS
    assert calls(lambda: numerals.numbers(text[:1000])) <= MOST_CALLS
    FULL.similar(text)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=25).map("".join))
def test_nothing_that_is_said_raises(text: str) -> None:
    frame = understand(text, NOW, LEXICON, Scope(last_deal=1))
    assert all(0 <= fact.span[0] <= fact.span[1] <= len(frame.text) for fact in frame.facts)
    folded = fold(clean(text))
    assert len(folded) == len(text)
    for lean in ("past", "future", "near"):
        dates.find(folded, datetime.fromisoformat("2026-05-13T10:00"), lean)
    numerals.numbers(folded)
    read_answer(text, ["美的", ""])
    read_moment(text, NOW, SHANGHAI)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_folding_keeps_each_character_in_its_place_and_is_done_once(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 299),
    st.sets(st.integers(0, 299), max_size=40),
    st.sampled_from(["拜访了{customer}，见了{person}", "{person}说{deal}要推进到谈判", "{customer}{deal}赢单了", "给{customer}的{person}打个标签 高意向", "查一下{customer}", "{deal}黄了"]),
    st.booleans(),
)  # fmt: skip
def test_what_the_speaker_may_not_see_has_no_part_in_the_answer(
    said: int, own: set[int], words: str, short: bool
) -> None:
    customer, contact = FIRMS.customers[said], FIRMS.contacts[2 * said]
    deal = FIRMS.deals[said // 3].text
    spoken = customer.text[2:5] if short else customer.text
    text = words.format(customer=spoken, person=contact.text[0] + "总" if short else contact.text, deal=deal)
    mine = [name for name in EVERYBODY if name.kind not in PRIVATE_KINDS or _owner(name) in own]
    visible = frozenset((name.kind, name.ref) for name in mine if name.kind in PRIVATE_KINDS)
    frame = understand(text, NOW, FULL, Scope(visible=visible))
    assert set(_told(frame)) <= visible
    assert frame == understand(text, NOW, Lexicon(mine), Scope())


def _owner(name: Name) -> Any:
    return name.ref if name.kind == "customer" else name.customer


def _told(frame: Frame) -> list[tuple[str, Any]]:
    named: list[tuple[str, Mention | None]] = [("customer", frame.customer), ("deal", frame.deal)]
    named += [("contact", person) for person in frame.contacts]
    named += [({"contacts": "contact"}.get(slot, slot), one) for slot, many in frame.candidates.items() for one in many]
    return [(kind, one.ref) for kind, one in named if one is not None and one.ref is not None and kind in PRIVATE_KINDS]


def test_a_person_of_mine_does_not_tell_whose_customer_he_is() -> None:
    mine = Scope(visible=frozenset({("contact", 1), ("deal", 1)}), last_deal=1)
    for text in ("方洪来电话说价格偏高", "灯塔工厂MES赢单了", "赢单了"):
        frame = understand(text, NOW, LEXICON, mine)
        assert set(_told(frame)) <= {("contact", 1), ("deal", 1)}
        assert frame.customer is None or "美的" not in frame.customer.name


@settings(max_examples=50, deadline=None)
@given(
    st.datetimes(
        min_value=datetime.fromisoformat("1990-01-01T00:00"), max_value=datetime.fromisoformat("2090-01-01T00:00")
    ),
    st.sampled_from(["国庆后", "腊月二十八", "年前", "2月29日", "节前", "31号", "三个工作日内", "去年", "上周五"]),
)
def test_any_day_can_be_today(now: datetime, text: str) -> None:
    (when,) = dates.find(text, now)
    assert when.day is not None
