"""F2: every step towards the database and the broker is once the last that we do, and once fails: nothing else follows.

By default each sort of step is tried where it comes first and last, and some in between, and a death only after changes
of the outside, for between two of them it leaves the same behind; ``WORKORDERS_TEST_EDGES=all`` and the fault's full n
try a death and a failure at every single step (a process that is really killed is in F1).
"""

import asyncio
import os
import sys
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Final

import pytest

from tests.faults.conftest import no_waiting_between_tries, upgraded
from tests.faults.evidence import Trial, fault, judged
from tests.faults.story import SCENES, Stage
from tests.faults.trouble import Kind, Trouble

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("_no_waiting_between_tries"), pytest.mark.timeout(1_800)]

ALL: Final = os.environ.get("WORKORDERS_TEST_EDGES") == "all"
ONE_IN: Final = 12
AFTER_A_CHANGE: Final = ("committed", "ack", "group-commit")
KINDS: Final[tuple[Kind, ...]] = ("die", "fail")
AT_ONCE: Final = 40
"""Steps that one trial tries."""


@cache
def _stage() -> Stage:
    folder = Path(mkdtemp(prefix="workorders-stage-"))
    return Stage(folder, asyncio.run(upgraded(folder / "template.db")))


@cache
def _steps() -> dict[tuple[str, Kind], list[str]]:
    """The steps of each scene, if all goes well, for each kind of trouble."""

    stage = _stage()

    async def taken(scene: str) -> list[str]:
        smooth = Trouble()
        await stage.play(scene, smooth)
        return smooth.taken

    found = {scene: asyncio.run(taken(scene)) for scene in SCENES}
    return {(scene, kind): found[scene] for kind, scene in product(KINDS, SCENES)}


@cache
def _edges() -> list[tuple[str, Kind, int]]:
    """Every death and every failure, in an order of chance that is always the same."""
    with no_waiting_between_tries():
        steps = _steps()
    found = [(scene, kind, n) for (scene, kind), taken in steps.items() for n in range(1, len(taken) + 1)]
    Random(0).shuffle(found)
    return found


def every_edge() -> int:
    """How many there are."""
    return len(_edges())


@fault(
    "F2",
    what="the process dies, or a step fails, at each step",
    promises=(1, 2, 4, 7),
    how="on paper: a counter at every statement, commit, send and answer; at the n-th the process dies or that one "
    "step fails, for every n of every scene of a story; SQLite, and a broker on paper",
    unit="edges",
    full_n=every_edge,
    small_n=AT_ONCE,
)
def edges(seed: int, folder: Path) -> Trial:
    """The next so many edges; the seed says which, and all seeds in a row come round to all of them."""
    known = _edges()
    chunks = [known[at : at + AT_ONCE] for at in range(0, len(known), AT_ONCE)]
    chosen, stage = chunks[seed % len(chunks)], _stage()
    with no_waiting_between_tries():
        found = [sentence for one in chosen for sentence in asyncio.run(_tried(stage, *one))]
    return judged(found, count=len(chosen))


async def _tried(stage: Stage, scene: str, kind: Kind, n: int) -> list[str]:
    """What does not hold after one edge; the first word stays the sort of the finding."""
    trouble = Trouble(kind, n)
    found = await (await stage.play(scene, trouble)).check()
    return [f"{sentence} ({kind} at step {n}, {trouble.came_at}, of the scene {scene!r})" for sentence in found]


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
@pytest.mark.parametrize("kind", KINDS)
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
