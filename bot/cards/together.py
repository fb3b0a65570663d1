"""One card for what one sentence did with several customers: each with its own facts, each record one tap away."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.card import MAX_BUTTONS, Button, Card
from bot.cards.names import company_entry
from bot.cards.words import clip
from bot.commands import Command, ShowActivity, ShowFollowUp, Undo, pack, unpack

_KINDS = frozenset({"activity", "followup"})
_WHOSE = "客户"
_WHEN = "时间"
MAX_TOLD = 60


def together(cards: Sequence[Card]) -> Card | None:
    """The card of several records of one kind with different customers; None when they are something else."""
    kinds = {card.view.partition(":")[0] for card in cards}
    whose = [_value(card, _WHOSE) for card in cards]
    if len(kinds) > 1 or not kinds <= _KINDS or len(set(whose)) < len(cards) or not all(whose):
        return None
    kind = kinds.pop()
    undo = next((button for button in cards[-1].buttons if isinstance(unpack(button.command), Undo)), None)
    shown = (
        Button(company_entry(place, whose[place - 1].split(" · ")[0]), pack(_show(kind, card)))
        for place, card in enumerate(cards, 1)
    )
    return Card(
        title=f"{cards[0].title}（{len(cards)} 家）",
        text="\n".join(f"{place}. {whose[place - 1]}{_told(card)}" for place, card in enumerate(cards, 1)),
        buttons=(*tuple(shown)[: MAX_BUTTONS - 1], *((undo,) if undo else ())),
    )


def _show(kind: str, card: Card) -> Command:
    ident = int(card.view.partition(":")[2])
    return ShowActivity(activity=ident) if kind == "activity" else ShowFollowUp(followup=ident)


def _told(card: Card) -> str:
    planned = card.view.startswith("followup:")  # when something happened stands in its words
    when = _value(card, _WHEN) if planned else ""
    facts = " · ".join(
        part
        for part in (when, *(f"{row.label} {row.value}" for row in card.rows if row.label not in (_WHOSE, _WHEN)))
        if part
    )
    said, *notes = card.text.splitlines() or [""]
    return "".join(f"\n   {part}" for part in (clip(said, MAX_TOLD), facts, *notes) if part)


def _value(card: Card, label: str) -> str:
    return next((row.value for row in card.rows if row.label == label), "")
