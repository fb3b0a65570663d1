"""How what is known of a deal reads on cards: facts and what is missing, people and the part they play."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.clock import Clock
from bot.cards.words import clip
from scrm.deals import Seen
from scrm.models import Contact, DealContact

FACT_NAMES = {
    "amount": "金额",
    "close": "预计签约日",
    "product": "产品",
    "competitor": "竞品",
    "decision_maker": "决策人",
}
# What a rep may answer: clauses that work together in one sentence.
_ANSWERS = {
    "amount": "金额80万", "close": "预计下月底签约", "product": "产品是MES", "competitor": "竞品是用友", "decision_maker": "决策人是张总",
}  # fmt: skip
ROLES = {"decision_maker": "决策人", "influencer": "影响人", "user": "使用人", "gatekeeper": "把关人", "coach": "内线"}
ATTITUDES = {"for": "支持", "neutral": "中立", "against": "反对"}
INFLUENCES = {"high": "影响力高", "medium": "影响力中等", "low": "影响力低"}
SHOWN = 34


def fact_names(facts: Sequence[str]) -> str:
    """金额、决策人."""
    return "、".join(FACT_NAMES.get(fact, fact) for fact in facts)


def answer_to(facts: Sequence[str]) -> str:
    """A sentence that would give all of these facts."""
    said = [_ANSWERS[fact] for fact in facts if fact in _ANSWERS]
    if said == [_ANSWERS["amount"]]:
        return "金额改成80万"  # alone, a sum puts right the last record
    return "，".join(said)


def ask_for(missing: Sequence[str]) -> str:
    """What is missing, and how to say it in one go; "" when nothing is."""
    return f"还差{fact_names(missing)}，一句话补上就行，比如：\n· {answer_to(missing)}" if missing else ""


def person(contact: Contact, part: DealContact) -> str:
    """张伟（决策人，支持）."""
    inside = "，".join(
        word for word in (ROLES.get(part.role), ATTITUDES.get(part.attitude), INFLUENCES.get(part.influence)) if word
    )
    return f"{contact.name}（{inside}）" if inside else contact.name


def known_rows(seen: Seen, clock: Clock) -> tuple[tuple[str, str | None], ...]:
    """The rows of what is known beside stage and amount."""
    deal, known = seen.deal, seen.known
    due = deal.expected_close_on
    people = "、".join(person(who, part) for who, part in known.people)
    return (
        ("预计签约", clock.day(due) + ("（已过）" if due < clock.today else "") if due is not None else None),
        ("决策链", clip(people, SHOWN)),
        ("产品", clip("、".join(known.products), SHOWN)),
        ("竞品", clip("、".join(known.competitors), SHOWN)),
    )
