"""One manager's digest of a week in a grown company, beside plain SQL written for the same figures, on SQLite and PostgreSQL.

The manager leads all reps; beside it, all managers of the company in one pass. Both sides are timed in turn on one connection, and
have to agree on every count and sum before anything is printed.
"""

# ruff: noqa: S608 - nothing but this file's own words goes into its statements
from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.databases import TITLES, fresh
from scrm import calendar, leaders, reports
from scrm.db import Database, Utc
from scrm.hours import Hours
from scrm.metrics import forecast
from scrm.metrics.part import month_of
from scrm.models import Stage
from scrm.reports import STUCK_AFTER

ACTIVITIES, REPS, TEAM, YEARS, ROUNDS = 1_000_000, 500, 10, 3, 9
NOW = datetime(2026, 11, 23, 0, 45, tzinfo=UTC)  # Monday, 08:45 in Shanghai
WEEK = timedelta(days=7)
HOURS = Hours(ZoneInfo("Asia/Shanghai"), time(21), time(8, 30))
Figures = dict[str, Any]

TRACKED = "created_at, updated_at, row_version"
# Member 1 leads everybody; the others lead teams of ten. `{at}` turns seconds since the epoch into what the database keeps.
FILL = (
    "INSERT INTO member (name, role, manager_id, name_fixed, role_fixed, manager_fixed, active, {tracked}) "
    "SELECT 'manager ' || n, 'manager', NULL, false, false, false, true, {at0}, {at0}, 1 FROM {managers} rows",
    "INSERT INTO member (name, role, manager_id, name_fixed, role_fixed, manager_fixed, active, {tracked}) "
    "SELECT 'rep ' || n, 'rep', 2 + n % (:managers - 1), false, false, false, true, {at0}, {at0}, 1 FROM {reps} rows",
    "INSERT INTO customer (name, name_key, owner_id, phone, region, tier, version, {tracked}) "
    "SELECT 'customer ' || n, 'customer' || n, :managers + 1 + n % :reps, '', '', '', 1, {at0}, {at0}, 1 FROM {customers} rows",
    "INSERT INTO activity (customer_id, member_id, kind, happened_at, summary, place, {tracked}) "
    "SELECT 1 + n % :customers, :managers + 1 + n * 7 % (:reps - 10), CASE n % 3 WHEN 0 THEN 'visit' WHEN 1 THEN 'call' ELSE 'wechat' END, "
    "{at}, '聊了报价和交期，聊了报价和交期，聊了报价和交期', '', {at}, {at}, 1 FROM {activities} rows",
    "INSERT INTO deal (name, customer_id, owner_id, kind, stage_id, status, amount, lost_reason, stage_since, version, {tracked}) "
    "SELECT 'deal ' || n, 1 + n % :customers, :managers + 1 + n % :reps, 'new', :stage + n % 5, "
    "CASE WHEN n % 10 < 4 THEN 'won' WHEN n % 10 < 8 THEN 'lost' ELSE 'open' END, 1000 + n * 7919 % 900000, '', {at}, 1, {at}, {at}, 1 "
    "FROM {deals} rows",
    "INSERT INTO stage_change (deal_id, at, from_stage_id, to_stage_id, from_status, to_status, reason) "
    "SELECT id, stage_since, CASE WHEN id % 5 = 0 THEN stage_id ELSE :stage END, stage_id, 'open', status, '' FROM deal",
    "INSERT INTO followup (customer_id, owner_id, action, due_at, all_day, remind_at, status, version, {tracked}) "
    "SELECT 1 + n % :customers, :managers + 1 + n % :reps, '', {at}, false, {at}, CASE WHEN n % 20 = 0 THEN 'open' ELSE 'done' END, 1, {at}, {at}, 1 "
    "FROM {followups} rows",
)  # fmt: skip


def run(size: int = ACTIVITIES) -> dict[str, dict[str, float]]:
    """For each database, what was measured: milliseconds (median) and numbers of statements."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for backend in ("sqlite", "postgres"):
            with fresh(backend, Path(folder)) as url:
                database = Database(url)
                try:
                    _fill(database, size)
                    found[backend] = _measure(database)
                finally:
                    database.close()
    return found


def table(found: dict[str, dict[str, float]], size: int) -> str:
    """As benchmarks/README.md has it."""
    names = list(next(iter(found.values())))
    head = (
        f"| {size:,} 条跟进，{size // 5:,} 个商机，{REPS} 位销售 | " + " | ".join(TITLES[name] for name in found) + " |"
    )
    rows = [
        f"| {name} | " + " | ".join(f"{one[name]:.2f}".rstrip("0").rstrip(".") for one in found.values()) + " |"
        for name in names
    ]
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return "\n".join([head, "|---" * (len(found) + 1) + "|", *rows, f"\n系统负载 {load}"])


def _fill(database: Database, size: int) -> None:
    sizes = {
        "managers": 1 + REPS // TEAM, "reps": REPS, "customers": max(size // 20, REPS), "activities": size, "deals": size // 5,
        "followups": size // 20,
    }  # fmt: skip
    since = (NOW - timedelta(days=365 * YEARS)).timestamp()
    with database.read() as session:
        stage = session.scalar(sa.select(sa.func.min(Stage.id)).where(Stage.pipeline == "default"))
    for statement in FILL:
        rows = next((name for name in sizes if f"{{{name}}} rows" in statement), "")
        step = 365 * YEARS * 86_400 / sizes[rows] if rows else 0
        text = statement.format(
            tracked=TRACKED, at=_moment(database, f"{since} + n * {step}"), at0=_moment(database, f"{since}"),
            **{name: _series(database, count) for name, count in sizes.items()},
        )  # fmt: skip
        clause = sa.text(text)
        values = {**sizes, "stage": stage}
        with database.engine.begin() as connection:
            if not database.is_sqlite:
                connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            connection.execute(clause, {name: values[name] for name in clause._bindparams})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not database.is_sqlite:
            connection.execute(sa.text("SET statement_timeout = 0"))
        connection.execute(sa.text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))


def _moment(database: Database, seconds: str) -> str:
    if database.is_sqlite:
        return f"strftime('%Y-%m-%d %H:%M:%S', {seconds}, 'unixepoch') || '.000000'"
    return f"to_timestamp({seconds})"


def _series(database: Database, count: int) -> str:
    if database.is_sqlite:
        return f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s)"
    return f"(SELECT n FROM generate_series(1, {count}) n)"


def _measure(database: Database) -> dict[str, float]:
    with database.read() as session:
        teams = {leader: members for leader, members in leaders.teams(session).items() if leader != 1}
        everybody = frozenset().union(*teams.values())
        ours, plain = _ours(session, {1: everybody}), _plain(session)
        if ours != plain:
            raise RuntimeError(f"the two sides do not agree:\n{ours}\n{plain}")
        one, sql = _medians(session, lambda: _ours(session, {1: everybody}), lambda: _plain(session))
        (every,) = _medians(session, lambda: reports.digests(session, HOURS, teams, NOW - WEEK, NOW))
        (outlook,) = _medians(
            session, lambda: forecast.of_teams(session, {1: everybody}, month_of(HOURS.day(NOW)), HOURS, NOW), rounds=3
        )
        with _counted(database) as statements:
            reports.digests(session, HOURS, {1: everybody}, NOW - WEEK, NOW)
            alone = len(statements)
            reports.digests(session, HOURS, teams, NOW - WEEK, NOW)
        return {
            "一位主管的周报（毫秒）": one, "同样的数字，手写 SQL（毫秒）": sql, "比值": one / sql, f"全部 {len(teams)} 位主管一次算完（毫秒）": every,
            "一位主管的语句数": alone, "全部主管的语句数": len(statements) - alone, "本月预测那一行，另算（毫秒）": outlook,
        }  # fmt: skip


def _ours(session: Session, managed: dict[int, frozenset[int]]) -> Figures:
    digest = reports.digests(session, HOURS, managed, NOW - WEEK, NOW)[1]
    sorts = {name: getattr(digest, name) for name in ("opened", "won", "lost", "moved", "stuck")}
    return {
        **{name: (tally.count, tally.amount, tuple(line.id for line in tally.lines)) for name, tally in sorts.items()},
        "records": (digest.visits, digest.calls, digest.others), "people": len(digest.people),
        "late": (digest.late, tuple(seen.row.id for seen in digest.overdue)), "silent": len(digest.silent),
    }  # fmt: skip


# --- the same by hand; the plus keeps SQLite from walking through every owner's whole past

TEAM_OF = "+owner_id IN (SELECT id FROM member WHERE manager_id IS NOT NULL)"
OPENED = "SELECT id, owner_id, amount, 'opened' AS sort, stage_id AS before FROM deal WHERE created_at >= :since AND created_at < :until AND status <> 'void'"
CHANGED = (
    "SELECT d.id, d.owner_id, d.amount, CASE WHEN d.status IN ('won', 'lost') THEN d.status ELSE 'moved' END AS sort, c.from_stage_id AS before "
    "FROM (SELECT min(id) AS id FROM stage_change WHERE at >= :since AND at < :until AND from_stage_id IS NOT NULL GROUP BY deal_id) f "
    "JOIN stage_change c ON c.id = f.id JOIN deal d ON d.id = c.deal_id "
    "WHERE d.status IN ('won', 'lost') OR (d.status = 'open' AND c.from_stage_id <> d.stage_id)"
)
SUMS = "SELECT sort, count(*), sum(coalesce(amount, 0)) FROM ({rows}) r WHERE {team} GROUP BY sort"
LINES = (
    "SELECT r.id, d.name, k.name, m.name, d.amount, b.name, a.name, d.lost_reason, d.stage_since "
    "FROM (SELECT * FROM ({rows}) x WHERE {team} AND sort = :sort ORDER BY coalesce(amount, 0) DESC, id LIMIT 5) r "
    "JOIN deal d ON d.id = r.id JOIN customer k ON k.id = d.customer_id JOIN member m ON m.id = d.owner_id "
    "JOIN stage b ON b.id = r.before JOIN stage a ON a.id = d.stage_id ORDER BY coalesce(d.amount, 0) DESC, d.id"
)
RECORDS = (
    "SELECT m.name, a.kind, count(*) FROM activity a JOIN member m ON m.id = a.member_id "
    "WHERE a.created_at >= :since AND a.created_at < :until AND m.manager_id IS NOT NULL GROUP BY m.id, m.name, a.kind"
)
LATE = "status = 'open' AND (due_at < :today OR (due_at < :until AND NOT all_day)) AND {team}"
OLDEST = (
    "SELECT f.id, f.due_at, f.action, k.name, m.name FROM followup f JOIN customer k ON k.id = f.customer_id JOIN member m ON m.id = f.owner_id "
    "WHERE f.id IN (SELECT id FROM followup WHERE {late} ORDER BY due_at, id LIMIT 5) ORDER BY f.due_at, f.id"
)
SILENT = (
    "SELECT name FROM member WHERE manager_id IS NOT NULL AND active AND role = 'rep' AND created_at < :limit "
    "AND id NOT IN (SELECT member_id FROM activity WHERE created_at >= :limit AND created_at < :until)"
)


def _plain(session: Session) -> Figures:
    found: Figures = {}
    stages = session.execute(sa.text("SELECT id, expected_days FROM stage")).all()
    limits = " OR ".join(
        f"(stage_id IN ({', '.join(str(stage) for stage, own in stages if (own or STUCK_AFTER) == days)}) AND stage_since < :stuck{days})"
        for days in sorted({own or STUCK_AFTER for _, own in stages})
    )
    stuck = f"SELECT id, owner_id, amount, 'stuck' AS sort, stage_id AS before FROM deal WHERE status = 'open' AND ({limits})"
    for rows, sorts in ((OPENED, ("opened",)), (CHANGED, ("won", "lost", "moved")), (stuck, ("stuck",))):
        sums = {
            sort: (count, Decimal(total)) for sort, count, total in _ask(session, SUMS.format(rows=rows, team=TEAM_OF))
        }
        for sort in sorts:
            lines = _ask(session, LINES.format(rows=rows, team=TEAM_OF), sort=sort)
            found[sort] = (*sums.get(sort, (0, Decimal(0))), tuple(line[0] for line in lines))
    records = _ask(session, RECORDS)
    kinds = [sum(count for _, kind, count in records if kind == wanted) for wanted in ("visit", "call")]
    found["records"] = (*kinds, sum(count for _, _, count in records) - sum(kinds))
    found["people"] = len({name for name, _, _ in records})
    late = LATE.format(team=TEAM_OF)
    counts = _ask(session, f"SELECT owner_id, count(*) FROM followup WHERE {late} GROUP BY owner_id")
    oldest = _ask(session, OLDEST.format(late=late))
    found["late"] = (sum(count for _, count in counts), tuple(row[0] for row in oldest))
    found["silent"] = len(_ask(session, SILENT))
    return found


def _ask(session: Session, statement: str, **more: Any) -> Sequence[Any]:
    clause = sa.text(statement)
    moments = {
        "since": NOW - WEEK, "until": NOW, "today": HOURS.at(HOURS.day(NOW), time()),
        "limit": HOURS.at(calendar.previous_workday(HOURS.day(NOW), reports.SILENT_AFTER), time()),
    }  # fmt: skip
    names = set(clause._bindparams)
    moments |= {
        name: NOW - timedelta(days=int(name.removeprefix("stuck"))) for name in names if name.startswith("stuck")
    }
    bound = [sa.bindparam(name, value, Utc()) for name, value in moments.items() if name in names]
    return session.execute(clause.bindparams(*bound), more).all()


# --- measuring


def _medians(session: Session, *works: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each, in turn."""
    spent: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, spent, strict=True):
            session.expunge_all()
            began = perf_counter()
            work()
            times.append((perf_counter() - began) * 1000)
    return [statistics.median(times) for times in spent]


@contextmanager
def _counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*event: Any) -> None:
        statements.append(event[2])

    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(database.engine, "before_cursor_execute", note)
