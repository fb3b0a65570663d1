"""Names cut to what a phone shows: a company without its legal form, a deal without its customer, an entry of a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

from bot.cards.words import clip
from bot.nlu.companies import base, core, word_insides
from bot.nlu.cues import names as cue

ENTRY = 10  # what the narrowest button shows
_PLACES = "|".join(sorted((*cue.PLACES, *cue.REGIONS), key=len, reverse=True))
_BRANCH = re.compile(rf"^(.{{2,}}?)((?:{_PLACES})[市省区]?)(分公司|子公司|分行|支行|分部|分厂|办事处|营业部)$")
_FORM = re.compile(cue.LEGAL_FORMS)
_CITY = re.compile(r"^[市省区县](?=..)")  # what is left of 深圳市 when the place is cut off
# Words that are in every second name: dropped first where there is no room.
_HOLLOW = re.compile(
    r"(?<=..)(?:科技|技术|网络|信息|实业|国际|发展|贸易|商贸|系统|服务|企业|工业|制造|设备|电子|集团)$"
)


def short(company: str) -> str:
    """The company without its legal form: 宁波海川模具 · 招商银行深圳分行."""
    head, place, suffix = _branch(company)
    return f"{base(head)}{place}{suffix}"


def shorts(companies: Sequence[str]) -> list[str]:
    """The companies shortened, as far as that leaves them different: 腾讯科技（深圳）, 腾讯科技（北京）."""
    made = [short(company) for company in companies]
    longer = [_FORM.sub("", company) if made.count(name) > 1 else name for company, name in zip(companies, made, strict=True)]  # fmt: skip
    return [company if longer.count(name) > 1 else name for company, name in zip(companies, longer, strict=True)]


def _branch(company: str) -> tuple[str, str, str]:
    """The company, the place of its branch, and what the branch is called; the last two "" where it is none."""
    found = _BRANCH.match(company)
    return (found[1], found[2], found[3]) if found else (company, "", "")


def entry(number: int, name: str) -> str:
    """An entry of a numbered list as a button: "3. 海川模具"; the number tells apart what the cut makes alike."""
    return clip(f"{number}. {name}", ENTRY)


def company_entry(number: int, company: str) -> str:
    """A company in a numbered list as a button: what people call it, 3. 字节跳动上海; the line above spells it out."""
    head, place, _ = _branch(company)
    called, room = _CITY.sub("", core(base(head))), ENTRY - len(f"{number}. ") - len(place)
    while len(called) > room and (fewer := _HOLLOW.sub("", called)) != called:
        called = fewer
    return entry(number, clip(called, room) + place)


def deal_of(deal: str, company: str) -> str:
    """A deal's name beside its customer's: what it begins with in common with the customer is left out, whole words only."""
    for called in (company, core(base(company))):
        shared = beginning([deal, called])
        while shared in word_insides(called):
            shared -= 1
        rest = deal[shared:].lstrip(" -·的")
        if shared >= 2 and len(rest) > 2:
            return rest
    return deal


def beginning(names: Sequence[str]) -> int:
    """How many letters the names have in common at their start."""
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*names, strict=False)))


def numbered(lines: Iterable[str], first: int = 1) -> str:
    """The lines with their numbers, one below the other."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, first))


def page_of(page: int, size: int, count: int) -> str:
    """Where in a long list one is: 第 2/5 页; "" for a list of one page."""
    return f"第 {page + 1}/{-(-count // size)} 页" if count > size else ""
