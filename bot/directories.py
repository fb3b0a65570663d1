"""From what a platform's directory says to members: one person on first sight, everybody once a day."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot.cards import words
from bot.platforms.base import Directory, DirectorySource, Fate, Outgoing, Person, SendError, Sent
from bot.store import Store
from scrm import audit, member_sync, members

log = structlog.get_logger("directory")

FIRST_SECONDS = 5.0
_LOCK = 72_118_005  # any number of our own, beside that of `bot.schema`


def remember_person(session: Session, platform: str, person: Person) -> None:
    """Make or refresh the member behind a directory entry."""
    _begin(session)
    _one_at_a_time(session)
    members.apply_person(session, platform, _plain(person), datetime.now(UTC))


async def read_first(store: Store, sources: Mapping[str, DirectorySource]) -> None:
    """Bring in the members of a company that is new to the bot, so that the first sentence may name any of them.

    A platform that does not answer within 5 s is left to the daily reading.
    """
    for platform, source in sources.items():
        if not await store.run(partial(member_sync.is_known, platform=platform)):
            await _read_in_time(store, source)


async def _read_in_time(store: Store, source: DirectorySource) -> None:
    try:
        everybody = await asyncio.wait_for(source.everybody(), FIRST_SECONDS)
    except (SendError, TimeoutError) as error:
        log.warning("directory_unavailable", platform=source.platform, error=str(error) or "timeout")
        return
    await sync(store, source.platform, everybody)


class Readings:
    """The outbox call "read_directory": one person when the payload names a user id, else everybody."""

    def __init__(self, store: Store, sources: Mapping[str, DirectorySource]) -> None:
        self._store, self._sources = store, sources
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def __call__(self, item: Outgoing) -> Sent:
        """Bring members and departments up to date. Raises SendError."""
        platform, user_id = str(item.payload["platform"]), str(item.payload.get("user_id", ""))
        source = self._sources.get(platform)
        if source is None:
            raise SendError(Fate.PERMANENT, "not_configured", platform)
        if user_id:
            await _read_one(self._store, source, user_id)
            return Sent()
        # A big company takes longer than one attempt may: the next one waits for the same reading.
        if platform not in self._under_way:
            self._under_way[platform] = asyncio.create_task(_read_all(self._store, source))
        reading = self._under_way[platform]
        try:
            await asyncio.shield(reading)
        finally:
            if reading.done():
                self._under_way.pop(platform, None)
        return Sent()

    async def close(self) -> None:
        """Give up what is being read: the row is still owed, and read by whoever claims it next."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read_all(store: Store, source: DirectorySource) -> None:
    await sync(store, source.platform, await source.everybody())


async def _read_one(store: Store, source: DirectorySource, user_id: str) -> None:
    person = await source.person(user_id)

    def work(session: Session) -> None:
        _begin(session)
        if person is None:
            members.person_left(session, source.platform, user_id, datetime.now(UTC))
        else:
            remember_person(session, source.platform, person)

    await store.run(work)


async def sync(store: Store, platform: str, directory: Directory) -> None:
    """Make members and departments what the directory says, a slice at a time so that others get to write in between."""
    units = [member_sync.Unit(unit.id, unit.name, unit.parent) for unit in directory.units]
    reading = member_sync.Reading(platform, units, [_plain(person) for person in directory.people], datetime.now(UTC))
    for write in reading.slices():
        seconds = await store.run(partial(_timed, write))
        await asyncio.sleep(seconds if store.database.is_sqlite else 0)
    log.info(
        "members_synced", platform=platform, units=len(units), people=len(directory.people), result=str(reading.result)
    )


def _timed(write: Callable[[Session], None], session: Session) -> float:
    """Write one slice; the seconds it took."""
    started = time.monotonic()
    _begin(session)
    _one_at_a_time(session)
    write(session)
    session.flush()
    return time.monotonic() - started


def _one_at_a_time(session: Session) -> None:
    """Each write looks at who is there first: on PostgreSQL another replica must not be in the middle of the same."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _begin(session: Session) -> None:
    now = datetime.now(UTC)
    audit.begin(session, audit.Turn(f"directory:{now:%Y%m%dT%H%M%S}", None, "directory", words.SYNC, now))


def _plain(person: Person) -> members.Person:
    return members.Person(person.user_id, person.name, person.departments, person.leads, person.manager, person.active)
