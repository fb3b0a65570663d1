"""The company's rules as a TOML file: written from what is in force, and put in force as a whole or not at all."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from bot.cards import rules as cards
from bot.cards.clock import Clock
from bot.config_words import explain
from scrm import audit, idle_looks, idle_rules, lead_rules, lookup, members, pool
from scrm.access import SYSTEM
from scrm.db import Database
from scrm.errors import DomainError
from scrm.hours import Hours
from scrm.models import IdleRule, LeadRule

SOURCE = 200  # letters of the file's name in the audit log
EVERYBODY = ("", "所有客户", "全部客户")
OTHERS = ("", "其他", "其它")
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-4]):([0-5]\d)")
_COMPARED = ("remind_days", "manager_days", "recycle_days", "working", "assign_to")

Number = Annotated[int, Meta(ge=0, le=9999)]


class RulesRefused(Exception):
    """The file cannot be put in force; the text says where and why."""


class Idle(Struct, forbid_unknown_fields=True):
    """After how many days without progress."""

    remind: Number
    scope: str = ""
    manager: Number | None = None
    recycle: Number | None = None
    working: bool = False
    to: str = ""


class Lead(Struct, forbid_unknown_fields=True):
    """Whose turn it is for new leads."""

    members: Annotated[list[str], Meta(min_length=1)]
    scope: str = ""
    capacity: Number = 0
    hours: str = ""


class Pool(Struct, forbid_unknown_fields=True):
    """What one may claim from the public pool; 0 = as much as one likes."""

    per_day: Number | None = None
    holds: Number | None = None
    cooldown_days: Number | None = None


class Rules(Struct, forbid_unknown_fields=True):
    """A section that is not in the file stays as it is in force."""

    idle: list[Idle] | None = None
    lead: list[Lead] | None = None
    pool: Pool | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a file changed, and what the rules in force after it would do today; lines for a person."""

    dropped: Sequence[str]
    added: Sequence[str]
    foreseen: Sequence[str]


def read(path: Path) -> Rules:
    """The rules in a file. Raises RulesRefused."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Rules)
    except FileNotFoundError as error:
        raise RulesRefused(f"{path}：没有这个文件") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RulesRefused(f"{path}：读不到，请检查权限，文件要是 UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        raise RulesRefused(f"{path}：{f'第 {where[1]} 行附近' if where else '结尾处'}不合 TOML 的写法") from error
    except msgspec.ValidationError as error:
        said = explain(str(error)).replace("，请对照 config.example.toml", "")
        named = re.sub(r"^(\w+)\[(\d+)\]\.?", lambda found: _place(found[1], int(found[2])), said)
        raise RulesRefused(f"{path}：{named}") from error


def _place(section: str, index: int) -> str:
    return f"第 {index + 1} 条 [[{section}]] "


def put(session: Session, rules: Rules) -> None:
    """These are the rules from now on, sections that are not there excepted. Raises RulesRefused."""
    if rules.idle is not None:
        _put_idle(session, rules.idle)
    if rules.lead is not None:
        _put_lead(session, rules.lead)
    if rules.pool is not None:
        wanted = rules.pool
        if any(
            value not in (None, getattr(pool.rule(session), name))
            for name, value in msgspec.structs.asdict(wanted).items()
        ):
            pool.define(session, SYSTEM, **msgspec.structs.asdict(wanted))


def _put_idle(session: Session, entries: Sequence[Idle]) -> None:
    known = {(rule.tier, rule.stage): rule for rule in idle_rules.every(session)}
    kept: set[tuple[str, str]] = set()
    for index, entry in enumerate(entries):
        try:
            to = lookup.member(session, entry.to).id if entry.to else None
            scope = "" if entry.scope in EVERYBODY else entry.scope
            said = idle_rules.Said(scope, entry.remind, entry.manager, entry.recycle, entry.working, to)
            rule = idle_rules.made_of(session, said)
            if (rule.tier, rule.stage) in kept:
                raise RulesRefused(f"{_place('idle', index)}和前面的一条管的是同样的客户")
            kept.add((rule.tier, rule.stage))
            if not _same(known.get((rule.tier, rule.stage)), rule):
                idle_rules.define(session, SYSTEM, said)
        except DomainError as error:
            raise RulesRefused(f"{_place('idle', index)}{error}") from error
    for gone in known.keys() - kept:
        idle_rules.drop(session, known[gone].id)


def _same(one: IdleRule | None, other: IdleRule) -> bool:
    return one is not None and all(getattr(one, name) == getattr(other, name) for name in _COMPARED)


def _put_lead(session: Session, entries: Sequence[Lead]) -> None:
    known = {shown.rule.scope: shown for shown in lead_rules.every(session)}
    kept: set[str] = set()
    for index, entry in enumerate(entries):
        scope = "" if entry.scope in OTHERS else entry.scope
        if scope in kept:
            raise RulesRefused(f"{_place('lead', index)}和前面的一条管的是同样的线索")
        kept.add(scope)
        try:
            people = [person for name in entry.members for person in lead_rules.whose(session, name)]
            span = _span(entry.hours)
            shown = known.get(scope)
            wanted = ({person.name for person in people}, entry.capacity, span)
            if (
                shown is None
                or (set(shown.names), shown.rule.capacity, (shown.rule.opens, shown.rule.closes)) != wanted
            ):
                lead_rules.define(session, SYSTEM, scope, people, entry.capacity, span)
        except DomainError as error:
            raise RulesRefused(f"{_place('lead', index)}{error}") from error
    for scope in known.keys() - kept:
        lead_rules.drop(session, known[scope].rule.id)


def _span(words: str) -> tuple[int, int]:
    """Minutes of the day of "09:00-18:00"; equal for none. Raises BadHours."""
    if not words:
        return 0, 0
    found = _HOURS.fullmatch(words.strip())
    if found is None:
        raise lead_rules.BadHours
    opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if opens >= closes:
        raise lead_rules.BadHours
    return opens, closes


# --- what is in force


def lines(session: Session) -> list[str]:
    """The rules in force, each as one sentence."""
    idle = idle_rules.every(session)
    return cards.lines(idle, idle_rules.names(session, idle), lead_rules.every(session), pool.rule(session))


def foreseen(session: Session, hours: Hours, now: datetime) -> list[str]:
    """What the rules in force would do today, if it were a working day; nothing is done."""
    looked, found = idle_looks.foresee(session, idle_rules.every(session), hours, now)
    ids = {ident for one in found for ident in (one.owner_id, one.rule.assign_to) if ident is not None}
    return cards.foreseen(looked, found, Clock(hours.zone, now), members.names(session, ids))


def changes(session: Session, rules: Rules, hours: Hours, now: datetime) -> Change:
    """Put the rules in force in this transaction, and say what that changes. Raises RulesRefused."""
    before = lines(session)
    put(session, rules)
    session.flush()
    after = lines(session)
    dropped, added = ([line for line in one if line not in other] for one, other in ((before, after), (after, before)))
    return Change(dropped, added, foreseen(session, hours, now))


class _DryRun(Exception):
    """Takes everything back."""


def put_in_force(database: Database, rules: Rules, source: str, hours: Hours, now: datetime, *, dry: bool) -> Change:
    """The rules of a file in one transaction, which leaves nothing when it is `dry`. Raises RulesRefused."""
    try:
        with database.write() as session:
            audit.begin(session, audit.Turn(f"rules:{now:%Y%m%dT%H%M%S}", None, "rules", source[-SOURCE:], now))
            change = changes(session, rules, hours, now)
            if dry:
                raise _DryRun
    except _DryRun:
        return change
    return change


def dump(session: Session) -> str:
    """The rules in force as the text of such a file."""
    idle = idle_rules.every(session)
    names = idle_rules.names(session, idle)
    return "\n".join([cards.FILE_HEAD, *_sections(idle, names, lead_rules.every(session), pool.rule(session))])


def _sections(idle: Sequence[IdleRule], names: Any, lead: Sequence[lead_rules.Shown], pooled: Any) -> Iterator[str]:
    for rule in idle:
        yield _table("[[idle]]", {
            "scope": f"{rule.tier}{rule.stage}", "remind": rule.remind_days, "manager": rule.manager_days,
            "recycle": rule.recycle_days, "working": rule.working, "to": names.get(rule.assign_to or 0),
        })  # fmt: skip
    for shown in lead:
        yield _table("[[lead]]", {
            "scope": shown.rule.scope, "members": sorted(shown.names), "capacity": shown.rule.capacity, "hours": _hours(shown.rule),
        })  # fmt: skip
    yield _table("[pool]", {name: getattr(pooled, name) for name in ("per_day", "holds", "cooldown_days")})


def _table(head: str, values: dict[str, Any]) -> str:
    """JSON's texts, numbers and lists are TOML's."""
    said = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items() if value is not None]
    return "\n".join([head, *said, ""])


def _hours(rule: LeadRule) -> str | None:
    if rule.opens == rule.closes:
        return None
    return f"{rule.opens // 60:02}:{rule.opens % 60:02}-{rule.closes // 60:02}:{rule.closes % 60:02}"
