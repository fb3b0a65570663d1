"""Samples of `make storms`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from bot.cards.card import Card
from bot.context import PUSH, Owed
from bot.outbox import Address, post
from tests.scenarios.firm import Firm, file_url
from tests.storms import checks
from tests.storms.company import hire, prepare, reps
from tests.storms.deliveries import Deliveries
from tests.storms.stops import OUT_WITHIN, stop_under_load

REPLICAS = 3


@pytest.fixture
async def trio(empty_postgres: str) -> AsyncIterator[Firm]:
    """Three processes on one PostgreSQL database."""
    firm = Firm("wecom_app", empty_postgres)
    await firm.start()
    while len(firm.bots) < REPLICAS:
        await firm.start_bot()
    await firm.quiet()
    yield firm
    await firm.stop()


@pytest.mark.postgres
async def test_every_message_four_times_to_three_replicas_is_one_effect_and_one_answer_in_order(trio: Firm) -> None:
    people = reps(12, seed=5)
    hire(trio.wecom, people)
    await asyncio.to_thread(prepare, trio.company.store.database, people)
    deliveries = Deliveries(trio.wecom, [bot.base for bot in trio.bots], seed=5)
    await deliveries.storm(people, each=8)
    await trio.quiet()
    assert deliveries.answers == {"200": 12 * 8 * 4}
    assert deliveries.said == dict.fromkeys(people, 8)
    assert checks.problems(trio.company.store.database, trio.wecom, deliveries.said) == []


@pytest.mark.postgres
async def test_three_hundred_sends_from_three_replicas_ask_once_for_a_new_token(trio: Firm) -> None:
    people = reps(300, seed=6)
    hire(trio.wecom, people)
    await asyncio.gather(*(trio.say(who, "帮助") for who in ("lina", "wanglei", "sunhao")))
    asked = trio.wecom.gettoken_calls
    trio.wecom.expire_tokens()
    await trio.data(_owe_each([rep.user_id for rep in people]))
    for bot in trio.bots:
        bot.company.send_loop.nudge()
    await trio.quiet()
    assert trio.wecom.gettoken_calls == asked + 1
    assert [len(trio.bot_items(rep.user_id)) for rep in people] == [1] * len(people)
    assert all(bot.company.send_loop.sent for bot in trio.bots), "one replica did it all"


def _owe_each(people: list[str]) -> Callable[[Session], None]:
    def work(session: Session) -> None:
        for who in people:
            card = Card(title="简短通知")
            owed = Owed(key=f"push:{who}", kind="card", payload={"card": card}, member_id=1, lane=PUSH)
            post(session, owed, Address("wecom_app", who), "t")

    return work


async def test_who_is_asked_to_stop_under_load_answers_everybody_and_is_out_in_time(tmp_path: Path) -> None:
    result = await stop_under_load(tmp_path, file_url(tmp_path), replicas=1, stops=3, many=40, seed=7)
    assert result.problems == []
    assert result.unanswered == 0
    assert max(result.seconds) < OUT_WITHIN
    assert result.exit_codes == {0}
