"""The inbox: durable before the acknowledgement, many callbacks per commit, a repeat changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from spine import NOW, clicked, said, working

from bot.events import ContactChange, DirectoryChange, Enter, Origin
from bot.inbox import Inbox as Door
from bot.inbox import lane_of, speaker_of
from bot.platforms.base import Rejected, Unavailable
from bot.tables import Inbox
from scrm.db import Database
from scrm.models import Customer


@contextmanager
def held_by_another_process(database: Database) -> Iterator[None]:
    """Somebody else writes and does not finish."""
    other = Database(str(database.url.render_as_string(hide_password=False)))
    with other.engine.connect() as connection:
        transaction = connection.begin()
        if not database.is_sqlite:
            connection.execute(sa.text("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"))
        yield
        transaction.rollback()
    other.close()


def commits(database: Database) -> list[float]:
    """When transactions are committed from now on."""
    found: list[float] = []
    sa.event.listen(database.engine, "commit", lambda _: found.append(time.monotonic()))
    return found


def keys(database: Database) -> set[str]:
    with database.write() as session:
        return set(session.scalars(sa.select(Inbox.key)))


async def test_callbacks_at_the_same_time_share_commits(database: Database) -> None:
    nudges: list[None] = []
    door, found = Door(database, lambda: nudges.append(None)), commits(database)
    await asyncio.gather(*(door.accept([said("lina", "帮助", f"k{number}")]) for number in range(300)))
    assert len(found) <= 5
    assert len(nudges) == len(found)
    assert keys(database) == {f"k{number}" for number in range(300)}
    await door.close()


async def test_an_event_is_on_disk_when_accept_returns(database: Database) -> None:
    door = Door(database, lambda: None)
    await door.accept([said("lina", "帮助", "k1"), said("lina", "撤销", "k2")])
    assert keys(database) == {"k1", "k2"}
    await door.accept([])
    await door.close()


async def test_the_same_message_four_times_is_one_effect_and_one_reply(database: Database) -> None:
    async with working(database, {"lina": "李娜"}) as spine:
        message = said("lina", "新建客户 宏图精密", "msg-1")
        await asyncio.gather(*(spine.door.accept([message]) for _ in range(3)))
        await spine.settled()
        await spine.hear(message)
        assert await spine.count(Customer) == 1
        assert spine.platform.titles("lina") == ["已新建客户 · 宏图精密"]


async def test_a_busy_database_is_said_within_two_seconds(database: Database) -> None:
    door = Door(database, lambda: None)
    await door.accept([said("lina", "帮助", "before")])
    started = time.monotonic()
    with held_by_another_process(database):
        waiting = [door.accept([said("lina", "帮助", f"k{number}")]) for number in range(3)]
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert time.monotonic() - started < 2
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    await door.accept([said("lina", "帮助", "after")])
    assert {"before", "after"} <= keys(database)
    await door.close()


async def test_waiting_for_the_inbox_does_not_shorten_the_patience_of_business(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('db') / 'acme.db'}", pool_size=1)
    Inbox.metadata.create_all(database.engine)
    door = Door(database, lambda: None)
    await door.accept([said("lina", "帮助", "k1")])
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == database.busy_timeout_ms
    await door.close()
    database.close()


async def test_a_closed_inbox_commits_what_waits_and_refuses_what_comes(database: Database) -> None:
    door = Door(database, lambda: None)
    accepted = asyncio.create_task(door.accept([said("lina", "帮助", "k1")]))
    await asyncio.sleep(0)
    await door.close()
    await accepted
    with pytest.raises(Unavailable):
        await door.accept([said("lina", "帮助", "k2")])
    assert keys(database) == {"k1"}


async def test_text_no_database_can_hold_is_refused_alone(database: Database) -> None:
    door = Door(database, lambda: None)
    with pytest.raises(Rejected) as refused:
        await door.accept([said("lina", "半个字 \ud83d", "k1")])
    assert refused.value.status == 400
    await door.accept([said("li\x00na", "零字节 \x00", "k\x002"), said("x" * 5000, "帮助", "y" * 5000)])
    assert len(keys(database)) == 2
    await door.close()


def test_what_dies_in_seconds_goes_first_and_order_is_kept_per_person() -> None:
    contact = {"change": "added", "external_user_id": "wm1"}
    origin = Origin("wecom", "wecom_app", "lina")
    assert lane_of(clicked("lina", "help")) == 0
    assert lane_of(ContactChange("k", origin, NOW, welcome_code="CODE", **contact)) == 0
    assert lane_of(ContactChange("k", origin, NOW, **contact)) == 1
    assert lane_of(said("lina", "帮助")) == 1
    assert lane_of(Enter("k", origin, NOW)) == 2
    assert speaker_of(said("lina", "帮助")) == speaker_of(clicked("lina", "help")) == "wecom:lina"
    assert speaker_of(ContactChange("k", origin, NOW, **contact)) == "wecom:contact:wm1"
    assert speaker_of(DirectoryChange("k", origin, NOW, user_id="lina")) != "wecom:lina"
