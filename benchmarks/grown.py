"""A company that has used the bot for years: how long what reads many rows takes on PostgreSQL, and how big it is."""

from __future__ import annotations

import os
import statistics
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.schema import migrate
from scrm import customers, leaders, members, reports
from scrm.db import Database
from scrm.hours import Hours
from scrm.models import Activity, Customer

SERVER = os.environ.get("SCRM_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
REPS, TEAM, CUSTOMERS, YEARS = 500, 10, 50_000, 3
SIZES = (100_000, 1_000_000)
ROUNDS = 7
NOW = datetime(2026, 11, 23, 8, 45, tzinfo=UTC)

# Tables are filled by the server itself: nothing of the bot's own way to write is measured here.
FILL = (
    "INSERT INTO member (name, role, manager_id, name_fixed, role_fixed, manager_fixed, active, created_at, updated_at, row_version) "
    "SELECT 'manager ' || n, 'manager', NULL, false, false, false, true, :since, :since, 1 FROM generate_series(1, :managers) n",
    "INSERT INTO member (name, role, manager_id, name_fixed, role_fixed, manager_fixed, active, created_at, updated_at, row_version) "
    "SELECT 'rep ' || n, 'rep', 1 + n % :managers, false, false, false, true, :since, :since, 1 FROM generate_series(1, :reps) n",
    "INSERT INTO customer (name, name_key, owner_id, phone, region, tier, version, created_at, updated_at, row_version) "
    "SELECT 'customer ' || n, 'customer' || n, :managers + 1 + n % :reps, '', '', '', 1, :since, :since, 1 FROM generate_series(1, :customers) n",
    "INSERT INTO activity (customer_id, member_id, kind, happened_at, summary, place, created_at, updated_at, row_version) "
    "SELECT c, :managers + 1 + c % :reps, (ARRAY['visit','call','wechat'])[1 + n % 3], at, repeat('聊了报价和交期，', 5), '', at, at, 1 "
    "FROM (SELECT n, 1 + CAST(n AS bigint) * 7919 % :customers AS c, CAST(:since AS timestamptz) + n * CAST(:step AS interval) AS at "
    "FROM generate_series(1, :activities) n) rows",
)  # fmt: skip


def run() -> list[tuple[int, dict[str, float]]]:
    """For each number of activities, what was measured: milliseconds (median), and megabytes."""
    return [(size, _measure(size)) for size in SIZES]


def table(found: Sequence[tuple[int, dict[str, float]]]) -> str:
    """As benchmarks/README.md has it."""
    names = list(found[0][1])
    head = "| | " + " | ".join(f"{size:,} 条跟进" for size, _ in found) + " |"
    rows = [f"| {name} | " + " | ".join(f"{measured[name]:.1f}" for _, measured in found) + " |" for name in names]
    return "\n".join([head, "|---" * (len(found) + 1) + "|", *rows])


def _measure(activities: int) -> dict[str, float]:
    with _database() as database:
        _fill(database, activities)
        with database.read() as session:
            return {
                "全体主管的日报（毫秒）": _median(session, lambda: _digests(session, timedelta(days=1))),
                "全体主管的周报（毫秒）": _median(session, lambda: _digests(session, timedelta(days=7))),
                "一家客户的全部情况（毫秒）": _median(session, lambda: _brief(session)),
                "三年里每月每人的跟进数（毫秒）": _median(session, lambda: _whole_table(session)),
                "跟进表连同索引（MB）": _megabytes(session, "activity"),
                "整个库（MB）": _megabytes(session, ""),
            }


def _fill(database: Database, activities: int) -> None:
    since = NOW - timedelta(days=365 * YEARS)
    step = timedelta(days=365 * YEARS) / activities
    values = {
        "since": since,
        "step": step,
        "managers": REPS // TEAM,
        "reps": REPS,
        "customers": CUSTOMERS,
        "activities": activities,
    }
    for statement in FILL:
        clause = sa.text(statement)
        with database.engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            connection.execute(clause, {name: values[name] for name in clause._bindparams})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SET statement_timeout = 0"))
        connection.execute(sa.text("VACUUM ANALYZE"))


def _digests(session: Session, back: timedelta) -> None:
    hours = Hours(ZoneInfo("Asia/Shanghai"), time(21), time(8, 30))
    found = reports.digests(session, hours, leaders.teams(session), NOW - back, NOW)
    if len(found) != REPS // TEAM or all(digest.is_empty for digest in found.values()):
        raise RuntimeError("the digests are not what they should be")


def _brief(session: Session) -> None:
    customer = session.scalars(sa.select(Customer).order_by(Customer.id).offset(1234).limit(1)).one()
    actor = members.actor_of_member(session, customer.owner_id or 0, frozenset())
    if actor is None:
        raise RuntimeError("nobody owns this customer")
    customers.brief(session, actor, customer)


def _whole_table(session: Session) -> None:
    month = sa.func.date_trunc("month", Activity.happened_at)
    session.execute(sa.select(Activity.member_id, month, sa.func.count()).group_by(Activity.member_id, month)).all()


def _median(session: Session, work: Callable[[], None]) -> float:
    spent = []
    for _ in range(ROUNDS):
        session.expunge_all()
        began = perf_counter()
        work()
        spent.append((perf_counter() - began) * 1000)
    return statistics.median(spent)


def _megabytes(session: Session, name: str) -> float:
    size = sa.func.pg_total_relation_size(name) if name else sa.func.pg_database_size(sa.func.current_database())
    return float(session.scalar(sa.select(size)) or 0) / 1e6


@contextmanager
def _database() -> Iterator[Database]:
    """An empty database with the schema, gone afterwards."""
    server = sa.create_engine(sa.make_url(SERVER).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    database = Database(sa.make_url(SERVER).set(database=name).render_as_string(hide_password=False))
    try:
        migrate(database)
        yield database
    finally:
        database.close()
        with server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()
