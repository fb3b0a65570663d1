"""Who gets a new lead: the rule that says most of it, then whoever of its members has waited longest and has room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import calendar, covers, lookup, members
from scrm.access import Actor
from scrm.defaults import JOINING
from scrm.errors import Ambiguous, Refused, UnknownName
from scrm.hours import Hours
from scrm.models import Lead, LeadRule, LeadTurn, Member

MOST = 9_999
DAY = 24 * 60


class NoSuchRule(Refused):
    """Nothing to drop."""

    sentence = "没有这条线索规则，说「线索规则」看现在有哪些。"


class WhichMember(Refused):
    """A name that is nobody's, or several members'."""

    sentence = "成员和部门里没有「{spoken}」，或者有重名；重名请说账号。"


class BadCapacity(Refused):
    """The number is out of range."""

    sentence = "每人最多几条线索，要在 1 到 9999 之间；不限就不用说。"


class BadHours(Refused):
    """No span of a day."""

    sentence = "分配时间要早的在前、晚的在后，例如：9点到18点。不限时间就不用说。"


@dataclass(frozen=True, slots=True)
class Shown:
    """A rule with the names of its members, who is next first."""

    rule: LeadRule
    names: Sequence[str]


# --- the rules


def define(
    session: Session, actor: Actor, scope: str, people: Sequence[Member], capacity: int, span: tuple[int, int] = (0, 0)
) -> Shown:
    """For this scope these members take turns from now on, in `span` (minutes of the local day; equal = at any time).

    Who had turns keeps the place. Raises BadCapacity or BadHours.
    """
    if not 0 <= capacity <= MOST:
        raise BadCapacity
    if span != (0, 0) and not 0 <= span[0] < span[1] <= DAY:
        raise BadHours
    rule = _of(session, scope)
    if rule is None:
        rule = LeadRule(scope=scope)
        session.add(rule)
    rule.capacity, rule.set_by, (rule.opens, rule.closes) = capacity, actor.member_id, span
    session.flush()
    turns = {turn.member_id: turn for turn in session.scalars(_turns([rule.id]))}
    wanted = {person.id for person in people}
    for ident, turn in turns.items():
        if ident not in wanted:
            session.delete(turn)
    session.add_all(LeadTurn(rule_id=rule.id, member_id=ident) for ident in sorted(wanted - set(turns)))
    session.flush()
    return shown(session, [rule])[0]


def drop(session: Session, ref: int | str) -> LeadRule:
    """The rule, by id or scope, is no more. Raises NoSuchRule."""
    rule = session.get(LeadRule, ref) if isinstance(ref, int) else _of(session, ref)
    if rule is None:
        raise NoSuchRule
    for turn in session.scalars(_turns([rule.id])):
        session.delete(turn)
    session.flush()
    session.delete(rule)
    session.flush()
    return rule


def every(session: Session) -> Sequence[Shown]:
    """All rules, the one for all others last."""
    return shown(session, session.scalars(sa.select(LeadRule).order_by(LeadRule.scope.desc())).all())


def shown(session: Session, rules: Sequence[LeadRule]) -> Sequence[Shown]:
    """The rules with their members. Two queries whatever their number."""
    turns = sorted(session.scalars(_turns([rule.id for rule in rules])), key=_waited)
    names = members.names(session, {turn.member_id for turn in turns})
    return [Shown(rule, [names[turn.member_id] for turn in turns if turn.rule_id == rule.id]) for rule in rules]


def whose(session: Session, ref: lookup.Ref) -> Sequence[Member]:
    """The member meant, or those who sell in the department meant. Raises WhichMember."""
    try:
        return [lookup.member(session, ref)]
    except (Ambiguous, UnknownName) as unclear:
        people = members.reps_of(session, str(ref))
        if not people:
            raise WhichMember(spoken=str(ref)) from unclear
        return people


# --- whose turn it is


@dataclass(frozen=True, slots=True)
class Roster:
    """Who may get a lead now; `open_leads` counts what each has, and grows as leads are given out."""

    rules: Sequence[LeadRule]  # those whose hours are now or later
    at_work: frozenset[int]  # rules whose hours are now
    turns: dict[int, list[LeadTurn]]
    absent: frozenset[int]
    open_leads: dict[int, int] = field(default_factory=dict)


def roster(session: Session, hours: Hours, now: datetime) -> Roster:
    """The rules with those who are there. Its turns are held: leads are given out one after the other. Five queries."""
    rules = session.scalars(sa.select(LeadRule)).all()
    at_work = frozenset(rule.id for rule in rules if _is_at_work(rule, hours, now))
    held = session.scalars(_turns(at_work).with_for_update().execution_options(populate_existing=True)).all()
    ids = {turn.member_id for turn in held}
    away = covers.stand_ins(session, ids, hours.day(now))
    living = set(session.scalars(sa.select(Member.id).where(Member.id.in_(ids), Member.active)))
    turns = {rule.id: [turn for turn in held if turn.rule_id == rule.id] for rule in rules}
    absent = frozenset(ident for ident in ids if ident in away or ident not in living)
    return Roster(rules, at_work, turns, absent, _open_leads(session, ids))


def whose_turn(roster: Roster, lead: Lead, now: datetime) -> tuple[int | None, bool]:
    """Who gets the lead, and it is marked that they had their turn; else whether it waits for hours or room.

    Members who are away or have left are passed over. Where no rule fits it does not wait: anybody may take it.
    """
    fitting = [rule for rule in roster.rules if _fits(rule.scope, lead)]
    if not fitting:
        return None, False
    rule = max(fitting, key=lambda one: len(one.scope))
    for turn in sorted(roster.turns[rule.id], key=_waited):
        have = roster.open_leads.get(turn.member_id, 0)
        if turn.member_id not in roster.absent and not (rule.capacity and have >= rule.capacity):
            turn.had_at = now
            roster.open_leads[turn.member_id] = have + 1
            return turn.member_id, False
    return None, True


def _is_at_work(rule: LeadRule, hours: Hours, now: datetime) -> bool:
    if rule.opens == rule.closes:
        return True
    local = now.astimezone(hours.zone)
    return calendar.is_workday(local.date()) and rule.opens <= local.hour * 60 + local.minute < rule.closes


def _fits(scope: str, lead: Lead) -> bool:
    """Whether the scope names the lead's region, product, tier or source, or several of them: 华东大客户."""
    scope = scope.casefold()
    facts = [fact.casefold() for fact in (lead.region, lead.product, lead.tier, lead.source, lead.need) if fact]
    if not scope or any(scope in fact for fact in facts):
        return True
    for fact in sorted(facts, key=len, reverse=True):
        scope = scope.replace(fact, "", 1)
    return not scope.strip(JOINING)


def _waited(turn: LeadTurn) -> tuple[bool, float, int]:
    """Who had no turn yet comes first, then whoever had one longest ago."""
    return turn.had_at is not None, turn.had_at.timestamp() if turn.had_at else 0.0, turn.id


def _open_leads(session: Session, ids: set[int]) -> dict[int, int]:
    query = (
        sa.select(Lead.owner_id, sa.func.count())
        .where(Lead.owner_id.in_(ids), Lead.status == "open")
        .group_by(Lead.owner_id)
    )
    return {owner: count for owner, count in session.execute(query) if owner is not None}


def _turns(rule_ids: Sequence[int] | frozenset[int]) -> sa.Select[LeadTurn]:
    """In one order for all, so that two who hold them never wait for each other."""
    return sa.select(LeadTurn).where(LeadTurn.rule_id.in_(rule_ids)).order_by(LeadTurn.id)


def _of(session: Session, scope: str) -> LeadRule | None:
    return session.scalars(sa.select(LeadRule).where(LeadRule.scope == scope)).one_or_none()
