"""Every step towards the database and the broker is once the last that we do, and once fails: nothing else follows.

Of a death only the changes of the outside matter: between two of them it leaves the same behind, whatever step it
comes at, and a process that is really killed is in ``test_kill``. Of failures, by default every fifth statement is
tried and every step of another sort; ``WORKORDERS_TEST_EDGES=all`` tries each of them.
"""

import os
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.faults.life import Build, Past, Template, Universe, beginning
from tests.faults.story import SCENES
from tests.faults.trouble import Kind, Trouble

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("_no_waiting_between_tries"), pytest.mark.timeout(1_800)]

ALL: Final = os.environ.get("WORKORDERS_TEST_EDGES") == "all"
EVERY: Final = 1 if ALL else 5
AFTER_A_CHANGE: Final = ("committed", "ack", "commit")


@pytest.fixture(scope="module")
def pasts() -> dict[str, Past]:
    """What was before each scene that has been played."""
    return {}


async def _past_of(scene: str, pasts: dict[str, Past], template: Template, folder: Path) -> Past:
    """What was before a scene, all having gone well until then."""
    past = beginning(template)
    for name, acts in SCENES.items():
        if name == scene:
            break
        if (after := pasts.get(name)) is None:
            universe = Universe(folder, template, past, Trouble(), Build())
            await universe.run(*acts)
            after = pasts[name] = universe.past()
        past = after
    return past


async def _play(scene: str, past: Past, template: Template, folder: Path, trouble: Trouble) -> list[str]:
    universe = Universe(folder, template, past, trouble, Build())
    await universe.run(*SCENES[scene])
    return await universe.check()


def _chosen(kind: Kind, taken: list[str]) -> list[int]:
    """The steps to try, counted from 1."""
    numbered = enumerate(taken, start=1)
    if ALL:
        return [n for n, _ in numbered]
    if kind == "die":
        return [n for n, step in numbered if step.startswith(AFTER_A_CHANGE)]
    return [n for n, step in numbered if step != "statement" or n % EVERY == 0]


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("kind", ["die", "fail"])
async def test_whatever_step_is_the_last_or_fails_nothing_is_lost_or_doubled(
    kind: Kind, scene: str, pasts: dict[str, Past], template: Template, tmp_path: Path
) -> None:
    past = await _past_of(scene, pasts, template, tmp_path)
    smooth = Trouble()
    assert await _play(scene, past, template, tmp_path, smooth) == []
    chosen = _chosen(kind, smooth.taken)
    for n in chosen:
        trouble = Trouble(kind, n)
        found = await _play(scene, past, template, tmp_path, trouble)
        assert found == [], f"{kind} at step {n}, {trouble.came_at}, of the scene {scene!r}"
        assert trouble.came_at == smooth.taken[n - 1]
    sys.stderr.write(f"{kind}: n = {len(chosen)} of {len(smooth.taken)} steps of {scene!r}\n")
