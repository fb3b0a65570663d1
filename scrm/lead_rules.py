"""Who gets a new lead: the rule that says most of it, then whoever of its members has waited longest and has room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import covers, members
from scrm.access import Actor
from scrm.errors import Refused
from scrm.models import Lead, LeadRule, LeadTurn, Member

MOST = 9_999


class NoSuchRule(Refused):
    """Nothing to drop."""

    sentence = "没有这条线索规则，说「线索规则」看现在有哪些。"


class WhichMember(Refused):
    """A name that is nobody's, or several members'."""

    sentence = "成员里没有「{spoken}」，或者有重名；重名请说账号。"


class BadCapacity(Refused):
    """The number is out of range."""

    sentence = "每人最多几条线索，要在 1 到 9999 之间；不限就不用说。"


@dataclass(frozen=True, slots=True)
class Shown:
    """A rule with the names of its members, who is next first."""

    rule: LeadRule
    names: Sequence[str]


def define(session: Session, actor: Actor, scope: str, people: Sequence[Member], capacity: int) -> Shown:
    """For this scope these members take turns from now on; who had turns keeps the place. Raises BadCapacity."""
    if not 0 <= capacity <= MOST:
        raise BadCapacity
    rule = _of(session, scope)
    if rule is None:
        rule = LeadRule(scope=scope)
        session.add(rule)
    rule.capacity, rule.set_by = capacity, actor.member_id
    session.flush()
    turns = {turn.member_id: turn for turn in session.scalars(_turns(rule))}
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
    for turn in session.scalars(_turns(rule)):
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
    turns = session.scalars(
        sa.select(LeadTurn).where(LeadTurn.rule_id.in_([rule.id for rule in rules])).order_by(*_NEXT)
    ).all()
    names = members.names(session, {turn.member_id for turn in turns})
    return [Shown(rule, [names[turn.member_id] for turn in turns if turn.rule_id == rule.id]) for rule in rules]


def whose_turn(session: Session, lead: Lead, today: date, now: datetime) -> int | None:
    """Who gets the lead, and it is marked that they had their turn; None where no rule fits or nobody has room.

    Members who are away today or have left are passed over. Two leads at once are given out one after the other.
    """
    rules = session.scalars(sa.select(LeadRule)).all()
    fitting = [rule for rule in rules if _fits(rule.scope, lead)]
    if not fitting:
        return None
    rule = max(fitting, key=lambda one: len(one.scope))
    turns = session.scalars(_turns(rule).with_for_update()).all()
    ids = [turn.member_id for turn in turns]
    away = covers.stand_ins(session, ids, today)
    living = set(session.scalars(sa.select(Member.id).where(Member.id.in_(ids), Member.active)))
    held = _held(session, ids) if rule.capacity else {}
    for turn in turns:
        ident = turn.member_id
        if ident in living and ident not in away and not (rule.capacity and held.get(ident, 0) >= rule.capacity):
            turn.had_at = now
            return ident
    return None


def _fits(scope: str, lead: Lead) -> bool:
    """Whether the lead is of the region, product, tier or source that the scope names."""
    facts = (lead.region, lead.product, lead.tier, lead.source, lead.need)
    return not scope or any(scope.casefold() in fact.casefold() for fact in facts)


def _held(session: Session, ids: Sequence[int]) -> dict[int, int]:
    query = (
        sa.select(Lead.owner_id, sa.func.count())
        .where(Lead.owner_id.in_(ids), Lead.status == "open")
        .group_by(Lead.owner_id)
    )
    return {owner: count for owner, count in session.execute(query) if owner is not None}


_NEXT = (sa.nulls_first(LeadTurn.had_at.asc()), LeadTurn.id)


def _turns(rule: LeadRule) -> sa.Select[LeadTurn]:
    return sa.select(LeadTurn).where(LeadTurn.rule_id == rule.id).order_by(*_NEXT)


def _of(session: Session, scope: str) -> LeadRule | None:
    return session.scalars(sa.select(LeadRule).where(LeadRule.scope == scope)).one_or_none()
