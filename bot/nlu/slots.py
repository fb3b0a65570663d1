"""The facts of a sentence, slot by slot, each from its own cue; which of them an intent has is in `understand`."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.nlu import mentions, numbers
from bot.nlu import reading as r
from bot.nlu.cues import names, numerals
from bot.nlu.cues import slots as cue
from bot.nlu.frame import Mention, Name
from bot.nlu.intents import code_of, stage_names, without_code
from bot.nlu.lazy import lazily
from bot.nlu.numerals import Quantity
from bot.nlu.reading import Reading, dialled
from bot.nlu.text import MASK, fold, masked

_MARKED = lazily(f"[\ue000-\ue00f]{MASK}*")
_KINDS = [(kind, r.pattern(shows)) for kind, shows in cue.VISIT_KINDS]
_TAGS = [r.pattern(shows) for shows in cue.TAGS]
_TAG_SPLIT, _TAG_NOISE = lazily(cue.TAG_SPLIT), lazily(cue.TAG_NOISE)
_TITLE, _TITLE_LEAD = lazily(cue.TITLE), lazily(cue.TITLE_LEAD)
_NAMED_PERSON, _SUCCESSOR = r.pattern(cue.NAMED_PERSON), r.pattern(cue.SUCCESSOR)
_NEW_PERSONS = [
    r.pattern(cue.NEW_PERSON),
    lazily(cue.TITLED_PERSON),
    r.pattern(cue.PERSON_OF.format(surnames=names.SURNAMES, titles="|".join(names.TITLES))),
    lazily(cue.PERSON_ALONE.format(surnames=names.SURNAMES)),
]
_INTRODUCED = lazily(cue.INTRODUCED)
_BEHIND_TITLE = lazily(cue.BEHIND_TITLE)
_EVENT, _EVENT_LEAD, _EVENT_GENERIC = lazily(cue.EVENT), lazily(cue.EVENT_LEAD), lazily(cue.EVENT_GENERIC)
_PLACE_IN = lazily(cue.PLACE_IN)
_CITY = lazily("|".join(sorted((place for place in names.PLACES if len(place) >= 2), key=len, reverse=True)))
_CHECKIN_CUE, _CHECKIN_LEAD, _CHECKIN_TAIL = (
    lazily(shows, re.IGNORECASE) for shows in (cue.CHECKIN_CUE, cue.CHECKIN_LEAD, cue.CHECKIN_TAIL)
)
_DEAL_HEAD = r.pattern(cue.DEAL_HEAD)
_DEAL_NAMED, _DEAL_NAME_TAIL = lazily(cue.DEAL_NAMED), lazily(cue.DEAL_NAME_TAIL)
_SET_OFF = lazily(cue.SET_OFF)
_ASSIGNEE_AFTER, _ASSIGNEE_BEFORE, _TO_ME = (
    r.pattern(cue.ASSIGNEE_AFTER),
    r.pattern(cue.ASSIGNEE_BEFORE),
    r.pattern(cue.TO_ME),
)
_FILLER = lazily(cue.FILLER_TOKENS)
LEAST_BARE_SUM = 10_000  # a smaller number without a unit counts pieces
MAX_OPTIONS = 30
LEAST_SUM_BESIDE = 1_000
_CORRECTED = lazily(cue.CORRECTED)
_SUM, _NOT_SUM, _UNIT_PRICE, _TOTAL, _PRICE_GAP = (
    lazily(shows) for shows in (cue.SUM, cue.NOT_SUM, cue.UNIT_PRICE, cue.TOTAL, cue.PRICE_GAP)
)
_BUDGET_COUNTED, _PAID = lazily(cue.BUDGET_COUNTED), lazily(cue.PAID)
_BUDGET = lazily(numerals.BUDGET_BEFORE)


def visit_kind_at(skeleton: str) -> re.Match[str] | None:
    """The words that say how the contact took place."""
    return next((found for _, shows in _KINDS if (found := shows.search(skeleton))), None)


def visit_kind(skeleton: str) -> str:
    """How the contact took place, if the (part of the) skeleton says so."""
    return next((kind for kind, shows in _KINDS if shows.search(skeleton)), "")


def amount(reading: Reading, *, of_deal: bool = False) -> Quantity | None:
    """The sum that belongs to the act: a payment, contract or quote before a budget; `of_deal` also takes 40个 for one."""
    sums = [q for q in reading.amounts if not _NOT_SUM.match(reading.folded, q.span[0]) and not _counted(reading, q)]
    sums = [q for q in sums if q.span[0] >= corrected_at(reading)] or sums
    sums = [q for q in sums if not _PRICE_GAP.search(_before(reading, q, 4))]
    if len(sums) > 1:
        if any(q.value >= LEAST_BARE_SUM for q in sums):  # 加20块, of things, beside what it costs
            sums = [q for q in sums if q.value >= LEAST_SUM_BESIDE]
        acts = [q for q in sums if not _BUDGET.search(_before(reading, q, 6))]
        sums = acts or sums
        sums = [q for q in sums if not _UNIT_PRICE.search(_before(reading, q, 6))] or sums
        sums = [q for q in sums if _TOTAL.search(_before(reading, q, 12))] or sums
    sure = next((q for q in sums if _SUM.search(reading.folded[slice(*q.span)])), None)
    bare = next((q for q in sums if q.value >= LEAST_BARE_SUM or _priced(reading, q)), None)
    slang = of_deal or _BUDGET_COUNTED.search(reading.named)
    return sure or bare or (numbers.counted(reading.named) if slang else None)


def _before(reading: Reading, number: Quantity, letters: int) -> str:
    """So many letters of the skeleton before the number."""
    return reading.skeleton[max(0, number.span[0] - letters) : number.span[0]]


def corrected_at(reading: Reading) -> int:
    """Where what was said first is taken back (不对, 是…); 0 if nothing is."""
    return next((at.end() for at in reversed(list(_CORRECTED.finditer(reading.folded)))), 0)


def _priced(reading: Reading, number: Quantity) -> bool:
    """Whether the number stands where a price (一间3800) or a payment (尾款8600) does."""
    before = _before(reading, number, 6)
    return bool(_UNIT_PRICE.search(before)) or (number.value >= LEAST_SUM_BESIDE and bool(_PAID.search(before)))


def _counted(reading: Reading, number: Quantity) -> bool:
    """Whether the number counts pieces: a small one (三百个车位), or any of what is never said for money (200万枚)."""
    behind = reading.folded[number.span[1] : number.span[1] + 1]
    return behind in cue.PIECES and (number.value < LEAST_BARE_SUM or behind in cue.NEVER_SUMS)


def tags(reading: Reading) -> tuple[str, ...]:
    """The tags named, as written."""
    for pattern in _TAGS:
        match = pattern.search(reading.skeleton)
        if not match:
            continue
        start, end = match.span("x")
        pieces = [_TAG_NOISE.sub("", piece) for piece in _TAG_SPLIT.split(reading.text[start:end])]
        found = tuple(dict.fromkeys(piece for piece in pieces if piece and piece not in cue.NO_TAGS))
        if found:
            return found
    return ()


def title(reading: Reading) -> str:
    """The position of a person, as written."""
    best = ""
    for match in _TITLE.finditer(reading.skeleton):
        start, end = match.span("x")
        lead = _TITLE_LEAD.match(reading.skeleton[start:end])
        word = reading.text[start + (lead.end() if lead else 0) : end].strip()
        if word:
            best = word
    return best


def named_person(reading: Reading) -> Mention | None:
    """A person introduced by name (叫段誉, 接替他的是冷暖), as written."""
    match = _NAMED_PERSON.search(reading.skeleton)
    if match is None:
        return None
    tail = _BEHIND_TITLE.match(match["x"])
    return _spoken(reading, match.start("x") + (tail.start("x") if tail else 0), match.end("x"))


def introduced(reading: Reading) -> Mention | None:
    """The person named along with a new customer (联系人张三)."""
    match = _INTRODUCED.search(reading.named)
    return _spoken(reading, *match.span("x")) if match else None


def successor(reading: Reading) -> Mention | None:
    """The known or titled person who takes another's place (接替的是罗工)."""
    match = _SUCCESSOR.search(reading.skeleton)
    if not match:
        return None
    start = match.start(match.lastgroup or 0)
    return next((person for person in reading.found.contacts if person.span[0] == start), None)


def new_person(reading: Reading) -> Mention | None:
    """A person who is not known yet, as written."""
    texts = (reading.named, reading.skeleton) if reading.times else (reading.skeleton,)  # 沈六一 holds a festival
    for match in (found for pattern in _NEW_PERSONS for text in texts for found in pattern.finditer(text)):
        spoken = reading.text[slice(*match.span("x"))].strip()
        tail = _BEHIND_TITLE.match(spoken)
        if tail:
            return _spoken(reading, match.start("x") + tail.start("x"), match.end("x"))
        if spoken and not _TITLE.fullmatch(match["x"].strip()):
            return Mention(spoken, None, spoken, match.span("x"))
    return None


def assignee(reading: Reading) -> Mention | None:
    """To whom a customer goes: a member, or the speaker as `me`."""
    after = [match.end() for match in _ASSIGNEE_AFTER.finditer(reading.skeleton)]
    members, customer = reading.found.members, reading.found.customer
    behind = [member for member in members if customer is not None and member.span[0] >= customer.span[1]]
    for member in (*behind, *reversed(members)):  # 一点点交给苗圃，乐凯撒交给白露: each to whom is named next
        if member.span[1] in after or _ASSIGNEE_BEFORE.match(reading.skeleton, member.span[0]):
            return member
    to_me = _TO_ME.search(reading.skeleton)
    if to_me:
        return Mention(reading.text[slice(*to_me.span())], reading.scope.me, "me", to_me.span())
    return reading.found.members[-1] if reading.found.members else None


@lru_cache(maxsize=64)
def _stage_patterns(stages: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(r.pattern(template, stages) for template in (cue.STAGE_TARGET, cue.STAGE_ANY, cue.STAGE_OF_QUERY))


def target_stage(reading: Reading) -> Mention | None:
    """The stage a deal moves to: the last one behind 推到, 进入…, else the last one named."""
    target, anywhere, _ = _stage_patterns(stage_names(reading))
    right = corrected_at(reading)  # 挪到方案报价 哎不对 是签约
    found = [match for match in anywhere.finditer(reading.skeleton) if match.start() >= right > 0]
    found = found or list(target.finditer(reading.skeleton)) or list(anywhere.finditer(reading.skeleton))
    return _stage(reading, found[-1].span("stage")) if found else None


def queried_stage(reading: Reading) -> Mention | None:
    """The stage a question is about."""
    of_query = _stage_patterns(stage_names(reading))[2]
    match = of_query.search(reading.skeleton)
    return _stage(reading, match.span("stage") if match["stage"] else match.span("stage2")) if match else None


def _stage(reading: Reading, span: tuple[int, int]) -> Mention | None:
    spoken = reading.folded[slice(*span)]
    name = stage_called(reading, spoken)
    return Mention(reading.text[slice(*span)], name.ref, name.text, span) if name else None


def stage_called(reading: Reading, spoken: str) -> Name | None:
    """The stage with this folded name, with or without its code, or its code alone."""
    stages = [(name, fold(name.text)) for name in reading.lexicon.of_kind("stage")]
    exact = next((name for name, folded in stages if folded == spoken), None)
    return exact or next((name for name, folded in stages if spoken in (without_code(folded), code_of(folded))), None)


def deals_in_stage(reading: Reading) -> tuple[Mention, ...]:
    """The open deals in the stage by which a deal is meant (商务阶段那单)."""
    match = _in_stage(stage_names(reading)).search(reading.skeleton)
    stage = _stage(reading, match.span("stage")) if match else None
    if stage is None or match is None:
        return ()
    return tuple(
        Mention(reading.words(*match.span()), name.ref, name.text, match.span())
        for name in reading.lexicon.of_kind("deal")
        if name.open and name.stage == stage.name and reading.scope.sees("deal", name.ref)
    )[:MAX_OPTIONS]


@lru_cache(maxsize=64)
def _in_stage(stages: tuple[str, ...]) -> re.Pattern[str]:
    return r.pattern(cue.DEAL_IN_STAGE, stages)


def lead_stage(reading: Reading) -> Mention | None:
    """The stage a new deal begins in when it is called a lead and there is such a stage."""
    for word in cue.LEAD_STAGE:
        start = reading.skeleton.find(word)
        name = stage_called(reading, cue.LEAD_STAGE[-1]) if start >= 0 else None
        if name:
            return Mention(reading.text[start : start + len(word)], name.ref, name.text, (start, start + len(word)))
    return None


@lru_cache(maxsize=64)
def _deal_noise(stages: tuple[str, ...]) -> re.Pattern[str]:
    return r.pattern(cue.DEAL_NAME_NOISE, stages)


def named_deal(reading: Reading) -> Mention | None:
    """The name behind 新商机, as written: 宏图精密 新商机 宏图MES 80万; a customer set off by a blank before it is no part of it."""
    plain = masked(reading.folded, [(sum_.span, r.AMOUNT) for sum_ in reading.amounts])
    plain = masked(plain, [(when.span, r.TIME) for when in reading.times if when.span[0] > 0])
    match = _DEAL_NAMED.search(plain)
    if not match:
        return None
    start, end = match.span("x")
    owner = reading.found.customer
    if owner is not None and owner.span[0] == start and (apart := _SET_OFF.match(reading.text, owner.span[1])):
        start = apart.end()
    tail = _DEAL_NAME_TAIL.search(plain[start:end])
    return _spoken(reading, start, start + tail.start() if tail else end)


def _spoken(reading: Reading, start: int, end: int) -> Mention | None:
    words = reading.text[start:end]
    start += len(words) - len(words.lstrip())
    words = words.strip()
    return Mention(words, None, words, (start, start + len(words))) if words else None


def _unless_deal(reading: Reading, match: re.Match[str]) -> str:
    """What stands for a name when a new deal's name is sought: nothing, but the words of a deal, for the new one may go on (二期)."""
    if match.group()[0] == mentions.MARKS["deal"]:
        return reading.folded[slice(*match.span())]
    return "\n" * len(match.group())


def new_deal(reading: Reading) -> Mention | None:
    """The name of a new deal: what is left when names, sums, times and the words of creating are taken out."""
    named = named_deal(reading)
    if named is not None:
        return named
    noise = _deal_noise(stage_names(reading))
    kept = _MARKED.sub(lambda match: _unless_deal(reading, match), reading.skeleton)
    kept = noise.sub(lambda match: "\n" * len(match.group()), kept)
    deal = reading.found.deal
    pieces = [
        match
        for match in re.finditer(r"[^\n,，。;；:：!！?？]+", kept)
        if not _FILLER.match(match.group().strip()) and match.group().strip()
    ]
    if not pieces:
        return deal
    longest = max(pieces, key=lambda match: len(match.group().strip()))
    start, end = longest.span()
    return _spoken(reading, start + longest.group().startswith(cue.OF), end)


def deal_head(reading: Reading) -> Mention | None:
    """A deal that is not known, as written at the head of what happened to it: 数控产线 推进到谈判."""
    match = _DEAL_HEAD.match(reading.skeleton)
    return (
        Mention(reading.text[slice(*match.span("x"))], None, reading.text[slice(*match.span("x"))], match.span("x"))
        if match
        else None
    )


def place(reading: Reading) -> str:
    """Where: the words of a check-in without its cue, or where an event is held."""
    match = _PLACE_IN.search(reading.folded) or _CITY.search(reading.folded)
    return reading.text[slice(*(match.span("x") if "x" in match.groupdict() else match.span()))] if match else ""


def checkin_place(reading: Reading) -> str:
    """The place of a check-in: everything that is not the act itself."""
    kept = "".join(
        char
        for index, char in enumerate(reading.text)
        if not any(w.span[0] <= index < w.span[1] for w in reading.times)
    )
    cue_at = _CHECKIN_CUE.search(kept)
    pieces = (kept[: cue_at.start()], kept[cue_at.end() :]) if cue_at else (kept,)
    places = (_CHECKIN_TAIL.sub("", _CHECKIN_LEAD.sub("", piece)) for piece in pieces)
    return next((place for place in places if place), "")


def campaign(reading: Reading) -> str:
    """The name of an event."""
    best = ""
    timeless = reading.skeleton
    for when in reading.times:
        timeless = timeless[: when.span[0]] + "\n" * (when.span[1] - when.span[0]) + timeless[when.span[1] :]
    for match in _EVENT.finditer(timeless):
        start, end = match.span("x")
        lead = _EVENT_LEAD.match(reading.skeleton[start:end])
        word = reading.text[start + (lead.end() if lead else 0) : end].strip()
        if word and not _EVENT_GENERIC.match(word) and len(word) > len(best):
            best = word
    return best


def phone(reading: Reading) -> str:
    """The telephone number as digits."""
    return numbers.phone_digits(dialled(reading.folded)) if reading.phones else ""
