"""The table of everything the bot can do: each noun's file brings its handlers, views and platform results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.cards.card import Card
from bot.commands import Command
from bot.context import Context
from bot.handlers import (
    activities,
    assistant,
    channels,
    contacts,
    contracts,
    customers,
    deal_facts,
    dealing,
    deals,
    doubles,
    external,
    figures,
    followups,
    forecasts,
    handovers,
    help,
    idle,
    leads,
    marketing,
    people,
    pool,
    pushes,
    reminding,
    reports,
    roll_call,
    tags,
    undo,
)

_NOUNS = (
    activities,
    assistant,
    channels,
    contacts,
    contracts,
    customers,
    deal_facts,
    dealing,
    deals,
    doubles,
    external,
    figures,
    followups,
    forecasts,
    handovers,
    help,
    idle,
    leads,
    marketing,
    people,
    pool,
    pushes,
    reminding,
    reports,
    roll_call,
    tags,
    undo,
)


def _merged(name: str, modules: Iterable[Any]) -> dict[Any, Any]:
    """One table out of the modules' own; a key claimed twice is a mistake found at import."""
    table: dict[Any, Any] = {}
    for module in modules:
        for key, value in getattr(module, name, {}).items():
            if key in table:
                raise TypeError(f"{name}: {key} is claimed twice")
            table[key] = value
    return table


HANDLERS: Mapping[type[Command], Callable[[Any, Context], Card]] = _merged("HANDLERS", _NOUNS)
VIEWS: Mapping[str, Callable[[Context, str], Card]] = _merged("VIEWS", _NOUNS)
EVENTS: Mapping[type[Any], Callable[[Any, Context], None]] = _merged("EVENTS", _NOUNS)
RESULTS: Mapping[str, Callable[[Context, Mapping[str, Any], Mapping[str, Any]], None]] = _merged("RESULTS", _NOUNS)
FAILURES: Mapping[str, Callable[[Context, Mapping[str, Any], str], None]] = _merged("FAILURES", _NOUNS)
