"""Every planted bug is caught by the comparison with the second reckoning, or by what a worker has said."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.simulation.compare import differences
from tests.simulation.driver import BrokenError
from tests.simulation.invention import DEFAULT_RATES, Heard, Rates
from tests.simulation.planted import BUGS, Planted, forget_caches
from tests.simulation.trial import DAYS, Trial, live_through
from tests.simulation.world import World

pytestmark = [pytest.mark.simulation, pytest.mark.timeout(300)]

SEEDS = range(4, 20)
TROUBLE: Rates = replace(
    DEFAULT_RATES, late=0.12, retracted=0.08, before_raised=0.1, rejected=0.3, paused=0.4, duplicated=0.3
)


@pytest.mark.parametrize("bug", [pytest.param(bug, id=bug.name) for bug in BUGS])
def test_a_planted_bug_is_caught(bug: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_caches()
    bug.plant(monkeypatch)
    try:
        assert any(caught(bug, Trial(seed)) for seed in SEEDS)
    finally:
        forget_caches()


def caught(bug: Planted, trial: Trial) -> bool:
    heard = World(trial.seed, trial.scene.setting, days=DAYS, start=trial.start, rates=TROUBLE).heard()
    return any(
        caught_at(bug, trial, unit, [one for one in heard if one.key == unit])
        for unit in reversed(trial.scene.setting.premises)
    )


def caught_at(bug: Planted, trial: Trial, unit: str, heard: list[Heard]) -> bool:
    if not bug.shows_live:
        now = trial.start + timedelta(days=DAYS - 2, hours=3)
        return bool(differences(trial.scene.oracle, trial.scene.world, unit, heard, now))
    try:
        live_through(trial, unit, heard, Random(trial.seed))
    except BrokenError:
        return True
    return False
