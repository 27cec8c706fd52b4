"""One trial of the simulation: a seed, the life that follows from it, and what is asked of the code under test."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from tests.simulation.compare import by_code, differences, distinct
from tests.simulation.driver import BrokenError, Live, decide_all, fact, standing, taken
from tests.simulation.invention import MINUTE, Heard
from tests.simulation.minimise import smallest, told
from tests.simulation.scene import Scene, scene
from tests.simulation.world import World

SEEDS: Final = int(os.environ.get("SIMULATION_SEEDS", "3"))
FIRST_SEED: Final = int(os.environ.get("SIMULATION_FIRST_SEED", "1"))
DAYS: Final = 12
_STARTS: Final = (
    datetime(2024, 3, 22, tzinfo=UTC),  # Easter, and the clocks go forward on the 31st
    datetime(2024, 10, 14, tzinfo=UTC),  # winter begins on the 20th, the clocks go back on the 27th
    datetime(2024, 3, 8, tzinfo=UTC),  # the contract of the south changes hands on the 16th
    datetime(2024, 10, 9, tzinfo=UTC),  # a role loses its route on the 16th
)


@dataclass(frozen=True)
class Trial:
    """What was invented from one seed. Every third seed lives through a change of the policy."""

    seed: int

    @property
    def start(self) -> datetime:
        """When the invented life begins."""
        return _STARTS[self.seed % len(_STARTS)]

    @property
    def scene(self) -> Scene:
        """The policies and the estate."""
        changes = self.seed % 3 == 0
        return scene(self.start + timedelta(days=5, hours=11) if changes else None)

    @property
    def world(self) -> World:
        """What is invented."""
        return World(self.seed, self.scene.setting, days=DAYS, start=self.start)

    def instants(self, heard: Sequence[Heard], number: int) -> list[datetime]:
        """Some instants to look at: any minute, or just when something was heard; or a second before, or between."""
        rng = Random(f"instants {self.seed}")
        found = [self.start + MINUTE * rng.randrange(1, (DAYS + 3) * 24 * 60) for _ in range(number)]
        heard_at = [rng.choice(heard).heard if heard and rng.random() < 0.3 else at for at in found]
        return [at + timedelta(seconds=rng.choice((0, 0, 0, -1, 29))) for at in heard_at]


def disagreement(where: Scene, unit: str, heard: Sequence[Heard], now: datetime) -> str:
    """Where the oracle and the code differ, with the smallest history that shows it; empty if they agree."""
    if not differences(where.oracle, where.world, unit, heard, now):
        return ""

    def fails(part: Sequence[Heard]) -> bool:
        return bool(differences(where.oracle, where.world, unit, part, now))

    small = smallest([one for one in heard if one.heard <= now], fails)
    lines = differences(where.oracle, where.world, unit, small, now)
    return "\n".join([f"{unit} at {now.isoformat()}:", told(small, where.oracle), *lines])


def live_through(world: World, where: Scene, unit: str, heard: Sequence[Heard]) -> Live:
    """A worker lives through the events in batches, late, with sweeps between; raises where it says what it must not.

    At each checkpoint what it has said must amount to what stands by the whole history.
    """
    rng = Random(f"live {world.seed}")
    live = Live(where.world, unit, beginning(world, heard))
    waiting, now = list(heard), live.since
    check = world.start + MINUTE * rng.randrange(2 * 24 * 60)
    while now < ending(world):
        now += MINUTE * rng.choice((1, 5, 60, 600))
        if rng.random() < 0.5:
            live.sweep_to(now)
        batch = [one for one in waiting if one.heard <= now]
        waiting = waiting[len(batch) :]
        rng.shuffle(batch)
        live.take([taken(one) for one in batch], now)
        if now >= check:
            check_said(live, [one for one in heard if one.heard <= now], now)
            check = now + MINUTE * rng.randrange(3 * 24 * 60)
    return live


def shuffle_through(world: World, where: Scene, unit: str, heard: Sequence[Heard]) -> Live:
    """A worker that receives the events in any order, each some days after it was heard; checked at the end."""
    rng = Random(f"shuffled {world.seed}")
    live = Live(where.world, unit, beginning(world, heard))
    arriving = sorted((one.heard + MINUTE * rng.randrange(3 * 24 * 60), number) for number, one in enumerate(heard))
    while arriving:
        size = rng.randint(1, 12)
        batch, arriving = arriving[:size], arriving[size:]
        if rng.random() < 0.5:
            live.sweep_to(batch[-1][0])
        live.take([taken(heard[number]) for _, number in batch], batch[-1][0])
    check_said(live, heard, max(ending(world), live.decided_at or world.start))
    return live


def beginning(world: World, heard: Sequence[Heard]) -> datetime:
    """Before anything happened."""
    return min([world.start, *(min(one.heard, one.time) for one in heard)])


def ending(world: World) -> datetime:
    """Some days after the last invented one."""
    return world.start + timedelta(days=world.days + 3)


def check_said(live: Live, heard: Sequence[Heard], now: datetime) -> None:
    """What was said stands for exactly what stands by the whole history, in every material detail."""
    live.sweep_to(now)
    due = standing(decide_all(live.world, live.unit, [taken(one) for one in heard], live.since, now).values())
    said = {str(name): one for name, one in live.stands.items()}
    lines = [f"said, but does not stand: {by_code(said[name])}" for name in said.keys() - due.keys()]
    lines += [f"stands, but was not said: {by_code(due[name])}" for name in due.keys() - said.keys()]
    for name in said.keys() & due.keys():
        was, is_now = said[name], due[name]
        for key in ("due_at", "role", "priority", "labels", "original_due_at"):
            if getattr(was, key) != getattr(is_now, key):
                lines.append(f"{by_code(is_now)}: {key} was said as {getattr(was, key)}, is {getattr(is_now, key)}")
    if lines:
        history = "\n".join(
            f"  {fact(one)}" for one in distinct(heard) if any(one.event["subject"] in x for x in lines)
        )
        raise BrokenError("\n".join([f"{live.unit} at {now.isoformat()}:", *lines, history]))
