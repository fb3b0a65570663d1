"""Money, percentages and telephone numbers in a sentence, each with the span it stands at.

Money is in yuan as Decimal. Text is expected folded (`bot.nlu.text.fold`): half width, lower case, simplified.
"""

from __future__ import annotations

import re
from decimal import Decimal

from bot.nlu.cues import numerals as cue
from bot.nlu.frame import Span
from bot.nlu.lazy import lazily
from bot.nlu.numerals import Quantity, ends, value_of

_AMOUNT = lazily(cue.AMOUNT)
_SLANG = lazily(cue.SLANG_COUNT)
_PERCENT = lazily(cue.PERCENT)
_DISCOUNT = lazily(cue.DISCOUNT)
_TENTHS = lazily(cue.TENTHS)
_POINTS = lazily(cue.POINTS)
_SHARE = lazily(cue.SHARE)
_PHONE = lazily(cue.PHONE)
_SCALED = lazily(r"^(.*?)\s?(million|billion|thousand|mio|bn|[wkm])(\d?)$", re.S)
_BIG = lazily(cue.BIG)
_TO = lazily(cue.TO)
_TEN_THOUSANDS = lazily(cue.TEN_THOUSANDS)
_SMALL = lazily(cue.SMALL)
_COUNT_BEFORE = lazily(cue.COUNT_BEFORE)
_MONEY_BEFORE = lazily(rf"(?:{'|'.join(cue.MONEY_WORDS)})[^\d,，。；;!！?？]{{0,5}}$")
_LATIN = lazily(r"[a-z]")


def amounts(text: str, *, every: bool = False) -> list[Quantity]:
    """Sums of money: a scale (50w, 六十五万八), a currency, or a money word before (预算 300000). Ranges give both ends.

    With `every` also sums in foreign currencies (as their number) and small change (两毛五), and 多 as a range.
    """
    found = [quantity for match in _AMOUNT.finditer(text) if (quantity := _amount(text, match, every=every))]
    if every:
        found += [
            small
            for match in _SMALL.finditer(text)
            if (small := _small_change(match)) and not _taken(small.span, found)
        ]
    for match in _SLANG.finditer(text):
        value = value_of(match["low"])
        others = [quantity for quantity in found if quantity.value != value]  # 150 of 预算150个 is no sum of its own
        if value is None or _taken(match.span(), others) or not _MONEY_BEFORE.search(text[: match.start()][-12:]):
            continue
        found = [*others, Quantity(match.span(), value * 10**4, None, "yuan", "slang count of ten thousands")]
    return _ranges(text, sorted(found, key=lambda quantity: quantity.span))


def counted(text: str) -> Quantity | None:
    """The last count without a thing counted (40个): of deals and money it is ten thousands."""
    alone = [match for match in _SLANG.finditer(text) if _COUNT_BEFORE.search(text[: match.start()][-6:])]
    last = alone[-1] if alone else None
    value = value_of(last["low"]) if last else None
    if last is None or value is None:
        return None
    return Quantity(last.span(), value * 10**4, None, "yuan", "slang count of ten thousands")


def _ranges(text: str, found: list[Quantity]) -> list[Quantity]:
    """Two sums with 到 between are one range: 五块六到五块七毛八."""
    merged: list[Quantity] = []
    for quantity in found:
        before = merged[-1] if merged else None
        if (
            before
            and before.high is None
            and before.value < quantity.value
            and _TO.fullmatch(text[before.span[1] : quantity.span[0]])
        ):
            merged[-1] = Quantity(
                (before.span[0], quantity.span[1]), before.value, quantity.high or quantity.value, "yuan", before.rule
            )
        else:
            merged.append(quantity)
    return merged


def _taken(span: Span, found: list[Quantity]) -> bool:
    return any(_overlap(span, quantity.span) for quantity in found)


def _amount(text: str, match: re.Match[str], *, every: bool) -> Quantity | None:
    low_text, high_text = match["low"], match["high"]
    if _glued(text, match.start("low"), match.end()) or (match["vague"] and not every):
        return None
    marked = bool(match["sign"] or match["currency"] or (every and match["foreign"]))
    scaled = bool(_BIG.search(low_text) or (high_text and _BIG.search(high_text)))
    plain = cue.THOUSAND in low_text if not low_text.isascii() else len(low_text.split(".")[0]) >= 3
    before = bool(_MONEY_BEFORE.search(text[: match.start()][-12:])) and (plain or scaled)
    if not (marked or scaled or before) or (
        not marked and not match["vague"] and _no_head(text, match.start("low"), low_text)
    ):
        return None
    counted = text.startswith(tuple(cue.COUNTERS), match.end()) and not text.startswith(cue.DONE_DEAL, match.end())
    if not marked and not match.group()[-1].isspace() and counted:
        return None
    low, high = ends(low_text)
    if low is None:
        return None
    if high_text:
        high = value_of(high_text)
        low = _borrow_scale(low, low_text, high, high_text)
    elif every and match["vague"]:
        high = low * 10
    elif every and cue.MORE.search(low_text + match["rough"]):
        high = low + Decimal(10) ** low.normalize().as_tuple().exponent  # type: ignore[operator]
    return Quantity(match.span(), low + _cents(match["cents"]), high, "yuan", "sum of money")


def _small_change(match: re.Match[str]) -> Quantity | None:
    if not match["dimes"] and not match["cents"]:
        return None
    return Quantity(match.span(), _cents(match.group()), None, "yuan", "small change")


def _no_head(text: str, start: int, numeral: str) -> bool:
    """A unit without a number before it (千万别) or after a vague one (几十万): no sum."""
    vague = start > 0 and text[start - 1] in cue.VAGUE and numeral[0] in cue.UNITS
    return vague or (numeral[0] in cue.UNITS and not re.match(cue.BARE_HUNDREDS, numeral))


def _cents(text: str | None) -> Decimal:
    """What 六毛五, 零四 or a last 六 (of 五块六) add: tenths and hundredths."""
    total, text, next_worth = Decimal(0), text or "", Decimal("0.1")
    for part, worth in cue.CENTS:
        head, mark, rest = text.partition(part)
        if mark:
            total, text, next_worth = total + (value_of(head) or 0) * worth, rest, worth / 10
    if text.startswith(tuple(cue.ZEROS)) and len(text) > 1:
        next_worth = Decimal("0.01")
    return total + (value_of(text) or 0) * next_worth if text else total


def _borrow_scale(low: Decimal, low_text: str, high: Decimal | None, high_text: str) -> Decimal:
    """90到100万: the first number has the scale of the second."""
    if high is None or _TEN_THOUSANDS.search(low_text) or low >= high:
        return low
    scale = next((worth for char, worth in reversed(cue.UNITS.items()) if char in high_text and worth >= 1000), None)
    latin = _SCALED.match(high_text)
    worth = Decimal(scale) if scale else cue.LATIN_SCALES[latin[2]] if latin else Decimal(1)
    return low * worth


def _glued(text: str, start: int, end: int) -> bool:
    """Part of a model number or word in Latin letters: A50, x100k."""
    before = text[start - 1] if start else ""
    after = text[end] if end < len(text) else ""
    return bool(_LATIN.match(before) and text[start].isascii()) or bool(_LATIN.match(after) and text[end - 1].isascii())


def _overlap(a: Span, b: Span) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def percents(text: str) -> list[Quantity]:
    """60% · 百分之三十 · 六成 = 60 · 八五折 = 85 · 两个点 = 2; in the order of the text."""
    found: list[Quantity] = []
    for pattern, rule in ((_PERCENT, "percent"), (_DISCOUNT, "discount"), (_TENTHS, "tenths"), (_POINTS, "points")):
        for match in pattern.finditer(text):
            value = _percent(match, rule)
            if value is not None and not any(_overlap(match.span(), q.span) for q in found):
                found.append(Quantity(match.span(), value, None, "percent", rule))
    return sorted(found, key=lambda quantity: quantity.span)


def _percent(match: re.Match[str], rule: str) -> Decimal | None:
    groups = match.groupdict()
    value = value_of(groups.get("value") or groups.get("spoken") or "")
    if value is None:
        return None
    if rule == "discount":
        return value * 10 if value < 10 else value
    if rule == "tenths":
        return value * 10 + (value_of(match["more"]) or 5 if match["more"] else 0)
    return value


def shares(text: str) -> list[Quantity]:
    """Every share of a hundred in the text, also of a thousand and more, negative or spaced, as percent."""
    if not cue.SHARE_SIGNS.search(text):
        return []
    found = [(match, _share(match)) for match in _SHARE.finditer(text)]
    return [Quantity(match.span(), value, None, "percent", "share") for match, value in found if value is not None]


def _share(match: re.Match[str]) -> Decimal | None:
    if match["half_price"]:
        return Decimal(50)
    digits = _unspaced(match["discount"] or match["tenths"] or "")
    if match["discount"]:
        value = value_of(digits)
        return None if not value else value * 10 if value < 10 else value
    if match["tenths"]:
        value = Decimal("0.5") if digits == cue.HALF else value_of(digits)
        return None if value is None else value * 10 + (5 if match["more"] else 0)
    spoken = _unspaced(match["upper"] or match["value"])
    low, high = ends(spoken)
    if low is None or high is not None:
        return None
    worth = cue.SHARES[_unspaced(match["per"])] if match["per"] else Decimal(1)
    return low * worth * (-1 if match["minus"] or match["minus2"] or match["minus3"] else 1)


def _unspaced(text: str) -> str:
    return "".join(text.split())


def phones(text: str) -> list[Quantity]:
    """Telephone numbers; the value is the digits without country code."""
    found = []
    for match in _PHONE.finditer(text):
        group = _phone_group(match)
        found.append(Quantity(match.span(group), Decimal(_digits(match[group])), None, "phone", "telephone number"))
    return found


def phone_digits(text: str) -> str:
    """The first telephone number of the text as digits, or ""."""
    match = _PHONE.search(text)
    return _digits(match[_phone_group(match)]) if match else ""


def _phone_group(match: re.Match[str]) -> str:
    return next((kind for kind in ("fixed", "service", "local") if match[kind]), "mobile")


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
