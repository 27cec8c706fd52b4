"""Every planted bug is caught by the comparison with the second reckoning, or by what a worker has said."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from tests.simulation.compare import apart, by_the_code, by_the_oracle
from tests.simulation.driver import BrokenError
from tests.simulation.invention import DEFAULT_RATES, Heard, Rates
from tests.simulation.oracle.unit import UnitStory
from tests.simulation.planted import BUGS, Planted, forget_caches
from tests.simulation.scene import scene
from tests.simulation.trial import live_through
from tests.simulation.world import World

pytestmark = [pytest.mark.simulation, pytest.mark.timeout(300)]

SEEDS = range(1, 13)
EASTER = datetime(2024, 3, 24, tzinfo=UTC)
"""Good Friday is on the 29th, the clocks go forward on the 31st."""
LOOKED_AT = EASTER + timedelta(days=8, hours=3)
TROUBLE: Rates = replace(
    DEFAULT_RATES, late=0.12, retracted=0.08, before_raised=0.3, rejected=0.3, paused=0.6, resumed=0.9, duplicated=0.3
)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    """What was worked out with a bug must not outlive it, nor the other way round."""
    forget_caches()
    yield
    forget_caches()


@pytest.mark.parametrize("bug", [pytest.param(bug, id=bug.name) for bug in BUGS])
def test_a_planted_bug_is_caught(bug: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    bug.plant(monkeypatch)
    assert any(caught(bug, seed) for seed in SEEDS)


def test_the_same_trials_find_nothing_where_no_bug_is_planted() -> None:
    for seed in SEEDS[:2]:
        assert not caught(Planted("none", lambda patch: None), seed)
        assert not caught(Planted("none", lambda patch: None, shows_live=True), seed)


def caught(bug: Planted, seed: int) -> bool:
    return any(caught_at(bug, seed, unit) for unit in reversed(scene().setting.premises))


def caught_at(bug: Planted, seed: int, unit: str) -> bool:
    world, heard = life(seed)
    own = [one for one in heard if one.key == unit]
    if not bug.shows_live:
        return bool(apart(truth(seed, unit), by_the_code(scene().world, unit, own, LOOKED_AT), LOOKED_AT))
    try:
        live_through(world, scene(), unit, own)
    except BrokenError:
        return True
    return False


@cache
def life(seed: int) -> tuple[World, list[Heard]]:
    world = World(seed, scene().setting, days=9, orders_per_day=3, start=EASTER, rates=TROUBLE)
    return world, world.heard()


@cache
def truth(seed: int, unit: str) -> UnitStory:
    return by_the_oracle(scene().oracle, unit, [one for one in life(seed)[1] if one.key == unit], LOOKED_AT)
