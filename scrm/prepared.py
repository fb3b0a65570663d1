"""Statements that are compiled once and run on the transaction's own cursor: a tenth of what the same costs through SQLAlchemy.

For what every message needs. What is rare, or has another shape each time, goes through the session as usual.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from operator import itemgetter
from typing import Any, Concatenate, ParamSpec

import sqlalchemy as sa
from sqlalchemy.orm import Session, make_transient_to_detached

from scrm import access
from scrm.access import Actor

P = ParamSpec("P")
Values = Mapping[str, Any]
Convert = Callable[[Any], Any]
Fill = Callable[[Values], Any]
_NONE: Values = {}


@dataclass(frozen=True, slots=True)
class _Slot:
    """Stands where a value goes each time: the one under `key`, or the element at `index` of the list there."""

    key: str
    index: int | None = None


class Prepared:
    """One statement with named parameters; a list for IN may be of any length but zero (see `padded`)."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}
        self._readers: dict[str, list[tuple[int, Convert]]] = {}

    def rows(self, session: Session, values: Values = _NONE) -> list[Any]:
        """Named tuples."""
        return [self._row(*row) for row in self._fetched(session, values)]

    def first(self, session: Session, values: Values = _NONE) -> Any | None:
        """The first of `rows`."""
        found = self._fetched(session, values)
        return self._row(*found[0]) if found else None

    def scalars(self, session: Session, values: Values = _NONE) -> list[Any]:
        """The first column."""
        return [row[0] for row in self._fetched(session, values)]

    def records(self, session: Session, values: Values = _NONE) -> list[Any]:
        """The records that the statement selects whole, in the session; one that is there already stays as it is."""
        return [self._record(session, row) for row in self._fetched(session, values)]

    def run(self, session: Session, values: Values = _NONE) -> int:
        """Change something; how many rows that was."""
        return int(self._executed(session, values)[1].rowcount)

    def run_many(self, session: Session, many: Sequence[Values]) -> None:
        """Change something once for each of these, which are not none."""
        connection, compiled = self._ready(session)
        sql, _ = compiled.with_values(many[0])
        every = [compiled.with_values(values)[1] for values in many]
        if _is_heard(connection):
            connection.exec_driver_sql(sql, every)
            return
        raw: Any = connection.connection.driver_connection
        try:
            raw.cursor().executemany(sql, every)
        except connection.dialect.loaded_dbapi.Error as error:
            connection._handle_dbapi_exception(error, sql, every, None, None)
            raise

    # --- running

    def _fetched(self, session: Session, values: Values) -> Sequence[Sequence[Any]]:
        if session.autoflush:
            session.flush()
        dialect, cursor = self._executed(session, values)
        readers = self._readers.get(dialect.name)
        if readers is None:
            readers = self._readers[dialect.name] = self._reading(dialect, cursor)
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
        if not readers or not rows:
            return rows
        read = [list(row) for row in rows]
        for row in read:
            for place, reader in readers:
                row[place] = reader(row[place])
        return read

    def _executed(self, session: Session, values: Values) -> tuple[sa.Dialect, Any]:
        connection, compiled = self._ready(session)
        sql, parameters = compiled.with_values(values)
        dialect = connection.dialect
        if _is_heard(connection):
            result = connection.exec_driver_sql(sql, parameters)
            return dialect, result.cursor if result.returns_rows else result
        raw: Any = connection.connection.driver_connection
        try:
            return dialect, raw.execute(sql, parameters)
        except dialect.loaded_dbapi.Error as error:  # becomes what the session's own statements raise
            connection._handle_dbapi_exception(error, sql, parameters, None, None)
            raise

    def _ready(self, session: Session) -> tuple[sa.Connection, _Compiled]:
        connection = session.connection()
        compiled = self._compiled.get(connection.dialect.name)
        if compiled is None:
            compiled = self._compiled[connection.dialect.name] = _Compiled(self._statement, connection.dialect)
        return connection, compiled

    def _reading(self, dialect: sa.Dialect, cursor: Any) -> list[tuple[int, Convert]]:
        made = [
            column.type.dialect_impl(dialect).result_processor(dialect, described[1])
            for column, described in zip(self._columns, cursor.description, strict=True)
        ]
        return [(place, reader) for place, reader in enumerate(made) if reader is not None]

    @cached_property
    def _columns(self) -> list[Any]:
        return list(self._statement.exported_columns)

    @cached_property
    def _row(self) -> Any:
        return namedtuple("Row", [column.key for column in self._columns], rename=True)

    # --- records

    @cached_property
    def _mapped(self) -> tuple[Any, list[str], list[int]]:
        mapper = sa.inspect(self._statement.column_descriptions[0]["entity"])
        keys = [mapper.get_property_by_column(column).key for column in self._columns]
        return mapper, keys, [keys.index(mapper.get_property_by_column(column).key) for column in mapper.primary_key]

    def _record(self, session: Session, row: Sequence[Any]) -> Any:
        mapper, keys, primary = self._mapped
        known = session.identity_map.get(mapper.identity_key_from_primary_key([row[place] for place in primary]))
        if known is not None:
            return known
        made = mapper.class_manager.new_instance()
        made.__dict__.update(zip(keys, row, strict=True))
        make_transient_to_detached(made)
        session.add(made)
        return made


def _is_heard(connection: sa.Connection) -> bool:
    """Whether somebody counts or watches statements: then they pass through SQLAlchemy, which tells."""
    heard = connection.engine.dispatch
    return bool(heard.before_cursor_execute or heard.after_cursor_execute)


class _Compiled:
    """A statement as one database takes it, with a form for each length of its lists."""

    def __init__(self, statement: Any, dialect: sa.Dialect) -> None:
        self._compiled = compiled = statement.compile(dialect=dialect)
        self._slots: dict[str, Any] = {}
        for column in (*compiled.insert_prefetch, *compiled.update_prefetch):
            if column.default is None or not column.default.is_scalar:
                raise TypeError(f"{column}: what it is by default is not worked out here")
            self._slots[column.key] = column.default.arg
        for name, bind in compiled.binds.items():
            value = bind.value[0] if bind.expanding and bind.value else bind.value
            if bind.required or isinstance(value, _Slot):
                self._slots[name] = value if isinstance(value, _Slot) else _Slot(bind.key)
        self._lists = sorted({slot.key for name, slot in self._slots.items() if compiled.binds[name].expanding})
        self._forms: dict[tuple[int, ...], tuple[str, Fill]] = {}

    def with_values(self, values: Values) -> tuple[str, Any]:
        """The text, and its parameters as the driver wants them."""
        lengths = tuple([len(values[key]) for key in self._lists]) if self._lists else ()
        form = self._forms.get(lengths)
        if form is None:
            form = self._forms[lengths] = self._form(values)
        sql, fill = form
        return sql, fill(values)

    def _form(self, values: Values) -> tuple[str, Fill]:
        wanted = {
            name: [_Slot(slot.key, index) for index in range(len(values[slot.key]))]
            if self._compiled.binds[name].expanding
            else slot
            for name, slot in self._slots.items()
        }
        state = self._compiled.construct_expanded_state(wanted)
        names = list(state.positiontup or state.parameters)
        places = [(state.parameters[name], state.processors.get(name) or self._conversion(name)) for name in names]
        return state.statement, _filling(None if self._compiled.positional else names, places)

    def _conversion(self, name: str) -> Convert | None:
        bind, dialect = self._compiled.binds.get(name), self._compiled.dialect
        made: Convert | None = None if bind is None else bind.type.dialect_impl(dialect).bind_processor(dialect)
        return made


def _filling(names: list[str] | None, places: list[tuple[Any, Convert | None]]) -> Fill:
    """What makes the driver's parameters from values: a mapping, or a tuple where there are no names."""
    plain = [place.key for place, convert in places if isinstance(place, _Slot) and place.index is None and not convert]
    if names is None and len(plain) == len(places) > 1:
        return itemgetter(*plain)  # rows by the hundred are inserted this way

    def fill(values: Values) -> Any:
        filled = []
        for value, convert in places:
            if isinstance(value, _Slot):
                value = values[value.key] if value.index is None else values[value.key][value.index]
            filled.append(value if convert is None else convert(value))
        return tuple(filled) if names is None else dict(zip(names, filled, strict=True))

    return fill


# --- what depends on who asks


@dataclass(frozen=True, slots=True)
class ForActor:
    """A prepared statement with what is particular to whoever asks."""

    prepared: Prepared
    actor: Actor

    def scalars(self, session: Session, values: Values = _NONE) -> list[Any]:
        """See `Prepared`."""
        return self.prepared.scalars(session, self._with(values))

    def records(self, session: Session, values: Values = _NONE) -> list[Any]:
        """See `Prepared`."""
        return self.prepared.records(session, self._with(values))

    def _with(self, values: Values) -> Values:
        return {**values, "me": self.actor.member_id, "team": padded(self.actor.team)}


def for_actor(build: Callable[Concatenate[Actor, P], sa.Select[Any]]) -> Callable[Concatenate[Actor, P], ForActor]:
    """A query that carries a permission clause, prepared once for each role: only ids differ between its actors."""
    made: dict[tuple[Any, ...], Prepared] = {}
    access.forget_with(made.clear)

    @wraps(build)
    def prepared(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> ForActor:
        shape = (actor.role, *args, *kwargs.values())
        if shape not in made:
            anybody: Any = Actor(_Slot("me"), "", actor.role, frozenset({_Slot("team")}))  # type: ignore[arg-type]
            made[shape] = Prepared(build(anybody, *args, **kwargs))
        return ForActor(made[shape], actor)

    return prepared


def padded(values: Iterable[Any]) -> list[Any]:
    """The values of an IN, the last repeated so that there are few lengths: 1, 2, 4, 8…"""
    ordered = sorted(values)
    size = 1 << max(0, len(ordered) - 1).bit_length()
    return ordered + ordered[-1:] * (size - len(ordered))
