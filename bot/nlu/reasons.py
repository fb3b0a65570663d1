"""Why something became of a deal: behind 因为, or in a clause of its own beside the one that says what became of it."""

from __future__ import annotations

import re

from bot.nlu.cues import reasons as cue
from bot.nlu.cues import slots as slot_cue
from bot.nlu.lazy import lazily
from bot.nlu.reading import Reading

_SAID = lazily(slot_cue.LOST_REASON)
_CLAUSE, _LEAD = lazily(cue.CLAUSE), lazily(cue.LEAD)
_ACTS = {intent: lazily(pattern) for intent, pattern in cue.ACTS.items()}
_REASON, _NOT_ONE = lazily(cue.REASON), lazily(cue.NOT_ONE)


def reason(reading: Reading, intent: str) -> str:
    """Why a deal was lost, paused or moved, as said; "" when nothing says so."""
    said = _SAID.search(reading.folded)
    if said:
        return reading.words(*said.span("x"))
    act = _ACTS.get(intent)
    clauses = list(_CLAUSE.finditer(reading.folded))
    at = next((place for place, clause in enumerate(clauses) if act and act.search(clause.group())), None)
    if at is None:
        return ""
    behind = _run(clauses[at + 1 :])
    found = behind or _run(clauses[:at][::-1])[::-1]
    if not found:
        return ""
    start, end = found[0].start(), found[-1].end()
    lead = _LEAD.match(reading.folded[start:end].lstrip())
    words = reading.words(start, end)
    return words[lead.end() :].strip() or words if lead else words


def _run(clauses: list[re.Match[str]]) -> list[re.Match[str]]:
    """The clauses from the first on that give a reason."""
    found = []
    for clause in clauses:
        if not _REASON.search(clause.group()) or _NOT_ONE.search(clause.group()):
            break
        found.append(clause)
    return found
