"""A sample of `make torture`, and the proof that its checks see: mistakes planted in the product are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.dispatcher import Dispatcher
from tests.torture import driver, plan
from tests.torture.__main__ import again
from tests.torture.checker import check
from tests.torture.plan import SERVING, Kill
from tests.torture.simulate import simulate
from tests.torture.victim import MISTAKES

SEED, KILLS = 6, 12  # every step, and three instants


async def test_every_accepted_thing_has_its_effect_once_whenever_processes_die(
    database_url: str, tmp_path: Path
) -> None:
    backend = "sqlite" if database_url.startswith("sqlite") else "postgres"
    planned = plan.make(SEED, KILLS)
    company, run = await driver.run(planned, tmp_path, database_url, replicas=1 if backend == "sqlite" else 3)
    verdict = check(planned, company)
    assert not verdict.problems, "\n".join([*verdict.problems, again(backend, SEED, KILLS), company.log_tail()])
    assert not run.deaths.by_themselves
    assert run.deaths.total >= KILLS
    assert verdict.kept > verdict.acts / 2


@pytest.mark.parametrize(
    ("mistake", "step", "seen_as"),
    [
        ("ack_before_commit", "inserted", "lost"),
        ("two_transactions", "done", "doubled"),
        ("check_then_insert", "written", "doubled"),
    ],
)
async def test_a_planted_mistake_is_seen(mistake: str, step: str, seen_as: str, tmp_path: Path) -> None:
    planned = plan.make(SEED, 3, people=12, steps=(step,), latest=1, kinds=("call",))
    company, _ = await driver.run(planned, tmp_path, f"sqlite:///{tmp_path / 'acme.db'}", mistake=mistake)
    assert getattr(check(planned, company), seen_as)


# --- in virtual time


def test_a_simulated_day_keeps_every_promise_and_replays_to_the_letter() -> None:
    day, problems, digest = simulate(3, acts=20)
    assert not problems, [*problems, "again: make simulate SEEDS=3"]
    assert day.crashes > 10
    assert simulate(3, acts=20)[2] == digest


def test_a_simulated_day_sees_a_planted_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dispatcher, "handle_next", Dispatcher.handle_next)  # put back afterwards
    MISTAKES["two_transactions"]()
    assert any("2 effects" in problem for seed in (4, 6, 3) for problem in simulate(seed, acts=20)[1])


# --- plans


def test_a_seed_gives_the_same_plan_every_time() -> None:
    assert plan.make(7, 40) == plan.make(7, 40) != plan.make(8, 40)


def test_a_plan_dies_at_every_step_and_at_random_instants() -> None:
    kills = [one.kill for one in plan.make(1, 24).rounds]
    assert {kill.step for kill in kills} == {*SERVING, ""}
    assert sum(kill == Kill(seconds=kill.seconds) for kill in kills) == 6
