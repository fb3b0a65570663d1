"""The forecast, rankings, targets and chances in chat."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bot import commands as c
from bot.cards import figures as figure_cards
from bot.cards import forecasts as cards
from bot.cards.card import Button, Card
from bot.cards.forecasts import Month
from bot.context import Context
from bot.handlers.asked import Question, asking, question_of, show, this_month
from bot.handlers.clocks import hours_of
from scrm import deals, lookup, reports
from scrm.errors import Missing, NotFound, Refused
from scrm.metrics import closing, forecast, ranking, said, targets
from scrm.metrics.forecast import Forecast
from scrm.metrics.part import Days, Part, month_of
from scrm.models import Department, Member

BACK = 5  # months before this one on the trend


def show_forecast(command: c.ShowForecast, context: Context) -> Card:
    """本月预测, 还差多少: of a month with the five before it as a picture."""
    question = question_of(command, context, usual=this_month(context))
    when, days = figure_cards.period(question.days, context.today), question.days
    found = _forecast(context, question, days)
    if days == month_of(days.first) and (found.due or found.won or found.target):
        months = [Month(cards.month_name(month), _past(context, question, month)) for month in _before(days)]
        months.append(Month(cards.month_name(days), found))
        title = cards.forecast_title(when)
        show(
            context, lambda font: cards.forecast_picture(title, cards.forecast_line(found, question.who), months, font)
        )
    buttons = (
        [Button(cards.TO_RANKING, c.pack(asking(c.ShowRanking, question)))]
        if len(_people(context, question)) > 1
        else []
    )
    return cards.forecast_card(when, question.who, found, buttons, over=days.last < context.today)


def _before(days: Days) -> list[Days]:
    months = [days]
    for _ in range(BACK):
        months.insert(0, month_of(months[0].first - timedelta(days=1)))
    return months[:-1]


def _forecast(context: Context, question: Question, days: Days) -> Forecast:
    """The forecast of the question's deals with the target of its people; a target is for all deals, not for some of them."""
    session = context.session
    found = forecast.forecast(session, context.actor, question.part, days, hours_of(context.settings), context.now)
    found.target = _target(context, question, days)
    return found


def _past(context: Context, question: Question, days: Days) -> Forecast:
    """What a month before brought, beside its target."""
    hours = hours_of(context.settings)
    since, until = days.since(hours), days.until(hours)
    ended = closing.closed(context.session, context.actor, question.part, since, until)
    return Forecast(ended, target=_target(context, question, days))


def _target(context: Context, question: Question, days: Days) -> Decimal | None:
    if question.part != Part(owners=question.part.owners):
        return None
    unit, people = question.again.get("department"), _people(context, question)
    if isinstance(unit, int):
        return targets.of_department(context.session, unit, people, days)
    if question.part.owners is not None:
        return next(iter(targets.of_members(context.session, people, days).values()), None)
    leader = context.actor.member_id or 0
    return targets.of_teams(context.session, {leader: people}, days).get(leader)


def _people(context: Context, question: Question) -> Collection[int]:
    """Whose figures these are: those named, as far as they are in sight, else everybody in sight."""
    seen = reports.team_of(context.session, context.actor)
    return seen if question.part.owners is None else question.part.owners & seen


def show_ranking(command: c.ShowRanking, context: Context) -> Card:
    """本月排行, of people or of departments."""
    if command.metric not in ranking.METRICS:
        raise Refused(why=cards.NO_PAYMENTS)
    session, hours = context.session, hours_of(context.settings)
    question = question_of(command, context, usual=this_month(context))
    since, until = question.days.since(hours), question.days.until(hours)
    order = ranking.departments if command.units else ranking.people
    places = order(session, context.actor, command.metric, question.part, since, until)
    ids = [place.id for place in places]
    compared = (
        targets.of_members(session, ids, question.days) if command.metric == "amount" and not command.units else {}
    )
    title = cards.ranking_title(figure_cards.period(question.days, context.today), command.metric, units=command.units)
    if len(places) > 1:
        show(
            context,
            lambda font: cards.ranking_picture(
                title, cards.total(command.metric, places, question.who), command.metric, places, compared, font
            ),
        )
    me = context.actor.member_id if not command.units else None
    return cards.ranking_card(
        title, question.who, command.metric, places, compared, me, _others(context, command, question)
    )


def _others(context: Context, command: c.ShowRanking, question: Question) -> list[Button]:
    turned = not command.units
    shown = [
        Button(cards.METRIC_NAMES[metric], c.pack(asking(c.ShowRanking, question, metric=metric, units=command.units)))
        for metric in cards.OTHERS.get(command.metric, ("amount", "visits"))
    ]
    if len(reports.team_of(context.session, context.actor)) > 1:
        label = cards.BY_UNIT if turned else cards.BY_PERSON
        shown.append(Button(label, c.pack(asking(c.ShowRanking, question, metric=command.metric, units=turned))))
    return shown


def set_target(command: c.SetTarget, context: Context) -> Card:
    """李娜本月目标50万: of somebody in the team, or of a department one sees."""
    session, actor, days = context.session, context.actor, Days(command.first, command.last)
    owner = _owner(command, context)
    targets.set_target(session, owner, days, command.amount)
    if isinstance(owner, Member):
        again = c.ShowForecast(member=owner.id, first=days.first, last=days.last)
        part = Part(frozenset({owner.id}))
    else:
        again = c.ShowForecast(department=owner.id, first=days.first, last=days.last)
        part = Part(said.people_of(session, actor, owner))
    found = forecast.forecast(session, actor, part, days, hours_of(context.settings), context.now)
    found.target = command.amount
    when = figure_cards.period(days, context.today)
    return cards.target_card(owner.name, when, command.amount, found, again, context.turn)


def _owner(command: c.SetTarget, context: Context) -> Member | Department:
    session, actor = context.session, context.actor
    if command.member is not None:
        row = lookup.member(session, command.member)
        if not (actor.sees_all or row.id in actor.team):
            raise NotFound
        return row
    unit = said.department(session, command.unit)
    if unit is None:
        raise Missing("unit", cards.WHOSE_TARGET)
    said.people_of(session, actor, unit)
    return unit


def show_chance(command: c.ShowChance, context: Context) -> Card:
    """X的赢率."""
    deal = deals.find(context.session, context.actor, command.deal, command.customer)
    found = forecast.outlook(context.session, context.actor, deal, context.now)
    return cards.chance_card(found)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.ShowForecast: show_forecast,
    c.ShowRanking: show_ranking,
    c.SetTarget: set_target,
    c.ShowChance: show_chance,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {}
