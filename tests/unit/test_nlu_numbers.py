"""Sums, percentages and telephone numbers as salespeople write and say them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.nlu import numbers, numerals
from bot.nlu.text import fold


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("50w", 500_000), ("3.6w", 36_000), ("５０万", 500_000), ("1.2亿", 120_000_000), ("三十来万", 300_000), ("1个多亿", 100_000_000),
        ("十二万八", 128_000), ("18万6", 186_000), ("12万5仟", 125_000), ("两百零六万", 2_060_000), ("一百五十来万", 1_500_000),
        ("陆拾叁万柒仟元整", 637_000), ("¥128k", 128_000), ("1.5 million", 1_500_000), ("八万多", 80_000), ("1,200,000元", 1_200_000),
        ("預算三萬五", 35_000), ("预算80个", 800_000), ("合同价 300000", 300_000), ("五千块", 5_000), ("3w5", 35_000), ("百来万", 1_000_000),
    ],
)  # fmt: skip
def test_money(text: str, value: int) -> None:
    assert [found.value for found in numbers.amounts(fold(text))] == [Decimal(value)]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("90到100万", 900_000, 1_000_000), ("一百二三十万", 1_200_000, 1_300_000), ("50-60w", 500_000, 600_000)],
)
def test_a_range_has_both_ends(text: str, low: int, high: int) -> None:
    (found,) = numbers.amounts(text)
    assert (found.value, found.high) == (low, high)


@pytest.mark.parametrize(
    "text",
    [
        "会议室屏100台",
        "3万台",
        "5万平米",
        "千万别忘了",
        "几十万",
        "A50型号",
        "第3版",
        "13800138000",
        "二期",
        "万一不行",
    ],
)
def test_what_is_no_money(text: str) -> None:
    assert numbers.amounts(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("60%", 60),
        ("六成", 60),
        ("七成五", 75),
        ("百分之三十", 30),
        ("打八五折", 85),
        ("8折", 80),
        ("95折", 95),
        ("降两个点", 2),
        ("5个点", 5),
        ("3.5%", "3.5"),
    ],
)
def test_percentages(text: str, value: object) -> None:
    assert [found.value for found in numbers.percents(text)] == [Decimal(str(value))]


@pytest.mark.parametrize("text", ["成交了", "三个点评", "一成不变"])
def test_what_is_no_percentage(text: str) -> None:
    assert numbers.percents(text) == []


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("手机 135 0000 8888", "13500008888"),
        ("+86 138-1234-5678", "13812345678"),
        ("座机0755-26001234", "075526001234"),
        ("订单号 1381234567890", ""),
    ],
)
def test_telephone_numbers(text: str, digits: str) -> None:
    assert numbers.phone_digits(text) == digits


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("一千零一十一", 1011),
        ("廿二", 22),
        ("三点一四", "3.14"),
        ("负十", -10),
        ("二零二六", 2026),
        ("一亿五千万零六千", 150_006_000),
    ],
)
def test_numerals(text: str, value: object) -> None:
    assert [found.value for found in numerals.numbers(text)] == [Decimal(str(value))]
