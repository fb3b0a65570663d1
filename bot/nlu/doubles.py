"""信用代码 that is said of a customer or of a new one, and 合并客户 A 和 B, read from the whole text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from msgspec import structs

from bot.nlu import dealing
from bot.nlu.cues import doubles as cue
from bot.nlu.frame import Frame, Mention, Scope
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Lexicon
from bot.nlu.text import MAX_TEXT

MAX_WORDS = 120
_CODE, _PHONE, _LEAD, _TAIL = lazily(cue.CREDIT_CODE), lazily(cue.PHONE), lazily(cue.LEAD), lazily(cue.TAIL)
_MERGE, _INTO, _AND = [lazily(pattern) for pattern in cue.MERGE], lazily(cue.INTO), lazily(cue.AND)


def match(text: str, read: Callable[[str], Frame], lexicon: Lexicon, scope: Scope) -> Frame | None:
    """The frame of a merge, or of a sentence with a credit code of a known or a new customer; None for all others.

    `read` understands what is left of a sentence without code and phone.
    """
    if len(text) > MAX_TEXT:
        return None
    merged = merge(text, lexicon, scope)
    if merged is not None:
        return merged
    code, plain, somebodys = code_apart(text)
    phone, without = phone_apart(plain)
    if not (code or phone):
        return None
    made = read(without)
    if made.intent == "create_customer" and not (phone and made.contacts):
        return structs.replace(made, text=text, note=text.strip(), details={"code": code, "phone": phone})
    if code and phone:  # the phone is a contact's
        made = read(plain)
        if made.intent == "create_customer":
            return structs.replace(made, text=text, note=text.strip(), details={"code": code})
    return coded(text, code, plain, somebodys, lexicon, scope) if code else None


def code_apart(text: str) -> tuple[str, str, bool]:
    """The credit code said, the text without it, and whether it is said as somebody's (X的信用代码)."""
    found = _CODE.search(text)
    if found is None:
        return "", text, False
    code = unicodedata.normalize("NFKC", found["code"]).strip()
    return code, f"{text[: found.start()]}{text[found.end() :]}", bool(found["of"] or found["amends"])


def phone_apart(text: str) -> tuple[str, str]:
    """The phone of a company that is said, and the text without it."""
    found = _PHONE.search(text)
    if found is None or cue.CONTACT in text:  # else it is that person's
        return "", text
    return unicodedata.normalize("NFKC", found["phone"]).strip(), f"{text[: found.start()]}{text[found.end() :]}"


def coded(text: str, code: str, rest: str, somebodys: bool, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """The frame of a credit code that is said of one customer, or of the one last spoken of; None if more is said."""
    about = _TAIL.sub("", _LEAD.sub("", rest))
    if not about:
        return Frame("credit_code", text, code=code, note=text.strip())
    meant = dealing.known(about, text.find(about), ("customer",), lexicon, scope)
    if not meant and not (somebodys and 2 <= len(about) <= 40 and not re.search(r"[,，。;；\s]", about)):
        return None
    customer = meant.get("customer") or Mention(about, None, about, (0, 0))
    return Frame("credit_code", text, customer=customer, code=code, note=text.strip())


def merge(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """The frame of 合并客户 A 和 B: `customer` and `details["other"]`; with 并入, the other one's name stays."""
    if len(text) > MAX_WORDS:
        return None
    for pattern in _MERGE:
        found = pattern.match(text)
        if found is None or not (text.startswith(cue.MERGING) or found.groupdict().get("verb", "")):
            continue
        pairs = [(_mention(one, lexicon, scope), _mention(other, lexicon, scope)) for one, other in _splits(found)]
        known = [pair for pair in pairs if pair[0].ref is not None and pair[1].ref is not None]
        if not known and cue.CUSTOMER not in text:
            continue  # other things are merged too: 把方案和报价合并
        first, second = (known or pairs)[0]
        into = second if _INTO.search(found.group()) else None
        return Frame("merge", text, customer=first, details={"other": second, "keeps": into}, note=text.strip())
    return None


def _splits(found: re.Match[str]) -> list[tuple[str, str]]:
    """The two names as the pattern parts them, and as they would be parted at each 和: 和记黄埔 has one in it."""
    first, second = found["first"].strip(), found["second"].strip()
    made = [(first, second)]
    start, end = found.span("first")[0], found.span("second")[1]
    for joint in _AND.finditer(found.string, start, end):
        parts = found.string[start : joint.start()].strip(), found.string[joint.end() : end].strip()
        if all(parts) and parts not in made:
            made.append(parts)
    return made


def _mention(words: str, lexicon: Lexicon, scope: Scope) -> Mention:
    meant = dealing.known(words, 0, ("customer",), lexicon, scope)
    return meant.get("customer") or Mention(words, None, words, (0, 0))
