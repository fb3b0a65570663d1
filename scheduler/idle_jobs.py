"""What the clock does about customers without progress: reminders, managers, the countdown, taking back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.cards import idle as cards
from bot.cards.card import Card
from bot.context import Context
from bot.handlers.clocks import clock_of, hours_of
from bot.handlers.idle import names_of
from bot.outbox import now_ms
from bot.tables import JobRun
from scrm import calendar, idle_looks, idle_recycle, idle_rules, leaders
from scrm.idle_looks import Found
from scrm.upsert import insert_once

ENROLLED = "idle_enrolled"  # JobRun rows: on this day every customer with an owner has its place


def idle(context: Context) -> int:
    """Look at the next customers of today: on working days, outside quiet hours. Returns how many were looked at."""
    hours, session = hours_of(context.settings), context.session
    if not calendar.is_workday(context.today) or hours.is_quiet(context.now) or not idle_rules.every(session):
        return 0
    if not _enrolled(context):
        return 1  # the look begins with the next batch
    looked, found = idle_looks.look(session, hours, context.now)
    by_step: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        by_step[one.due.step].append(one)
    told = [one for one in found if one.due.step == "manager" or one.due.tell_manager]
    names, bosses = names_of(session, found), leaders.direct_leaders(session) if told or by_step["recycle"] else {}
    _take_back(context, by_step["recycle"], names, bosses)
    clock = clock_of(context)
    for owner_id, theirs in _by_owner([*by_step["count"], *by_step["remind"]]).items():
        counting = any(one.due.step == "count" for one in theirs)
        _push(context, owner_id, cards.told_card(theirs, clock, names), "idle", theirs, may_wait=not counting)
    for boss_id, theirs in _by_boss(told, bosses).items():
        _push(context, boss_id, cards.manager_card(theirs, clock, names), "idle_team", theirs, may_wait=True)
    return looked


def _enrolled(context: Context) -> bool:
    """Whether every customer has its place; else the next ones get theirs."""
    today = str(context.today)
    if context.session.get(JobRun, (ENROLLED, today)) is not None:
        return True
    if idle_looks.enrol(context.session, context.now) < idle_looks.ENROL:
        values = {"job": ENROLLED, "scheduled_for": today, "at_ms": now_ms()}
        insert_once(context.session, JobRun, values, ["job", "scheduled_for"])
    return False


def _take_back(
    context: Context, found: Sequence[Found], names: Mapping[int, str], bosses: Mapping[int, frozenset[int]]
) -> None:
    if not found:
        return
    idle_recycle.take_back(context.session, found, context.now)
    context.touch(*(f"customer:{one.customer.id}" for one in found))
    clock = clock_of(context)
    for owner_id, theirs in _by_owner(found).items():
        _push(context, owner_id, cards.recycled_card(theirs, clock, names), "recycled", theirs)
    for boss_id, theirs in _by_boss(found, bosses).items():
        _push(context, boss_id, cards.recycled_card(theirs, clock, names), "recycled_team", theirs)
    heirs: dict[int, list[Found]] = defaultdict(list)
    for one in found:
        if one.rule.assign_to is not None:
            heirs[one.rule.assign_to].append(one)
    for heir_id, theirs in heirs.items():
        _push(context, heir_id, cards.received_card(theirs, clock), "received", theirs)


def _push(
    context: Context, member_id: int, card: Card, kind: str, found: Sequence[Found], *, may_wait: bool = False
) -> None:
    key = f"{kind}:{member_id}:{context.today}:{found[0].customer.id}"
    context.send(member_id, card, key, may_wait=may_wait)


def _by_owner(found: Iterable[Found]) -> dict[int, list[Found]]:
    groups: dict[int, list[Found]] = defaultdict(list)
    for one in found:
        groups[one.owner_id].append(one)
    return groups


def _by_boss(found: Iterable[Found], bosses: Mapping[int, frozenset[int]]) -> dict[int, list[Found]]:
    groups: dict[int, list[Found]] = defaultdict(list)
    for one in found:
        for boss_id in bosses.get(one.owner_id, frozenset()):
            groups[boss_id].append(one)
    return groups


JOBS: dict[str, Callable[[Context], int]] = {"idle": idle}
