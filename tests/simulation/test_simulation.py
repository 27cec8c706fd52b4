"""The code under test beside the second reckoning, on invented months; ``SIMULATION_SEEDS`` says how many seeds."""

from collections import Counter
from datetime import datetime, timedelta
from random import Random

import pytest

from models.decision import Decision
from tests.simulation.driver import decide_all, decide_source, fact, taken
from tests.simulation.invention import Heard
from tests.simulation.oracle.instants import instant, text_of
from tests.simulation.scene import shipped
from tests.simulation.trial import DAYS, FIRST_SEED, SEEDS, Trial, disagreement, live_through, shuffle_through
from tests.simulation.world import World

pytestmark = [pytest.mark.simulation, pytest.mark.timeout(900)]

TRIALS = [pytest.param(Trial(seed), id=f"seed {seed}") for seed in range(FIRST_SEED, FIRST_SEED + SEEDS)]
INSTANTS = 2


def about(heard: list[Heard], unit: str) -> list[Heard]:
    return [one for one in heard if one.key == unit]


def agree(seed: int, report: str) -> None:
    """Fail with the whole report, which is what is needed to see who is right."""
    if report:
        pytest.fail(f"seed {seed}, {report}", pytrace=False)


@pytest.mark.parametrize("trial", TRIALS)
def test_the_code_agrees_with_the_second_reckoning_at_any_instant(trial: Trial) -> None:
    heard = trial.world.heard()
    for unit in trial.scene.setting.premises:
        own = about(heard, unit)
        for now in trial.instants(own, INSTANTS):
            agree(trial.seed, disagreement(trial.scene, unit, own, now))


@pytest.mark.parametrize("trial", TRIALS)
def test_the_code_agrees_with_the_second_reckoning_under_the_shipped_policy(trial: Trial) -> None:
    heard = World(trial.seed, shipped().setting, days=DAYS, orders_per_day=8, start=trial.start).heard()
    busiest = Counter(one.key for one in heard if not one.key.startswith("source:")).most_common(3)
    for unit, _ in busiest:
        own = about(heard, unit)
        for now in trial.instants(own, INSTANTS):
            agree(trial.seed, disagreement(shipped(), unit, own, now))


@pytest.mark.parametrize("trial", TRIALS)
def test_what_a_worker_has_said_amounts_at_any_instant_to_what_stands(trial: Trial) -> None:
    heard = trial.world.heard()
    for unit in trial.scene.setting.premises:
        live_through(trial.world, trial.scene, unit, about(heard, unit))


@pytest.mark.parametrize("trial", TRIALS)
def test_events_in_any_order_and_days_late_lead_to_what_stands(trial: Trial) -> None:
    heard = trial.world.heard()
    for unit in trial.scene.setting.premises:
        shuffle_through(trial.world, trial.scene, unit, about(heard, unit))


@pytest.mark.parametrize("trial", TRIALS)
def test_order_and_duplicates_change_no_state(trial: Trial) -> None:
    rng, heard = Random(trial.seed), trial.world.heard()
    for unit in trial.scene.setting.premises:
        own = about(heard, unit)
        shuffled = [*own, *rng.choices(own, k=len(own) // 2)]
        rng.shuffle(shuffled)
        now = trial.start + timedelta(days=DAYS)
        assert decided(trial, unit, shuffled, now) == decided(trial, unit, own, now)


def decided(trial: Trial, unit: str, heard: list[Heard], now: datetime) -> dict[str, tuple[object, object]]:
    known = [one for one in heard if one.heard <= now]
    since = min([now, *(min(one.heard, one.time) for one in known)])
    decisions: dict[str, Decision] = decide_all(trial.scene.world, unit, [taken(one) for one in known], since, now)
    return {subject: (one.state, sorted(one.reached, key=str)) for subject, one in decisions.items()}


@pytest.mark.parametrize("trial", TRIALS)
def test_silence_agrees_with_the_second_reckoning(trial: Trial) -> None:
    heard, oracle = trial.world.heard(), trial.scene.oracle
    for source, _ in trial.scene.setting.heartbeats():
        answers = about(heard, f"source:{source}")
        signs = [one.heard for one in heard if one.event["source"] == source and one.heard >= trial.start]
        for now in trial.instants(answers, 4 * INSTANTS):
            known = [one for one in answers if one.heard <= now]
            facts = [fact(one) for one in known if one.event["type"] != "facilities.source.heartbeat"]
            steps = oracle.source(source, facts, [instant(at) for at in signs], instant(trial.start), instant(now))
            expected = {step.id: text_of(step.due_at) for step in steps if step.ended is None}
            decision = decide_source(trial.scene.world, source, known, signs, trial.start, now)
            reached = [one for one in decision.reached if one.ended_at is None]
            assert {str(one.id): text_of(instant(one.due_at)) for one in reached} == expected
