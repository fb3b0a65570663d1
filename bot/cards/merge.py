"""One card out of several, for a sentence that asked for more than one thing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bot.cards.card import MAX_BUTTONS, Button, Card, Row
from bot.cards.together import together
from bot.commands import Undo, unpack

MAX_LEADING = 2  # buttons of the last card that stay before those of the earlier ones


def merge(cards: Sequence[Card]) -> Card:
    """The last card is the base; what the earlier ones say comes before, and what both say is said once."""
    if len(cards) == 1:
        return cards[0]
    if (each := together(cards)) is not None:
        return each
    base, earlier = cards[-1], cards[:-1]
    return msgspec.structs.replace(
        base,
        title=_title(cards),
        text="\n".join(card.text for card in cards if card.text),
        rows=_rows(cards),
        buttons=_buttons(base, [button for card in earlier for button in card.buttons]),
    )


def merge_partly(done: Sequence[Card], last: Card, *, asks: bool) -> Card:
    """What was done, and what comes of the rest of the sentence: a question, or why it was not done."""
    first = merge(done)
    if asks:
        about = first.rows[0].value if first.rows else ""
        told = f"{first.title}{f'（{about}）' if about else ''}。"
        return msgspec.structs.replace(last, text="\n".join(part for part in (told, last.text) if part))
    both = merge([first, last])
    return msgspec.structs.replace(both, title=first.title, view=last.view or first.view)


def _title(cards: Sequence[Card]) -> str:
    """已记录 · 拜访，推进到谈判: that it is a deal that was moved is plain from the rows."""
    first, *later = dict.fromkeys(card.title for card in cards)
    return "，".join((first, *(title.removeprefix("商机 · ") for title in later)))


def _rows(cards: Sequence[Card]) -> tuple[Row, ...]:
    """Each label once: as the last card has it, unless an earlier one says that and more (客户 with the person met)."""
    rows: dict[str, Row] = {}
    for row in (row for card in cards for row in card.rows):
        known = rows.get(row.label)
        if known is None or not known.value.startswith(row.value):
            rows[row.label] = row
    return tuple(rows.values())


def _buttons(base: Card, others: Sequence[Button]) -> tuple[Button, ...]:
    """The base's first, then the others', then what is left of the base's; 撤销 is always there, as the last."""
    leading = len(base.buttons) if _asks(base) else MAX_LEADING
    every = [*base.buttons[:leading], *others, *base.buttons[leading:]]
    once: dict[str, Button] = {}
    for button in every:
        once.setdefault(button.command, button)
    undo = [button for button in once.values() if isinstance(unpack(button.command), Undo)][:1]
    rest = [button for button in once.values() if not isinstance(unpack(button.command), Undo)]
    return _one_primary((*rest[: MAX_BUTTONS - len(undo)], *undo))


def _asks(card: Card) -> bool:
    """Whether the buttons are the answers to one question, as 什么原因？: they stay together."""
    kinds = [kind for button in card.buttons if (kind := type(unpack(button.command))) is not Undo]
    return len(kinds) > MAX_LEADING and len(set(kinds)) == 1


def _one_primary(buttons: Sequence[Button]) -> tuple[Button, ...]:
    """The first of those that stand out still does."""
    first = next((button for button in buttons if button.style == "primary"), None)
    return tuple(
        button if button is first or button.style != "primary" else msgspec.structs.replace(button, style="default")
        for button in buttons
    )
