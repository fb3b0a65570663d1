"""How many reminders come a day, and what was held back, in chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot import commands as c
from bot import pushes
from bot.cards import pushes as cards
from bot.cards.card import Card
from bot.context import Context
from scrm import members


def limit_pushes(command: c.LimitPushes, context: Context) -> Card:
    """每天最多提醒我10条; without a number, what holds."""
    me = context.actor.member_id or 0
    if command.most is None:
        own = members.pushes_a_day(context.session, me)
        return cards.limit_card(context.settings.pushes_a_day if own is None else own)
    members.limit_pushes(context.session, me, command.most)
    return cards.limit_card(command.most, context.turn)


def show_held(command: c.ShowHeld, context: Context) -> Card:
    """合并的提醒."""
    me = context.actor.member_id or 0
    found, count = pushes.summed_up(context.session, me, command.after, cards.MOST_LINES)
    if not found:
        return cards.nothing_held_card()
    return cards.summary_card([(one.id, one.card.title) for one in found], count)


def show_held_push(command: c.ShowHeldPush, context: Context) -> Card:
    """One of them as it would have come."""
    return pushes.summed_card(context.session, context.actor.member_id or 0, command.push) or cards.gone_card()


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.LimitPushes: limit_pushes,
    c.ShowHeld: show_held,
    c.ShowHeldPush: show_held_push,
}
