"""What a sentence wants: cues in order, then whether something happened, is to be done, or neither."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.nlu import likeness
from bot.nlu import reading as r
from bot.nlu.cues import queries as question
from bot.nlu.cues import talk, tense
from bot.nlu.cues.common import COMMON_WORDS
from bot.nlu.cues.intents import CUES
from bot.nlu.lazy import lazily
from bot.nlu.mentions import MARKS, Spot
from bot.nlu.reading import Reading
from bot.nlu.text import MASK, fold
from bot.nlu.when import When

_COMPANY_MARKS = (MARKS["customer"], MARKS["contact"], MARKS["deal"])
DEAL_INTENTS = frozenset({"move_deal", "win_deal", "lose_deal", "pause_deal"})
# A cue of these is taken back only by words of its own clause.
_BY_CLAUSE = DEAL_INTENTS | {
    "tag_contact", "untag_contact", "assign_customer", "create_customer", "create_contact", "create_deal",
    "campaign_create",
}  # fmt: skip
QUERIES = frozenset({"query_customer", "query_deal", "query_todo", "query_funnel", "query_forecast", "query_ranking"})


# Rules that say little about what is wanted, and the intents that they tell better than likeness does.
_GUESSES = frozenset({
    "something happened", "something to be done", "a past time", "a plan", "news of a customer", "no cue", "to be done by then",
})  # fmt: skip
_TOLD_BY_TENSE = frozenset({"log_visit", "set_followup", "none", "help"})
_OF_NOBODY = frozenset({"search_knowledge", "query_funnel", "query_forecast", "query_ranking"})
_SURE = 0.5
_OF_A_FIRM = lazily(question.OF_A_FIRM)
_STAGE_CODE = lazily(question.STAGE_CODE)
_STAGE_NUMBER = lazily(question.STAGE_NUMBER)
# In a cue that shows an intent `.{0,9}` stays within a clause: what stands in the next one is another matter.
_WITHIN = lazily(r"(?<!\\)\.(?=[{*+])")


def _within(template: str) -> str:
    """The cue with each repeated `.` kept from crossing punctuation; `[^。]` says that it may."""
    return _WITHIN.sub("[^,，。;；!！?？\\n]", template)


# Behind a day to come: 跟谢灿确认…, and nothing done yet.
_WITH_SOMEBODY = r.pattern(tense.WITH_SOMEBODY)
_BY_THEN = r.pattern(tense.BY_THEN)
_CLAUSE_END = lazily(r"[,，。;；!！?？\n\s]")
_FIRST_CLAUSE = lazily(r"[^,，。;；!！?？\n]*(?=[,，。;；])")


class _Cues:
    """The cue table compiled for one list of stages."""

    def __init__(self, stages: tuple[str, ...]) -> None:
        self.table = [
            (c.intent, r.pattern(_within(c.shows), stages), r.pattern(c.unless, stages) if c.unless else None)
            for c in CUES
        ]
        said = {name: getattr(module, name) for module in (talk, tense) for name in vars(module) if name.isupper()}
        self.single = {name: r.pattern(template, stages) for name, template in said.items()}

    def has(self, name: str, text: str) -> bool:
        return bool(self.single[name].search(text))


@lru_cache(maxsize=64)
def _cues(stages: tuple[str, ...]) -> _Cues:
    return _Cues(stages)


def decide(reading: Reading) -> tuple[str, str]:
    """The intent and the rule that found it."""
    cues = _cues(stage_names(reading))
    skeleton = reading.skeleton
    if cues.has("SMALL_TALK", reading.folded) and _only_words(reading):
        return "none", "small talk in words that are names"
    if _nothing(cues, skeleton):
        head = _FIRST_CLAUSE.match(skeleton)
        others = skeleton.count(MARKS["deal"]) > 1
        done = others and head and not _nothing(cues, head.group()) and _of_a_deal(cues, head.group())
        return (done, "cue before what is not to be done") if done else ("none", "nothing to do")
    if (cues.has("HELP", skeleton) or cues.has("ABOUT_THE_BOT", skeleton)) and not _names_somebody(skeleton):
        return "help", "asks what the bot can do"
    for intent, shows, unless in cues.table:
        shown = shows.search(skeleton)
        if shown is None or (intent == "record_payment" and _only_ahead(reading)):
            continue
        where = _clauses(skeleton, shown) if intent in _BY_CLAUSE else skeleton
        if not (unless and unless.search(where)):
            return _named_better(intent, cues, skeleton, reading), "cue"
    return _by_likeness(cues, skeleton, *_by_tense(reading, cues))


def _by_likeness(cues: _Cues, skeleton: str, intent: str, rule: str) -> tuple[str, str]:
    """What the sentence is surely like, where nothing but its tense or a name speaks for a report, a plan or nothing."""
    if rule not in _GUESSES or (intent == "log_visit" and cues.has("MET", skeleton)):
        return intent, rule
    alike, sureness = likeness.most_like(skeleton)
    of_nobody = alike in _OF_NOBODY and _names_somebody(skeleton)
    if alike in _TOLD_BY_TENSE or sureness < _SURE or of_nobody:
        return intent, rule
    return alike, f"like others ({sureness:.2f})"


def _named_better(intent: str, cues: _Cues, skeleton: str, reading: Reading) -> str:
    """The intent by what else is said: a question about a deal of the customer, a stage that is a win (中标了), a delay they tell of."""
    if intent == "query_customer" and reading.found.deal is not None:
        return "query_deal"
    if intent == "pause_deal" and cues.has("PUT_OFF_BY_THEM", skeleton) and cues.has("SPOKEN", skeleton):
        return "log_visit"
    return "win_deal" if intent == "move_deal" and cues.has("WON_STAGE", skeleton) else intent


def _clauses(skeleton: str, shown: re.Match[str]) -> str:
    """The clauses in which a cue stands: what another one says (预算等下半年) takes nothing back."""
    start = max((at.end() for at in _CLAUSE_END.finditer(skeleton, 0, shown.start())), default=0)
    end = _CLAUSE_END.search(skeleton, shown.end())
    return skeleton[start : end.end() if end else len(skeleton)]


def _of_a_deal(cues: _Cues, clause: str) -> str:
    """What a clause says that happened to a deal: 沙拉酱可以试产了 (，代餐粉那个别动)."""
    found = (
        intent
        for intent, shows, unless in cues.table
        if shows.search(clause) and not (unless and unless.search(clause))
    )
    first = next(found, "")
    return first if first in DEAL_INTENTS else ""


def reported(reading: Reading) -> bool:
    """Whether the sentence tells what somebody of the customer said or how they were met."""
    return bool(reading.found.contacts) and _cues(stage_names(reading)).has("SPOKEN", reading.skeleton)


def _only_ahead(reading: Reading) -> bool:
    """Whether every time in the sentence is still to come: money expected is no payment."""
    return bool(reading.times) and all(
        when.tense == "future" or (when.bound and _to_come(reading, when)) for when in reading.times
    )


def stage_names(reading: Reading) -> tuple[str, ...]:
    """The folded names of the company's stages, also without their code (方案 of S3方案) and by the code alone (s3)."""
    names = [fold(name.text) for name in reading.lexicon.of_kind("stage")]
    codes = [code for name in names if (code := code_of(name))]
    return tuple(dict.fromkeys([*names, *map(without_code, names), *codes]))


def code_of(stage: str) -> str:
    """The letter and number before a stage's folded name (s3 of s3方案), "" where there is none."""
    match = _STAGE_NUMBER.match(stage)
    return match.group() if match else ""


def without_code(stage: str) -> str:
    """The folded name of a stage without the number before it and the percentage behind it; the name itself if that is all."""
    return _STAGE_CODE.sub("", stage) or stage


def _nothing(cues: _Cues, skeleton: str) -> bool:
    if (cues.has("SMALL_TALK", skeleton) or cues.has("NOTHING", skeleton)) and not _names_somebody(skeleton):
        return True
    if cues.has("RETRACT", skeleton) or cues.has("WISH", skeleton):
        return True
    return cues.has("NEGATED", skeleton) and not cues.has("NEGATED_UNLESS", skeleton)


def _names_somebody(skeleton: str) -> bool:
    return any(mark in skeleton for mark in _COMPANY_MARKS)


def _only_words(reading: Reading) -> bool:
    """Whether all that looks like a name goes on as a word of every day would (程序又崩了, 理想和现实)."""
    spots = [spot for spot in reading.found.spots if MARKS[spot.kind] in _COMPANY_MARKS]
    return bool(spots) and all(_is_word(reading, spot) for spot in spots)


def _is_word(reading: Reading, spot: Spot) -> bool:
    word, behind = reading.folded[slice(*spot.span)], reading.folded[spot.span[1] :]
    if word not in question.NAME_WORDS and word not in COMMON_WORDS:
        return False
    return spot.kind == "contact" or not (_OF_A_FIRM.match(behind) or reading.found.open_customers)


def _over(reading: Reading, when: When) -> bool:
    """Whether a part or clock time of today had passed when it was said (下午拜访腾讯, said at six)."""
    return (
        when.day == reading.now.date()
        and when.end is not None
        and bool(when.part or when.clock)
        and when.end <= reading.now
        and not when.bound
    )


def _still_ahead(reading: Reading, when: When) -> bool:
    """Whether a part of today or, where somebody is named, a day is still to come (今晚, said at noon; 大年初八)."""
    today, ahead = when.day == reading.now.date(), when.start is not None and when.start > reading.now
    return ahead and (today or _names_somebody(reading.skeleton))


def _to_come(reading: Reading, when: When) -> bool:
    """Whether the day is to come: said so, a deadline, or later than today."""
    later = when.day is not None and when.day > reading.now.date()
    return when.tense != "past" and (when.tense == "future" or bool(when.bound) or later)


def _by_tense(reading: Reading, cues: _Cues) -> tuple[str, str]:
    """A report, a plan, a person's telephone number, or nothing."""
    skeleton = reading.skeleton
    first = next(iter(reading.times), None)
    future = any(
        when.tense == "future"
        or when.bound
        or _still_ahead(reading, when)
        or (when.bare and when.tense == "")
        or when.clock
        for when in reading.times
    )
    spoken, past = cues.has("SPOKEN", skeleton), cues.has("PAST", skeleton)
    if reading.phones and not cues.has("MET", skeleton):
        return "create_contact", "a telephone number"
    if cues.has("REMIND_ME", skeleton) and not cues.has("MET", skeleton):
        return "set_followup", "to be reminded"
    deal = reading.found.deal is not None
    if cues.has("ASKED", skeleton) and not spoken and (deal or MARKS["customer"] in skeleton):
        return ("query_deal", "a question about a deal") if deal else ("query_customer", "a question about a customer")
    past_time = first is not None and first.tense == "past" and (first.day is not None or _names_somebody(skeleton))
    if first is not None and (past_time or _over(reading, first)):
        return "log_visit", "a past time"
    if first is not None and not spoken and _to_come(reading, first) and _WITH_SOMEBODY.match(skeleton, first.span[1]):
        return "set_followup", "somebody to be met"
    if first is not None and first.bound and _BY_THEN.match(skeleton, first.span[1]):
        return "set_followup", "to be done by then"
    if cues.has("PLANNED", skeleton) and not spoken:
        return "set_followup", "a plan"
    if not (spoken or past or reading.times or cues.has("REMIND", skeleton)) and _only_words(reading):
        return "none", "names that are words of every day"
    if spoken or past or cues.has("NEWS", skeleton) or (_names_somebody(skeleton) and cues.has("ENDED", skeleton)):
        return "log_visit", "something happened"
    if cues.has("REMIND", skeleton) or future:
        return "set_followup", "something to be done"
    if _names_somebody(skeleton) and len(re.sub(f"[{''.join(_COMPANY_MARKS)}{MASK}\\s]", "", skeleton)) >= 2:
        return "log_visit", "news of a customer"
    if _names_somebody(skeleton):
        return "query_customer", "a name alone"
    return "none", "no cue"
