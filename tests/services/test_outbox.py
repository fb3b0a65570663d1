"""The outbox: everything owed is sent once, in order, inside the limits, and retried by the kind of its error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from spine import DOORS, NOW, SETTINGS, Platform, Spine, said, until, working
from sqlalchemy.orm import Session

from bot import outbox, send_loop, settle
from bot.cards.card import Card
from bot.context import PUSH, REPLY, URGENT, Context, Owed
from bot.outbox import Address, claim, post
from bot.platforms.base import Fate, Outgoing, SendError, Sent
from bot.tables import CLAIMED, DONE, EXPIRED, FAILED, NEW, CardCopy, Hold, Outbox
from scrm import defaults, members
from scrm.db import Database
from scrm.models import Customer
from tests.broken_databases import Pragma

LINA = Address("wecom_app", "lina")


def owe(session: Session, key: str, who: str = "lina", *, kind: str = "card", lane: Any = REPLY, **more: Any) -> str:
    """A card for somebody."""
    owed = Owed(
        key=key, kind=kind, payload={"card": Card(title=key, view=more.pop("view", ""))}, member_id=1, lane=lane, **more
    )
    return post(session, owed, Address("wecom_app", who), "t1")


def claimed(database: Database, holder: str = "h1", limit: int = 32) -> list[Outgoing]:
    return database.run(lambda session: claim(session, DOORS, holder, limit))


def change(database: Database, **values: Any) -> None:
    """The world as another moment would have it."""
    database.run(lambda session: session.execute(sa.update(Outbox).values(**values)))


def write_back(database: Database, item: Outgoing, outcome: Sent | SendError, holder: str = "h1") -> None:
    settler = settle.Settle(SETTINGS, DOORS, lambda: NOW)
    database.run(lambda session: settler.settle(session, item, outcome, holder))


def test_of_many_what_is_owed_already_is_passed_over_and_the_rest_keeps_its_order(database: Database) -> None:
    first = 'it\'s “一”\n\\ {"0"} 😀'
    many = [
        (Owed(key=f"k{n}", kind="card", payload={"card": Card(title=first, view="todo")}, member_id=n), LINA)
        for n in range(9)
    ]
    database.run(lambda session: outbox.post_many(session, many[3:5], "t1"))
    database.run(lambda session: outbox.post_many(session, many, "t2"))
    with database.read() as session:
        found = session.execute(
            sa.select(Outbox.key, Outbox.turn, Outbox.payload, Outbox.maybe_sent).order_by(Outbox.id)
        ).all()
        copies = session.scalars(sa.select(CardCopy.member_id).order_by(CardCopy.member_id)).all()
    assert [row.key for row in found] == ["k3", "k4", "k0", "k1", "k2", "k5", "k6", "k7", "k8"]
    assert [row.turn for row in found] == ["t1"] * 2 + ["t2"] * 7
    assert {msgspec.json.decode(row.payload)["card"]["title"] for row in found} == {first}
    assert {row.maybe_sent for row in found} == {False}
    assert copies == list(range(9))


def only(database: Database, key: str = "") -> Outbox:
    query = sa.select(Outbox).where(Outbox.key == key) if key else sa.select(Outbox)
    return database.run(lambda session: session.scalars(query).one())


# --- owing and claiming


def test_owing_the_same_key_twice_is_owing_it_once(database: Database) -> None:
    first, second = (database.run(lambda session: owe(session, "digest:3:2026-11-23")) for _ in range(2))
    assert first == second == only(database).card_id
    assert len(claimed(database)) == 1


def test_one_recipients_messages_leave_in_order_and_urgent_ones_first(database: Database) -> None:
    def work(session: Session) -> None:
        for number in range(3):
            owe(session, f"lina-{number}")
        owe(session, "wanglei-0", "wanglei", lane=PUSH)
        owe(session, "sunhao-0", "sunhao", lane=0)

    database.run(work)
    items = claimed(database)
    assert [item.key for item in items] == ["sunhao-0", "lina-0", "wanglei-0"]
    assert claimed(database) == []
    write_back(database, items[1], Sent())
    assert [item.key for item in claimed(database)] == ["lina-1"]


def test_a_message_that_backs_off_does_not_hold_up_the_next(database: Database) -> None:
    database.run(lambda session: [owe(session, "lina-0"), owe(session, "lina-1")])
    (item,) = claimed(database)
    write_back(database, item, SendError(Fate.RETRY, "-1"))
    assert [item.key for item in claimed(database)] == ["lina-1"]


async def test_two_holders_never_claim_the_same_row(database: Database) -> None:
    database.run(lambda session: [owe(session, f"k{number}", f"rep{number}") for number in range(120)])
    seen: list[str] = []

    def take(holder: str) -> None:
        while items := claimed(database, holder, 7):
            seen.extend(item.key for item in items)

    await asyncio.gather(*(asyncio.to_thread(take, f"h{number}") for number in range(4)))
    assert len(seen) == len(set(seen)) == 120


def test_a_lease_that_ran_out_is_sent_again_marked_as_repeated(database: Database) -> None:
    database.run(lambda session: owe(session, "k"))
    (item,) = claimed(database)
    assert not item.repeated
    assert claimed(database, "h2") == []
    change(database, lease_ms=1)
    (again,) = claimed(database, "h2")
    assert again.repeated
    assert again.card_id == item.card_id
    write_back(database, item, Sent("late"), "h1")
    assert only(database).state == CLAIMED
    write_back(database, again, Sent("m2"), "h2")
    assert (only(database).state, only(database).remote_id) == (DONE, "m2")


@pytest.mark.parametrize(("lane", "seconds"), [(URGENT, 10), (REPLY, 35)])
def test_what_a_dead_process_had_claimed_is_free_while_it_is_still_worth_sending(
    database: Database, monkeypatch: pytest.MonkeyPatch, lane: Any, seconds: int
) -> None:
    with database.write() as session:
        owe(session, "a", lane=lane)
    assert len(claimed(database, "dead")) == 1
    assert claimed(database) == []
    later = outbox.now_ms() + seconds * 1000
    monkeypatch.setattr(outbox, "now_ms", lambda: later)
    assert [item.repeated for item in claimed(database)] == [True]


# --- by the kind of error


@pytest.mark.parametrize(
    ("error", "again", "marked"),
    [
        (SendError(Fate.RETRY, "-1"), 1_000, False),
        (SendError(Fate.RETRY, "unreachable"), 1_000, False),
        (SendError(Fate.RETRY, "timeout"), 1_000, True),
        (SendError(Fate.RETRY, "http_502"), 1_000, True),
        (SendError(Fate.UNCLEAR, "unclear"), 1_000, True),
        (SendError(Fate.RETRY, "busy", after=7), 7_000, False),
        (SendError(Fate.SETUP, "60020"), 30_000, False),
        (SendError(Fate.QUOTA, "quota"), 3_600_000, False),
    ],
)
def test_a_retry_waits_by_the_kind_of_error(database: Database, error: SendError, again: int, marked: bool) -> None:
    database.run(lambda session: owe(session, "k"))
    (item,) = claimed(database)
    before = outbox.now_ms()
    write_back(database, item, error)
    row = only(database, "k")
    assert row.state == NEW
    assert again - 50 <= row.not_before_ms - before <= again + 3_000
    change(database, not_before_ms=0)
    assert [item.repeated for item in claimed(database)] == [marked]


def test_a_permanent_refusal_is_given_up_and_told_to_nobody(database: Database) -> None:
    database.run(lambda session: owe(session, "k"))
    (item,) = claimed(database)
    write_back(database, item, SendError(Fate.PERMANENT, "81013"))
    row = only(database)
    assert (row.state, row.error) == (FAILED, "81013")
    assert claimed(database) == []


def test_a_wrong_setting_is_told_to_the_admins_once_a_day(database: Database) -> None:
    database.run(lambda session: members.ensure(session, "wecom", "zhoutao", "周涛", now=NOW))
    database.run(lambda session: [owe(session, "k1"), owe(session, "k2", "wanglei")])
    for item in claimed(database):
        write_back(database, item, SendError(Fate.SETUP, "60020"))
    told = [item for item in claimed(database) if item.user_id == "zhoutao"]
    assert [item.payload["card"]["title"] for item in told] == ["需要处理 · 平台拒绝了机器人的请求"]


def test_the_admins_hear_of_a_door_in_trouble_through_another(database: Database) -> None:
    def enter(session: Session) -> None:
        members.ensure(session, "wecom", "zhoutao", "周涛", now=NOW)
        members.note_use(session, "wecom", "zhoutao", "wecom_bot", NOW)

    database.run(enter)
    for doors, expected in ((["wecom_app", "wecom_bot"], "wecom_app"), (["wecom_bot"], "wecom_bot")):
        teller = settle.Settle(SETTINGS, doors, lambda: NOW)
        with database.write() as session:
            teller.tell_admins(session, Card(title="需要处理"), expected, "t1", closed="wecom_bot")
        keyed = sa.select(Outbox.door).where(Outbox.key.startswith(f"trouble:{expected}:"))
        assert database.run(lambda session, query=keyed: session.scalars(query).all()) == [expected]


def test_while_a_rate_limit_holds_there_is_one_probe_a_second(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.time()]
    for module in (outbox, settle):
        monkeypatch.setattr(module, "now_ms", lambda: int(clock[0] * 1000))
    database.run(lambda session: [owe(session, f"k{number}", f"rep{number}") for number in range(40)])
    limit = SendError(Fate.RATE, "45009")
    for item in claimed(database, limit=3):
        write_back(database, item, limit)
    probes = 0
    for _ in range(20):  # five seconds
        clock[0] += 0.25
        for item in claimed(database):
            probes += 1
            write_back(database, item, limit)
    assert 4 <= probes <= 5
    clock[0] += 1
    (probe,) = claimed(database)
    write_back(database, probe, Sent())
    assert len(claimed(database)) > 10
    assert database.run(lambda session: session.scalars(sa.select(Hold)).all()) == []


def test_a_limit_on_one_kind_of_call_holds_no_other(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [time.time()]
    for module in (outbox, settle):
        monkeypatch.setattr(module, "now_ms", lambda: int(clock[0] * 1000))

    def open_now() -> list[Outgoing]:
        return database.run(lambda session: claim(session, [*DOORS, outbox.CALL], "h1", 32))

    def call(session: Session, key: str, kind: str) -> None:
        post(session, Owed(key=key, kind=kind, payload={}), Address(outbox.CALL, ""), "t1")

    database.run(lambda session: call(session, "tag1", "mark_tag"))
    (item,) = open_now()
    write_back(database, item, SendError(Fate.RATE, "45009"))
    database.run(
        lambda session: [call(session, "tag2", "mark_tag"), call(session, "hello", "welcome"), owe(session, "card")]
    )
    assert {item.key for item in open_now()} == {"hello", "card"}
    clock[0] += 1.1
    (probe,) = open_now()
    write_back(database, probe, Sent())
    assert {probe.key, *(item.key for item in open_now())} == {"tag1", "tag2"}


def test_a_limit_on_updates_holds_no_message(database: Database) -> None:
    database.run(lambda session: owe(session, "u1", kind="update"))
    (item,) = claimed(database)
    write_back(database, item, SendError(Fate.RATE, "45009"))
    database.run(lambda session: [owe(session, "u2", "wanglei", kind="update"), owe(session, "card", "sunhao")])
    assert {item.key for item in claimed(database)} == {"card"}


def test_a_limit_on_one_recipient_holds_nobody_else(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [time.time()]
    for module in (outbox, settle):
        monkeypatch.setattr(module, "now_ms", lambda: int(clock[0] * 1000))
    database.run(lambda session: [owe(session, key) for key in ("first", "second", "third")])
    probes = 0
    for _ in range(10):
        for item in claimed(database):
            probes += 1
            write_back(database, item, SendError(Fate.RATE, "45009", recipient=True))
        clock[0] += 0.3
    assert probes == 3
    database.run(lambda session: owe(session, "other", "wanglei"))
    assert "other" in {item.key for item in claimed(database)}
    assert database.run(lambda session: session.scalars(sa.select(Hold)).all()) == []


def test_an_answer_from_before_the_limit_does_not_lift_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [time.time()]
    for module in (outbox, settle):
        monkeypatch.setattr(module, "now_ms", lambda: int(clock[0] * 1000))
    database.run(lambda session: [owe(session, f"k{number}", f"rep{number}") for number in range(3)])
    first, second = claimed(database, limit=2)
    clock[0] += 0.2
    write_back(database, first, SendError(Fate.RATE, "45009"))
    write_back(database, second, Sent())
    assert claimed(database) == []
    clock[0] += 1.1
    assert len(claimed(database)) == 1


# --- limits of the platform and of time


def test_more_than_the_platform_shows_in_a_minute_waits_and_is_not_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.time()]
    for module in (outbox, settle):
        monkeypatch.setattr(module, "now_ms", lambda: int(clock[0] * 1000))
    database.run(lambda session: [owe(session, f"k{number:02}") for number in range(40)])
    sent: list[tuple[float, str]] = []
    for _ in range(160):
        clock[0] += 0.5
        for item in claimed(database):
            sent.append((clock[0], item.key))
            write_back(database, item, Sent())
    assert sorted(key for _, key in sent) == [f"k{number:02}" for number in range(40)]
    for at, _ in sent:
        assert sum(at - 60 < other <= at for other, _ in sent) <= 28


def test_what_is_too_late_is_not_sent(database: Database) -> None:
    database.run(lambda session: owe(session, "welcome:CODE", kind="card", expires=timedelta(seconds=20)))
    change(database, expires_ms=outbox.now_ms() - 1)
    assert claimed(database) == []
    database.run(settle.Settle(SETTINGS, DOORS, lambda: NOW).expire)
    assert only(database).state == EXPIRED


def test_what_is_not_due_yet_waits(database: Database) -> None:
    database.run(lambda session: owe(session, "k", not_before=outbox_now() + timedelta(hours=1)))
    assert claimed(database) == []
    assert database.run(lambda session: outbox.waiting(session, DOORS)) == 0
    assert database.run(lambda session: outbox.next_due_ms(session, DOORS, outbox.now_ms() + 60_000)) is None
    assert database.run(lambda session: outbox.next_due_ms(session, DOORS, outbox.now_ms() + 7_200_000)) is not None


def outbox_now() -> datetime:
    return datetime.fromtimestamp(outbox.now_ms() / 1000, UTC)


# --- what comes back


def test_a_sent_card_is_a_live_copy_until_it_was_changed(database: Database) -> None:
    database.run(lambda session: owe(session, "k", view="deal:7"))
    (item,) = claimed(database)
    write_back(database, item, Sent("m1", "code-1"))
    copy = database.run(lambda session: session.scalars(sa.select(CardCopy)).one())
    assert (copy.view, copy.response_code, copy.sent_ms > 0) == ("deal:7", "code-1", True)


def test_a_clicked_card_that_cannot_be_changed_any_more_gets_a_fresh_one(database: Database) -> None:
    database.run(lambda session: owe(session, "update:12", kind="update"))
    (item,) = claimed(database)
    write_back(database, item, SendError(Fate.PERMANENT, "late"))
    (fresh,) = claimed(database)
    assert (fresh.kind, fresh.user_id, fresh.payload["card"]["title"]) == ("card", "lina", "update:12")


def test_a_copy_that_cannot_be_redrawn_is_left_alone(database: Database) -> None:
    database.run(lambda session: owe(session, "redraw:c1:e2", kind="update"))
    (item,) = claimed(database)
    write_back(database, item, SendError(Fate.PERMANENT, "60140"))
    assert claimed(database) == []


def test_a_result_that_business_cannot_take_is_not_asked_for_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(context: Context, payload: Any, result: Any) -> None:
        context.session.add(Customer(name="半个", name_key="半个"))
        context.session.flush()
        raise ZeroDivisionError

    monkeypatch.setitem(settle.RESULTS, "read_tags", broken)  # type: ignore[arg-type]
    monkeypatch.setitem(settle.FAILURES, "read_tags", broken)  # type: ignore[arg-type]
    for key, outcome, state in (("a", Sent(), DONE), ("b", SendError(Fate.PERMANENT, "48002"), FAILED)):
        owed = Owed(key=key, kind="read_tags", payload={})
        database.run(lambda session, owed=owed: post(session, owed, Address(outbox.CALL, ""), "t1"))
        (item,) = database.run(lambda session: claim(session, [outbox.CALL], "h1"))
        write_back(database, item, outcome)
        assert only(database, key).state == state
    assert database.run(lambda session: session.scalars(sa.select(Customer)).all()) == []


# --- the loop


async def test_a_moment_of_trouble_delays_a_message_and_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "BACKOFF_MS", (10, 20, 40))
    async with working(database, {"lina": "李娜"}) as spine:
        spine.platform.outcomes = [SendError(Fate.RETRY, "-1"), SendError(Fate.RETRY, "timeout")]
        await spine.hear(said("lina", "帮助"))
        assert [item.repeated for item in spine.platform.sent] == [False, False, True]
        assert len({item.card_id for item in spine.platform.sent}) == 1


async def test_what_was_sent_while_the_database_was_away_is_written_down_before_anything_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_loop, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(send_loop, "UNWRITTEN_SECONDS", 0.1)
    real_ms = outbox.now_ms
    database = Database(f"sqlite:///{tmp_path / 'acme.db'}")
    Outbox.metadata.create_all(database.engine)
    with database.write() as session:
        defaults.seed(session)
    fault = Pragma(database, "query_only=ON", "query_only=OFF")
    async with working(database, {"lina": "李娜"}) as spine:
        spine.platform.gate = asyncio.Event()
        await spine.door.accept([said("lina", "帮助")])
        await until(lambda: spine.platform.sent)
        await fault.begin()
        spine.platform.gate.set()
        await until(lambda: spine.sender._unwritten)
        monkeypatch.setattr(outbox, "now_ms", lambda: real_ms() + 2 * outbox.LEASE_MS)
        await fault.end()
        await spine.settled()
        assert len(spine.platform.sent) == 1
    assert only(database, "reply:1").state == DONE
    database.close()


async def test_a_sender_that_breaks_gives_up_its_row_only(database: Database) -> None:
    async with working(database, {"lina": "李娜", "wanglei": "王磊"}) as spine:
        _break_once(spine.platform, KeyError("bug"))
        await spine.hear(said("lina", "帮助"))
        await spine.hear(said("wanglei", "帮助"))
        assert [row.state for row in await spine.rows(Outbox)] == [FAILED, DONE]


async def test_a_sender_whose_token_is_in_a_database_that_is_away_tries_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "BACKOFF_MS", (10, 10))
    async with working(database, {"lina": "李娜"}) as spine:
        _break_once(
            spine.platform, sa.exc.OperationalError("SELECT", {}, Exception("gone"), connection_invalidated=True)
        )
        await spine.hear(said("lina", "帮助"))
        assert [row.state for row in await spine.rows(Outbox)] == [DONE]


def _break_once(platform: Platform, error: Exception) -> None:
    usual, broken = platform.send, iter([True])

    async def send(item: Outgoing) -> Sent:
        if next(broken, False):
            raise error
        return await usual(item)

    platform.send = send  # type: ignore[method-assign]


async def test_a_door_that_closes_after_the_claim_loses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "BACKOFF_MS", (10, 10))
    async with working(database, {"lina": "李娜"}) as spine:
        claim_rows, open_still = spine.sender.claim_and_start, iter([True])

        async def claim_as_the_door_closes() -> int:
            number = await claim_rows()
            if number and next(open_still, False):
                spine.sender.close_door("wecom_app")
            return number

        monkeypatch.setattr(spine.sender, "claim_and_start", claim_as_the_door_closes)
        await spine.door.accept([said("lina", "帮助")])
        await _wait(spine, lambda row: row.error == "door_closed")
        spine.sender.open_door("wecom_app", spine.platform)
        await spine.settled()
        assert [item.repeated for item in spine.platform.sent] == [False]


async def _wait(spine: Spine, condition: Callable[[Outbox], bool]) -> None:
    async with asyncio.timeout(5):
        while not any(condition(row) for row in await spine.rows(Outbox)):  # noqa: ASYNC110 - the database sets no event
            await asyncio.sleep(0.02)


async def test_stopping_writes_back_what_flies_and_keeps_the_rest(database: Database) -> None:
    async with working(database, {"lina": "李娜", "wanglei": "王磊"}) as spine:
        spine.platform.gate = asyncio.Event()
        await spine.door.accept([said("lina", "帮助", "a"), said("lina", "我的客户", "b")])
        await until(lambda: spine.platform.sent)
        spine.sender.stop()
        spine.platform.gate.set()
        await _wait(spine, lambda row: row.state == DONE)
        await _wait(spine, lambda row: row.key.endswith("2"))
        assert [row.state for row in await spine.rows(Outbox)] == [DONE, NEW]


async def test_stopping_does_not_wait_for_a_platform_that_hangs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.send_loop.STOP_SECONDS", 0.1)
    async with working(database, {"lina": "李娜"}) as spine:
        spine.platform.gate = asyncio.Event()
        await spine.door.accept([said("lina", "帮助")])
        await until(lambda: spine.platform.sent)
        spine.sender.stop()
        await until(lambda: not spine.sender._flying, 2)
        (row,) = await spine.rows(Outbox)
        assert (row.state, row.maybe_sent) == (CLAIMED, True)
