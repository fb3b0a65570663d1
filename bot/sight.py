"""What exists for a speaker: which of the names a text may mention the database lets this member see."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu.frame import Ref, Scope
from bot.nlu.lexicon import Lexicon
from scrm import access
from scrm.access import Actor
from scrm.models import Activity, Contact, Customer, Deal
from scrm.prepared import Prepared, for_actor, padded

RECENT_CUSTOMERS = 20
RECENT_ACTIVITIES = 200
MAX_SIGHT_SECONDS = 60.0  # what a change outside the log (two members made one) may take to be noticed
MAX_SIGHTS = 500
MAX_IDS = 500_000  # of all sights together: some 30 MB
MAX_CHANGED = 2000
CHUNK = 500
_CLAUSES: dict[str, tuple[Any, Callable[[Actor], sa.ColumnElement[bool]]]] = {
    "customer": (Customer, access.customers),
    "contact": (Contact, access.contacts),
    "deal": (Deal, access.deals),
}


class Sight(AbstractSet[tuple[str, Ref]]):
    """The (kind, id) a member sees, as of the last check; `changed` waits to be checked again."""

    def __init__(self, session: Session, actor: Actor) -> None:
        self.since = time.monotonic()
        self.changed: dict[str, set[int]] = {kind: set() for kind in _CLAUSES}
        self._ids = {
            kind: set(session.scalars(sa.select(table.id).where(clause(actor))))
            for kind, (table, clause) in _CLAUSES.items()
        }

    def check(self, session: Session, actor: Actor) -> None:
        """Look again at what changed."""
        for kind, ids in self.changed.items():
            if ids:
                self._ids[kind] -= ids
                self._ids[kind].update(visible(session, actor, kind, ids))
                ids.clear()

    def __contains__(self, item: object) -> bool:
        return isinstance(item, tuple) and item[1] in self._ids.get(item[0], ())

    def __iter__(self) -> Iterator[tuple[str, Ref]]:
        return ((kind, ref) for kind, ids in self._ids.items() for ref in ids)

    def __len__(self) -> int:
        return sum(map(len, self._ids.values()))


class Sights:
    """The sights of those who spoke last: they only say where to look, the database has the last word on each message."""

    def __init__(self) -> None:
        self._sights: OrderedDict[Actor, Sight] = OrderedDict()

    def of(self, session: Session, actor: Actor) -> Sight | None:
        """What the actor sees; None for everything."""
        if actor.sees_all:
            return None
        sight = self._sights.get(actor)
        if sight is None or time.monotonic() - sight.since > MAX_SIGHT_SECONDS:
            sight = self._sights[actor] = Sight(session, actor)
            self._sights.move_to_end(actor)
            self._make_room()
        else:
            self._sights.move_to_end(actor)
        sight.check(session, actor)
        return sight

    def _make_room(self) -> None:
        """Forget whoever spoke longest ago: the newest is the last."""
        ids = sum(map(len, self._sights.values()))
        while len(self._sights) > 1 and (len(self._sights) > MAX_SIGHTS or ids > MAX_IDS):
            ids -= len(self._sights.popitem(last=False)[1])

    def changed(self, lexicon: Lexicon, kind: str, ids: Iterable[int]) -> None:
        """These records, or who may see them, changed; with a customer its contacts and deals."""
        every = {kind: set(ids)} if kind in _CLAUSES else {}
        if kind == "customer":
            for part in ("contact", "deal"):
                every[part] = {int(name.ref) for ident in every[kind] for name in lexicon.of_customer(part, ident)}
        for actor, sight in list(self._sights.items()):
            for changed, refs in every.items():
                sight.changed[changed] |= refs
            if sum(map(len, sight.changed.values())) > MAX_CHANGED:
                del self._sights[actor]


def scope_of(
    session: Session, actor: Actor, lexicon: Lexicon, sights: Sights, text: str, last: dict[str, int | None], zone: Any
) -> Scope:
    """What exists for this speaker in this text: one query per kind of name the text may mention, none for who sees all."""
    recent = _recent(session, actor)
    sight = sights.of(session, actor)
    scope = Scope(me=actor.member_id, visible=sight, recent=recent, zone=zone)
    wanted: dict[str, set[int]] = {kind: set() for kind in _CLAUSES}
    for kind, ident in last.items():
        if ident is not None:
            wanted[kind].add(ident)
            name = lexicon.name(kind, ident)
            if name is not None and name.customer is not None:
                wanted["customer"].add(int(name.customer))
    if sight is not None:
        wanted["customer"].update(int(ref) for ref in recent)
        for kind, ref in lexicon.candidates(text, scope):
            if kind in _CLAUSES:
                wanted[kind].add(int(ref))
    seen = {(kind, ident) for kind, ids in wanted.items() for ident in visible(session, actor, kind, ids)}
    known = {kind: ident if (kind, ident) in seen else None for kind, ident in last.items()}
    return Scope(
        me=actor.member_id, visible=None if sight is None else seen, recent=recent, last_customer=known.get("customer"),
        last_deal=known.get("deal"), last_contact=known.get("contact"), zone=zone,
    )  # fmt: skip


def _recent(session: Session, actor: Actor) -> tuple[Ref, ...]:
    """The customers of the speaker's last activities, newest first."""
    newest = _NEWEST.scalars(session, {"member": actor.member_id})
    return tuple(dict.fromkeys(newest))[:RECENT_CUSTOMERS]


_NEWEST = Prepared(
    sa.select(Activity.customer_id)
    .where(Activity.member_id == sa.bindparam("member"))
    .order_by(Activity.id.desc())
    .limit(RECENT_ACTIVITIES)
)


def visible(session: Session, actor: Actor, kind: str, ids: Iterable[int]) -> Iterator[int]:
    """Those of the ids that the actor may see."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        yield from _those(actor, kind).scalars(session, {"ids": padded(ordered[start : start + CHUNK])})


@for_actor
def _those(actor: Actor, kind: str) -> sa.Select[Any]:
    table, clause = _CLAUSES[kind]
    return sa.select(table.id).where(table.id.in_(sa.bindparam("ids", expanding=True)), clause(actor))
