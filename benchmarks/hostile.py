"""Texts meant to hurt, of ten thousand characters each: the tests read them for what breaks, the benchmark for the time."""

from __future__ import annotations

import random

LENGTH = 10_000


def _filled(piece: str) -> str:
    return (piece * (LENGTH // len(piece) + 1))[:LENGTH]


def _mixed(seed: int) -> str:
    pick = random.Random(seed)
    ranges = (
        (0x20, 0x7F),
        (0x4E00, 0x9FFF),
        (0x1F300, 0x1FAFF),
        (0x590, 0x6FF),
        (0x2000, 0x206F),
        (0x0, 0x20),
        (0xAC00, 0xD7A3),
    )
    return "".join(chr(pick.randrange(*pick.choice(ranges))) for _ in range(LENGTH))


PIECES = (
    # one character for ever
    "1", "一", "万", "点", "的", "a", "A", " ", "\n", "\t", "\u3000", "(", "（", "\\", "%", "-", "，", "，。", "\x00", "\x1b", "\u200b", "\u202e", "\ufeff", "\ud800", "\ufdfa", "İ", "ß",
    # what patterns repeat or nest
    "(a+)+", "aaaaaaaa!", "((((", "1,1", "12:30", "2026-", "9.9.9", "1/0", "十 ", "零一二三", "亿万千百十", "百分之", "周", "下下下", "下周三", "三天后", "到", "从1月到", "农历", "半",
    # names, cues and titles for ever
    "科技", "华信科技", "王总", "总经理", "今天拜访了", "跟进", "标签", "去掉", "把给跟", "推进到谈判", "转给", "公司", "（集团）", "张三、", "深圳市华信科技有限公司", "王总和李总", "不对，是", "没见到",
    # other writings, pictures, mixed direction
    "😀", "👨‍👩‍👧‍👦", "🇨🇳", "e\u0301", "שלום", "مرحبا ", "\u202eabc\u202c", "가나다", "ｗｗｗ", "後於麽", "騰訊", "咗冇唔", "㍿", "①②③",
    # what other readers would run
    "'; DROP TABLE customer; --", "\" OR 1=1 --", "%s%n%x", "{{7*7}}", "${jndi:ldap://x}", "<script>alert(1)</script>", "<!ENTITY a \"b\">", "../../etc/passwd", "{\"a\":[", "[[[[", "=cmd|' /C calc'!A0",
)  # fmt: skip
HOSTILE = (
    *map(_filled, PIECES),
    *map(_mixed, range(5)),
    "9" * 400 + "x",
    "十 " * 400 + "x",
    "今天" + " " * LENGTH + "拜访了",
)
