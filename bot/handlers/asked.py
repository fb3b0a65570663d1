"""From a question about figures to the deals and days it is about, and the picture that goes with the answer."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.cards import figures as cards
from bot.cards.deals import kind_name
from bot.commands.base import Asked
from bot.context import REPLY, Context, Owed, picture_key
from bot.pictures import fonts
from scrm import defaults, lookup, pipelines
from scrm.errors import NotFound
from scrm.metrics import said
from scrm.metrics.part import Days, Part, month_of
from scrm.models import Department

USUAL_DAYS = 90


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: the part of the deals, the days, who they belong to in words, and the ids to ask again with by button."""

    part: Part
    days: Days
    who: str
    again: Mapping[str, object]


def question_of(command: Asked, context: Context, *, usual: Days | None = None) -> Question:
    """What the command is about. Raises NotFound for people out of sight, Ambiguous or UnknownName for a name."""
    session, actor = context.session, context.actor
    owners: frozenset[int] | None = None
    who, member, unit = "", None, _department(command, context)
    if command.member is not None:
        row = lookup.member(session, command.member)
        if not (actor.sees_all or row.id in actor.team):
            raise NotFound
        owners, who, member = frozenset({row.id}), row.name, row.id
    elif unit is not None:
        owners, who = said.people_of(session, actor, unit), unit.name
    kind, tier = (
        (kind_said(context, command.words), pipelines.tier_in(session, command.words)) if command.words else ("", "")
    )
    product = command.product or (said.product(session, actor, command.words) if command.words else None)
    name = said.product_name(session, actor, product) if product is not None else ""
    days = days_of(command, context, usual)
    again = {
        "member": member,
        "department": unit.id if unit and not member else None,
        "product": product,
        "first": days.first,
        "last": days.last,
    }
    return Question(Part(owners, kind, tier, name), days, " · ".join(part for part in (who, name) if part), again)


def _department(command: Asked, context: Context) -> Department | None:
    if command.department is not None:
        row = context.session.get(Department, command.department)
        if row is None:
            raise NotFound
        return row
    return said.department(context.session, command.words) if command.words and command.member is None else None


def kind_said(context: Context, words: str) -> str:
    """The kind of deal that a sentence names; "" when it names none."""
    found = next((kind for kind in pipelines.kinds(context.session) if kind_name(kind) in words), "")
    guessed = pipelines.kind_of(context.session, words)
    return found or (guessed if guessed != defaults.NEW else "")


def days_of(command: Asked, context: Context, usual: Days | None = None) -> Days:
    """The days asked about; the usual ones, else the last 90, when none were named."""
    if command.first is not None and command.last is not None and command.first <= command.last:
        return Days(command.first, command.last)
    return usual or Days(context.today - timedelta(days=USUAL_DAYS - 1), context.today)


def this_month(context: Context) -> Days:
    """The calendar month of today."""
    return month_of(context.today)


def show(context: Context, draw: Callable[[str], bytes]) -> bool:
    """Owe the picture that comes right before the answer; without a font there is none. Whether there will be one."""
    file = fonts.path(context.settings.font)
    if not file or context.actor.member_id is None:
        return False
    png = base64.b64encode(draw(file)).decode()
    context.owe(
        Owed(
            key=picture_key(context.turn), kind="picture", payload={"png": png, "name": f"{cards.PICTURE}.png"},
            member_id=context.actor.member_id, lane=REPLY,
        )
    )  # fmt: skip
    return True


def asking(command: type[Asked], question: Question, **fields: object) -> Asked:
    """The same question, put as another command, as a button carries it."""
    return command(**{**question.again, **fields})  # type: ignore[arg-type]
