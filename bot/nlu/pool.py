"""What is said about the public pool, read from the whole text: the names in it are not in the speaker's sight."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.nlu import dealing
from bot.nlu.cues import pool as cue
from bot.nlu.frame import Frame, Mention, Scope
from bot.nlu.lazy import lazily
from bot.nlu.lexicon import Lexicon
from bot.nlu.numerals import value_of
from bot.nlu.quiet import MAX_WORDS, member_in

_CLAIM, _RELEASE, _GIVE_UP, _ASSIGN = (lazily(shows) for shows in (cue.CLAIM, cue.RELEASE, cue.GIVE_UP, cue.ASSIGN))
_RULE = lazily(cue.RULE)
_LIMITS = {
    "per_day": lazily(cue.PER_DAY), "holds": lazily(cue.HOLDS), "cooldown": lazily(cue.COOLDOWN)
}  # fmt: skip


def match(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """The frame of a text that is wholly one of these; None if it is none."""
    if len(text) > MAX_WORDS:
        return None
    found = (read(text, lexicon, scope) for read in (_rule, _released, _assigned, _claimed))
    return next((frame for frame in found if frame is not None), None)


def _claimed(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """领取宏图精密. 认领 of a customer in sight that is not said to be in the pool is a hand-over."""
    said = _CLAIM.match(text)
    if said is None:
        return None
    customer = _customer(said, lexicon, scope)
    if customer.ref is not None and said["own"] and cue.POOL not in text:
        return None
    return Frame("claim_pooled", text, customer=customer)


def _released(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """宏图精密放回公海，预算没了; 放弃宏图精密."""
    said = _RELEASE.match(text)
    if said is not None:
        return Frame(
            "release_customer", text, customer=_customer(said, lexicon, scope), lost_reason=(said["reason"] or "").strip()
        )  # fmt: skip
    said = _GIVE_UP.match(text)
    customer = _customer(said, lexicon, scope) if said is not None else None
    if customer is None or customer.ref is None:
        return None
    return Frame("release_customer", text, customer=customer)


def _assigned(text: str, lexicon: Lexicon, scope: Scope) -> Frame | None:
    """把公海里的宏图精密分配给王磊; without 公海 only what is not in sight."""
    said = _ASSIGN.match(text)
    if said is None or not (said["from"] or said["verb"] in cue.ASSIGNING):
        return None
    to, customer = member_in(said["who"], lexicon, scope), _customer(said, lexicon, scope)
    if to is None or (customer.ref is not None and not said["from"]):
        return None
    return Frame("assign_pooled", text, customer=customer, assignee=to)


def _customer(said: Mapping[str, str] | re.Match[str], lexicon: Lexicon, scope: Scope) -> Mention:
    words = said["x"].strip()
    known = dealing.known(words, 0, ("customer",), lexicon, scope).get("customer")
    return known or Mention(words, None, words, (0, 0))


def _rule(text: str, _: Lexicon, __: Scope) -> Frame | None:
    """公海规则 每人每天最多领5个，最多持有100个，冷却7天."""
    if not _RULE.match(text):
        return None
    found = {name: match for name, shows in _LIMITS.items() if (match := shows.search(text))}
    numbers = {name: _number(match) for name, match in found.items()}
    return Frame("pool_rule", text, details=numbers) if numbers else None


def _number(said: re.Match[str]) -> int:
    words = next(word for word in said.groups() if word)
    return 0 if words == cue.NO_LIMIT else int(value_of(words) or 0)
