"""How money, days, lengths of time and numbers read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.clock import Clock
from bot.cards.reports import digest_card
from bot.cards.text import cut_bytes
from bot.cards.words import ago, clip, day, masked_phone, money, when
from scrm.reports import Digest

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai


@pytest.mark.parametrize(
    ("yuan", "reads"),
    [
        ("0", "0元"), ("3500", "3,500元"), ("99.5", "99.5元"), ("9999.99", "9,999.99元"), ("10000", "1万"), ("500000", "50万"),
        ("123456", "12.3456万"), ("12800000", "1280万"), ("99999999", "9999.9999万"), ("99999999.99", "1亿"), ("120000000", "1.2亿"),
        ("123456789", "1.2346亿"), ("-500000", "-50万"),
    ],
)  # fmt: skip
def test_money_reads_as_people_say_it(yuan: str, reads: str) -> None:
    assert money(Decimal(yuan)) == reads


def test_no_amount_reads_as_nothing() -> None:
    assert money(None) == ""


@given(st.integers(0, 99_999_999))
def test_below_a_hundred_million_no_yuan_is_rounded_away(yuan: int) -> None:
    text = money(Decimal(yuan))
    number = Decimal(text.rstrip("元万").replace(",", ""))
    assert number * (10_000 if text.endswith("万") else 1) == yuan


@pytest.mark.parametrize(
    ("value", "reads"),
    [
        (date(2026, 11, 21), "前天"), (date(2026, 11, 22), "昨天"), (date(2026, 11, 23), "今天"), (date(2026, 11, 24), "明天"),
        (date(2026, 11, 25), "后天"), (date(2026, 11, 26), "11月26日 周四"), (date(2026, 3, 1), "3月1日 周日"), (date(2027, 1, 4), "2027年1月4日"),
    ],
)  # fmt: skip
def test_days_near_by_have_names(value: date, reads: str) -> None:
    assert day(value, date(2026, 11, 23)) == reads


def test_the_day_is_the_readers() -> None:
    late = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai
    assert when(late, SHANGHAI, MONDAY) == "明天 00:30"
    assert when(late, ZoneInfo("UTC"), MONDAY) == "今天 16:30"


@pytest.mark.parametrize(
    ("passed", "reads"),
    [
        (-5, "刚刚"),
        (60, "刚刚"),
        (180, "3分钟前"),
        (3 * 3600 + 59, "3小时前"),
        (86_399, "23小时前"),
        (12 * 86_400, "12天前"),
    ],
)
def test_how_long_ago(passed: int, reads: str) -> None:
    assert ago(MONDAY - timedelta(seconds=passed), MONDAY) == reads


@given(st.text(), st.integers(1, 30))
def test_clipped_text_fits_on_one_line(text: str, length: int) -> None:
    clipped = clip(text, length)
    assert len(clipped) <= length
    assert "\n" not in clipped
    assert clipped.endswith("…") or clipped == " ".join(text.split())


@pytest.mark.parametrize(
    ("phone", "reads"),
    [("13800138000", "138****8000"), ("86013388", "****88"), ("8601338", "****38"), ("12", "****12"), ("", "")],
)
def test_a_number_is_masked(phone: str, reads: str) -> None:
    assert masked_phone(phone) == reads


@given(st.text("0123456789", min_size=5, max_size=20))
def test_a_masked_number_never_shows_the_whole(phone: str) -> None:
    assert sum(char.isdigit() for char in masked_phone(phone)) < len(phone)


def test_a_cut_text_says_so_and_ends_in_no_heading() -> None:
    text = "【赢单】\n· 甲\n· 乙\n· 丙\n· 丁\n【推进】\n· 戊"
    assert cut_bytes(text, len(text.encode()) - 1) == "【赢单】\n· 甲\n· 乙\n· 丙\n· 丁\n… 更多"
    assert cut_bytes(text, len(text.encode())) == text


def test_a_digest_counts_the_silent_it_does_not_name() -> None:
    digest = Digest(MONDAY, MONDAY, visits=1, silent=[f"销售{number}" for number in range(12)])
    assert "销售9 等 12 人" in digest_card(digest, Clock(SHANGHAI, MONDAY)).text
