"""Every step towards the database and the broker is once the last that we do, and once fails: nothing else follows.

A death is tried after changes of the outside, for between two of them it leaves the same behind, whatever step it
comes at (a process that is really killed is in ``test_kill``). By default each sort of step is tried where it comes
first and last, and some in between; ``WORKORDERS_TEST_EDGES=all`` tries a death and a failure at every single step.
"""

import os
import sys
from typing import Final

import pytest

from tests.faults.story import SCENES, Stage
from tests.faults.trouble import Kind, Trouble

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("_no_waiting_between_tries"), pytest.mark.timeout(1_800)]

ALL: Final = os.environ.get("WORKORDERS_TEST_EDGES") == "all"
ONE_IN: Final = 12
AFTER_A_CHANGE: Final = ("committed", "ack", "group-commit")


def _chosen(kind: Kind, taken: list[str]) -> list[int]:
    """The steps to try, counted from 1."""
    if ALL:
        return list(range(1, len(taken) + 1))
    places: dict[str, list[int]] = {}
    for n, step in enumerate(taken, start=1):
        places.setdefault(step, []).append(n)
    statements = places.pop("statement", [])
    if kind == "die":
        changes = [places[step] for step in places if step.startswith(AFTER_A_CHANGE)]
        return sorted(n for found in changes for n in {*found[:: len(found) // 4 + 1], found[-1]})
    return sorted({*statements[::ONE_IN], *(n for found in places.values() for n in (found[0], found[-1]))})


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("kind", ["die", "fail"])
async def test_whatever_step_is_the_last_or_fails_nothing_is_lost_or_doubled(
    kind: Kind, scene: str, stage: Stage
) -> None:
    smooth = Trouble()
    assert await (await stage.play(scene, smooth)).check() == []
    chosen = _chosen(kind, smooth.taken)
    for n in chosen:
        trouble = Trouble(kind, n)
        found = await (await stage.play(scene, trouble)).check()
        assert found == [], f"{kind} at step {n}, {trouble.came_at}, of the scene {scene!r}"
        assert trouble.came_at == smooth.taken[n - 1]
    sys.stderr.write(f"{kind}: n = {len(chosen)} of {len(smooth.taken)} steps of {scene!r}\n")
