"""Numerals of every writing (1,200 · 三千 五 百 · 十二万八 · 五分之一 · 1e9 · 50w), each with its value and the span it stands at.

Text is expected folded (`bot.nlu.text.fold`): half width, lower case, simplified.
"""

from __future__ import annotations

import re
from decimal import Decimal, DecimalException

from msgspec import Struct

from bot.nlu.cues import numerals as cue
from bot.nlu.frame import Span
from bot.nlu.lazy import lazily

_TOKEN = lazily(rf"{cue.ARABIC}|[{cue.CN}]")
_SCALED = lazily(r"^(.*?)\s?(million|billion|thousand|mio|bn|[wkmg])(\d?)$", re.S)
_RUN = lazily(rf"([{cue.D}])([{cue.D}])(?=[{cue.U}])")
_POINT = lazily(rf"\s*{cue.POINT}\s*")
_LATIN = lazily("[a-z]")
_PLAIN, _NUMERAL = lazily(cue.PLAIN), lazily(cue.NUMERAL)
_COMPOUND = lazily(cue.COMPOUND)
_FRACTION, _MIXED, _POWER = (lazily(rf"(?:{pattern})\Z") for pattern in (cue.PART_OF, cue.MIXED, cue.POWER))
_NOT_AFTER, _NOT_BEFORE = lazily(cue.NOT_AFTER), lazily(cue.NOT_BEFORE)
_IN_WORD = lazily(cue.IN_WORD)
_SIGNS = "".join(cue.MINUS) + " "
MAX_DIGITS = 40  # longer runs are serial numbers; also keeps arithmetic cheap on hostile text
MAX_EXPONENT = 300


class Quantity(Struct, frozen=True):
    """A number found. `high` is the upper end of a range (else None); `unit` is "yuan", "percent", "phone" or ""."""

    span: Span
    value: Decimal
    high: Decimal | None = None
    unit: str = ""
    rule: str = ""


def value_of(text: str) -> Decimal | None:
    """The value of one numeral: 1,200 · 50w · 十二万八 · 18万6 · 1.5 million · 一百五十来万. None if it is not a numeral."""
    text = text.strip()
    text = "0" + text if text.startswith(".") else text
    if len(text) > MAX_DIGITS:
        return None
    if text.startswith(cue.HALF) and (half := cue.HALF_OF.match(text)):
        whole_one = value_of(text[half.end() :])
        return whole_one and whole_one / 2
    scaled = _SCALED.match(text) if _LATIN.search(text) else None
    if scaled and scaled[1]:
        base = value_of(scaled[1])
        scale = cue.LATIN_SCALES[scaled[2]]
        rest = Decimal(scaled[3]) * scale / 10 if scaled[3] else Decimal(0)
        return None if base is None else base * scale + rest
    if text.isascii() and text.isdigit():
        return Decimal(text)
    whole, *decimals = _POINT.split(text) if cue.POINT in text else (text,)
    tokens = _TOKEN.findall(whole)
    if not decimals or not decimals[0]:
        return Decimal(_large(tokens)) if tokens else None
    head, tail = _fraction_tail(decimals[0])
    value = (_large(tokens) if tokens else 0) + head
    for unit in tail:
        value *= cue.UNITS[unit]
    return value


def _fraction_tail(text: str) -> tuple[Decimal, list[str]]:
    """The decimals behind 点, and the units behind those (三点五万)."""
    digits = ""
    for char in text.strip():
        if char in cue.DIGITS:
            digits += str(cue.DIGITS[char])
        elif char.isascii() and char.isdigit():
            digits += char
        else:
            break
    return Decimal(f"0.{digits or 0}"), [char for char in text if char in cue.UNITS]


def _large(tokens: list[str]) -> int | Decimal:
    """Split at the last of the largest unit: what stands before it is counted in it (20万亿), what follows is added."""
    biggest = 1
    for token in tokens:
        if (unit := cue.UNITS.get(token, 1)) >= biggest:
            biggest = unit
    if biggest < 10**4:
        return _section(tokens)
    at = max(index for index, token in enumerate(tokens) if cue.UNITS.get(token) == biggest)
    before, after = tokens[:at], tokens[at + 1 :]
    count = _large(before) if before else 1
    if len(after) == 1 and _lone(after[0]):
        return count * biggest + _digit(after[0]) * biggest // 10  # 十二万八
    return count * biggest + (_large(after) if after else 0)


def _section(tokens: list[str]) -> int | Decimal:
    """A numeral below ten thousand: units, digits in a row (一七二零), a last digit counting tenths of the unit (一百二)."""
    total: int | Decimal = 0
    current: int | Decimal | None = None
    last_unit = 1
    for token in tokens:
        unit = cue.UNITS.get(token)
        if unit is not None:
            total += unit if current is None else current * unit
            current, last_unit = None, unit
        elif token in cue.TENS:
            total, current, last_unit = total + cue.TENS[token], None, 10
        elif current is None and token in cue.ZEROS and len(tokens) > 1:
            last_unit = 1  # 一千零十一: a zero inside only stops the shorthand of 一千一
        else:
            digit = _digit(token)
            current = digit if current is None else current * 10 ** len(token) + digit
    if current is None:
        return total
    shorthand = last_unit >= 100 and len(tokens[-1]) == 1 and current < 10 and _lone(tokens[-1])
    return total + (current * last_unit // 10 if shorthand else current)


def _lone(token: str) -> bool:
    return (token in cue.DIGITS and token not in cue.ZEROS) or (len(token) == 1 and token.isdigit() and token.isascii())


def _digit(token: str) -> int | Decimal:
    digit = cue.DIGITS.get(token)
    if digit is not None:
        return digit
    token = token.replace(",", "")
    return int(token) if token.isdigit() else Decimal(token)


def ends(text: str) -> tuple[Decimal | None, Decimal | None]:
    """Both ends of 二三十万; of anything else (value, None)."""
    if len(text) == 2 and 0 < cue.DIGITS.get(text[0], 0) == cue.DIGITS.get(text[1], 0) - 1:
        return Decimal(cue.DIGITS[text[0]]), Decimal(cue.DIGITS[text[1]])  # 五六个
    run = _RUN.search(text)
    if run and 0 < cue.DIGITS[run[1]] < cue.DIGITS[run[2]]:
        low = text[: run.start(2)] + text[run.end(2) :]
        high = text[: run.start(1)] + text[run.end(1) :]
        return value_of(low), value_of(high)
    return value_of(text), None


def numbers(text: str) -> list[Quantity]:
    """Every numeral of the text, whatever it counts; sums of foreign money and digits within words (四川, 陆地) are none."""
    found = []
    words = [word.span() for word in _IN_WORD.finditer(text)]
    for match in (_NUMERAL if _COMPOUND.search(text) else _PLAIN).finditer(text):
        spoken = match.group().rstrip()
        start = match.start()
        end = start + len(spoken)
        if (start and _NOT_BEFORE.search(text, max(0, start - 2), start)) or _NOT_AFTER.match(text, end):
            continue
        if words and any(first <= start and end <= last for first, last in words):
            continue
        try:
            value, high = _valued(spoken)
        except (DecimalException, ValueError, OverflowError):
            continue
        if value is not None:
            found.append(Quantity((start, end), value, high, "", "numeral"))
    return found


def _valued(text: str) -> tuple[Decimal | None, Decimal | None]:
    """A numeral with its sign, fraction, power or dozen."""
    if _COMPOUND.search(text):
        if power := _POWER.match(text):
            return _powered(power), None
        if mixed := _MIXED.match(text):
            part = Decimal(int(mixed["upper"])) / Decimal(int(mixed["lower"]))
            whole = Decimal(int(mixed["whole"] or 0))
            return (whole + part) * (-1 if mixed["minus"] else 1), None
        if fraction := _FRACTION.match(text):
            return _part_of(fraction), None
    sign = -1 if text[0] in cue.MINUS else 1
    text = text.lstrip(_SIGNS)
    worth = cue.DOZENS.get(text[-1])
    if worth and (count := value_of(text[:-1])) is not None:
        return sign * count * worth, None
    if text in cue.HALVES:
        return sign * cue.HALVES[text], None
    low, high = ends(text)
    return (None, None) if low is None else (sign * low, high)


def _part_of(match: re.Match[str]) -> Decimal | None:
    lower, upper, whole = value_of(match["lower"]), value_of(match["upper"]), value_of(match["whole"] or cue.ZEROS[0])
    if not lower or upper is None or whole is None:
        return None
    signs = sum(mark in cue.MINUS for mark in (match["minus"], match["minus2"]) if mark)
    value = whole + upper / lower
    return -value if signs % 2 else value


def _powered(match: re.Match[str]) -> Decimal | None:
    exponent = int(match["exponent"].replace("--", ""))
    if abs(exponent) > MAX_EXPONENT:
        return None
    base = Decimal(match["base"])
    if match["sign"] != "e":
        return Decimal(float(base) ** exponent)
    return base * Decimal(10) ** exponent
