"""Figures in chat: the funnel and what is normal for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot import commands as c
from bot.cards import figures as cards
from bot.cards.card import Button, Card
from bot.context import Context
from bot.handlers.asked import Question, asking, kind_said, question_of, show
from bot.handlers.clocks import clock_of, hours_of
from scrm import defaults, lookup, pipelines
from scrm.errors import NotFound, UnknownName
from scrm.metrics import closing, forecast, funnel
from scrm.metrics.funnel import Step
from scrm.models import Pipeline

OTHERS = 2  # pipelines with a button each


def show_funnel(command: c.ShowFunnel, context: Context) -> Card:
    """看漏斗: of the pipeline that is named, else of the one most deals went through."""
    session, question, hours = context.session, question_of(command, context), hours_of(context.settings)
    since, until = question.days.since(hours), question.days.until(hours)
    busy = funnel.busiest(session, context.actor, question.part, since, until)
    row = _pipeline(command, context, question, busy)
    steps = funnel.funnel(session, context.actor, row.key, question.part, since, until, context.now)
    ended = closing.closed(session, context.actor, question.part, since, until)
    title = cards.funnel_title(cards.course_name(question.part.kind or row.kind, question.part.tier or row.tier))
    about = cards.subtitle(question.days, question.who, context.today)
    seen = any(step.entered for step in steps) and show(
        context, lambda font: cards.funnel_picture(title, about, steps, font)
    )
    buttons = _drill(steps, question) + _others(context, row, busy, question)
    return cards.funnel_card(title, about, steps, ended, buttons, pictured=seen)


def _pipeline(command: c.ShowFunnel, context: Context, question: Question, busy: list[tuple[str, int]]) -> Pipeline:
    every = [row for row, _ in pipelines.every(context.session)]
    if command.pipeline is not None:
        found = next((row for row in every if row.id == command.pipeline), None)
        if found is None:
            raise NotFound
        return found
    part = question.part
    if part.kind or part.tier or not busy:
        key = pipelines.key_of(context.session, part.kind or defaults.NEW, part.tier)
    else:
        key = busy[0][0]
    return next(row for row in every if row.key == key)


def _drill(steps: list[Step], question: Question) -> list[Button]:
    """Into the weakest stage, else the one with most open deals: its people, and its deals."""
    step = cards.weakest(steps) or max(steps, key=lambda step: (step.here, step.entered))
    people = [cards.people_button(step.stage, asking(c.ShowStagePeople, question, stage=step.stage.id))]
    deals = [cards.stage_button(step.stage, asking(c.ShowStage, question, stage=step.stage.id))]
    return (deals if step.here else []) + (people if step.entered else [])


def _others(context: Context, row: Pipeline, busy: list[tuple[str, int]], question: Question) -> list[Button]:
    rows = {other.key: other for other, _ in pipelines.every(context.session)}
    keys = [key for key, _ in busy if key != row.key and key in rows][:OTHERS]
    return [
        Button(cards.pipeline_name(rows[key]), c.pack(asking(c.ShowFunnel, question, pipeline=rows[key].id)))
        for key in keys
    ]


def show_stage(command: c.ShowStage, context: Context) -> Card:
    """The open deals in a stage, the longest there first."""
    session, question = context.session, question_of(command, context)
    stage = lookup.stage(session, command.stage)
    page = max(0, command.page)
    found = funnel.waiting(session, context.actor, stage, question.part, limit=cards.PAGE + 1, offset=page * cards.PAGE)
    ids = [one.deal.id for one in found]
    chances = {one.deal.id: one.chance for one in forecast.of_deals(session, context.actor, ids, context.now)}
    onwards = asking(c.ShowStage, question, stage=stage.id, page=page + 1)
    return cards.stage_card(stage, question.who, found, chances, page, onwards, clock_of(context))


def show_stage_people(command: c.ShowStagePeople, context: Context) -> Card:
    """A stage's conversion rate and days by person."""
    session, question, hours = context.session, question_of(command, context), hours_of(context.settings)
    stage = lookup.stage(session, command.stage)
    since, until = question.days.since(hours), question.days.until(hours)
    found = funnel.by_person(session, context.actor, stage, question.part, since, until, context.now)
    norm = funnel.standards(session, stage.pipeline, question.part, since, context.now).get(stage.id, funnel.Norm())
    about = cards.subtitle(question.days, question.who, context.today)
    show(context, lambda font: cards.people_picture(stage, about, found, norm, font))
    back = asking(c.ShowFunnel, question)
    return cards.people_card(stage, about, found, norm, back)


def set_standard(command: c.SetStandard, context: Context) -> Card:
    """谈判的标准转化率60%: in every pipeline that has the stage, or in the one that is named."""
    session = context.session
    kind, tier = kind_said(context, command.course), pipelines.tier_in(session, command.course)
    found = [
        (row, stage)
        for row, stages in pipelines.every(session)
        for stage in stages
        if stage.name == command.stage and kind in ("", row.kind) and tier in ("", row.tier)
    ]
    if not found:
        raise UnknownName("stage", command.stage)
    for _, stage in found:
        funnel.set_standard(session, stage, command.percent, command.days)
    where = [cards.pipeline_name(row) for row, _ in found]
    return cards.standard_card(command.stage, where, command.percent, command.days, context.turn)


HANDLERS: dict[type[c.Command], Callable[[Any, Context], Card]] = {
    c.ShowFunnel: show_funnel,
    c.ShowStage: show_stage,
    c.ShowStagePeople: show_stage_people,
    c.SetStandard: set_standard,
}
VIEWS: dict[str, Callable[[Context, str], Card]] = {}
