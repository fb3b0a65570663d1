"""The company's names for understanding: built once from the database, then kept up by following the audit log."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import metrics
from bot.nlu import words
from bot.nlu.cues.names import BIG_REGIONS
from bot.nlu.frame import Name, Scope
from bot.nlu.lexicon import Lexicon
from bot.sight import Sights, scope_of
from scrm.access import Actor
from scrm.models import Audit, Contact, Customer, CustomerAlias, Deal, Follow, Member, Stage, Tag
from scrm.prepared import Prepared, padded

# PostgreSQL gives numbers out before the commit: one that is missing may still come, or was rolled back. No transaction
# outlives its statements' 60 s by much.
GAP_SECONDS = 180.0
MAX_GAPS = 1000
CHUNK = 500
KINDS = ("customer", "contact", "deal", "tag", "member")
# Rows that belong to another record: it is what changed. By table: the kind, and the column that names it.
_PART_OF = {
    "customer_alias": ("customer", "customer_id"),
    "customer_share": ("customer", "customer_id"),
    "follow": ("contact", "contact_id"),
}


class Names:
    """One lexicon per company, shared by all threads; changes come in under the caller's lock (one understanding at a time)."""

    def __init__(self) -> None:
        self._lexicon: Lexicon | None = None
        self._sights = Sights()
        self._seen = 0
        self._gaps: dict[int, float] = {}

    def lexicon(self, session: Session) -> Lexicon:
        """The lexicon as of this transaction: what other processes committed is in it."""
        if self._lexicon is None:
            words.load()
            self._seen = session.scalar(sa.select(sa.func.max(Audit.id))) or 0
            self._gaps = self._late(session)
            self._lexicon = Lexicon(_everything(session))
        else:
            self._follow(session, self._lexicon)
        metrics.LEXICON.set(len(self._lexicon))
        return self._lexicon

    def scope(self, session: Session, actor: Actor, text: str, last: dict[str, int | None], zone: Any) -> Scope:
        """What exists for this speaker in this text, as of the last call of `lexicon`."""
        lexicon = self.lexicon(session) if self._lexicon is None else self._lexicon
        return scope_of(session, actor, lexicon, self._sights, text, last, zone)

    def _follow(self, session: Session, lexicon: Lexicon) -> None:
        rows = self._new_rows(session)
        if not rows:
            return
        if any(row.table_name == "stage" for row in rows):
            for name in _stages(session):
                lexicon.put(name)
        for kind, ids in _changed(session, rows).items():
            for part in _chunks(sorted(ids)):
                names = list(_read(session, kind, part))
                for name in names:
                    lexicon.put(name)
                for gone in set(part) - {name.ref for name in names if name.kind == kind}:
                    lexicon.remove(kind, int(gone))
            self._sights.changed(lexicon, kind, ids)

    def _new_rows(self, session: Session) -> Sequence[Any]:
        """The rows of the log that were not read yet; they are read for good only where this transaction added none of them."""
        now = time.monotonic()
        self._gaps = {ident: since for ident, since in self._gaps.items() if now - since < GAP_SECONDS}
        query = _NEW_OR_LATE if self._gaps else _NEW
        rows = query.rows(session, {"seen": self._seen, "late": padded(self._gaps)})
        if rows and "turn" not in session.info:
            found = {row.id for row in rows}
            newest = max(self._seen, *found)
            missing = (ident for ident in range(max(self._seen, newest - MAX_GAPS) + 1, newest) if ident not in found)
            self._gaps = {ident: since for ident, since in self._gaps.items() if ident not in found}
            self._gaps.update(dict.fromkeys(missing, now))
            self._seen = newest
        return rows

    def _late(self, session: Session) -> dict[int, float]:
        """The numbers missing from the end of the log when the names are first read."""
        ids = set(session.scalars(sa.select(Audit.id).where(Audit.id > self._seen - CHUNK)))
        first = min(ids, default=self._seen)
        return dict.fromkeys((ident for ident in range(first, self._seen) if ident not in ids), time.monotonic())


_LOG, _IS_NEW = sa.select(Audit.id, Audit.table_name, Audit.record_id), Audit.id > sa.bindparam("seen")
_NEW = Prepared(_LOG.where(_IS_NEW))
_NEW_OR_LATE = Prepared(_LOG.where(sa.or_(_IS_NEW, Audit.id.in_(sa.bindparam("late", expanding=True)))))


def _changed(session: Session, rows: Iterable[Any]) -> dict[str, set[int]]:
    """Which records of each kind the rows of the log are about."""
    changed: defaultdict[str, set[int]] = defaultdict(set)
    parts: list[int] = []
    for row in rows:
        if row.table_name in KINDS:
            changed[row.table_name].add(int(row.record_id))
        elif row.table_name in _PART_OF:
            parts.append(row.id)
    for part in _chunks(parts):
        query = sa.select(Audit.table_name, Audit.before, Audit.after, Audit.record_id).where(Audit.id.in_(part))
        for table, before, after, record in session.execute(query):
            kind, column = _PART_OF[table]
            owner = (before or {}).get(column) or (after or {}).get(column)
            changed[kind].update([owner] if owner else _owner(session, table, record))
    return changed


def _owner(session: Session, table: str, record: str) -> Iterable[int]:
    """The record that a changed part belongs to, where the log holds only what changed in the part itself."""
    if table == "customer_share":
        return [int(record.split("/")[0])]
    kind = Follow if table == "follow" else CustomerAlias
    column = Follow.contact_id if table == "follow" else CustomerAlias.customer_id
    return session.scalars(sa.select(column).where(kind.id == int(record)))


def _everything(session: Session) -> Iterator[Name]:
    for kind in KINDS:
        yield from _read(session, kind)
    yield from (Name("region", text, text) for text in BIG_REGIONS)
    yield from _stages(session)


def _stages(session: Session) -> Iterator[Name]:
    query = sa.select(Stage.name).where(Stage.retired.is_(False)).order_by(Stage.id)
    yield from (Name("stage", text, text) for text in dict.fromkeys(session.scalars(query)))


def _read(session: Session, kind: str, ids: Sequence[int] | None = None) -> Iterator[Name]:
    """The names of these records, or of all of the kind; with a customer the region it is in."""

    def rows(*columns: Any) -> Any:
        query = sa.select(*columns)
        if ids is None:
            return session.execute(query, execution_options={"yield_per": 5000})  # else every row is in memory twice
        return session.execute(query.where(columns[0].in_(ids)))

    if kind == "customer":
        aliases: defaultdict[int, list[str]] = defaultdict(list)
        for ident, alias in rows(CustomerAlias.customer_id, CustomerAlias.name):
            aliases[ident].append(alias)
        regions: set[str] = set()
        for ident, text, region in rows(Customer.id, Customer.name, Customer.region):
            yield Name("customer", ident, text, tuple(aliases.get(ident, ())))
            if region and region not in regions:
                regions.add(region)
                yield Name("region", region, region)
    elif kind == "contact":
        for ident, text, customer, title in rows(Contact.id, Contact.name, Contact.customer_id, Contact.title):
            yield Name("contact", ident, text, customer=customer, title=title)
    elif kind == "deal":
        stages = dict(session.execute(sa.select(Stage.id, Stage.name)).all())
        for ident, text, customer, stage, status in rows(
            Deal.id, Deal.name, Deal.customer_id, Deal.stage_id, Deal.status
        ):
            yield Name("deal", ident, text, customer=customer, stage=stages.get(stage, ""), open=status == "open")
    elif kind == "tag":
        yield from (Name("tag", ident, text) for ident, text in rows(Tag.id, Tag.name))
    else:
        members = rows(Member.id, Member.name, Member.active)
        yield from (Name("member", ident, text) for ident, text, active in members if active)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
