"""Tags that the words of a note set by themselves: modest, and never on a word that is denied, asked or only supposed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from bot.nlu.lazy import lazily
from bot.nlu.text import clean, fold
from bot.nlu.words import edges

# What sets a tag while the company has no words of its own for it (`Tag.words`).
AUTO_TAGS: dict[str, tuple[str, ...]] = {
    "高意向": (
        "意向强", "意向很强", "意向高", "意向很高", "意向明确", "有意向", "很感兴趣", "非常感兴趣", "特别感兴趣", "很有兴趣", "想买", "想尽快",
        "尽快签", "尽快落地", "急着用", "急着上", "要下单", "准备下单", "准备签",
    ),
    "价格敏感": ("太贵", "偏贵", "嫌贵", "有点贵", "价格高了", "价格偏高", "便宜点", "便宜一点", "便宜些", "打折", "压价", "砍价", "还价", "比价"),
    "有竞品": ("竞品", "竞争对手", "友商"),
}  # fmt: skip

_CLAUSES = lazily(r"[，,。.；;！!\n、：:]|但是|但|不过|然而|只是|可是")
_ASKED = lazily(r"[?？]|[吗嘛么]$")
# A denial reaches over at most a few characters: 没有说太贵, 不是很感兴趣, 谈不上有意向.
_DENIED = lazily(r"(?:没有?|未|无|不|别|勿|非|谈不上|算不上|说不上|缺乏|毫无|哪有|拒绝|禁止)[^，。]{0,4}$")
_SUPPOSED = lazily(
    r"(?:如果|假如|要是|若是|万一|除非|一旦|是否|是不是|会不会|有没有|能不能|可能|也许|或许|不知道|不确定|不清楚)[^，。]*$"
)
_NOT_A_DENIAL = lazily(r"不错|不少|不仅|不但|不光|不只|没问题|不小|不得不|没得说")


def affirmed(text: str, words: Iterable[str]) -> tuple[str, ...]:
    """Which of the words the text says, in a clause that does not deny, ask or suppose them."""
    folded = fold(clean(text))
    said = [word for word in words if word and _folded(word) in folded]
    clauses = _split(folded) if said else []
    return tuple(word for word in said if any(_says(clause, _folded(word)) for clause in clauses))


_folded = lru_cache(4096)(fold)  # the words of tags are few, and looked for in every note


def _split(text: str) -> list[str]:
    """Clauses; a question mark stays with its clause."""
    marked = re.sub(r"([?？])", r"\1，", text)
    return [clause.strip() for clause in _CLAUSES.split(marked) if clause.strip()]


def _says(clause: str, word: str) -> bool:
    if _ASKED.search(clause):
        return False
    plain = _NOT_A_DENIAL.sub("〇", clause)
    for match in re.finditer(re.escape(word), plain):
        before = plain[: match.start()]
        if not edges(plain) >= {match.start(), match.end()}:
            continue  # 出海 in 走出海关 is no word
        if not _DENIED.search(before) and not _SUPPOSED.search(before):
            return True
    return False
