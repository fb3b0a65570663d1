"""The lexicon: what a text may mention, changes, and its size."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from benchmarks.big_company import Company
from bot.nlu import companies
from bot.nlu.frame import Name, Scope
from bot.nlu.lexicon import Lexicon
from bot.nlu.sounds import sound
from bot.nlu.understand import understand
from tests.steps import calls


def test_candidates_are_what_the_caller_must_check() -> None:
    lexicon = Lexicon([
        Name("customer", 1, "美的集团股份有限公司"), Name("customer", 2, "海尔智家股份有限公司"), Name("contact", 1, "方洪", customer=1),
        Name("contact", 2, "王海", customer=2), Name("deal", 1, "灯塔工厂", customer=1),
    ])  # fmt: skip
    assert lexicon.candidates("去美的聊了聊") == {("customer", 1), ("contact", 1), ("deal", 1)}
    assert lexicon.candidates("王总来电话") == {("contact", 2), ("customer", 2)}
    assert lexicon.candidates("今天天气不错") == set()


def test_a_changed_name_is_found_and_the_old_one_is_not() -> None:
    lexicon = Lexicon([Name("customer", 1, "星海科技")])
    lexicon.put(Name("customer", 1, "远航智能"))
    lexicon.put(Name("customer", 2, "北辰机电", aliases=("老北",)))
    assert lexicon.candidates("拜访远航智能") == {("customer", 1)}
    assert lexicon.candidates("拜访老北") == {("customer", 2)}
    assert lexicon.candidates("拜访星海科技") == set()
    lexicon.remove("customer", 2)
    lexicon.remove("customer", 99)
    assert lexicon.candidates("拜访北辰机电") == set()


def test_putting_the_same_name_again_and_again_costs_nothing() -> None:
    lexicon = Lexicon([Name("customer", 1, "星海科技")])
    for _ in range(1000):
        lexicon.put(Name("customer", 1, "星海科技"))
    assert len(lexicon._numbers["customer"]) == 1


def test_after_many_changes_nothing_of_the_old_names_is_left() -> None:
    lexicon = Lexicon([Name("customer", 1, "星海科技"), Name("contact", 1, "王海", customer=1)])
    for number in range(200):
        lexicon.put(Name("customer", 1, f"远航{number}科技有限公司", aliases=(f"老{number}",)))
        lexicon.put(Name("contact", 1, f"{'王张'[number % 2]}海", customer=number))
    assert lexicon.candidates("拜访远航199科技") == {("customer", 1)}
    assert lexicon.candidates("拜访远航") == {("customer", 1)}  # a piece of it
    assert lexicon.candidates("拜访老198") == set()
    assert not lexicon.is_surname("王")
    lexicon.remove("customer", 1)
    lexicon.remove("contact", 1)
    tables = (lexicon._words, lexicon._initials, lexicon._sounds, lexicon._surnames, *lexicon._of_customer.values())
    assert not any(table._numbers for table in tables)
    assert not lexicon._pieces["customer"]._numbers
    assert len(lexicon._names) == 2


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("珠海格力电器股份有限公司", "格力电器"),
        ("华中科技大学同济医学院附属同济医院", "同济医院"),
        ("3m中国有限公司", "3m中国"),
        ("中国移动有限公司", "中国移动"),
    ],
)
def test_the_short_name_of_a_company(name: str, core: str) -> None:
    assert companies.core(companies.base(name)) == core


def test_a_hundred_thousand_customers_are_searched_in_few_steps() -> None:
    company = Company(100_000)
    lexicon = Lexicon(company.names())
    assert len(lexicon) > 333_000
    names = random.Random(7).sample(company.customers, 50)
    for name in names:
        text = f"今天拜访了{name.text}，聊了上海的项目，科技含量高"
        assert ("customer", name.ref) in lexicon.candidates(text)
        assert calls(lambda said=text: lexicon.candidates(said)) < 3000  # type: ignore[misc]  # a linear search makes 100,000
    own = frozenset({("customer", n) for n in range(200)} | {("contact", n) for n in range(400)})
    assert calls(lambda: lexicon.candidates("王总说年度采购推进到谈判", Scope(visible=own))) < 5000
    renamed = Name("customer", 7, "改名后精密机械有限公司")
    assert calls(lambda: lexicon.put(renamed)) < 100
    assert lexicon.candidates("拜访了改名后精密") >= {("customer", 7)}


def test_the_recent_customer_comes_first_and_is_not_guessed() -> None:
    lexicon = Lexicon(
        Name("customer", n, f"{place}华信科技有限公司") for n, place in enumerate(("上海", "北京", "广州"))
    )
    frame = understand("今天拜访了华信，聊了合作", datetime(2026, 5, 13, tzinfo=UTC), lexicon, Scope(recent=(2,)))
    assert frame.customer is None
    assert [option.ref for option in frame.candidates["customer"]] == [2, 0, 1]


@pytest.mark.parametrize(
    ("spoken", "meant"),
    [("星海精密机械", 1), ("星海", 1), ("老星", 1), ("novax", 2), ("NovaX", 2), ("新海精密机械", 1), ("星海精密机", 1), ("星海精密械机", 1), ("星海紧密机械", 1)],
)  # fmt: skip
def test_a_customer_is_known_however_it_is_written(spoken: str, meant: int) -> None:
    lexicon = Lexicon([
        Name("customer", 1, "苏州星海精密机械有限公司", ("老星",)), Name("customer", 2, "上海NovaX科技有限公司"), Name("customer", 3, "北京远航智能科技有限公司"),
    ])  # fmt: skip
    frame = understand(f"今天拜访了{spoken}，聊了合作", datetime(2026, 5, 13, tzinfo=UTC), lexicon, Scope())
    assert frame.customer is not None
    assert frame.customer.ref == meant


def test_two_that_sound_alike_are_asked_about() -> None:
    lexicon = Lexicon([Name("customer", 1, "苏州星海机械有限公司"), Name("customer", 2, "无锡兴海机械有限公司")])
    frame = understand("今天拜访了新海机械，聊了合作", datetime(2026, 5, 13, tzinfo=UTC), lexicon, Scope())
    assert {option.ref for option in frame.candidates["customer"]} == {1, 2}


def test_each_character_of_names_has_the_reading_people_use() -> None:
    assert sound("银行") == sound("银航")
    assert sound("厦门") == sound("夏门")
    assert sound("重庆") == sound("虫庆")
    assert sound("张") == sound("章") != sound("李")
    assert sound("A1") == ("A", "1")


def test_of_hundreds_of_namesakes_the_one_whose_person_is_named_is_meant() -> None:
    names = [Name("customer", n, f"{chr(0x5000 + n)}华信科技有限公司") for n in range(300)]
    names += [Name("contact", n, "王海涛" if n == 277 else "李建国", customer=n) for n in range(300)]
    frame = understand("今天拜访了华信，见了王海涛", datetime(2026, 5, 13, tzinfo=UTC), Lexicon(names), Scope())
    assert frame.customer is not None
    assert frame.customer.ref == 277


def test_initials_are_filed_under_their_first_two_characters() -> None:
    bases = [companies.base(name.text.lower()) for name in Company(500).customers]
    for base in (*bases, "中国建设银行", "杭州第一人民医院", "哈尔滨工业大学", "3m", "oppo广东", "腾讯"):
        assert companies.initial_heads(base) == {word[:2] for word in companies.initials(base)}
