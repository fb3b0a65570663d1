"""Answers to questions: the whole text or nothing."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.nlu.answers import read_answer, read_moment, read_name
from bot.nlu.auto_tags import affirmed

OPTIONS = ["腾讯科技（深圳）有限公司", "腾讯音乐", "张伟 总监 腾讯"]
ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("第二个", 1), ("2", 1), ("选3", 2), ("最后一个", 2), ("倒数第一个", 2), ("腾讯科技那个", 0), ("就是腾讯音乐", 1), ("腾讯音乐。", 1), ("张伟", 2),
        ("是", "yes"), ("好的！", "yes"), ("不是", "no"), ("取消", "cancel"), ("算了", "cancel"),
        ("腾讯", None), ("第九个", None), ("0", None), ("今天拜访了腾讯音乐", None), ("明天下午3点", None), ("", None), ("第二个" * 50, None),
    ],
)  # fmt: skip
def test_answers(text: str, answer: object) -> None:
    assert read_answer(text, OPTIONS) == answer


def test_an_option_called_like_a_word_wins() -> None:
    assert read_answer("取消", ["取消", "改期"]) == 0


def test_without_options_there_is_no_last_one() -> None:
    assert read_answer("最后一个", []) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("明天下午3点", "2026-11-24 15:00:00"),
        ("改到周五吧", "2026-11-27 None"),
        ("后天", "2026-11-25 None"),
        ("那就3点", "2026-11-23 15:00:00"),
    ],
)
def test_a_time_alone_answers_when(text: str, moment: str) -> None:
    found = read_moment(text, MONDAY, ZONE)
    assert found is not None
    assert f"{found.day} {found.time}" == moment


@pytest.mark.parametrize("text", ["明天跟进腾讯", "不知道", "周三或者周五", "", "3天" * 40])
def test_anything_else_is_a_new_sentence(text: str) -> None:
    assert read_moment(text, MONDAY, ZONE) is None


def test_tags_come_from_words_not_from_parts_of_words() -> None:
    assert affirmed("客户嫌价格高，在看竞品", ["价格", "竞品", "太贵"]) == ("价格", "竞品")
    assert affirmed("客戶嫌價格高", ["价格"]) == ("价格",)
    assert affirmed("他们想走出海关", ["出海"]) == ()
    assert affirmed("", ["价格"]) == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("宏图精密", "宏图精密"),
        ("就是宏图精密那家", "宏图精密"),
        ("星海-8431科技。", "星海-8431科技"),
        ("腾讯", "腾讯"),
        ("应该是华信（上海）吧", "华信（上海）"),
        ("ABC Trading", "ABC Trading"),
    ],
)
def test_a_company_name_alone_is_an_answer(text: str, name: str) -> None:
    assert read_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "今天拜访了腾讯",
        "查一下腾讯",
        "我的待办",
        "腾讯赢单了",
        "推进到谈判",
        "不知道",
        "是的",
        "谢谢",
        "新建客户 宏图",
        "哪个客户",
        "x",
        "腾" * 80,
    ],
)
def test_a_sentence_is_no_company_name(text: str) -> None:
    assert read_name(text) is None
