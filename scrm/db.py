"""One database per company: engine, transactions and the column types every table shares."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

T = TypeVar("T")

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite only autoincrements INTEGER PRIMARY KEY.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Utc(TypeDecorator[datetime]):
    """An instant: aware UTC in Python; timestamptz in PostgreSQL, naive UTC text in SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What the audit log's text is read back into; a decorator does not take it over from its `impl`."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _Ids(TypeDecorator[list[int]]):
    """Many ids as one parameter: an array in PostgreSQL, a JSON text in SQLite."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return sa.Text() if dialect.name == "sqlite" else postgresql.ARRAY(sa.BigInteger())

    def process_bind_param(self, value: Iterable[int] | None, dialect: sa.Dialect) -> Any:
        ids = [] if value is None else list(value)
        return json.dumps(ids) if dialect.name == "sqlite" else ids


class one_of(FunctionElement[bool]):
    """Whether a column is one of the ids that come as the parameter `name`: one text, however many there are."""

    inherit_cache = True
    type = sa.Boolean()

    def __init__(self, column: Any, name: str) -> None:
        super().__init__(column, sa.bindparam(name, type_=_Ids()))

    def self_group(self, against: Any = None) -> Any:
        """Stands as it is: `… = 1` around it, as around a function, keeps SQLite from its index."""
        return self


@compiles(one_of)
def _in_array(element: one_of, compiler: Any, **kw: Any) -> str:
    column, ids = element.clauses
    return f"{compiler.process(column, **kw)} = ANY({compiler.process(ids, **kw)})"


@compiles(one_of, "sqlite")
def _in_json(element: one_of, compiler: Any, **kw: Any) -> str:
    column, ids = element.clauses
    one_each = sa.select(sa.func.json_each(ids).table_valued("value").c.value)
    return str(compiler.process(column.in_(one_each), **kw))


class Base(DeclarativeBase):
    """Every table of one company."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute
        datetime: Utc(),
        dict[str, Any]: sa.JSON(),
        list[Any]: sa.JSON(),
    }


def table_of(kind: type[Base]) -> sa.Table:
    """The table below a class, for statements that are run without the ORM: a fifth of the cost, and nothing in the session follows."""
    return cast(sa.Table, kind.__table__)


class Database:
    """Transactions on one company's database; `write` is one transaction that commits or leaves nothing."""

    def __init__(self, url: str, *, pool_size: int = 10, busy_timeout_ms: int = 5000) -> None:
        self.url = sa.make_url(url)
        if self.url.drivername in ("postgresql", "postgres"):
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.busy_timeout_ms = busy_timeout_ms
        self.engine = self._sqlite(busy_timeout_ms) if self.is_sqlite else self._postgres(pool_size)
        self._session = sessionmaker(self.engine, expire_on_commit=False, autoflush=True)
        # SQLite has one writer anyway: waiting here is fair, waiting inside SQLite is a sleep-and-retry.
        self.one_writer = threading.Lock() if self.is_sqlite else None

    def _sqlite(self, busy_timeout_ms: int) -> sa.Engine:
        if self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        # Parameters hold tokens and customers' data: they stay out of error texts, which are logged.
        connect_args = {"check_same_thread": False, "timeout": busy_timeout_ms / 1000}
        engine = sa.create_engine(self.url, connect_args=connect_args, hide_parameters=True)

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: object) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves, below
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                f"busy_timeout={busy_timeout_ms}",
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            options = connection.get_execution_options()
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA synchronous=FULL" if options.get("synced", True) else "PRAGMA synchronous=NORMAL")
            # A deferred transaction that reads and then writes fails at once with SQLITE_BUSY_SNAPSHOT.
            connection.exec_driver_sql("BEGIN" if options.get("reading") else "BEGIN IMMEDIATE")

        return engine

    def _postgres(self, pool_size: int) -> sa.Engine:
        engine = sa.create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "connect_timeout": 3,
                "options": "-c statement_timeout=60000 -c lock_timeout=10000",
                # A server that vanished without a word is noticed in seconds, not after the kernel's quarter of an hour.
                "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000,
            },
        )  # fmt: skip

        @event.listens_for(engine, "handle_error")
        def _leave_a_standby(context: sa.engine.ExceptionContext) -> None:
            # After a fail-over our connections lead to what was the primary: new ones find the one that is.
            if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
                context.is_disconnect = True

        return engine

    @contextmanager
    def write(self, *, synced: bool = True) -> Iterator[Session]:
        """One transaction: commits at the end, rolls back on any exception.

        Not `synced`: on SQLite the commit does not wait for the disk, but is on it with the next one that does. After a power cut
        the last of these may never have happened, in order; whatever comes later than one that is on disk cannot be without it.
        """
        with self.one_writer or nullcontext(), self._session() as session, session.begin():
            if not synced:
                session.connection(execution_options={"synced": False})
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading only; on SQLite it does not wait for the writer."""
        with self._session() as session:
            session.connection(execution_options={"reading": True})
            yield session
            session.rollback()

    def run(self, work: Callable[[Session], T], *, synced: bool = True) -> T:
        """The result of `work` done in one write transaction (see `write`)."""
        with self.write(synced=synced) as session:
            return work(session)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


# What SQLite says when the file cannot serve now, whatever the statement (the low byte of an extended code).
_SQLITE_AWAY = {5: "busy", 6: "busy", 8: "read_only", 10: "io", 13: "full", 14: "gone", 26: "gone"}
# The same from PostgreSQL: a state, or the class it begins with.
READ_ONLY = "25006"
_POSTGRES_AWAY = {READ_ONLY: "read_only", "55P03": "busy", "57P": "gone", "08": "gone", "53": "full", "58": "io"}


def why_away(error: BaseException | None) -> str:
    """Why the database cannot serve at all now (gone, full, read_only, busy, io); "" when only this statement failed."""
    seen = 0
    while error is not None and seen < 8:
        if why := _why(error):
            return why
        # SQLite ends the transaction when its disk is full: what is raised then is that the savepoint is gone.
        error, seen = error.__context__, seen + 1
    return ""


def _why(error: BaseException) -> str:
    if isinstance(error, sa.exc.TimeoutError):
        return "busy"
    if not isinstance(error, sa.exc.DBAPIError):
        return ""
    raw: Any = error.orig
    if (number := getattr(raw, "sqlite_errorcode", None)) is not None:
        return _SQLITE_AWAY.get(number & 0xFF, "")
    state = getattr(raw, "sqlstate", None)
    if state is None:
        # No answer to give a state: the connection is what failed.
        return "gone" if error.connection_invalidated or isinstance(error, sa.exc.OperationalError) else ""
    return next((why for begins, why in _POSTGRES_AWAY.items() if state.startswith(begins)), "")
