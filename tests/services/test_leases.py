"""What only one process may hold: a lease has one holder, a socket follows it, a token is fetched once for all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from spine import SETTINGS, until

from bot import leases
from bot.leases import SharedTokens, give_back, take
from bot.platforms.base import Outgoing, Sent
from bot.platforms.tokens import RENEWAL_SECONDS, RENEWALS, AccessTokens, MemoryTokens
from bot.send_loop import SendLoop
from bot.settle import Settle
from bot.socket_lease import SocketLease
from bot.store import Store
from scrm.db import Database


@dataclass
class Socket:
    """A connection of which the platform allows one; `open_now` counts those of all processes."""

    everywhere: list[str]
    name: str
    connected: bool = False
    doors = frozenset({"wecom_bot"})
    calls: frozenset[str] = frozenset()
    history: list[str] = field(default_factory=list)
    replaced: bool = False

    async def start(self) -> None:
        self.connected, self.replaced = True, False
        self.everywhere.append(self.name)
        self.history.append("open")

    async def stop(self) -> None:
        if self.connected:
            self.everywhere.remove(self.name)
            self.history.append("closed")
        self.connected = False

    async def send(self, item: Outgoing) -> Sent:
        return Sent()


class Process:
    """One replica, as far as its socket goes."""

    def __init__(self, database: Database, everywhere: list[str], name: str, seconds: float) -> None:
        self.store = Store(Database(database.url.render_as_string(hide_password=False)))
        self.sender = SendLoop(self.store, Settle(SETTINGS, ["wecom_bot"], lambda: datetime.now(UTC)), name)
        self.socket = Socket(everywhere, name)
        self.lease = SocketLease(
            "wecom_bot",
            self.socket,
            self.store,
            self.sender,
            name,
            self._on_replaced,
            seconds=seconds,
            reopen_seconds=(0.1, 0.4),
        )
        self.told: list[str] = []
        self.lease.start()

    async def _on_replaced(self, door: str) -> None:
        self.told.append(door)

    def take_away(self) -> None:
        """Somebody outside logs in with the same bot."""
        self.socket.everywhere.remove(self.socket.name)
        self.socket.connected, self.socket.replaced = False, True

    async def die(self) -> None:
        """Without a word: nothing is given back."""
        assert self.lease._task is not None
        self.lease._task.cancel()
        await asyncio.wait([self.lease._task])
        await self.socket.stop()

    async def close(self) -> None:
        await self.lease.stop()
        await asyncio.to_thread(self.store.close)


def test_a_lease_has_one_holder_until_it_runs_out(database: Database) -> None:
    assert database.run(lambda session: take(session, "socket", "a", 60_000))
    assert database.run(lambda session: take(session, "socket", "a", 60_000))
    assert not database.run(lambda session: take(session, "socket", "b", 60_000))
    database.run(lambda session: give_back(session, "socket", "b"))
    assert not database.run(lambda session: take(session, "socket", "b", 60_000))
    database.run(lambda session: give_back(session, "socket", "a"))
    assert database.run(lambda session: take(session, "socket", "b", 0))
    assert database.run(lambda session: take(session, "socket", "a", 60_000))


async def test_many_who_reach_for_a_lease_at_once_leave_one_holder(database: Database) -> None:
    def reach(holder: str) -> bool:
        return database.run(lambda session: take(session, "socket", holder, 60_000))

    taken = await asyncio.gather(*(asyncio.to_thread(reach, f"h{number}") for number in range(8)))
    assert sum(taken) == 1


def test_a_dead_holders_socket_moves_within_fifteen_seconds() -> None:
    assert leases.SOCKET_LEASE_SECONDS * (1 + 1 / 3) <= 16
    assert leases.SOCKET_LEASE_SECONDS < 15


async def test_the_socket_is_open_once_and_moves_when_its_holder_dies(database: Database) -> None:
    everywhere: list[str] = []
    first = Process(database, everywhere, "first", 0.6)
    await until(lambda: first.socket.connected)
    second = Process(database, everywhere, "second", 0.6)
    for _ in range(20):
        await asyncio.sleep(0.03)
        assert everywhere == ["first"]
    assert second.lease.open_somewhere
    assert ("wecom_bot" in first.sender.doors, "wecom_bot" in second.sender.doors) == (True, False)
    await first.die()
    await until(lambda: second.socket.connected, 2)
    assert "wecom_bot" in second.sender.doors
    await first.close()
    await second.close()
    assert everywhere == []


async def test_the_socket_moves_at_once_when_its_holder_stops(database: Database) -> None:
    everywhere: list[str] = []
    first = Process(database, everywhere, "first", 30)
    await until(lambda: first.socket.connected)
    second = Process(database, everywhere, "second", 0.3)
    await first.close()
    await until(lambda: second.socket.connected, 2)
    await second.close()


async def test_a_holder_that_lost_its_lease_closes_the_socket(database: Database) -> None:
    everywhere: list[str] = []
    process = Process(database, everywhere, "first", 0.3)
    await until(lambda: process.socket.connected)
    await process.store.run(lambda session: give_back(session, "socket:wecom_bot", "first"))
    await process.store.run(lambda session: take(session, "socket:wecom_bot", "thief", 60_000))
    await until(lambda: not process.socket.connected, 2)
    assert "wecom_bot" not in process.sender.doors
    await process.close()


# --- tokens


async def test_one_of_many_refreshes_the_token_and_all_see_it(database: Database) -> None:
    stores = [Store(Database(database.url.render_as_string(hide_password=False))) for _ in range(2)]
    fetched: list[str] = []

    async def use(tokens: SharedTokens) -> str:
        async with tokens.lock("wecom"):
            known = await tokens.get("wecom")
            if known is not None:
                return known[0]
            await asyncio.sleep(0.05)
            fetched.append("asked the platform")
            await tokens.put("wecom", "token-1", datetime.now(UTC) + timedelta(hours=2))
            return "token-1"

    users = [SharedTokens(store, f"h{number}") for number, store in enumerate(stores)]
    assert set(await asyncio.gather(*(use(users[number % 2]) for number in range(8)))) == {"token-1"}
    assert fetched == ["asked the platform"]
    for store in stores:
        await asyncio.to_thread(store.close)


async def test_a_forgotten_token_is_no_token(database: Database) -> None:
    store = Store(database)
    tokens, ends = SharedTokens(store, "h"), datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert await tokens.get("wecom") is None
    await tokens.put("wecom", "t", ends)
    assert await tokens.get("wecom") == ("t", ends)
    await tokens.put("wecom", "", ends)
    assert await tokens.get("wecom") is None


async def test_who_dies_while_refreshing_holds_up_the_others_for_a_moment_only(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "REFRESH_LEASE_MS", 300)
    store = Store(database)
    await store.run(lambda session: take(session, "token:wecom", "dead", 200))
    async with asyncio.timeout(5), SharedTokens(store, "alive").lock("wecom"):
        pass


async def test_who_dies_while_refreshing_holds_up_nobody_whose_token_is_good(database: Database) -> None:
    store = Store(database)
    shared = SharedTokens(store, "alive")
    await shared.put("wecom", "good", datetime.now(UTC) + timedelta(hours=1))
    await store.run(lambda session: take(session, "token:wecom", "dead", 60_000))

    async def ask() -> tuple[object, object]:
        raise AssertionError("the platform need not be asked")

    async with asyncio.timeout(5):
        assert await AccessTokens("wecom", ask, shared).get() == "good"


async def test_a_platform_that_refuses_every_token_is_not_asked_for_one_after_the_other() -> None:
    asked, now = 0, 100.0

    async def ask() -> tuple[object, object]:
        nonlocal asked
        asked += 1
        return f"token-{asked}", 7200

    tokens = AccessTokens("wecom", ask, MemoryTokens(), monotonic=lambda: now)
    token = await tokens.get()
    for _ in range(100):
        token = await tokens.get(stale=token)
    assert asked == 1 + RENEWALS
    now += RENEWAL_SECONDS + 1
    assert await tokens.get(stale=token) != token


async def test_a_socket_taken_by_an_outsider_is_told_of_and_opened_again_later_each_time(database: Database) -> None:
    process = Process(database, [], "first", 0.06)
    await until(lambda: process.socket.connected)
    times = []
    for number in (1, 2):
        process.take_away()
        taken = asyncio.get_running_loop().time()
        assert not process.lease.open_somewhere
        await until(lambda: process.socket.connected, 3)
        times.append(asyncio.get_running_loop().time() - taken)
        assert process.told == ["wecom_bot"] * number
    assert times[0] >= 0.1
    assert times[1] >= 0.4
    await process.close()
